"""Chains: tables that are only ever added to, each row holding the hash of itself and the row before.

The hash is keyed with a key outside the database, so that who can write to the database cannot make a chain that fits.
Where a chain ends stands in a table of its own, under the same key: without that, the last rows could be cut off unseen.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any, Final

from sqlalchemy import BigInteger, Column, Insert, Integer, Select, String, Table, bindparam, insert, select, update

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


def add(tx: Transaction, table: Table, values: Mapping[str, Any]) -> int:
    """Add a row to a chain; return its number. One writer at a time, so that a chain has one end."""
    end = tx.sql.execute(_last_of(table)).first()
    # After a row that somebody took out the chain goes on from the first of all: work goes on, and `verify` tells.
    seq, previous = (end.seq + 1, end.hash or FIRST) if end else (1, FIRST)
    row = {"seq": seq, **values}
    link = tx.keys.link(previous, canonical(table, row))
    tx.sql.execute(_add_to(table), {**row, "hash": link})
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


def canonical(table: Table, row: Mapping[str, Any]) -> bytes:
    """Write a row as bytes that depend on its content alone: every column but the hash, an absent one as null."""
    content = {column.name: _plain(row.get(column.name)) for column in table.columns if column.name != "hash"}
    return json.dumps([table.name, content], sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def _plain(value: Any) -> Any:
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    return value.hex() if isinstance(value, bytes) else value


def verify(tx: Transaction, table: Table) -> tuple[int, list[Fault]]:
    """Go over a chain; return how many rows it has and every place where it does not hold."""
    faults: list[Fault] = []
    previous, expected, count = FIRST, 1, 0
    for row in _rows(tx, table):
        count += 1
        if row["seq"] != expected:
            many = row["seq"] - expected
            faults.append(
                Fault(expected, Message("entries_missing", {"count": many}) if many > 0 else Message("out_of_order"))
            )
        if tx.keys.link(previous, canonical(table, row)) != row["hash"] and not (faults and faults[-1].seq == expected):
            faults.append(Fault(row["seq"], Message("entry_changed")))
        previous, expected = row["hash"], row["seq"] + 1
    end = tx.one(select(ENDS.c.seq, ENDS.c.hash).where(ENDS.c.chain == table.name))
    if (end.seq, end.hash) != (expected - 1, _end(tx, table, expected - 1, previous)) if end else count:
        faults.append(Fault(expected, Message("wrong_end")))
    return count, faults


def _rows(tx: Transaction, table: Table) -> Iterator[Mapping[str, Any]]:
    every = select(table).order_by(table.c.seq).execution_options(yield_per=1000)
    for row in tx.sql.execute(every):
        yield dict(row._mapping)


def end_of(tx: Transaction, table: Table) -> tuple[int, str]:
    """Where a chain ends: a number and a hash to note down elsewhere."""
    end = tx.one(_last_of(table))
    return (end.seq, end.hash or FIRST) if end else (0, FIRST)
