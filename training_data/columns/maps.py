"""Reading a map's TOML file, or making the plain map of a sheet whose columns are signals already."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Any, Final, Protocol

from matcher.message import Message
from matcher.programme.entries import Programme, Signal
from matcher.programme.reading import Entry, ProgrammeError, ProgrammeProblem, did_you_mean
from training_data.columns.cells import FACTORS, GROUPED, Column, ColumnMap, Rate, parse_date
from training_data.columns.tables import read_table

SINCE: Final = ("months", "years")
"""Units of numbers that a day since when can tell."""
MOST_HINTS: Final = 20
"""Of a file's strange names: to find what is near one takes milliseconds, and a header may hold 2,000."""


class Named(Protocol):
    """A file that has a name; where it lies is for whoever reads it."""

    @property
    def name(self) -> str:
        """What it is called."""


def read_map(file: Named, programme: Programme, table_of: Callable[[Any], Mapping[str, Any]] = read_table) -> ColumnMap:
    """Read and check a map. `table_of` reads the file's own TOML, where that is not to be done here.

    Raises:
        ProgrammeError: with every problem found, each naming file, entry and remedy.
    """
    problems: list[ProgrammeProblem] = []
    found = _Reading(file.name, programme, problems).map(table_of(file))
    if problems:
        raise ProgrammeError(problems)
    return found


def plain_map(programme: Programme, headers: Sequence[str] | None = None, file: str = "") -> ColumnMap:
    """The map of a sheet whose columns are signals, `participant` and `as_of`; `headers` None: rows name their own.

    Raises:
        ProgrammeError: naming every column that is no signal, with the nearest one.
    """
    signals = {signal.id: signal for signal in programme.signals if not signal.derived}
    wanted = list(signals) if headers is None else [name for name in headers if name in signals]
    allowed = [*signals, "participant", "as_of"]
    strange = [name for name in headers or () if name and name not in allowed]
    if strange:
        *before, last = strange
        hints = _hints(strange, allowed)
        problems = [_header(file, name, Message("header_unknown", {"hint": hints[name]})) for name in before]
        problems.append(_header(file, last, Message("header_unknown_last", {"hint": hints[last]})))
        raise ProgrammeError(problems)
    return ColumnMap(
        participant="participant" if headers is None or "participant" in headers else "",
        as_of="as_of" if headers is None or "as_of" in headers else "",
        columns=tuple(Column(signal=signals[name], source=name) for name in wanted),
        plain=True,
    )


def check_headers(found: ColumnMap, headers: Sequence[str], file: str) -> None:
    """See that a sheet has every column that its map reads.

    Raises:
        ProgrammeError: naming every column that is not there, with the nearest one.
    """
    missing = [name for name in found.headers if name not in headers]
    hints = _hints(missing, headers)
    problems = [_header(file, name, Message("header_missing", {"hint": hints[name]})) for name in missing]
    if problems:
        raise ProgrammeError(problems)


