"""A batch of participants who may be worked out anew, read in few statements: their last answer and the facts of today.

Of whoever does not agree, has an objection waiting, was never assessed or is erased, nothing is opened.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Row, func, select

from api.accounts.tables import SANDBOXES
from api.assessments.service import inputs_from
from api.assessments.stored import content_of, latest_of
from api.assessments.tables import ASSESSMENTS
from api.participants.evidence import signals_of_each
from api.participants.gate import RECOMMENDATION, let_each, unseal
from api.participants.tables import PARTICIPANTS
from api.record.crypto import read_json
from api.record.transaction import Transaction
from api.referrals.declines import declines_of_each
from matcher.programme.rules import Rules

MOST: Final = 250


class _Asked(msgspec.Struct):
    """What of an assessment's inputs is asked for again: the goal, and what a lot put first."""

    goal: str | None = None
    first: str | None = None


_READ: Final = msgspec.json.Decoder(_Asked)


@dataclass(frozen=True, repr=False)  # nobody's data in a trace
class Again:
    """Somebody to be worked out again: their row, the core and the inputs of their last assessment, the inputs of today.

    The last inputs are still a text, since of most people nobody asks for them.
    """

    row: Row[Any]
    content: bytes
    asked: bytes
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
    theirs, real = PARTICIPANTS.c.organisation_id == organisation_id, PARTICIPANTS.c.organisation_id.not_in(SANDBOXES)
    return PARTICIPANTS.c.sealed.is_not(None) & (theirs if organisation_id else real)


def how_many(tx: Transaction, organisation_id: str | None = None) -> int:
    """How many participants all batches go over."""
    row = tx.one(select(func.count()).select_from(PARTICIPANTS).where(_there(organisation_id)))
    return int(row[0]) if row else 0


def read_batch(tx: Transaction, rules: Rules, after: str = "", organisation_id: str | None = None) -> Batch:
    """Read the next participants in the order of their ids, of one organisation or of all but sandboxes."""
    wanted = select(PARTICIPANTS).where(_there(organisation_id), PARTICIPANTS.c.id > after)
    rows = tx.all(wanted.order_by(PARTICIPANTS.c.id).limit(MOST))
    last = rows[-1].id if len(rows) == MOST else None
    return Batch(len(rows), tuple(_to_be_worked_out(tx, rules, rows)), last)


def _to_be_worked_out(tx: Transaction, rules: Rules, rows: Sequence[Row[Any]]) -> list[Again]:
    let = let_each(tx, None, rows, RECOMMENDATION)
    latest = latest_of(tx, [row.id for row in let])
    kept = {person: last for person, last in latest.items() if last.result is not None}  # else erased meanwhile
    signals = signals_of_each(tx, list(kept), rules.day)
    declines = declines_of_each(tx, rules, list(kept))
    found = []
    for row in let:
        if row.id in signals:
            last = kept[row.id]
            text = unseal(tx, row.id, ASSESSMENTS.c.inputs, last.id, last.inputs)
            asked: _Asked = read_json(text, _READ.decode)
            inputs = inputs_from(rules, signals[row.id], asked.goal, declines.get(row.id, ()))
            if asked.first is not None:  # what a lot put first is no change of the rules
                inputs["first"] = asked.first
            found.append(Again(row, content_of(tx, last), text, inputs))
    return found
