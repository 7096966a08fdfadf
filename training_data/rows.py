"""Rows: training rows in memory, the columns they have, which of them enter, and what the matcher knows of them.

What each column means is told in `training_data.schema`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from matcher.facts.columns import Columns, ask_columns
from matcher.facts.participant import day_after_months
from matcher.programme.criteria import UNKNOWN_HIGH, UNKNOWN_LOW
from matcher.programme.entries import Programme, Signal
from matcher.programme.rules import Rules, rules_on
from words.speaking import SaidError

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

MISSING: Final = -(2**63)
"""What stands in a column where nothing is known; no value can be this."""
WINDOW_MONTHS: Final = 12
OUTCOMES: Final = ("funded", "kept")
SOURCES: Final = ("synthetic", "outcomes")
SHARE: Final = 1_000_000
"""What a share is counted in: a chance of one in three is 333,333 of these."""
RELIGIONS: Final = ("islam", "protestant", "catholic", "hindu", "buddhist", "confucian", "belief")


MOST_CODES: Final = 62
"""Of a list: an integer has as many bits to spare."""


class OutcomeError(SaidError):
    """An outcome that nobody records."""


@dataclass(frozen=True)
class Field:
    """One column: its kind (a signal's kind, or "text"), its codes, and whether it is a group, never an input."""

    name: str
    kind: str
    codes: tuple[str, ...] = ()
    group: bool = False
    signal: Signal | None = None

    def decode(self, value: int) -> Any:
        """Turn an integer of this column back into the value as written."""
        if self.signal is not None:
            return self.signal.decode(value)
        if self.kind == "choice":
            return self.codes[value]
        if self.kind == "choices":
            return [code for place, code in enumerate(self.codes) if value >> place & 1]
        if self.kind == "share":
            return value / SHARE
        if self.kind == "number":
            return value
        return date.fromordinal(value) if self.kind == "date" else bool(value)

    def encode(self, value: Any) -> int:
        """Turn a value as written into the integer of this column.

        Raises:
            ValueError: for a code that there is not; of lists also where there are more codes than an integer has bits.
        """
        if self.signal is not None:
            return self.signal.encode(value)
        if self.kind == "choice":
            return self.codes.index(value)
        if self.kind == "choices":
            if len(self.codes) > MOST_CODES:
                raise ValueError(f"{self.name} has more than {MOST_CODES} codes")
            return sum(1 << place for place in {self.codes.index(code) for code in value})
        if self.kind == "share":
            share: float = value * SHARE
            return round(share)
        return int(value.toordinal() if self.kind == "date" else value)


@dataclass(frozen=True, eq=False)
class Rows:
    """Training rows of one programme: `participant` and each array of `columns` have shape (rows,)."""

    programme: Programme
    participant: Sequence[str]
    columns: Mapping[str, Ints]

    def __len__(self) -> int:
        return len(self.participant)

    def __getitem__(self, name: str) -> Ints:
        """Return a column, shape (rows,), MISSING where unknown; one that the rows do not carry is unknown throughout.

        Raises:
            KeyError: if no field has that name.
        """
        if name not in self.columns and name not in fields_by_name(self.programme):
            raise KeyError(name)
        found = self.columns.get(name)
        return np.full(len(self), MISSING, dtype=np.int64) if found is None else found

    def known(self, name: str) -> Bools:
        """Where a column is known, shape (rows,)."""
        found: Bools = self[name] != MISSING
        return found

    def take(self, which: Bools | Ints) -> Rows:
        """The rows of a mask of shape (rows,) or of places, in that order."""
        places = np.flatnonzero(which) if which.dtype == np.bool_ else which
        columns = {name: column[places] for name, column in self.columns.items()}
        return Rows(self.programme, [self.participant[place] for place in places.tolist()], columns)

    def values(self, name: str) -> list[Any]:
        """A column as written: codes, lists of codes, dates, booleans, whole numbers; None where unknown."""
        about, column = fields_by_name(self.programme)[name], self[name]
        unique, which = np.unique(column, return_inverse=True)
        written = [None if value == MISSING else about.decode(value) for value in unique.tolist()]
        return [written[place] for place in which.tolist()]

    def signals(self, which: int) -> dict[str, Any]:
        """What is known of one row, for `read_participant` on the row's `as_of`."""
        return {
            about.name: about.signal.decode(int(self[about.name][which]))
            for about in fields_by_name(self.programme).values()
            if about.signal is not None and self[about.name][which] != MISSING
        }


def join_rows(first: Rows, second: Rows) -> Rows:
    """The rows of both, of the same programme, one after the other.

    Raises:
        ValueError: if they are of different programmes.
    """
    if first.programme.digest != second.programme.digest:
        raise ValueError("rows of different programmes have different columns")
    names = dict.fromkeys([*first.columns, *second.columns])
    columns = {name: np.concatenate([first[name], second[name]]) for name in names}
    return Rows(first.programme, [*first.participant, *second.participant], columns)


def fields(programme: Programme) -> tuple[Field, ...]:
    """Every column of a training row of this programme, in the order of a file."""
    return tuple(fields_by_name(programme).values())


def groups(programme: Programme) -> tuple[str, ...]:
    """The columns that say who somebody is: arguments of an evaluation, never inputs of a score."""
    return tuple(field.name for field in fields(programme) if field.group)


@lru_cache(maxsize=8)
def fields_by_name(programme: Programme) -> Mapping[str, Field]:
    """Every column of a training row of this programme by its name."""
    signals = {signal.id: signal for signal in programme.signals if not signal.derived}
    products = tuple(dict.fromkeys(product.id for product in programme.products))
    steps = tuple(dict.fromkeys(one.id for one in programme.interventions))
    found = [Field("participant", "text"), Field("as_of", "date")]
    found += [Field(s.id, s.kind, tuple(s.values), s.protected, s) for s in signals.values()]
    found += [Field("disability", "yes_no", group=True), Field("religion", "choice", RELIGIONS, group=True)]
    found += [Field("suggested", "choice", steps), Field("shown", "choices", steps), Field("chosen", "choice", steps)]
    found += [Field("propensity", "share"), Field("product", "choice", products), Field("referral", "number")]
    found += [Field("referred_on", "date"), Field("funded", "yes_no")]
    found += [Field("disbursed_on", "date"), Field("kept", "yes_no"), Field("observed_until", "date")]
    found += [Field("source", "choice", SOURCES)]
    return {field.name: field for field in found}


# -- what enters -------------------------------------------------------------------------------------------------------


def rows_for(rows: Rows, outcome: str) -> Rows:
    """The rows that may train or test a scorecard for an outcome ("funded" or "kept"); its labels are `rows[outcome]`.

    Whole windows only, negatives and positives alike: `observed_until` is at least twelve months after the referral
    (funded) or the disbursement (kept). Grants are outside, and so is whoever was never referred.

    Raises:
        OutcomeError: if there is no such outcome.
    """
    if outcome not in OUTCOMES:
        raise OutcomeError("outcome_unknown", name=outcome)
    start = rows["referred_on" if outcome == "funded" else "disbursed_on"]
    whole = (start != MISSING) & rows.known("observed_until") & (rows["observed_until"] >= window_end(start))
    return rows.take(whole & rows.known(outcome) & rows.known("referred_on") & ~_is_grant(rows))


def window_end(start: Ints) -> Ints:
    """The ordinal of the day twelve months after each day, shape (rows,); MISSING stays MISSING."""
    days, which = np.unique(start, return_inverse=True)
    ends = [d if d == MISSING else day_after_months(date.fromordinal(d), WINDOW_MONTHS) for d in days.tolist()]
    return np.array(ends, dtype=np.int64)[which]


def _is_grant(rows: Rows) -> Bools:
    codes = fields_by_name(rows.programme)["product"].codes
    grants = {product.id for product in rows.programme.products if product.kind == "grant"}
    return np.isin(rows["product"], [place for place, code in enumerate(codes) if code in grants])


# -- what the matcher knows of them ------------------------------------------------------------------------------------


def rows_by_day(rows: Rows) -> Iterator[tuple[Ints, Rules]]:
    """For each `as_of` the places of its rows and the rules of that day; rows without `as_of` are left out."""
    for day in np.unique(rows["as_of"][rows.known("as_of")]).tolist():
        yield np.flatnonzero(rows["as_of"] == day), rules_on(rows.programme, date.fromordinal(day))


def known_by_day(rows: Rows) -> Iterator[tuple[Ints, Rules, Columns]]:
    """For each `as_of`: the places of its rows, the rules of that day, and what is known, as `know` has it for one.

    Nothing in a row is doubted: whoever hands rows in has gone over them, and there is nobody to ask.
    `columns.low` and `.high` have shape (signals, rows) and equal each other where a signal is known.
    """
    for places, rules in rows_by_day(rows):
        yield places, rules, ask_columns(rules, *intervals(rules, rows.take(places)))


def intervals(rules: Rules, rows: Rows) -> tuple[Ints, Ints]:
    """low..high of shape (signals, rows) for rows of the rules' day, before anything follows from them."""
    shape = (len(rules.position), len(rows))
    low, high = np.full(shape, UNKNOWN_LOW, dtype=np.int64), np.full(shape, UNKNOWN_HIGH, dtype=np.int64)
    for name, place in rules.position.items():
        if not rules.signals[name].derived:
            known = rows.known(name)
            low[place][known] = high[place][known] = rows[name][known]
    return low, high
