"""Compiling criteria for one day: every question that any rule asks is a test with a number, a criterion is clauses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from matcher.programme.compiled import Rule
from matcher.programme.criteria import Criterion, Test, compile_clauses
from matcher.programme.entries import Signal, Step
from matcher.programme.masks import Clauses, places


class Compiler:
    """Compiles the criteria of one day. `tests`: those asked so far, in the order of their numbers."""

    def __init__(self, signals: Mapping[str, Signal], steps: Mapping[str, Step], day: date) -> None:
        self.signals, self.steps, self.day = signals, steps, day
        self.position = {name: place for place, name in enumerate(signals)}
        self._numbers: dict[Test, int] = {}

    @property
    def tests(self) -> tuple[Test, ...]:
        """The tests asked so far; one's place is its number."""
        return tuple(self._numbers)

    def clauses(self, criteria: Iterable[Criterion]) -> Clauses:
        """Compile criteria that must all hold."""
        compiled = compile_clauses(criteria, self.day, self._expand, lambda name, v: self.signals[name].encode(v))
        return tuple(self.mask(clause) for clause in compiled)

    def mask(self, tests: Iterable[Test]) -> int:
        """The bits of some tests; those not asked before get the next numbers."""
        mask = 0
        for test in sorted(tests, key=lambda t: (self.position[t.signal], t.op, t.value, t.lenient)):
            mask |= 1 << self._numbers.setdefault(test, len(self._numbers))
        return mask

    def rule(self, criterion: Criterion) -> Rule:
        """Compile one criterion by itself."""
        clauses, tests = self.clauses((criterion,)), self.tests
        names = dict.fromkeys(tests[place].signal for clause in clauses for place in places(clause))
        return Rule(criterion, clauses, tuple(names))

    def rules(self, criteria: Iterable[Criterion]) -> tuple[Rule, ...]:
        """Compile each criterion that stands on this day by itself."""
        return tuple(self.rule(c) for c in criteria if c.holds_on(self.day))

    def _expand(self, criterion: Criterion) -> tuple[Criterion, ...] | None:
        if criterion.kind == "step":
            step = self.steps.get(criterion.signal)
            return step.done if step else ()
        if criterion.kind == "signal" and self.signals[criterion.signal].derived:
            return self.signals[criterion.signal].derived
        return None
