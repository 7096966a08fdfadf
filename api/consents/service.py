"""Giving, taking back and asking for consent. What counts is the last thing said for a purpose and a recipient."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, select

from api.audit.service import enter, note, note_each
from api.consents.purposes import HANDED_OVER, PURPOSES, current, documents
from api.consents.tables import CONSENTS
from api.record.actor import Actor
from api.record.transaction import Transaction

# Somebody's entries are all in their organisation's chain, but for those in the first one, from before there were others.
_IN_ORDER: Final = (CONSENTS.c.chain, CONSENTS.c.seq)
_SAID: Final = (
    select(CONSENTS.c.purpose, CONSENTS.c.given, CONSENTS.c.expires_on)
    .where(CONSENTS.c.person_id == bindparam("person"), CONSENTS.c.recipient == "")
    .order_by(*_IN_ORDER)
)
_SAID_OF: Final = (
    select(
        CONSENTS.c.person_id, CONSENTS.c.given, CONSENTS.c.expires_on, CONSENTS.c.text_version, CONSENTS.c.recorded_at
    )
    .where(
        CONSENTS.c.person_id.in_(bindparam("persons", expanding=True)),
        CONSENTS.c.purpose == bindparam("purpose"),
        CONSENTS.c.recipient == bindparam("recipient"),
    )
    .order_by(*_IN_ORDER)
)
_LEDGER: Final = select(CONSENTS).where(CONSENTS.c.person_id == bindparam("person")).order_by(*_IN_ORDER)
_ZONE: Final = ZoneInfo("Asia/Jakarta")


def today_of(tx: Transaction) -> date:
    """The day it is in Jakarta, on which a consent may end."""
    return tx.now.astimezone(_ZONE).date()


@dataclass(frozen=True)
class Agreement:
    """How somebody agreed: the purposes, the channel, the day and the version of the text."""

    purposes: tuple[str, ...]
    channel: str
    said_on: date
    text_version: str


def agree(tx: Transaction, actor: Actor, persons: Sequence[str], agreed: Agreement) -> None:
    """Write into the ledger what some people agreed to, all to the same, when they were registered."""
    said: dict[str, Any] = {name: value for name, value in vars(agreed).items() if name != "purposes"}
    for purpose in agreed.purposes if persons else ():
        rows = [_entry(tx, actor, person, purpose, given=True, **said) for person in persons]
        enter(tx, CONSENTS, actor.organisation_id, *rows)
        note_each(tx, actor, "consent_given", "participant", {person: {"purpose": purpose} for person in persons})


def say(
    tx: Transaction,
    actor: Actor,
    person_id: str,
    purpose: str,
    *,
    given: bool,
    channel: str,
    said_on: date,
    recipient: str = "",
    text_version: str = "",
    expires_on: date | None = None,
) -> int:
    """Write into the ledger that a person agreed, or took it back; return the entry's number."""
    said = {"channel": channel, "said_on": said_on, "text_version": text_version}
    more = {"recipient": recipient, "expires_on": expires_on}
    entry = _entry(tx, actor, person_id, purpose, given=given, **said, **more)
    number = enter(tx, CONSENTS, actor.organisation_id, entry)
    note(tx, actor, "consent_given" if given else "consent_withdrawn", "participant", person_id, purpose=purpose)
    return number


def _entry(tx: Transaction, actor: Actor, person_id: str, purpose: str, **said: Any) -> dict[str, Any]:
    """A row of the ledger. `said`: the other columns; `recipient` and `expires_on` only where there are some."""
    assert purpose in PURPOSES
    return {
        "person_id": person_id,
        "purpose": purpose,
        "recipient": "",
        "expires_on": None,
        **said,
        "text_version": said["text_version"] or current(today_of(tx)).version,
        "recorded_at": tx.now,
        "account_id": actor.account_id,
    }


