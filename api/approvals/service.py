"""What can be done with approvals: looked at, approved by a second person, refused, withdrawn by whoever asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row

from api.accounts.passwords import Password, new_password
from api.accounts.second_person import (
    STANDING,
    given_lately,
    mentor_reset_alone_from,
    note_approval,
    second_people,
    stands,
    untold,
)
from api.accounts.service import NewAccount, accounts_of
from api.accounts.sessions import actor_of_account
from api.approvals.kinds import KINDS, Done, Kind
from api.record.actor import Actor
from api.record.approvals import (
    DONE,
    REFUSED,
    WAITING,
    WITHDRAWN,
    Approval,
    approvals_of,
    browser_index,
    decide,
    find_approval,
)
from api.record.refusals import Refused, Trouble
from api.record.transaction import Record, Transaction
from matcher.programme.rules import Rules
from words.speaking import Named

HOURS: Final = int(STANDING.total_seconds() // 3600)


@dataclass(frozen=True)
class Seen:
    """What somebody sees of approvals. `told`: what others did alone, or as one, that they had not seen before.

    `second`: the operators who may approve; `here`: those that were asked for in the very browser that looks.
    """

    approvals: Sequence[Approval]
    told: Sequence[Approval]
    second: Sequence[Row[Any]]
    here: frozenset[str]
    accounts: dict[str, dict[str, Any]]
    alone_from: datetime | None


def look_at(tx: Transaction, actor: Actor) -> Seen:
    """What waits for approval and what became of the rest. That an operator was told of something odd is noted."""
    found, told = approvals_of(tx, actor), untold(tx, actor) if actor.role == "operator" else []
    for approval in told:
        note_approval(tx, actor, "saw_approval", approval)
    here = frozenset(one.id for one in found if one.state == WAITING and _in_one_browser(tx, actor, one))
    known = {account["id"]: account for account in accounts_of(tx, actor)}
    return Seen(found, told, second_people(tx, actor), here, known, mentor_reset_alone_from(tx, actor))


def _in_one_browser(tx: Transaction, actor: Actor, approval: Approval) -> bool:
    """Whether whoever looks at it does so in the browser in which somebody else asked for it."""
    asked_in = approval.asked_in
    return asked_in is not None and approval.asked_by != actor.account_id and asked_in == browser_index(tx, actor)


def approve(record: Record, actor: Actor, approval_id: str, rules: Rules) -> tuple[Approval, NewAccount | None]:
    """Approve an act, which is done with it; return how it ended, and an account whose password is told this once.

    Two people in one office may share a browser: that is kept and told to the other operators, and refuses nothing.

    Raises:
        Refused: 404; 409 where it is decided or over, one's own, one is no operator for long enough, whoever asked may not
            any more, one knows the password of the other, or the act itself can no longer be done.
    """
    with record.read() as tx:
        kind = KINDS[find_approval(tx, actor, approval_id).kind]
    password = new_password() if kind.tells_password else Password("", "")
    with record.write() as tx:
        approval = _undecided(tx, actor, approval_id)
        _check(tx, actor, approval, kind)
        approval = replace(approval, same_browser=_in_one_browser(tx, actor, approval))
        done = _do(tx, actor, kind, approval, password, rules)
        decided = decide(tx, approval, DONE, actor, same_browser=approval.same_browser)
        note_approval(tx, actor, "approved", decided)
    if done.afterwards:
        done.afterwards(record)
    return decided, done.made


def _check_second(tx: Transaction, actor: Actor, approval: Approval) -> None:
    if approval.asked_by == actor.account_id:
        raise Refused(409, Trouble("approval", "own_approval"))
    decides = KINDS[approval.kind].decided_by
    if actor.role != decides:
        roles = {"role": Named("role", actor.role), "allowed": [Named("role", decides)]}
        raise Refused(403, Trouble("role", "not_allowed", **roles))
    if not stands(tx, actor):
        raise Refused(409, Trouble("approval", "operator_too_new", hours=HOURS))


def _check(tx: Transaction, actor: Actor, approval: Approval, kind: Kind) -> None:
    _check_second(tx, actor, approval)
    asker = actor_of_account(tx, approval.asked_by)
    if asker is None or asker.role not in kind.asked_by:
        raise Refused(409, Trouble("approval", "asker_may_not"))
    # Whoever was told the other's password may be both of them.
    if given_lately(tx, approval.asked_by, actor.account_id) or given_lately(tx, actor.account_id, approval.asked_by):
        raise Refused(409, Trouble("approval", "told_the_password", hours=HOURS))


def _do(tx: Transaction, actor: Actor, kind: Kind, approval: Approval, password: Password, rules: Rules) -> Done:
    try:
        return kind.do(tx, actor, approval, password, rules)
    except Refused as refused:
        if refused.status == 404:
            raise Refused(409, Trouble("approval", "nothing_left")) from None
        if any(trouble.code == "stale" for trouble in refused.troubles):
            raise Refused(409, Trouble("approval", "changed_since_asked")) from None
        raise


def refuse(tx: Transaction, actor: Actor, approval_id: str) -> Approval:
    """Refuse what somebody else asked for; nothing is done.

    Whom it is about does not refuse it where a third may: else nobody could close an operator who does not want to go.

    Raises:
        Refused: 404; 409 where it is decided or over, or one's own, one is no operator for long enough, or it is about one.
    """
    approval = _undecided(tx, actor, approval_id)
    _check_second(tx, actor, approval)
    others = {row.id for row in second_people(tx, actor)} - {actor.account_id, approval.asked_by}
    if approval.object_id == actor.account_id and others:
        raise Refused(409, Trouble("approval", "about_you"))
    return _decided(tx, actor, approval, REFUSED, "refused_approval")


def withdraw(tx: Transaction, actor: Actor, approval_id: str) -> Approval:
    """Withdraw what one asked for oneself; nothing is done.

    Raises:
        Refused: 404; 409 where it is decided or over, or somebody else's.
    """
    approval = _undecided(tx, actor, approval_id)
    if approval.asked_by != actor.account_id:
        raise Refused(409, Trouble("approval", "not_own_approval"))
    return _decided(tx, actor, approval, WITHDRAWN, "withdrew_approval")


def _decided(tx: Transaction, actor: Actor, approval: Approval, state: str, action: str) -> Approval:
    decided = decide(tx, approval, state, actor)
    note_approval(tx, actor, action, decided)
    return decided


def _undecided(tx: Transaction, actor: Actor, approval_id: str) -> Approval:
    approval = find_approval(tx, actor, approval_id)
    if approval.state != WAITING:
        raise Refused(409, Trouble("approval", "approval_is_over", state=Named("approval_state", approval.state)))
    return approval
