"""People: registering somebody, finding and changing them, handing them to another mentor."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, bindparam, insert, select, union, update

from api.accounts.tables import ACCOUNTS
from api.audit.service import note, note_each
from api.consents import service as consents
from api.consents.service import Agreement
from api.participants.tables import PARTICIPANTS
from api.record.actor import Actor
from api.record.crypto import seal_json, unseal_json
from api.record.key_store import Erased
from api.record.refusals import Refused, Trouble
from api.record.transaction import Transaction, new_id

PLACE: Final = "participants.sealed:"
_ADD: Final = insert(PARTICIPANTS)
_OF_NIK, _OF_OWN_ID = (
    select(column).where(
        PARTICIPANTS.c.organisation_id == bindparam("organisation"), column.in_(bindparam("marks", expanding=True))
    )
    for column in (PARTICIPANTS.c.nik_index, PARTICIPANTS.c.own_index)
)
_ONE: Final = select(PARTICIPANTS).where(
    PARTICIPANTS.c.id == bindparam("person"), PARTICIPANTS.c.organisation_id == bindparam("organisation")
)


@dataclass(frozen=True, repr=False)  # nobody's name or key in a trace
class Person:
    """A participant as their mentor sees them. `key` opens what is sealed about them."""

    id: str
    mentor_id: str
    organisation_id: str
    identity: Mapping[str, str]
    version: int
    frozen: bool
    created_at: datetime
    key: bytes


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
    keys: Mapping[str, bytes] | None = None,
) -> list[Person]:
    """Register people, (identity, own id) each, as `register` does; that nobody has their NIK or id was seen before.

    `keys`: ids that are nobody's, with keys that were made for them beforehand; at least as many as people.
    """
    if keys is None:  # before the rows: a key without a person is harmless, a person without a key is lost
        keys = tx.vault.make_each([new_id() for _ in new])
    kept = {
        person: dict(identity) | ({"own_id": own} if own else {})
        for person, (identity, own) in zip(keys, new, strict=False)
    }
    mine = {"organisation_id": actor.organisation_id, "mentor_id": actor.account_id, "created_at": tx.now}
    nobody: dict[str, str | None] = {"nik_index": None, "phone_index": None, "own_index": None}
    rows = [
        {
            "id": person,
            "sealed": seal_json(keys[person], identity, PLACE + person),
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
        Person(person, actor.account_id, actor.organisation_id, identity, 1, False, tx.now, keys[person])
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


def find(
    tx: Transaction, actor: Actor, person_id: str, version: int | None = None, *, called: str = "participant"
) -> Person:
    """Return one of the asking mentor's participants; an operator sees all of the organisation.

    `version`: the one that was read before, where a change since then matters. `called`: what a refusal says is not there.

    Raises:
        Refused: 404, with the same words for an id that does not exist, for another's and for an erased participant;
            409 where the participant was changed meanwhile.
    """
    row = tx.sql.execute(_ONE, {"person": person_id, "organisation": actor.organisation_id}).first()
    theirs = row is not None and (actor.role == "operator" or row.mentor_id == actor.account_id)
    if row is None or not theirs or row.sealed is None:
        raise Refused(404, Trouble(called, "not_found"))
    try:
        person = person_of(row, tx.vault.key(person_id))
    except Erased:
        raise Refused(404, Trouble(called, "not_found")) from None
    if version not in (None, person.version):
        raise Refused(409, Trouble("version", "stale", version))
    return person


def see(tx: Transaction, actor: Actor, person_id: str, noted: str = "saw") -> Person:
    """Return one of the asking mentor's participants, and note that somebody looked.

    Raises:
        Refused: 404.
    """
    person = find(tx, actor, person_id)
    note(tx, actor, noted, "participant", person_id)
    return person


def _reach(actor: Actor) -> tuple[Any, ...]:
    mine = PARTICIPANTS.c.organisation_id == actor.organisation_id
    return (mine,) if actor.role == "operator" else (mine, PARTICIPANTS.c.mentor_id == actor.account_id)


def person_of(row: Row[Any], key: bytes) -> Person:
    """Open a row with the person's key."""
    identity = unseal_json(key, row.sealed, PLACE + row.id)
    return Person(row.id, row.mentor_id, row.organisation_id, identity, row.version, row.frozen, row.created_at, key)


