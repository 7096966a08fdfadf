"""Noting who did what, and reading it again. The detail holds ids, codes and counts; never a value of a person."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import select

from api.audit.chain import add
from api.audit.tables import AUDIT
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
    who = {
        "at": tx.now,
        "account_id": actor.account_id if actor else None,
        "organisation_id": actor.organisation_id if actor else organisation_id,
        "action": action,
        "kind": kind,
    }
    written = {name: json.dumps(detail, ensure_ascii=False, sort_keys=True) for name, detail in objects.items()}
    rows = [{**who, "object_id": name, "detail": detail} for name, detail in written.items()]
    if tx.looks is not None:
        tx.looks.extend(Entry(add, AUDIT, row) for row in rows)
    elif rows:
        add(tx, AUDIT, *rows)


def entries(tx: Transaction, actor: Actor, about: str = "", before: int | None = None) -> list[dict[str, Any]]:
    """The asking organisation's entries, the latest first: about one id, or before a number."""
    asked = select(AUDIT).where(AUDIT.c.organisation_id == actor.organisation_id)
    if about:
        asked = asked.where(AUDIT.c.object_id == about)
    if before is not None:
        asked = asked.where(AUDIT.c.seq < before)
    rows = tx.all(asked.order_by(AUDIT.c.seq.desc()).limit(MOST_SHOWN))
    return [{**row._mapping, "detail": json.loads(row.detail)} for row in rows]
