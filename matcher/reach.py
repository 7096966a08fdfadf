"""Reach: one participant seen from the rules of a day, worked out once for every later question.

What can be come to from here by doing and by waiting, what each step costs, how conditions stand and what the money
says. Tier, matches and paths read an `Outlook`, and nothing of each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from matcher.facts.declines import Bar
from matcher.facts.participant import Known, value_of_role
from matcher.money import Money, Terms, money_of, terms_of
from matcher.programme.compiled import ProductRule
from matcher.programme.masks import met, places, truth_of
from matcher.programme.rules import Rules
from matcher.standing import Standing, standing_of, status_of

NOTHING: Final[Mapping[int, tuple[Bar, ...]]] = {}


@dataclass(frozen=True)
class Reach:
    """What can be come to from here if every unknown answer is good, as bit masks.

    `interventions`; `tests` that they or time can make true; `passing`: tests that time alone makes true.
    """

    interventions: int
    tests: int
    passing: int


@dataclass(frozen=True)
class Outlook:
    """One participant seen from the rules of a day.

    `terms`: of every product. `costs`: rupiah of every intervention, an unknown one as nothing. `cash`, `wants` (capital)
    and `runs` (the business): what was said of them, None where nobody did. `barred`: by the place of a product the
    declines that bar it, the longest first.
    """

    rules: Rules
    known: Known
    reach: Reach
    money: Money
    terms: Sequence[Terms]
    standing: Standing
    costs: Sequence[int]
    cash: int | None
    wants: bool | None
    runs: bool | None
    barred: Mapping[int, tuple[Bar, ...]] = field(default_factory=dict)


def outlook(rules: Rules, known: Known) -> Outlook:
    """Work out once what every later question about a participant needs."""
    money, reached = money_of(rules, known), reach(rules, known)
    return Outlook(
        rules=rules,
        known=known,
        reach=reached,
        money=money,
        terms=[terms_of(product, known, money) for product in rules.products],
        standing=standing_of(rules, known, reached.tests),
        costs=costs(rules, known, optimistic=True),
        cash=value_of_role(rules, known, "cash_at_hand"),
        wants=_yes_no(rules, known, "wants_capital"),
        runs=_yes_no(rules, known, "business_running"),
        barred=_barred(rules, known.bars) if known.bars else NOTHING,
    )


def reach(rules: Rules, known: Known) -> Reach:
    """The interventions whose needs can come to be met, and all they and time can bring, unknown answers taken as good."""
    unknown = rules.all_tests & ~(known.yes | known.no)
    passing = gained = ticking(rules, known)
    holds = known.yes | unknown | passing
    reached = 0
    todo = [i for i in rules.interventions if i.entry.kind not in ("ask_less", "referral")]
    while True:
        ready = [i for i in todo if met(i.need_clauses, holds)]
        if not ready:
            return Reach(reached, gained, passing)
        for intervention in ready:
            reached |= 1 << intervention.index
            add = (intervention.add & ~intervention.reveal_add) | (intervention.reveal_add & unknown)
            add |= rules.starting[intervention.index]
            gained |= add
            holds |= add
        todo = [i for i in todo if not reached >> i.index & 1]


def ticking(rules: Rules, known: Known) -> int:
    """The tests that time alone will make true, given what is known today."""
    mask = 0
    for clock, name in enumerate(rules.clock_signals):
        place = rules.position[name]
        closed = rules.clock_tests[clock] & known.no
        grows = rules.signals[name].grows
        if not closed or (grows is None and known.low[place] != known.high[place]):
            continue
        if grows and truth_of(rules.growth[clock], known.yes, known.no) is False:
            continue
        for number in places(closed):
            test = rules.tests[number]
            if grows:
                opens = test.op == "at_least" and test.value <= rules.signals[name].maximum
            else:
                opens = test.op == "not_within" or (test.op in ("passed", "within") and known.low[place] > rules.today)
            mask |= opens << number
    return mask


def costs(rules: Rules, known: Known, *, optimistic: bool) -> list[int]:
    """Rupiah of each intervention; a cost that is an unknown signal is nothing, or without end."""
    found = []
    for intervention in rules.interventions:
        place = intervention.cost_signal
        if place is None:
            found.append(intervention.cost)
        elif known.low[place] == known.high[place]:
            found.append(known.low[place])
        else:
            found.append(0 if optimistic else known.high[place])
    return found


def _yes_no(rules: Rules, known: Known, role: str) -> bool | None:
    value = value_of_role(rules, known, role)
    return None if value is None else bool(value)


def _barred(rules: Rules, bars: Sequence[Bar]) -> Mapping[int, tuple[Bar, ...]]:
    found: dict[int, tuple[Bar, ...]] = {}
    for bar in sorted(bars, key=_longest_first):
        for name in dict.fromkeys(bar.decline.products):
            product = rules.product_ids.get(name)
            if product is not None:
                found[product.index] = (*found.get(product.index, ()), bar)
    return found


def _longest_first(bar: Bar) -> tuple[bool, int]:
    until = bar.decline.until if "until" in bar.lacks and bar.decline.until else date.min
    return bool(bar.lacks), -until.toordinal()


def status_for(view: Outlook, product: ProductRule) -> str:
    """The status of a product: that of its published conditions, but while a lender's no bars it `not_yet` at best.

    A no for good is `not_for_you`.
    """
    status, bars = status_of(product, view.standing), view.barred.get(product.index)
    if bars is None or status == "not_for_you":
        return status
    return "not_yet" if all(bar.lacks for bar in bars) else "not_for_you"


def offers(view: Outlook, product: ProductRule) -> bool:
    """Whether a product is offered: running, conditions met, affordable, not declined, and capital not unwanted."""
    terms = view.terms[product.index]
    if not product.suggested or terms.affordable != "yes" or terms.planned_idr == 0 or view.wants is False:
        return False
    return status_for(view, product) == "conditions_met"
