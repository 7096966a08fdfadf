"""The first half of an import's job: what a stranger's rows may fill, and what stays of the files that were sent."""

from __future__ import annotations

from api.imports import service
from api.imports.cells import BLOCK
from api.imports.service import import_sheet
from api.jobs.worker import who
from api.participants.reading_out import asked_of
from api.record.doing import do_next
from tests.api.imports.test_jobs import MAP, csv_of, files, nik, rows_of
from tests.importing import post, send


def test_rows_that_fill_the_memory_are_stored_a_few_at_a_time(small_kail, monkeypatch):
    """A stranger says how long a row is: how many are held at once follows their bytes too."""
    monkeypatch.setattr("api.imports.sheets.MOST_BYTES_AT_ONCE", 1000)
    chunks, one_chunk = [], service.next_rows
    monkeypatch.setattr(service, "next_rows", lambda *given: chunks.append(one_chunk(*given)) or chunks[-1])
    rows = [(f"P{n}", f"Bu {'x' * 400}", nik(n), "true", "banyak") for n in range(40)]
    assert send(small_kail, csv_of(rows)).counts == (40, 0, 0, 0, 40)
    assert max(map(len, chunks)) <= 4


def test_a_row_that_is_too_long_only_with_its_columns_names_is_refused_in_words(small_kail, monkeypatch):
    """The child sends the names once, the worker keeps them with every block."""
    monkeypatch.setattr("api.files.packing.LARGEST_FRAME", 40_000)
    names = asked_of(small_kail.live.rules)
    rows = [",".join([nik(n), "x" * 39_300 if n == BLOCK else ""] + [""] * len(names)) for n in range(BLOCK + 1)]
    found = send(small_kail, "\n".join([",".join(["nik", "name", *names]), *rows, ""]))
    assert found.status == "failed"
    assert "more than 16 MB" in found.problems[0]["message"]
    assert files(small_kail) == {}


def test_a_turn_that_ends_when_all_is_read_leaves_no_file_that_was_sent(small_kail):
    with small_kail.client("mentor") as client:
        post(client, csv_of(rows_of()), columns=MAP)
        hold = iter([False, True])
        done = small_kail.record, small_kail.live, small_kail.settings.data, {"import": import_sheet}, who
        assert do_next(*done, lambda: next(hold))
        assert next(hold, None) is None
        assert len(files(small_kail)) == 1
