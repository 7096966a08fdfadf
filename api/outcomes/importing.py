"""Importing a lender's sheet of outcomes, as a job: read once, in the cage, then a transition a row, step by step.

A bad row is told with row, field, value and remedy, and the good ones go on. What a row tells is done once: the same file
again changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from api.advice.participant_rows import Rejected
from api.audit.service import note
from api.files.cage import Cage
from api.files.rows import FileProblem, Row
from api.files.sources import pack_source
from api.imports.cells import CellsReader, read_cells
from api.imports.sheets import (
    Headers,
    asked_file,
    keep_import,
    keep_rows,
    kept_rows,
    next_rows,
    tell,
    unreadable,
)
from api.outcomes.reports import COLUMNS, Report, check_headers, organisations_of, read_report, take
from api.record.actor import Actor
from api.record.doing import Doing
from api.record.jobs import enqueue
from api.record.refusals import Refused
from api.record.transaction import Transaction
from api.web.errors import shown_text
from api.web.receiving import Uploaded
from words.speaking import speaker

KIND: Final = "outcomes"
ROLES: Final = ("lender",)
COUNTS: Final = ("rows", "taken", "already", "rejected_rows")


def ask_for(tx: Transaction, actor: Actor, file: Uploaded, *, sheet: str, language: str, most_rows: int) -> str:
    """Ask that a staged file of the asking officer be imported; return the job's id.

    Raises:
        Refused: 409 where too many jobs of one's own wait.
    """
    given = {
        "name": shown_text(file.name),
        "file": pack_source(file.staged),
        "sha256": file.sha256,
        "sheet": sheet,
        "most_rows": most_rows,
    }
    job = enqueue(tx, actor, KIND, language, given, place={"files": [file.staged.id]})
    note(tx, actor, "asked_for_job", "job", job, job=KIND)
    return job


def import_outcomes(job: Doing) -> Mapping[str, Any]:
    """Import a staged file; return how many rows, and what became of them. Its problems, in words, are the job's pieces.

    Raises:
        Refused: 409 if this file was imported before and nothing in it is new; 400 if it cannot be read at all.
    """
    try:
        if "cells" not in job.place:
            _read(job)
        with read_cells(kept_rows(job, job.place["cells"])) as cells:
            _store(job, cells)
    except FileProblem as error:
        raise Refused(400, *unreadable(error, job.language, asked_file(job))) from None
    place = job.place
    if "kept" not in place:
        with job.step() as tx:
            job.place = place | {"kept": True}
            keep_import(tx, job, is_new=place["taken"] > 0, taken=place["taken"], rejected=place["rejected_rows"])
    return {name: place[name] for name in COUNTS}


def _read(job: Doing) -> None:
    name = asked_file(job).name
    called = [one for names in COLUMNS.values() for one in names]
    known = [*called, *(one.upper() for one in called), *(one.capitalize() for one in called)]

    def check(headers: Headers) -> None:
        check_headers(headers, name)

    keep_rows(job, Cage(), known, check, lambda: dict.fromkeys(COUNTS, 0))


def _store(job: Doing, cells: CellsReader) -> None:
    rows = cells.rows(job.place["rows"], job.place["block"])
    while chunk := next_rows(cells, rows, job.pace.size):
        lines = [_line(job, row) for row, _ in chunk]
        with job.record.read() as tx:
            about = organisations_of(tx, job.actor, [one for one in lines if isinstance(one, Report)])
        with job.step(len(chunk), *about) as tx:
            for line in lines:
                _take(job, tx, line)
            job.place |= {"rows": job.place["rows"] + len(chunk), "block": chunk[-1][1]}
            job.done = job.place["rows"]


def _line(job: Doing, row: Row) -> Report | Rejected:
    try:
        return read_report(job.live.rules, row)
    except Rejected as error:
        return error


def _take(job: Doing, tx: Transaction, line: Report | Rejected) -> None:
    try:
        if isinstance(line, Rejected):
            raise line
        job.place["taken" if take(tx, job.actor, job.live.rules, line) else "already"] += 1
    except Rejected as error:
        job.place["rejected_rows"] += 1
        tell(job, error, speaker(job.language))
