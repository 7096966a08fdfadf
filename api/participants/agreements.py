"""What a participant agrees to: looked at, and said anew for one purpose and recipient."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from api.accounts.tables import ACCOUNTS
from api.consents import service as consents
from api.participants.gate import CONTACT, Person, may
from api.participants.people import bump, forget_what_was_told, see
from api.participants.withdrawals import start_or_stop
from api.record.actor import Actor
from api.record.refusals import Refused, Trouble
from api.record.transaction import Transaction


def look_at(tx: Transaction, actor: Actor, person_id: str) -> tuple[Person, dict[str, list[dict[str, Any]]]]:
    """A participant, everything they said (`ledger`) and what they agree to today (`standing`).

    Raises:
        Refused: 404.
    """
    person = see(tx, actor, person_id, "saw_consents")
    return person, {"ledger": consents.ledger_of(tx, person_id), "standing": consents.standing(tx, person_id)}


def say(
    tx: Transaction, actor: Actor, person_id: str, entry: Mapping[str, Any], version: int | None = None
) -> tuple[int, int]:
    """Record that a participant agreed or took it back; return the entry's number and the participant's new version.

    `version`: the one that was read, where that matters.

    Raises:
        Refused: 404; 400 for a recipient who does not lend; 409 where the participant was changed since, there is nothing
            to take back, or an older paper would undo a withdrawal.
    """
    person = may(tx, actor, person_id, CONTACT, version)
    _check(tx, person_id, entry)
    number = consents.say(tx, actor, person_id, **entry)
    start_or_stop(tx, person_id, entry)
    if not entry["given"]:
        forget_what_was_told(tx, person)
    return number, bump(tx, person_id)


def _check(tx: Transaction, person_id: str, entry: Mapping[str, Any]) -> None:
    recipient, said_on = entry["recipient"], entry["said_on"]
    lends = (ACCOUNTS.c.organisation_id == recipient) & (ACCOUNTS.c.role == "lender")
    if recipient and not tx.one(select(ACCOUNTS.c.id).where(lends)):
        raise Refused(400, Trouble("recipient", "no_lender", recipient))
    if not entry["given"] and not consents.stands(tx, person_id, entry["purpose"], recipient):
        raise Refused(409, Trouble("purpose", "never_agreed", entry["purpose"]))
    withdrawn = consents.withdrawn_on(tx, person_id, entry["purpose"], recipient)
    if entry["given"] and withdrawn is not None and said_on < withdrawn:
        raise Refused(409, Trouble("said_on", "before_withdrawal", said_on.isoformat(), on=withdrawn.isoformat()))
