"""Interventions: which next steps to suggest, in which order, and the sentence that explains each place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matcher.criteria import met, truth_of
from matcher.lenders import unknown_tests
from matcher.paths import Outlook, Path
from matcher.rules import InterventionRule
from matcher.tiers import TierAnswer
from matcher.words import Message

LAST = 10**6
_FINDINGS = {"positive": 0, "nothing_found": 2}


@dataclass(frozen=True)
class Suggestion:
    """An intervention in its place: why it stands there, the steps it completes, rupiah (None: not known), questions."""

    id: str
    tier: str
    rank_reason: Message
    completes: tuple[str, ...]
    days: int
    cost_idr: int | None
    questions: tuple[str, ...]


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


def suggest(view: Outlook, tier: TierAnswer, path: Path, offered: Sequence[str]) -> tuple[Suggestion, ...]:
    """Order the interventions that change something and whose needs are not known to be unmet."""
    statuses = step_statuses(view)
    on_path = {step.intervention: place for place, step in enumerate(path.steps) if step.intervention}
    listed = []
    for step in view.rules.interventions:
        needs = truth_of(step.need_clauses, view.known.yes, view.known.no)
        if needs is False or not _changes_something(view, step, tier, on_path, offered):
            continue
        key, reason = _rank(view, step, tier, path, on_path, offered, statuses)
        listed.append((needs is None, *key, step.index, step, reason))
    listed.sort(key=lambda row: row[:-2])
    return tuple(_suggestion(view, row[-2], row[-1]) for row in listed)


def _changes_something(
    view: Outlook, step: InterventionRule, tier: TierAnswer, on_path: dict[str, int], offered: Sequence[str]
) -> bool:
    if step.entry.kind == "wait":
        return False
    if step.entry.kind == "ask_less":
        return step.entry.id in on_path
    if step.entry.kind == "referral":
        return bool(offered)
    return step.entry.id == tier.programme or bool((step.changes | step.reveals) & ~view.known.yes)


def _rank(
    view: Outlook,
    step: InterventionRule,
    tier: TierAnswer,
    path: Path,
    on_path: dict[str, int],
    offered: Sequence[str],
    statuses: dict[str, str],
) -> tuple[tuple[int, ...], Message]:
    entry = step.entry
    order = list(statuses)
    place = order.index(entry.step) if statuses.get(entry.step, "done") != "done" else LAST
    own = [e for e in entry.evidence if e.outcome == entry.evidence_outcome]
    evidence = min((_FINDINGS[e.finding] for e in own), default=1)
    first = entry.id == tier.programme or (entry.kind == "referral" and bool(offered))
    came_for = _came_for(view, entry.serves)
    study = next((e.study for e in entry.evidence if e.outcome == "profit" and e.finding == "positive"), "")
    helps = came_for or bool(study and capacity_is_lacking(view))
    days, cost = step.days, _cost(view, step)
    key = (not first, on_path.get(entry.id, LAST), not helps, place, evidence, days, LAST if cost is None else cost)
    if entry.id == tier.programme:
        return key, Message("rank_tier_programme", {"tier": tier.tier})
    if first:
        return key, Message("rank_referral", {"product": offered[0]})
    if entry.id in on_path:
        return key, Message("rank_path", {"product": path.goal})
    if came_for:
        return key, Message("rank_came_for", {"choice": _came_for_label(view)})
    if helps:
        return key, Message("rank_capacity", {"study": study})
    if place < LAST:
        earliest = next((s for s in order if statuses[s] != "done"), "")
        return key, Message("rank_earliest" if entry.step == earliest else "rank_step", {"step": entry.step})
    return key, Message("rank_other")


def _came_for(view: Outlook, serves: Sequence[str]) -> bool:
    name = view.rules.roles.get("came_for")
    if name is None:
        return False
    place = view.rules.position[name]
    if view.known.low[place] != view.known.high[place]:
        return False
    return view.rules.signals[name].decode(view.known.low[place]) in serves


def _came_for_label(view: Outlook) -> tuple[str, str]:
    name = view.rules.roles["came_for"]
    return name, view.rules.signals[name].decode(view.known.low[view.rules.position[name]])


def capacity_is_lacking(view: Outlook) -> bool:
    """Whether capital is wanted and no priced product of the form allowed is affordable, at whatever amount."""
    if not view.wants or not view.free[1]:
        return False
    priced = [view.terms[p.index] for p in view.rules.products if p.suggested and view.terms[p.index].annuity]
    return bool(priced) and all(terms.reachable is False for terms in priced)


def _cost(view: Outlook, step: InterventionRule) -> int | None:
    if step.cost_signal is None:
        return step.cost
    low, high = view.known.low[step.cost_signal], view.known.high[step.cost_signal]
    return low if low == high else None


def _suggestion(view: Outlook, step: InterventionRule, reason: Message) -> Suggestion:
    yes = (view.known.yes & ~step.delete) | (step.add & ~step.reveal_add)
    completes = [
        rule.step.id for rule in view.rules.steps if met(rule.done, yes) and not met(rule.done, view.known.yes)
    ]
    return Suggestion(
        id=step.entry.id,
        tier=step.entry.tier,
        rank_reason=reason,
        completes=tuple(completes),
        days=step.days,
        cost_idr=_cost(view, step),
        questions=tuple(view.rules.signals_in(unknown_tests(step.need_clauses, view.known))),
    )
