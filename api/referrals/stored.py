"""Referrals as they are kept: found by who may see them, opened for whom the gate lets through, with their history.

What is over by its time or because the participant took their consent back is over at the next request, also before the
worker has written it down: the state here is the state now.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, Final, cast
from zoneinfo import ZoneInfo

from sqlalchemy import Row, func, insert, select

from api.audit.service import note
from api.consents import service as consents
from api.participants.gate import RECORD, Person, let_lender, may, seal_json, unseal_json
from api.record.actor import Actor
from api.record.refusals import Refused, Trouble
from api.record.transaction import Transaction, new_id
from api.referrals.tables import EVENTS, REFERRALS
from matcher.programme.entries import State
from matcher.programme.rules import Rules


@dataclass(frozen=True, repr=False)
class Event:
    """Something that was done with a referral: a transition of the programme, or a note. `reasons`: codes."""

    at: datetime
    account_id: str | None
    side: str
    move: str
    state: str
    reasons: tuple[str, ...]
    said: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, repr=False)
class Referral:
    """A referral as whoever asks sees it. `state`: that of now; `stored`: the one that is written down.

    `agreed`: whether the participant agrees, today, to what it hands over. `pack` None: nothing was sent, or it is closed.
    """

    id: str
    participant_id: str
    organisation_id: str
    lender_id: str
    product: str
    state: str
    stored: str
    version: int
    drafted_at: datetime
    sent_at: datetime | None
    since: datetime
    due_at: datetime | None
    heard_at: datetime
    quiet_at: datetime | None
    queued_at: datetime
    amount_idr: int
    area: str
    complete: int
    quota_month: str | None
    quota_idr: int
    agreed: bool
    pack: Mapping[str, Any] | None = None
    events: tuple[Event, ...] = ()
    person: Person | None = None


ASKED_FOR_GOOD: Final = "asked_for_good"
"""What is done without a transition: a second officer is asked to approve a no that shuts a door for good."""
_PLAIN: Final = ("amount_idr", "on", "days_late")
_KEPT: Final = (
    "id participant_id organisation_id lender_id product version drafted_at sent_at since due_at heard_at quiet_at "
    "queued_at amount_idr area complete quota_month quota_idr"
).split()


def referral_of(rules: Rules, row: Row[Any], now: datetime, *, agreed: bool) -> Referral:
    """A row as a referral that is closed: its state is that of now."""
    kept = {name: getattr(row, name) for name in _KEPT}
    return Referral(**kept, state=state_now(rules, row, now, agreed=agreed), stored=row.state, agreed=agreed)


def state_now(rules: Rules, row: Row[Any], now: datetime, *, agreed: bool) -> str:
    """The state of now: what the consent or the time has ended is over, whether that is written down yet or not."""
    state, ended = state_of(rules, row.state), rules.referrals.without_consent
    if row.sent_at is not None and not agreed and row.state in ended.begins:
        return str(ended.to)
    if row.due_at is not None and row.due_at <= now and state.then:
        return str(state.then)
    return str(row.state)


def state_of(rules: Rules, name: str) -> State:
    """A state that is stored. One that the programme no longer has is over, and called as it was then, or by its id.

    Of the latter nobody knows whether it was a mistake: it is taken for one, and no lender opens it.
    """
    found = next((one for one in rules.referrals.states if one.id == name), None)
    if found is not None:
        return found
    then = next((one for one in rules.programme.referrals.states if one.id == name), None)
    called = then.name if then else dict.fromkeys(rules.programme.languages, name)
    over = replace(rules.referrals.states[0], id=name, name=called, turn="nobody", days=None, then="", ends=True)
    return replace(over, holds_quota=False, hl7=then.hl7 if then else "entered-in-error")


def who_agree(tx: Transaction, rows: Sequence[Row[Any]]) -> set[str]:
    """The ids of those referrals to which their participants agree, today and since each was sent."""
    found = set()
    for lender_id in {row.lender_id for row in rows}:
        theirs = [row for row in rows if row.lender_id == lender_id]
        since = consents.let_go_since(tx, {row.participant_id for row in theirs}, lender_id)
        for row in theirs:
            began = since.get(row.participant_id)
            if began is not None and (row.sent_at is None or began <= row.sent_at):
                found.add(row.id)
    return found


def is_spent(tx: Transaction, person_id: str, lender_id: str) -> bool:
    """Whether what somebody last agreed to for a lender was for a referral that has been sent since.

    They agreed to what they were shown of that one; of another, with other facts, they are asked again.
    """
    theirs = (REFERRALS.c.participant_id == person_id) & (REFERRALS.c.lender_id == lender_id)
    last = tx.one(select(func.max(REFERRALS.c.sent_at)).where(theirs))
    said = consents.said_last(tx, person_id, "referral", lender_id)
    return bool(last and last[0] and said and said <= last[0])


def due_after(rules: Rules, state: str, now: datetime) -> datetime | None:
    """When a state is over by itself that begins now."""
    days = state_of(rules, state).days
    return None if days is None else now + timedelta(days=days.value)


# -- finding -----------------------------------------------------------------------------------------------------------


def organisations_in(tx: Transaction, actor: Actor, referral_id: str) -> tuple[str, ...]:
    """The two organisations of a referral, whose locks a change of it needs; those of whoever asks where there is none."""
    row = tx.one(select(REFERRALS.c.organisation_id, REFERRALS.c.lender_id).where(REFERRALS.c.id == referral_id))
    return (row.organisation_id, row.lender_id) if row else (actor.organisation_id,)


def find(tx: Transaction, actor: Actor, rules: Rules, referral_id: str) -> Referral:
    """A referral with its pack and history, opened for the participant's mentor or the lender whom they named.

    An operator of the mentor's organisation sees how it stands, and nothing of the person.

    Raises:
        Refused: 404, with the same words for one that does not exist and one that is not theirs; 409 as `may` does.
    """
    row = tx.one(select(REFERRALS).where(REFERRALS.c.id == referral_id))
    if row is None or not _theirs(actor, row):
        raise Refused(404, Trouble("referral", "not_found"))
    if actor.role == "lender":
        agreed = bool(let_lender(tx, row.lender_id, {row.participant_id: row.sent_at}))
        found = referral_of(rules, row, tx.now, agreed=agreed)
        return _opened(tx, actor, rules, found, row) if agreed else closed(found)
    found = referral_of(rules, row, tx.now, agreed=bool(who_agree(tx, [row])))
    if actor.role == "operator":
        return closed(replace(found, events=tuple(_events(tx, actor, found, opened=False))))
    person = may(tx, actor, row.participant_id, RECORD, called="referral")
    return replace(_opened(tx, actor, rules, found, row), person=person)


def _theirs(actor: Actor, row: Row[Any]) -> bool:
    if actor.role == "lender":
        return bool(row.lender_id == actor.organisation_id and row.sent_at is not None)
    return bool(row.organisation_id == actor.organisation_id and actor.role in ("mentor", "operator"))


def see(tx: Transaction, actor: Actor, rules: Rules, referral_id: str) -> Referral:
    """`find`, and note that somebody looked."""
    found = find(tx, actor, rules, referral_id)
    note(tx, actor, "saw_referral", "referral", found.id, participants=[found.participant_id])
    return found


def is_mistake(rules: Rules, found: Referral) -> bool:
    """Whether a referral should never have been."""
    return state_of(rules, found.state).hl7 == "entered-in-error"


def closed(found: Referral) -> Referral:
    """A referral without what it says of the person."""
    return replace(found, amount_idr=0, area="", complete=0)


def _opened(tx: Transaction, actor: Actor, rules: Rules, found: Referral, row: Row[Any]) -> Referral:
    """With its history and its pack; of what was sent by mistake a lender opens neither, nor the words of its history."""
    if actor.role == "lender" and is_mistake(rules, found):
        return replace(closed(found), events=tuple(_events(tx, actor, found, opened=False)))
    pack = None
    if row.pack is not None:
        pack = unseal_json(tx, found.participant_id, REFERRALS.c.pack, found.id, row.pack)
    return replace(found, pack=pack, events=tuple(_events(tx, actor, found, opened=True)))


def _events(tx: Transaction, actor: Actor, found: Referral, *, opened: bool) -> Iterable[Event]:
    """What happened. What one officer asked another to approve is no answer yet, and nobody else's to know."""
    rows = tx.all(select(EVENTS).where(EVENTS.c.referral_id == found.id).order_by(EVENTS.c.place))
    for row in rows:
        if row.move == ASKED_FOR_GOOD and actor.role != "lender":
            continue
        said = {name: value for name in _PLAIN if opened and (value := getattr(row, name)) is not None}
        if opened and row.said is not None:
            said |= unseal_json(tx, found.participant_id, EVENTS.c.said, row.id, row.said)
        codes = tuple(row.reasons.split()) if row.reasons and opened else ()
        yield Event(row.at, row.account_id, row.side, row.move, row.state, codes, said)


