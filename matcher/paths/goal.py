"""The default goal: the product to go for where nobody named one, and the path to it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from matcher.facts.participant import value_of_role
from matcher.message import Message
from matcher.paths.path import Path, next_month, path_to
from matcher.programme.compiled import ProductRule
from matcher.reach import Outlook
from matcher.standing import asking, standing_of, status_of


def default_goal(view: Outlook) -> tuple[Path, ProductRule | None]:
    """Choose the goal and the path to it: the lowest rate within reach in time, then days, rupiah, a scheme's own row."""
    if view.wants is False or view.runs is False:
        return Path(None, why=Message("no_goal_wants_none" if view.wants is False else "no_goal_no_business")), None
    if view.wants is None or view.runs is None:
        role = "wants_capital" if view.wants is None else "business_running"
        return Path(None, why=Message("no_goal_unknown", {"signal": view.rules.roles.get(role, role)})), None
    candidates = [p for p in view.rules.products if _may_be_goal(view, p)]
    # An answer that nobody gave is no ground for a goal: the fewest assumed come before the fewest days.
    order = {
        p.index: (view.terms[p.index].rate, (p.conditions_mask & view.standing.open).bit_count(), p.entry.group_lending)
        for p in candidates
    }
    candidates.sort(key=lambda product: order[product.index])
    for _, equals in groupby(candidates, lambda product: order[product.index]):
        ways = []
        for product in equals:
            path = path_to(view, product)
            if path.days is not None and path.days <= view.rules.programme.horizon_days:
                total = (path.days, path.cost_idr or 0, bool(product.entry.scheme), product.index)
                ways.append((total, path, product))
        if ways:
            _, path, product = min(ways, key=lambda way: way[0])
            return path, product
    return Path(None, why=_why_none(view, candidates)), None


def _may_be_goal(view: Outlook, product: ProductRule) -> bool:
    terms = view.terms[product.index]
    if product.is_grant or not product.suggested or terms.annuity is None:
        return False
    if view.money.sharia_only and "sharia" not in product.entry.form:
        return False
    least, most = product.entry.min_amount_idr or 1, product.entry.max_amount_idr
    bounds = [
        b for b in (value_of_role(view.rules, view.known, "amount_asked"), terms.max_affordable_idr) if b is not None
    ]
    amount = min(bounds) if bounds else None
    if amount is not None and (amount < least or (most is not None and amount > most)):
        return False
    known, standing = asking(view.rules, view.known, amount), view.standing
    if known is not view.known:
        standing = standing_of(view.rules, known, view.reach.tests, product.conditions)
    return status_of(product, standing) != "not_for_you"


def _why_none(view: Outlook, candidates: Sequence[ProductRule]) -> Message:
    if view.money.free_known and view.money.free_idr <= 0:
        return Message("no_goal_capacity", {"on": next_month(view.rules)})
    if not candidates:
        return Message("no_goal_no_product")
    return Message("no_goal_too_far", {"days": view.rules.programme.horizon_days})
