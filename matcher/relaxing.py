"""Relaxing: a published condition made one step easier, to see what it costs whoever lends by it.

The steps are our choice. A number goes to the next of a few that lenders use: 6 months become 3, Rp50 million Rp20 million
or, where it is a ceiling, Rp100 million; in a group of conditions every number does. Whatever has no number is dropped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

from matcher.facts.participant import Known
from matcher.programme.compiling import Compiler
from matcher.programme.criteria import Criterion, Test
from matcher.programme.masks import truth_of, union
from matcher.programme.rules import Rules

STEPS: Final[Mapping[str, Sequence[int]]] = {
    "months": (1, 2, 3, 6, 12, 18, 24, 36, 60, 120),
    "years": (17, 18, 21, 25, 30, 40, 50, 55, 60, 65, 70, 75),
}
"""By the unit of a signal."""
COUNTS: Final = (1, 2, 3, 4, 6, 8, 12, 20, 50, 100)
MONEY: Final = tuple(first * 10**zeros for zeros in range(5, 12) for first in (1, 2, 5))
"""Whole rupiah, from Rp100,000."""
DAYS: Final = (30, 60, 90, 180, 365, 730, 1095, 1825)


@dataclass(frozen=True)
class Relaxed:
    """A condition and what it becomes; `to` None: it is dropped."""

    rules: Rules
    criterion: Criterion
    to: Criterion | None

    def truth(self, known: Known) -> bool | None:
        """Whether it would hold for somebody then: yes, no, or None for unknown."""
        if self.to is None:
            return True
        clauses, tests = self._compiled
        position, today = self.rules.position, self.rules.today
        asked = [test.truth(known.low[at], known.high[at], today) for test in tests for at in (position[test.signal],)]
        yes = union(bool(holds) << number for number, (holds, _) in enumerate(asked))
        no = union(bool(fails) << number for number, (_, fails) in enumerate(asked))
        return truth_of(clauses, yes, no)

    @cached_property
    def _compiled(self) -> tuple[tuple[int, ...], tuple[Test, ...]]:
        assert self.to is not None
        steps = {one.step.id: one.step for one in self.rules.steps}
        compiler = Compiler(self.rules.signals, steps, self.rules.day)
        return compiler.clauses((self.to,)), compiler.tests


def relaxed(rules: Rules, criterion: Criterion) -> Relaxed:
    """A condition made one step easier."""
    to = _easier(rules, criterion)
    return Relaxed(rules, criterion, None if to == criterion else to)


def _easier(rules: Rules, criterion: Criterion) -> Criterion | None:
    """What it becomes; itself where nothing of it has a next step, None where it is dropped."""
    if criterion.kind in ("any", "all"):
        parts = tuple(_easier(rules, part) or part for part in criterion.parts)
        return criterion if parts == criterion.parts else replace(criterion, parts=parts, text=None)
    signal = rules.signals.get(criterion.signal)
    if criterion.kind != "signal" or signal is None or signal.kind not in ("number", "money", "date"):
        return criterion
    steps: Sequence[int] = MONEY if signal.kind == "money" else STEPS.get(signal.unit, COUNTS)
    value: int | None = None
    if criterion.op == "at_least":
        more_than = signal.kind == "money" and criterion.value % 1000 == 1  # "more than Rp10,000,000"
        lower = [one + more_than for one in steps if one + more_than < criterion.value]
        value = max((one for one in lower if one >= signal.minimum), default=None)
    elif criterion.op in ("at_most", "within_days"):
        higher = DAYS if criterion.op == "within_days" else [one for one in steps if one <= signal.maximum]
        value = min((one for one in higher if one > criterion.value), default=None)
    return criterion if value is None else replace(criterion, value=value, text=None)
