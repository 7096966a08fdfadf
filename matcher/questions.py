"""Questions: what to ask a participant, in order: what is doubtful, wanting, the amount, then what settles most.

A question settles a product on whose conditions its signal is still unknown. Products that are out for another reason, or
for larger amounts, are settled already. One whose register we do not hold is settled by no answer, so it counts nothing
while its questions are asked. A scheme and its lenders' rows count once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from matcher.interventions import Suggestion
from matcher.lenders import Match
from matcher.paths.path import Path
from matcher.programme.entries import ASKED
from matcher.programme.rules import Rules
from matcher.reach import Outlook
from matcher.tiers import TierAnswer

MONEY: Final = ("amount_asked", "monthly_profit", "monthly_instalments", "household_need")
SETTLED_ALREADY: Final = ("not_yet", "not_for_you")


def questions_of(
    view: Outlook, tier: TierAnswer, products: Sequence[Match], path: Path, interventions: Sequence[Suggestion]
) -> tuple[str, ...]:
    """The signals to ask for, each once, in the order in which to ask."""
    rules, known = view.rules, view.known
    unknown = [name for name, at in rules.position.items() if known.low[at] != known.high[at]]
    settles: dict[str, int] = dict.fromkeys(tier.questions, 1) | dict.fromkeys(sorted(view.known.stale), 0)
    for signal in rules.signals.values():
        if signal.asked == "first":
            settles.setdefault(signal.id, 0)
    for name, schemes in _schemes(view, products, unknown).items():
        settles[name] = settles.get(name, 0) + len(schemes)
    for name in _awaited(view):
        settles[name] = settles.get(name, 0) + 1
    for name in path.assumed:
        settles[name] = settles.get(name, 0) + 1
    for suggestion in interventions:
        for name in suggestion.questions:
            settles.setdefault(name, 0)
    doubted = {name for doubt in known.doubts for name in doubt.signals}
    settles = dict.fromkeys(doubted, 0) | settles
    if view.wants is False:
        for role in MONEY:
            settles.pop(rules.roles.get(role, ""), None)
    asked = [name for name in unknown if name in settles]
    return tuple(sorted(asked, key=lambda name: (name not in doubted, *_order(rules, name, settles[name]))))


def _awaited(view: Outlook) -> set[str]:
    """The figures that lenders who declined a running product wait for."""
    products = [view.rules.products[place] for place in view.barred]
    bars = [bar for product in products if product.suggested for bar in view.barred[product.index]]
    return set() if view.wants is False else {bar.decline.signal for bar in bars if "signal" in bar.lacks}


def _order(rules: Rules, name: str, settles: int) -> tuple[int, int, int]:
    """Those asked last stand in the programme's order, however much they settle: gender, age and register end it."""
    asked = rules.signals[name].asked
    return ASKED.index(asked), 0 if asked == ASKED[-1] else -settles, rules.position[name]


def _schemes(view: Outlook, products: Sequence[Match], unknown: Sequence[str]) -> dict[str, set[str]]:
    """For each signal that a running product waits for, the schemes (or single products) that its answer settles."""
    found: dict[str, set[str]] = {}
    if view.wants is False:
        return found
    rules = view.rules
    running = [(rules.product_ids[one.id], one) for one in products if rules.product_ids[one.id].suggested]
    alone = min((one.terms.rate for p, one in running if one.offered and not p.entry.group_lending), default=None)
    group = rules.roles.get("lending_group", "")
    money = [rules.roles[role] for role in MONEY if rules.roles.get(role) in unknown]
    for product, one in running:
        if one.status in SETTLED_ALREADY:
            continue
        names = list(one.questions)
        if one.terms.missing_from == "participant":
            names += money
        if group in names and not _may_want_the_group(rules, one, names, group, alone):
            names.remove(group)
        scheme = () if product.entry.register else (product.entry.scheme or one.id,)
        for name in names:
            found.setdefault(name, set()).update(scheme)
    return found


def _may_want_the_group(rules: Rules, one: Match, names: Sequence[str], group: str, alone: float | None) -> bool:
    """Whether somebody may want to borrow as a group, which is to answer for others.

    Only for a product about which nothing else is left to ask but what is asked last, and that costs less than what is
    offered to the person alone.
    """
    first = [name for name in names if name != group and rules.signals[name].asked != "last"]
    return not first and (alone is None or one.terms.rate < alone)
