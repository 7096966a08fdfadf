"""Rules: a programme as it stands on one day, compiled so that answering is a matter of bit masks.

Every test that any rule of that day asks has a number; a set of tests is an integer with those bits. What is known about
a participant is then two integers, the tests known to hold and the tests known not to.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property, lru_cache, reduce
from operator import or_
from typing import Any, Final

from matcher.programme.criteria import TRUTHS, UNKNOWN_HIGH, UNKNOWN_LOW, Criterion, Test, compile_clauses
from matcher.programme.entries import Effect, Intervention, Price, Product, Programme, Signal, Step, Tier
from matcher.programme.prices import Annuity, annuity, tenors

Clauses = tuple[int, ...]
_FINDINGS: Final = {"positive": 0, "nothing_found": 2}  # between them: nothing is known yet


@dataclass(frozen=True)
class Rule:
    """A criterion with its clauses and the signals they ask about."""

    criterion: Criterion
    clauses: Clauses
    signals: tuple[str, ...] = ()


@dataclass(frozen=True)
class Condition:
    """A product's condition apart from the product; `ceiling`: it is the largest amount, in whole rupiah."""

    clauses: Clauses
    ceiling: int | None
    signals: tuple[str, ...]


@dataclass(frozen=True)
class StepRule:
    """A step with its compiled evidence."""

    step: Step
    done: Clauses
    under_way: Clauses


@dataclass(frozen=True, eq=False)
class InterventionRule:
    """An intervention with its compiled needs and effects; `add` and `delete` are tests made true and false.

    `evidence_rank`: what studies found on its own outcome, 0 positive, 1 nothing yet, 2 no effect found.
    """

    entry: Intervention
    index: int
    needs: tuple[Rule, ...]
    need_clauses: Clauses
    changes: int
    reveals: int
    add: int
    delete: int
    reveal_add: int
    clocks: tuple[tuple[int, str, int], ...]
    cost_signal: int | None
    starts: tuple[int, ...]
    days: int
    cost: int
    touches: tuple[StepRule, ...]
    evidence_rank: int
    profit_study: str


@dataclass(frozen=True)
class PriceRule:
    """A price that can be computed: its condition, and what one rupiah costs for each purpose."""

    price: Price
    when: Clauses
    annuities: dict[str, Annuity]


@dataclass(frozen=True, eq=False)
class ProductRule:
    """A product with what it inherits from its scheme, its compiled conditions and its prices, cheapest first.

    `conditions`: the place of each of its criteria among the distinct conditions of the day, `Rules.conditions`.
    `is_grant`: nothing is to be repaid. `suggested`: it can be suggested on this day.
    """

    entry: Product
    index: int
    availability: str
    criteria: tuple[Rule, ...]
    conditions: tuple[int, ...]
    goal: Clauses
    prices: tuple[PriceRule, ...]
    stated_prices: tuple[Price, ...]
    notices: tuple[tuple[Any, Clauses], ...]
    amount_tests: int
    is_grant: bool
    suggested: bool

    @cached_property
    def conditions_mask(self) -> int:
        """The places of its conditions as a bit mask."""
        return union(1 << place for place in self.conditions)


@dataclass(frozen=True)
class TierRule:
    """A tier with its rule: each part is a compiled criterion, an extra rule, or an any/all group of such."""

    tier: Tier
    parts: tuple[Any, ...]


