"""Re-screening: after a rule, a product or the model changed, who gained or lost what, and why.

In 2018 some 550 members held a letter that the bank had come to accept, and nobody told them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from api.assessments.changes import changes, unreadable
from api.assessments.service import inputs_of, store
from api.assessments.stored import latest_of, opened, replay
from api.assessments.working_out import work_out
from api.consents import service as consents
from api.participants.people import person_of
from api.participants.tables import PARTICIPANTS
from api.record.key_store import Erased
from api.record.live import Live
from api.record.refusals import Refused
from api.record.transaction import Record, Transaction
from words.telling import Teller, teller

BY_RULES, BY_FACTS = "rules", "facts_or_time"


@dataclass(frozen=True)
class Rescreened:
    """What changed for one participant: entries of `changes`, each with `because` (the rules, or facts and time).

    `stored`: whether the new recommendation was kept.
    """

    participant: str
    mentor: str
    organisation: str
    entries: tuple[dict[str, Any], ...]
    stored: bool = False


def rescreen(
    record: Record, live: Live, language: str, *, keep: bool = False, progress: Callable[[int, int], None] | None = None
) -> Iterator[Rescreened]:
    """Work out everybody anew who agrees, was assessed before and has no objection waiting; yield who changed.

    `keep` stores the new recommendation of whoever changed.
    """
    with record.read() as tx:
        rows = tx.all(select(PARTICIPANTS.c.id).where(PARTICIPANTS.c.sealed.is_not(None)).order_by(PARTICIPANTS.c.id))
    t = teller(live.rules, language)
    for number, row in enumerate(rows, 1):
        found = _one(record, live, row.id, t, keep)
        if progress:
            progress(number, len(rows))
        if found:
            yield found


def _one(record: Record, live: Live, person_id: str, t: Teller, keep: bool) -> Rescreened | None:
    with record.read() as tx:
        row = tx.one(select(PARTICIPANTS).where(PARTICIPANTS.c.id == person_id))
        latest = latest_of(tx, [person_id]).get(person_id)
        if row is None or row.sealed is None or row.frozen or latest is None or not _agrees(tx, person_id):
            return None
        try:
            person = person_of(row, tx.vault.key(person_id))
        except Erased:
            return None
        before = opened(latest, person.key)
        inputs = inputs_of(tx, person, live, before.inputs.get("goal"))
        if "first" in before.inputs:  # what a lot put first is no change of the rules
            inputs["first"] = before.inputs["first"]
    _, again = replay(live, before)
    by_rules = {_mark(entry) for entry in changes(before.core, again.outcome.core, t)} if again else None
    try:
        now = work_out(live, inputs).outcome
    except Refused:  # the evidence contradicts itself under the new rules: a person has to look at it
        entry = unreadable(t) | {"because": BY_RULES}
        return Rescreened(person_id, row.mentor_id, row.organisation_id, (entry,))
    found = [
        entry | {"because": BY_RULES if by_rules is None or _mark(entry) in by_rules else BY_FACTS}
        for entry in changes(before.core, now.core, t)
    ]
    if not found:
        return None
    stored = False
    if keep:
        with record.write() as tx:  # not if anything changed in the meantime, or a consent has ended
            stored = _agrees(tx, person_id) and bool(store(tx, None, person, live, inputs, now, "rescreened"))
    return Rescreened(person_id, row.mentor_id, row.organisation_id, tuple(found), stored)


def _agrees(tx: Transaction, person_id: str) -> bool:
    return consents.stands(tx, person_id, "record") and consents.stands(tx, person_id, "recommendation")


def _mark(entry: dict[str, Any]) -> tuple[Any, ...]:
    return entry["kind"], entry["id"], entry["gained"]
