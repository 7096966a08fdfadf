"""An import as a job: it goes on wherever it was stopped, takes nothing twice, and says in words what stands in its way."""

from __future__ import annotations

import io
import itertools
import json

import pytest
from openpyxl import Workbook
from sqlalchemy import select

from api.imports.cells import BLOCK, CellsWriter
from api.imports.service import import_sheet
from api.jobs.worker import do_all, who
from api.participants.tables import EVIDENCE, PARTICIPANTS
from api.record import doing
from api.record.doing import do_next
from api.record.jobs import JOBS
from api.record.sealed_files import SealedWriter
from api.record.staging import FOLDER
from tests.importing import outcome, page_of, post, send
from tests.reading import read

MANY = 2 * BLOCK + 9
"""Rows of a file here: two borders of blocks lie in it."""
STOPS = [0, 1, 2, 5, BLOCK - 1, BLOCK, BLOCK + 1, MANY - 1]
"""After how many rows a worker is lost; all of them together, one after the other, in one test."""


def nik(number):
    return str(3171014101800000 + number)


def csv_of(rows):
    return "participant,name,nik,nib,staff\n" + "".join(",".join(row) + "\n" for row in rows)


def jsonl_of(rows):
    """Each row names its columns in an order and in words of its own, and leaves out what is empty."""
    lines = []
    for number, row in enumerate(rows):
        names = (
            ("participant", "nama", "NIK", "nib", "staff")
            if number % 3
            else ("participant", "name", "nik", "nib", "staff")
        )
        cells = [(name, value) for name, value in zip(names, row, strict=True) if value]
        lines.append(json.dumps(dict(reversed(cells) if number % 2 else cells)) + "\n")
    return "".join(lines)


def workbook_of(rows):
    """A workbook whose table begins in the third column and the second row."""
    book = Workbook()
    for line, row in enumerate([("participant", "name", "nik", "nib", "staff"), *rows], 2):
        for column, value in enumerate(row, 3):
            book.active.cell(line, column, value or None)
    book.save(file := io.BytesIO())
    return file.getvalue()


def rows_of(first=0, many=MANY):
    """Rows of which each tenth is wrong and each seventh comes with a NIK that stood in the row before."""
    return [(f"P{n}", f"Bu {n}", nik(n), "true", "banyak" if n % 10 == 4 else "2") for n in range(first, first + many)]


KINDS = {"people.csv": csv_of, "people.jsonl": jsonl_of, "people.xlsx": workbook_of}


class _KilledError(BaseException):
    """Ends a worker where it stands: nothing catches it."""


def turn(kail, stop=None, where="between", one_by_one=False):
    """Let the import go on; whether its worker was lost, which it is in the step that passes `stop` rows, or before the next."""

    def stopping(job):
        step, pace = job.step, job.pace
        if one_by_one:
            pace.took = lambda *_: None

        def killed(many=1, **more):
            if stop is None or "cells" not in job.place:
                return step(many, **more)
            if where == "between" and job.done >= stop:
                raise _KilledError
            return _cut(step(many, **more)) if where == "in" and job.done + many > stop else step(many, **more)

        job.step = killed
        return import_sheet(job)

    try:
        do_next(kail.record, kail.live, kail.settings.data, {"import": stopping}, who)
    except _KilledError:
        return True
    return False


class _cut:
    """A step that is never committed."""

    def __init__(self, step):
        self.step = step

    def __enter__(self):
        return self.step.__enter__()

    def __exit__(self, *_):
        error = _KilledError()
        self.step.__exit__(_KilledError, error, None)
        raise error


def stored(kail, account="mentor"):
    """How many people a mentor has, and how many facts of them there are."""
    with kail.record.read() as tx:
        mine = PARTICIPANTS.c.mentor_id == kail.actors[account].account_id
        people = {row.id for row in tx.all(select(PARTICIPANTS.c.id).where(mine))}
        facts = [row for row in tx.all(select(EVIDENCE.c.participant_id)) if row.participant_id in people]
    return len(people), len(facts)


