"""Noting who did what. The detail holds ids, codes and counts; never a value of a person."""

from __future__ import annotations

import json
from typing import Any

from api.audit.chain import add
from api.audit.tables import AUDIT
from api.record import Transaction


def note(
    tx: Transaction,
    action: str,
    kind: str,
    object_id: str,
    *,
    account_id: str | None = None,
    organisation_id: str | None = None,
    **detail: Any,
) -> None:
    """Add an entry to the audit chain, in the transaction that it tells of."""
    entry = {
        "at": tx.now,
        "account_id": account_id,
        "organisation_id": organisation_id,
        "action": action,
        "kind": kind,
        "object_id": object_id,
        "detail": json.dumps(detail, ensure_ascii=False, sort_keys=True),
    }
    add(tx, AUDIT, entry)
