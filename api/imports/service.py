"""Importing a sheet of participants, as a job: its rows are read once, in the cage, then stored step by step.

A bad row is told with row, field, value and remedy, and the good ones go on. A file that cannot be read at all is refused
before anything of it is stored. The same file again is refused where nothing in it is new; the same rows in another file
write nothing twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from typing import Any, Final

from api.advice.participant_rows import Job, Rejected, map_of
from api.advice.readings import Readings, known_names
from api.audit.service import note
from api.consents.service import Agreement
from api.files.cage import Cage
from api.files.headers import names_of
from api.files.rows import FileProblem, Row
from api.files.sources import pack_source
from api.imports.cells import CellsReader, read_cells
from api.imports.reading import IDENTITY, Line, Reading, doubted, notes_of
from api.imports.sheets import (
    Headers,
    asked_file,
    keep_import,
    keep_rows,
    kept_rows,
    next_rows,
    sent_file,
    tell,
    unreadable,
)
from api.imports.storing import Taken, take_each
from api.record.actor import Actor
from api.record.doing import Doing, Ended
from api.record.jobs import enqueue
from api.record.refusals import Refused, Trouble
from api.record.transaction import Transaction, new_id
from api.web.errors import shown_text
from api.web.receiving import Uploaded
from matcher.programme.reading import ProgrammeError
from training_data.columns import ColumnMap
from words.mistakes import mistakes

KIND: Final = "import"
SPARE_KEYS: Final = 100
COUNTS: Final = ("rows", "taken", "registered", "facts", "rejected_rows", "doubtful_rows")


def ask_for(
    tx: Transaction,
    actor: Actor,
    file: Uploaded,
    columns: Uploaded | None,
    agreed: Agreement,
    *,
    sheet: str,
    language: str,
    today: date,
    most_rows: int,
) -> str:
    """Ask that a staged file be imported for the asking mentor; everybody new in it agreed as `agreed` says.

    `columns`: a column map. `today`: the day that the rows without one of their own are of. Returns the job's id.

    Raises:
        Refused: 409 where too many jobs of one's own wait.
    """
    given = {
        "name": shown_text(file.name),
        "file": pack_source(file.staged),
        "columns": pack_source(columns.staged) if columns else None,
        "sha256": file.sha256,
        "sheet": sheet,
        "today": today.isoformat(),
        "most_rows": most_rows,
        "agreed": [list(agreed.purposes), agreed.channel, agreed.said_on.isoformat(), agreed.text_version],
    }
    ids = [one.staged.id for one in (file, columns) if one]
    job = enqueue(tx, actor, KIND, language, given, place={"files": ids})
    note(tx, actor, "asked_for_job", "job", job, job=KIND)
    return job


def import_sheet(job: Doing) -> Mapping[str, Any]:
    """Import a staged file; return how many rows, people and facts. Its problems, in words, are the job's pieces.

    Raises:
        Refused: 409 if this file was imported before; 400 if it cannot be read at all.
    """
    asked = _asked(job)
    try:
        if "cells" not in job.place:
            _read(job, asked)
        with read_cells(kept_rows(job, job.place["cells"])) as cells:
            reading = Reading.of(asked, map_of(asked, lambda _: cells.table), asked_file(job), cells.headers)
            reading.readings.evidence = {of: frozenset(shown) for of, shown in job.place["evidence"].items()}
            _store(job, cells, reading)
            notes = notes_of(reading, cells)
    except (FileProblem, ProgrammeError) as error:
        raise Refused(400, *_unreadable(error, job, asked)) from None
    return {**_finish(job), "notes": notes}


def _asked(job: Doing) -> Job:
    columns = job.given["columns"]
    return Job(
        programme=job.live.programme,
        today=date.fromisoformat(job.given["today"]),
        columns=sent_file(job, columns) if columns else None,
        sheet=job.given["sheet"] or None,
        language=job.language,
        reader=Cage(),
    )


def _unreadable(error: FileProblem | ProgrammeError, job: Doing, asked: Job) -> list[Trouble]:
    if isinstance(error, ProgrammeError):
        found = mistakes(error, job.language)
        return [Trouble("file", "import_unread", what=f"{one.entry}: {one.what}", remedy=one.remedy) for one in found]
    return unreadable(error, job.language, asked_file(job), asked.columns.name if asked.columns else "")


def _read(job: Doing, asked: Job) -> None:
    """Read all rows in the cage, by the column map, if there is one, that was sent with them."""
    source, reader = asked_file(job), asked.reader
    table = reader.read_table(asked.columns) if asked.columns else None
    columns = map_of(asked, lambda _: table)
    reading: list[Readings] = []

    def check(headers: Headers) -> None:
        reading[:] = [Reading.of(asked, columns, source, headers).readings]

    def see(row: Row) -> None:
        """Take what a row shows of its columns."""
        reading[0].see(row.cells)

    def place() -> dict[str, Any]:
        evidence = {of: sorted(shown) for of, shown in reading[0].evidence.items()}
        return {**dict.fromkeys(COUNTS, 0), "evidence": evidence}

    keep_rows(job, reader, _known(asked, columns), check, place, table, see)


def _known(asked: Job, columns: ColumnMap) -> list[str]:
    """Names that a header may well have, who somebody is among them."""
    names = names_of(asked.programme).known
    return [*known_names(asked.programme, columns), *(name for name, (of, _) in names.items() if of in IDENTITY)]


# -- storing -----------------------------------------------------------------------------------------------------------


def _store(job: Doing, cells: CellsReader, reading: Reading) -> None:
    purposes, channel, said_on, text_version = job.given["agreed"]
    agreed = Agreement(tuple(purposes), channel, date.fromisoformat(said_on), text_version)
    spare = _Spare(job)
    try:
        _store_rows(job, cells, reading, agreed, spare)
    except Ended:  # raised before a step, or after it was committed: it is known whose the keys are
        spare.close()
        raise
    spare.close()


def _store_rows(job: Doing, cells: CellsReader, reading: Reading, agreed: Agreement, spare: _Spare) -> None:
    rows = cells.rows(job.place["rows"], job.place["block"])
    while chunk := next_rows(cells, rows, job.pace.size):
        lines = [_line(reading, row) for row, _ in chunk]
        readable = [one for one in lines if isinstance(one, Line)]
        with spare.taken(len(readable)) as ids, job.step(len(chunk)) as tx:
            taken = iter(take_each(tx, job.actor, readable, agreed, ids))
            for line in lines:
                outcome = next(taken) if isinstance(line, Line) else line
                _count(job, outcome)
                if isinstance(line, Line) and isinstance(outcome, Taken) and outcome.doubts:
                    _doubt(job, doubted(reading.readings.columns, line, outcome.doubts, job.language))
            job.place |= {"rows": job.place["rows"] + len(chunk), "block": chunk[-1][1]}
            job.done = job.place["rows"]


class _Spare:
    """Keys made beforehand for people to come, many at a time, so that no step waits for another file to reach the disk."""

    def __init__(self, job: Doing) -> None:
        self._vault, self._left = job.record.vault, list[str]()

    @contextmanager
    def taken(self, many: int) -> Iterator[list[str]]:
        """So many ids that have their keys; whoever uses one takes it out, the others come back.

        Where it is not certain that nothing was committed none comes back: a key of nobody does no harm.
        """
        while len(self._left) < many:
            self._vault.make_each(more := [new_id() for _ in range(SPARE_KEYS)])
            self._left += more
        some, self._left = self._left[:many], self._left[many:]
        try:
            yield some
        except Ended:  # raised before a step, or after it was committed
            self._left += some
            raise
        self._left += some

    def close(self) -> None:
        """Destroy those that became nobody's."""
        self._vault.destroy(sorted(self._left))


def _line(reading: Reading, row: Row) -> Line | Rejected:
    try:
        return reading.line(row)
    except Rejected as error:
        return error


def _count(job: Doing, outcome: Taken | Rejected) -> None:
    """Count what became of a row; what stood in its way is told."""
    place = job.place
    if isinstance(outcome, Rejected):
        place["rejected_rows"] += 1
        tell(job, outcome, _asked(job).says)
        return
    place["taken"] += 1
    place["registered"] += outcome.registered
    place["facts"] += outcome.facts


def _doubt(job: Doing, found: Rejected) -> None:
    """Count a row that was taken although something in it is doubtful, and tell what."""
    job.place["doubtful_rows"] = job.place.get("doubtful_rows", 0) + 1
    tell(job, found, _asked(job).says, doubt=True)


def _finish(job: Doing) -> Mapping[str, Any]:
    """Keep that this file was imported, with the last step."""
    place = job.place
    if "kept" not in place:
        counts = {"taken": place["taken"], "rejected": place["rejected_rows"], "registered": place["registered"]}
        with job.step() as tx:
            job.place = place | {"kept": True}
            keep_import(tx, job, is_new=bool(place["registered"] or place["facts"]), **counts)
    return {name: place.get(name, 0) for name in COUNTS}
