"""People: registering somebody, finding and changing them, handing them to another mentor."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import bindparam, insert, select, union, update

from api.accounts.tables import ACCOUNTS
from api.audit.service import note, note_each
from api.consents import service as consents
from api.consents.service import Agreement
from api.participants.gate import CONTACT, RECORD, Person, begin, may, may_each, seal_json
from api.participants.tables import PARTICIPANTS
from api.record import answered, jobs
from api.record.actor import Actor
from api.record.refusals import Refused, Trouble
from api.record.transaction import Transaction, new_id

_ADD: Final = insert(PARTICIPANTS)
_OF_NIK, _OF_OWN_ID = (
    select(column).where(
        PARTICIPANTS.c.organisation_id == bindparam("organisation"), column.in_(bindparam("marks", expanding=True))
    )
    for column in (PARTICIPANTS.c.nik_index, PARTICIPANTS.c.own_index)
)


def register(tx: Transaction, actor: Actor, identity: Mapping[str, str], agreed: Agreement, own_id: str = "") -> Person:
    """Register a participant who agreed to be kept.

    Raises:
        Refused: 409 if the organisation already has somebody with this NIK or id, or without consent to be kept.
    """
    if "record" not in agreed.purposes:
        raise Refused(409, Trouble("consents", "no_consent_record", "record"))
    _check_free(tx, actor, indices(tx, actor.organisation_id, identity, own_id))
    return register_each(tx, actor, [(identity, own_id)], agreed)[0]


def register_each(
    tx: Transaction,
    actor: Actor,
    new: Sequence[tuple[Mapping[str, str], str]],
    agreed: Agreement,
    ids: Sequence[str] = (),
) -> list[Person]:
    """Register people, (identity, own id) each, as `register` does; that nobody has their NIK or id was seen before.

    `ids`: nobody's, with keys that were made for them beforehand; at least as many as people.
    """
    if not ids:  # before the rows: a key without a person is harmless, a person without a key is lost
        tx.vault.make_each(ids := [new_id() for _ in new])
    kept = {
        person: dict(identity) | ({"own_id": own} if own else {})
        for person, (identity, own) in zip(ids, new, strict=False)
    }
    begin(tx, kept)
    mine = {"organisation_id": actor.organisation_id, "mentor_id": actor.account_id, "created_at": tx.now}
    nobody: dict[str, str | None] = {"nik_index": None, "phone_index": None, "own_index": None}
    rows = [
        {
            "id": person,
            "sealed": seal_json(tx, person, PARTICIPANTS.c.sealed, person, identity),
            **nobody,
            **indices(tx, actor.organisation_id, identity, identity.get("own_id", "")),
            "version": 1,
            "frozen": False,
            **mine,
        }
        for person, identity in kept.items()
    ]
    tx.sql.execute(_ADD, rows)
    note_each(tx, actor, "registered", "participant", {person: {} for person in kept})
    consents.agree(tx, actor, list(kept), agreed)
    return [
        Person(person, actor.account_id, actor.organisation_id, identity, 1, False, tx.now)
        for person, identity in kept.items()
    ]


_FIELDS: Final = {"nik_index": "nik", "own_index": "own_id"}  # a family may share one phone


def indices(tx: Transaction, organisation_id: str, identity: Mapping[str, str], own_id: str) -> dict[str, str]:
    """The keyed hashes by which duplicates are found. Each organisation has its own: nobody learns of another's people."""
    given = {"nik_index": identity.get("nik"), "phone_index": identity.get("phone"), "own_index": own_id}
    return {name: tx.keys.blind(f"{name}:{organisation_id}", value) for name, value in given.items() if value}


def who_have(tx: Transaction, organisation_id: str, marks: Iterable[str]) -> set[str]:
    """Which of these keyed hashes are the NIK or the own id of somebody in an organisation."""
    found, listed = set(), list(marks)
    for start in range(0, len(listed), 500):
        for statement in (_OF_NIK, _OF_OWN_ID):
            asked = {"organisation": organisation_id, "marks": listed[start : start + 500]}
            found |= set(tx.sql.execute(statement, asked).scalars())
    return found


def _check_free(tx: Transaction, actor: Actor, index: Mapping[str, str], but: str = "") -> None:
    taken = [(name, field) for name, field in _FIELDS.items() if _taken(tx, actor, name, index.get(name), but)]
    if taken:
        raise Refused(409, *(Trouble(field, f"known_{name}") for name, field in taken))


def _taken(tx: Transaction, actor: Actor, name: str, value: str | None, but: str = "") -> bool:
    if value is None:
        return False
    mine = PARTICIPANTS.c.organisation_id == actor.organisation_id
    asked = select(PARTICIPANTS.c.id).where(mine, PARTICIPANTS.c[name] == value, PARTICIPANTS.c.id != but)
    return tx.one(asked) is not None


def see(tx: Transaction, actor: Actor, person_id: str, noted: str = "saw", purpose: str = CONTACT) -> Person:
    """Return one of the asking mentor's participants, with what that purpose opens, and note that somebody looked.

    Raises:
        Refused: as `may`.
    """
    person = may(tx, actor, person_id, purpose)
    note(tx, actor, noted, "participant", person_id)
    return person


def _reach(actor: Actor) -> tuple[Any, ...]:
    mine = PARTICIPANTS.c.organisation_id == actor.organisation_id
    return (mine,) if actor.role == "operator" else (mine, PARTICIPANTS.c.mentor_id == actor.account_id)


