"""Approvals: acts that are not done before somebody else says yes, as rows that wait for a while and then end.

A row holds who asks for what: a kind, the id of what it is about, ids and codes, never what is personal. What a kind
does is said in `approvals/kinds.py`, who may decide in `accounts/second_person.py`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    ForeignKey,
    Index,
    Integer,
    Row,
    String,
    Table,
    Text,
    insert,
    select,
    true,
    update,
)

from api.record.actor import Actor
from api.record.database import METADATA, Moment
from api.record.live import SKEW
from api.record.refusals import Refused, Trouble
from api.record.transaction import Transaction, new_id

WAITING, DONE, REFUSED, WITHDRAWN, ENDED = "waiting", "done", "refused", "withdrawn", "ended"
STATES: Final = (WAITING, DONE, REFUSED, WITHDRAWN, ENDED)
KEPT: Final = timedelta(days=7)
"""How long an approval waits: our choice, so that who is there once a week sees it, and no old wish is done by surprise."""
MOST_LISTED: Final = 50

DOOR_SHUT: Final = "door_shut"
"""The kind of approval of a lender's no that shuts a door for good: for officers, where all others are for operators."""

APPROVALS: Final = Table(
    "approvals",
    METADATA,
    Column("id", String(24), primary_key=True),
    Column("organisation_id", String(24), ForeignKey("organisations.id"), nullable=False),
    Column("kind", String(30), nullable=False),
    Column("object_id", String(24), nullable=False),
    Column("version", Integer),  # of the object as it was when it was asked for, where that counts
    Column("given", Text, nullable=False),  # what is to be done, as canonical JSON: ids and codes
    Column("asked_by", String(24), ForeignKey("accounts.id"), nullable=False),
    Column("asked_at", Moment, nullable=False),
    Column("asked_in", String(64)),  # the browser, as a blind index
    Column("state", String(10), nullable=False),
    Column("decided_by", String(24), ForeignKey("accounts.id")),  # none: done by one alone, or ended by itself
    Column("decided_at", Moment),
    Column("same_browser", Boolean, nullable=False),  # asked for and approved in one browser
    Index("ix_approvals_organisation_id_state", "organisation_id", "state"),
    Index("ix_approvals_object_id", "object_id"),
)


@dataclass(frozen=True)
class Approval:
    """An act that needs a second person: what is asked for, by whom, and how it went."""

    id: str
    organisation_id: str
    kind: str
    object_id: str
    version: int | None
    given: Mapping[str, Any]
    asked_by: str
    asked_at: datetime
    asked_in: str | None
    state: str
    decided_by: str | None
    decided_at: datetime | None
    same_browser: bool

    @property
    def ends_at(self) -> datetime:
        """When it ends by itself."""
        return self.asked_at + KEPT

    @property
    def noted(self) -> dict[str, Any]:
        """What an entry of the audit about the act itself says of it."""
        warned = {"same_browser": True} if self.same_browser else {}
        return {"approval": self.id, "asked_by": self.asked_by, **warned}


@dataclass(frozen=True)
class Waits:
    """In place of what an act returns: it is not done, and waits for a second person."""

    approval: Approval


def browser_index(tx: Transaction, actor: Actor) -> str | None:
    """The browser of whoever asks, as it is stored; None where they brought no mark."""
    return tx.keys.blind("browser of an approval", actor.browser) if actor.browser else None


def ask_approval(
    tx: Transaction, actor: Actor, kind: str, object_id: str, version: int | None, given: Mapping[str, Any]
) -> Approval:
    """Let an act wait for a second person.

    Raises:
        Refused: 409 where that kind of act waits for this object already.
    """
    here = (APPROVALS.c.kind == kind) & (APPROVALS.c.object_id == object_id)
    if tx.one(select(APPROVALS.c.id).where(here, _waits(tx)).limit(1)):
        raise Refused(409, Trouble("approval", "asked_already"))
    return _add(tx, actor, kind, object_id, WAITING, version=version, given=given)


def keep_alone(tx: Transaction, actor: Actor, kind: str, object_id: str) -> Approval:
    """Keep that somebody did alone what needs two, as their organisation allowed, so that the others are told."""
    return _add(tx, actor, kind, object_id, DONE, decided_at=tx.now)


def _add(
    tx: Transaction,
    actor: Actor,
    kind: str,
    object_id: str,
    state: str,
    *,
    version: int | None = None,
    given: Mapping[str, Any] | None = None,
    decided_at: datetime | None = None,
) -> Approval:
    values: dict[str, Any] = {
        "id": new_id(),
        "organisation_id": actor.organisation_id,
        "kind": kind,
        "object_id": object_id,
        "version": version,
        "given": dict(given or {}),
        "asked_by": actor.account_id,
        "asked_at": tx.now,
        "asked_in": browser_index(tx, actor),
        "state": state,
        "decided_by": None,
        "decided_at": decided_at,
        "same_browser": False,
    }
    tx.run(insert(APPROVALS).values(values | {"given": _canonical(values["given"])}))
    return Approval(**values)


def _canonical(given: Mapping[str, Any]) -> str:
    return json.dumps(dict(given), sort_keys=True, separators=(",", ":"))


