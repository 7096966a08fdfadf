"""What tests ask of the chains of an installation: whether they hold, and who looked at what."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from api.audit import verifying
from api.audit.tables import LOOKS
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
