"""Lenders: everything that is said of each product: its status, what is lacking, what changes that, what to ask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from matcher.facts.declines import Decline
from matcher.facts.participant import Known
from matcher.money import AFFORDABLE, Terms
from matcher.programme.compiled import Condition, ProductRule
from matcher.programme.criteria import Criterion
from matcher.programme.entries import Price
from matcher.programme.masks import places, truth_of
from matcher.programme.rules import Rules
from matcher.reach import Outlook, offers, status_for
from matcher.standing import STATUSES, unknown_tests


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
    """One product seen from one participant. `declined`: the lender's no that bars it today, the longest of several."""

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
    declined: Decline | None


class Stand(NamedTuple):
    """How one product stands, without the reasons."""

    id: str
    status: str
    offered: bool


def stands(view: Outlook) -> list[Stand]:
    """How every product stands, in the order of the programme."""
    return [Stand(p.entry.id, status_for(view, p), offers(view, p)) for p in view.rules.products]


def matches(view: Outlook) -> list[Match]:
    """Say everything about every product, in the order in which they are shown.

    What is said of a condition is the same for every product that states it, so it is worked out once.
    """
    rules, known, standing = view.rules, view.known, view.standing
    unmet = {place: _unmet(view, rules.conditions[place]) for place in places(standing.failed)}
    open_ = {place: _open(view, rules.conditions[place]) for place in places(standing.open)}
    found = []
    for product, terms in zip(rules.products, view.terms, strict=True):
        status, bars = status_for(view, product), view.barred.get(product.index)
        entry, asked, stated = product.entry, product.conditions_mask, product.conditions
        lacking: list[Unmet] = []
        questions: list[str] = []
        if asked & standing.failed:
            of_rules = zip(product.criteria, stated, strict=True)
            lacking = [Unmet(rule.criterion, *unmet[place]) for rule, place in of_rules if place in unmet]
        if asked & standing.open:
            questions = [name for place in stated if place in open_ for name in open_[place]]
        told = [text for text, when in product.notices if not when or truth_of(when, known.yes, known.no)]
        one = Match(  # by place: naming fourteen fields costs more than all the rest
            entry.id,
            entry.tier,
            entry.form,
            product.availability,
            status,
            offers(view, product),
            tuple(lacking),
            tuple(dict.fromkeys(questions)) if questions else (),
            entry.terms_unknown,
            terms,
            product.stated_prices,
            entry.closes,
            tuple(told),
            bars[0].decline if bars else None,
        )
        found.append((_order(product, one), one))
    found.sort(key=lambda row: row[0])
    return [one for _, one in found]


def _order(product: ProductRule, found: Match) -> tuple[Any, ...]:
    return (
        not product.suggested,
        STATUSES.index(found.status),
        not product.is_grant,
        AFFORDABLE.index(found.terms.affordable),
        found.terms.rate,
        bool(product.entry.scheme),
        product.index,
    )


def _unmet(view: Outlook, condition: Condition) -> tuple[Mapping[str, Any], tuple[Change, ...]]:
    return _have(view.rules, condition, view.known), _changes(view, condition)


def _open(view: Outlook, condition: Condition) -> Sequence[str]:
    """The signals that would settle an open condition."""
    if len(condition.signals) == 1:
        return condition.signals
    return view.rules.signals_in(unknown_tests(condition.clauses, view.known))


def _have(rules: Rules, condition: Condition, known: Known) -> dict[str, Any]:
    have = {}
    for name in condition.signals:
        place = rules.position[name]
        is_known = known.low[place] == known.high[place]
        have[name] = rules.signals[name].decode(known.low[place]) if is_known else None
    return have


def _changes(view: Outlook, condition: Condition) -> tuple[Change, ...]:
    """What makes an unmet condition hold: interventions in the programme's order, then waiting."""
    rules, passing = view.rules, view.reach.passing
    if condition.ceiling is not None:
        return (Change("ask_less", rules.ask_less.entry.id, condition.ceiling),) if rules.ask_less else ()
    changes = []
    waits = False
    for clause in condition.clauses:
        if clause & view.known.yes:
            continue
        waits |= bool(clause & passing)
        for place in places(rules.achievers(clause) & view.reach.interventions):
            intervention = rules.interventions[place]
            direct = intervention.add & ~intervention.reveal_add & clause
            if direct or (rules.starting[place] & clause and not clause & passing):
                kind = "wait" if intervention.entry.kind == "wait" else "intervention"
                changes.append(Change(kind, intervention.entry.id))
                waits |= not direct
    if waits:
        changes.append(Change("wait"))
    return tuple(dict.fromkeys(changes))
