"""People: registering somebody, finding and changing them, handing them to another mentor."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Row, insert, select, update

from api.accounts.second_person import ask_second, given_lately, how_done
from api.accounts.tables import ACCOUNTS
from api.audit.service import note, note_each
from api.consents import service as consents
from api.consents.service import Agreement
from api.participants.gate import CONTACT, RECORD, Person, begin, may, may_each, seal_json
from api.participants.lookups import (
    marks_of,
    normal,
    own_marks,
    truly_have,
    who_are_called,
    who_have,
    who_share,
    words_of,
)
from api.participants.tables import PARTICIPANTS
from api.record import answered, jobs
from api.record.actor import Actor
from api.record.approvals import Approval, Waits
from api.record.listed import MOMENT, WORDS, ListColumn, Listing, Page, View, page_of
from api.record.refusals import Refused, Trouble
from api.record.transaction import Transaction, new_id

_ADD: Final = insert(PARTICIPANTS)
MOST_FOUND: Final = 50
"""How many an operator is shown of those who are called so: our choice. Of more it is said that another word is needed."""
HANDED_OVER: Final = "hand_over"
"""The kind of approval of handing somebody to a mentor who is new."""
_MOST_OPENED: Final = 1_000
"""How many are opened to find them, where the words are longer than what is marked."""


LISTED: Final = Listing(
    (ListColumn("name", sorts=WORDS, hidden=True), ListColumn("created_at", "moment", MOMENT)), "name"
)
"""What may be asked of a mentor's participants."""


class Found(NamedTuple):
    """Who was searched for, and whether there are more than are shown."""

    people: list[Person]
    more: bool = False


