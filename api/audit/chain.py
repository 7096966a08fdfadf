"""Chains: tables that are only ever added to, each row holding the hash of itself and the row before in its chain.

The hash is keyed with a key outside the database, so that who can write to the database cannot make a chain that fits.
Where a chain ends stands in a table of its own, under the same key: without that, the last rows could be cut off unseen.

A table holds many chains: one an organisation, so that they need not wait for each other, and one without a name, which
began before there were others and goes on as the installation's. That a chain began and where it ended is noted in another
one (`noting.py`), so that a whole chain cannot be taken away unseen.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    Insert,
    Integer,
    RowMapping,
    Select,
    String,
    Table,
    and_,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)

from api.record.database import METADATA, hold_what_is_of_all
from api.record.transaction import Transaction
from matcher.message import Message

FIRST: Final = "0" * 64
BIG: Final = BigInteger().with_variant(Integer, "sqlite")

ENDS: Final = Table(
    "chain_ends",
    METADATA,
    Column("chain", String(40), primary_key=True),
    Column("seq", BIG, nullable=False),
    Column("hash", String(64), nullable=False),
)
CHECKS: Final = Table(
    "chain_checks",
    METADATA,
    Column("chain", String(40), primary_key=True),
    Column("seq", BIG, nullable=False),
    Column("hash", String(64), nullable=False),
)
"""How far a chain was found whole the last time, under the key as well, so that nobody without it can call one checked."""
_MOVE_END: Final = update(ENDS).where(ENDS.c.chain == bindparam("name"))


@dataclass(frozen=True)
class Chain:
    """A chain: its table, and which of those in it. `id`: of the organisation or the log of looks; "" is the first one."""

    table: Table
    id: str = ""

    @property
    def name(self) -> str:
        """What it is called wherever chains are told apart."""
        return f"{self.table.name}:{self.id}" if self.id else self.table.name


@dataclass(frozen=True)
class Fault:
    """A place where a chain does not hold: its number and what is wrong."""

    seq: int
    what: Message


def chained(*columns: Column[Any]) -> tuple[Column[Any], ...]:
    """The columns of a chained table: which chain, the number in it, the columns given, the hash."""
    return (
        Column("chain", String(24), primary_key=True),
        Column("seq", BIG, primary_key=True, autoincrement=False),
        *columns,
        Column("hash", String(64), nullable=False),
    )


def add(tx: Transaction, chain: Chain, *values: Mapping[str, Any]) -> int:
    """Add rows to a chain; return the last one's number. Whoever calls sees that nobody else does meanwhile."""
    if not chain.id:
        hold_what_is_of_all(tx.sql)
    end = tx.sql.execute(_last_of(chain.table), {"id": chain.id, "name": chain.name}).first()
    # After a row or an end that somebody took out the chain goes on from the first of all: work goes on, `verify` tells.
    seq, link = (end.seq, end.hash or FIRST) if end else (_highest(tx, chain), FIRST)
    rows = []
    for one in values:
        seq += 1
        row = {"chain": chain.id, "seq": seq, **one}
        link = tx.keys.link(link, canonical(chain.table, row))
        rows.append({**row, "hash": link})
    tx.sql.execute(_add_to(chain.table), rows)
    last = {"seq": seq, "hash": _end(tx, chain, seq, link)}
    if end is None:
        tx.run(insert(ENDS).values(chain=chain.name, **last))
    else:
        tx.sql.execute(_MOVE_END, {"name": chain.name, **last})
    return seq


def _highest(tx: Transaction, chain: Chain) -> int:
    """The highest number in a chain of which it stands nowhere where it ends; 0 where it begins."""
    row = tx.one(select(func.max(chain.table.c.seq)).where(chain.table.c.chain == chain.id))
    return (row[0] if row else None) or 0


@cache
def _add_to(table: Table) -> Insert:
    return insert(table)


@cache
def _last_of(table: Table) -> Select[Any]:
    """Asks for the number of a chain's last row and its hash; no hash where that row was taken out."""
    both = ENDS.outerjoin(table, and_(table.c.chain == bindparam("id"), table.c.seq == ENDS.c.seq))
    return select(ENDS.c.seq, table.c.hash).select_from(both).where(ENDS.c.chain == bindparam("name"))


def _end(tx: Transaction, chain: Chain, seq: int, link: str) -> str:
    """What stands for an end: nobody without the key can make an earlier row the last one."""
    return tx.keys.link(link, f"{chain.name} ends at {seq}".encode())


