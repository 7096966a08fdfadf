"""Marks: by what people are found, beside their keys in the key store. A mark is a keyed hash: who has no key can try none.

The key store and the record change one after the other. So marks are entered before the row they are of is committed, and
that person is unsettled until somebody looked at the row and put the marks right (`participants/lookups.py`). A stop between
the two, or a database that is put back, leaves marks of nobody, which stand in nobody's way and are taken over.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cache
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Index,
    LargeBinary,
    MetaData,
    Select,
    String,
    Table,
    bindparam,
    delete,
    exists,
    func,
    insert,
    select,
)

STORE: Final = MetaData()
"""The tables of the key store."""
AT_ONCE: Final = 500
"""How many things are asked for in one statement."""

OWN: Final = Table(
    "own_marks",  # of what one alone has: NIK, own id
    STORE,
    Column("mark", LargeBinary, primary_key=True),
    Column("person", String(24), nullable=False),
    Index("ix_own_marks_person", "person"),
)
SHARED: Final = Table(
    "shared_marks",  # of what several may have: phone, beginnings of the words of a name
    STORE,
    Column("mark", LargeBinary, primary_key=True),
    Column("person", String(24), primary_key=True),
    Index("ix_shared_marks_person", "person"),
    sqlite_with_rowid=False,
)
UNSETTLED: Final = Table(
    "unsettled",
    STORE,
    Column("person", String(24), primary_key=True),
    Column("since", BigInteger, nullable=False),  # nanoseconds since 1970
    Index("ix_unsettled_since", "since"),
)


class Marks(NamedTuple):
    """The marks of one person."""

    own: Sequence[bytes] = ()
    shared: Collection[bytes] = ()


def enter(sql: Connection, given: Mapping[str, Marks]) -> None:
    """Let people have these marks and no others. Nobody in the record has one of their own marks: that was seen before."""
    _drop(sql, given)
    _put(sql, given)
    _unsettle(sql, given, time.time_ns())


def settle(sql: Connection, seen: Mapping[str, tuple[int, Marks]]) -> int:
    """Put right the marks of unsettled people: each with since when they were and what their row says; return of how many.

    Whoever was unsettled anew meanwhile is left for the next time.
    """
    since = dict(_each(sql, list(seen), lambda some: select(UNSETTLED).where(UNSETTLED.c.person.in_(some))))
    given = {person: marks for person, (moment, marks) in seen.items() if since.get(person) == moment}
    _drop(sql, given)
    _put(sql, given)
    _delete(sql, UNSETTLED, given)
    return len(given)


def drop(sql: Connection, persons: Collection[str]) -> None:
    """Take away the marks of people whose key goes."""
    _drop(sql, persons)
    _delete(sql, UNSETTLED, persons)


def forsake(sql: Connection, persons: Collection[str]) -> None:
    """Take away the marks of whoever has no row; should they come back with another database, they are settled then."""
    _drop(sql, persons)


def unsettle_all(sql: Connection, persons: Sequence[str]) -> None:
    """Have the marks of all these people made anew."""
    _unsettle(sql, persons, 0)


def unsettled(sql: Connection, until: int, after: str, most: int) -> list[tuple[str, int]]:
    """Some of those unsettled since that moment or longer, after a person in the order of ids: each with since when."""
    asked = select(UNSETTLED).where(UNSETTLED.c.since <= until, UNSETTLED.c.person > after)
    return [(person, since) for person, since in sql.execute(asked.order_by(UNSETTLED.c.person).limit(most))]


def count_unsettled(sql: Connection, until: int) -> int:
    """How many are unsettled since that moment or longer."""
    return int(sql.execute(select(func.count()).select_from(UNSETTLED).where(UNSETTLED.c.since <= until)).scalar_one())


def holders(sql: Connection, own: Sequence[bytes]) -> dict[bytes, str]:
    """Who has which of these own marks."""
    found = _each(sql, own, lambda some: select(OWN.c.mark, OWN.c.person).where(OWN.c.mark.in_(some)))
    return {bytes(mark): person for mark, person in found}


def sharing(sql: Connection, shared: Sequence[bytes], after: str, most: int) -> list[str]:
    """Some of those who have all of these shared marks, after a person in the order of their ids."""
    given = {f"mark_{number}": mark for number, mark in enumerate(shared)}
    return list(sql.execute(_sharing(len(shared)), {**given, "after": after, "most": most}).scalars())


@cache
def _sharing(count: int) -> Select[Any]:
    first, *others = (SHARED.alias(f"of_{number}") for number in range(count))
    also = [
        exists().where(other.c.mark == bindparam(f"mark_{number}"), other.c.person == first.c.person)
        for number, other in enumerate(others, 1)
    ]
    asked = select(first.c.person).where(
        first.c.mark == bindparam("mark_0"), first.c.person > bindparam("after"), *also
    )
    return asked.order_by(first.c.person).limit(bindparam("most"))


def _put(sql: Connection, given: Mapping[str, Marks]) -> None:
    """Give people marks; who had one of those that are one person's loses it, and is unsettled."""
    own = {mark: person for person, marks in given.items() for mark in marks.own}
    before = holders(sql, list(own))
    if before:
        _delete(sql, OWN, before, "mark")
        _unsettle(sql, set(before.values()) - set(given), time.time_ns())
    shared = [(mark, person) for person, marks in given.items() for mark in marks.shared]
    for table, rows in (OWN, own.items()), (SHARED, shared):
        if rows:
            sql.execute(insert(table), [{"mark": mark, "person": person} for mark, person in rows])


def _drop(sql: Connection, persons: Collection[str]) -> None:
    for table in (OWN, SHARED):
        _delete(sql, table, persons)


def _unsettle(sql: Connection, persons: Collection[str], since: int) -> None:
    _delete(sql, UNSETTLED, persons)
    if persons:
        sql.execute(insert(UNSETTLED), [{"person": person, "since": since} for person in persons])


def _delete(sql: Connection, table: Table, values: Collection[Any], column: str = "person") -> None:
    some = list(values)
    for start in range(0, len(some), AT_ONCE):
        sql.execute(delete(table).where(table.c[column].in_(some[start : start + AT_ONCE])))


def _each(sql: Connection, values: Sequence[Any], asked: Callable[[Sequence[Any]], Select[Any]]) -> list[Any]:
    return [
        row
        for start in range(0, len(values), AT_ONCE)
        for row in sql.execute(asked(values[start : start + AT_ONCE])).all()
    ]