def register(tx: Transaction, actor: Actor, identity: Mapping[str, str], agreed: Agreement, own_id: str = "") -> Person:
    """Register a participant who agreed to be kept.

    Raises:
        Refused: 409 if the organisation already has somebody with this NIK or id, or without consent to be kept.
    """
    if "record" not in agreed.purposes:
        raise Refused(409, Trouble("consents", "no_consent_record", "record"))
    _check_free(tx, actor, {**identity, "own_id": own_id})
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
    persons = ids or [new_id() for _ in new]
    kept = {
        person: dict(identity) | ({"own_id": own} if own else {})
        for person, (identity, own) in zip(persons, new, strict=False)
    }
    # Before the rows: a key without a person is harmless, a person without a key is lost, and without marks never found.
    found_by = {person: marks_of(tx.keys, actor.organisation_id, identity) for person, identity in kept.items()}
    if ids:
        tx.vault.enter(found_by, new=True)
    else:
        tx.vault.make_each(list(kept), found_by)
    begin(tx, kept)
    mine = {"organisation_id": actor.organisation_id, "mentor_id": actor.account_id, "created_at": tx.now}
    rows = [
        {
            "id": person,
            "sealed": seal_json(tx, person, PARTICIPANTS.c.sealed, person, identity),
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


def _check_free(tx: Transaction, actor: Actor, identity: Mapping[str, str], but: str = "") -> None:
    own = own_marks(tx.keys, actor.organisation_id, identity)
    found = truly_have(tx, list(own.values()))
    taken = [field for field, mark in own.items() if mark in found and found[mark].id != but]
    if taken:
        raise Refused(409, *(Trouble(field, f"known_{field}") for field in taken))


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
    """The asking mentor's participants, or those of `mentor_id` for an operator, by name: all, or who is searched for.

    `search` is part of a name, or a whole NIK, phone or own id. Where it is a number only those who have it are opened,
    unless it is short and nobody has it: then it may stand in a name.
    """
    found: dict[str, Person] = {}
    _open(tx, actor, _who_may_have(tx, actor, search), lambda one: _has(one, search) and _is_of(one, mentor_id), found)
    if not _is_number(search, found):
        reach = [*_reach(actor), PARTICIPANTS.c.sealed.is_not(None)]
        reach += [PARTICIPANTS.c.mentor_id == mentor_id] if mentor_id else []
        _open(tx, actor, [tx.all(select(PARTICIPANTS).where(*reach))], lambda one: _is_called(one, search), found)
    return _by_name(found)


def _found(tx: Transaction, actor: Actor, search: str) -> Found:
    """Who of the whole organisation has that NIK, phone or own id, or a name whose words begin so: an operator's search."""
    found: dict[str, Person] = {}
    more = _open(tx, actor, _who_may_have(tx, actor, search), lambda one: _has(one, search), found, MOST_FOUND)
    if not more and not _is_number(search, found):
        called = who_are_called(tx, actor.organisation_id, search)
        more = _open(tx, actor, called, lambda one: _is_called(one, search), found, MOST_FOUND)
    return Found(_by_name(found)[:MOST_FOUND], more)


def _open(
    tx: Transaction,
    actor: Actor,
    candidates: Iterable[Sequence[Row[Any]]],
    fits: Callable[[Person], bool],
    found: dict[str, Person],
    most: int | None = None,
) -> bool:
    """Add those who fit to whom was found; return whether it ended early, since there were more than `most`."""
    opened = 0
    for rows in candidates:
        people = may_each(tx, actor, [row for row in rows if row.id not in found], CONTACT)
        found |= {name: person for name, person in people.items() if fits(person)}
        opened += len(people)
        if most is not None and (len(found) > most or opened > _MOST_OPENED):
            return True
    return False


def _by_name(people: Mapping[str, Person]) -> list[Person]:
    return sorted(people.values(), key=lambda person: (person.identity.get("name", "").casefold(), person.id))


_WHOLE_NUMBER: Final = 8
"""Digits of the shortest phone number: what has so many and no letter stands in no name."""


def _digits(wanted: str) -> str:
    return re.sub(r"[^0-9]", "", wanted)


def _phone(digits: str) -> str:
    return f"62{digits[1:]}" if digits.startswith("0") else digits


def _is_number(search: str, found: Mapping[str, Person]) -> bool:
    """Whether it stands in no name: it is long and has no letter, or it is somebody's number."""
    digits = _digits(search)
    return bool(digits and not any(map(str.isalpha, search)) and (len(digits) >= _WHOLE_NUMBER or found))


def _who_may_have(tx: Transaction, actor: Actor, search: str) -> Iterator[Sequence[Row[Any]]]:
    """Rows of those in the organisation who may have that NIK, own id or phone number."""
    digits, own_id = _digits(search), normal(search)
    own = own_marks(tx.keys, actor.organisation_id, {"nik": digits})
    yield list(who_have(tx, list(own.values())).values())
    for kind, value in (("own_id", own_id), ("phone", _phone(digits))):
        if value:
            yield from who_share(tx, actor.organisation_id, kind, value)


def _has(person: Person, search: str) -> bool:
    digits, identity = _digits(search), person.identity
    numbers = {identity.get("nik"): digits, identity.get("phone"): _phone(digits)}
    own_id = normal(identity.get("own_id", ""))
    return any(known and known == asked for known, asked in numbers.items()) or bool(
        own_id and own_id == normal(search)
    )


def _is_of(person: Person, mentor_id: str) -> bool:
    return mentor_id in ("", person.mentor_id)


def _is_called(person: Person, search: str) -> bool:
    """Whether that is part of a name, or each of its words begins one of the name's; or an own id."""
    name, own, wanted = (
        normal(one) for one in (person.identity.get("name", ""), person.identity.get("own_id", ""), search)
    )
    words, parts = words_of(name), words_of(wanted)
    begun = bool(parts) and all(any(word.startswith(part) for word in words) for part in parts)
    return wanted in name or wanted == own or begun


def look_for(tx: Transaction, actor: Actor, search: str = "", mentor_id: str = "") -> Found:
    """The participants of `people_of`, noted; of an operator, who has all of them, only what is searched for."""
    if actor.role == "mentor" or mentor_id:
        found = Found(people_of(tx, actor, search, mentor_id))
    else:
        found = _found(tx, actor, search) if search else Found([])
    note(tx, actor, "listed", "account", actor.account_id, participants=[person.id for person in found.people])
    return found


def see_people(tx: Transaction, actor: Actor, view: View) -> Page[Person]:
    """A page of the asking mentor's participants; who is on it is noted. All are opened, since names are sorted."""
    by = {"name": lambda one: one.identity.get("name", "").casefold(), "created_at": lambda one: one.created_at}
    page = page_of(people_of(tx, actor), by, lambda one: one.id, view)
    note(tx, actor, "listed", "account", actor.account_id, participants=[person.id for person in page.rows])
    return page


def change(tx: Transaction, actor: Actor, person_id: str, version: int, identity: Mapping[str, str]) -> int:
    """Correct a participant's name, NIK or phone; return the new version.

    Raises:
        Refused: 404; 409 where the participant was changed meanwhile, took consent back, or the NIK is another's.
    """
    person = may(tx, actor, person_id, RECORD, version)
    changed = {**person.identity, **identity}
    _check_free(tx, actor, changed, person_id)
    kept = {name: value for name, value in changed.items() if value}
    tx.vault.enter({person_id: marks_of(tx.keys, actor.organisation_id, kept)})
    sealed = seal_json(tx, person_id, PARTICIPANTS.c.sealed, person_id, kept)
    tx.run(update(PARTICIPANTS).where(PARTICIPANTS.c.id == person_id).values(sealed=sealed))
    note(tx, actor, "corrected", "participant", person_id, fields=sorted(identity))
    return bump(tx, person_id)


def hand_over(
    tx: Transaction, actor: Actor, person_id: str, version: int, mentor_id: str, approved: Approval | None = None
) -> int | Waits:
    """Give a participant to another mentor of the same organisation; return the new version.

    One who was made or given a password not a day ago gets nobody without a second person: else an operator alone would
    be the mentor of everybody.

    Raises:
        Refused: 404, 409 where the participant was changed meanwhile or it waits for approval already, 400 where that is
            no mentor here.
    """
    person = may(tx, actor, person_id, CONTACT, version)
    here = (ACCOUNTS.c.organisation_id == actor.organisation_id) & (ACCOUNTS.c.role == "mentor") & ACCOUNTS.c.active
    if not tx.one(select(ACCOUNTS.c.id).where(ACCOUNTS.c.id == mentor_id, here)):
        raise Refused(400, Trouble("mentor_id", "no_mentor", mentor_id))
    is_new, given = approved is not None or given_lately(tx, mentor_id), {"mentor_id": mentor_id}
    if is_new and not approved and (waits := ask_second(tx, actor, HANDED_OVER, person_id, version, given)):
        return waits
    tx.run(update(PARTICIPANTS).where(PARTICIPANTS.c.id == person_id).values(mentor_id=mentor_id))
    forget_what_was_told(tx, person)
    note(tx, actor, "handed_over", "participant", person_id, to=mentor_id, **(how_done(approved) if is_new else {}))
    return bump(tx, person_id)


def forget_what_was_told(tx: Transaction, person: Person) -> None:
    """Forget what was read out to a mentor or is kept to be answered again: somebody may not be in it any more.

    Nor in a training set: it goes too, and one that is being made begins again.
    """
    jobs.forget_people(tx, person.mentor_id, person.organisation_id)
    answered.empty(tx, person.mentor_id)


def bump(tx: Transaction, person_id: str) -> int:
    """Count a change to a participant: whoever read them before must read them again."""
    tx.run(update(PARTICIPANTS).where(PARTICIPANTS.c.id == person_id).values(version=PARTICIPANTS.c.version + 1))
    row = tx.one(select(PARTICIPANTS.c.version).where(PARTICIPANTS.c.id == person_id))
    assert row is not None
    return int(row.version)