def stands(tx: Transaction, person_id: str, purpose: str, recipient: str = "") -> bool:
    """Whether a person agrees, today, to this purpose and recipient."""
    return person_id in who_agrees(tx, [person_id], purpose, recipient)


def who_agrees(tx: Transaction, persons: Iterable[str], purpose: str, recipient: str = "") -> set[str]:
    """Which of these people agree, today."""
    return set(_since(tx, persons, purpose, recipient))


def let_go_since(tx: Transaction, persons: Iterable[str], lender_id: str) -> dict[str, datetime]:
    """Since when without a break each of these people agrees that all that a lender is sent goes to this one; by id.

    Left out is who does not today. A text that does not name what goes out is no such agreement, and ends an earlier one.
    """
    texts = {name for name, text in documents().items() if text.referral_gives >= HANDED_OVER}
    kept, lets = _since(tx, persons, "record", ""), _since(tx, persons, "referral", lender_id, texts)
    return {person_id: max(kept[person_id], began) for person_id, began in lets.items() if person_id in kept}


def said_last(tx: Transaction, person_id: str, purpose: str, recipient: str) -> datetime | None:
    """When somebody last said anything of a purpose and recipient, as we were told; None: never."""
    here = (CONSENTS.c.person_id == person_id) & (CONSENTS.c.purpose == purpose) & (CONSENTS.c.recipient == recipient)
    row = tx.one(select(CONSENTS.c.recorded_at).where(here).order_by(*(one.desc() for one in _IN_ORDER)).limit(1))
    return row.recorded_at if row else None


def _since(
    tx: Transaction, persons: Iterable[str], purpose: str, recipient: str, texts: Collection[str] | None = None
) -> dict[str, datetime]:
    """Since when without a break each of these people agrees, who do today; `texts`: those that count, None for any."""
    began: dict[str, datetime] = {}
    listed, today = list(persons), today_of(tx)
    for start in range(0, len(listed), 500):
        asked = {"persons": listed[start : start + 500], "purpose": purpose, "recipient": recipient}
        for person_id, given, expires_on, version, recorded_at in tx.sql.execute(_SAID_OF, asked):
            if _holds(given, expires_on, today) and (texts is None or version in texts):
                began.setdefault(person_id, recorded_at)
            else:
                began.pop(person_id, None)
    return began


def _holds(given: bool, expires_on: date | None, today: date) -> bool:
    return given and (expires_on is None or today <= expires_on)


def missing(tx: Transaction, person_id: str, purposes: Sequence[str]) -> list[str]:
    """To which of these purposes a person does not agree today."""
    if not purposes:
        return []
    today = today_of(tx)
    said = tx.sql.execute(_SAID, {"person": person_id}).all()
    last = {purpose: _holds(given, expires_on, today) for purpose, given, expires_on in said}
    return [purpose for purpose in purposes if not last.get(purpose)]


def withdrawn_on(tx: Transaction, person_id: str, purpose: str, recipient: str) -> date | None:
    """The day on which somebody last took back what they had agreed to for a purpose and recipient; None: never."""
    days = [
        entry["said_on"]
        for entry in ledger_of(tx, person_id)
        if (entry["purpose"], entry["recipient"], entry["given"]) == (purpose, recipient, False)
    ]
    return days[-1] if days else None


def ledger_of(tx: Transaction, person_id: str) -> list[dict[str, Any]]:
    """Everything a person said, in order."""
    rows = tx.sql.execute(_LEDGER, {"person": person_id}).all()
    return [{name: value for name, value in row._mapping.items() if name not in ("chain", "person_id")} for row in rows]


def standing(tx: Transaction, person_id: str) -> list[dict[str, Any]]:
    """What a person agrees to today: purpose, recipient, since and until when."""
    last: dict[tuple[str, str], dict[str, Any]] = {}
    for entry in ledger_of(tx, person_id):
        last[entry["purpose"], entry["recipient"]] = entry
    today = today_of(tx)
    return [entry for entry in last.values() if _holds(entry["given"], entry["expires_on"], today)]
