"""Chains: tables that are only ever added to, each row holding the hash of itself and the row before.

The hash is keyed with a key outside the database, so that who can write to the database cannot make a chain that fits.
Where a chain ends stands in a table of its own, under the same key: without that, the last rows could be cut off unseen.
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
    bindparam,
    insert,
    select,
    update,
)

from api.record.database import METADATA
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
_MOVE_END: Final = update(ENDS).where(ENDS.c.chain == bindparam("name"))


@dataclass(frozen=True)
class Fault:
    """A place where a chain does not hold: its number and what is wrong."""

    seq: int
    what: Message


def chained(*columns: Column[Any]) -> tuple[Column[Any], ...]:
    """The columns of a chained table: its number, the columns given, the hash."""
    return (
        Column("seq", BIG, primary_key=True, autoincrement=False),
        *columns,
        Column("hash", String(64), nullable=False),
    )


def add(tx: Transaction, table: Table, *values: Mapping[str, Any]) -> int:
    """Add rows to a chain; return the last one's number. One writer at a time, so that a chain has one end."""
    end = tx.sql.execute(_last_of(table)).first()
    # After a row that somebody took out the chain goes on from the first of all: work goes on, and `verify` tells.
    seq, link = (end.seq, end.hash or FIRST) if end else (0, FIRST)
    rows = []
    for one in values:
        seq += 1
        row = {"seq": seq, **one}
        link = tx.keys.link(link, canonical(table, row))
        rows.append({**row, "hash": link})
    tx.sql.execute(_add_to(table), rows)
    last = {"seq": seq, "hash": _end(tx, table, seq, link)}
    if end is None:
        tx.run(insert(ENDS).values(chain=table.name, **last))
    else:
        tx.sql.execute(_MOVE_END, {"name": table.name, **last})
    return seq


@cache
def _add_to(table: Table) -> Insert:
    return insert(table)


@cache
def _last_of(table: Table) -> Select[Any]:
    """Asks for the number of a chain's last row and its hash; no hash where that row was taken out."""
    both = ENDS.outerjoin(table, table.c.seq == ENDS.c.seq)
    return select(ENDS.c.seq, table.c.hash).select_from(both).where(ENDS.c.chain == table.name)


def _end(tx: Transaction, table: Table, seq: int, link: str) -> str:
    """What stands for an end: nobody without the key can make an earlier row the last one."""
    return tx.keys.link(link, f"{table.name} ends at {seq}".encode())


def canonical(table: Table, row: Mapping[str, Any] | RowMapping) -> bytes:
    """Write a row as bytes that depend on its content alone: every column but the hash, an absent one as null."""
    content = {column.name: _plain(row.get(column.name)) for column in table.columns if column.name != "hash"}
    return json.dumps([table.name, content], sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def _plain(value: Any) -> Any:
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    return value.hex() if isinstance(value, bytes) else value


def verify(tx: Transaction, table: Table) -> tuple[int, list[Fault]]:
    """Go over a chain; return how many rows it has and every place where it does not hold."""
    walk = Walk()
    while walk.go_on(tx, table):
        pass
    return walk.count, walk.faults


@dataclass
class Walk:
    """A walk over a chain, part by part: what was seen so far is all that the next part needs."""

    count: int = 0
    last: int | None = None
    previous: str = FIRST
    faults: list[Fault] = field(default_factory=list)

    def go_on(self, tx: Transaction, table: Table, most: int = 1000) -> bool:
        """Look at the next rows; return whether there may be more. After the last of them the end is looked at too."""
        after = select(table) if self.last is None else select(table).where(table.c.seq > self.last)
        rows = tx.all(after.order_by(table.c.seq).limit(most))
        for row in rows:
            self._see(tx, table, row._mapping)
        if rows:
            return True
        end, last = tx.one(select(ENDS.c.seq, ENDS.c.hash).where(ENDS.c.chain == table.name)), self.last or 0
        if tx.one(after.limit(1)) is not None:
            return True  # somebody wrote meanwhile, which PostgreSQL shows from statement to statement
        if (end.seq, end.hash) != (last, _end(tx, table, last, self.previous)) if end else self.count:
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


def end_of(tx: Transaction, table: Table) -> tuple[int, str]:
    """Where a chain ends: a number and a hash to note down elsewhere."""
    end = tx.one(_last_of(table))
    return (end.seq, end.hash or FIRST) if end else (0, FIRST)
