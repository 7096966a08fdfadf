"""Hostile files sent to the import: each is refused in words in both languages, and the server goes on as if nothing had been.

Each goes the whole way, through the endpoint in one language and the page in the other.
"""

from __future__ import annotations

import html
import os
import re
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from api.files.cage import UPLOADS, Cage, InProcess, Limits, limits_memory
from api.imports import service
from api.jobs.worker import do_all
from api.record.staging import FOLDER
from tests.api.files import hostile
from tests.api.imports.test_imports import ANI, everything, people
from tests.importing import imported, outcome, page_of, post, send
from tests.installation import installation
from words.catalogues import catalogue

needs_limits = pytest.mark.skipif(not limits_memory(), reason="this system limits no memory")
CELLS = hostile.many_cells(1_900, 100, formula=True)
"""Honest as far as anybody can count, and several seconds of work."""
DEEP = b'{"nik": ' + b"[" * 400_000 + b"]" * 400_000 + b"}\n"
FILES = {
    "rows of one cell": ("people.xlsx", hostile.one_cell_rows(200_000), "many_sheet_rows"),
    "a zip bomb": ("people.xlsx", hostile.zip_bomb(), "unpacks_large"),
    "a zip bomb that lies": ("people.xlsx", hostile.lying_zip(), "damaged"),
    "a parquet bomb": ("people.parquet", hostile.parquet_bomb(), "cage_memory"),
    "broken parquet": ("people.parquet", hostile.broken_parquet(), "breaks_off"),
    "no parquet": ("people.parquet", b"PAR1" + bytes(1_000) + b"PAR1", "bad_parquet"),
    "an endless line": ("people.csv", b"x" * 2_000_000, "long_line"),
    "many names": ("people.jsonl", hostile.jsonl(*({f"{n}": 1 for n in range(k, k + 999)} for k in (0, 999, 2_999))),
                   "too_many_columns"),
}  # fmt: skip
WRONG_MAPS = {
    "one dotted key of 29,000 parts": "map_long_key",
    "arrays 900 deep": "map_deep",
    "6,000 keys": "map_many_keys",
    "a number of 60,000 digits": "toml_invalid",
    "a number of 60,000 hexadecimal digits": "map_large_number",
}


@pytest.fixture(scope="module")
def koja(tmp_path_factory):
    """An installation for all tests here: nothing that they send may change it."""
    with installation(tmp_path_factory.mktemp("koja") / "data") as made:
        yield made
        assert people(made) == {}


def said(code: str, language: str, kind: str = "") -> list[str]:
    """What the sentence of a code says between its arguments, without its first letter, which may be a capital."""
    parts = re.split(r"\{\w+\}", catalogue(language).sentence(kind, code))
    return [part[1:] if place == 0 else part for place, part in enumerate(parts)]