def find_approval(tx: Transaction, actor: Actor, approval_id: str) -> Approval:
    """An approval that the asking account sees: operators and officers those of the organisation, anybody else their own.

    Raises:
        Refused: 404.
    """
    row = tx.one(select(APPROVALS).where(APPROVALS.c.id == approval_id, _seen_by(actor)))
    if row is None:
        raise Refused(404, Trouble("approval", "not_found"))
    return _read(row, tx.now)


def approvals_of(tx: Transaction, actor: Actor) -> list[Approval]:
    """What the asking account sees: all that waits, the oldest first, and then the latest that is over."""
    waiting = tx.all(select(APPROVALS).where(_seen_by(actor), _waits(tx)).order_by(APPROVALS.c.asked_at))
    over = select(APPROVALS).where(_seen_by(actor), ~_waits(tx)).order_by(APPROVALS.c.asked_at.desc())
    return [_read(row, tx.now) for row in (*waiting, *tx.all(over.limit(MOST_LISTED)))]


def how_many_wait(tx: Transaction, actor: Actor) -> int:
    """How many approvals wait that the asking account sees."""
    return len(tx.all(select(APPROVALS.c.id).where(_seen_by(actor), _waits(tx))))


def told_to_all(tx: Transaction, actor: Actor) -> list[Approval]:
    """What the other operators of the organisation did alone or, as it seems, as one person under two accounts."""
    odd = APPROVALS.c.decided_by.is_(None) | APPROVALS.c.same_browser
    others = APPROVALS.c.asked_by != actor.account_id
    rows = tx.all(select(APPROVALS).where(_ours(actor), APPROVALS.c.state == DONE, odd, others))
    return [_read(row, tx.now) for row in rows]


def grants(
    tx: Transaction, actor: Actor, kind: str, object_id: str, span: timedelta, given: Mapping[str, Any] | None = None
) -> Approval | None:
    """An approval that the asking account was given for this not longer ago than a span, and may still use.

    `given`: with just these ids and codes.
    """
    theirs = (APPROVALS.c.asked_by == actor.account_id) & (APPROVALS.c.kind == kind)
    done = (APPROVALS.c.state == DONE) & (APPROVALS.c.object_id == object_id)
    done &= true() if given is None else APPROVALS.c.given == _canonical(given)
    lately = (APPROVALS.c.decided_at > tx.now - span) & (APPROVALS.c.decided_at <= tx.now + SKEW)
    row = tx.one(select(APPROVALS).where(theirs, done, lately).order_by(APPROVALS.c.decided_at.desc()))
    return _read(row, tx.now) if row else None


def decide(
    tx: Transaction, approval: Approval, state: str, actor: Actor | None, *, same_browser: bool = False
) -> Approval:
    """Say how an approval that waits ends; `actor` None: by itself."""
    decided_by = actor.account_id if actor else None
    values = {"state": state, "decided_by": decided_by, "decided_at": tx.now, "same_browser": same_browser}
    tx.run(update(APPROVALS).where(APPROVALS.c.id == approval.id).values(values))
    row = tx.one(select(APPROVALS).where(APPROVALS.c.id == approval.id))
    assert row is not None
    return _read(row, tx.now)


def over_by_now(tx: Transaction) -> Sequence[Approval]:
    """What is stored as waiting and is over, in every organisation."""
    rows = tx.all(select(APPROVALS).where(APPROVALS.c.state == WAITING, ~_waits(tx)))
    return [_read(row, tx.now) for row in rows]


def set_back(tx: Transaction, by: timedelta) -> None:
    """Move the moments of all that waits or is granted back, as the clock went: it lives no longer by it."""
    c = APPROVALS.c
    live = (c.state == WAITING) | ((c.state == DONE) & (c.decided_at > tx.now - KEPT))
    for row in tx.all(select(c.id, c.asked_at, c.decided_at).where(live)):
        moved = {"asked_at": row.asked_at - by, "decided_at": row.decided_at and row.decided_at - by}
        tx.run(update(APPROVALS).where(APPROVALS.c.id == row.id).values(moved))


def _ours(actor: Actor) -> ColumnElement[bool]:
    return APPROVALS.c.organisation_id == actor.organisation_id


def _seen_by(actor: Actor) -> ColumnElement[bool]:
    if actor.role == "operator":
        return _ours(actor) & (APPROVALS.c.kind != DOOR_SHUT)
    if actor.role == "lender":
        return _ours(actor) & (APPROVALS.c.kind == DOOR_SHUT)
    return _ours(actor) & (APPROVALS.c.asked_by == actor.account_id)


def _waits(tx: Transaction) -> ColumnElement[bool]:
    """Whether one waits now. Of one that was asked for in the future the clock went back: it is over, too."""
    c = APPROVALS.c
    return (c.state == WAITING) & (c.asked_at > tx.now - KEPT) & (c.asked_at <= tx.now + SKEW)


def _read(row: Row[Any], now: datetime) -> Approval:
    found = Approval(**{**row._mapping, "given": json.loads(row.given)})
    if found.state == WAITING and not now - KEPT < found.asked_at <= now + SKEW:
        return Approval(**{**vars(found), "state": ENDED})
    return found
