"""A Decline is what a lender's no bars, and until when; a Bar is one that still bars today, with what it waits for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from matcher.programme.compiled import InterventionRule
from matcher.programme.rules import Rules


@dataclass(frozen=True)
class Decline:
    """A lender's no to some products, for one of the programme's reasons, said on a day.

    It bars them while anything of what it states is lacking: the day after `until` has not come, `signal` is not known to
    be `at_least` so much, or what `intervention` changes does not hold. Where it states none of these it bars for good.
    What `intervention` changes and was held already before the no was said settles nothing: the lender knew it and said no
    all the same. Something of it has to be known from that day or a later one, but where the intervention is to wait.
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
    """A decline that bars today. `lacks`: what it waits for, of until, signal, intervention and anew; nothing: for good.

    anew: what the intervention changes holds, but nothing of it is known from the day of the no or a later one.
    """

    decline: Decline
    lacks: tuple[str, ...]


def day_after(day: date) -> date:
    """The next day; of the last day there is, itself."""
    return date.fromordinal(min(day.toordinal() + 1, date.max.toordinal()))


def bars_of(
    rules: Rules, declines: Sequence[Decline], low: Sequence[int], yes: int, on: Mapping[str, date]
) -> tuple[Bar, ...]:
    """The declines that bar on the rules' day, given the least value of each signal and the tests known to hold.

    `on`: from which day each signal that somebody told is known.
    """
    found = []
    for one in declines:
        lacks = tuple([name for name, lacking in _lacking(rules, one, low, yes, on) if lacking])
        for_good = one.until is None and not one.signal and not one.intervention
        if one.on <= rules.day and (lacks or for_good):
            found.append(Bar(one, lacks))
    return tuple(found)


def _lacking(
    rules: Rules, one: Decline, low: Sequence[int], yes: int, on: Mapping[str, date]
) -> list[tuple[str, bool]]:
    place, step = rules.position.get(one.signal), rules.intervention_ids.get(one.intervention)
    undone = step is not None and bool((step.changes | step.reveals) & ~yes)
    held = None if step is None or undone or step.entry.kind == "wait" else step
    return [
        ("until", one.until is not None and rules.day <= one.until),
        ("signal", place is not None and one.at_least is not None and low[place] < one.at_least),
        ("intervention", undone),
        ("anew", held is not None and not _is_anew(rules, held, one.on, on)),
    ]


def _is_anew(rules: Rules, step: InterventionRule, since: date, on: Mapping[str, date]) -> bool:
    """Whether anything that an intervention changes is known from that day or a later one."""
    return any(on.get(name, date.min) >= since for name in rules.signals_in(step.changes | step.reveals))
