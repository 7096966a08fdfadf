"""Noting who did what, and reading it again. The detail holds ids, codes and counts; never a value of a person.

What was changed is noted in the organisation's chain, in the transaction that changed it; who looked, in a log of looks.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, Table, func, select

from api.audit.chain import Chain, add
from api.audit.noting import note_began
from api.audit.paging import Mark, is_before, mark_of
from api.audit.tables import AUDIT, INSTALLATION, LOOKS
from api.record.actor import Actor
from api.record.together import Entry
from api.record.transaction import Transaction

MOST_SHOWN: Final = 200


def note(
    tx: Transaction,
    actor: Actor | None,
    action: str,
    kind: str,
    object_id: str,
    *,
    organisation_id: str | None = None,
    **detail: Any,
) -> None:
    """Add an entry to the audit chain, in the transaction that it tells of.

    `actor`: who did it; None is Kail itself or somebody unknown, who then concerns the organisation named, if any.
    """
    note_each(tx, actor, action, kind, {object_id: detail}, organisation_id=organisation_id)


def note_each(
    tx: Transaction,
    actor: Actor | None,
    action: str,
    kind: str,
    objects: Mapping[str, Mapping[str, Any]],
    *,
    organisation_id: str | None = None,
) -> None:
    """Add an entry for each of several objects, by id with its detail, as `note` does for one."""
    whose = actor.organisation_id if actor else organisation_id
    who = {
        "at": tx.now,
        "account_id": actor.account_id if actor else None,
        "organisation_id": whose,
        "action": action,
        "kind": kind,
    }
    written = {name: json.dumps(detail, ensure_ascii=False, sort_keys=True) for name, detail in objects.items()}
    rows = [{**who, "object_id": name, "detail": detail} for name, detail in written.items()]
    if tx.looks is not None:
        tx.looks.extend(Entry(_add_looks, LOOKS, row) for row in rows)
    elif rows:
        enter(tx, AUDIT, whose, *rows)


def enter(tx: Transaction, table: Table, organisation_id: str | None, *rows: Mapping[str, Any]) -> int:
    """Add rows to an organisation's chain of a table, or to the installation's; return the last one's number.

    That a chain begins with them is noted in the installation's.
    """
    chain = Chain(table, organisation_id or INSTALLATION.id)
    last = add(tx, chain, *rows)
    if last == len(rows) and chain != INSTALLATION:
        note_began(tx, chain)
    return last


def _add_looks(tx: Transaction, table: Table, *rows: Mapping[str, Any]) -> None:
    add(tx, Chain(table, tx.log), *rows)


def entries(tx: Transaction, actor: Actor, about: str = "", before: Mark | None = None) -> list[dict[str, Any]]:
    """The asking organisation's entries, the latest first: about one id, or before a mark. `mark`: where a list goes on."""

    def asked(table: Table) -> ColumnElement[bool]:
        wanted = table.c.organisation_id == actor.organisation_id
        if about:
            wanted &= table.c.object_id == about
        return wanted & is_before(table, before) if before else wanted

    found = {table: _latest(tx, table, asked(table)) for table in (AUDIT, LOOKS)}
    shown = [
        {**row._mapping, "chain": Chain(table, row.chain).name, "mark": mark_of(table, row)}
        for table, rows in found.items()
        for row in rows
    ]
    shown.sort(key=lambda entry: entry["mark"], reverse=True)
    return [
        {**entry, "detail": json.loads(entry["detail"]), "mark": str(entry["mark"])} for entry in shown[:MOST_SHOWN]
    ]


def acted_on(tx: Transaction, actor: Actor, action: str, objects: Sequence[str]) -> set[str]:
    """Which of these things an account did something to, or looked at in that way, ever."""
    found: set[str] = set()
    for table in (AUDIT, LOOKS) if objects else ():
        theirs = (table.c.account_id == actor.account_id) & (table.c.action == action)
        asked = select(table.c.object_id).where(table.c.object_id.in_(objects), theirs)
        found |= {row.object_id for row in (tx.logs.find(tx.sql, asked) if table is LOOKS else tx.all(asked))}
    return found


def last_done(tx: Transaction, actions: Sequence[str], object_id: str, by: str = "") -> datetime | None:
    """When one of these things was last done to an object, by anybody or `by` an account; None: never."""
    done = (AUDIT.c.object_id == object_id) & AUDIT.c.action.in_(actions)
    done = done & (AUDIT.c.account_id == by) if by else done
    row = tx.one(select(func.max(AUDIT.c.at).label("at")).where(done))
    return row.at if row else None


def _latest(tx: Transaction, table: Table, wanted: ColumnElement[bool]) -> Sequence[Row[Any]]:
    latest = (table.c.at.desc(), table.c.chain.desc(), table.c.seq.desc())
    asked = select(table).where(wanted).order_by(*latest).limit(MOST_SHOWN)
    return tx.logs.find(tx.sql, asked) if table is LOOKS else tx.all(asked)


def about_person(tx: Transaction, person_id: str) -> list[dict[str, Any]]:
    """Who saw and changed somebody, in order: also who looked at a list that they are in."""
    found = []
    for table in (AUDIT, LOOKS):
        named = table.c.detail.contains(f'"{person_id}"')
        about = (table.c.kind == "participant") & (table.c.object_id == person_id) | named
        asked = select(table.c.chain, table.c.seq, table.c.at, table.c.account_id, table.c.action).where(about)
        rows = tx.logs.find(tx.sql, asked) if table is LOOKS else tx.all(asked)
        found += [(mark_of(table, row), table, row) for row in rows]
    found.sort(key=lambda one: one[0])
    return [{**row._mapping, "chain": Chain(table, row.chain).name} for _, table, row in found]
