"""A sandbox: a lender's organisation of its own with people who never lived, for a bank to try its system on.

Its people, their mentor and its lender are one organisation. So nothing of it stands in anybody else's queue, quota or
figure, and nobody else's in its own; what goes over everybody passes sandboxes over. Every name in it says what it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import select

from api.accounts.passwords import new_password
from api.accounts.service import add_account, add_organisation
from api.accounts.tables import ORGANISATIONS
from api.commands.demo import NAMES, add_person, tell
from api.commands.demo_referrals import refer_some
from api.commands.options import acting
from api.record.actor import Actor
from api.record.live import Live
from api.record.refusals import Refused, Trouble
from api.record.transaction import Record, Transaction, new_id
from api.referrals.lenders import bind

SAYS: Final = "(sintetis)"
"""What stands in every name."""
JUST_SENT: Final = 8
AGO: Final = timedelta(days=16)
"""Since when something was told of them."""


def add_sandbox(
    record: Record,
    live: Live,
    name: str,
    providers: Sequence[str],
    people: Sequence[tuple[date, Mapping[str, Any]]],
    login: str,
) -> tuple[str, int]:
    """Add a sandbox with these people, or these to one that is there; return its name and how many referrals came of them.

    Raises:
        Refused: 409 where an organisation of that name is none; 400 for a provider that the programme does not have.
    """
    name = name if name.endswith(SAYS) else f"{name} {SAYS}"
    with record.write() as tx:
        actor = acting(tx, login)
        found = tx.one(select(ORGANISATIONS).where(ORGANISATIONS.c.name == name))
        if found and not found.sandbox:
            raise Refused(409, Trouble("name", "name_taken", name))
        home = found.id if found else add_organisation(tx, name, actor, sandbox=True)
        if providers:
            bind(tx, actor, live.rules, home, providers)
        mentor, officer = (_nobody(tx, home, role) for role in ("mentor", "lender"))
    kept = []
    for number, (day, signals) in enumerate(people):
        person = add_person(record, mentor, f"{NAMES[number % len(NAMES)]} {number + 1:03d} {SAYS}", True, live.today)
        if tell(record, live, mentor, person, day, signals, AGO):
            kept.append(person)
    return name, refer_some(record, live, [[officer]], {mentor: kept}, JUST_SENT)


def _nobody(tx: Transaction, home: str, role: str) -> Actor:
    """An account in whose name the people of a sandbox are made. It is closed from the start: nobody signs in with it."""
    login = f"{role}-{new_id()}"
    made = add_account(tx, home, login, f"{role.capitalize()} {SAYS}", role, new_password(), active=False)
    return Actor(made.id, home, role, login, sandbox=True)
