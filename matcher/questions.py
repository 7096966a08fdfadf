"""Questions: what to ask a participant, in order: wanting first, then the amount, then what settles most."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from matcher.interventions import Suggestion
from matcher.lenders import Match
from matcher.paths.path import Path
from matcher.programme.entries import ASKED
from matcher.reach import Outlook
from matcher.tiers import TierAnswer

MONEY: Final = ("amount_asked", "monthly_profit", "monthly_instalments", "household_need")


def questions_of(
    view: Outlook, tier: TierAnswer, products: Sequence[Match], path: Path, interventions: Sequence[Suggestion]
) -> tuple[str, ...]:
    """The signals to ask for, each once: wanting, the amount, then what settles most products; personal ones last."""
    rules = view.rules
    settles: dict[str, int] = dict.fromkeys(tier.questions, 1) | dict.fromkeys(sorted(view.known.stale), 0)
    for signal in rules.signals.values():
        if signal.asked == "first":
            settles.setdefault(signal.id, 0)
    for found in products:
        money = MONEY if found.terms.missing_from == "participant" else ()
        if rules.product_ids[found.id].suggested and (found.status == "ask" or money):
            for name in (*found.questions, *(rules.roles[role] for role in money if role in rules.roles)):
                settles[name] = settles.get(name, 0) + 1
    for name in path.assumed:
        settles[name] = settles.get(name, 0) + 1
    for suggestion in interventions:
        for name in suggestion.questions:
            settles.setdefault(name, 0)
    if view.wants is False:
        for role in MONEY:
            settles.pop(rules.roles.get(role, ""), None)
    place = rules.position
    unknown = [name for name in settles if view.known.low[place[name]] != view.known.high[place[name]]]
    return tuple(
        sorted(unknown, key=lambda name: (ASKED.index(rules.signals[name].asked), -settles[name], place[name]))
    )
