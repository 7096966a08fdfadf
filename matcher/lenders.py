"""Lenders: which products' published conditions a participant meets, what they cost and whether they are affordable.

Status speaks of published conditions alone; affordability stands beside it. A term that no source states is no
condition. Capacity is our own choice of a share of what is left of an ordinary month's profit.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from matcher.facts.participant import Known
from matcher.programme.compiled import Condition, PriceRule, ProductRule
from matcher.programme.criteria import UNKNOWN_HIGH, Criterion
from matcher.programme.entries import Price
from matcher.programme.masks import met, places, truth_of
from matcher.programme.prices import Annuity
from matcher.programme.rules import Rules

STATUSES: Final = ("conditions_met", "ask", "not_yet", "not_for_you")


class Money(NamedTuple):
    """A participant's money: rupiah a month that can go to instalments and whether they are known, and what is wanted."""

    free_idr: int
    free_known: bool
    asked_idr: int | None
    purpose: str
    sharia_only: bool


class Terms(NamedTuple):
    """What one product means in money for one participant; None is unknown.

    `price`: the dearest price that may hold. `planned_idr`: the smaller of what is asked and what is affordable.
    `reachable`: whether some amount that is asked or less, and in the band, is affordable.
    """

    affordable: str
    missing_from: str
    annuity: Annuity | None
    instalment_idr: int | None
    max_affordable_idr: int | None
    planned_idr: int | None
    reachable: bool | None


class Standing(NamedTuple):
    """How the day's distinct conditions stand for one participant, as bit masks of their places in `Rules.conditions`.

    `failed`; `lasting`: those of them that nothing can change; `open`: unknown.
    """

    failed: int
    open: int
    lasting: int


class Change(NamedTuple):
    """Something that changes an unmet condition: an intervention's id, or waiting until a day, or asking for less."""

    kind: str
    intervention: str = ""
    amount_idr: int | None = None


class Unmet(NamedTuple):
    """A published condition that is not met, what the participant has, and what changes it (nothing: never)."""

    criterion: Criterion
    have: Mapping[str, Any]
    changed_by: tuple[Change, ...]


class Match(NamedTuple):
    """One product seen from one participant."""

    id: str
    tier: str
    form: tuple[str, ...]
    availability: str
    status: str
    offered: bool
    unmet: tuple[Unmet, ...]
    questions: tuple[str, ...]
    terms_unknown: tuple[str, ...]
    terms: Terms
    prices: tuple[Price, ...]
    closes: tuple[str, ...]
    notices: tuple[Mapping[str, str], ...]


def capacity(rules: Rules, low: Any, high: Any) -> tuple[Any, Any]:
    """Return (rupiah a month that can go to instalments, whether it is known); integers or equal-length arrays.

    The share (tiers.toml, our choice) of profit less present instalments less the household need.
    """
    total: Any = 0
    known: Any = True
    for role, sign in (("monthly_profit", 1), ("monthly_instalments", -1), ("household_need", -1)):
        place = rules.role(role)
        if place is None:
            continue
        is_known = low[place] == high[place]
        known = known & is_known
        total = total + sign * low[place] * is_known
    return (rules.programme.share_percent * total) // 100, known


def money_of(rules: Rules, known: Known) -> Money:
    """Work out once what the terms of every product ask of a participant."""
    free, is_known = capacity(rules, known.low, known.high)
    return Money(int(free), bool(is_known), _asked(rules, known), _purpose(rules, known), wants_sharia(rules, known))


def terms_of(product: ProductRule, known: Known, money: Money) -> Terms:
    """Work out a product's price, instalment and affordability."""
    asked = money.asked_idr
    most = product.entry.max_amount_idr if product.entry.max_amount_idr is not None else UNKNOWN_HIGH
    least = max(product.entry.min_amount_idr or 1, 1)
    if product.is_grant:
        planned = None if asked is None else min(asked, most)
        return Terms("yes", "", None, None, None, planned, True)
    price = price_for(product, known, sharia=money.sharia_only)
    annuity = price.annuities[money.purpose] if price else None
    cap = None
    if money.free_known:
        cap = 0 if money.free_idr <= 0 else math.floor(money.free_idr / annuity.monthly) if annuity else None
    wish = cap if asked is None else asked if cap is None or asked < cap else cap
    planned = wish if wish is None or wish < most else most
    reachable = None if asked is None or cap is None else True
    if (most if planned is None else planned) < least:
        reachable = False
    answer, missing = _affordable(asked, cap, annuity is not None)
    instalment = math.ceil(asked * annuity.instalment) if annuity and asked else None
    return Terms(answer, missing, annuity, instalment, cap, planned, reachable)


def _affordable(asked: int | None, cap: int | None, priced: bool) -> tuple[str, str]:
    if cap is not None and asked is not None:
        return ("yes" if asked <= cap else "no"), ""
    if cap == 0:
        return "no", ""
    return "unknown", "participant" if priced else "lender"


def _asked(rules: Rules, known: Known) -> int | None:
    place = rules.role("amount_asked")
    if place is None or known.low[place] != known.high[place]:
        return None
    return known.low[place]


def _purpose(rules: Rules, known: Known) -> str:
    """Working capital, unless the purpose is known to be investment."""
    place = rules.role("purpose")
    if place is None or known.low[place] != known.high[place]:
        return "working_capital"
    code = rules.signals[rules.roles["purpose"]].decode(known.low[place])
    return "investment" if code == "investment" else "working_capital"


def wants_sharia(rules: Rules, known: Known) -> bool:
    """Whether the participant is known to want sharia forms only."""
    place = rules.role("sharia_only")
    return place is not None and known.low[place] == known.high[place] == 1


