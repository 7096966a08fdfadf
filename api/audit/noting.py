"""Noting chains in one another: that one began, and where it ended, so that none can be taken away as a whole unseen.

The installation's chain tells of all the others. Where it ended itself is told by each of an organisation and each log of
looks that went on since: so it cannot be put back with one of them. What a chain came to after it was noted last cannot be
told from an older copy of it; therefore that is done every few minutes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any, Final

from sqlalchemy import Row, Table, select

from api.audit.chain import ENDS, Chain, add, end_of, hash_at
from api.audit.tables import AUDIT, INSTALLATION, LOOKS
from api.record.database import METADATA
from api.record.transaction import Record, Transaction, new_id

KIND: Final = "chain"
BEGAN, ENDED = "chain_began", "chain_ended"


def chain_of(name: str) -> Chain:
    """The chain of that name.

    Raises:
        KeyError: where there is no such table of chains.
    """
    name, _, which = name.partition(":")
    table = METADATA.tables[name]
    if table.primary_key.columns.keys() != ["chain", "seq"]:
        raise KeyError(name)
    return Chain(table, which)


# -- beginnings --------------------------------------------------------------------------------------------------------


def note_began(tx: Transaction, chain: Chain) -> None:
    """Note that a chain began, in the transaction in which it did."""
    add(tx, INSTALLATION, _note(tx, BEGAN, chain.name, 1, str(hash_at(tx, chain, 1))))


def begin_logs(record: Record, many: int) -> None:
    """Open as many logs of looks as processes answer, and note that they began before anybody looks.

    A log in a file has its first entry before that is noted, so that a stop in between is no fault: the note follows at the
    next start. It does too where another log than the one that is noted is found: what was noted stays, and tells.
    """
    record.logs.open(many, LOOKS, ENDS)
    with record.write() as tx:
        for log in sorted({*record.logs.ids, *record.logs.there()}):
            chain = Chain(LOOKS, log)
            if record.logs.are_files:
                with record.note_looks(log) as there:
                    first = _first_of(there, chain)
            else:
                first = _first_of(tx, chain)
            if first is not None and _last_note(tx, BEGAN, chain.name) != (1, first):
                add(tx, INSTALLATION, _note(tx, BEGAN, chain.name, 1, first))


def _first_of(tx: Transaction, chain: Chain) -> str | None:
    """The hash of a log's first entry, which is made where there is none, and like no other."""
    if end_of(tx, chain)[0] == 0:
        add(tx, chain, _entry(tx, BEGAN, chain.name, made=new_id()))
    return hash_at(tx, chain, 1)


# -- ends --------------------------------------------------------------------------------------------------------------


def note_ends(record: Record) -> int:
    """Note where chains end that went on since that was noted last; return how many notes that took."""
    with record.read() as tx:
        if not any(_moved(record, tx)) and not _hosts(tx):
            return 0
    count = _note_in_logs(record)
    with record.write() as tx:
        hosts, end = _hosts(tx), end_of(tx, INSTALLATION)
        for host in hosts:
            add(tx, host, _note(tx, ENDED, INSTALLATION.name, *end))
        notes = [_note(tx, ENDED, name, seq, link) for name, seq, link in _moved(record, tx)]
        if notes:
            add(tx, INSTALLATION, *notes)
    return count + len(hosts) + len(notes)


def _note_in_logs(record: Record) -> int:
    """Note in each log of looks that went on where the installation's chain ends; return in how many."""
    with record.read() as tx:
        logs = [Chain(LOOKS, log) for log in record.logs.there()]
        logs += [chain for chain in named_by_ends(tx) if chain.table is LOOKS]
        end = end_of(tx, INSTALLATION)
    count = 0
    for chain in logs:
        with record.note_looks(chain.id) as there:
            if _went_on(there, chain):
                add(there, chain, _note(there, ENDED, INSTALLATION.name, *end))
                count += 1
    return count


def _moved(record: Record, tx: Transaction) -> Iterator[tuple[str, int, str]]:
    """Of each chain but the installation's that went on: name, number and hash of its end."""
    for chain, end in _ends(record, tx):
        if chain != INSTALLATION and end[0] and _last_note(tx, ENDED, chain.name) != end:
            yield chain.name, *end


def _ends(record: Record, tx: Transaction) -> Iterator[tuple[Chain, tuple[int, str]]]:
    for chain in named_by_ends(tx):
        yield chain, end_of(tx, chain)
    for log in record.logs.there():
        with record.read_log(log) as there:
            yield Chain(LOOKS, log), end_of(there, Chain(LOOKS, log))