def of_person(tx: Transaction, rules: Rules, person_id: str) -> list[Referral]:
    """Every referral of a participant, the latest first, closed."""
    rows = tx.all(
        select(REFERRALS)
        .where(REFERRALS.c.participant_id == person_id)
        .order_by(REFERRALS.c.drafted_at.desc(), REFERRALS.c.id)
    )
    agree = who_agree(tx, rows)
    return [referral_of(rules, row, tx.now, agreed=row.id in agree) for row in rows]


def day_before(tx: Transaction, rules: Rules, referral: Referral) -> date:
    """The day before which nothing was paid out or back: of the last payment told of, else the one on which it was sent."""
    told = EVENTS.c.on.is_not(None) & (EVENTS.c.referral_id == referral.id)
    row = tx.one(select(EVENTS.c.on).where(told).order_by(EVENTS.c.place.desc()).limit(1))
    if row is not None:
        return cast(date, row.on)
    return (referral.sent_at or referral.drafted_at).astimezone(ZoneInfo(rules.programme.timezone)).date()


# -- history -----------------------------------------------------------------------------------------------------------


def add_event(
    tx: Transaction,
    actor: Actor | None,
    referral: Referral,
    move: str,
    state: str,
    reasons: Sequence[str] = (),
    said: Mapping[str, Any] | None = None,
    plain: Mapping[str, Any] | None = None,
) -> None:
    """Write down what was done; `said`: what is sealed of it, for whom the gate let through; `plain`: sums and days.

    What the lender learns has a number of its own. It is given out under the lender's lock, which is held until all of it
    is committed: whoever sees a number sees every smaller one, and no number comes later.
    """
    last = select(func.max(EVENTS.c.place)).where(EVENTS.c.referral_id == referral.id).scalar_subquery()
    newest = select(func.max(EVENTS.c.number)).where(EVENTS.c.lender_id == referral.lender_id).scalar_subquery()
    asked = select(REFERRALS.c.version, REFERRALS.c.sent_at, last.label("place"), newest.label("number"))
    now = tx.one(asked.where(REFERRALS.c.id == referral.id))
    assert now is not None
    event, number = new_id(), (now.number or 0) + 1
    learnt = {"lender_id": referral.lender_id, "number": number, "version": now.version} if now.sent_at else {}
    values = {
        "id": event,
        "referral_id": referral.id,
        "participant_id": referral.participant_id,
        "place": (now.place or 0) + 1,
        "at": tx.now,
        "account_id": actor.account_id if actor else None,
        "side": actor.role if actor else "kail",
        "move": move,
        "state": state,
        "reasons": " ".join(reasons) or None,
        **(plain or {}),
        **learnt,
        "said": seal_json(tx, referral.participant_id, EVENTS.c.said, event, dict(said)) if said else None,
    }
    tx.run(insert(EVENTS).values(values))
