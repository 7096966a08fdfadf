"""Marks: by what people are found, beside their keys in the key store. A mark is a keyed hash: who has no key can try none.

The key store and the record change one after the other. Marks are entered beside the old ones before the row they are of is
committed, and that person is unsettled until it was seen what the row says (`participants/lookups.py`). So a mark is a
hint: it counts where the row of whoever has it says the same.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cache
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    Boolean,
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
    Column("is_new", Boolean, nullable=False),  # the marks are right if there is a row
)


class Marks(NamedTuple):
    """The marks of one person."""

    own: Sequence[bytes] = ()
    shared: Collection[bytes] = ()


def enter(sql: Connection, given: Mapping[str, Marks], *, new: bool = False) -> None:
    """Let people be found by these marks too. What is one's own is taken from whoever has it and has no right to it.

    `new`: they have none yet.
    """
    _doubt(sql, _put(sql, given) - set(given))
    _unsettle(sql, given, is_new=new)


def settle(sql: Connection, right: Mapping[str, Marks]) -> None:
    """Let people be found by these marks and no others: it was seen what their rows say."""
    before: dict[str, tuple[set[bytes], set[bytes]]] = {person: (set(), set()) for person in right}
    for place, table in enumerate((OWN, SHARED)):
        for mark, person in _of(sql, table, list(right)):
            before[person][place].add(bytes(mark))
    other = {person: marks for person, marks in right.items() if before[person] != (set(marks.own), set(marks.shared))}
    _drop(sql, other)
    _doubt(sql, _put(sql, other) - set(other))
    _delete(sql, UNSETTLED, right)


def keep(sql: Connection, persons: Collection[str]) -> None:
    """Let people be settled whose marks were new, and are right."""
    _delete(sql, UNSETTLED, persons)


def drop(sql: Connection, persons: Collection[str]) -> None:
    """Take away the marks of people who are gone, or have no row."""
    _drop(sql, persons)
    _delete(sql, UNSETTLED, persons)


def unsettle_all(sql: Connection, persons: Sequence[str]) -> None:
    """Have the marks of all these people made anew."""
    _unsettle(sql, persons, is_new=False)


def unsettled(sql: Connection, after: str, most: int) -> dict[str, bool]:
    """Some of those who are unsettled, after a person in the order of ids: each with whether their marks are new."""
    asked = select(UNSETTLED).where(UNSETTLED.c.person > after).order_by(UNSETTLED.c.person).limit(most)
    return {person: is_new for person, is_new in sql.execute(asked)}


def count_unsettled(sql: Connection) -> int:
    """How many are unsettled."""
    return int(sql.execute(select(func.count()).select_from(UNSETTLED)).scalar_one())


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


def _put(sql: Connection, given: Mapping[str, Marks]) -> set[str]:
    """Give people marks that they do not have yet; return from whom one was taken."""
    own = {mark: person for person, marks in given.items() for mark in marks.own}
    before = holders(sql, list(own))
    taken = {mark for mark, person in before.items() if own[mark] != person}
    _delete(sql, OWN, taken, "mark")
    shared = {(mark, person) for person, marks in given.items() for mark in marks.shared}
    shared -= {(bytes(mark), person) for mark, person in _of(sql, SHARED, list(given))}
    new = [(mark, person) for mark, person in own.items() if mark not in before or mark in taken]
    for table, rows in (OWN, new), (SHARED, sorted(shared)):
        if rows:
            sql.execute(insert(table), [{"mark": mark, "person": person} for mark, person in rows])
    return {before[mark] for mark in taken}


def _of(sql: Connection, table: Table, persons: Sequence[str]) -> list[Any]:
    """Marks of people, with whose they are."""
    return _each(sql, persons, lambda some: select(table.c.mark, table.c.person).where(table.c.person.in_(some)))


def _drop(sql: Connection, persons: Collection[str]) -> None:
    for table in (OWN, SHARED):
        _delete(sql, table, persons)


def _unsettle(sql: Connection, persons: Collection[str], *, is_new: bool) -> None:
    _delete(sql, UNSETTLED, persons)
    if persons:
        sql.execute(insert(UNSETTLED), [{"person": person, "is_new": is_new} for person in persons])


def _doubt(sql: Connection, persons: Collection[str]) -> None:
    """Unsettle people of whom a mark was taken; who is unsettled already stays as they are."""
    known = _each(sql, list(persons), lambda some: select(UNSETTLED.c.person).where(UNSETTLED.c.person.in_(some)))
    _unsettle(sql, set(persons) - {person for (person,) in known}, is_new=False)


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
