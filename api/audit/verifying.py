"""Verifying: which chains there are or should be, and whether each is whole and where the others say that it was."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from sqlalchemy import Table, select

from api.audit.chain import Chain, Fault, Walk, checked, drop_check, hash_at, keep_check, walk_from
from api.audit.noting import named_by_ends, named_by_notes, noted_of
from api.audit.tables import LOOKS
from api.record.transaction import Record, Transaction
from matcher.message import Message

MOST_STRANGE: Final = 100
"""Rows of another chain that are told of a file."""


def all_chains(record: Record, tables: Sequence[Table]) -> list[Chain]:
    """Every chain of which there is an entry, an end or a note, by `tables`; of each but looks the first one, too."""
    with record.read() as tx:
        found = {Chain(table) for table in tables if table is not LOOKS} | {*named_by_ends(tx), *named_by_notes(tx)}
        found |= {Chain(table, row.chain) for table in tables for row in tx.all(select(table.c.chain).distinct())}
    found |= {Chain(LOOKS, log) for log in record.logs.there()}
    return sorted(found, key=lambda chain: (list(tables).index(chain.table), chain.id))


@contextmanager
def reading(record: Record, chain: Chain) -> Iterator[Transaction | None]:
    """Where a chain stands: the database, or the file of a log; None where that file is gone."""
    if not _is_a_file(record, chain):
        with record.read() as tx:
            yield tx
    elif chain.id in record.logs.there():
        with record.read_log(chain.id) as tx:
            yield tx
    else:
        yield None


def _is_a_file(record: Record, chain: Chain) -> bool:
    return chain.table is LOOKS and record.logs.are_files


def begin(record: Record, chain: Chain, *, from_check: bool = False) -> Walk:
    """A walk over a chain: from its first entry, or from how far it was found whole the last time."""
    with record.read() as tx:
        check = checked(tx, chain) if from_check else None
    with reading(record, chain) as there:
        return walk_from(there, chain, check) if there else Walk()


def go_on(record: Record, chain: Chain, walk: Walk, most: int = 1000) -> bool:
    """Look at the next entries of a chain; return whether there may be more. At its end what is noted of it is looked at."""
    with reading(record, chain) as there:
        if there is not None and walk.go_on(there, chain, most):
            return True
    walk.faults += [*_of_others(record, chain), *_against_notes(record, chain)]
    return False


def _of_others(record: Record, chain: Chain) -> list[Fault]:
    """Rows in the file of a log that are called by another one: they are shown to nobody."""
    if not _is_a_file(record, chain):
        return []
    strange = select(LOOKS.c.seq).where(LOOKS.c.chain != chain.id).order_by(LOOKS.c.seq).limit(MOST_STRANGE)
    with reading(record, chain) as there:
        return [Fault(row.seq, Message("of_another_chain")) for row in (there.all(strange) if there else [])]


def _against_notes(record: Record, chain: Chain) -> list[Fault]:
    """Where a chain is not what notes say of it, or where none tells that it began."""
    with record.read() as tx:
        noted = noted_of(tx, chain)  # before it is looked at again: what is noted is there by then
    with reading(record, chain) as there:
        wrong = {seq for seq, link in noted if there is None or hash_at(there, chain, seq) != link}
    # A file may be older than its note, by a stop in between; the first chain of a table began before there were notes.
    if not noted and chain.id and not _is_a_file(record, chain):
        return [Fault(1, Message("never_noted"))]
    return [Fault(seq, Message("not_as_noted")) for seq in sorted(wrong)]


def is_noted(record: Record, chain: Chain) -> bool:
    """Whether something is noted of a chain."""
    with record.read() as tx:
        return bool(noted_of(tx, chain))


def keep(record: Record, walks: Sequence[tuple[Chain, Walk]]) -> None:
    """Keep how far chains were found whole, of those that were; of those that were not, that they are to be gone over."""
    with record.write() as tx:
        for chain, walk in walks:
            if walk.faults:
                drop_check(tx, chain)
            elif walk.last:
                keep_check(tx, chain, walk.last, walk.previous)
