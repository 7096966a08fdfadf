"""Cells and columns: what one row of a sheet says, read the way its map tells."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from matcher.message import Message
from matcher.programme.entries import Signal
from matcher.programme.reading import Source

YES: Final = frozenset("ya y yes true 1".split())
NO: Final = frozenset("tidak t no n false 0".split())
NONE: Final = frozenset(("none", "tidak ada"))
"""What a cell of a list says when the answer is "none of them"; an empty cell is unknown."""

FACTORS: Final[Mapping[tuple[str, str], Fraction]] = {
    ("years", "months"): Fraction(12),
    ("months", "years"): Fraction(1, 12),
    ("weeks", "days"): Fraction(7),
    ("days", "hours"): Fraction(24),
    ("thousands", "rupiah"): Fraction(1_000),
    ("millions", "rupiah"): Fraction(1_000_000),
}
"""The units that convert exactly: what the sheet counts in, what the signal counts in."""

_PLAIN = re.compile(r"-?[0-9]{1,30}(\.0{1,2})?")
_DECIMAL = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?")
GROUPED = {".": re.compile(r"-?[0-9]{1,3}(\.[0-9]{3})*"), ",": re.compile(r"-?[0-9]{1,3}(,[0-9]{3})*")}


@dataclass(frozen=True, slots=True)
class CellProblem:
    """One cell that cannot be used: its column, the value as it stood, and what is wrong."""

    field: str
    value: Any
    message: Message


@dataclass(frozen=True)
class Rate:
    """What one unit of a foreign currency was worth, on which day, and who says so."""

    idr_per_unit: Fraction
    date: date
    url: str


@dataclass(frozen=True, kw_only=True)
class Column:
    """How one signal is read: from one column, or (`marks`: column to code) from several yes/no columns."""

    signal: Signal
    source: str = ""
    marks: Mapping[str, str] = field(default_factory=dict)
    missing: frozenset[str] = frozenset()
    values: Mapping[str, Any] = field(default_factory=dict)
    factor: Fraction | None = None
    currency: str = ""
    rate: Rate | None = None
    thousands: str = ""
    date_format: str = ""
    since: bool = False
    separator: str = ";"

    @property
    def headers(self) -> tuple[str, ...]:
        """The columns of the sheet that this reads."""
        return tuple(self.marks) or (self.source,)

    @property
    def is_foreign(self) -> bool:
        """Whether this is foreign money without a dated rate, which stays unknown."""
        return bool(self.currency) and self.rate is None

    def read(self, cells: Mapping[str, Any]) -> Any:
        """Return the value for `read_participant`; None is unknown, a text it cannot use is refused there.

        Raises:
            LookupError: with the cell as text, if the map's `values` do not name it.
        """
        if self.marks:
            return self._read_marks(cells)
        raw = cells.get(self.source)
        text = as_text(raw)
        if raw is None or text == "" or text in self.missing or self.is_foreign:
            return None
        if self.signal.kind == "choices":
            return self._read_list(raw, text)
        if self.since:
            return raw if text is None else self._read_date(raw, text)
        if self.values:
            return self._look_up(text)
        return self._read_one(raw, text)

    def unexplained(self, cells: Mapping[str, Any], text: str) -> CellProblem:
        """The problem of a cell, as text, that this does not explain."""
        known = ", ".join(self.values) if self.values else "ya, tidak, yes, no, true, false, 1, 0"
        header = self.source or next(h for h in self.marks if as_text(cells.get(h)) == text)
        return CellProblem(header, cells.get(header), Message("map_knows_only", {"allowed": known}))

    def _look_up(self, text: str | None) -> Any:
        if text is None or text not in self.values:
            raise LookupError(text)
        return self.values[text]

    def _read_one(self, raw: Any, text: str | None) -> Any:
        kind = self.signal.kind
        if text is None or isinstance(raw, bool):
            return raw
        if kind == "yes_no":
            word = text.lower()
            return True if word in YES else False if word in NO else raw
        if kind in ("number", "money"):
            return self._read_number(raw, text)
        if kind == "date":
            return self._read_date(raw, text)
        return text

    def _read_number(self, raw: Any, text: str) -> Any:
        converts = self.factor is not None or self.rate is not None
        if self.thousands and GROUPED[self.thousands].fullmatch(text):
            text = text.replace(self.thousands, "")
        if not (_DECIMAL if converts else _PLAIN).fullmatch(text):
            return raw
        if converts and isinstance(raw, str) and len(text.partition(".")[2]) == 3:
            return raw  # 1.500 is one and a half to some and fifteen hundred to others
        value = Fraction(text) * (self.factor or 1) * (self.rate.idr_per_unit if self.rate else 1)
        # Rupiah are rounded; months and years count only when full.
        return round(value) if self.signal.kind == "money" else math.floor(value)

    def _read_date(self, raw: Any, text: str) -> Any:
        if not isinstance(raw, str):
            return raw
        return parse_date(text, self.date_format) or raw if self.date_format else without_midnight(text)

    def _read_list(self, raw: Any, text: str | None) -> Any:
        if text is None:
            return raw
        if text.lower() in NONE and not self.signal.values.keys() & NONE:
            return []
        parts = [part.strip() for part in text.split(self.separator)]
        codes = [code for part in parts if part for code in self._codes(part)]
        return codes

    def _codes(self, part: str) -> list[str]:
        found = self._look_up(part) if self.values else part
        return found if isinstance(found, list) else [found]

    def _read_marks(self, cells: Mapping[str, Any]) -> Any:
        marked = []
        for header, code in self.marks.items():
            text = as_text(cells.get(header))
            if not text or text in self.missing:
                return None  # one box nobody looked at leaves the whole answer open
            if text.lower() in YES:
                marked.append(code)
            elif text.lower() not in NO:
                raise LookupError(text)
        if "" in marked:
            return None
        if self.signal.kind == "choices":
            return marked
        return marked[0] if len(marked) == 1 else None


@dataclass(frozen=True, kw_only=True)
class ColumnMap:
    """A whole map. `plain`: the sheet's columns are signals, and those that are none are for the programme to refuse."""

    name: str = ""
    about: str = ""
    source: tuple[Source, ...] = ()
    participant: str = ""
    as_of: str = ""
    as_of_format: str = ""
    constants: Mapping[str, Any] = field(default_factory=dict)
    columns: tuple[Column, ...] = ()
    plain: bool = False

    @property
    def headers(self) -> tuple[str, ...]:
        """Every column of the sheet that this map reads, in its order."""
        named = [self.participant, self.as_of, *(h for column in self.columns for h in column.headers)]
        return tuple(dict.fromkeys(header for header in named if header))

    @property
    def foreign_money(self) -> tuple[str, ...]:
        """Columns of foreign money that stay unknown, as "column (currency)"."""
        return tuple(f"{column.source} ({column.currency})" for column in self.columns if column.is_foreign)

    def column_of(self, signal: str) -> str:
        """The column (or columns) of the sheet that a signal came from; the signal itself where it is a constant."""
        return next((", ".join(c.headers) for c in self.columns if c.signal.id == signal), signal)

    def participant_of(self, cells: Mapping[str, Any], row: int) -> str:
        """The participant's id: the cell of its column, or the row's number where there is no such column.

        Rows that name their own columns (JSON lines) may each leave it out; a map that names a column wants it filled.
        """
        if not self.participant or (self.plain and self.participant not in cells):
            return str(row)
        return as_text(cells.get(self.participant)) or ""

    def day_of(self, cells: Mapping[str, Any]) -> date | None:
        """The day on which a row was true, or None where no column says.

        Raises:
            ValueError: if the cell is no date.
        """
        raw = cells.get(self.as_of) if self.as_of else None
        text = as_text(raw)
        if raw is None or text == "":
            return None
        if self.as_of_format and isinstance(raw, str):
            found = parse_date(text or "", self.as_of_format)
        else:
            # Here, since it loads numpy: whoever only reads cells, as the cage does, starts without.
            from matcher.facts.participant import as_date

            found = as_date(without_midnight(text or "") if isinstance(raw, str) else raw)
        if found is None:
            raise ValueError(f"{raw!r} is no date")
        return found

    def signals(self, cells: Mapping[str, Any]) -> tuple[dict[str, Any], list[CellProblem]]:
        """Read one row: values for `read_participant` by signal, and the cells that the map does not explain."""
        found, problems = dict(self.constants), []
        for column in self.columns:
            try:
                value = column.read(cells)
            except LookupError as error:
                problems.append(column.unexplained(cells, str(error.args[0])))
            else:
                if value is not None:
                    found[column.signal.id] = value
        if self.plain:
            known = set(self.headers)
            found |= {name: value for name, value in cells.items() if name not in known and value not in (None, "")}
        return found, problems


def as_text(raw: Any) -> str | None:
    """A cell as a sheet would show it, without blanks around it; None for a list, a table or anything without a text."""
    if isinstance(raw, str):
        return raw.strip()
    if raw is None or (isinstance(raw, float) and math.isnan(raw)):
        return ""
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if isinstance(raw, float) and raw.is_integer():
        return str(int(raw))
    if isinstance(raw, Decimal) and raw.is_finite() and raw == int(raw):
        return str(int(raw))
    if isinstance(raw, (int, float, Decimal, date)):
        return str(raw)
    return None


def without_midnight(text: str) -> str:
    """A date without the 00:00:00 that sheets like to write after it."""
    return re.sub(r"[ T]00:00:00(\.0+)?$", "", text)


def parse_date(text: str, pattern: str) -> date | None:
    """The date that a text writes in that pattern, or None."""
    try:
        return datetime.strptime(text, pattern).date()
    except (ValueError, re.error):  # the latter where a pattern has the same part twice
        return None
