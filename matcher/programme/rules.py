"""Rules: a programme as it stands on one day, compiled so that answering is a matter of bit masks.

Every test that any rule of that day asks has a number; a set of tests is an integer with those bits. What is known about
a participant is then two integers, the tests known to hold and the tests known not to.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cached_property, lru_cache
from typing import Any

from matcher.message import CodedError, Message
from matcher.programme import clocks as time
from matcher.programme.compiled import DoubtRule, InterventionRule, StepRule, TierRule
from matcher.programme.compiling import Compiler
from matcher.programme.consequences import consequences, in_order
from matcher.programme.criteria import TRUTHS, UNKNOWN_HIGH, UNKNOWN_LOW, Criterion, Test
from matcher.programme.entries import Doubt, Programme, Signal
from matcher.programme.interventions import Draft, Effects, draft
from matcher.programme.masks import Clauses, places, union
from matcher.programme.products import products_on


class DayError(CodedError):
    """A day on which there is no programme."""


class Rules:
    """What a programme says on one day. Make it with `rules_on`."""

    def __init__(self, programme: Programme, day: date) -> None:
        self.programme, self.day, self.today = programme, day, day.toordinal()
        self.signals = _signals_of_the_day(programme, day)
        self.roles = {signal.role: signal.id for signal in self.signals.values() if signal.role}
        compiler = Compiler(self.signals, {s.id: s for s in programme.steps if s.holds_on(day)}, day)
        self.position = compiler.position
        self._compile_signals(compiler)
        self.steps = tuple(
            StepRule(step, compiler.clauses(step.done), compiler.clauses(step.under_way))
            for step in compiler.steps.values()
        )
        self.products, self.conditions = products_on(programme, day, compiler, self.roles)
        self.product_ids = {p.entry.id: p for p in self.products}
        only_amount = (self.roles.get("amount_asked"),)
        self.amount_conditions = union(1 << n for n, c in enumerate(self.conditions) if c.signals == only_amount)
        self.tiers = tuple(
            TierRule(tier, tuple(_tier_part(compiler, c) for c in tier.rule if c.holds_on(day)))
            for tier in programme.tiers
            if tier.holds_on(day)
        )
        drafts = [draft(compiler, entry) for entry in programme.interventions if entry.holds_on(day)]
        self.referrals = programme.referrals.on(day)
        self._number(compiler.tests)
        self._compile_interventions(compiler, drafts)

    def _compile_signals(self, compiler: Compiler) -> None:
        """What signals say of themselves and of each other."""
        signals = self.signals.values()
        self.clock_signals = [s.id for s in signals if s.grows or s.kind == "date"]
        self.growth = [_growth(compiler, self.signals[name]) for name in self.clock_signals]
        self.derived = {s.id: compiler.clauses(s.derived) for s in signals if s.derived}
        self.follows = in_order(consequences(compiler))
        self.doubts = [_doubt(one, self.position) for one in self.programme.doubts if one.holds_on(self.day)]

    def _number(self, tests: tuple[Test, ...]) -> None:
        """The tests of the day, all of them: what each asks about, and what somebody unknown answers."""
        self.tests = tests
        self.all_tests = (1 << len(tests)) - 1
        self.test_signals = [self.position[test.signal] for test in tests]
        self.asking = [(self.position[t.signal], TRUTHS[t.op], t.value, t.lenient) for t in tests]
        self.tests_about = [
            [n for n, place in enumerate(self.test_signals) if place == about] for about in range(len(self.position))
        ]
        unknown = [test.truth(UNKNOWN_LOW, UNKNOWN_HIGH, self.today) for test in tests]
        self.unknown_yes = [union(bool(unknown[n][0]) << n for n in about) for about in self.tests_about]
        self.unknown_no = [union(bool(unknown[n][1]) << n for n in about) for about in self.tests_about]
        about_clocks = [self.tests_about[self.position[name]] for name in self.clock_signals]
        amount = self.role("amount_asked")
        self.amount_tests = 0 if amount is None else union(1 << n for n in self.tests_about[amount])
        self.clock_tests = [union(1 << n for n in about if tests[n].op != "known") for about in about_clocks]

    def _compile_interventions(self, compiler: Compiler, drafts: list[Draft]) -> None:
        effects = Effects(compiler, {name: n for n, name in enumerate(self.clock_signals)}, self.steps)
        self.interventions = tuple(effects.intervention(place, one) for place, one in enumerate(drafts))
        self.intervention_ids = {i.entry.id: i for i in self.interventions}
        self.adds = [i.add for i in self.interventions]
        self.revealing = [i.index for i in self.interventions if i.reveal_add]
        self.deletable = union(i.delete for i in self.interventions)
        clocks = [
            time.clock(self.tests, mask, growth, grows=self.signals[name].grows is not None)
            for name, mask, growth in zip(self.clock_signals, self.clock_tests, self.growth, strict=True)
        ]
        self.starting = [time.starting(clocks, step) for step in self.interventions]
        self.closing = [time.closing(clocks, step) for step in self.interventions]
        self.stirs = time.stirs(clocks, self.interventions)
        self._achievers: dict[int, int] = {}
        self._of_kinds: dict[tuple[str, ...], int] = {}
        self.endings = [
            (self.position[rule.criterion.signal], intervention)
            for intervention in self.interventions
            for rule in intervention.needs
            if intervention.entry.kind == "wait" and rule.criterion.op == "passed" and rule.criterion.value is True
        ]
        self.cost_signals = sorted({i.cost_signal for i in self.interventions if i.cost_signal is not None})

    # -- what others ask ---------------------------------------------------------------------------------------------

    def achievers(self, clause: int) -> int:
        """The interventions (a bit mask of their places) that can make a clause hold, directly or by starting a clock."""
        found = self._achievers.get(clause)
        if found is None:
            found = 0
            for intervention in self.interventions:
                if (intervention.add | self.starting[intervention.index]) & clause:
                    found |= 1 << intervention.index
            self._achievers[clause] = found
        return found

    def of_kinds(self, kinds: tuple[str, ...]) -> int:
        """The interventions of some kinds, as a bit mask of their places."""
        found = self._of_kinds.get(kinds)
        if found is None:
            found = self._of_kinds[kinds] = sum(1 << i.index for i in self.interventions if i.entry.kind in kinds)
        return found

    def role(self, name: str) -> int | None:
        """The place of the signal that has this role, or None."""
        signal = self.roles.get(name)
        return None if signal is None else self.position[signal]

    @cached_property
    def ask_less(self) -> InterventionRule | None:
        """The intervention that asks for a smaller amount."""
        return next((i for i in self.interventions if i.entry.kind == "ask_less"), None)

    def signals_in(self, mask: int) -> list[str]:
        """The signals that the tests of a mask ask about, in order, each once."""
        return list(dict.fromkeys([self.tests[number].signal for number in places(mask)]))


def _signals_of_the_day(programme: Programme, day: date) -> dict[str, Signal]:
    found: dict[str, Signal] = {}
    for signal in programme.signals:
        if signal.holds_on(day) or signal.id not in found:
            found[signal.id] = signal
    return found


def _doubt(entry: Doubt, position: Mapping[str, int]) -> DoubtRule:
    places = tuple([position[name] for name in (entry.signal, entry.other) if name])
    return DoubtRule(entry, places, entry.below, entry.times_percent, entry.plus)


def _growth(compiler: Compiler, signal: Signal) -> Clauses:
    grows = signal.grows
    return compiler.clauses((grows.while_,)) if grows and grows.while_ else ()


def _tier_part(compiler: Compiler, criterion: Criterion) -> Any:
    if criterion.kind in ("any", "all"):
        parts = tuple(_tier_part(compiler, part) for part in criterion.parts if part.holds_on(compiler.day))
        return (criterion.kind, parts)
    if criterion.kind in ("signal", "step"):
        return compiler.rule(criterion)
    return (criterion.kind, criterion.value)


@lru_cache(maxsize=32)
def rules_on(programme: Programme, day: date) -> Rules:
    """Return the compiled rules of a programme on a day; the last 32 days asked are kept.

    Raises:
        DayError: if the programme does not exist on that day.
    """
    if day < programme.valid_from or (programme.valid_to is not None and day > programme.valid_to):
        end = programme.valid_to or Message("until_today")
        raise DayError("day_outside", day=day, start=programme.valid_from, end=end)
    return Rules(programme, day)
