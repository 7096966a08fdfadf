"""Values as they would be said, for brute force: "3 months since 1 March", "these, and maybe those", or nobody knows."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable
from datetime import date
from functools import cache
from typing import Any, NamedTuple

INFINITE = 10**18
LONG_AGO = 1  # the ordinal of a date so old that nothing asks how old


class Unknown(NamedTuple):
    """Nobody said; `told`: a check within reach will tell, and this is its good answer."""

    told: Any = None


class Amount(NamedTuple):
    """A number from `low` to `high`; equal where known; growing by one each month or year since the day `since`.

    `maybe`: nobody knows whether it grows, so `low` stays where it is and `high` goes on as if it did.
    """

    low: int
    high: int
    since: int | None = None
    maybe: bool = False


class Listed(NamedTuple):
    """The codes of a list that are in it, and those that may be."""

    has: frozenset[str]
    maybe: frozenset[str] = frozenset()


@cache
def months_after(start: int, months: int) -> int:
    """The ordinal of the day so many calendar months later; a month without that day ends on its last."""
    begin = date.fromordinal(start)
    year, month = divmod(begin.year * 12 + begin.month - 1 + months, 12)
    return date(year, month + 1, min(begin.day, monthrange(year, month + 1)[1])).toordinal()


@cache
def grown(since: int, day: int, every: str) -> int:
    """How many whole months or years lie between two days."""
    size, units = (1 if every == "month" else 12), 0
    while months_after(since, (units + 1) * size) <= day:
        units += 1
    return units


def now(value: Amount, day: int, every: str, maximum: int) -> Amount:
    """A growing number on a day."""
    if value.since is None or value.since == LONG_AGO or (value.low != value.high and not value.maybe):
        return value
    size = min(value.high + grown(value.since, day, every), maximum)
    return Amount(value.low, size, maybe=True) if value.maybe else Amount(size, size)


def is_known(value: Any) -> bool:
    """Whether somebody said."""
    if isinstance(value, Amount):
        return value.low == value.high and not value.maybe
    return not value.maybe if isinstance(value, Listed) else not isinstance(value, Unknown)


def as_value(signal: Any, value: Any) -> Any:
    """A value as written, as it is kept here."""
    if signal.kind in ("number", "money"):
        return Amount(value, value)
    if signal.kind == "choices":
        return Listed(frozenset(value))
    return value.toordinal() if signal.kind == "date" else value


def question(signal: Any, op: str, wanted: Any) -> Callable[[Any, int], bool | None]:
    """What one operator asks of one value on one day."""
    if op == "at_least":
        return lambda v, day: True if v.low >= wanted else False if v.high < wanted else None
    if op == "at_most":
        return lambda v, day: True if v.high <= wanted else False if v.low > wanted else None
    if op == "is" and signal.kind in ("number", "money"):
        return lambda v, day: (v.low == wanted if v.low == v.high else None) if v.low <= wanted <= v.high else False
    if op == "is":
        return lambda v, day: v == wanted
    if op == "is_not":
        return lambda v, day: v != wanted
    if op == "within_days":
        return lambda v, day: 0 <= day - v <= wanted
    if op == "passed":
        return lambda v, day: (v <= day) == wanted
    codes = frozenset(wanted)
    if op == "includes":
        return lambda v, day: True if v.has & codes else None if v.maybe & codes else False
    return lambda v, day: False if v.has & codes else None if v.maybe & codes else True
