"""Nobody alone: the strongest acts need a second operator, where there is one. Who that is, is said here and nowhere else.

A use case asks `ask_second` before it acts. It answers with what now waits, and the use case does nothing; or with None, and
the use case does it at once, noted as done `alone`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, select, update

from api.accounts.tables import ACCOUNTS, ORGANISATIONS
from api.audit.service import acted_on, last_done, note
from api.record.actor import Actor
from api.record.approvals import ENDED, Approval, Waits, ask_approval, decide, over_by_now, told_to_all
from api.record.live import SKEW
from api.record.transaction import Record, Transaction

STANDING: Final = timedelta(hours=24)
"""So long somebody has been an operator before they are a second one: nobody makes one to approve on the same day."""
GIVEN: Final = ("added", "reset_password")
"""What the audit calls it when an account gets a password that somebody else knows."""
MENTOR_RESET: Final = "mentor_reset"
"""The kind of approval of what an organisation lets one do alone."""


def second_people(tx: Transaction, actor: Actor) -> Sequence[Row[Any]]:
    """Who may approve what others of the asking organisation ask for: id and name of each operator who stands.

    What a lender's officer asks for is approved by another officer. Somebody whom an act is about is one of them. Else, of
    two operators, one would be rid of the other alone.
    """
    here = ACCOUNTS.c.organisation_id == actor.organisation_id
    standing = _stands(tx.now, "lender" if actor.role == "lender" else "operator")
    return tx.all(select(ACCOUNTS.c.id, ACCOUNTS.c.name).where(here, standing).order_by(ACCOUNTS.c.name))


def needs_second(tx: Transaction, actor: Actor) -> bool:
    """Whether there is somebody else who has to approve what this account asks for."""
    return any(row.id != actor.account_id for row in second_people(tx, actor))


def stands(tx: Transaction, actor: Actor) -> bool:
    """Whether an account is an operator's, or a lender's, for long enough to approve something."""
    return any(row.id == actor.account_id for row in second_people(tx, actor))


def _stands(now: datetime, role: str) -> ColumnElement[bool]:
    """Of a clock that went back since: what lies in the future is not yet a day ago (`keep_standing`, `begin_anew`)."""
    return (ACCOUNTS.c.role == role) & ACCOUNTS.c.active & (ACCOUNTS.c.role_since <= now - STANDING)


def given_lately(tx: Transaction, account_id: str, by: str = "") -> bool:
    """Whether an account was made or given a password not a day ago, by anybody or `by` an account, who may still know it.

    After a day its owner came in, or would have told that they cannot.
    """
    given = last_done(tx, GIVEN, account_id, by)
    return given is not None and given > tx.now - STANDING


def ask_second(
    tx: Transaction,
    actor: Actor,
    kind: str,
    object_id: str,
    version: int | None = None,
    given: Mapping[str, Any] | None = None,
) -> Waits | None:
    """Let an act wait for a second person; None where nobody else is there, so that it is done at once.

    Raises:
        Refused: 409 where that kind of act waits for this object already.
    """
    if not needs_second(tx, actor):
        return None
    approval = ask_approval(tx, actor, kind, object_id, version, given or {})
    note_approval(tx, actor, "asked_for_approval", approval)
    return Waits(approval)


def how_done(approved: Approval | None) -> dict[str, Any]:
    """What the audit says of an act that needs two people: who asked for it, or that nobody else was there."""
    return approved.noted if approved else {"alone": True}


def note_approval(tx: Transaction, actor: Actor | None, action: str, approval: Approval) -> None:
    """Note what became of an approval."""
    warned = {"same_browser": True} if approval.same_browser else {}
    detail = {"act": approval.kind, "about_id": approval.object_id, "asked_by": approval.asked_by, **warned}
    note(tx, actor, action, "approval", approval.id, organisation_id=approval.organisation_id, **detail)


# -- what one may do alone ---------------------------------------------------------------------------------------------


def mentor_reset_alone(tx: Transaction, actor: Actor) -> bool:
    """Whether one operator of the asking organisation alone may give a mentor a new password, as it chose beforehand."""
    chosen = mentor_reset_alone_from(tx, actor)
    return chosen is not None and chosen <= tx.now


def mentor_reset_alone_from(tx: Transaction, actor: Actor) -> datetime | None:
    """From when on one operator alone may give a mentor a new password; None: never."""
    row = tx.one(select(ORGANISATIONS.c.mentor_reset_alone_from).where(ORGANISATIONS.c.id == actor.organisation_id))
    assert row is not None
    found: datetime | None = row.mentor_reset_alone_from
    return found


_ALONE: Final = {"alone": True}


def choose_mentor_reset(
    tx: Transaction, actor: Actor, alone: bool, approved: Approval | None = None
) -> datetime | Waits | None:
    """Choose for the organisation whether one operator alone may give a mentor a new password; return from when on.

    To be alone takes effect after a day, so that whoever did not want it can speak; to wait for two again at once, and
    that needs nobody.

    Raises:
        Refused: 409 where that waits for approval already.
    """
    if alone and not approved and (waits := ask_second(tx, actor, MENTOR_RESET, actor.organisation_id, given=_ALONE)):
        return waits
    values = {"mentor_reset_alone_from": tx.now + STANDING if alone else None}
    tx.run(update(ORGANISATIONS).where(ORGANISATIONS.c.id == actor.organisation_id).values(values))
    noted = {"may_alone": alone, **(how_done(approved) if alone else {})}
    note(tx, actor, "chose_mentor_reset", "organisation", actor.organisation_id, **noted)
    return values["mentor_reset_alone_from"]


def untold(tx: Transaction, actor: Actor) -> list[Approval]:
    """What other operators did alone, or as it seems as one person under two accounts, and this one has not seen yet."""
    told = told_to_all(tx, actor)
    known = acted_on(tx, actor, "saw_approval", [one.id for one in told])
    return [one for one in told if one.id not in known]


# -- time --------------------------------------------------------------------------------------------------------------


def end_over(record: Record) -> int:
    """End what waited long enough; return how many. It could not be approved any more before that either."""
    with record.read() as tx:
        if not over_by_now(tx):
            return 0
    with record.write() as tx:
        over = over_by_now(tx)
        for approval in over:
            note_approval(tx, None, "approval_ended", decide(tx, approval, ENDED, None))
    return len(over)


def keep_standing(tx: Transaction, latest: datetime) -> None:
    """After the clock went back from `latest`: who stood before stands on. Who did not gains nothing by it."""
    stood = (ACCOUNTS.c.role_since <= latest - STANDING) & (ACCOUNTS.c.role_since > tx.now - STANDING)
    tx.run(update(ACCOUNTS).where(stood).values(role_since=tx.now - STANDING))


def begin_anew(record: Record) -> None:
    """Count a moment that lies in the future from now on, so that nobody waits until it comes.

    It was stored while the clock was wrong, or the clock is wrong now: so not before it has gone on as it should for a day.
    """
    ahead = ACCOUNTS.c.role_since
    later = ORGANISATIONS.c.mentor_reset_alone_from
    with record.read() as tx:
        wrong = tx.one(select(ACCOUNTS.c.id).where(ahead > tx.now + SKEW))
        wrong = wrong or tx.one(select(ORGANISATIONS.c.id).where(later > tx.now + STANDING + SKEW))
    if wrong is None:
        return
    with record.write() as tx:
        tx.run(update(ACCOUNTS).where(ahead > tx.now + SKEW).values(role_since=tx.now))
        tx.run(
            update(ORGANISATIONS)
            .where(later > tx.now + STANDING + SKEW)
            .values(mentor_reset_alone_from=tx.now + STANDING)
        )
