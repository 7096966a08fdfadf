"""Reading a map's TOML file, or making the plain map of a sheet whose columns are signals already."""

from __future__ import annotations

import difflib
import math
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

from matcher.facts.participant import read_value
from matcher.programme.entries import Programme, Signal
from matcher.programme.reading import Entry, ProgrammeError, ProgrammeProblem
from training_data.columns.cells import FACTORS, GROUPED, Column, ColumnMap, Rate, parse_date


def read_map(path: Path, programme: Programme) -> ColumnMap:
    """Read and check a map.

    Raises:
        ProgrammeError: with every problem found, each naming file, entry and remedy.
    """
    problems: list[ProgrammeProblem] = []
    table = _load(path, problems)
    found = _Reading(path.name, programme, problems).map(table) if table is not None else ColumnMap()
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
        what = "it is no signal of this programme"
        problems = [ProgrammeProblem(file, f"column {name!r}", what, _near(name, allowed)) for name in strange]
        or_map = "Or write a column map and name it (columns); a map may leave columns out."
        problems[-1] = replace(problems[-1], remedy=f"{problems[-1].remedy} {or_map}")  # said once, after the last
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
    problems = [
        ProgrammeProblem(file, f"column {name!r}", "the map reads it, but this file has no such column", near)
        for name in found.headers
        if name not in headers
        for near in [_near(name, headers)]
    ]
    if problems:
        raise ProgrammeError(problems)


def _load(path: Path, problems: list[ProgrammeProblem]) -> dict[str, Any] | None:
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8"))
    except OSError as error:
        problems.append(ProgrammeProblem(path.name, "file", f"cannot be read: {error.strerror}", "Name a column map."))
    except UnicodeDecodeError as error:
        problems.append(ProgrammeProblem(path.name, "file", f"byte {error.start} is no UTF-8", "Save it as UTF-8."))
    except tomllib.TOMLDecodeError as error:
        problems.append(ProgrammeProblem(path.name, "file", f"is not TOML: {error}", "Mend that line."))
    return None


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
            root.problem("it maps no column", "Write at least one [[column]] with from and to.")
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
            self.problems.append(ProgrammeProblem(self.file, "column", f"holds {row!r}", "Write [[column]]."))
            return None
        name = row.get("from") or row.get("to") or number
        e = Entry(row, self.file, f"column {name}", self.problems)
        signal = self._signal(e, "to", e.take("to", str, "", required=True))
        if signal is None:
            return None
        before = len(self.problems)
        if ("from" in row) == ("choices" in row):
            e.problem("it says nowhere, or twice, where the value stands", "Write either from or choices.")
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
            separator=self._only(e, signal, "separator", ("choices",)) or ";",
        )
        e.close()
        return found if len(self.problems) == before else None

    def _signal(self, e: Entry, key: str, name: str) -> Signal | None:
        signal = self.signals.get(name)
        if signal is None or signal.derived:
            if name:
                what = "is worked out from other signals" if signal else "is no signal of this programme"
                e.problem(f"{key}: {name!r} {what}", _near(name, [s for s, v in self.signals.items() if not v.derived]))
            return None
        if name in self.fed:
            e.problem(f"{name} already comes from {self.fed[name]}", "Keep one of the two.")
        self.fed[name] = e.name
        return signal

    def _legal(self, e: Entry, signal: Signal, where: str, value: Any) -> bool:
        """Whether a value that a map writes is one that the signal can have."""
        written = [value] if signal.kind == "choices" and isinstance(value, str) else value
        read, problem = read_value(signal, written)
        if problem is None and read is not None:
            return True
        choices = ", ".join(signal.values) or {"yes_no": "true or false", "date": "a date"}.get(
            signal.kind, f"a whole number from {signal.minimum} to {signal.maximum}"
        )
        e.problem(f"{where} is {value!r}, which {signal.id} cannot be", f"Write one of: {choices}.")
        return False

    def _values(self, e: Entry, signal: Signal) -> dict[str, Any]:
        table = e.take("values", dict, {})
        return {cell: value for cell, value in table.items() if self._legal(e, signal, f"values.{cell}", value)}

    def _marks(self, e: Entry, signal: Signal) -> dict[str, str]:
        table = e.take("choices", dict, {})
        if table and signal.kind not in ("choice", "choices"):
            e.problem(f"choices cannot make {signal.id}, which is {signal.kind}", "Use from instead.")
            return {}
        for header, code in table.items():
            if code != "":  # marked, but none of our codes says it: the answer stays unknown
                self._legal(e, signal, f"choices.{header}", [code] if signal.kind == "choices" else code)
        return {header: str(code) for header, code in table.items()}

    def _only(self, e: Entry, signal: Signal, key: str, kinds: Iterable[str]) -> str:
        value: str = e.take(key, str, "")
        if value and signal.kind not in kinds:
            e.problem(f"{key} is given, but {signal.id} is {signal.kind}", f"Remove {key}.")
        return value

    def _factor(self, e: Entry, signal: Signal) -> Fraction | None:
        unit = self._only(e, signal, "unit", ("number", "money"))
        own = "rupiah" if signal.kind == "money" else signal.unit
        if not unit or unit == own or signal.kind not in ("number", "money"):
            return None
        if (unit, own) not in FACTORS:
            possible = [own, *(given for given, ours in FACTORS if ours == own)]
            e.problem(f"unit {unit!r} does not turn into {own}", f"Write one of: {', '.join(possible)}.")
        return FACTORS.get((unit, own))

    def _rate(self, e: Entry) -> Rate | None:
        part = e.table_of("rate")
        if part is None:
            return None
        worth = part.take("idr_per_unit", (int, float), 0, required=True)
        day, url = part.take("date", date, date.min, required=True), part.take("url", str, "", required=True)
        part.close()
        if not e.table.get("currency"):
            part.problem("it belongs to no currency", 'Add currency, such as currency = "KES".')
        if not (math.isfinite(worth) and worth > 0):
            part.problem(f"idr_per_unit is {worth!r}", "Write how many rupiah one unit was worth.")
            return None
        if not url.startswith(("https://", "http://")):
            part.problem(f"url is {url!r}", "Write the address of whoever states the rate.")
        return Rate(Fraction(str(worth)), day, url)

    def _thousands(self, e: Entry, signal: Signal) -> str:
        mark = self._only(e, signal, "thousands", ("number", "money"))
        if mark and mark not in GROUPED:
            e.problem(f"thousands is {mark!r}", 'Write "." or ",".')
            return ""
        return mark

    def _date_format(self, e: Entry, key: str, signal: Signal | None = None) -> str:
        pattern = e.take(key, str, "") if signal is None else self._only(e, signal, key, ("date",))
        probe, others = date(2001, 12, 31), (date(2002, 12, 31), date(2001, 10, 31), date(2001, 12, 30))
        tells = all(other.strftime(pattern) != probe.strftime(pattern) for other in others)
        if pattern and not (tells and parse_date(probe.strftime(pattern), pattern) == probe):
            e.problem(f"{key} {pattern!r} does not tell day, month and year", "Write it like %d/%m/%Y.")
        return str(pattern)


def _near(name: str, names: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, [n for n in names if n], 3, 0.5)
    return f"Did you mean {' or '.join(close)}?" if close else "Take it out, or correct its name."