def price_for(product: ProductRule, known: Known, *, sharia: bool) -> PriceRule | None:
    """The dearest computable price that is not known to be for others; None where none is stated."""
    for price in reversed(product.prices):  # cheapest first
        if price_in_form(product, price, sharia) and truth_of(price.when, known.yes, known.no) is not False:
            return price
    return None


def price_in_form(product: ProductRule, price: PriceRule, sharia: bool) -> bool:
    """Whether a price is stated for the form wanted; a price for one form alone says nothing of the other."""
    if product.entry.form == ("sharia",):
        return price.price.form in ("", "sharia")
    return price.price.form == "sharia" if sharia else price.price.form in ("", "conventional")


def standing_of(rules: Rules, known: Known, possible: int, which: Sequence[int] | None = None) -> Standing:
    """How every distinct condition of the day's products stands, or those in the places `which`.

    `possible`: tests that can still come to hold.
    """
    failed = open_ = lasting = 0
    yes, no, changed = known.yes, known.no, possible | ~known.no
    for place in range(len(rules.conditions)) if which is None else which:
        condition = rules.conditions[place]
        truth = truth_of(condition.clauses, yes, no)
        if truth is None:
            open_ |= 1 << place
        elif not truth:
            failed |= 1 << place
            can_change = (
                rules.ask_less is not None if condition.ceiling is not None else met(condition.clauses, changed)
            )
            lasting |= (not can_change) << place
    return Standing(failed, open_, lasting)


def status_of(product: ProductRule, standing: Standing) -> str:
    """The status of a product's published conditions: a permanent failure beats a changeable one, that an unknown."""
    asked = product.conditions_mask
    if asked & standing.failed:
        return "not_for_you" if asked & standing.lasting else "not_yet"
    if asked & standing.open or product.entry.register or product.availability == "lead_only":
        return "ask"
    return "conditions_met"


def matches(
    rules: Rules,
    known: Known,
    terms: Sequence[Terms],
    standing: Standing,
    *,
    reachable: int,
    passing: int,
    wanted: bool | None,
) -> list[Match]:
    """Say everything about every product.

    `terms`: of each product. Bit masks: `reachable` has the interventions that can be come to, `passing` the tests that
    time alone makes true. What is said of a condition is the same for every product that states it.
    """
    unmet: dict[int, tuple[Mapping[str, Any], tuple[Change, ...]]] = {}
    open_: dict[int, Sequence[str]] = {}
    for place in places(standing.failed):
        condition = rules.conditions[place]
        unmet[place] = (_have(rules, condition, known), changes_for(rules, condition, known, reachable, passing))
    for place in places(standing.open):
        condition = rules.conditions[place]
        single = len(condition.signals) == 1
        open_[place] = condition.signals if single else rules.signals_in(unknown_tests(condition.clauses, known))
    found = []
    for product, its_terms in zip(rules.products, terms, strict=True):
        status = status_of(product, standing)
        entry, asked, stated = product.entry, product.conditions_mask, product.conditions
        lacking: list[Unmet] = []
        questions: list[str] = []
        if asked & standing.failed:
            of_rules = zip(product.criteria, stated, strict=True)
            lacking = [Unmet(rule.criterion, *unmet[place]) for rule, place in of_rules if place in unmet]
        if asked & standing.open:
            questions = [name for place in stated if place in open_ for name in open_[place]]
        fits = product.suggested and status == "conditions_met" and its_terms.affordable == "yes"
        told = [text for text, when in product.notices if not when or truth_of(when, known.yes, known.no)]
        one = Match(  # by place: naming thirteen fields costs more than all the rest
            entry.id,
            entry.tier,
            entry.form,
            product.availability,
            status,
            fits and wanted is not False and its_terms.planned_idr != 0,
            tuple(lacking),
            tuple(dict.fromkeys(questions)) if questions else (),
            entry.terms_unknown,
            its_terms,
            product.stated_prices,
            entry.closes,
            tuple(told),
        )
        found.append(one)
    return found


def unknown_tests(clauses: tuple[int, ...], known: Known) -> int:
    """The tests whose answer would settle the clauses that are still open."""
    mask = 0
    for clause in clauses:
        if not clause & known.yes:
            mask |= clause & ~known.no
    return mask


def _have(rules: Rules, condition: Condition, known: Known) -> dict[str, Any]:
    have = {}
    for name in condition.signals:
        place = rules.position[name]
        is_known = known.low[place] == known.high[place]
        have[name] = rules.signals[name].decode(known.low[place]) if is_known else None
    return have


def changes_for(rules: Rules, condition: Condition, known: Known, reachable: int, passing: int) -> tuple[Change, ...]:
    """What makes an unmet condition hold: interventions in the programme's order, then waiting."""
    if condition.ceiling is not None:
        return (Change("ask_less", rules.ask_less.entry.id, condition.ceiling),) if rules.ask_less else ()
    changes = []
    waits = False
    for clause in condition.clauses:
        if clause & known.yes:
            continue
        waits |= bool(clause & passing)
        for place in places(rules.achievers(clause) & reachable):
            intervention = rules.interventions[place]
            direct = intervention.add & ~intervention.reveal_add & clause
            if direct or (rules.starting[place] & clause and not clause & passing):
                kind = "wait" if intervention.entry.kind == "wait" else "intervention"
                changes.append(Change(kind, intervention.entry.id))
                waits |= not direct
    if waits:
        changes.append(Change("wait"))
    return tuple(dict.fromkeys(changes))


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
