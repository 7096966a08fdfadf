"""Readings: the rows of a sheet read by its columns, each column by the one reader of texts, the whole of it as evidence.

A column map says what it says; what it leaves open, and all of a sheet without a map, is read as people write it. What is
not certain is a problem of its cell that asks, never a value.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final
from zoneinfo import ZoneInfo

from api.files.headers import Columns, columns_of, names_of, zone_of
from api.files.rows import FileProblem
from api.files.texts import NOTHING, Hints, Read, Reader
from matcher.facts.participant import units_between
from matcher.message import Message
from matcher.programme.entries import Programme
from training_data.columns import CellProblem, Column, ColumnMap, as_text

WITH_EVIDENCE: Final = ("number", "money", "date", "choice")
"""Kinds whose texts tell something of each other."""
MOST_NAMED: Final = 8
AS_OF: Final = "as_of"
MOST_TOLD: Final = 1_000
"""Different texts of a file of which it is counted how they were read."""


@dataclass
class Told:
    """What there is to tell of a file: by column, text and what it was read as, how many cells; by column its questions."""

    readings: Counter[tuple[str, str, str, Any]] = field(default_factory=Counter)
    questions: dict[tuple[str, str], Message] = field(default_factory=dict)
    asked: Counter[tuple[str, str]] = field(default_factory=Counter)

    def note(self, header: str, text: str, signal: str, read: Read) -> None:
        """Count how a cell was read, where it did not stand there plainly."""
        if read.question is not None:
            key = (header, read.question.code)
            self.questions.setdefault(key, read.question)
            self.asked[key] += 1
        elif read.told:
            value = tuple(read.value) if isinstance(read.value, list) else read.value
            if (header, text, signal, value) in self.readings or len(self.readings) < MOST_TOLD:
                self.readings[header, text, signal, value] += 1


class Readings:
    """Reads the rows of one sheet. `see` every row first, or give the `evidence` of an earlier look."""

    def __init__(self, programme: Programme, columns: ColumnMap, found: Columns | None = None) -> None:
        self.columns, self.found, self.told = columns, found, Told()
        self.evidence: dict[str, frozenset[str]] = {}  # by signal
        writing, local = programme.writing, ZoneInfo(programme.timezone)
        known = found.known if found else {}
        self._readers: list[tuple[Column, Reader]] = []
        for column in columns.columns:
            hints = known[column.source].hints if column.source in known else _hints(column, plain=columns.plain)
            self._readers.append((column, Reader(column.signal, writing, local, hints)))
        self._day = Reader(None, writing, local, Hints(zone=zone_of(columns.as_of)))
        self._city = (found.header_of("city") if found else None) or ""
        self._seen = [(c.signal.id, c.source, reader) for c, reader in self._readers if _tells(c, reader)]
        self._seen += [(AS_OF, columns.as_of, self._day)] if columns.as_of else []

    def see(self, cells: Mapping[str, Any]) -> None:
        """Take what a row shows of its columns."""
        for of, header, reader in self._seen:
            cell = cells.get(header)
            if cell is None or cell == "":
                continue
            shown = reader.evidence(cell)
            if shown and not shown <= (known := self.evidence.get(of, NOTHING)):
                self.evidence[of] = known | shown

    def day_of(self, cells: Mapping[str, Any]) -> date | None:
        """The day on which a row was true, or None where no column says.

        Raises:
            ValueError: if the cell is no day; with its question where it may be two.
        """
        header = self.columns.as_of
        cell = cells.get(header) if header else None
        read = self._day.read(cell, self.evidence.get(AS_OF, NOTHING))
        if read.question is None and self.columns.as_of_format and isinstance(cell, str):
            try:
                return self.columns.day_of(cells)
            except ValueError:
                pass
        self.told.note(header, as_text(cell) or "", AS_OF, read)
        if read.question is not None and not (self.columns.as_of_format and isinstance(cell, str)):
            raise ValueError(read.question)
        if read.refused or read.question is not None:
            return self.columns.day_of(cells)
        day: date | None = read.value
        return day

    def signals(self, cells: Mapping[str, Any], day: date) -> tuple[dict[str, Any], list[CellProblem]]:
        """Read one row that was true on a day: values for `read_participant` by signal, and cells that nobody can read."""
        found, problems = dict(self.columns.constants), []
        city = (as_text(cells.get(self._city)) or "") if self._city else ""
        for column, reader in self._readers:
            try:
                value = self._value(column, reader, cells, city, day)
            except _Unread as error:
                problems.append(
                    CellProblem(column.source or column.headers[0], cells.get(column.source), error.message)
                )
            except LookupError as error:
                problems.append(column.unexplained(cells, str(error.args[0])))
            else:
                if value is not None:
                    found[column.signal.id] = value
        if self.columns.plain and self.found is None:
            known = set(self.columns.headers)
            found |= {name: value for name, value in cells.items() if name not in known and value not in (None, "")}
        return found, problems

    def _value(self, column: Column, reader: Reader, cells: Mapping[str, Any], city: str, day: date) -> Any:
        raw = cells.get(column.source)
        if column.marks:
            return column.read(cells)
        if raw is None or raw == "":
            return None
        unexplained: LookupError | None = None
        if not self.columns.plain:
            try:
                value = column.read(cells)
            except LookupError as error:
                unexplained, value = error, raw
            if not _is_open(column, raw, value):
                return value
            if column.since and column.date_format and isinstance(raw, str):
                raw = value  # a day, where its text is as the map says
        read = reader.read(raw, self.evidence.get(column.signal.id, NOTHING), city if column.signal.protected else "")
        self.told.note(column.source, as_text(raw) or "", column.signal.id, read)
        if read.question is not None:
            raise _Unread(read.question)
        if read.refused:
            if unexplained is not None:
                raise unexplained
            return raw
        return _since(column, reader, read.value, day)


class _Unread(Exception):
    def __init__(self, message: Message) -> None:
        self.message = message
        super().__init__(message.code)


def _is_open(column: Column, raw: Any, value: Any) -> bool:
    """Whether a column's map left a cell for others to read."""
    if value is None:
        return False
    kind = column.signal.kind
    if column.since:
        return True
    if kind == "choices":
        return isinstance(raw, str) and not (
            isinstance(value, list) and all(code in column.signal.values for code in value)
        )
    if kind == "choice":
        return not (isinstance(value, str) and value in column.signal.values)
    if kind == "date" and isinstance(raw, date):
        return True  # a program may have turned it around: the texts of its column show it
    return isinstance(value, str) or (isinstance(value, float) and kind == "money")


