"""Sheets in a job: a file that was sent is read once, in the cage; its rows are kept sealed and gone through step by step.

What a row means is said by the noun that it is about: participants here, outcomes above.
"""

from __future__ import annotations

import hmac
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import sha256
from secrets import token_hex
from typing import Any, Final

from sqlalchemy import delete, insert, select

from api.advice.participant_rows import Rejected
from api.audit.service import note
from api.files.cage import MEGABYTE, OF_CAGE, Reader
from api.files.packing import LARGEST_FRAME, BadFrame
from api.files.rows import FileProblem, Known, Row, Sheet
from api.imports.cells import CellsReader, CellsWriter
from api.imports.tables import IMPORTS
from api.participants.rights import KNOWN_FILES
from api.record.doing import Doing, Ended
from api.record.key_store import Erased
from api.record.refusals import Refused, Trouble
from api.record.sealed_files import SealedWriter
from api.record.staging import Staged, discard, staged
from api.record.transaction import Transaction, new_id
from api.web.errors import shown_text
from words.speaking import Speaker, speaker

MOST_REJECTIONS: Final = 1_000
"""Problems that are told of a file; of more it is told how many rows were not taken."""
TELL_EVERY: Final = 2_000
"""After how many rows that were read it is kept how many there are, and seen whether anybody cancelled."""
MOST_BYTES_AT_ONCE: Final = 2 * MEGABYTE
"""Of rows in one step: a stranger says how long a row is."""
Headers = tuple[str, ...] | None


def asked_file(job: Doing) -> Staged:
    """The file that was sent."""
    return sent_file(job, job.given["file"])


def sent_file(job: Doing, given: Mapping[str, str]) -> Staged:
    """A file in the data folder as it is now: it may have been moved since."""
    return staged(job.data, given["id"], bytes.fromhex(given["key"]), given["name"])


def unreadable(error: FileProblem, language: str, file: Staged, columns: str = "") -> list[Trouble]:
    """Why a file cannot be read at all; `columns`: the name of the column map that came with it."""
    says = speaker(language)
    what, remedy = says.say(error.message), says.remedy(error.message)
    if error.code in OF_CAGE:  # of two files that were sent it is said which, by the sender's name for it
        name = str(error.path)
        field = "columns" if columns and name == columns != file.name else "file"
        return [Trouble(field, "import_caged", file=shown_text(name), what=what, remedy=remedy)]
    field = "sheet" if error.code in ("no_such_sheet", "no_sheets") else "file"
    return [Trouble(field, "import_unread", what=what[0].upper() + what[1:], remedy=remedy)]


# -- reading -----------------------------------------------------------------------------------------------------------


def kept_rows(job: Doing, name: str) -> Staged:
    """The rows that are kept of a file, under a key that no other file has: a job that begins again takes another name."""
    return staged(job.data, name, hmac.new(job.key, name.encode(), sha256).digest(), name)


def keep_rows(
    job: Doing,
    reader: Reader,
    known: Known,
    check: Callable[[Headers], object],
    place: Callable[[], Mapping[str, Any]],
    table: Any = None,
    see: Callable[[Row], object] = lambda row: None,
) -> None:
    """Read all rows of the file in the cage and keep them; the files that were sent are of no use then.

    `known`: names that a header may well have. `check`: sees that a file with these headers can be used, or raises. `place`:
    says where the job then is, beside where its rows are. `table`: what belongs to all rows. `see`: looks at each.

    Reading begins anew wherever it is left, so its turn does not end before it does, at the latest with the cage's clock.
    """
    kept, source = kept_rows(job, token_hex(16)), asked_file(job)
    with reader.open_sheet(source, known, job.live.programme.timezone, job.given["sheet"] or None) as sheet:
        check(sheet.headers)
        with job.step(goes_on=True):  # the file is the job's before it is there
            job.place["files"] = [*job.place["files"], kept.id]
        with SealedWriter(kept.path, kept.key, kept.id) as to:
            rows = _write(job, CellsWriter(to, sheet.headers, table, _about(sheet)), _seen(sheet.rows, see), source)
    needless = [one for one in job.place["files"] if one != kept.id]  # also what is left of a reading that broke off
    try:
        with job.step():
            job.done, job.total = 0, rows
            job.place = {"files": [kept.id], "cells": kept.id, "block": 0, "told": 0, **place()}
    except Ended:  # raised before the step, or after it was committed
        _discard(job, needless if "cells" in job.place else [])
        raise
    _discard(job, needless)


def _about(sheet: Sheet) -> dict[str, Sequence[str]]:
    unread = [*sheet.others, *sheet.hidden] if sheet.name else []
    return {"sheet": [sheet.name], "unread": unread, "twice": sheet.twice, "written": sheet.written}


def _seen(rows: Iterator[Row], see: Callable[[Row], object]) -> Iterator[Row]:
    for row in rows:
        see(row)
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


def next_rows(cells: CellsReader, rows: Iterator[tuple[Row, int]], most: int) -> list[tuple[Row, int]]:
    """The next rows, at most so many, fewer where they are long: nobody's rows fill the memory."""
    chunk: list[tuple[Row, int]] = []
    begin = 0
    for one in itertools.islice(rows, most):
        begin = begin or cells.tell()  # before the first it is not where the rows are
        chunk.append(one)
        if cells.tell() - begin > MOST_BYTES_AT_ONCE:
            break
    return chunk


def tell(job: Doing, error: Rejected, says: Speaker, **more: Any) -> None:
    """Keep the problems of a row in words, as many as there is room for; `more`: what is kept beside each."""
    some = Rejected(error.row, error.participant, error.problems[: MOST_REJECTIONS - job.place["told"]])
    told = [
        {
            "row": number,
            "line": line,
            "cell": cell,
            "field": shown_text(column),
            "value": shown_text(value),
            "remedy": shown_text(remedy, 1000),
            **more,
        }
        for number, line, cell, _, column, value, remedy in some.table(says)
    ]
    job.place["told"] += len(told)
    job.add(*told)


# -- the end -----------------------------------------------------------------------------------------------------------


def keep_import(tx: Transaction, job: Doing, *, is_new: bool, taken: int, rejected: int, **noted: Any) -> None:
    """Keep that this file was imported, with the last step; `is_new`: whether anything in it was.

    Raises:
        Refused: 409 where it was imported before and nothing in it was new.
    """
    account = job.actor.account_id
    mark = hmac.new(_files_key(tx), f"{job.given['sha256']}:{job.given['sheet']}".encode(), sha256).hexdigest()
    mine = (IMPORTS.c.account_id == account) & (IMPORTS.c.file_index == mark)
    before = tx.one(select(IMPORTS).where(mine))
    if before and not is_new:  # else what was in the way then is mended now
        on = before.at.astimezone(job.live.zone).date()
        raise Refused(409, Trouble("file", "import_twice", on=on, rows=before.rows_taken))
    tx.run(delete(IMPORTS).where(mine))
    done = new_id()
    counts = {"rows_taken": taken, "rows_rejected": rejected}
    tx.run(insert(IMPORTS).values(id=done, account_id=account, file_index=mark, at=tx.now, **counts))
    note(tx, job.actor, "imported", "import", done, rows=taken, **noted)


def _files_key(tx: Transaction) -> bytes:
    try:
        return tx.vault.key(KNOWN_FILES)
    except Erased:
        return tx.vault.make(KNOWN_FILES)
