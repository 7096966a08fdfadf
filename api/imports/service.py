"""Importing a sheet of participants, as a job: its rows are read once, in the cage, then stored step by step.

A bad row is told with row, field, value and remedy, and the good ones go on. A file that cannot be read at all is refused
before anything of it is stored. The same file again is refused where nothing in it is new; the same rows in another file
write nothing twice.
"""

from __future__ import annotations

import hmac
import itertools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from hashlib import sha256
from secrets import token_hex
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Row as SqlRow
from sqlalchemy import delete, insert, select

from api.advice.participant_rows import Job, Rejected, map_of
from api.advice.readings import Readings, known_names
from api.audit.service import note
from api.consents.service import Agreement
from api.files.cage import MEGABYTE, OF_CAGE, Cage
from api.files.headers import names_of
from api.files.packing import LARGEST_FRAME, BadFrame
from api.files.rows import FileProblem, Row, Sheet
from api.files.sources import pack_source
from api.imports.cells import CellsReader, CellsWriter, read_cells
from api.imports.reading import IDENTITY, Line, Reading, notes_of
from api.imports.storing import Taken, take_each
from api.imports.tables import IMPORTS
from api.participants.rights import KNOWN_FILES
from api.record.actor import Actor
from api.record.doing import Doing, Ended
from api.record.jobs import enqueue
from api.record.key_store import Erased
from api.record.refusals import Refused, Trouble
from api.record.sealed_files import SealedWriter
from api.record.staging import Staged, discard, staged
from api.record.transaction import Transaction, new_id
from api.web.errors import shown_text
from api.web.receiving import Uploaded
from matcher.programme.reading import ProgrammeError
from training_data.columns import ColumnMap
from words.mistakes import mistakes
from words.speaking import speaker

KIND: Final = "import"
MOST_REJECTIONS: Final = 1_000
"""Problems that are told of a file; of more it is told how many rows were not taken."""
TELL_EVERY: Final = 2_000
"""After how many rows that were read it is kept how many there are, and seen whether anybody cancelled."""
SPARE_KEYS: Final = 100
MOST_BYTES_AT_ONCE: Final = 2 * MEGABYTE
"""Of rows in one step: a stranger says how long a row is."""
COUNTS: Final = ("rows", "taken", "registered", "facts", "rejected_rows")


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
        with read_cells(_cells(job, job.place["cells"])) as cells:
            reading = Reading.of(asked, map_of(asked, lambda _: cells.table), asked_file(job), cells.headers)
            reading.readings.evidence = {of: frozenset(shown) for of, shown in job.place["evidence"].items()}
            _store(job, cells, reading)
            notes = notes_of(reading, cells)
    except (FileProblem, ProgrammeError) as error:
        raise Refused(400, *_unreadable(error, asked, asked_file(job))) from None
    return {**_finish(job, asked), "notes": notes}


def _asked(job: Doing) -> Job:
    columns = job.given["columns"]
    return Job(
        programme=job.live.programme,
        today=date.fromisoformat(job.given["today"]),
        columns=_staged(job, columns) if columns else None,
        sheet=job.given["sheet"] or None,
        language=job.language,
        reader=Cage(),
    )


def asked_file(job: Doing) -> Staged:
    """The file that was sent."""
    return _staged(job, job.given["file"])


def _staged(job: Doing, given: Mapping[str, str]) -> Staged:
    """A file in the data folder as it is now: it may have been moved since."""
    return staged(job.data, given["id"], bytes.fromhex(given["key"]), given["name"])


def _unreadable(error: FileProblem | ProgrammeError, job: Job, file: Staged) -> list[Trouble]:
    if isinstance(error, ProgrammeError):
        found = mistakes(error, job.language)
        return [Trouble("file", "import_unread", what=f"{one.entry}: {one.what}", remedy=one.remedy) for one in found]
    says = speaker(job.language)
    what, remedy = says.say(error.message), says.remedy(error.message)
    if error.code in OF_CAGE:  # of two files that were sent it is said which, by the sender's name for it
        name = str(error.path)
        field = "columns" if job.columns and name == job.columns.name != file.name else "file"
        return [Trouble(field, "import_caged", file=shown_text(name), what=what, remedy=remedy)]
    field = "sheet" if error.code in ("no_such_sheet", "no_sheets") else "file"
    return [Trouble(field, "import_unread", what=what[0].upper() + what[1:], remedy=remedy)]


# -- reading -----------------------------------------------------------------------------------------------------------


def _cells(job: Doing, name: str) -> Staged:
    """The rows that are kept of a file, under a key that no other file has: a job that begins again takes another name."""
    return staged(job.data, name, hmac.new(job.key, name.encode(), sha256).digest(), name)


def _read(job: Doing, asked: Job) -> None:
    """Read all rows in the cage and keep them; the files that were sent are of no use then.

    Reading begins anew wherever it is left, so its turn does not end before it does, at the latest with the cage's clock.
    """
    kept, source = _cells(job, token_hex(16)), asked_file(job)
    table = asked.reader.read_table(asked.columns) if asked.columns else None
    columns = map_of(asked, lambda _: table)
    with asked.reader.open_sheet(source, _known(asked, columns), asked.programme.timezone, asked.sheet) as sheet:
        readings = Reading.of(asked, columns, source, sheet.headers).readings
        with job.step(goes_on=True):  # the file is the job's before it is there
            job.place["files"] = [*job.place["files"], kept.id]
        with SealedWriter(kept.path, kept.key, kept.id) as to:
            rows = _write(
                job, CellsWriter(to, sheet.headers, table, _about(sheet)), _seen(sheet.rows, readings), source
            )
    needless = [one for one in job.place["files"] if one != kept.id]  # also what is left of a reading that broke off
    try:
        with job.step():
            job.done, job.total = 0, rows
            job.place = {"files": [kept.id], "cells": kept.id, "block": 0, **dict.fromkeys(COUNTS, 0), "told": 0}
            job.place["evidence"] = {of: sorted(shown) for of, shown in readings.evidence.items()}
    except Ended:  # raised before the step, or after it was committed
        _discard(job, needless if "cells" in job.place else [])
        raise
    _discard(job, needless)