def people_of(tx: Transaction, actor: Actor, search: str = "", mentor_id: str = "") -> list[Person]:
    """The asking mentor's participants by name, or an operator's, of whom `mentor_id` picks those of one mentor.

    `search` is part of a name, or a whole NIK, phone or own id. Where it is a number only those who have it are opened,
    unless it is short and nobody has it: then it may stand in a name.
    """
    wanted = unicodedata.normalize("NFKC", search).strip()
    digits = re.sub(r"[^0-9]", "", wanted)
    there, whole = PARTICIPANTS.c.sealed.is_not(None), len(digits) >= _WHOLE_NUMBER
    found: dict[str, Person] = {}
    if digits:
        having = PARTICIPANTS.c.id.in_(_who_have_number(tx, actor.organisation_id, digits, wanted))
        rows = tx.all(select(PARTICIPANTS).where(having, there))
        found |= may_each(tx, actor, [row for row in rows if mentor_id in ("", row.mentor_id)], CONTACT)
    if any(map(str.isalpha, wanted)) or not (whole or found):
        reach = [*_reach(actor), there, *([PARTICIPANTS.c.mentor_id == mentor_id] if mentor_id else [])]
        people = may_each(tx, actor, tx.all(select(PARTICIPANTS).where(*reach)), CONTACT)
        found |= {name: person for name, person in people.items() if _is_called(person, wanted.casefold())}
    return sorted(found.values(), key=lambda person: (person.identity.get("name", "").casefold(), person.id))


_WHOLE_NUMBER: Final = 8
"""Digits of the shortest phone number: what has so many and no letter stands in no name."""


def _who_have_number(tx: Transaction, organisation_id: str, digits: str, own_id: str) -> Any:
    phone = f"62{digits[1:]}" if digits.startswith("0") else digits
    marks = indices(tx, organisation_id, {"nik": digits, "phone": phone}, own_id)
    ours = PARTICIPANTS.c.organisation_id == organisation_id
    # One by one: of alternatives in one condition the database would go through everybody.
    return union(*(select(PARTICIPANTS.c.id).where(ours, PARTICIPANTS.c[name] == mark) for name, mark in marks.items()))


def _is_called(person: Person, wanted: str) -> bool:
    """Whether that is part of a name, or an own id."""
    name, own = (
        unicodedata.normalize("NFKC", person.identity.get(field, "")).casefold() for field in ("name", "own_id")
    )
    return wanted in name or wanted == own


def look_for(tx: Transaction, actor: Actor, search: str = "", mentor_id: str = "") -> list[Person]:
    """The participants of `people_of`, noted; of an operator, who has all of them, only what is searched for."""
    found = people_of(tx, actor, search, mentor_id) if search or mentor_id or actor.role == "mentor" else []
    note(tx, actor, "listed", "account", actor.account_id, participants=[person.id for person in found])
    return found


def change(tx: Transaction, actor: Actor, person_id: str, version: int, identity: Mapping[str, str]) -> int:
    """Correct a participant's name, NIK or phone; return the new version.

    Raises:
        Refused: 404; 409 where the participant was changed meanwhile, took consent back, or the NIK is another's.
    """
    person = may(tx, actor, person_id, RECORD, version)
    changed = {**person.identity, **identity}
    index = indices(tx, actor.organisation_id, changed, changed.get("own_id", ""))
    _check_free(tx, actor, index, person_id)
    kept = {name: value for name, value in changed.items() if value}
    sealed = seal_json(tx, person_id, PARTICIPANTS.c.sealed, person_id, kept)
    values = {"sealed": sealed, "nik_index": None, "phone_index": None, **index}
    tx.run(update(PARTICIPANTS).where(PARTICIPANTS.c.id == person_id).values(values))
    note(tx, actor, "corrected", "participant", person_id, fields=sorted(identity))
    return bump(tx, person_id)


def hand_over(tx: Transaction, actor: Actor, person_id: str, version: int, mentor_id: str) -> int:
    """Give a participant to another mentor of the same organisation; return the new version.

    Raises:
        Refused: 404, 409 where the participant was changed meanwhile, 400 where that is no mentor here.
    """
    person = may(tx, actor, person_id, CONTACT, version)
    here = (ACCOUNTS.c.organisation_id == actor.organisation_id) & (ACCOUNTS.c.role == "mentor") & ACCOUNTS.c.active
    if not tx.one(select(ACCOUNTS.c.id).where(ACCOUNTS.c.id == mentor_id, here)):
        raise Refused(400, Trouble("mentor_id", "no_mentor", mentor_id))
    tx.run(update(PARTICIPANTS).where(PARTICIPANTS.c.id == person_id).values(mentor_id=mentor_id))
    forget_what_was_told(tx, person.mentor_id)
    note(tx, actor, "handed_over", "participant", person_id, to=mentor_id)
    return bump(tx, person_id)


def forget_what_was_told(tx: Transaction, mentor_id: str) -> None:
    """Forget what was read out to a mentor or is kept to be answered again: somebody may not be in it any more."""
    jobs.forget_people(tx, mentor_id)
    answered.empty(tx, mentor_id)


def bump(tx: Transaction, person_id: str) -> int:
    """Count a change to a participant: whoever read them before must read them again."""
    tx.run(update(PARTICIPANTS).where(PARTICIPANTS.c.id == person_id).values(version=PARTICIPANTS.c.version + 1))
    row = tx.one(select(PARTICIPANTS.c.version).where(PARTICIPANTS.c.id == person_id))
    assert row is not None
    return int(row.version)