def children() -> list[int]:
    """The children of this process that read a file."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == os.getpid() and b"api.files.caged" in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
        except (OSError, IndexError):  # ended meanwhile
            continue
    return found


def on_the_page(kail, name, content, columns=None, language="id"):
    """Send a file by the page; return the status, and what the page of its job shows as text."""
    files = {"file": (name, content)} | ({"columns": ("columns.toml", columns)} if columns else {})
    data = {"consents": ["record"], "channel": "paper", "said_on": "2026-11-20"}
    with kail.client("mentor") as client:
        answer = client.post(f"/imports?language={language}", data=data, files=files, follow_redirects=False)
        answer = page_of(kail, client, answer)
    return answer.status_code, html.unescape(answer.text)


def refused(kail, name, content, code, *, columns=None, field="file"):
    """See that a file is refused with that code by the endpoint in English and by the page in Indonesian."""
    answer = send(kail, content, name, columns=columns)
    assert answer.status == "failed", answer
    (problem,) = answer.problems
    assert problem["field"] == field
    assert all(part in problem["message"] for part in said(code, "en")), problem
    assert all(part in problem["remedy"] for part in said(code, "en", "remedy")), problem
    status, page = on_the_page(kail, name, content, columns)
    assert status == 200
    assert all(part in page for part in (*said(code, "id"), *said(code, "id", "remedy"))), code
    assert not children()
    assert list((kail.settings.data / FOLDER).iterdir()) == []


@needs_limits
@pytest.mark.parametrize("file", FILES)
def test_a_hostile_file_is_refused_in_words(koja, file):
    name, content, code = FILES[file]
    refused(koja, name, content, code)


@pytest.mark.parametrize("file", WRONG_MAPS)
def test_a_hostile_column_map_is_refused_in_words(koja, file):
    refused(koja, "people.csv", b"nik\n1\n", WRONG_MAPS[file], columns=hostile.MAPS[file])


def test_a_deep_line_and_one_of_many_names_are_problems_of_their_rows(koja):
    content = DEEP + hostile.jsonl({f"nibs{n}": 1 for n in range(1_000)}, {"nik": "12"})
    found = imported(koja, content, "people.jsonl")
    assert (found["rows"], found["taken"], found["rejected_rows"]) == (3, 0, 3)
    told = [problem["remedy"] for problem in found["problems"]]
    assert "32 deep" in told[0]
    assert "1,000 names" in told[1]


def test_rows_that_never_close_a_quotation_mark_do_not_each_take_in_the_rest(koja, tmp_path):
    assert imported(koja, hostile.never_closed(500))["rejected_rows"] == 500
    took = []
    for lines in (1_000, 8_000):
        path = tmp_path / "people.csv"
        path.write_bytes(hostile.never_closed(lines))
        start = time.process_time()
        with InProcess().open_sheet(path, ["nik"], "UTC", None) as sheet:
            assert sum(1 for _ in sheet.rows) == lines
        took.append(time.process_time() - start)
    assert took[1] < 32 * took[0]  # eight times the rows; if each took in the rest it would be 64 times as much


def test_a_few_thousand_problems_are_counted_and_a_thousand_told(koja):
    found = imported(koja, "nik,nib,sku\n" + "1,maybe,maybe\n" * 1_000)
    assert (found["rejected_rows"], len(found["problems"])) == (1_000, 1_000)


# -- limits ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def within(monkeypatch):
    """Let uploads take less than they may."""

    def set_limits(**limits):
        monkeypatch.setattr(service, "Cage", lambda: Cage(replace(UPLOADS, **limits)))

    return set_limits


def test_an_upload_may_take_half_a_gigabyte_and_the_longer_the_larger_it_is():
    small, large = UPLOADS.for_size(300_000), UPLOADS.for_size(200_000_000)
    assert (small.memory, small.cpu_seconds, small.seconds) == (512_000_000, 30, 90)
    assert (large.memory, large.cpu_seconds, large.seconds) == (512_000_000, 230, 290)
    assert Limits().for_size(200_000_000) == Limits()


@needs_limits
def test_who_takes_too_long_is_told_so_with_the_files_own_name(koja, within):
    within(cpu_seconds=1)
    refused(koja, "Peserta 2026.xlsx", CELLS, "cage_time")
    (problem,) = send(koja, CELLS, "Peserta 2026.xlsx").problems
    assert problem["message"] == "Peserta 2026.xlsx: reading it takes longer than 1 seconds."


@needs_limits
def test_who_takes_too_much_memory_or_brings_too_much_is_told_so(koja, within):
    within(memory=200_000_000)
    refused(koja, "people.xlsx", CELLS, "cage_memory")
    within(output=1_000)
    refused(koja, "people.csv", b"nik,name\n" + b"1,somebody\n" * 500, "cage_output")
    refused(
        koja,
        "people.csv",
        b"nik\n1\n",
        "cage_output",
        columns=hostile.MAP + f'# {"x" * 9}\n[x]\ny = "{"x" * 999}"\n',
        field="columns",
    )


def done_to_the_child(kail, number: int) -> dict[str, str]:
    """Send that signal to the child while it reads; return what is told, and see that the service answers meanwhile."""
    with kail.client("mentor") as client, ThreadPoolExecutor(1) as pool:
        job = post(client, CELLS, "people.xlsx").json()["id"]
        worked = pool.submit(do_all, kail.record, kail.live, kail.settings.data)
        end = time.monotonic() + 20
        while not (found := children()):
            assert time.monotonic() < end
            time.sleep(0.01)
        os.kill(found[0], number)
        assert client.get("/health").status_code == 200
        worked.result(30)
        found = outcome(client, job)
    assert found.status == "failed"
    assert not children()
    (problem,) = found.problems
    return problem


@needs_limits
def test_a_child_that_hangs_is_ended_by_the_clock(koja, within):
    within(seconds=2)
    assert done_to_the_child(koja, signal.SIGSTOP)["message"] == "people.xlsx: reading it takes longer than 2 seconds."


@needs_limits
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV], ids=["kill -9", "a crash"])
def test_a_child_that_is_ended_from_outside_or_breaks_is_told_of(koja, number):
    problem = done_to_the_child(koja, number)
    assert problem["message"] == "people.xlsx: its reading broke off half-way."
    assert problem["remedy"].startswith("Send it once more.")


# -- turns -------------------------------------------------------------------------------------------------------------


@contextmanager
def counted() -> Iterator[list[int]]:
    """How many children ran, again and again."""
    counts, over = [], threading.Event()

    def count() -> None:
        while not over.wait(0.01):
            counts.append(len(children()))

    counting = threading.Thread(target=count)
    counting.start()
    try:
        yield counts
    finally:
        over.set()
        counting.join()


@needs_limits
def test_of_six_files_at_once_one_is_read_at_a_time_while_the_service_answers_and_all_come_in(small_kail):
    contents = [f"name,nik,nib\nBu {n},{int(ANI) + n},true\n" for n in range(6)]
    headers = [small_kail.headers(("mentor", "mentor2")[n % 2]) for n in range(6)]  # five of one may wait
    record, live, data = small_kail.record, small_kail.live, small_kail.settings.data
    with counted() as counts, small_kail.client() as client, ThreadPoolExecutor(7) as pool:
        sent = [pool.submit(post, client, one, headers=mine) for one, mine in zip(contents, headers, strict=True)]
        jobs = [one.result() for one in sent]
        assert [one.status_code for one in jobs] == [202] * 6
        worked = pool.submit(do_all, record, live, data)
        end = time.monotonic() + 60
        while not worked.done():
            start = time.monotonic()
            assert client.get("/health").status_code == 200
            assert time.monotonic() - start < 2
            assert start < end
            time.sleep(0.05)
        found = [outcome(client, one.json()["id"], mine) for one, mine in zip(jobs, headers, strict=True)]
    assert [one.counts[:3] for one in found] == [(1, 1, 1)] * 6
    assert max(counts) == 1
    assert len(people(small_kail)) == len(people(small_kail, "mentor2")) == 3


def test_where_five_of_ones_own_wait_the_next_file_is_told_to_come_back(small_kail):
    sheet = "nik\nx\n"
    with small_kail.client("mentor") as client:
        for _ in range(5):
            assert post(client, sheet).status_code == 202
    before, files = everything(small_kail), sorted((small_kail.settings.data / FOLDER).iterdir())
    answer = send(small_kail, sheet)
    assert answer.status == 409
    (problem,) = answer.problems
    assert problem["message"] == "5 of your tasks are not done yet."
    status, page = on_the_page(small_kail, "people.csv", sheet.encode())
    assert status == 409
    assert "Sudah ada 5 tugas Anda yang belum selesai." in page
    assert "Tunggu sampai satu selesai, atau hentikan satu." in page
    assert everything(small_kail) == before
    assert sorted((small_kail.settings.data / FOLDER).iterdir()) == files
    assert send(small_kail, sheet, login="mentor2").status == "done"  # and with it all that waited
    assert send(small_kail, "nik\ny\n").status == "done"


NOTHING_LEFT = {
    "no process": ("subprocess.Popen.__init__", OSError(11, "Resource temporarily unavailable")),
    "no clock": ("api.files.cage.Clock.start", RuntimeError("can't start new thread")),
}


@pytest.mark.parametrize("left", NOTHING_LEFT)
def test_where_the_system_has_nothing_left_for_a_child_it_is_said_and_the_next_file_is_read(koja, monkeypatch, left):
    what, error = NOTHING_LEFT[left]

    def refuse(*_, **__):
        raise error

    with monkeypatch.context() as patched:
        patched.setattr(what, refuse)
        refused(koja, "people.csv", b"nik\n1\n", "cage_lost")
    assert send(koja, f"nik\n{left}\n").status == "done"


@pytest.mark.parametrize("name", ["a.c\0sv", "a.c\nsv", "a.<b>", "a.csvcsvcsvcsv", "a"])
def test_an_ending_that_no_file_has_is_refused_in_words(koja, name):
    answer = send(koja, "nik\n1\n", name)
    assert answer.status == "failed"
    assert answer.problems[0]["field"] == "file"