def whole(found, rows):
    """See that every row was taken once or told once."""
    wrong = [number for number, row in enumerate(rows, 1) if row[4] == "banyak"]
    good = len(rows) - len(wrong)
    assert found.status == "done"
    assert found.counts == (len(rows), good, good, 2 * good, len(wrong))
    assert [problem["row"] for problem in found.problems] == wrong
    return good, 2 * good


# -- stops -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["in", "between"])
@pytest.mark.parametrize("name", KINDS)
def test_an_import_goes_on_after_a_stop_at_any_row_and_takes_nobody_twice(small_kail, name, where):
    rows = rows_of()
    with small_kail.client("mentor") as client:
        job = post(client, KINDS[name](rows), name).json()["id"]
        before = 0
        for stop in STOPS:
            assert turn(small_kail, stop, where, one_by_one=stop % 2 == 1)
            now = client.get(f"/api/v1/jobs/{job}").json()
            assert (now["state"], now["total"]) == ("running", MANY)
            assert before <= now["done"]
            assert now["done"] == stop or (now["done"] < stop) == (where == "in") or now["done"] == before
            before = now["done"]
            assert stored(small_kail)[0] + len(now["pieces"]) == now["done"]
        do_all(small_kail.record, small_kail.live, small_kail.settings.data)
        found = outcome(client, job)
    assert stored(small_kail) == whole(found, rows)
    if name == "people.xlsx":  # the table begins at C2
        assert [problem["cell"] for problem in found.problems] == [f"G{p['row'] + 2}" for p in found.problems]
    assert {problem["field"] for problem in found.problems} == {"staff"}


@pytest.mark.parametrize("at", range(1, 5))
def test_a_stop_at_any_step_of_a_short_import_changes_nothing_of_what_comes_out(kail, at):
    """Each step from the first, before and after which a worker may be lost: reading, keeping, each row, the end."""
    rows, steps = rows_of(many=3), itertools.count(1)

    def stopping(job):
        step = job.step

        def killed(many=1, **more):
            if next(steps) == at:
                raise _KilledError
            return step(many, **more)

        job.step = killed
        return import_sheet(job)

    with kail.client("mentor") as client:
        job = post(client, csv_of(rows)).json()["id"]
        with pytest.raises(_KilledError):
            do_next(kail.record, kail.live, kail.settings.data, {"import": stopping}, who)
        do_all(kail.record, kail.live, kail.settings.data)
        found = outcome(client, job)
    assert stored(kail) == whole(found, rows)
    assert list((kail.settings.data / FOLDER).iterdir()) == []


def test_an_import_whose_turn_ends_goes_on_where_it_was(small_kail, monkeypatch):
    """Two long files, read and stored in turns: neither keeps the other from its end."""
    monkeypatch.setattr(doing, "TURN_SECONDS", -1.0)
    monkeypatch.setattr("api.imports.sheets.TELL_EVERY", 10)
    mine, theirs = rows_of(many=BLOCK + 3), rows_of(1_000, BLOCK + 3)
    mentor, other = small_kail.headers("mentor"), small_kail.headers("mentor2")
    with small_kail.client() as client:
        first = post(client, csv_of(mine), headers=mentor).json()["id"]
        second = post(client, csv_of(theirs), headers=other).json()["id"]
        for _ in range(4 * BLOCK):
            if not do_next(small_kail.record, small_kail.live, small_kail.settings.data, {"import": import_sheet}, who):
                break
        assert stored(small_kail) == whole(outcome(client, first, mentor), mine)
        assert stored(small_kail, "mentor2") == whole(outcome(client, second, other), theirs)


# -- cancelled, twice --------------------------------------------------------------------------------------------------