def _since(column: Column, reader: Reader, value: Any, day: date) -> Any:
    """What began on a day, as how long it has been."""
    if not reader.hints.since or value is None:
        return value
    if value > day:
        raise _Unread(Message("future_date", {"signal": column.signal.id, "as_of": day}))
    return units_between(value, day, "year" if column.signal.unit == "years" else "month")


def _hints(column: Column, *, plain: bool) -> Hints:
    """What a map says of a column's texts; a signal's own name says its unit."""
    factor = int(column.factor) if column.factor and column.signal.kind == "money" else 1
    separator = column.separator if not plain and column.separator != ";" else ""
    unit = "years" if column.factor == 12 else column.signal.unit
    return Hints(unit=unit, factor=factor, thousands=column.thousands, separator=separator, since=column.since)


def _tells(column: Column, reader: Reader) -> bool:
    return bool(column.source) and (column.signal.kind in WITH_EVIDENCE or reader.hints.since)


# -- a sheet without a map ---------------------------------------------------------------------------------------------


def known_names(programme: Programme, columns: ColumnMap) -> list[str]:
    """Names that a header may well have: those of a map, or what people call what is asked."""
    return [*columns.headers] if not columns.plain else [*columns.headers, *names_of(programme).known]


def read_by_names(programme: Programme, headers: Sequence[str], file: str) -> tuple[ColumnMap, Columns]:
    """The map of a sheet by what its columns are called.

    Raises:
        FileProblem: if none of them is known.
    """
    found = columns_of(programme, headers)
    signals = {signal.id: signal for signal in programme.signals if not signal.derived}
    columns = tuple(Column(signal=signals[k.of], source=header) for header, k in found.known.items() if k.of in signals)
    columns += tuple(Column(signal=signals[of], marks=marks) for of, marks in found.marks.items())
    if not found.known and not columns:
        ours = tuple(one.label for one in signals.values())[:MOST_NAMED]
        raise FileProblem(file, "no_column_known", names=_some(headers), near=ours)
    named, day = found.header_of("participant") or "", found.header_of("as_of") or ""
    return ColumnMap(participant=named, as_of=day, columns=columns, plain=True), found


def _some(names: Iterable[str]) -> str:
    listed = [name for name in names if name]
    return ", ".join(listed[:MOST_NAMED]) + (" ..." if len(listed) > MOST_NAMED else "")
