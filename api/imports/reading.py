"""Reading a sheet of participants: which columns say who somebody is, and each row as facts or with all its problems."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from api.advice.participant_rows import Job, Ready, Rejected, read_row
from api.files.rows import FileProblem, Row
from api.files.sources import Source
from api.participants.forms import read_identity
from api.record.refusals import Trouble
from api.web.forms import Form
from matcher.facts.doubts import Doubted
from matcher.message import Message
from training_data.columns import CellProblem, ColumnMap, check_headers, plain_map
from words.telling import teller

IDENTITY: Final = {
    "name": ("name", "nama"),
    "nik": ("nik",),
    "phone": ("phone", "telepon", "no_hp", "hp"),
}
"""The columns, in any case, that say who somebody is; the others are signals or are read by the column map."""
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

    `headers` None: each row names its own columns.
    """

    job: Job
    columns: ColumnMap
    headers: tuple[str, ...] | None

    @classmethod
    def of(cls, job: Job, columns: ColumnMap, source: Source, headers: tuple[str, ...] | None) -> Reading:
        """See that a sheet with these headers can be read as it is asked, by its column map.

        Raises:
            ProgrammeError, FileProblem: if it cannot.
        """
        if headers is not None:
            who = identity_columns(headers)
            rest = [name for name in headers if name not in who.values()]
            columns = columns if job.columns else plain_map(job.programme, rest, source.name)
            check_headers(columns, rest, source.name)
            if not columns.participant and "nik" not in who:
                raise FileProblem(source.name, "nobody_known")
        return cls(job, columns, headers)

    def line(self, row: Row) -> Line:
        """Read one row.

        Raises:
            Rejected: with every problem found in it.
        """
        if self.headers is not None:
            return _line(self.job, self.columns, row, identity_columns(self.headers))
        _check_names(row, frozenset(known_names(self.columns)))
        return _line(self.job, self.columns, row, identity_columns(row.cells))


def doubted(columns: ColumnMap, line: Line, found: Sequence[Doubted], language: str) -> Rejected:
    """The doubts about a row that was taken, told as its problems would be: by the first of its columns that says so."""
    t, facts = teller(line.ready.rules, language), line.ready.participant.facts
    problems = []
    for one in found:
        name = next(name for name in one.signals if name in facts)
        message = Message("doubted", {"said": t.doubt(one)})
        problems.append(CellProblem(columns.column_of(name), facts[name].value, message))
    return Rejected(line.row, line.ready.id, problems)


def known_names(columns: ColumnMap) -> list[str]:
    """Names that a header may well have."""
    names = [name for names in IDENTITY.values() for name in names]
    return [*columns.headers, *names, *(name.upper() for name in names), *(name.capitalize() for name in names)]


def _check_names(row: Row, known: frozenset[str]) -> None:
    """Tell of many strange names in one line together: each for itself would take longer than the file is worth."""
    strange = [name for name in row.cells if name not in known]
    if len(strange) > MOST_STRANGE:
        names = ", ".join(strange[:3])
        raise Rejected(
            row, "", [CellProblem("", None, Message("many_strange", {"count": len(strange), "names": names}))]
        )


def identity_columns(headers: Any) -> dict[str, str]:
    """Which header says the name, the NIK, the phone."""
    found = {}
    for header in headers:
        for what, names in IDENTITY.items():
            if header.strip().casefold() in names and what not in found:
                found[what] = header
    return found


def _line(job: Job, columns: ColumnMap, row: Row, who: Mapping[str, str]) -> Line:
    cells = {name: value for name, value in row.cells.items() if name not in who.values()}
    problems: list[CellProblem] = []
    form = Form({what: _text(row.cells.get(header)) for what, header in who.items()}, from_page=True)
    identity = read_identity(form, name_wanted=False)
    for trouble in form.troubles:
        problems.append(problem_of(who.get(trouble.field, trouble.field), trouble))
    try:
        ready = read_row(job, columns, replace(row, cells=cells))
    except Rejected as error:
        others = [replace(one, value=None) if one.field in who.values() else one for one in error.problems]
        raise Rejected(row, error.participant, [*others, *problems]) from None
    named = bool(columns.participant) and (columns.participant in row.cells or not columns.plain)
    if not named and not identity["nik"]:  # the row's number, which then stands for an id, is nobody's in another file
        problems.append(problem_of(who.get("nik", "nik"), Trouble("nik", "bad_nik")))
    read_id = Form({"own_id": ready.id if named else ""}, from_page=True)
    own = read_id.text("own_id", wanted=False, most=60)  # as where somebody is registered by hand
    problems += [problem_of(columns.participant, trouble) for trouble in read_id.troubles]
    if problems:
        raise Rejected(row, ready.id, problems)
    return Line(replace(row, cells={}), replace(ready, id=own), {name: text for name, text in identity.items() if text})


def _text(cell: Any) -> str:
    """A cell of an identity column as text: some programs keep a phone number as a number with a tail of .0."""
    if cell is None:
        return ""
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)


def problem_of(column: str, trouble: Trouble) -> CellProblem:
    """A trouble of a row as a problem of a column; the value of an identity column is not repeated."""
    return CellProblem(column, None, trouble.message)
