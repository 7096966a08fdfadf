"""Reading a sheet of participants: which columns say who somebody is, and each row as facts or with all its problems."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Final

from api.advice.participant_rows import Job, Ready, Rejected, read_row, readings_of
from api.advice.readings import Readings, Told, known_names
from api.advice.told import questions, understood, unread
from api.files.headers import Known, names_of
from api.files.rows import FileProblem, Row
from api.files.sources import Source
from api.imports.cells import CellsReader
from api.participants.forms import read_identity
from api.record.refusals import Trouble
from api.web.forms import Form
from matcher.facts.doubts import Doubted
from matcher.message import Message
from matcher.programme.entries import Programme
from training_data.columns import CellProblem, ColumnMap
from words.telling import teller

IDENTITY: Final = ("name", "nik", "phone")
"""What a column may say of who somebody is; the others are signals or are read by the column map."""
_TAIL: Final = re.compile(r"^(\s*\+?[0-9]{6,})\.0\s*$")
MOST_LOOKED_AT: Final = 5_000
"""Rows of a sheet of which it is counted how they were read."""
MOST_STRANGE: Final = 50
"""Names in a line of JSON that nobody knows; with more of them the line is told of as a whole."""


@dataclass(frozen=True)
class Line:
    """One row that could be read."""

    row: Row
    ready: Ready
    identity: Mapping[str, str]


@dataclass(frozen=True)
class Reading:
    """How the rows of a sheet are read: what was asked, by which columns, and which of them say who somebody is.

    `who` None: each row names its own columns.
    """

    job: Job
    readings: Readings
    who: Mapping[str, str] | None

    @classmethod
    def of(cls, job: Job, columns: ColumnMap, source: Source, headers: tuple[str, ...] | None) -> Reading:
        """See that a sheet with these headers can be read as it is asked, by its column map.

        Raises:
            ProgrammeError, FileProblem: if it cannot.
        """
        if headers is None:
            return cls(job, Readings(job.programme, columns), None)
        who = identity_columns(job.programme, headers)
        rest = [name for name in headers if name not in who.values()] if job.columns else list(headers)
        readings = readings_of(job, columns, source, rest)
        if not readings.columns.participant and "nik" not in who and not {"name", "phone"} <= set(who):
            raise FileProblem(source.name, "nobody_known")
        return cls(job, readings, who)

    def line(self, row: Row) -> Line:
        """Read one row.

        Raises:
            Rejected: with every problem found in it.
        """
        if self.who is not None:
            return _line(self.job, self.readings, row, self.who)
        _check_names(row, frozenset(known_names(self.job.programme, self.readings.columns)))
        return _line(self.job, self.readings, row, identity_columns(self.job.programme, row.cells))


def doubted(columns: ColumnMap, line: Line, found: Sequence[Doubted], language: str) -> Rejected:
    """The doubts about a row that was taken, told as its problems would be: by the first of its columns that says so."""
    t, facts = teller(line.ready.rules, language), line.ready.participant.facts
    problems = []
    for one in found:
        name = next(name for name in one.signals if name in facts)
        message = Message("doubted", {"said": t.doubt(one)})
        problems.append(CellProblem(columns.column_of(name), facts[name].value, message))
    return Rejected(line.row, line.ready.id, problems)


def notes_of(reading: Reading, cells: CellsReader) -> list[str]:
    """What there is to tell of how a sheet was read, in the language of who asked, from its first rows."""
    readings, t, about = reading.readings, reading.job.says, cells.about
    lines = list(unread(t, readings.found.left_out if readings.found else {}, about["twice"], about["written"]))
    if about["unread"]:
        lines.insert(0, t.sentence("", "sheets_unread", name=about["sheet"][0], names=", ".join(about["unread"])))
    readings.told = Told()
    for row, _ in islice(cells.rows(0), MOST_LOOKED_AT):
        with suppress(Rejected):
            read_row(reading.job, readings, row)
    lines += [
        t.sentence("", "understood_cells", line=line, count=count) for line, count in understood(t, readings.told)
    ]
    return [*lines, *questions(t, readings.told)]


def _check_names(row: Row, known: frozenset[str]) -> None:
    """Tell of many strange names in one line together: each for itself would take longer than the file is worth."""
    strange = [name for name in row.cells if name not in known]
    if len(strange) > MOST_STRANGE:
        names = ", ".join(strange[:3])
        raise Rejected(
            row, "", [CellProblem("", None, Message("many_strange", {"count": len(strange), "names": names}))]
        )


def identity_columns(programme: Programme, headers: Iterable[str]) -> dict[str, str]:
    """Which header says the name, the NIK, the phone."""
    names, found = names_of(programme), dict[str, str]()
    for header in headers:
        known = names.find(header)
        if isinstance(known, Known) and known.of in IDENTITY:
            found.setdefault(known.of, header)
    return found


def _line(job: Job, readings: Readings, row: Row, who: Mapping[str, str]) -> Line:
    columns = readings.columns
    cells = {name: value for name, value in row.cells.items() if name not in who.values()}
    problems: list[CellProblem] = []
    form = Form({what: _text(row.cells.get(header)) for what, header in who.items()}, from_page=True)
    identity = read_identity(form, name_wanted=False)
    for trouble in form.troubles:
        problems.append(problem_of(who.get(trouble.field, trouble.field), trouble))
    try:
        ready = read_row(job, readings, replace(row, cells=cells))
    except Rejected as error:
        others = [replace(one, value=None) if one.field in who.values() else one for one in error.problems]
        raise Rejected(row, error.participant, [*others, *problems]) from None
    named = bool(columns.participant) and (columns.participant in row.cells or not columns.plain)
    if not named and not identity["nik"] and not (identity["name"] and identity["phone"]):
        # The row's number, which then stands for an id, is nobody's in another file.
        problems.append(problem_of(who.get("nik", "nik"), Trouble("nik", "nobody_in_row")))
    read_id = Form({"own_id": ready.id if named else ""}, from_page=True)
    own = read_id.text("own_id", wanted=False, most=60)  # as where somebody is registered by hand
    problems += [problem_of(columns.participant, trouble) for trouble in read_id.troubles]
    if problems:
        raise Rejected(row, ready.id, problems)
    return Line(replace(row, cells={}), replace(ready, id=own), {name: text for name, text in identity.items() if text})


def _text(cell: Any) -> str:
    """A cell of an identity column as text: some programs keep a phone number with a tail of .0, also as text."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return _TAIL.sub(r"\1", str(cell))


def problem_of(column: str, trouble: Trouble) -> CellProblem:
    """A trouble of a row as a problem of a column; the value of an identity column is not repeated."""
    return CellProblem(column, None, trouble.message)
