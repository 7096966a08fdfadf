"""Interventions: which next steps to suggest, in which order, and the sentence that explains each place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from matcher.lenders import Match, Stand
from matcher.message import Message
from matcher.paths.path import Path
from matcher.programme.compiled import InterventionRule, ProductRule
from matcher.programme.masks import met, truth_of
from matcher.reach import Outlook
from matcher.standing import unknown_tests
from matcher.tiers import TierAnswer

LAST = 10**6
BEFORE_PATH = -1


class Suggestion(NamedTuple):
    """An intervention in its place: why it stands there, the steps it completes, rupiah (None: not known), questions.

    `rank`: what it was ordered by, the smallest first; two of equal rank are tied but for the programme's order.
    """

    id: str
    tier: str
    rank_reason: Message
    completes: tuple[str, ...]
    days: int
    cost_idr: int | None
    questions: tuple[str, ...]
    rank: tuple[int, ...]


def step_statuses(view: Outlook) -> dict[str, str]:
    """The status of every step: done, under_way, open or unknown."""
    statuses = {}
    yes, no = view.known.yes, view.known.no
    for rule in view.rules.steps:
        done = truth_of(rule.done, yes, no)
        if done:
            statuses[rule.step.id] = "done"
        elif rule.under_way and truth_of(rule.under_way, yes, no):
            statuses[rule.step.id] = "under_way"
        else:
            statuses[rule.step.id] = "unknown" if done is None else "open"
    return statuses


@dataclass(frozen=True)
class _Ranking:
    """What every rank looks at, worked out once for a participant."""

    view: Outlook
    tier: TierAnswer
    path: Path
    on_path: dict[str, int]
    offered: Sequence[str]
    open_to: Sequence[tuple[ProductRule, list[int]]]  # running products that may still be had, and what they lack
    places: dict[str, int]  # of the steps not done
    earliest: int
    came_for: str | None
    lacking: bool
    mends: Mapping[str, tuple[str, str]]  # what a lender's no asks to begin with: the product and the reason


class Ranked(NamedTuple):
    """An intervention in its place: what it was ordered by, the programme's order, the intervention, why it stands there."""

    rank: tuple[int, ...]
    place: int
    step: InterventionRule
    reason: Message


def suggest(
    view: Outlook, tier: TierAnswer, path: Path, matches: Sequence[Match], statuses: Mapping[str, str]
) -> tuple[Suggestion, ...]:
    """Order the interventions that change something and whose needs are not known to be unmet."""
    listed = ranked(view, tier, path, matches, statuses)
    return tuple([_suggestion(view, one.step, one.reason, one.rank) for one in listed])


def ranked(
    view: Outlook, tier: TierAnswer, path: Path, matches: Sequence[Match | Stand], statuses: Mapping[str, str]
) -> list[Ranked]:
    """The interventions of `suggest` in their order; there is always one."""
    places = {step: place for place, (step, status) in enumerate(statuses.items()) if status != "done"}
    ranking = _Ranking(
        view=view,
        tier=tier,
        path=path,
        on_path={step.intervention: place for place, step in enumerate(path.steps) if step.intervention},
        offered=[found.id for found in matches if found.offered],
        open_to=_open_to(view, matches),
        places=places,
        earliest=min(places.values(), default=LAST),
        came_for=_came_for(view),
        lacking=capacity_is_lacking(view),
        mends=_mends(view) if view.barred else {},
    )
    listed: list[Ranked] = []
    yes, no = view.known.yes, view.known.no
    for step in view.rules.interventions:
        needs = truth_of(step.need_clauses, yes, no)
        if needs is not False and _changes_something(ranking, step):
            key, reason = _rank(ranking, step)
            listed.append(Ranked((int(needs is None), *key), step.index, step, reason))
    if not listed:  # nobody is left without a next step: whoever has done everything is offered the standing programme
        last = view.rules.intervention_ids[view.rules.tiers[-1].tier.programme]
        listed.append(Ranked((0,), last.index, last, Message("rank_other")))
    listed.sort(key=lambda row: row[:2])
    return listed


def _changes_something(ranking: _Ranking, step: InterventionRule) -> bool:
    kind = step.entry.kind
    if kind == "wait":
        return False
    mends = step.entry.id in ranking.mends
    if kind == "ask_less":
        return mends or step.entry.id in ranking.on_path
    if kind == "referral":
        return bool(ranking.offered)
    if kind == "group" and not mends and _opens(ranking, step) is False:
        return False
    return bool((step.changes | step.reveals) & ~ranking.view.known.yes) or step.entry.id == ranking.tier.programme


def _mends(view: Outlook) -> dict[str, tuple[str, str]]:
    """What mends a lender's no to a running product, each with the first such product and the reason.

    Nothing for somebody who wants no capital.
    """
    found: dict[str, tuple[str, str]] = {}
    for place in sorted(view.barred):
        product = view.rules.products[place]
        if product.suggested and view.wants is not False:
            for bar in view.barred[place]:
                for name in (bar.decline.starts_with, bar.decline.intervention):
                    found.setdefault(name, (product.entry.id, bar.decline.reason))
    return found


