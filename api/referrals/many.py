"""Many at once: the same transition of several referrals, each done or refused by itself, in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from api.record.actor import Actor
from api.record.approvals import Waits
from api.record.refusals import Refused
from api.record.transaction import Transaction
from api.referrals.said import Said
from api.referrals.scopes import check_move
from api.referrals.service import move
from api.referrals.stored import organisations_in
from matcher.programme.rules import Rules

MOST_AT_ONCE: Final = 25
"""As many as a list shows on a page."""


@dataclass(frozen=True)
class Done:
    """What became of each referral, by id: done, waiting for a second officer, or refused."""

    done: tuple[str, ...]
    waits: tuple[str, ...]
    refused: Mapping[str, Refused]


def organisations_of(tx: Transaction, actor: Actor, referrals: Iterable[str]) -> tuple[str, ...]:
    """All organisations that have part in these referrals, whose locks a change of them needs."""
    return tuple({one for referral in referrals for one in organisations_in(tx, actor, referral)})


def move_each(tx: Transaction, actor: Actor, rules: Rules, versions: Mapping[str, int], name: str, said: Said) -> Done:
    """Make a transition of each of these referrals; one that is refused is left as it was and stops no other.

    `versions`: of each referral the version that was read.

    Raises:
        Refused: 403 where the key by which somebody came may make it of none.
    """
    for rule in rules.referrals.transitions:
        if rule.id == name:
            check_move(rules, actor, rule)
    done: list[str] = []
    waits: list[str] = []
    refused: dict[str, Refused] = {}
    for referral_id, version in versions.items():
        try:
            with tx.sql.begin_nested():
                found = move(tx, actor, rules, referral_id, name, version, said)
        except Refused as error:
            refused[referral_id] = error
        else:
            (waits if isinstance(found, Waits) else done).append(referral_id)
    return Done(tuple(done), tuple(waits), refused)
