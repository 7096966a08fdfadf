"""Scopes: which a key needs for a transition. It follows from the programme's table, so that no move is named here.

What begins only where a place in the quota is held already, and is no decline, tells what became of an acceptance: it is
reported. Whatever else a lender does is a decision, an acceptance taken back too.
"""

from __future__ import annotations

from typing import Final

from api.accounts.api_keys import check_scope
from api.record.actor import Actor
from matcher.programme.entries import Transition
from matcher.programme.rules import Rules

DECIDE: Final = "decide"
REPORT: Final = "report"


def scope_of(rules: Rules, rule: Transition) -> str:
    """The scope that a key needs for a transition."""
    after = all(rules.referrals.state(one).holds_quota for one in rule.begins)
    return REPORT if after and rule.reasons != "decline" else DECIDE


def may_by_key(rules: Rules, actor: Actor, rule: Transition) -> bool:
    """Whether whoever asks came without a key, or with one whose scopes allow a transition."""
    return not actor.scopes or scope_of(rules, rule) in actor.scopes


def check_move(rules: Rules, actor: Actor, rule: Transition) -> None:
    """See that the key by which somebody came, if any, may make a transition.

    Raises:
        Refused: 403.
    """
    if actor.scopes:
        check_scope(actor, scope_of(rules, rule))