def _open_to(view: Outlook, matches: Sequence[Match | Stand]) -> list[tuple[ProductRule, list[int]]]:
    """The running products that no lasting condition closes, with their clauses not known to hold.

    None for somebody who wants no capital.
    """
    if view.wants is False:
        return []
    yes = view.known.yes
    products = [view.rules.product_ids[found.id] for found in matches if found.status != "not_for_you"]
    return [(p, [clause for clause in p.goal if not clause & yes]) for p in products if p.suggested]


def _opens(ranking: _Ranking, step: InterventionRule) -> bool | None:
    """Whether something waits for this group: a step, or a product that may be had; None if answers are missing for that.

    A paper, a class or books are worth having by themselves. A group is joined, and answered for, for what it opens.
    """
    yes, no, add = ranking.view.known.yes, ranking.view.known.no, step.add
    for rule in step.touches:
        if [clause for clause in rule.done if clause & add and not clause & yes]:
            return True
    maybe = False
    for product, lacking in ranking.open_to:
        left = [clause for clause in lacking if not clause & add]
        if len(left) < len(lacking):
            if not product.entry.register and not [clause for clause in left if clause & ~no]:
                return True
            maybe = True
    return None if maybe else False


def _rank(ranking: _Ranking, step: InterventionRule) -> tuple[tuple[int, ...], Message]:
    """The place of an intervention, and why it stands there.

    In the lowest tier its programme, where something is offered the referral; then what mends a lender's no; the path's
    steps in its order; what the person came for or, where profit is too small, what a trial found to raise it; the earliest
    open step; what studies found on its own outcome; days; rupiah. What is equal in all of it stands in the order of the
    file.
    """
    entry = step.entry
    first = entry.id == ranking.tier.programme or entry.kind == "referral"
    came_for = ranking.came_for is not None and ranking.came_for in entry.serves
    if entry.kind == "group" and came_for:
        came_for = _opens(ranking, step) is True
    study = step.profit_study if ranking.lacking else ""
    place = ranking.places.get(entry.step, LAST)
    cost = _cost(ranking.view, step)
    mends = ranking.mends.get(entry.id)
    on_path = ranking.on_path.get(entry.id, LAST) if mends is None else BEFORE_PATH
    key = (
        0 if entry.id == ranking.tier.programme else 1 if first else 2,
        on_path,
        int(not (came_for or study)),
        place,
        step.evidence_rank,
        step.days,
        LAST if cost is None else cost,
    )
    if entry.id == ranking.tier.programme:
        return key, Message("rank_tier_programme", {"tier": ranking.tier.tier})
    if first:
        goal = ranking.path.goal
        return key, Message("rank_referral", {"product": goal if goal in ranking.offered else ranking.offered[0]})
    if mends:
        return key, Message("rank_declined", {"product": mends[0], "refusal": mends[1]})
    if on_path < LAST:
        return key, Message("rank_path", {"product": ranking.path.goal})
    if came_for:
        signal = ranking.view.rules.roles["came_for"]
        return key, Message("rank_came_for", {"choice": (signal, ranking.came_for)})
    if study:
        return key, Message("rank_capacity", {"study": study})
    if place < LAST:
        code = "rank_earliest" if place == ranking.earliest else "rank_step"
        return key, Message(code, {"step": entry.step})
    return key, Message("rank_other")


def _came_for(view: Outlook) -> str | None:
    name = view.rules.roles.get("came_for")
    if name is None:
        return None
    place = view.rules.position[name]
    if view.known.low[place] != view.known.high[place]:
        return None
    return str(view.rules.signals[name].decode(view.known.low[place]))


def capacity_is_lacking(view: Outlook) -> bool:
    """Whether capital is wanted and no priced product of the form allowed is affordable, at whatever amount."""
    if not view.wants or not view.money.free_known:
        return False
    priced = [view.terms[p.index] for p in view.rules.products if p.suggested and view.terms[p.index].annuity]
    return bool(priced) and all(terms.reachable is False for terms in priced)


def _cost(view: Outlook, step: InterventionRule) -> int | None:
    if step.cost_signal is None:
        return step.cost
    low, high = view.known.low[step.cost_signal], view.known.high[step.cost_signal]
    return low if low == high else None


def _suggestion(view: Outlook, step: InterventionRule, reason: Message, rank: tuple[int, ...]) -> Suggestion:
    before = view.known.yes
    after = (before & ~step.delete) | (step.add & ~step.reveal_add)
    completes = [rule.step.id for rule in step.touches if met(rule.done, after) and not met(rule.done, before)]
    open_ = unknown_tests(step.need_clauses, view.known)
    questions = tuple(view.rules.signals_in(open_)) if open_ else ()
    entry = step.entry
    return Suggestion(entry.id, entry.tier, reason, tuple(completes), step.days, _cost(view, step), questions, rank)
