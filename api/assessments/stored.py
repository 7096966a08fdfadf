"""Stored assessments: found, opened with the person's key, looked at, and made again."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import Row, bindparam, func, select

from api.advice.answer import answer, versions_of
from api.assessments.core import Core
from api.assessments.tables import ASSESSMENTS, OBJECTIONS
from api.assessments.working_out import Outcome, Worked, outcome_of, work_out
from api.audit.service import note
from api.participants import people
from api.participants.gate import RECOMMENDED, Person, may, unseal, unseal_json
from api.record.actor import Actor
from api.record.live import Live
from api.record.refusals import Refused
from api.record.transaction import Record, Transaction

LISTED: Final = 20
"""How many a page lists at once: our choice."""


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


_NO_PLACE: Final = 2**31 - 1  # after every other
_LISTED: Final = (
    select(*(ASSESSMENTS.c[name] for name in ("id", "participant_id", "place", "at", "cause", "summary")))
    .where(ASSESSMENTS.c.participant_id == bindparam("person"), ASSESSMENTS.c.place < bindparam("before"))
    .order_by(ASSESSMENTS.c.place.desc())
    .limit(LISTED)
)


class Listed(NamedTuple):
    """A stored recommendation as a list shows it: only its summary is opened."""

    id: str
    place: int
    at: datetime
    cause: str
    summary: Mapping[str, Any]


def opened(tx: Transaction, row: Row[Any]) -> Assessment:
    """Open a stored assessment."""
    content = content_of(tx, row)
    return Assessment(
        id=row.id,
        person_id=row.participant_id,
        place=row.place,
        at=row.at,
        as_of=row.as_of,
        cause=row.cause,
        inputs=unseal_json(tx, row.participant_id, ASSESSMENTS.c.inputs, row.id, row.inputs),
        core=msgspec.json.decode(content),
        content=content,
        summary=summary_of(tx, row),
        propensity=row.propensity,
    )


def summary_of(tx: Transaction, row: Row[Any]) -> Mapping[str, Any]:
    """What lists show of a stored assessment."""
    found: Mapping[str, Any] = unseal_json(tx, row.participant_id, ASSESSMENTS.c.summary, row.id, row.summary)
    return found


def content_of(tx: Transaction, row: Row[Any]) -> bytes:
    """The core of a stored assessment, byte for byte."""
    return zlib.decompress(unseal(tx, row.participant_id, ASSESSMENTS.c.result, row.id, row.result))


def person_with(tx: Transaction, actor: Actor, assessment_id: str, purpose: str) -> tuple[Person, Row[Any]]:
    """The participant whom an assessment is about, and the assessment, sealed.

    Raises:
        Refused: as `may`.
    """
    row = tx.one(select(ASSESSMENTS).where(ASSESSMENTS.c.id == assessment_id))
    person = may(tx, actor, row.participant_id if row else "", purpose, called="assessment")
    assert row is not None
    return person, row


def find_assessment(
    tx: Transaction, actor: Actor, assessment_id: str, purpose: str = RECOMMENDED
) -> tuple[Assessment, Person]:
    """Return an assessment of one of the asking mentor's participants.

    Raises:
        Refused: as `may`.
    """
    person, row = person_with(tx, actor, assessment_id, purpose)
    return opened(tx, row), person


def see(
    tx: Transaction, actor: Actor, assessment_id: str, noted: str, purpose: str = RECOMMENDED
) -> tuple[Assessment, Person]:
    """Return an assessment as `find_assessment` does, and note that somebody looked.

    Raises:
        Refused: as `may`.
    """
    assessment, person = find_assessment(tx, actor, assessment_id, purpose)
    note(tx, actor, noted, "participant", person.id, assessment=assessment_id)
    return assessment, person


def see_change(tx: Transaction, actor: Actor, assessment_id: str) -> tuple[Assessment, Assessment | None]:
    """An assessment and the one before it; noted.

    Raises:
        Refused: 404, or 409 without consent.
    """
    assessment, person = see(tx, actor, assessment_id, "saw_changes")
    return assessment, the_one_before(tx, person, assessment)


def see_history(tx: Transaction, actor: Actor, person_id: str) -> list[Assessment]:
    """A participant's assessments, the latest first; noted.

    Raises:
        Refused: 404, or 409 without consent.
    """
    person = people.see(tx, actor, person_id, "saw_assessments", RECOMMENDED)
    return history_of(tx, person)


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
    return [opened(tx, row) for row in tx.all(mine)]


def list_of(tx: Transaction, person: Person, before: int | None = None) -> tuple[list[Listed], int | None]:
    """Up to `LISTED` of a participant's assessments, the latest first, all before that place where one is given.

    The second is the place before which there are more; None where there are none.
    """
    rows = tx.sql.execute(_LISTED, {"person": person.id, "before": before or _NO_PLACE}).all()
    found = [Listed(row.id, row.place, row.at, row.cause, summary_of(tx, row)) for row in rows]
    return found, found[-1].place if len(found) == LISTED and found[-1].place > 1 else None


def see_list(
    tx: Transaction, actor: Actor, person_id: str, before: int | None = None
) -> tuple[Person, list[Listed], int | None]:
    """A participant and some of their assessments, as `list_of`; noted.

    Raises:
        Refused: 404, or 409 without consent.
    """
    person = people.see(tx, actor, person_id, "saw_assessments", RECOMMENDED)
    return person, *list_of(tx, person, before)


def the_one_before(tx: Transaction, person: Person, assessment: Assessment) -> Assessment | None:
    """The assessment that came before this one."""
    mine = (ASSESSMENTS.c.participant_id == person.id) & (ASSESSMENTS.c.place < assessment.place)
    row = tx.one(select(ASSESSMENTS).where(mine).order_by(ASSESSMENTS.c.place.desc()).limit(1))
    return opened(tx, row) if row else None


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


def made_again(live: Live, assessment: Assessment, language: str) -> tuple[bool, dict[str, Any] | None]:
    """Make an assessment again and say what came out: whether it is the same, and if so the answer in words."""
    same, worked = replay(live, assessment)
    return same, in_words(live, worked, language) if worked and same else None