def named_by_ends(tx: Transaction) -> list[Chain]:
    """The chains of which it stands in the database where they end."""
    return _chains(row.chain for row in tx.all(select(ENDS.c.chain).order_by(ENDS.c.chain)))


def _chains(names: Iterable[str]) -> list[Chain]:
    """The chains of these names; what somebody wrote there that is none is left out."""
    found = []
    for name in names:
        with suppress(KeyError):
            found.append(chain_of(name))
    return found


def _hosts(tx: Transaction) -> list[Chain]:
    """The chains of organisations in which it is to be noted where the installation's ends: those that went on since.

    Where only the installation's did, it is the first of them.
    """
    hosts = [chain for chain in named_by_ends(tx) if chain.table is AUDIT and chain.id]
    found = [host for host in hosts if _went_on(tx, host)]
    if found or not hosts:
        return found
    told = max(_told(tx, host) for host in hosts)
    since = (AUDIT.c.chain == INSTALLATION.id) & (AUDIT.c.seq > told) & (AUDIT.c.kind != KIND)
    return hosts[:1] if tx.one(select(AUDIT.c.seq).where(since).limit(1)) is not None else []


def _went_on(tx: Transaction, chain: Chain) -> bool:
    """Whether the last entry of a chain is no note: otherwise one note would be followed by another for ever."""
    c = chain.table.c
    last = tx.one(select(c.kind).where(c.chain == chain.id).order_by(c.seq.desc()).limit(1))
    return last is not None and last.kind != KIND


def _told(tx: Transaction, host: Chain) -> int:
    """The number in the installation's chain that a host tells of as its end; 0: none."""
    notes = select(AUDIT.c.detail).where(AUDIT.c.chain == host.id, AUDIT.c.kind == KIND)
    row = tx.one(notes.order_by(AUDIT.c.seq.desc()).limit(1))
    return _read(row.detail)[0] if row else 0


# -- notes -------------------------------------------------------------------------------------------------------------


def _note(tx: Transaction, action: str, name: str, seq: int, link: str) -> dict[str, Any]:
    return _entry(tx, action, name, seq=seq, hash=link)


def _entry(tx: Transaction, action: str, name: str, **detail: Any) -> dict[str, Any]:
    return {
        "at": tx.now,
        "account_id": None,
        "organisation_id": None,  # so that it stands on nobody's page
        "action": action,
        "kind": KIND,
        "object_id": name,
        "detail": json.dumps(detail, sort_keys=True),
    }


def _last_note(tx: Transaction, action: str, name: str) -> tuple[int, str] | None:
    """What the installation's chain said last of another one: a number there and its hash."""
    # By the moment, as the index has them. What lies in the future was noted before the clock went back.
    about = (AUDIT.c.object_id == name) & (AUDIT.c.chain == INSTALLATION.id) & (AUDIT.c.action == action)
    latest = select(AUDIT.c.detail).where(about, AUDIT.c.at <= tx.now).order_by(AUDIT.c.at.desc(), AUDIT.c.seq.desc())
    row = tx.one(latest.limit(1))
    return _read(row.detail) if row else None


def _read(detail: str) -> tuple[int, str]:
    found = json.loads(detail)
    return found["seq"], found["hash"]


def noted_of(tx: Transaction, chain: Chain) -> list[tuple[int, str]]:
    """The entries, number and hash, that are noted to be in a chain: the first as often as it began, and the last end."""
    rows = [row for table in (AUDIT, LOOKS) for row in _notes(tx, table, chain)]
    found = [(action, _read(detail)) for action, detail in rows]
    ends = [entry for action, entry in found if action == ENDED]
    return [entry for action, entry in found if action == BEGAN] + ([max(ends)] if ends else [])


def _notes(tx: Transaction, table: Table, chain: Chain) -> Sequence[Row[Any]]:
    asked = select(table.c.action, table.c.detail).where(table.c.object_id == chain.name, table.c.kind == KIND)
    if table is AUDIT:
        return tx.all(asked)
    return tx.logs.find(tx.sql, asked) if chain == INSTALLATION else []


def named_by_notes(tx: Transaction) -> list[Chain]:
    """The chains of which something is noted."""
    return _chains(row.object_id for row in tx.all(select(AUDIT.c.object_id).where(AUDIT.c.kind == KIND).distinct()))
