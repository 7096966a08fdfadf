"""Chains of an installation in tests: whether they hold, who looked at what, and what somebody may do to their rows."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, insert, select, update

from api.audit import verifying
from api.audit.chain import ENDS, Chain, verify
from api.audit.tables import AUDIT, INSTALLATION, LOOKS
from api.consents.tables import CONSENTS
from api.participants.verification import TABLES, is_gone
from api.record.transaction import Record


def faults_in(record: Record, *, from_check: bool = False) -> dict[str, list[Any]]:
    """Every fault of every chain, by its name; "gone" stands for the whole of it."""
    found: dict[str, list[Any]] = {}
    for chain in verifying.all_chains(record, TABLES):
        walk = verifying.begin(record, chain, from_check=from_check)
        while verifying.go_on(record, chain, walk):
            pass
        gone = ["gone"] if is_gone(record, chain, walk.count) else []
        if faults := [*walk.faults, *gone]:
            found[chain.name] = faults
    return found


def looks_in(record: Record) -> list[Any]:
    """Who looked at what, by the moment, whichever log it stands in."""
    asked = select(LOOKS).where(LOOKS.c.kind != "chain")
    with record.read() as tx:
        rows = tx.logs.find(tx.sql, asked)
    return sorted(rows, key=lambda row: (row.at, row.chain, row.seq))


CHAINS = ("installation", "audit", "consents", "looks")


class NeverMind(Exception):
    """Undoes what was tried."""


def chain_named(kail, name, login="mentor"):
    organisation = kail.actors[login].organisation_id
    return {
        "installation": INSTALLATION,
        "audit": Chain(AUDIT, organisation),
        "consents": Chain(CONSENTS, organisation),
        "looks": Chain(LOOKS, "1"),
    }[name]


def writing(kail, chain):
    """A transaction where a chain stands."""
    return kail.record.note_looks(chain.id) if chain.table is LOOKS else kail.record.write()


def found(kail, chain, *harms):
    """What `verify` finds after something was done to the tables, all of which is undone again."""
    try:
        with writing(kail, chain) as tx:
            for harm in harms:
                harm(tx)
            faults = verify(tx, chain)[1]
            raise NeverMind
    except NeverMind:
        return faults


def rows_in(tx, chain):
    rows = tx.all(select(chain.table).where(chain.table.c.chain == chain.id).order_by(chain.table.c.seq))
    return [dict(row._mapping) for row in rows]


def rows_of(kail, chain):
    with writing(kail, chain) as tx:
        return rows_in(tx, chain)


def rewritten(chain, rows):
    """Put rows in the place of all that stand in a chain."""

    def harm(tx):
        tx.run(delete(chain.table).where(chain.table.c.chain == chain.id))
        tx.run(insert(chain.table).values(rows)) if rows else None

    return harm


def end_set(chain, seq, link):
    return lambda tx: tx.run(update(ENDS).where(ENDS.c.chain == chain.name).values(seq=seq, hash=link))
