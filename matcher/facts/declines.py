"""A Decline is what a lender's no bars, and until when; a Bar is one that still bars today, with what it waits for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from matcher.programme.rules import Rules


@dataclass(frozen=True)
class Decline:
    """A lender's no to some products, for one of the programme's reasons, said on a day.

    It bars them while anything of what it states is lacking: the day after `until` has not come, `signal` is not known to
    be `at_least` so much, or what `intervention` changes does not hold. Where it states none of these it bars for good.
    What a programme no longer knows (a product, a signal, an intervention) it does not wait for. `starts_with`: an
    intervention that begins to mend it.
    """

    products: tuple[str, ...]
    reason: str
    on: date
    until: date | None = None
    signal: str = ""
    at_least: int | None = None
    intervention: str = ""
    starts_with: str = ""


class Bar(NamedTuple):
    """A decline that bars today. `lacks`: what it waits for, of until, signal and intervention; nothing: for good."""

    decline: Decline
    lacks: tuple[str, ...]


def day_after(day: date) -> date:
    """The next day; of the last day there is, itself."""
    return date.fromordinal(min(day.toordinal() + 1, date.max.toordinal()))


def bars_of(rules: Rules, declines: Sequence[Decline], low: Sequence[int], yes: int) -> tuple[Bar, ...]:
    """The declines that bar on the rules' day, given the least value of each signal and the tests known to hold."""
    found = []
    for one in declines:
        lacks = tuple([name for name, lacking in _lacking(rules, one, low, yes) if lacking])
        for_good = one.until is None and not one.signal and not one.intervention
        if one.on <= rules.day and (lacks or for_good):
            found.append(Bar(one, lacks))
    return tuple(found)


def _lacking(rules: Rules, one: Decline, low: Sequence[int], yes: int) -> list[tuple[str, bool]]:
    place, step = rules.position.get(one.signal), rules.intervention_ids.get(one.intervention)
    return [
        ("until", one.until is not None and rules.day <= one.until),
        ("signal", place is not None and one.at_least is not None and low[place] < one.at_least),
        ("intervention", step is not None and bool((step.changes | step.reveals) & ~yes)),
    ]
