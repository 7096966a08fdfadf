"""The default goal: the product to go for where nobody named one, the path to it, and what would be cheaper or larger.

What is offered already is the goal, so that the path never leads away from the first suggestion. An answer that nobody
gave is no ground for a goal: what rests on open conditions comes after what rests on money alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Final, NamedTuple

from matcher.facts.participant import Known, value_of_role
from matcher.message import Message
from matcher.paths.path import Alternative, Path, next_month, path_to, planned_amount
from matcher.programme.compiled import ProductRule
from matcher.programme.masks import places
from matcher.reach import Outlook, offers
from matcher.standing import Standing, asking, standing_of, unknown_tests

MOST_ALTERNATIVES: Final = 2
Rank = tuple[int, bool, float, int, bool]
"""Offered, then only money open, then the others; a grant, the yearly rate, open conditions, borrowing as a group."""


class Candidate(NamedTuple):
    """A product that may be the goal; the smallest rank comes first."""

    rank: Rank
    product: ProductRule

    @property
    def rate(self) -> float:
        """What it costs a year, nothing for a grant."""
        return self.rank[2]


def default_goal(view: Outlook) -> tuple[Path, ProductRule | None]:
    """Choose the goal: the first rank within reach in time, then the fewest days, rupiah, a scheme before a lender's row."""
    path, goal, candidates, ways = _chosen(view)
    if goal is None:
        return path, None
    return replace(path, alternatives=_alternatives(view, goal, path, candidates, ways)), goal.product


def bare_goal(view: Outlook) -> Path:
    """The path of `default_goal` without alternatives, which cost as much again to find."""
    return _chosen(view)[0]


def _chosen(view: Outlook) -> tuple[Path, Candidate | None, Sequence[Candidate], dict[str, Path]]:
    """The path, the candidate it leads to, all candidates in their order and the paths found while choosing."""
    ways: dict[str, Path] = {}
    if view.wants is False:
        return Path(None, why=Message("no_goal_wants_none")), None, (), ways
    candidates = sorted(_candidates(view), key=lambda one: one.rank)
    if not (candidates and candidates[0].rank[0] == 0):
        why = _why_not_yet(view)
        if why is not None:
            return Path(None, why=why), None, candidates, ways
    for _, equals in groupby(candidates, lambda one: one.rank):
        found = []
        for one in equals:
            path = _in_time(view, one.product, ways)
            if path is not None:
                total = (path.days, path.cost_idr, bool(one.product.entry.scheme), one.product.index)
                found.append((total, path, one))
        if found:
            _, path, goal = min(found, key=lambda way: way[0])
            return path, goal, candidates, ways
    return Path(None, why=_why_none(view, candidates)), None, candidates, ways


def _candidates(view: Outlook) -> Iterable[Candidate]:
    """What is offered, and every running credit product with a published price that the person may come to.

    What a lender declined is neither while the no lasts.
    """
    for product in view.rules.products:
        terms, entry = view.terms[product.index], product.entry
        if product.index in view.barred:
            continue
        if offers(view, product):
            rate = 0.0 if product.is_grant else terms.rate
            yield Candidate((0, not product.is_grant, rate, 0, entry.group_lending), product)
            continue
        seen = _at_its_amount(view, product)
        if seen is not None:
            place = 1 if _only_money_is_open(view, product, *seen) else 2
            open_ = (product.conditions_mask & view.standing.open).bit_count()
            yield Candidate((place, True, terms.rate, open_, entry.group_lending), product)


def _at_its_amount(view: Outlook, product: ProductRule) -> tuple[Known, Standing] | None:
    """How things stand at the smaller of the amounts asked and affordable; None if the product cannot be the goal."""
    rules, terms = view.rules, view.terms[product.index]
    if product.is_grant or not product.suggested or terms.annuity is None:
        return None
    if view.money.sharia_only and "sharia" not in product.entry.form:
        return None
    least, most = product.entry.min_amount_idr or 1, product.entry.max_amount_idr
    bounds = [b for b in (value_of_role(rules, view.known, "amount_asked"), terms.max_affordable_idr) if b is not None]
    amount = min(bounds) if bounds else None
    if amount is not None and (amount < least or (most is not None and amount > most)):
        return None
    known, standing = asking(rules, view.known, amount), view.standing
    if known is not view.known:
        standing = standing_of(rules, known, view.reach.tests, product.conditions)
    return None if product.conditions_mask & standing.lasting else (known, standing)


def _only_money_is_open(view: Outlook, product: ProductRule, known: Known, standing: Standing) -> bool:
    """Whether every published condition is met, but for what hangs on the amount asked alone."""
    if product.conditions_mask & standing.failed or product.entry.register:
        return False
    open_ = [view.rules.conditions[place] for place in places(product.conditions_mask & standing.open)]
    return all([not unknown_tests(condition.clauses, known) & ~view.rules.amount_tests for condition in open_])


def _in_time(view: Outlook, product: ProductRule, ways: dict[str, Path]) -> Path | None:
    """The path to a product if it is not too long; `ways` keeps those found before."""
    path = ways.get(product.entry.id)
    if path is None:
        path = ways[product.entry.id] = path_to(view, product)
    return path if path.days is not None and path.days <= view.rules.programme.horizon_days else None


def _alternatives(
    view: Outlook, goal: Candidate, path: Path, candidates: Sequence[Candidate], ways: dict[str, Path]
) -> tuple[Alternative, ...]:
    """The first few of the other candidates that would be cheaper or larger than the goal, one of each scheme."""
    found: dict[str, Alternative] = {}
    for one in candidates:
        if len(found) == MOST_ALTERNATIVES:
            break
        scheme = one.product.entry.scheme or one.product.entry.id
        amount = planned_amount(view, one.product)
        larger = amount is not None and path.planned_idr is not None and amount > path.planned_idr
        cheaper = one.rate < goal.rate
        if one is goal or scheme in found or not (cheaper or larger):
            continue
        way = _in_time(view, one.product, ways)
        if way is not None:
            found[scheme] = Alternative(one.product.entry.id, cheaper, larger, way)
    return tuple(found.values())


def _why_not_yet(view: Outlook) -> Message | None:
    """Why nothing that is not offered already can be a goal so far."""
    if view.runs is False:
        return Message("no_goal_no_business")
    if view.wants is None or view.runs is None:
        role = "wants_capital" if view.wants is None else "business_running"
        return Message("no_goal_unknown", {"signal": view.rules.roles.get(role, role)})
    return None


def _why_none(view: Outlook, candidates: Sequence[Candidate]) -> Message:
    if view.money.free_known and view.money.free_idr <= 0:
        return Message("no_goal_capacity", {"on": next_month(view.rules)})
    if not candidates:
        declined = [view.rules.products[place] for place in view.barred]
        fits = any(_at_its_amount(view, product) is not None for product in declined)
        return Message("no_goal_declined" if fits else "no_goal_no_product")
    return Message("no_goal_too_far", {"days": view.rules.programme.horizon_days})
