"""Doubts: values that can hardly be count as unknown until somebody confirms them; never refused, never used in silence.

One implementation serves the integers of one participant and the columns of many, because it uses nothing but
comparisons, `&` and `^`. It looks at what was said, before anything follows from it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from matcher.facts.following import choose
from matcher.programme.compiled import DoubtRule
from matcher.programme.criteria import UNKNOWN_HIGH, UNKNOWN_LOW
from matcher.programme.rules import Rules

Found = list[tuple[DoubtRule, Any]]
"""Doubts, each with whether it stands (for columns: in which rows)."""


class Doubted(NamedTuple):
    """A doubt that stands: which, about which signals and values, and which of these signals are not confirmed."""

    id: str
    about: tuple[str, ...]
    values: tuple[int, ...]
    signals: tuple[str, ...]

    def open_values(self) -> dict[str, int]:
        """The values to be confirmed or corrected, by signal."""
        return {name: value for name, value in zip(self.about, self.values, strict=True) if name in self.signals}


def doubtful(rules: Rules, low: Any, high: Any) -> Found:
    """The doubts about known values, whether or not they were confirmed.

    Both hold an integer, or an array of equal length, for each signal.
    """
    found = []
    for one in rules.doubts:
        place, least = one.places[0], low[one.places[0]]
        known = least == high[place]
        if known is False:
            continue
        if one.below:
            stands = known & (least > 0) & (least < one.below)
        else:
            other = low[one.places[1]]
            bound = one.times_percent * other + 100 * one.plus
            stands = known & (other == high[one.places[1]]) & (100 * least > bound)
        if stands is not False:
            found.append((one, stands))
    return found


def standing(found: Found, sure: Mapping[int, Any]) -> Iterator[tuple[DoubtRule, Any]]:
    """The doubts of which some value is not confirmed. `sure`: by place, whether it is; of a place without, it is not."""
    for one, stands in found:
        confirmed: Any = True
        for place in one.places:
            confirmed = confirmed & sure.get(place, False)
        yield one, stands & (confirmed ^ True)


def doubted(one: DoubtRule, low: Sequence[int], sure: Mapping[int, bool]) -> Doubted:
    """What is to be said of a doubt that stands about one participant, before its values are set aside."""
    names = tuple([name for name in (one.entry.signal, one.entry.other) if name])
    open_ = [name for name, place in zip(names, one.places, strict=True) if not sure.get(place, False)]
    return Doubted(one.entry.id, names, tuple([low[place] for place in one.places]), tuple(open_))


def set_aside(found: Found, sure: Mapping[int, Any], low: Any, high: Any) -> None:
    """Make unknown, in place, every doubtful value that is not confirmed."""
    for one, stands in found:
        for place in one.places:
            open_ = stands & (sure.get(place, False) ^ True)
            low[place] = choose(open_, UNKNOWN_LOW, low[place])
            high[place] = choose(open_, UNKNOWN_HIGH, high[place])