def canonical(table: Table, row: Mapping[str, Any] | RowMapping) -> bytes:
    """Write a row as bytes that depend on its content alone: every column but the hash, an absent one as null.

    In the first chain of a table that it is the first is not written: it began when there was no other. A row moved between
    it and another one is not the same all the same, since there which chain it is is written.
    """
    content = {column.name: _plain(row.get(column.name)) for column in table.columns if column.name != "hash"}
    if not content["chain"]:
        del content["chain"]
    return json.dumps([table.name, content], sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def _plain(value: Any) -> Any:
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    return value.hex() if isinstance(value, bytes) else value


def verify(tx: Transaction, chain: Chain) -> tuple[int, list[Fault]]:
    """Go over a chain; return how many rows it has and every place where it does not hold."""
    walk = Walk()
    while walk.go_on(tx, chain):
        pass
    return walk.count, walk.faults


@dataclass
class Walk:
    """A walk over a chain, part by part: what was seen so far is all that the next part needs."""

    count: int = 0
    last: int | None = None
    previous: str = FIRST
    faults: list[Fault] = field(default_factory=list)

    def go_on(self, tx: Transaction, chain: Chain, most: int = 1000) -> bool:
        """Look at the next rows; return whether there may be more. After the last of them the end is looked at too."""
        table = chain.table
        after = select(table).where(table.c.chain == chain.id)
        after = after if self.last is None else after.where(table.c.seq > self.last)
        rows = tx.all(after.order_by(table.c.seq).limit(most))
        for row in rows:
            self._see(tx, table, row._mapping)
        if rows:
            return True
        end, last = tx.one(select(ENDS.c.seq, ENDS.c.hash).where(ENDS.c.chain == chain.name)), self.last or 0
        if tx.one(after.limit(1)) is not None:
            return True  # somebody wrote meanwhile, which PostgreSQL shows from statement to statement
        if (end.seq, end.hash) != (last, _end(tx, chain, last, self.previous)) if end else self.count:
            self.faults.append(Fault(last + 1, Message("wrong_end")))
        return False

    def _see(self, tx: Transaction, table: Table, row: RowMapping) -> None:
        expected = (self.last or 0) + 1
        many = row["seq"] - expected
        if many:
            what = Message("entries_missing", {"count": many}) if many > 0 else Message("out_of_order")
            self.faults.append(Fault(expected, what))
        elif tx.keys.link(self.previous, canonical(table, row)) != row["hash"]:
            self.faults.append(Fault(row["seq"], Message("entry_changed")))
        self.count, self.last, self.previous = self.count + 1, row["seq"], row["hash"]


def keep_check(tx: Transaction, chain: Chain, seq: int, link: str) -> None:
    """Keep that a chain is whole up to an entry, of which `link` is the hash."""
    drop_check(tx, chain)
    tx.run(insert(CHECKS).values(chain=chain.name, seq=seq, hash=_check(tx, chain, seq, link)))


def drop_check(tx: Transaction, chain: Chain) -> None:
    """Forget how far a chain was found whole: it is not any more, and every look at it is to tell."""
    tx.run(delete(CHECKS).where(CHECKS.c.chain == chain.name))


def checked(tx: Transaction, chain: Chain) -> tuple[int, str] | None:
    """The number up to which a chain was found whole the last time, and what stands for it, to be held against its hash."""
    row = tx.one(select(CHECKS.c.seq, CHECKS.c.hash).where(CHECKS.c.chain == chain.name))
    return (row.seq, row.hash) if row else None


def walk_from(tx: Transaction, chain: Chain, check: tuple[int, str] | None) -> Walk:
    """A walk that begins after a checked entry, if that one is what it was then; else with the first."""
    link = hash_at(tx, chain, check[0]) if check else None
    if check is None or link is None or check[1] != _check(tx, chain, check[0], link):
        return Walk()
    return Walk(check[0], check[0], link)


def _check(tx: Transaction, chain: Chain, seq: int, link: str) -> str:
    return tx.keys.link(link, f"{chain.name} was whole up to {seq}".encode())


def end_of(tx: Transaction, chain: Chain) -> tuple[int, str]:
    """Where a chain ends: a number and a hash to note down elsewhere."""
    end = tx.sql.execute(_last_of(chain.table), {"id": chain.id, "name": chain.name}).first()
    return (end.seq, end.hash or FIRST) if end else (0, FIRST)


def hash_at(tx: Transaction, chain: Chain, seq: int) -> str | None:
    """The hash of an entry; None where there is none of that number."""
    table = chain.table
    row = tx.one(select(table.c.hash).where(table.c.chain == chain.id, table.c.seq == seq))
    return row.hash if row else None
