"""Look-ups: people are found by NIK, phone, own id and the words of their name through marks in the key store.

Each organisation has its own marks: nobody learns of another's people. A mark counts where the row of whoever has it says
the same. Of a name the beginnings of its words are marked, two to six letters long.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Row, select

from api.participants.gate import CONTACT, Person, may_each
from api.participants.tables import PARTICIPANTS
from api.record import marks
from api.record.crypto import Tampered
from api.record.key_file import KeyProblem, Keys
from api.record.marks import Marks
from api.record.transaction import Record, Transaction

log = logging.getLogger("kail")
OWN: Final = ("own_id", "nik")
"""What one alone has in an organisation; a family may share one phone."""
SHORTEST, LONGEST = 2, 6
"""Letters of the beginnings that are marked: our choice. A longer word is looked at when those who begin so are opened."""
MOST_WORDS: Final = 20
"""Words of a name that are marked: our choice; a name has up to 200 letters."""
AT_START, BESIDE_OTHERS = 2_500, 20
"""People settled in one step, which keeps the writer's lock: before anybody is let in, and while others wait for it."""
_BATCH: Final = 250
_BYTES_OWN, _BYTES_SHARED = 16, 8  # of a mark: two of the first must never be equal, the second are only looked up


def words_of(name: str) -> list[str]:
    """The words of a name as they are compared: letters and digits, without case."""
    return re.findall(r"[^\W_]+", unicodedata.normalize("NFKC", name).casefold())


def normal(written: str) -> str:
    """An own id or a search as they are compared."""
    return unicodedata.normalize("NFKC", written).strip().casefold()


def own_marks(keys: Keys, organisation_id: str, identity: Mapping[str, str]) -> dict[str, bytes]:
    """The marks of NIK and own id, by field."""
    mark = _marker(keys, organisation_id, _BYTES_OWN)
    return {field: mark(field, value) for field in OWN if (value := identity.get(field))}


def marks_of(keys: Keys, organisation_id: str, identity: Mapping[str, str]) -> Marks:
    """All marks by which somebody is found."""
    mark = _marker(keys, organisation_id, _BYTES_SHARED)
    shared = {mark("phone", identity["phone"])} if identity.get("phone") else set()
    shared |= {mark("own_id", normal(identity["own_id"]))} if identity.get("own_id") else set()
    for word in words_of(identity.get("name", ""))[:MOST_WORDS]:
        shared |= {
            mark("name", word[:length]) for length in range(min(SHORTEST, len(word)), min(len(word), LONGEST) + 1)
        }
    return Marks(tuple(own_marks(keys, organisation_id, identity).values()), shared)


def _marker(keys: Keys, organisation_id: str, size: int) -> Callable[[str, str], bytes]:
    key = hmac.digest(keys.index, f"organisation:{organisation_id}".encode(), "sha256")
    return lambda kind, value: hmac.digest(key, f"{kind}:{value}".encode(), hashlib.sha256)[:size]


def who_have(tx: Transaction, own: Sequence[bytes]) -> dict[bytes, Row[Any]]:
    """The rows of those whom these marks of NIK or own id name; whether they have it only they say (`truly_have`)."""
    with tx.vault.finding() as sql:
        found = marks.holders(sql, own)
    rows = {row.id: row for row in _rows(tx, list(found.values()))}
    return {mark: rows[person] for mark, person in found.items() if person in rows}


def truly_have(tx: Transaction, own: Sequence[bytes]) -> dict[bytes, Row[Any]]:
    """Of `who_have` those who have that number now, for Kail's eyes: a correction or a stop may have left the mark."""
    found = who_have(tx, own)
    theirs = may_each(tx, None, list({row.id: row for row in found.values()}.values()), CONTACT)
    said = {one.id: own_marks(tx.keys, one.organisation_id, one.identity).values() for one in theirs.values()}
    return {mark: row for mark, row in found.items() if mark in said.get(row.id, ())}


def who_share(tx: Transaction, organisation_id: str, kind: str, value: str) -> Iterator[Sequence[Row[Any]]]:
    """Rows of those who may have a phone number, or an own id in whatever case, some at a time."""
    yield from _sharing(tx, [_marker(tx.keys, organisation_id, _BYTES_SHARED)(kind, value)])


def who_are_called(tx: Transaction, organisation_id: str, name: str) -> Iterator[Sequence[Row[Any]]]:
    """Rows of those whose name has words that begin as these do, some at a time; of a long word the first letters count."""
    mark = _marker(tx.keys, organisation_id, _BYTES_SHARED)
    words = sorted(set(words_of(name)), key=len, reverse=True)  # first what fewer have
    words = [word for word in words if len(word) >= SHORTEST] or words
    yield from _sharing(tx, [mark("name", word[:LONGEST]) for word in words])


def _sharing(tx: Transaction, shared: Sequence[bytes]) -> Iterator[Sequence[Row[Any]]]:
    after, some = "", [""]
    while shared and some:
        with tx.vault.finding() as sql:
            some = marks.sharing(sql, shared, after, _BATCH)
        yield _rows(tx, some)
        after = some[-1] if some else after


def _rows(tx: Transaction, persons: Sequence[str]) -> list[Row[Any]]:
    """The rows of people who are there, some hundred at a time."""
    asked = select(PARTICIPANTS).where(PARTICIPANTS.c.sealed.is_not(None))
    return [
        row
        for start in range(0, len(persons), marks.AT_ONCE)
        for row in tx.all(asked.where(PARTICIPANTS.c.id.in_(persons[start : start + marks.AT_ONCE])))
    ]


# -- putting right -----------------------------------------------------------------------------------------------------


def settle(
    record: Record, at_once: int = AT_START, progress: Callable[[int, int], object] = lambda done, total: None
) -> int:
    """Put right the marks of everybody who is unsettled, by what their row says; return how many people were looked at.

    No row can change meanwhile, since the writer's lock is held. Whoever was not registered after all is found by nothing
    any more. Whose row cannot be opened, or is in another copy of the record, is left as they are.
    """
    looked, after = 0, ""
    with record.vault.store.read() as sql:
        total = marks.count_unsettled(sql)
    while total and (some := _settle_some(record, after, at_once)):
        looked, after = looked + len(some), max(some)
        progress(looked, max(looked, total))
    return looked


def _settle_some(record: Record, after: str, most: int) -> list[str]:
    with record.write() as tx:
        with record.vault.finding() as sql:
            some = marks.unsettled(sql, after, most)
        rows = {row.id: row for row in _rows(tx, list(some))}
        changed = [row for person, row in rows.items() if not some[person]]
        right = {
            person.id: marks_of(record.keys, person.organisation_id, person.identity)
            for person in _readable(tx, changed)
        }
        with record.vault.marking() as sql:
            marks.settle(sql, right)
            marks.keep(sql, [person for person in rows if some[person]])
            marks.drop(sql, [person for person, is_new in some.items() if is_new and person not in rows])
    return list(some)


def _readable(tx: Transaction, rows: Sequence[Row[Any]]) -> list[Person]:
    """Those who can be opened."""
    try:
        return list(may_each(tx, None, rows, CONTACT).values())
    except (Tampered, KeyProblem):
        if len(rows) == 1:
            log.warning("a participant cannot be opened, and is found by what was known before")
            return []
    return [person for row in rows for person in _readable(tx, [row])]