def _known(asked: Job, columns: ColumnMap) -> list[str]:
    """Names that a header may well have, who somebody is among them."""
    names = names_of(asked.programme).known
    return [*known_names(asked.programme, columns), *(name for name, (of, _) in names.items() if of in IDENTITY)]


def _about(sheet: Sheet) -> dict[str, Sequence[str]]:
    unread = [*sheet.others, *sheet.hidden] if sheet.name else []
    return {"sheet": [sheet.name], "unread": unread, "twice": sheet.twice, "written": sheet.written}


def _seen(rows: Iterator[Row], readings: Readings) -> Iterator[Row]:
    """The same rows; what each shows of its columns is taken on the way."""
    for row in rows:
        readings.see(row.cells)
        yield row


def _discard(job: Doing, files: Sequence[str]) -> None:
    for one in files:
        discard(staged(job.data, one, b"", ""))


def _write(job: Doing, to: CellsWriter, rows: Iterator[Row], source: Staged) -> int:
    count = 0
    for count, row in enumerate(rows, 1):
        if count > job.given["most_rows"]:
            raise FileProblem(source.name, "many_rows", most=job.given["most_rows"])
        try:
            to.write(row)
        except BadFrame:
            raise FileProblem(source.name, "cage_output", most=LARGEST_FRAME // MEGABYTE) from None
        if count % TELL_EVERY == 0:
            with job.step(goes_on=True):
                job.done = count
    if not count:
        raise FileProblem(source.name, "no_rows")
    return count


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
    while chunk := _chunk(cells, rows, job.pace.size):
        lines = [_line(reading, row) for row, _ in chunk]
        readable = [one for one in lines if isinstance(one, Line)]
        with spare.taken(len(readable)) as ids, job.step(len(chunk)) as tx:
            place = dict(job.place)
            taken = iter(take_each(tx, job.actor, readable, agreed, ids))
            for line in lines:
                _count(job, next(taken) if isinstance(line, Line) else line, place)
            place["rows"] += len(chunk)
            job.place, job.done = place | {"block": chunk[-1][1]}, place["rows"]


def _chunk(cells: CellsReader, rows: Iterator[tuple[Row, int]], most: int) -> list[tuple[Row, int]]:
    """The next rows, at most so many, fewer where they are long: nobody's rows fill the memory."""
    chunk: list[tuple[Row, int]] = []
    begin = 0
    for one in itertools.islice(rows, most):
        begin = begin or cells.tell()  # before the first it is not where the rows are
        chunk.append(one)
        if cells.tell() - begin > MOST_BYTES_AT_ONCE:
            break
    return chunk


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


def _count(job: Doing, outcome: Taken | Rejected, place: dict[str, Any]) -> None:
    """Count what became of a row; what stood in its way is told."""
    if isinstance(outcome, Rejected):
        place["rejected_rows"] += 1
        told = _told(job, outcome, MOST_REJECTIONS - place["told"])
        place["told"] += len(told)
        job.add(*told)
        return
    place["taken"] += 1
    place["registered"] += outcome.registered
    place["facts"] += outcome.facts


def _told(job: Doing, error: Rejected, most: int) -> Sequence[dict[str, Any]]:
    """The problems of a row in words, as many as there is room for."""
    some = Rejected(error.row, error.participant, error.problems[:most])
    return [
        {
            "row": number,
            "line": line,
            "cell": cell,
            "field": shown_text(column),
            "value": shown_text(value),
            "remedy": shown_text(remedy, 1000),
        }
        for number, line, cell, _, column, value, remedy in some.table(_asked(job).says)
    ]


def _finish(job: Doing, asked: Job) -> Mapping[str, Any]:
    """Keep that this file was imported, with the last step."""
    place, account = job.place, job.actor.account_id
    content = job.given["sha256"]
    if "kept" in place:
        return {name: place[name] for name in COUNTS}
    with job.step() as tx:
        job.place = place | {"kept": True}
        mark = hmac.new(_files_key(tx), f"{content}:{asked.sheet or ''}".encode(), sha256).hexdigest()
        mine = (IMPORTS.c.account_id == account) & (IMPORTS.c.file_index == mark)
        before = tx.one(select(IMPORTS).where(mine))
        if before and not place["registered"] and not place["facts"]:  # else what was in the way then is mended now
            raise _twice(before, asked)
        tx.run(delete(IMPORTS).where(mine))
        done = new_id()
        counts = {"rows_taken": place["taken"], "rows_rejected": place["rejected_rows"]}
        tx.run(insert(IMPORTS).values(id=done, account_id=account, file_index=mark, at=tx.now, **counts))
        note(tx, job.actor, "imported", "import", done, registered=place["registered"], rows=place["taken"])
    return {name: place[name] for name in COUNTS}


def _files_key(tx: Transaction) -> bytes:
    try:
        return tx.vault.key(KNOWN_FILES)
    except Erased:
        return tx.vault.make(KNOWN_FILES)


def _twice(before: SqlRow[Any], asked: Job) -> Refused:
    on = before.at.astimezone(ZoneInfo(asked.programme.timezone)).date()
    return Refused(409, Trouble("file", "import_twice", on=on, rows=before.rows_taken))