def people_of(tx: Transaction, actor: Actor, search: str = "", mentor_id: str = "") -> list[Person]:
    """The asking mentor's participants by name, or an operator's, of whom `mentor_id` picks those of one mentor.

    `search` is part of a name, or a whole NIK, phone or own id. Of a number only those who have it are opened.
    """
    wanted, reach = unicodedata.normalize("NFKC", search).strip(), [*_reach(actor), PARTICIPANTS.c.sealed.is_not(None)]
    if mentor_id:
        reach.append(PARTICIPANTS.c.mentor_id == mentor_id)
    by_number = _NUMBER.fullmatch(wanted) is not None
    if by_number:
        reach.append(PARTICIPANTS.c.id.in_(_who_have_number(tx, actor.organisation_id, wanted)))
    rows = tx.all(select(PARTICIPANTS).where(*reach))
    keys = tx.vault.keys_of([row.id for row in rows])
    people = [person_of(row, keys[row.id]) for row in rows if row.id in keys]
    found = [person for person in people if by_number or _is_called(person, wanted.casefold())]
    return sorted(found, key=lambda person: (person.identity.get("name", "").casefold(), person.id))


_NUMBER: Final = re.compile(r"[+(]?[0-9][0-9 .()/-]*")
"""What is looked up as a number: nobody is called so."""


def _who_have_number(tx: Transaction, organisation_id: str, number: str) -> Any:
    digits = re.sub(r"[^0-9]", "", number)
    phone = f"62{digits[1:]}" if digits.startswith("0") else digits
    marks = indices(tx, organisation_id, {"nik": digits, "phone": phone}, number)
    ours = PARTICIPANTS.c.organisation_id == organisation_id
    # One by one: of alternatives in one condition the database would go through everybody.
    return union(*(select(PARTICIPANTS.c.id).where(ours, PARTICIPANTS.c[name] == mark) for name, mark in marks.items()))


def _is_called(person: Person, wanted: str) -> bool:
    """Whether that is part of a name, or an own id."""
    identity = person.identity
    return wanted in identity.get("name", "").casefold() or wanted == identity.get("own_id", "").casefold()


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
    person = find(tx, actor, person_id, version)
    consents.require(tx, person_id, "record")
    changed = {**person.identity, **identity}
    index = indices(tx, actor.organisation_id, changed, changed.get("own_id", ""))
    _check_free(tx, actor, index, person_id)
    kept = {name: value for name, value in changed.items() if value}
    values = {"sealed": seal_json(person.key, kept, PLACE + person_id), "nik_index": None, "phone_index": None, **index}
    tx.run(update(PARTICIPANTS).where(PARTICIPANTS.c.id == person_id).values(values))
    note(tx, actor, "corrected", "participant", person_id, fields=sorted(identity))
    return bump(tx, person_id)


def hand_over(tx: Transaction, actor: Actor, person_id: str, version: int, mentor_id: str) -> int:
    """Give a participant to another mentor of the same organisation; return the new version.

    Raises:
        Refused: 404, 409 where the participant was changed meanwhile, 400 where that is no mentor here.
    """
    find(tx, actor, person_id, version)
    here = (ACCOUNTS.c.organisation_id == actor.organisation_id) & (ACCOUNTS.c.role == "mentor") & ACCOUNTS.c.active
    if not tx.one(select(ACCOUNTS.c.id).where(ACCOUNTS.c.id == mentor_id, here)):
        raise Refused(400, Trouble("mentor_id", "no_mentor", mentor_id))
    tx.run(update(PARTICIPANTS).where(PARTICIPANTS.c.id == person_id).values(mentor_id=mentor_id))
    note(tx, actor, "handed_over", "participant", person_id, to=mentor_id)
    return bump(tx, person_id)


def bump(tx: Transaction, person_id: str) -> int:
    """Count a change to a participant: whoever read them before must read them again."""
    tx.run(update(PARTICIPANTS).where(PARTICIPANTS.c.id == person_id).values(version=PARTICIPANTS.c.version + 1))
    row = tx.one(select(PARTICIPANTS.c.version).where(PARTICIPANTS.c.id == person_id))
    assert row is not None
    return int(row.version)
