"""A batch of participants who may be worked out anew, read in few statements: their last answer and the facts of today.

Of whoever does not agree, has an objection waiting, was never assessed or is erased, nothing is opened.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Row, func, select

from api.assessments.service import inputs_from
from api.assessments.stored import latest_of
from api.consents import service as consents
from api.participants.evidence import signals_of_each
from api.participants.tables import PARTICIPANTS
from api.record.crypto import read_json, unseal
from api.record.transaction import Transaction
from matcher.programme.rules import Rules

MOST: Final = 250


class _Asked(msgspec.Struct):
    """What of an assessment's inputs is asked for again: the goal, and what a lot put first."""

    goal: str | None = None
    first: str | None = None


_READ: Final = msgspec.json.Decoder(_Asked)


@dataclass(frozen=True, repr=False)  # nobody's key in a trace
class Again:
    """Somebody to be worked out again: their row and last assessment, both sealed, their key, the inputs of today."""

    row: Row[Any]
    latest: Row[Any]
    key: bytes
    inputs: dict[str, Any]


@dataclass(frozen=True, repr=False)
class Batch:
    """How many participants were gone over, who of them is to be worked out again, and after whom the next batch begins.

    `after` None: nobody comes after these.
    """

    gone_over: int
    people: tuple[Again, ...]
    after: str | None


def _there(organisation_id: str | None) -> ColumnElement[bool]:
    theirs = PARTICIPANTS.c.organisation_id == organisation_id
    return PARTICIPANTS.c.sealed.is_not(None) & (theirs if organisation_id else PARTICIPANTS.c.id != "")


def how_many(tx: Transaction, organisation_id: str | None = None) -> int:
    """How many participants all batches go over."""
    row = tx.one(select(func.count()).select_from(PARTICIPANTS).where(_there(organisation_id)))
    return int(row[0]) if row else 0


def read_batch(tx: Transaction, rules: Rules, after: str = "", organisation_id: str | None = None) -> Batch:
    """Read the next participants in the order of their ids, of one organisation or of all."""
    wanted = select(PARTICIPANTS).where(_there(organisation_id), PARTICIPANTS.c.id > after)
    rows = tx.all(wanted.order_by(PARTICIPANTS.c.id).limit(MOST))
    last = rows[-1].id if len(rows) == MOST else None
    return Batch(len(rows), tuple(_to_be_worked_out(tx, rules, [row for row in rows if not row.frozen])), last)


def agreeing(tx: Transaction, ids: Sequence[str]) -> set[str]:
    """Which of these participants agree today to be kept and to be recommended for."""
    return consents.who_agrees(tx, ids, "record") & consents.who_agrees(tx, ids, "recommendation")


def _to_be_worked_out(tx: Transaction, rules: Rules, rows: Sequence[Row[Any]]) -> list[Again]:
    agreed = agreeing(tx, [row.id for row in rows])
    latest = latest_of(tx, [row.id for row in rows if row.id in agreed])
    kept = {person: last for person, last in latest.items() if last.result is not None}  # else erased meanwhile
    keys = tx.vault.keys_of(list(kept))
    signals = signals_of_each(tx, keys, rules.day)
    found = []
    for row in rows:
        if row.id in signals:
            last, key = kept[row.id], keys[row.id]
            asked: _Asked = read_json(unseal(key, last.inputs, f"assessments.inputs:{last.id}"), _READ.decode)
            inputs = inputs_from(rules, signals[row.id], asked.goal)
            if asked.first is not None:  # what a lot put first is no change of the rules
                inputs["first"] = asked.first
            found.append(Again(row, last, key, inputs))
    return found
