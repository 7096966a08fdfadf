"""The interventions of one day: their needs, and the tests that their effects make true and false, compiled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from matcher.programme.compiled import InterventionRule, Rule, StepRule
from matcher.programme.compiling import Compiler
from matcher.programme.criteria import UNKNOWN_HIGH, UNKNOWN_LOW, Criterion, Test
from matcher.programme.entries import Effect, Intervention

_FINDINGS: Final = {"positive": 0, "nothing_found": 2}  # between them: nothing is known yet


@dataclass(frozen=True)
class Draft:
    """An intervention whose needs are compiled. Bit masks: of `changes` one test must not hold yet; `reveals` are told."""

    entry: Intervention
    needs: tuple[Rule, ...]
    changes: int
    reveals: int


def draft(compiler: Compiler, entry: Intervention) -> Draft:
    """Compile what asks further tests, so that all of them are numbered before effects are looked at."""
    criteria = list(entry.needs)
    step = compiler.steps.get(entry.step)
    if step:
        for order in step.order:
            if order.hard and order.holds_on(compiler.day):
                criteria += [Criterion("step", signal=name) for name in order.after]
    needs = compiler.rules(criteria)
    changes = reveals = 0
    for effect in (*entry.sets, *entry.requests):
        if effect.value != "done" and compiler.signals[effect.signal].role != "amount_asked":
            changes |= compiler.mask([_effect_test(compiler, effect)])
    for effect in entry.reveals:
        reveals |= compiler.mask([Test(effect.signal, "known", 0)])
    return Draft(entry, needs, changes, reveals)


def _effect_test(compiler: Compiler, effect: Effect) -> Test:
    op = {"to": "equals", "adds": "has"}.get(effect.op, effect.op)
    return Test(effect.signal, op, compiler.signals[effect.signal].encode(effect.value))


class Effects:
    """Turns drafts into interventions, once every test of the day has its number.

    `clocks`: the place of each signal that moves with time.
    """

    def __init__(self, compiler: Compiler, clocks: Mapping[str, int], steps: Sequence[StepRule]) -> None:
        self.signals, self.position, self.tests = compiler.signals, compiler.position, compiler.tests
        self.day, self.clocks, self.steps = compiler.day, clocks, steps

    def intervention(self, place: int, drawn: Draft) -> InterventionRule:
        """Work out what an intervention makes true and false."""
        entry = drawn.entry
        add = delete = reveal_add = 0
        clocks = []
        for effect in (*entry.sets, *entry.requests):
            gained, lost = self._consequences(effect)
            add, delete = add | gained, delete | lost
            if effect.signal in self.clocks:
                value = 0 if effect.value == "done" else self.signals[effect.signal].encode(effect.value)
                clocks.append((self.clocks[effect.signal], effect.op, value))
        for effect in entry.reveals:
            if effect.op != "known":
                reveal_add |= self._consequences(effect)[0]
        cost = entry.cost_idr
        own = [e for e in entry.evidence if e.outcome == entry.evidence_outcome]
        return InterventionRule(
            entry=entry,
            index=place,
            needs=drawn.needs,
            need_clauses=tuple(clause for rule in drawn.needs for clause in rule.clauses),
            changes=drawn.changes,
            reveals=drawn.reveals,
            add=add | reveal_add,
            delete=delete & ~add,
            reveal_add=reveal_add,
            clocks=tuple(clocks),
            cost_signal=self.position[cost.signal] if cost.signal else None,
            starts=tuple(sorted(self._away(day) for day in entry.starts_on)),
            days=entry.days.value,
            cost=cost.value,
            touches=tuple(rule for rule in self.steps if any(clause & add for clause in rule.done)),
            evidence_rank=min((_FINDINGS[e.finding] for e in own), default=1),
            profit_study=next(
                (e.study for e in entry.evidence if e.outcome == "profit" and e.finding == "positive"), ""
            ),
        )

    def _away(self, day: date) -> int:
        return (day - self.day).days

    def _consequences(self, effect: Effect) -> tuple[int, int]:
        """The tests an effect makes true and false, whatever the value was before."""
        gained = lost = 0
        today = self.day.toordinal()
        value = today if effect.value == "done" else self.signals[effect.signal].encode(effect.value)
        low = UNKNOWN_LOW if effect.op == "at_most" else value
        high = UNKNOWN_HIGH if effect.op == "at_least" else value
        for number, test in enumerate(self.tests):
            if test.signal != effect.signal or test.op == "known":
                continue
            if effect.op == "adds":
                yes, no = (test.op == "has" and value & test.value), (test.op == "lacks" and value & test.value)
            else:
                yes, no = replace(test, lenient=False).truth(low, high, today)
            gained |= bool(yes) << number
            lost |= bool(no) << number
        return gained, lost
