"""Clocks: values that move with time by themselves, and what an intervention does to them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from matcher.programme.compiled import InterventionRule
from matcher.programme.criteria import Test
from matcher.programme.masks import Clauses, places, union


@dataclass(frozen=True)
class Clock:
    """A date, or a value that grows while `growth` holds. Bit masks of tests: `tests` ask about it.

    `ceilings`: growing can only close them; `closing`: time may close them.
    """

    growth: Clauses
    tests: int
    ceilings: int
    closing: int


def clock(asked: Sequence[Test], tests: int, growth: Clauses, *, grows: bool) -> Clock:
    """A clock that the tests of a mask ask about; `asked`: every test by its number."""
    ceilings = union(1 << n for n in places(tests) if grows and asked[n].op != "at_least")
    closing = union(1 << n for n in places(tests) if asked[n].op in ("within", "at_most", "not_passed"))
    return Clock(growth, tests, ceilings, closing)


def starting(clocks: Sequence[Clock], step: InterventionRule) -> int:
    """The tests that a clock which an intervention starts or sets may make true later."""
    mask = 0
    for place, one in enumerate(clocks):
        if _sets(step, place) or any(clause & step.add for clause in one.growth):
            mask |= one.tests & ~one.ceilings
    return mask


def closing(clocks: Sequence[Clock], step: InterventionRule) -> int:
    """The tests for whose sake it may pay to begin late: it sets or begins a clock that closes them, or stops one."""
    mask = 0
    for place, one in enumerate(clocks):
        if _sets(step, place) or any(clause & step.add for clause in one.growth):
            mask |= one.closing
        if any(clause & step.delete for clause in one.growth):
            mask |= one.tests
    return mask


def stirs(clocks: Sequence[Clock], steps: Iterable[InterventionRule]) -> list[int]:
    """For each intervention, the clocks (a bit mask) that it may set, start or stop, or that may by themselves."""
    ticking = union(one.tests & ~(union(one.growth) & ~one.ceilings) for one in clocks)
    always = union(1 << place for place, one in enumerate(clocks) if union(one.growth) & ticking)
    found = []
    for step in steps:
        touched, stirred = step.add | step.delete, always
        for place, one in enumerate(clocks):
            stirred |= (_sets(step, place) or bool(touched & (one.tests | union(one.growth)))) << place
        found.append(stirred)
    return found


def _sets(step: InterventionRule, clock: int) -> bool:
    return any(place == clock for place, _, _ in step.clocks)
