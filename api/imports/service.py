"""Importing a sheet of participants: new ones are registered, known ones get the facts that are new.

The whole file is one transaction; a bad row is reported with row, field, value and remedy, and the good ones go on. The
same file again is refused where nothing in it is new; the same rows in another file write nothing twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import delete, insert, select

from api.advice.participant_rows import Job, Ready, Rejected, map_of, read_row
from api.audit.service import note
from api.consents import service as consents
from api.consents.service import Agreement
from api.files.cage import CAGE_FULL, OF_CAGE
from api.files.rows import FileProblem, Row
from api.files.sources import Source
from api.imports.tables import IMPORTS
from api.participants import evidence, people
from api.participants.forms import read_identity
from api.participants.people import Person
from api.participants.tables import PARTICIPANTS
from api.record.actor import Actor
from api.record.refusals import Refused, Trouble
from api.record.transaction import Record, Transaction, new_id
from api.web.errors import shown_text
from api.web.forms import Form
from api.web.receiving import Uploaded
from matcher.facts.participant import ParticipantError, read_participant
from matcher.message import Message
from matcher.programme.reading import ProgrammeError
from training_data.columns import CellProblem, ColumnMap, check_headers, plain_map
from words.mistakes import mistakes
from words.speaking import Speaker, speaker

IDENTITY: Final = {
    "name": ("name", "nama"),
    "nik": ("nik",),
    "phone": ("phone", "telepon", "no_hp", "hp"),
}
"""The columns, in any case, that say who somebody is; the others are signals or are read by the column map."""
MOST_ROWS: Final = 2_000
"""Of a file: it is one transaction, and other writers wait meanwhile. Our choice; a larger sheet comes in several files."""
MOST_REJECTIONS: Final = 1_000
"""Problems that are told of a file; of more it is told how many rows were not taken."""

MOST_STRANGE: Final = 50
"""Names in a line of JSON that nobody knows; with more of them the line is told of as a whole."""


@dataclass
class Imported:
    """What became of a file: how many rows, people and facts, and every problem as (row, field, value, remedy)."""

    rows: int = 0
    taken: int = 0
    registered: int = 0
    facts: int = 0
    problems: list[dict[str, Any]] = field(default_factory=list)
    rejected_rows: int = 0


@dataclass(frozen=True)
class _Line:
    """One row that could be read."""

    row: Row
    ready: Ready
    identity: Mapping[str, str]


def import_sheet(
    record: Record,
    actor: Actor,
    job: Job,
    file: Uploaded,
    agreed: Agreement,
    progress: Callable[[int, int], None] | None = None,
) -> Imported:
    """Import a file for the asking mentor; everybody new in it agreed as `agreed` says.

    Raises:
        Refused: 409 if this file was imported before; 400 if it cannot be read at all; 503 if too many others are read.
    """
    try:
        lines, found = _read(job, file.staged)
    except (FileProblem, ProgrammeError) as error:
        status = 503 if isinstance(error, FileProblem) and error.code == CAGE_FULL else 400
        raise Refused(status, *_unreadable(error, job, file)) from None
    mark = record.keys.blind("imports", f"{file.sha256}:{job.sheet}" if job.sheet else file.sha256)
    with record.write() as tx:
        before = tx.one(select(IMPORTS).where(IMPORTS.c.account_id == actor.account_id, IMPORTS.c.file_index == mark))
        for number, line in enumerate(lines, 1):
            _take(tx, actor, line, agreed, found, job)
            if progress:
                progress(number, len(lines))
        if before and not found.registered and not found.facts:  # else a row that was in the way then is mended now
            on = before.at.astimezone(ZoneInfo(job.programme.timezone)).date()
            raise Refused(409, Trouble("file", "import_twice", on=on, rows=before.rows_taken))
        counts = {"rows_taken": found.taken, "rows_rejected": found.rejected_rows}
        tx.run(delete(IMPORTS).where(IMPORTS.c.file_index == mark, IMPORTS.c.account_id == actor.account_id))
        done = new_id()
        entry = {"id": done, "account_id": actor.account_id, "file_index": mark, "at": tx.now, **counts}
        tx.run(insert(IMPORTS).values(entry))
        note(tx, actor, "imported", "import", done, registered=found.registered, rows=found.taken)
    return found


def _unreadable(error: FileProblem | ProgrammeError, job: Job, file: Uploaded) -> list[Trouble]:
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


def _read(job: Job, source: Source) -> tuple[list[_Line], Imported]:
    found, lines = Imported(), []
    columns = map_of(job)
    names = [name for names in IDENTITY.values() for name in names]
    known = [*columns.headers, *names, *(name.upper() for name in names), *(name.capitalize() for name in names)]
    known_here = frozenset(known)
    with job.reader.open_sheet(source, known, job.programme.timezone, job.sheet) as sheet:
        who = _identity_columns(sheet.headers or ())
        if sheet.headers is not None:
            rest = [name for name in sheet.headers if name not in who.values()]
            columns = columns if job.columns else plain_map(job.programme, rest, source.name)
            check_headers(columns, rest, source.name)
        if not columns.participant and "nik" not in who and sheet.headers is not None:
            raise FileProblem(source.name, "nobody_known")
        for row in sheet.rows:
            found.rows += 1
            if found.rows > MOST_ROWS:
                raise FileProblem(source.name, "many_rows", most=MOST_ROWS)
            who = who if sheet.headers is not None else _identity_columns(row.cells)  # JSON names them row by row
            try:
                if sheet.headers is None:
                    _check_names(row, known_here)
                lines.append(_line(job, columns, row, who))
            except Rejected as error:
                _reject(found, error, job.says)
    if not found.rows:
        raise FileProblem(source.name, "no_rows")
    return lines, found


def _check_names(row: Row, known: frozenset[str]) -> None:
    """Tell of many strange names in one line together: each for itself would take longer than the file is worth."""
    strange = [name for name in row.cells if name not in known]
    if len(strange) > MOST_STRANGE:
        names = ", ".join(strange[:3])
        raise Rejected(
            row, "", [CellProblem("", None, Message("many_strange", {"count": len(strange), "names": names}))]
        )


def _identity_columns(headers: Any) -> dict[str, str]:
    """Which header says the name, the NIK, the phone."""
    found = {}
    for header in headers:
        for what, names in IDENTITY.items():
            if header.strip().casefold() in names and what not in found:
                found[what] = header
    return found


def _line(job: Job, columns: ColumnMap, row: Row, who: Mapping[str, str]) -> _Line:
    cells = {name: value for name, value in row.cells.items() if name not in who.values()}
    problems: list[CellProblem] = []
    form = Form({what: _text(row.cells.get(header)) for what, header in who.items()}, from_page=True)
    identity = read_identity(form, name_wanted=False)
    for trouble in form.troubles:
        problems.append(_problem(who.get(trouble.field, trouble.field), trouble))
    try:
        ready = read_row(job, columns, replace(row, cells=cells))
    except Rejected as error:
        others = [replace(one, value=None) if one.field in who.values() else one for one in error.problems]
        raise Rejected(row, error.participant, [*others, *problems]) from None
    named = bool(columns.participant) and (columns.participant in row.cells or not columns.plain)
    if not named and not identity["nik"]:  # the row's number, which then stands for an id, is nobody's in another file
        problems.append(_problem(who.get("nik", "nik"), Trouble("nik", "bad_nik")))
    read_id = Form({"own_id": ready.id if named else ""}, from_page=True)
    own = read_id.text("own_id", wanted=False, most=60)  # as where somebody is registered by hand
    problems += [_problem(columns.participant, trouble) for trouble in read_id.troubles]
    if problems:
        raise Rejected(row, ready.id, problems)
    return _Line(
        replace(row, cells={}), replace(ready, id=own), {name: text for name, text in identity.items() if text}
    )


def _text(cell: Any) -> str:
    """A cell of an identity column as text: some programs keep a phone number as a number with a tail of .0."""
    if cell is None:
        return ""
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)


def _problem(column: str, trouble: Trouble) -> CellProblem:
    """A trouble of a row as a problem of a column; the value of an identity column is not repeated."""
    return CellProblem(column, None, trouble.message)


def _reject(found: Imported, error: Rejected, says: Speaker) -> None:
    found.rejected_rows += 1
    room = MOST_REJECTIONS - len(found.problems)
    if room > 0:
        error = Rejected(error.row, error.participant, error.problems[:room])
        for number, line, cell, _, column, value, remedy in error.table(says):
            told = {"field": shown_text(column), "value": shown_text(value), "remedy": shown_text(remedy, 1000)}
            entry = {"row": number, "line": line, "cell": cell, **told}
            found.problems.append(entry)


# -- writing -----------------------------------------------------------------------------------------------------------


def _take(tx: Transaction, actor: Actor, line: _Line, agreed: Agreement, found: Imported, job: Job) -> None:
    """Store one row; what stands in its way becomes a problem of that row."""
    try:
        person, is_new = _person(tx, actor, line, agreed)
        if not is_new:
            consents.require(tx, person.id, "record")
        before = evidence.evidence_of(tx, person)
        fresh = _facts(line)
        if not is_new:  # a row alone was checked when it was read; beside what is known it may contradict
            together = [*before, *evidence.as_evidence(fresh, before, tx.now)]
            known = evidence.signals_of(together, line.ready.rules.day)
            read_participant(line.ready.rules, evidence.readable(line.ready.rules, known))
        new = evidence.store(tx, actor, person, fresh, before, "", source="import")
    except Refused as error:
        problems = [_problem(trouble.field, trouble) for trouble in error.troubles]
        _reject(found, Rejected(line.row, line.ready.id, problems), job.says)
        return
    except ParticipantError as error:
        words = [CellProblem(p.field, p.value, p.message) for p in error.problems]
        _reject(found, Rejected(line.row, line.ready.id, words), job.says)
        return
    found.taken += 1
    found.registered += is_new
    found.facts += new


def _person(tx: Transaction, actor: Actor, line: _Line, agreed: Agreement) -> tuple[Person, bool]:
    """Who a row is about: somebody known by id or NIK, or somebody new."""
    index = people.indices(tx, actor.organisation_id, line.identity, line.ready.id)
    mine = PARTICIPANTS.c.organisation_id == actor.organisation_id
    ids = set()
    for name in ("own_index", "nik_index"):
        if name in index:
            ids |= {
                row.id for row in tx.all(select(PARTICIPANTS.c.id).where(mine, PARTICIPANTS.c[name] == index[name]))
            }
    if len(ids) > 1:
        raise Refused(409, Trouble("nik", "known_nik_index"))
    if ids:
        known = tx.one(select(PARTICIPANTS).where(PARTICIPANTS.c.id == ids.pop()))
        assert known is not None
        if known.mentor_id != actor.account_id:
            by_nik = known.nik_index is not None and known.nik_index == index.get("nik_index")
            raise Refused(409, Trouble(*("nik", "known_nik_index") if by_nik else ("participant", "elsewhere")))
        for name, field_, code in (("nik_index", "nik", "another_nik"), ("own_index", "participant", "another_own_id")):
            if name in index and known._mapping[name] not in (None, index[name]):
                raise Refused(409, Trouble(field_, code))
        return people.person_of(known, tx.vault.key(known.id)), False
    return people.register(tx, actor, line.identity, agreed, line.ready.id), True


def _facts(line: _Line) -> dict[str, dict[str, Any]]:
    """The facts of a row: true on the row's day."""
    day = line.ready.rules.day
    found = {}
    for name, fact in line.ready.participant.facts.items():
        value = fact.value.isoformat() if hasattr(fact.value, "isoformat") else fact.value
        found[name] = {"value": value, "on": (fact.on or day).isoformat(), "proof": fact.proof}
    return found
