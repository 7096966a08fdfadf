"""The gate: who may have what of somebody opened, and for what. Without a purpose that stands nothing is opened.

It alone looks at everything that decides: whose participant it is, what they agree to, whether an objection waits, whether
they are erased. What it lets through may be opened in that transaction and nowhere else, column by column: a sealed column
says itself for which purpose it may be opened. The key stays in the key store.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from weakref import WeakKeyDictionary

import msgspec
from sqlalchemy import Column, Row, bindparam, select

from api.consents import service as consents
from api.participants.tables import PARTICIPANTS
from api.record.actor import Actor
from api.record.crypto import read_json
from api.record.refusals import Refused, Trouble
from api.record.transaction import Transaction
from words.speaking import Named

CONTACT: Final = "contact"
"""Who somebody is and what they say to us: for whoever looks after them, since without it they could ask for nothing."""
RECORD: Final = "record"
"""What is known of them and was recommended: for their mentor, if they agree to be kept."""
RECOMMENDED: Final = "recommended"
"""What was recommended: for their mentor and an operator, who decides on objections, if they agree to be kept."""
RECOMMENDATION: Final = "recommendation"
"""To work something out about them: if they agree to that too, and no objection waits for a person."""
REFERRAL: Final = "referral"
"""What a lender was sent of them, and what was said about it: for the lender whom they named, and for their mentor."""
TRAINING: Final = "training"
"""What was known and suggested on a past day, under a pseudonym, for scorecards to be learnt from: if they agree to that."""
RIGHTS: Final = "rights"
"""All that is held, to be handed to them: nobody has to agree to hear about themselves."""
_AGREED: Final[Mapping[str, tuple[str, ...]]] = {
    CONTACT: (),
    RECORD: ("record",),
    RECOMMENDED: ("record",),
    RECOMMENDATION: ("record", "recommendation"),
    TRAINING: ("record", "training"),
    RIGHTS: (),
}
_OPENS: Final[Mapping[str, frozenset[str]]] = {
    CONTACT: frozenset({CONTACT}),
    RECORD: frozenset({CONTACT, RECORD, RECOMMENDED, REFERRAL}),
    RECOMMENDED: frozenset({CONTACT, RECOMMENDED}),
    RECOMMENDATION: frozenset({CONTACT, RECORD, RECOMMENDED}),
    REFERRAL: frozenset({REFERRAL}),
    TRAINING: frozenset({RECORD, RECOMMENDED, TRAINING}),
    RIGHTS: frozenset({CONTACT, RECORD, RECOMMENDED, REFERRAL}),
}
"""Of each purpose, what the columns say that may be opened for it."""
_NOT_OPERATORS: Final = frozenset({RECORD, REFERRAL})
"""What an operator sees of nobody, but to hand it to them; the facts that a recommendation was made from come with it."""
_TRAINERS: Final = ("analyst", "operator")
"""Who may have training sets made, of everybody in their organisation; of an analyst it is all that they reach."""
_ONE: Final = select(PARTICIPANTS).where(
    PARTICIPANTS.c.id == bindparam("person"), PARTICIPANTS.c.organisation_id == bindparam("organisation")
)
_GRANTED: Final[WeakKeyDictionary[Transaction, dict[str, frozenset[str]]]] = WeakKeyDictionary()
"""Of a transaction, for whom what may be opened."""


ERASED_WITHIN: Final = timedelta(hours=72)
"""After they took back that they are kept; why so long stands in `withdrawals.py`."""


class NotGranted(Exception):
    """A mistake of ours: something was to be opened, or sealed, for which the gate was not asked."""


@dataclass(frozen=True, repr=False)  # nobody's name in a trace
class Person:
    """A participant as their mentor sees them."""

    id: str
    mentor_id: str
    organisation_id: str
    identity: Mapping[str, str]
    version: int
    frozen: bool
    created_at: datetime
    withdrawn_at: datetime | None = None

    @property
    def erased_by(self) -> datetime | None:
        """By when they are erased, since they took back that they are kept; None where they did not."""
        return self.withdrawn_at + ERASED_WITHIN if self.withdrawn_at else None


# -- who may -----------------------------------------------------------------------------------------------------------


def may(
    tx: Transaction,
    actor: Actor,
    person_id: str,
    purpose: str,
    version: int | None = None,
    *,
    called: str = "participant",
) -> Person:
    """Return a participant, of whom what that purpose needs may be opened from here on, in this transaction.

    `version`: the one that was read before, where a change since then matters. `called`: what a refusal says is not there.

    Raises:
        Refused: 404, with the same words for an id that does not exist, for another's and for an erased participant; 403
            for a role that does not see that much; 409 where the participant was changed meanwhile, does not agree, or an
            objection waits.
    """
    row = tx.sql.execute(_ONE, {"person": person_id, "organisation": actor.organisation_id}).first()
    if row is None or not _reaches(actor, row, purpose) or not _is_there(row) or not tx.vault.hold(tx, [row.id]):
        raise Refused(404, Trouble(called, "not_found"))
    if version not in (None, row.version):
        raise Refused(409, Trouble("version", "stale", version))
    if not _sees(actor, purpose):
        raise Refused(403, _other_role(actor))
    if why := _why_not(row, consents.missing(tx, row.id, _AGREED[purpose]), purpose):
        raise Refused(409, *why)
    _grant(tx, actor, [row.id], purpose)
    return _opened(tx, row)


def may_each(tx: Transaction, actor: Actor | None, rows: Sequence[Row[Any]], purpose: str) -> dict[str, Person]:
    """Of many rows of participants those for whom `may` says yes, by id, in their order; `actor` as for `let_each`."""
    return {row.id: _opened(tx, row) for row in let_each(tx, actor, rows, purpose)}


def let_each(tx: Transaction, actor: Actor | None, rows: Sequence[Row[Any]], purpose: str) -> list[Row[Any]]:
    """Those rows of participants for whom `may` says yes; who they are stays closed.

    `actor` None: Kail itself, for nobody's eyes.
    """
    mine = [
        row
        for row in rows
        if _is_there(row) and (actor is None or (_reaches(actor, row, purpose) and _sees(actor, purpose)))
    ]
    refused = _refused(tx, mine, purpose)
    left = [row for row in mine if row.id not in refused]
    there = tx.vault.hold(tx, [row.id for row in left])
    _grant(tx, actor, there, purpose)
    return [row for row in left if row.id in there]


def may_further(tx: Transaction, actor: Actor, people: Sequence[Person], purpose: str) -> dict[str, list[Trouble]]:
    """Let people be opened for a further purpose; return of whom that may not be and why, by id.

    `people`: whom the gate let through in this transaction for less.

    Raises:
        NotGranted: if it did not.
    """
    for person in people:
        _check(tx, person.id, CONTACT)
    if not _sees(actor, purpose):
        return {person.id: [_other_role(actor)] for person in people}
    refused = _refused(tx, people, purpose)
    _grant(tx, actor, [person.id for person in people if person.id not in refused], purpose)
    return refused


def let_lender(tx: Transaction, lender_id: str, sent: Mapping[str, datetime]) -> set[str]:
    """Those of these people who agree, today, that this lender has what it was sent of them; it may be opened from here on.

    `sent`: by person when it was sent: whoever took it back since is not among them, also if they agreed again. They are
    another organisation's: of them nothing else is opened by this.
    """
    since = consents.let_go_since(tx, sent, lender_id)
    agree = [person for person, at in sent.items() if person in since and since[person] <= at]
    there = set(tx.vault.hold(tx, agree))
    _grant(tx, None, there, REFERRAL)
    return there


def allows(tx: Transaction, person: Person, purpose: str) -> bool:
    """Whether what a participant agreed to allows that too, today; nothing more may be opened by asking."""
    return not _refused(tx, [person], purpose)


def _refused(tx: Transaction, people: Sequence[Row[Any] | Person], purpose: str) -> dict[str, list[Trouble]]:
    """Of whom that may not be, and why: by id, every consent that is missing, or else an objection that waits."""
    if len(people) == 1:  # asked in one statement, whatever is asked
        [one] = people
        why = _why_not(one, consents.missing(tx, one.id, _AGREED[purpose]), purpose)
        return {one.id: why} if why else {}
    ids = [one.id for one in people]
    agree = {consent: consents.who_agrees(tx, ids, consent) for consent in _AGREED[purpose]}
    found = {}
    for one in people:
        missing = [consent for consent, who in agree.items() if one.id not in who]
        if why := _why_not(one, missing, purpose):
            found[one.id] = why
    return found


def begin(tx: Transaction, persons: Iterable[str]) -> None:
    """Let what is known of people who agreed just now, in this transaction, be sealed: they have keys, and no row yet.

    Raises:
        NotGranted: if one of them is there already, or has no key.
    """
    new = list(persons)
    known = tx.one(select(PARTICIPANTS.c.id).where(PARTICIPANTS.c.id.in_(new)).limit(1))
    if known is not None or len(tx.vault.hold(tx, new)) < len(new):
        raise NotGranted
    _grant(tx, None, new, RECORD)


def _reaches(actor: Actor, row: Row[Any], purpose: str) -> bool:
    ours = row.organisation_id == actor.organisation_id
    everybody = actor.role == "operator" or (purpose == TRAINING and actor.role in _TRAINERS)
    return bool(ours and (everybody or row.mentor_id == actor.account_id))


def _sees(actor: Actor, purpose: str) -> bool:
    if purpose == TRAINING:
        return actor.role in _TRAINERS
    return actor.role != "operator" or purpose not in _NOT_OPERATORS


def _other_role(actor: Actor) -> Trouble:
    return Trouble("role", "not_allowed", role=Named("role", actor.role), allowed=[Named("role", "mentor")])


def _is_there(row: Row[Any]) -> bool:
    return row.sealed is not None


def _why_not(one: Row[Any] | Person, missing: Sequence[str], purpose: str) -> list[Trouble]:
    if missing:
        return [Trouble("consent", f"no_consent_{consent}", consent) for consent in missing]
    return [Trouble("participant", "frozen")] if purpose in (RECOMMENDATION, TRAINING) and one.frozen else []


def _grant(tx: Transaction, actor: Actor | None, persons: Iterable[str], purpose: str) -> None:
    granted, opens = _GRANTED.setdefault(tx, {}), _OPENS[purpose]
    if actor is not None and actor.role == "operator" and purpose not in (RIGHTS, TRAINING):
        opens -= _NOT_OPERATORS
    for person in persons:
        before = granted.get(person, frozenset())
        granted[person] = opens if before <= opens else before | opens


def _opened(tx: Transaction, row: Row[Any]) -> Person:
    identity = unseal_json(tx, row.id, PARTICIPANTS.c.sealed, row.id, row.sealed)
    known = row.id, row.mentor_id, row.organisation_id, identity, row.version, row.frozen, row.created_at
    return Person(*known, row.withdrawn_at)


# -- sealing and opening ---------------------------------------------------------------------------------------------


def seal(tx: Transaction, person_id: str, column: Column[Any], row_id: str, content: bytes) -> bytes:
    """Seal something about a person whom the gate let through, bound to the column and row where it will stand.

    Raises:
        NotGranted: if it did not.
    """
    _check(tx, person_id, REFERRAL if column.info["purpose"] == REFERRAL else CONTACT)
    return tx.vault.seal(tx, person_id, content, _place(column, row_id))


def seal_json(tx: Transaction, person_id: str, column: Column[Any], row_id: str, value: Any) -> bytes:
    """Seal any value that JSON can write, as `seal` does."""
    return seal(tx, person_id, column, row_id, msgspec.json.encode(value))


def unseal(tx: Transaction, person_id: str, column: Column[Any], row_id: str, sealed: bytes) -> bytes:
    """Open what was sealed about a person, for a purpose for which that column may be opened.

    Raises:
        NotGranted: if the gate was not asked for such a purpose.
        Tampered: if it was changed, or sealed for another place.
    """
    return next(unseal_each(tx, person_id, column, [(row_id, sealed)]))


def unseal_json(tx: Transaction, person_id: str, column: Column[Any], row_id: str, sealed: bytes) -> Any:
    """Read what `seal_json` wrote, as `unseal` does."""
    return read_json(unseal(tx, person_id, column, row_id, sealed))


def unseal_each(
    tx: Transaction, person_id: str, column: Column[Any], rows: Iterable[tuple[str, bytes]]
) -> Iterator[bytes]:
    """Open many things of one column, each with the id of its row, as `unseal` does."""
    _check(tx, person_id, column.info["purpose"])
    place = _place(column, "")
    return tx.vault.unseal_each(tx, person_id, ((sealed, place + row_id) for row_id, sealed in rows))


def pseudonym(tx: Transaction, person_id: str) -> str:
    """By what somebody whom the gate let through for it is called in training sets: always the same, and no name of theirs.

    It is made from their own key: nobody does that from a file, nor from a copy of the record, and with the key it is gone.

    Raises:
        NotGranted: if the gate was not asked for training.
    """
    _check(tx, person_id, TRAINING)
    return f"p{tx.vault.digest(tx, person_id, _PSEUDONYM).hex()[:24]}"  # a letter first: no spreadsheet reads a number


_PSEUDONYM: Final = b"who somebody is in a training set"


def _place(column: Column[Any], row_id: str) -> str:
    return f"{column.table.name}.{column.name}:{row_id}"


def _check(tx: Transaction, person_id: str, purpose: str) -> None:
    if purpose not in _GRANTED.get(tx, {}).get(person_id, ()):
        raise NotGranted(purpose)
