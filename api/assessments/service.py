"""Assessing: read the evidence, recommend, store.

The working out is done outside the writing transaction, so that nobody waits for it. The participant's version says
whether anything about them changed meanwhile, a withdrawn consent included; then it is worked out anew.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from typing import Any, Final

from sqlalchemy import Row, bindparam, func, insert, select

from api import __version__
from api.advice.answer import versions_of
from api.assessments import switches
from api.assessments.tables import ASSESSMENTS
from api.assessments.working_out import Outcome, work_out
from api.audit.service import note
from api.participants.evidence import readable, signals_on
from api.participants.gate import RECOMMENDATION, Person, may, seal, seal_json
from api.participants.tables import PARTICIPANTS
from api.record.actor import Actor
from api.record.live import Live
from api.record.refusals import Refused, Trouble
from api.record.transaction import Record, Transaction, new_id
from api.referrals.declines import declines_of, written
from matcher.facts.declines import Decline
from matcher.programme.rules import Rules

TRIES: Final = 3
_LAST: Final = select(func.max(ASSESSMENTS.c.place)).where(ASSESSMENTS.c.participant_id == bindparam("person"))
_PLACE: Final = func.coalesce(_LAST.scalar_subquery(), 0) + 1
_ADD: Final = (
    insert(ASSESSMENTS)
    .from_select(
        [column.name for column in ASSESSMENTS.c],
        select(
            *[
                _PLACE if column.name == "place" else bindparam(column.name, type_=column.type)
                for column in ASSESSMENTS.c
            ]
        )
        .select_from(PARTICIPANTS)
        .where(PARTICIPANTS.c.id == bindparam("person"), PARTICIPANTS.c.version == bindparam("version")),
    )
    .execution_options(preserve_rowcount=True)  # without it the count of an INSERT is -1 on PostgreSQL
)
"""Adds an assessment if the participant is still the one it was worked out for."""


def assess(
    record: Record,
    live: Live,
    actor: Actor,
    person_id: str,
    goal: str | None = None,
    language: str = "id",
    *,
    assessment_id: str = "",
) -> tuple[str, Outcome]:
    """Recommend for a participant from their evidence and store it; return the assessment's id and what was found.

    `assessment_id`: the id that it is to have; a new one where none is named.

    Raises:
        Refused: 404; 400 for a goal that is no product; 409 without consent, while an objection waits, or where
            evidence contradicts itself.
        OperationalError: `is_busy` where others wrote for too long.
    """
    assessment_id = assessment_id or new_id()
    for _ in range(TRIES):
        with record.read() as tx:
            person = may(tx, actor, person_id, RECOMMENDATION)
            inputs = inputs_of(tx, person, live, goal)
        found, propensity = work_out(live, inputs, language).outcome, None
        if len(choice := found.tied) > 1 and _by_lot(record, actor):
            inputs, propensity = inputs | {"first": secrets.choice(choice)}, 1 / len(choice)
            found = work_out(live, inputs, language).outcome
        with record.write(actor.organisation_id) as tx:
            may(tx, actor, person_id, RECOMMENDATION)  # a consent may have ended at midnight
            if stored := store(tx, actor, person, live, inputs, found, "asked", propensity, assessment_id):
                return stored, found
    raise Refused(409, Trouble("participant", "changed_meanwhile"))


def _by_lot(record: Record, actor: Actor) -> bool:
    with record.read() as tx:
        return switches.is_on(tx, actor, switches.RANDOMISATION)


def inputs_of(tx: Transaction, person: Person, live: Live, goal: str | None = None) -> dict[str, Any]:
    """What a recommendation of today is made from."""
    return inputs_from(live.rules, signals_on(tx, person, live.rules.day), goal, declines_of(tx, live.rules, person.id))


def inputs_from(
    rules: Rules, signals: Mapping[str, dict[str, Any]], goal: str | None = None, declines: Iterable[Decline] = ()
) -> dict[str, Any]:
    """What a recommendation on the day of the rules is made from, given the signals of that day and what lenders refused."""
    inputs = {"signals": readable(rules, signals), "as_of": rules.day.isoformat(), "goal": goal}
    refused = written(declines)
    return inputs | ({"declines": refused} if refused else {})


def store(
    tx: Transaction,
    actor: Actor | None,
    person: Person | Row[Any],
    live: Live,
    inputs: Mapping[str, Any],
    found: Outcome,
    cause: str,
    propensity: float | None = None,
    assessment_id: str = "",
) -> str | None:
    """Write an assessment of whom the gate let through, under that id or a new one; return the id.

    None where anything about the participant has changed since they were read. Consents and objections count as changes too.
    """
    assessment = assessment_id or new_id()
    versions = versions_of(live.programme, live.scorecard)
    model = versions["model"] or {"version": "", "digest": ""}

    values = {
        "id": assessment,
        "participant_id": person.id,
        "at": tx.now,
        "as_of": found.as_of,
        "account_id": actor.account_id if actor else None,
        "cause": cause,
        "programme_digest": versions["programme"]["digest"],
        "model_version": model["version"],
        "model_digest": model["digest"],
        "kail_version": __version__,
        "propensity": propensity,
        "inputs": seal_json(tx, person.id, ASSESSMENTS.c.inputs, assessment, {**inputs, "digest": found.digest}),
        "result": seal(tx, person.id, ASSESSMENTS.c.result, assessment, found.packed),
        "summary": seal_json(tx, person.id, ASSESSMENTS.c.summary, assessment, found.summary),
    }
    if not tx.sql.execute(_ADD, {**values, "person": person.id, "version": person.version}).rowcount:
        return None
    note(tx, actor, "assessed", "participant", person.id, assessment=assessment, cause=cause)
    return assessment