def test_an_import_that_is_cancelled_half_way_keeps_what_was_taken_and_says_so(small_kail):
    with small_kail.client("mentor") as client:
        sent = client.post(
            "/imports?language=en",
            data={"consents": "record", "channel": "paper", "said_on": "2026-11-20"},
            files={"file": ("people.csv", csv_of(rows_of()).encode())},
            follow_redirects=False,
        )
        job = sent.headers["location"].partition("?")[0].rpartition("/")[2]
        assert turn(small_kail, 20)
        done = client.get(f"/api/v1/jobs/{job}").json()["done"]
        assert 20 <= done < MANY
        assert client.post(f"/api/v1/jobs/{job}/cancel").json()["stopping"]
        text = read(page_of(small_kail, client, sent)).text
        found = client.get(f"/api/v1/jobs/{job}").json()
        assert (found["state"], found["done"], found["result"]["problems"]) == ("cancelled", done, [])
        assert stored(small_kail)[0] == done - len(found["pieces"]) > 0
        assert "Cancelled" in text
        assert f"{done} of {MANY}" in text
        assert "What was done before that stays." in text
        assert list((small_kail.settings.data / FOLDER).iterdir()) == []
    rest = send(small_kail, csv_of(rows_of()))  # sent again, it takes what is missing
    assert rest.status == "done"
    assert rest.counts[2] == whole_number(rows_of()) - (done - len(found["pieces"]))
    assert stored(small_kail)[0] == whole_number(rows_of())


def whole_number(rows):
    return sum(row[4] != "banyak" for row in rows)


def test_an_import_that_is_cancelled_while_it_is_read_stores_nothing_and_claims_nothing(small_kail, monkeypatch):
    monkeypatch.setattr("api.imports.sheets.TELL_EVERY", 10)
    with small_kail.client("mentor") as client:
        job = post(client, csv_of(rows_of())).json()["id"]

        def stopping(doing):
            step = doing.step

            def cancelled(*many, **more):
                if doing.done == 30:
                    assert client.post(f"/api/v1/jobs/{job}/cancel").status_code == 200
                return step(*many, **more)

            doing.step = cancelled
            return import_sheet(doing)

        do_next(small_kail.record, small_kail.live, small_kail.settings.data, {"import": stopping}, who)
        do_all(small_kail.record, small_kail.live, small_kail.settings.data)
        assert client.get(f"/api/v1/jobs/{job}").json()["state"] == "cancelled"
        text = read(client.get(f"/jobs/{job}?language=en")).text
    assert "What was done before that stays." not in text
    assert stored(small_kail) == (0, 0)
    assert list((small_kail.settings.data / FOLDER).iterdir()) == []


def test_of_one_file_that_is_sent_twice_at_once_the_second_says_it_was_imported(kail, monkeypatch):
    monkeypatch.setattr(doing, "TURN_SECONDS", 600.0)
    rows = rows_of(many=3)
    with kail.client("mentor") as client:
        first, second = (post(client, csv_of(rows)).json()["id"] for _ in range(2))
        do_all(kail.record, kail.live, kail.settings.data)
        whole(outcome(client, first), rows)
        again = outcome(client, second)
        assert (again.status, [problem["field"] for problem in again.problems]) == ("failed", ["file"])
        assert "21 November 2026" in again.problems[0]["message"]
        assert "What was done before that stays." not in read(client.get(f"/jobs/{second}?language=en")).text
    assert stored(kail) == (3, 6)


def test_where_two_of_the_same_file_take_turns_nobody_is_taken_twice(small_kail, monkeypatch):
    monkeypatch.setattr(doing, "TURN_SECONDS", -1.0)
    rows = rows_of(many=20)
    with small_kail.client("mentor") as client:
        jobs = [post(client, csv_of(rows)).json()["id"] for _ in range(2)]
        do_all(small_kail.record, small_kail.live, small_kail.settings.data)
        found = [client.get(f"/api/v1/jobs/{job}").json() for job in jobs]
    done = [one["result"] for one in found if one["state"] == "done"]
    assert done
    assert sum(one["registered"] for one in done) == whole_number(rows)
    assert sum(one["facts"] for one in done) == 2 * whole_number(rows)
    assert stored(small_kail) == (whole_number(rows), 2 * whole_number(rows))


