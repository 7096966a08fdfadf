"""Switches of an organisation, kept as rows: who turned what on or off, and when. Off where nobody did."""

from __future__ import annotations

from typing import Final

from sqlalchemy import bindparam, func, insert, select

from api.assessments.tables import SWITCHES
from api.audit.service import note
from api.record.actor import Actor
from api.record.transaction import Transaction

RANDOMISATION: Final = "randomise_ties"
"""Which of several interventions that are tied comes first is drawn by lot, and the chance it had is stored."""
_LAST: Final = (
    select(SWITCHES.c.on)
    .where(SWITCHES.c.organisation_id == bindparam("organisation"), SWITCHES.c.name == bindparam("switch"))
    .order_by(SWITCHES.c.seq.desc())
)


def is_on(tx: Transaction, actor: Actor, name: str) -> bool:
    """Whether a switch of the asking organisation is on."""
    last = tx.sql.execute(_LAST, {"organisation": actor.organisation_id, "switch": name}).first()
    return bool(last and last.on)


def turn(tx: Transaction, actor: Actor, name: str, on: bool) -> None:
    """Turn a switch of the asking operator's organisation on or off."""
    last = tx.one(select(func.max(SWITCHES.c.seq)))
    number = (last[0] or 0) + 1 if last else 1
    row = {"seq": number, "organisation_id": actor.organisation_id, "name": name, "on": on, "at": tx.now}
    tx.run(insert(SWITCHES).values(**row, account_id=actor.account_id))
    note(tx, actor, "turned_on" if on else "turned_off", "switch", name)
