"""The cage gives what reading in process gives, to the last cell, and believes nothing that is no answer."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import time as pause
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from api.files import cage
from api.files.cage import Cage, InProcess, Limits
from api.files.packing import pack, unpack
from api.files.rows import FileProblem
from api.files.workbook_check import MOST_CELLS, MOST_ROWS
from matcher.message import Message
from matcher.programme.reading import ProgrammeError
from tests.api.assessments.processes import gone, until
from tests.api.files import hostile
from tests.api.files.workbook_parts import SIGNALS
from tests.conftest import ROOT
from tests.staged import stage
from training_data.columns import read_table

KNOWN = [*SIGNALS, "participant", "as_of", "name", "nik"]


def read(reader, path, name=None):
    """All that is read of a file, or what is wrong with it."""
    try:
        with reader.open_sheet(path, KNOWN, "Asia/Jakarta", name) as sheet:
            rows = list(sheet.rows)
            facts = (sheet.headers, sheet.size, sheet.name, sheet.header_row, sheet.others, sheet.hidden)
            return facts, rows, sheet.seen, sheet.blank, sheet.unnamed
    except FileProblem as problem:
        return [problem.said(language) for language in ("id", "en")]


def a_messy_sheet(sheet):
    sheet["A1"] = "Peserta 2026"
    for row in (
        ["participant", "nib", "monthly_profit", None, "as_of", "name"],
        ["a", True, 3_000_000, "nobody's", date(2026, 1, 2), "x\ny"],
        ["b", "=1+1", 1.5, None, datetime(2026, 1, 2, 3, 4), "#N/A"],
        ["c", None, 10**16, None, time(3, 4), "_x000D_ \N{SNOWMAN}"],
        [None, None, None],
        ["d", "merged", None, None, None, None],
        ["Jumlah", None, 7],
    ):
        sheet.append(row)
    sheet.merge_cells("B7:C7")
    sheet.parent.create_sheet("Lain")
    sheet.parent.create_sheet("Rahasia").sheet_state = "hidden"


TYPES = pa.table(
    {
        "participant": ["a", None],
        "decimal": pa.array([Decimal("1.50"), None]),
        "day": pa.array([date(2026, 1, 2), None]),
        "moment": pa.array([datetime(2026, 1, 2, 3, 4, 5, 678), None], pa.timestamp("ns", "UTC")),
        "local": pa.array([datetime(2026, 1, 2), None], pa.timestamp("us")),
        "hour": pa.array([time(3, 4, 5), None]),
        "long": pa.array([timedelta(days=-3, seconds=7), None]),
        "bytes": pa.array([b"\x00\xff", None]),
        "real": [float("inf"), float("-inf")],
        "list": [["x", None], []],
        "struct": [{"a": [{"b": 2}], "c": 1}, None],
        "map": pa.array([[("k", 1)], None], pa.map_(pa.string(), pa.int64())),
    }
)
LINES = (
    b'{"participant": "a", "nib": true, "sector": ["food", {"$": [1.0, -0.0, 1e400]}], "n": 12345678901234567890}\n\n'
    b'{"participant": "\\ud800", "name": "\xc3\xa9", "list": ["list", ["x"]]}\n[1]\n{"a": 1, "a": 2}\nnot JSON\n'
)
CSV = b'name;nik;nib\n"a;b";1;\n"c\nd";2;ja\n;;\nragged;1\n"bad" quote;1;1\nTotal;3;\n'


@pytest.fixture
def files(tmp_path, book):
    """Honest files of every kind, with all that may be wrong with a row."""
    made = {"a.csv": CSV, "b.jsonl": LINES, "c.parquet": hostile.parquet(TYPES)}
    for name, content in made.items():
        (tmp_path / name).write_bytes(content)
    messy = book([], a_messy_sheet, "d.xlsx")
    return [*(tmp_path / name for name in made), messy, ROOT / "training_data" / "sample.parquet"]


def test_what_comes_out_of_the_cage_is_what_is_read_in_process(files):
    for path in files:
        here, there = read(InProcess(), path), read(Cage(), path)
        assert len(here[1]) > 1, path.name
        assert there == here, path.name


@pytest.mark.parametrize("reader", [InProcess(), Cage()], ids=["in process", "cage"])
def test_what_lies_sealed_is_read_as_what_lies_in_clear(files, tmp_path, reader):
    for path in files:
        sealed = stage(tmp_path, path.read_bytes(), path.name)
        assert b"participant" not in sealed.path.read_bytes()
        assert read(reader, sealed) == read(InProcess(), path), path.name


@pytest.mark.parametrize("reader", [InProcess(), Cage()], ids=["in process", "cage"])
def test_a_map_that_lies_sealed_is_read_as_one_in_clear(tmp_path, reader):
    census = ROOT / "training_data" / "columns" / "kenya_census.toml"
    assert reader.read_table(stage(tmp_path, census.read_bytes(), "map.toml")) == read_table(census)
    for content in (b"a = [", b"\xff", b"# " + b"x" * 70_000):
        path = tmp_path / "wrong.toml"
        path.write_bytes(content)
        with pytest.raises(ProgrammeError) as here:
            read_table(path)
        with pytest.raises(ProgrammeError) as there:
            reader.read_table(stage(tmp_path, content, "wrong.toml"))
        assert there.value.problems == here.value.problems


def test_what_was_sealed_and_changed_is_not_read_at_all(tmp_path, files):
    for path in files:
        content = path.read_bytes()
        sealed = stage(tmp_path, content, path.name)
        stored = bytearray(sealed.path.read_bytes())
        stored[len(stored) // 2] ^= 1
        sealed.path.write_bytes(stored)
        assert read(Cage(), sealed) == read_of_nothing(path.name), path.name
        for foreign in (replace(stage(tmp_path, content, path.name), key=bytes(32)), replace(sealed, id="other")):
            assert read(Cage(), foreign) == read_of_nothing(path.name), path.name


def read_of_nothing(name):
    return [FileProblem(name, "cage_lost").said(language) for language in ("id", "en")]


def test_a_staged_file_that_was_swept_is_told_of_by_its_senders_name(tmp_path):
    sealed = stage(tmp_path, b"nik\n1\n", "people.csv")
    sealed.path.unlink()
    said = read(Cage(), sealed)
    assert said == read(InProcess(), sealed)
    assert all("people.csv" in one and str(tmp_path) not in one for one in said)


def test_a_file_that_is_wrong_is_wrong_in_the_same_words(tmp_path, book):
    wrong = {
        "a.csv": b"",
        "b.csv": b"nib,nib\n1,2\n",
        "c.csv": b"a\x81\n",
        "d.pdf": b"x",
        "e.jsonl": b"\x00",
        "f.xlsx": b"PK",
    }
    for name, content in {**wrong, "g.parquet": b"PAR1" * 9}.items():
        (tmp_path / name).write_bytes(content)
        assert read(Cage(), tmp_path / name) == read(InProcess(), tmp_path / name), name
        sealed = stage(tmp_path, (tmp_path / name).read_bytes(), name)
        assert [said.replace(str(tmp_path / name), name) for said in read(InProcess(), tmp_path / name)] == read(
            Cage(), sealed
        ), name
    path = book([["x", "y"], [1, 2]])
    for name in (None, "Februari"):  # whose message holds messages
        assert read(Cage(), path, name) == read(InProcess(), path, name)


def test_a_column_map_comes_out_as_it_is_read_in_process(tmp_path):
    census = ROOT / "training_data" / "columns" / "kenya_census.toml"
    assert Cage().read_table(census) == read_table(census)
    path = tmp_path / "map.toml"
    path.write_text("a.b = [1, 2.5, inf, true, 'x', {c = 1979-05-27T07:32:00Z}]\nd = 07:32:00\ne = 2026-01-02\n")
    assert Cage().read_table(path) == read_table(path)


@pytest.mark.parametrize("name", hostile.MAPS)
def test_a_hostile_map_is_refused_before_it_is_parsed_and_in_the_cage_in_the_same_words(tmp_path, name):
    path = tmp_path / "map.toml"
    path.write_text(hostile.MAPS[name])
    with pytest.raises(ProgrammeError) as here:
        read_table(path)
    assert len(here.value.problems) == 1
    if name in ("arrays 900 deep", "a number of 60,000 digits"):
        with pytest.raises(ProgrammeError) as there:
            Cage().read_table(path)
        assert there.value.problems == here.value.problems


def test_a_map_within_the_bounds_is_read(tmp_path):
    path = tmp_path / "map.toml"
    path.write_text(
        "a.b.c.d.e.f.g.h = " + "[" * 16 + "1.5" + "]" * 16 + '\n"a.b.c.d.e.f.g.h.i.j" = "[[[[[[[[[[[[[[[[[[[["\n'
    )
    assert set(read_table(path)) == {"a", "a.b.c.d.e.f.g.h.i.j"}


def test_a_workbook_is_counted_before_it_is_opened(tmp_path):
    path = tmp_path / "people.xlsx"
    for content, code in (
        (hostile.one_cell_rows(MOST_ROWS), "many_sheet_rows"),
        (hostile.many_cells(MOST_CELLS // 100, 100), "many_sheet_cells"),
    ):
        path.write_bytes(content)
        with pytest.raises(FileProblem) as caught:
            Cage().open_sheet(path, KNOWN, "UTC", None)
        assert caught.value.code == code


@pytest.mark.parametrize(
    "value",
    [
        None, True, 0, -1, 10**30, 1.5, "", "\ud800", [], (), {}, [[1], ("a",)], {"a": {1: None}}, date(2026, 1, 2),
        datetime(2026, 1, 2, 3, 4, tzinfo=ZoneInfo("Asia/Jakarta")), time(1), timedelta(-1, 2, 3), Decimal("1.50"), b"\xff",
        Message("none"), Message("names_and_more", {"names": ["a"], "count": Message("none")}),
    ],
    ids=repr,
)  # fmt: skip
def test_a_value_comes_through_the_pipe_as_it_was(value):
    through = unpack(json.loads(json.dumps(pack(value))))
    assert (through, type(through)) == (value, type(value))


def test_no_number_stays_none():
    assert math.isnan(unpack(json.loads(json.dumps(pack(float("nan"))))))


def test_what_is_of_no_known_kind_comes_as_its_text():
    assert unpack(pack(range(3))) == "range(0, 3)"


FRAME = "import sys; sys.stdin.buffer.read(4); f = {!r}; sys.stdout.buffer.write(f); sys.stdout.flush()"
ANSWERS = {
    "nothing": b"",
    "less than it says": b"\0\0\0\x09{}",
    "more than may be": b"\xff\xff\xff\xff{}",
    "no JSON": b"\0\0\0\x02{]",
    "brackets": b"\0\1\0\0" + b"[" * 65_536,
    "no table": b"\0\0\0\x011",
    "another table": b'\0\0\0\x07{"a":1}',
    "a sheet of nothing": b'\0\0\0\x0c{"sheet":[]}',
    "an unknown code": b'\0\0\0\x29{"problem":["x",["message","nosuch",{}]]}',
    "a problem without its arguments": b'\0\0\0\x2c{"problem":["x",["message","many_tags",{}]]}',
}


@pytest.mark.parametrize("answer", ANSWERS)
def test_a_child_that_answers_nonsense_is_lost(tmp_path, monkeypatch, answer):
    monkeypatch.setattr(cage, "_COMMAND", (sys.executable, "-c", FRAME.format(ANSWERS[answer])))
    path = tmp_path / "people.csv"
    path.write_text("nik\n1\n")
    with pytest.raises(FileProblem) as caught:
        Cage().open_sheet(path, KNOWN, "UTC", None)
    assert caught.value.code == "cage_lost"


def test_the_clock_runs_while_the_child_is_waited_for_and_stands_while_the_server_works(tmp_path):
    path = tmp_path / "people.csv"
    path.write_text("nik,name\n" + "1,somebody\n" * 100_000)
    start = pause.monotonic()
    with Cage(Limits(seconds=120)).open_sheet(path, KNOWN, "UTC", None) as sheet:
        for number, _ in enumerate(sheet.rows):
            if number == 10:
                pause.sleep(1)
    assert number == 99_999
    assert 0 < sheet.handle.clock.waited <= pause.monotonic() - start - 1


def test_a_child_knows_nothing_of_the_database_and_is_gone_when_the_file_is_closed(tmp_path, monkeypatch):
    monkeypatch.setenv("KAIL_DATABASE", "postgresql://somebody:secret@elsewhere/kail")
    path = tmp_path / "people.csv"
    path.write_text("nik\n" + "1\n" * 100_000)
    with Cage().open_sheet(path, KNOWN, "UTC", None) as sheet:
        assert next(sheet.rows).cells == {"nik": "1"}
        if sys.platform == "linux":
            assert b"secret" not in Path(f"/proc/{sheet.handle.process.pid}/environ").read_bytes()
    assert sheet.handle.process.poll() is not None
    sheet.handle.close()  # a second time does nothing


READS = """
import pathlib, sys, time
from api.files.cage import Cage
with Cage().open_sheet(pathlib.Path(sys.argv[1]), {"nik": None}, "UTC", None) as sheet:
    print(sheet.handle.process.pid, flush=True)
    time.sleep(600)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent; elsewhere the clock does")
def test_a_child_is_gone_with_the_process_that_asked_it_even_if_that_is_killed(tmp_path):
    (tmp_path / "people.csv").write_text("nik\n" + "1\n" * 100_000)
    command = [sys.executable, "-c", READS, str(tmp_path / "people.csv")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as asking:
        child = int(asking.stdout.readline())
        os.kill(child, signal.SIGSTOP)  # so that it does not see by itself that nobody reads any more
        asking.kill()
    until(lambda: gone(child))
