"""Look-ups: people are found by NIK, phone, own id and the words of their name through marks in the key store.

Each organisation has its own marks: nobody learns of another's people. A mark counts while the row of whoever has it is in
the record. Of a name the beginnings of its words are marked, two to six letters long.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import time
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Row, select

from api.participants.gate import CONTACT, Person, may_each
from api.participants.tables import PARTICIPANTS
from api.record import marks
from api.record.key_file import Keys
from api.record.marks import Marks
from api.record.transaction import Record, Transaction

OWN: Final = ("own_id", "nik")
"""What one alone has in an organisation; a family may share one phone."""
SHORTEST, LONGEST = 2, 6
"""Letters of the beginnings that are marked: our choice. A longer word is looked at when those who begin so are opened."""
MOST_WORDS: Final = 20
"""Words of a name that are marked: our choice; a name has up to 200 letters."""
SETTLE_AFTER: Final = 60_000_000_000
"""Nanoseconds after which the transaction that entered a mark is over, done or not; a request and a step take less."""
FORSAKE_AFTER: Final = 600_000_000_000
"""Nanoseconds after which marks go whose person has no row."""
_BATCH: Final = 250
_BYTES_OWN, _BYTES_SHARED = 16, 8  # of a mark: two of the first must never be equal, the second are only looked up


def words_of(name: str) -> list[str]:
    """The words of a name as they are compared: letters and digits, without case."""
    return re.findall(r"[^\W_]+", unicodedata.normalize("NFKC", name).casefold())


def own_marks(keys: Keys, organisation_id: str, identity: Mapping[str, str]) -> dict[str, bytes]:
    """The marks of NIK and own id, by field."""
    mark = _marker(keys, organisation_id, _BYTES_OWN)
    return {field: mark(field, value) for field in OWN if (value := identity.get(field))}


def marks_of(keys: Keys, organisation_id: str, identity: Mapping[str, str]) -> Marks:
    """All marks by which somebody is found."""
    mark = _marker(keys, organisation_id, _BYTES_SHARED)
    shared = {mark("phone", identity["phone"])} if identity.get("phone") else set()
    for word in words_of(identity.get("name", ""))[:MOST_WORDS]:
        shared |= {
            mark("name", word[:length]) for length in range(min(SHORTEST, len(word)), min(len(word), LONGEST) + 1)
        }
    return Marks(tuple(own_marks(keys, organisation_id, identity).values()), shared)


def _marker(keys: Keys, organisation_id: str, size: int) -> Callable[[str, str], bytes]:
    key = hmac.digest(keys.index, f"organisation:{organisation_id}".encode(), "sha256")
    return lambda kind, value: hmac.digest(key, f"{kind}:{value}".encode(), hashlib.sha256)[:size]


def who_have(tx: Transaction, own: Sequence[bytes]) -> dict[bytes, Row[Any]]:
    """The rows of those who have these marks of NIK or own id. Marks of whoever has no row, or an erased one, are free."""
    with tx.vault.store.read() as sql:
        found = marks.holders(sql, own)
    rows = {row.id: row for row in _rows(tx, list(found.values()))}
    return {mark: rows[person] for mark, person in found.items() if person in rows}


def who_have_phone(tx: Transaction, organisation_id: str, phone: str, most: int) -> list[Row[Any]]:
    """The rows of those who have a phone number."""
    mark = _marker(tx.keys, organisation_id, _BYTES_SHARED)("phone", phone)
    return list(_rows(tx, _sharing(tx, [mark], "", most)))


def who_are_called(tx: Transaction, organisation_id: str, name: str) -> Iterator[Sequence[Row[Any]]]:
    """Rows of those whose name has words that begin as these do, some at a time; of a long word the first letters count."""
    mark = _marker(tx.keys, organisation_id, _BYTES_SHARED)
    words = sorted(set(words_of(name)), key=len, reverse=True)  # first what fewer have
    words = [word for word in words if len(word) >= SHORTEST] or words
    wanted, after = [mark("name", word[:LONGEST]) for word in words], ""
    while wanted and (some := _sharing(tx, wanted, after, _BATCH)):
        yield _rows(tx, some)
        after = some[-1]


def _sharing(tx: Transaction, shared: Sequence[bytes], after: str, most: int) -> list[str]:
    with tx.vault.store.read() as sql:
        return marks.sharing(sql, shared, after, most)


def _rows(tx: Transaction, persons: Sequence[str]) -> list[Row[Any]]:
    """The rows of people who are there, some hundred at a time."""
    asked = select(PARTICIPANTS).where(PARTICIPANTS.c.sealed.is_not(None))
    return [
        row
        for start in range(0, len(persons), marks.AT_ONCE)
        for row in tx.all(asked.where(PARTICIPANTS.c.id.in_(persons[start : start + marks.AT_ONCE])))
    ]


# -- putting right -----------------------------------------------------------------------------------------------------


def settle(record: Record, progress: Callable[[int, int], object] = lambda done, total: None) -> int:
    """Put right the marks of everybody who is unsettled for a while, by what their row says; return of how many.

    Whoever has no row, since a stop came first or an older database was put back, is found by nothing, until there is one.
    """
    settled, looked, after, now = 0, 0, "", time.time_ns()
    with record.vault.store.read() as sql:
        total = marks.count_unsettled(sql, now - SETTLE_AFTER)
    while True:
        with record.vault.store.read() as sql:
            some = dict(marks.unsettled(sql, now - SETTLE_AFTER, after, _BATCH))
        if not some:
            return settled
        after = max(some)
        with record.read() as tx:
            people = _everybody(tx, list(some))
        seen = {
            person.id: (some[person.id], marks_of(record.keys, person.organisation_id, person.identity))
            for person in people
        }
        nobodys = [person for person, since in some.items() if person not in seen and since <= now - FORSAKE_AFTER]
        with record.vault.store.write() as sql:
            settled += marks.settle(sql, seen)
            marks.forsake(sql, nobodys)
        looked += len(some)
        progress(looked, max(looked, total))


def _everybody(tx: Transaction, persons: Sequence[str]) -> list[Person]:
    return list(may_each(tx, None, _rows(tx, persons), CONTACT).values())
