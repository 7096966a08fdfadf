"""The kinds of approvals: what each does once a second person approved, in the transaction of that decision.

A kind does what would have been done at once, by the same use case, which looks at everything again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final, NamedTuple

from api.accounts import service as accounts
from api.accounts.passwords import Password
from api.accounts.second_person import MENTOR_RESET, choose_mentor_reset
from api.accounts.service import CHANGED, MADE, RESET, NewAccount
from api.participants import people, rights
from api.participants.gate import CONTACT, may
from api.participants.people import HANDED_OVER
from api.participants.rights import ERASURE, EXPORT
from api.record.actor import Actor
from api.record.approvals import DOOR_SHUT, Approval, Waits
from api.record.jobs import TRAINING_SET
from api.record.transaction import Record, Transaction
from api.referrals import service as referrals
from matcher.programme.rules import Rules


class Done(NamedTuple):
    """What came of an act: an account whose password is told once to whoever approved, what is to follow the commit."""

    made: NewAccount | None = None
    afterwards: Callable[[Record], object] | None = None


class Kind(NamedTuple):
    """What does an act, which roles may ask for it, whether it needs a new password, and whose role decides."""

    do: Callable[[Transaction, Actor, Approval, Password, Rules], Done]
    asked_by: tuple[str, ...] = ("operator",)
    tells_password: bool = False
    decided_by: str = "operator"


def _open(tx: Transaction, actor: Actor, approval: Approval, password: Password, rules: Rules) -> Done:
    return Done(accounts.open_made(tx, actor, approval, password))


def _change(tx: Transaction, actor: Actor, approval: Approval, _: Password, rules: Rules) -> Done:
    assert approval.version is not None
    accounts.change_account(tx, actor, approval.object_id, approval.version, **approval.given, approved=approval)
    return Done()


def _reset(tx: Transaction, actor: Actor, approval: Approval, password: Password, rules: Rules) -> Done:
    made = accounts.reset_password(tx, actor, approval.object_id, password, approval)
    assert not isinstance(made, Waits)
    return Done(made)


def _erase(tx: Transaction, actor: Actor, approval: Approval, _: Password, rules: Rules) -> Done:
    assert approval.version is not None
    of_jobs = rights.erase_in(tx, actor, approval.object_id, approval.version, approval)[1]
    return Done(afterwards=partial(rights.forget, keys=of_jobs))


def _export(tx: Transaction, actor: Actor, approval: Approval, _: Password, rules: Rules) -> Done:
    may(tx, actor, approval.object_id, CONTACT)  # whoever asked fetches it; that they still may is asked then
    return Done()


def _hand_over(tx: Transaction, actor: Actor, approval: Approval, _: Password, rules: Rules) -> Done:
    assert approval.version is not None
    people.hand_over(tx, actor, approval.object_id, approval.version, approval.given["mentor_id"], approval)
    return Done()


def _choose(tx: Transaction, actor: Actor, approval: Approval, _: Password, rules: Rules) -> Done:
    choose_mentor_reset(tx, actor, approval.given["alone"], approval)
    return Done()


def _nothing(tx: Transaction, actor: Actor, approval: Approval, _: Password, rules: Rules) -> Done:
    return Done()  # whoever asked makes it, within a day: what may be in it is seen then


def _shut(tx: Transaction, actor: Actor, approval: Approval, _: Password, rules: Rules) -> Done:
    referrals.decline_for_good(tx, actor, rules, approval)
    return Done()


KINDS: Final[Mapping[str, Kind]] = {
    MADE: Kind(_open, tells_password=True),
    CHANGED: Kind(_change),
    RESET: Kind(_reset, tells_password=True),
    ERASURE: Kind(_erase, ("mentor", "operator")),
    EXPORT: Kind(_export),
    HANDED_OVER: Kind(_hand_over),
    MENTOR_RESET: Kind(_choose),
    TRAINING_SET: Kind(_nothing, ("analyst", "operator")),
    DOOR_SHUT: Kind(_shut, ("lender",), decided_by="lender"),
}