class Rules:
    """What a programme says on one day. Make it with `rules_on`."""

    def __init__(self, programme: Programme, day: date) -> None:
        self.programme, self.day, self.today = programme, day, day.toordinal()
        self.signals: dict[str, Signal] = {}
        for signal in programme.signals:
            if signal.holds_on(day) or signal.id not in self.signals:
                self.signals[signal.id] = signal
        self.position = {name: place for place, name in enumerate(self.signals)}
        self.bounded = [
            (s.id, self.position[s.id], self.position[s.at_least_signal])
            for s in self.signals.values()
            if s.at_least_signal
        ]
        self.roles = {signal.role: signal.id for signal in self.signals.values() if signal.role}
        self._numbers: dict[Test, int] = {}
        self._steps = {step.id: step for step in programme.steps if step.holds_on(day)}
        self.clock_signals = [s.id for s in self.signals.values() if s.grows or s.kind == "date"]
        self.growth = [self._compile_growth(name) for name in self.clock_signals]
        self.derived = {s.id: self.clauses(s.derived) for s in self.signals.values() if s.derived}
        self.implied = [
            (self.position[s.id], [(self.clauses(i.when), s.encode(i.to), i.conflict) for i in s.implied])
            for s in self.signals.values()
            if s.implied
        ]
        self.steps = tuple(
            StepRule(step, self.clauses(step.done), self.clauses(step.under_way)) for step in self._steps.values()
        )
        self._conditions: dict[Condition, int] = {}
        self.products = tuple(self._product(place, entry) for place, entry in enumerate(self._products_of_the_day()))
        self.conditions = tuple(self._conditions)
        only_amount = (self.roles.get("amount_asked"),)
        self.amount_conditions = union(1 << n for n, c in enumerate(self.conditions) if c.signals == only_amount)
        self.tiers = tuple(
            TierRule(tier, tuple(self._tier_part(c) for c in tier.rule if c.holds_on(day)))
            for tier in programme.tiers
            if tier.holds_on(day)
        )
        entries = [entry for entry in programme.interventions if entry.holds_on(day)]
        drafts = [(entry, self._needs(entry), self._changes(entry)) for entry in entries]
        self.tests: tuple[Test, ...] = tuple(self._numbers)  # complete from here on
        self.all_tests = (1 << len(self.tests)) - 1
        self.test_signals = [self.position[test.signal] for test in self.tests]
        self.asking = [(self.position[t.signal], TRUTHS[t.op], t.value, t.lenient) for t in self.tests]
        self.tests_about = [
            [n for n, place in enumerate(self.test_signals) if place == about] for about in range(len(self.position))
        ]
        unknown = [test.truth(UNKNOWN_LOW, UNKNOWN_HIGH, self.today) for test in self.tests]
        self.unknown_yes = [union(bool(unknown[n][0]) << n for n in about) for about in self.tests_about]
        self.unknown_no = [union(bool(unknown[n][1]) << n for n in about) for about in self.tests_about]
        self.clock_tests = [self._tests_of(name) for name in self.clock_signals]
        self.interventions = tuple(
            self._intervention(place, entry, needs, *changes) for place, (entry, needs, changes) in enumerate(drafts)
        )
        self.adds = [i.add for i in self.interventions]
        self.revealing = [i.index for i in self.interventions if i.reveal_add]
        self.product_ids = {p.entry.id: p for p in self.products}
        self.intervention_ids = {i.entry.id: i for i in self.interventions}
        self.deletable = union(i.delete for i in self.interventions)
        self.starting = self._starting()
        self.closing = [self._closing(i) for i in self.interventions]
        self.stirs = self._stirs()
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

    # -- compiling ---------------------------------------------------------------------------------------------------

    def clauses(self, criteria: Iterable[Criterion]) -> Clauses:
        """Compile criteria into bit masks of numbered tests."""
        compiled = compile_clauses(criteria, self.day, self._expand, lambda name, v: self.signals[name].encode(v))
        return tuple(self._mask(clause) for clause in compiled)

    def _mask(self, tests: Iterable[Test]) -> int:
        mask = 0
        for test in sorted(tests, key=lambda t: (self.position[t.signal], t.op, t.value, t.lenient)):
            mask |= 1 << self._numbers.setdefault(test, len(self._numbers))
        return mask

    def _expand(self, criterion: Criterion) -> tuple[Criterion, ...] | None:
        if criterion.kind == "step":
            step = self._steps.get(criterion.signal)
            return step.done if step else ()
        if criterion.kind == "signal" and self.signals[criterion.signal].derived:
            return self.signals[criterion.signal].derived
        return None

    def rules_of(self, criteria: Iterable[Criterion]) -> tuple[Rule, ...]:
        """Compile each criterion that stands on this day by itself."""
        return tuple(self._rule(c) for c in criteria if c.holds_on(self.day))

    def _rule(self, criterion: Criterion) -> Rule:
        clauses = self.clauses((criterion,))
        numbered = list(self._numbers)
        names = dict.fromkeys(numbered[place].signal for clause in clauses for place in places(clause))
        return Rule(criterion, clauses, tuple(names))

    def _compile_growth(self, name: str) -> Clauses:
        grows = self.signals[name].grows
        return self.clauses((grows.while_,)) if grows and grows.while_ else ()

    def _needs(self, entry: Intervention) -> tuple[Rule, ...]:
        criteria = list(entry.needs)
        step = self._steps.get(entry.step)
        if step:
            for order in step.order:
                if order.hard and order.holds_on(self.day):
                    criteria += [Criterion("step", signal=name) for name in order.after]
        return self.rules_of(criteria)

    def _changes(self, entry: Intervention) -> tuple[int, int]:
        """Return the tests of which one must not hold yet for the intervention to change something, and those it tells."""
        changes = reveals = 0
        for effect in (*entry.sets, *entry.requests):
            if effect.value != "done" and self.signals[effect.signal].role != "amount_asked":
                changes |= self._mask([self._effect_test(effect)])
        for effect in entry.reveals:
            reveals |= self._mask([Test(effect.signal, "known", 0)])
        return changes, reveals

    def _effect_test(self, effect: Effect) -> Test:
        op = {"to": "equals", "adds": "has"}.get(effect.op, effect.op)
        return Test(effect.signal, op, self.signals[effect.signal].encode(effect.value))

    def _intervention(
        self, place: int, entry: Intervention, needs: tuple[Rule, ...], changes: int, reveals: int
    ) -> InterventionRule:
        add = delete = reveal_add = 0
        clocks = []
        for effect in (*entry.sets, *entry.requests):
            gained, lost = self._consequences(effect)
            add, delete = add | gained, (delete | lost)
            if effect.signal in self.clock_signals:
                value = 0 if effect.value == "done" else self.signals[effect.signal].encode(effect.value)
                clocks.append((self.clock_signals.index(effect.signal), effect.op, value))
        for effect in entry.reveals:
            if effect.op != "known":
                reveal_add |= self._consequences(effect)[0]
        cost = entry.cost_idr
        own = [e for e in entry.evidence if e.outcome == entry.evidence_outcome]
        return InterventionRule(
            entry=entry,
            index=place,
            needs=needs,
            need_clauses=tuple(clause for rule in needs for clause in rule.clauses),
            changes=changes,
            reveals=reveals,
            add=add | reveal_add,
            delete=delete & ~add,
            reveal_add=reveal_add,
            clocks=tuple(clocks),
            cost_signal=self.position[cost.signal] if cost.signal else None,
            starts=tuple(sorted(day.toordinal() - self.today for day in entry.starts_on)),
            days=entry.days.value,
            cost=cost.value,
            touches=tuple(rule for rule in self.steps if any(clause & add for clause in rule.done)),
            evidence_rank=min((_FINDINGS[e.finding] for e in own), default=1),
            profit_study=next(
                (e.study for e in entry.evidence if e.outcome == "profit" and e.finding == "positive"), ""
            ),
        )

    def _consequences(self, effect: Effect) -> tuple[int, int]:
        """The tests an effect makes true and false, whatever the value was before."""
        gained = lost = 0
        done = effect.value == "done"
        value = self.today if done else self.signals[effect.signal].encode(effect.value)
        low = UNKNOWN_LOW if effect.op == "at_most" else value
        high = UNKNOWN_HIGH if effect.op == "at_least" else value
        for number, test in enumerate(self.tests):
            if test.signal != effect.signal or test.op == "known":
                continue
            if effect.op == "adds":
                yes, no = (test.op == "has" and value & test.value), (test.op == "lacks" and value & test.value)
            else:
                yes, no = replace(test, lenient=False).truth(low, high, self.today)
            gained |= bool(yes) << number
            lost |= bool(no) << number
        return gained, lost

    def _tests_of(self, name: str) -> int:
        mask = 0
        for number, test in enumerate(self.tests):
            mask |= (test.signal == name and test.op != "known") << number
        return mask

    def _starting(self) -> list[int]:
        """For each intervention, the tests that a clock it starts or sets may make true later."""
        masks = []
        for intervention in self.interventions:
            mask = 0
            for clock, growth in enumerate(self.growth):
                touched = any(c == clock for c, _, _ in intervention.clocks)
                begun = bool(growth) and any(clause & intervention.add for clause in growth)
                if touched or begun:
                    mask |= self.clock_tests[clock] & ~self._ceilings(clock)
            masks.append(mask)
        return masks

    def _closing(self, intervention: InterventionRule) -> int:
        """The tests for whose sake it may pay to begin late: it sets or begins a clock that closes them, or stops one."""
        closing = 0
        for clock, growth in enumerate(self.growth):
            touched = any(c == clock for c, _, _ in intervention.clocks)
            if touched or any(clause & intervention.add for clause in growth):
                tests = places(self.clock_tests[clock])
                closing |= union(1 << n for n in tests if self.tests[n].op in ("within", "at_most", "not_passed"))
            if any(clause & intervention.delete for clause in growth):
                closing |= self.clock_tests[clock]
        return closing

    def _stirs(self) -> list[int]:
        """For each intervention, the clocks (a bit mask) that it may set, start or stop, or that may by themselves."""
        ticking = [tests & ~(union(self.growth[c]) & ~self._ceilings(c)) for c, tests in enumerate(self.clock_tests)]
        always = union(1 << c for c, growth in enumerate(self.growth) if union(growth) & union(ticking))
        found = []
        for intervention in self.interventions:
            touched, stirred = intervention.add | intervention.delete, always
            for clock, tests in enumerate(self.clock_tests):
                set_ = any(c == clock for c, _, _ in intervention.clocks)
                stirred |= (set_ or bool(touched & (tests | union(self.growth[clock])))) << clock
            found.append(stirred)
        return found

    def _ceilings(self, clock: int) -> int:
        """The tests of a growing signal that growing can only close."""
        if not self.signals[self.clock_signals[clock]].grows:
            return 0
        return sum(1 << n for n in places(self.clock_tests[clock]) if self.tests[n].op != "at_least")

    # -- products and tiers ------------------------------------------------------------------------------------------

    def _products_of_the_day(self) -> list[Product]:
        chosen: dict[str, Product] = {}
        for entry in self.programme.products:
            if entry.valid_from is None or entry.valid_from <= self.day:
                chosen[entry.id] = (
                    entry  # the loader refuses overlaps; a later row of the same id replaces an ended one
                )
        return [self._inherit(entry, chosen.get(entry.scheme)) for entry in chosen.values()]

    def _inherit(self, entry: Product, scheme: Product | None) -> Product:
        if scheme is None:
            return entry
        asked = {tuple(sorted(set(c.signals()))) for c in entry.criteria}
        inherited = tuple(c for c in scheme.criteria if tuple(sorted(set(c.signals()))) not in asked)
        return replace(
            entry,
            min_amount_idr=scheme.min_amount_idr if entry.min_amount_idr is None else entry.min_amount_idr,
            max_amount_idr=scheme.max_amount_idr if entry.max_amount_idr is None else entry.max_amount_idr,
            tenor_months=entry.tenor_months or scheme.tenor_months,
            prices=entry.prices or scheme.prices,
            criteria=entry.criteria + inherited,
            closes=entry.closes or scheme.closes,
        )

    def _product(self, place: int, entry: Product) -> ProductRule:
        criteria = self.rules_of((*entry.criteria, *self._own_criteria(entry)))
        amount = self.roles.get("amount_asked", "")
        goal = tuple(
            clause
            for rule in criteria
            if not (rule.criterion.kind == "signal" and rule.criterion.signal == amount)
            for clause in rule.clauses
        )
        prices = [
            PriceRule(price, self.clauses(price.when), {t: annuity(price, entry, n) for t, n in tenors(entry).items()})
            for price in entry.prices
            if price.basis != "unstated" and tenors(entry)
        ]
        ended = entry.valid_to is not None and self.day > entry.valid_to
        availability = entry.availability
        if availability in ("running", "historical", "closed"):
            availability = ("historical" if availability == "running" else availability) if ended else "running"
        amount_tests = 0
        for number, test in enumerate(self._numbers):
            amount_tests |= (test.signal == amount) << number
        return ProductRule(
            entry=entry,
            index=place,
            availability=availability,
            criteria=criteria,
            conditions=tuple(self._condition(rule) for rule in criteria),
            goal=goal,
            prices=tuple(sorted(prices, key=lambda p: next(iter(p.annuities.values())).yearly_rate)),
            stated_prices=entry.prices,
            notices=tuple((n.text, self.clauses(n.when)) for n in entry.notices),
            amount_tests=amount_tests & union(goal),
            is_grant=entry.kind == "grant",
            suggested=availability == "running",
        )

    def _condition(self, rule: Rule) -> int:
        criterion = rule.criterion
        is_ceiling = criterion.signal == self.roles.get("amount_asked") and criterion.op == "at_most"
        condition = Condition(rule.clauses, criterion.value if is_ceiling else None, rule.signals)
        return self._conditions.setdefault(condition, len(self._conditions))

    def _own_criteria(self, entry: Product) -> list[Criterion]:
        """The conditions that a product's other terms amount to: amount band, form, lending group."""
        criteria = []
        if entry.min_amount_idr is not None and "amount_asked" in self.roles:
            criteria.append(Criterion("signal", self.roles["amount_asked"], "at_least", entry.min_amount_idr))
        if entry.max_amount_idr is not None and "amount_asked" in self.roles:
            criteria.append(Criterion("signal", self.roles["amount_asked"], "at_most", entry.max_amount_idr))
        if entry.kind == "credit" and "sharia" not in entry.form and "sharia_only" in self.roles:
            criteria.append(Criterion("signal", self.roles["sharia_only"], "is", False, unknown_meets=True))
        if entry.group_lending and "lending_group" in self.roles:
            criteria.append(Criterion("signal", self.roles["lending_group"], "is", True))
        return criteria

    def _tier_part(self, criterion: Criterion) -> Any:
        if criterion.kind in ("any", "all"):
            parts = tuple(self._tier_part(part) for part in criterion.parts if part.holds_on(self.day))
            return (criterion.kind, parts)
        if criterion.kind in ("signal", "step"):
            return self._rule(criterion)
        return (criterion.kind, criterion.value)


@lru_cache(maxsize=32)
def rules_on(programme: Programme, day: date) -> Rules:
    """Return the compiled rules of a programme on a day; the last 32 days asked are kept.

    Raises:
        ValueError: if the programme does not exist on that day.
    """
    if day < programme.valid_from or (programme.valid_to is not None and day > programme.valid_to):
        end = programme.valid_to or "today"
        raise ValueError(f"{day} lies outside the programme's dates, {programme.valid_from} to {end}.")
    return Rules(programme, day)


def union(masks: Iterable[int]) -> int:
    """The bits that any of the masks has."""
    return reduce(or_, masks, 0)


def places(mask: int) -> Sequence[int]:
    """The positions of the bits set in a mask, lowest first."""
    found = []
    while mask:
        bit = mask & -mask
        found.append(bit.bit_length() - 1)
        mask ^= bit
    return found
