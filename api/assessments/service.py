"""Assessing: read the evidence, recommend, store; then show it again, make it again, and say what changed.

The working out is done outside the writing transaction, so that nobody waits for it. The participant's version says
whether anything about them changed meanwhile, a withdrawn consent included; then it is worked out anew.
"""

from __future__ import annotations

import secrets
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

import msgspec
from sqlalchemy import Row, bindparam, func, insert, select

from api import __version__
from api.advice.answer import answer, versions_of
from api.assessments import switches
from api.assessments.core import Core
from api.assessments.tables import ASSESSMENTS, OBJECTIONS
from api.assessments.working_out import Outcome, Worked, outcome_of, work_out
from api.audit.service import note
from api.consents import service as consents
from api.participants.evidence import evidence_of, readable, signals_of
from api.participants.people import Person, find
from api.participants.tables import PARTICIPANTS
from api.record.actor import Actor
from api.record.crypto import seal, seal_json, unseal, unseal_json
from api.record.live import Live
from api.record.refusals import Refused, Trouble
from api.record.transaction import Record, Transaction, new_id

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


@dataclass(frozen=True)
class Assessment:
    """A stored recommendation, opened."""

    id: str
    person_id: str
    place: int
    at: datetime
    as_of: date
    cause: str
    inputs: Mapping[str, Any]
    core: Core
    content: bytes  # the core as it was stored, byte for byte
    summary: Mapping[str, Any]
    propensity: float | None


# -- storing -----------------------------------------------------------------------------------------------------------


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
            person = find(tx, actor, person_id)
            may_be_assessed(tx, person)
            inputs, today = inputs_of(tx, person, live, goal), consents.today_of(tx)
        found, propensity = work_out(live, inputs, language).outcome, None
        if len(choice := found.tied) > 1 and _by_lot(record, actor):
            inputs, propensity = inputs | {"first": secrets.choice(choice)}, 1 / len(choice)
            found = work_out(live, inputs, language).outcome
        with record.write() as tx:
            if consents.today_of(tx) != today:  # a consent may have ended at midnight
                may_be_assessed(tx, person)
            if stored := store(tx, actor, person, live, inputs, found, "asked", propensity, assessment_id):
                return stored, found
    raise Refused(409, Trouble("participant", "changed_meanwhile"))


def _by_lot(record: Record, actor: Actor) -> bool:
    with record.read() as tx:
        return switches.is_on(tx, actor.organisation_id, switches.RANDOMISATION)


def may_be_assessed(tx: Transaction, person: Person) -> None:
    """See that a participant agrees and that no objection waits for a person.

    Raises:
        Refused: 409.
    """
    consents.require(tx, person.id, "record", "recommendation")
    if person.frozen:
        raise Refused(409, Trouble("participant", "frozen"))


def is_open(tx: Transaction, person: Person) -> bool:
    """Whether anything may be worked out about a participant today."""
    return not person.frozen and consents.stands(tx, person.id, "recommendation")


def inputs_of(tx: Transaction, person: Person, live: Live, goal: str | None = None) -> dict[str, Any]:
    """What a recommendation of today is made from."""
    day = live.rules.day
    signals = readable(live.rules, signals_of(evidence_of(tx, person), day))
    return {"signals": signals, "as_of": day.isoformat(), "goal": goal}


def store(
    tx: Transaction,
    actor: Actor | None,
    person: Person,
    live: Live,
    inputs: Mapping[str, Any],
    found: Outcome,
    cause: str,
    propensity: float | None = None,
    assessment_id: str = "",
) -> str | None:
    """Write an assessment under that id or a new one; return the id.

    None where anything about the participant has changed since they were read. Consents and objections count as changes too.
    """
    assessment = assessment_id or new_id()
    versions = versions_of(live.programme, live.scorecard)
    model = versions["model"] or {"version": "", "digest": ""}

    def place(column: str) -> str:
        return f"assessments.{column}:{assessment}"

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
        "inputs": seal_json(person.key, {**inputs, "digest": found.digest}, place("inputs")),
        "result": seal(person.key, found.packed, place("result")),
        "summary": seal_json(person.key, found.summary, place("summary")),
    }
    if not tx.sql.execute(_ADD, {**values, "person": person.id, "version": person.version}).rowcount:
        return None
    note(tx, actor, "assessed", "participant", person.id, assessment=assessment, cause=cause)
    return assessment