# -- files -------------------------------------------------------------------------------------------------------------


def files(kail):
    return {path.name: path.stat().st_size for path in (kail.settings.data / FOLDER).iterdir()}


def test_the_file_that_was_sent_is_gone_once_its_rows_are_kept(small_kail):
    with small_kail.client("mentor") as client:
        post(client, csv_of(rows_of()), columns=MAP)
        sent = files(small_kail)
        assert len(sent) == 2
        assert turn(small_kail, 5)
        kept = files(small_kail)
        assert len(kept) == 1
        assert not set(kept) & set(sent)
        do_all(small_kail.record, small_kail.live, small_kail.settings.data)
    assert files(small_kail) == {}


MAP = """
[map]
name = "Our sheet"
participant = "participant"

[[column]]
from = "nib"
to = "nib"

[[column]]
from = "staff"
to = "staff"
"""


def test_of_a_reading_that_was_lost_nothing_stays_when_it_is_done_again(small_kail):
    with small_kail.client("mentor") as client:
        post(client, csv_of(rows_of()))
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(SealedWriter, "__exit__", lambda self, *_: self._file.close())  # as kill -9 leaves it
            patched.setattr(CellsWriter, "write", _killed)
            with pytest.raises(_KilledError):
                do_all(small_kail.record, small_kail.live, small_kail.settings.data)
        assert len(files(small_kail)) == 2
        assert turn(small_kail, 5)
        assert len(files(small_kail)) == 1


def _killed(*_):
    raise _KilledError


def spoil(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("language", ["en", "id"])
@pytest.mark.parametrize("harm", [spoil, lambda path: path.unlink()], ids=["tampered with", "gone"])
@pytest.mark.parametrize("when", ["before it is read", "half way"])
def test_a_staged_file_that_is_spoiled_fails_the_job_in_words(small_kail, harm, when, language, caplog):
    with small_kail.client("mentor") as client:
        job = post(client, csv_of(rows_of()), language=language).json()["id"]
        if when == "half way":
            assert turn(small_kail, 20)
        for path in (small_kail.settings.data / FOLDER).iterdir():
            harm(path)
        before = stored(small_kail)
        do_all(small_kail.record, small_kail.live, small_kail.settings.data)
        found = client.get(f"/api/v1/jobs/{job}").json()
        assert found["state"] == "failed"
        [problem] = found["result"]["problems"]
        assert problem["field"] == "file"
        assert "again and again" not in problem["message"]
        assert str(small_kail.settings.data) not in json.dumps(found)
        assert problem["message"] in read(client.get(f"/jobs/{job}?language={language}")).text
    assert stored(small_kail) == before
    assert "unexpected" not in caplog.text
    assert files(small_kail) == {}


def test_when_the_line_is_full_the_next_file_is_refused_and_does_not_stay(small_kail):
    with small_kail.client("mentor") as client:
        for number in range(5):
            assert post(client, csv_of(rows_of(number * 10, 1))).status_code == 202
        before = files(small_kail)
        answer = post(client, csv_of(rows_of(90, 1)))
        assert (answer.status_code, answer.json()["problems"][0]["field"]) == (409, "job")
        data = {"consents": "record", "channel": "paper", "said_on": "2026-11-20"}
        shown = client.post("/imports?language=en", data=data, files={"file": ("a.csv", b"nik\n1\n")})
        assert "5 of your tasks are not done yet." in read(shown, 409).text
        assert files(small_kail) == before
        do_all(small_kail.record, small_kail.live, small_kail.settings.data)
        assert post(client, csv_of(rows_of(90, 1))).status_code == 202
    with small_kail.record.read() as tx:
        assert [row.state for row in tx.all(select(JOBS))].count("done") == 5
