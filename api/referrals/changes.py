"""Changes: what a lender learns, in one order in which nothing comes later before something that was seen.

Thin on purpose: ids and codes, nothing of a person, so that it may be kept, sent and read by a system that need not be
told more. What a state ended by time or a lost consent comes to stands here once the worker has written it down.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, func, select

from api.record.actor import Actor
from api.record.refusals import Refused, Trouble
from api.record.transaction import Transaction
from api.referrals.tables import EVENTS, REFERRALS

AT_ONCE: Final = 100
MOST_AT_ONCE: Final = 500


@dataclass(frozen=True)
class Change:
    """Something that was done with a referral of a lender. `version`: the referral's after it; `number`: its place."""

    id: str
    referral: str
    product: str
    move: str
    state: str
    version: int
    at: datetime
    number: int

    @property
    def told(self) -> dict[str, Any]:
        """As it is answered and sent; `cursor`: to ask for what comes after it."""
        number, rest = self.number, {name: value for name, value in vars(self).items() if name != "number"}
        return rest | {"cursor": str(number)}


def changes_of(tx: Transaction, lender_id: str, after: int, most: int) -> list[Change]:
    """A lender's changes after a number, in order."""
    c = EVENTS.c
    asked = select(c.id, c.referral_id, REFERRALS.c.product, c.move, c.state, c.version, c.at, c.number)
    asked = asked.join(REFERRALS, REFERRALS.c.id == c.referral_id).where(c.lender_id == lender_id, c.number > after)
    return [change_of(row) for row in tx.all(asked.order_by(c.number).limit(most))]


def change_of(row: Row[Any]) -> Change:
    """A row with the columns of a change, in their order."""
    return Change(*row)


def newest(tx: Transaction, lender_id: str) -> int:
    """The number of a lender's newest change; 0 where there is none."""
    row = tx.one(select(func.max(EVENTS.c.number)).where(EVENTS.c.lender_id == lender_id))
    return int(row[0] or 0) if row else 0


def since(tx: Transaction, actor: Actor, cursor: str, limit: str) -> tuple[Sequence[Change], str, bool]:
    """The asking lender's changes after a cursor ("" is the begin): some, the cursor to go on with, whether there are more.

    Raises:
        Refused: 400 for what is no cursor of ours, one that is ahead of everything, or a limit that is none.
    """
    troubles = []
    if not re.fullmatch(r"[0-9]{0,15}", cursor, re.ASCII):
        troubles.append(Trouble("since", "no_cursor", cursor))
    elif int(cursor or 0) > newest(tx, actor.organisation_id):
        troubles.append(Trouble("since", "cursor_ahead", cursor))
    if not re.fullmatch(r"[0-9]{0,4}", limit, re.ASCII) or not 1 <= int(limit or AT_ONCE) <= MOST_AT_ONCE:
        troubles.append(Trouble("limit", "no_limit", limit, most=MOST_AT_ONCE))
    if troubles:
        raise Refused(400, *troubles)
    most = int(limit or AT_ONCE)
    found = changes_of(tx, actor.organisation_id, int(cursor or 0), most + 1)
    shown = found[:most]
    return shown, str(shown[-1].number if shown else int(cursor or 0)), len(found) > most
