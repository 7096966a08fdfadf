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

from api.files import cage
from api.files.cage import UPLOADS, Cage, Limits, limits_memory
from api.imports import uploads
from tests.api.files import hostile
from tests.api.imports.test_imports import ANI, everything, imported, people, send
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
    """Send a file by the page; return the status and what it shows as text."""
    files = {"file": (name, content)} | ({"columns": ("columns.toml", columns)} if columns else {})
    data = {"consents": ["record"], "channel": "paper", "said_on": "2026-11-20"}
    with kail.client("mentor") as client:
        answer = client.post(f"/imports?language={language}", data=data, files=files)
    return answer.status_code, html.unescape(answer.text)


def refused(kail, name, content, code, *, columns=None, field="file"):
    """See that a file is refused with that code by the endpoint in English and by the page in Indonesian."""
    answer = send(kail, content, name, columns=columns)
    assert answer.status_code == 400, answer.text
    (problem,) = answer.json()["problems"]
    assert problem["field"] == field
    assert all(part in problem["message"] for part in said(code, "en")), problem
    assert all(part in problem["remedy"] for part in said(code, "en", "remedy")), problem
    status, page = on_the_page(kail, name, content, columns)
    assert status == 400
    assert all(part in page for part in (*said(code, "id"), *said(code, "id", "remedy"))), code
    assert not children()


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


def test_rows_that_never_close_a_quotation_mark_do_not_each_take_in_the_rest(koja):
    start = time.monotonic()
    answer = send(koja, hostile.never_closed(100_000), "people.csv")
    assert answer.status_code == 400
    assert time.monotonic() - start < 10


def test_a_few_thousand_problems_are_counted_and_a_thousand_told(koja):
    found = imported(koja, "nik,nib,sku\n" + "1,maybe,maybe\n" * 1_000)
    assert (found["rejected_rows"], len(found["problems"])) == (1_000, 1_000)


# -- limits ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def within(monkeypatch):
    """Let uploads take less than they may."""

    def set_limits(**limits):
        monkeypatch.setattr(uploads, "Cage", lambda: Cage(replace(UPLOADS, **limits)))

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
    (problem,) = send(koja, CELLS, "Peserta 2026.xlsx").json()["problems"]
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


def post(client, content, name):
    """Send a file by a client that may send others meanwhile."""
    data = {"consents": "record", "channel": "paper", "said_on": "2026-11-20"}
    return client.post("/api/v1/imports?language=en", data=data, files={"file": (name, content)})


def done_to_the_child(kail, number: int) -> dict[str, str]:
    """Send that signal to the child while it reads; return what is told, and see that the service answers meanwhile."""
    with kail.client("mentor") as client, ThreadPoolExecutor(1) as pool:
        sent = pool.submit(post, client, CELLS, "people.xlsx")
        end = time.monotonic() + 20
        while not (found := children()):
            assert time.monotonic() < end
            time.sleep(0.01)
        os.kill(found[0], number)
        assert client.get("/health").status_code == 200
        answer = sent.result(30)
    assert answer.status_code == 400, answer.text
    assert not children()
    (problem,) = answer.json()["problems"]
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
def test_of_six_files_at_once_two_are_read_and_the_others_wait_while_the_service_answers(small_kail):
    contents = [f"name,nik,nib\nBu {n},{int(ANI) + n},true\n" for n in range(6)]
    with counted() as counts, small_kail.client("mentor") as client, ThreadPoolExecutor(6) as pool:
        sent = [pool.submit(post, client, content.encode(), "people.csv") for content in contents]
        end = time.monotonic() + 60
        while not all(one.done() for one in sent):
            start = time.monotonic()
            assert client.get("/health").status_code == 200
            assert time.monotonic() - start < 2
            assert start < end
            time.sleep(0.05)
        assert [one.result().json()["registered"] for one in sent] == [1] * 6
    assert max(counts) == cage.AT_ONCE
    assert len(people(small_kail)) == 6


def test_where_the_line_is_full_the_next_file_is_told_to_come_back(koja, monkeypatch):
    monkeypatch.setattr(cage, "_IN_LINE", threading.BoundedSemaphore(1))
    cage._IN_LINE.acquire()
    before = everything(koja)
    answer = send(koja, "nik\n1\n")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
    (problem,) = answer.json()["problems"]
    assert problem["message"] == "people.csv: too many files are waiting to be read just now."
    status, page = on_the_page(koja, "people.csv", b"nik\n1\n")
    assert status == 503
    assert all(part in page for part in (*said("cage_full", "id"), *said("cage_full", "id", "remedy")))
    assert everything(koja) == before


def test_a_turn_is_given_back_where_no_clock_can_be_started(koja, monkeypatch):
    """Two such moments would otherwise shut every file out until a restart."""

    def refuse(self):
        raise RuntimeError("can't start new thread")

    for _ in range(cage.AT_ONCE + 1):
        with monkeypatch.context() as patched:
            patched.setattr(cage.Clock, "start", refuse)
            assert send(koja, "nik\n1\n").status_code == 503
    assert not children()
    assert send(koja, "nik\nx\n").status_code == 200


@pytest.mark.parametrize("name", ["a.c\0sv", "a.c\nsv", "a.<b>", "a.csvcsvcsvcsv", "a"])
def test_an_ending_that_no_file_has_is_refused_in_words(koja, name):
    answer = send(koja, "nik\n1\n", name)
    assert answer.status_code == 400
    assert answer.json()["problems"][0]["field"] == "file"