class _Reading:
    """Turns the table of a map into a ColumnMap, noting problems on the way."""

    def __init__(self, file: str, programme: Programme, problems: list[ProgrammeProblem]) -> None:
        self.file, self.problems = file, problems
        self.signals = {signal.id: signal for signal in programme.signals}
        self.fed: dict[str, str] = {}

    def map(self, table: Mapping[str, Any]) -> ColumnMap:
        root = Entry(table, self.file, "file", self.problems)
        head = root.table_of("map", required=True) or Entry({}, self.file, "map", [])
        head.name = "map"
        rows = root.take("column", list, [])
        root.close()
        found = ColumnMap(
            name=head.take("name", str, "", required=True),
            about=head.take("about", str, ""),
            source=head.sources(),
            participant=head.take("participant", str, ""),
            as_of=head.take("as_of", str, ""),
            as_of_format=self._date_format(head, "as_of_format"),
            constants=self._constants(head),
            columns=tuple(c for number, row in enumerate(rows, 1) if (c := self._column(number, row)) is not None),
        )
        head.close()
        if not found.columns and not found.constants and not self.problems:
            root.problem("map_empty")
        return found

    def _constants(self, head: Entry) -> dict[str, Any]:
        found = {}
        for name, value in head.take("constants", dict, {}).items():
            signal = self._signal(head, "constants", name)
            if signal is not None and self._legal(head, signal, f"constants.{name}", value):
                found[name] = value
        return found

    def _column(self, number: int, row: Any) -> Column | None:
        if not isinstance(row, dict):
            self.problems.append(ProgrammeProblem(self.file, "column", Message("map_no_table", {"value": row})))
            return None
        name = row.get("from") or row.get("to") or number
        e = Entry(row, self.file, f"column {name}", self.problems)
        signal = self._signal(e, "to", e.take("to", str, "", required=True))
        if signal is None:
            return None
        before = len(self.problems)
        if ("from" in row) == ("choices" in row):
            e.problem("map_place")
        found = Column(
            signal=signal,
            source=e.take("from", str, ""),
            marks=self._marks(e, signal),
            missing=frozenset(e.texts("missing")),
            values=self._values(e, signal),
            factor=self._factor(e, signal),
            currency=self._only(e, signal, "currency", ("money",)),
            rate=self._rate(e),
            thousands=self._thousands(e, signal),
            date_format=self._date_format(e, "date_format", signal),
            since=self._since(e, signal),
            separator=self._only(e, signal, "separator", ("choices",)) or ";",
        )
        e.close()
        return found if len(self.problems) == before else None

    def _signal(self, e: Entry, key: str, name: str) -> Signal | None:
        signal = self.signals.get(name)
        if signal is None or signal.derived:
            if name:
                code = "map_signal_derived" if signal else "map_signal_unknown"
                hint = _near(name, [s for s, v in self.signals.items() if not v.derived])
                e.problem(code, key=key, name=name, hint=hint)
            return None
        if name in self.fed:
            e.problem("map_signal_twice", signal=name, other=self.fed[name])
        self.fed[name] = e.name
        return signal

    def _legal(self, e: Entry, signal: Signal, where: str, value: Any) -> bool:
        """Whether a value that a map writes is one that the signal can have."""
        written = [value] if signal.kind == "choices" and isinstance(value, str) else value
        # Here, since it loads numpy: whoever only reads cells, as the cage does, starts without.
        from matcher.facts.participant import read_value

        read, problem = read_value(signal, written)
        if problem is None and read is not None:
            return True
        e.problem("map_value", key=where, value=value, signal=signal.id, allowed=_allowed(signal))
        return False

    def _values(self, e: Entry, signal: Signal) -> dict[str, Any]:
        table = e.take("values", dict, {})
        return {cell: value for cell, value in table.items() if self._legal(e, signal, f"values.{cell}", value)}

    def _marks(self, e: Entry, signal: Signal) -> dict[str, str]:
        table = e.take("choices", dict, {})
        if table and signal.kind not in ("choice", "choices"):
            e.problem("map_choices", signal=signal.id, kind=signal.kind)
            return {}
        for header, code in table.items():
            if code != "":  # marked, but none of our codes says it: the answer stays unknown
                self._legal(e, signal, f"choices.{header}", [code] if signal.kind == "choices" else code)
        return {header: str(code) for header, code in table.items()}

    def _only(self, e: Entry, signal: Signal, key: str, kinds: Iterable[str]) -> str:
        value: str = e.take(key, str, "")
        if value and signal.kind not in kinds:
            e.problem("map_key_unfit", key=key, signal=signal.id, kind=signal.kind)
        return value

    def _factor(self, e: Entry, signal: Signal) -> Fraction | None:
        unit = self._only(e, signal, "unit", ("number", "money"))
        own = "rupiah" if signal.kind == "money" else signal.unit
        if not unit or unit == own or signal.kind not in ("number", "money"):
            return None
        if (unit, own) not in FACTORS:
            possible = [own, *(given for given, ours in FACTORS if ours == own)]
            e.problem("map_unit", unit=unit, own=own, allowed=possible)
        return FACTORS.get((unit, own))

    def _rate(self, e: Entry) -> Rate | None:
        part = e.table_of("rate")
        if part is None:
            return None
        worth = part.take("idr_per_unit", (int, float), 0, required=True)
        day, url = part.take("date", date, date.min, required=True), part.take("url", str, "", required=True)
        part.close()
        if not e.table.get("currency"):
            part.problem("rate_no_currency")
        if not (math.isfinite(worth) and worth > 0):
            part.problem("rate_worth", value=worth)
            return None
        if not url.startswith(("https://", "http://")):
            part.problem("rate_url", value=url)
        return Rate(Fraction(str(worth)), day, url)

    def _thousands(self, e: Entry, signal: Signal) -> str:
        mark = self._only(e, signal, "thousands", ("number", "money"))
        if mark and mark not in GROUPED:
            e.problem("map_thousands", value=mark)
            return ""
        return mark

    def _since(self, e: Entry, signal: Signal) -> bool:
        """Whether a column says since when, and so how many months or years it has been."""
        since = e.take("since", bool, "date_format" in e.table and signal.kind == "number")
        if since and signal.unit not in SINCE:
            e.problem("map_key_unfit", key="since", signal=signal.id, kind=signal.kind)
        return bool(since)

    def _date_format(self, e: Entry, key: str, signal: Signal | None = None) -> str:
        kinds = ("date", "number") if signal is not None and signal.unit in SINCE else ("date",)
        pattern = e.take(key, str, "") if signal is None else self._only(e, signal, key, kinds)
        probe, others = date(2001, 12, 31), (date(2002, 12, 31), date(2001, 10, 31), date(2001, 12, 30))
        tells = all(other.strftime(pattern) != probe.strftime(pattern) for other in others)
        if pattern and not (tells and parse_date(probe.strftime(pattern), pattern) == probe):
            e.problem("map_date_format", key=key, value=pattern)
        return str(pattern)


def _header(file: str, name: str, message: Message) -> ProgrammeProblem:
    return ProgrammeProblem(file, Message("sheet_column", {"name": name}), message)


def _allowed(signal: Signal) -> tuple[str, ...] | Message:
    """What a signal can be, for somebody who writes a map."""
    if signal.kind in ("yes_no", "date"):
        return Message("allowed_yes_no" if signal.kind == "yes_no" else "allowed_date")
    return tuple(signal.values) or Message("allowed_number", {"least": signal.minimum, "most": signal.maximum})


def _hints(strange: Sequence[str], names: Sequence[str]) -> dict[str, Message]:
    """What is near each strange name; looked for only of the first, since a file may hold thousands that take long."""
    looked_for = {name: _near(name, names) for name in strange[:MOST_HINTS]}
    return dict.fromkeys(strange, Message("take_out_or_correct")) | looked_for


def _near(name: str, names: Iterable[str]) -> Message:
    return did_you_mean(name, filter(None, names), 3, 0.5) or Message("take_out_or_correct")