# -- showing again -----------------------------------------------------------------------------------------------------


def opened(row: Row[Any], key: bytes) -> Assessment:
    """Open a stored assessment with the person's key."""
    place = f":{row.id}"
    content = zlib.decompress(unseal(key, row.result, "assessments.result" + place))
    return Assessment(
        id=row.id,
        person_id=row.participant_id,
        place=row.place,
        at=row.at,
        as_of=row.as_of,
        cause=row.cause,
        inputs=unseal_json(key, row.inputs, "assessments.inputs" + place),
        core=msgspec.json.decode(content),
        content=content,
        summary=unseal_json(key, row.summary, "assessments.summary" + place),
        propensity=row.propensity,
    )


def find_assessment(tx: Transaction, actor: Actor, assessment_id: str) -> tuple[Assessment, Person]:
    """Return an assessment of one of the asking mentor's participants.

    Raises:
        Refused: 404.
    """
    row = tx.one(select(ASSESSMENTS).where(ASSESSMENTS.c.id == assessment_id))
    if row is None:
        raise Refused(404, Trouble("assessment", "not_found"))
    try:
        person = find(tx, actor, row.participant_id)
    except Refused:
        raise Refused(404, Trouble("assessment", "not_found")) from None
    return opened(row, person.key), person


def stored_as(record: Record, actor: Actor, assessment_id: str) -> Outcome | None:
    """What was stored under an id; None where nothing was."""
    with record.read() as tx:
        try:
            kept, _ = find_assessment(tx, actor, assessment_id)
        except Refused:
            return None
    return outcome_of(kept.as_of, kept.content, kept.summary)


def history_of(tx: Transaction, person: Person) -> list[Assessment]:
    """A participant's assessments, the latest first."""
    mine = select(ASSESSMENTS).where(ASSESSMENTS.c.participant_id == person.id).order_by(ASSESSMENTS.c.place.desc())
    return [opened(row, person.key) for row in tx.all(mine)]


def the_one_before(tx: Transaction, person: Person, assessment: Assessment) -> Assessment | None:
    """The assessment that came before this one."""
    mine = (ASSESSMENTS.c.participant_id == person.id) & (ASSESSMENTS.c.place < assessment.place)
    row = tx.one(select(ASSESSMENTS).where(mine).order_by(ASSESSMENTS.c.place.desc()).limit(1))
    return opened(row, person.key) if row else None


def latest_of(tx: Transaction, persons: Sequence[str]) -> dict[str, Row[Any]]:
    """The latest assessment of each of these participants, sealed; one whose objection was upheld does not count."""
    found: dict[str, Row[Any]] = {}
    upheld = select(OBJECTIONS.c.assessment_id).where(OBJECTIONS.c.decision == "upheld")
    for start in range(0, len(persons), 500):
        mine = ASSESSMENTS.c.participant_id.in_(persons[start : start + 500]) & ASSESSMENTS.c.id.not_in(upheld)
        last = select(ASSESSMENTS.c.participant_id, func.max(ASSESSMENTS.c.place).label("place")).where(mine)
        newest = last.group_by(ASSESSMENTS.c.participant_id).subquery()
        both = (ASSESSMENTS.c.participant_id == newest.c.participant_id) & (ASSESSMENTS.c.place == newest.c.place)
        found.update({row.participant_id: row for row in tx.all(select(ASSESSMENTS).join(newest, both))})
    return found


def replay(live: Live, assessment: Assessment) -> tuple[bool, Worked | None]:
    """Make an assessment again: whether the bytes are the same, and what came out now."""
    try:
        worked = work_out(live, assessment.inputs)
    except (Refused, ValueError):  # the programme of today no longer reads these inputs
        return False, None
    return worked.outcome.content == assessment.content, worked


def in_words(live: Live, worked: Worked, language: str) -> dict[str, Any]:
    """A recommendation as the stateless endpoint would answer it."""
    return answer(worked.rules, worked.participant, worked.found, language, versions_of(live.programme, live.scorecard))
