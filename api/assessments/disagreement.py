"""Disagreement: a mentor's other choice, a participant's objection. Kept with versions, never as outcomes.

An objection is to be answered within three days. UU 27/2022 lets people object to what is decided by machine alone (art. 10;
https://preprod.justisio.com/regulation/indonesia/sjl9k22zlhhkpa0r87j2itst); the time is our choice, the 3 x 24 hours that
the law gives for ending what somebody no longer agrees to (https://mustikarajalaw.id/wp/?p=463), both read on 2026-11-29.
Nothing happens by itself at its end: nothing more is worked out about whoever objected until a person has decided.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Column, Select, String, Table, case, cast, insert, literal, null, select, union_all, update

from api.assessments.stored import find_assessment, person_with
from api.assessments.tables import ASSESSMENTS, OBJECTIONS, OVERRIDES
from api.audit.service import note
from api.participants.gate import CONTACT, RECOMMENDATION, Person, may, may_each, seal_json, unseal_json
from api.participants.people import bump
from api.participants.tables import PARTICIPANTS
from api.record import answered, jobs
from api.record.actor import Actor
from api.record.listed import MOMENT, Choice, ListColumn, Listing, Page, View, page_in, plain
from api.record.refusals import Refused, Trouble
from api.record.transaction import Transaction, new_id

CODES: Final = (
    "already_done",
    "cannot_now",
    "too_expensive",
    "too_far",
    "other_first",
    "not_wanted",
    "facts_wrong",
    "other",
)
"""Why a mentor chooses another step."""
DECISIONS: Final = ("upheld", "rejected", "corrected")
"""Of an objection: the result does not count, it stands, or facts were put right."""
ANSWERED_WITHIN: Final = timedelta(hours=72)
WAITING: Final = Listing((ListColumn("answer_by", "moment", MOMENT), ListColumn("at", "moment", MOMENT)), "answer_by")
"""What may be asked of the objections that wait: those to be answered first come first."""
LISTED: Final = Listing(
    (
        ListColumn("at", "moment", MOMENT),
        ListColumn("kind", "kind"),
        ListColumn("suggested"),
        ListColumn("chosen_step"),
        ListColumn("reason_or_decision"),
        ListColumn("versions"),
    ),
    "-at",
    (Choice("of_kind", ("override", "objection"), "kind"),),
)
"""What may be asked of the disagreements."""
_CODES: Final = ("suggested", "chosen", "code", "decision")
_NOT_OF: Final = {"override": ("decision",), "objection": ("suggested", "chosen", "code")}


def override(tx: Transaction, actor: Actor, assessment_id: str, chosen: str, code: str, words: str) -> str:
    """Record that a mentor chooses another of the suggested steps; return the override's id.

    Raises:
        Refused: 404; 409 without consent; 400 if the step is not among those suggested, or is the first anyway.
    """
    assessment, person = find_assessment(tx, actor, assessment_id, RECOMMENDATION)
    listed = [one[0] for one in assessment.core["interventions"]]
    if chosen not in listed:
        raise Refused(400, Trouble("chosen", "not_listed", chosen, allowed=", ".join(listed[1:])))
    if chosen == listed[0]:
        raise Refused(400, Trouble("chosen", "first_already", chosen))
    number = new_id()
    row = {"id": number, "assessment_id": assessment_id, "participant_id": person.id, "at": tx.now}
    what = {"suggested": listed[0], "chosen": chosen, "code": code, "account_id": actor.account_id}
    sealed = seal_json(tx, person.id, OVERRIDES.c.note, number, words) if words else None
    tx.run(insert(OVERRIDES).values(**row, **what, note=sealed))
    note(tx, actor, "overrode", "participant", person.id, assessment=assessment_id, code=code)
    return number


def objects(tx: Transaction, actor: Actor, assessment_id: str, words: str) -> str:
    """Record a participant's objection: nothing more is worked out about them until a person decided.

    Raises:
        Refused: 404, or 409 where one waits already.
    """
    person, _ = person_with(tx, actor, assessment_id, CONTACT)
    if person.frozen:
        raise Refused(409, Trouble("assessment", "objection_open"))
    number = new_id()
    row = {"id": number, "assessment_id": assessment_id, "participant_id": person.id, "at": tx.now}
    sealed = seal_json(tx, person.id, OBJECTIONS.c.words, number, words)
    tx.run(insert(OBJECTIONS).values(**row, account_id=actor.account_id, words=sealed))
    tx.run(update(PARTICIPANTS).where(PARTICIPANTS.c.id == person.id).values(frozen=True))
    bump(tx, person.id)
    answered.empty(tx, person.mentor_id)  # a kept answer could hold what may not be worked out now
    jobs.forget_people(tx, "", person.organisation_id)  # and a training set what is objected to
    note(tx, actor, "objected", "participant", person.id, assessment=assessment_id)
    return number


def decide(tx: Transaction, actor: Actor, objection_id: str, decision: str, reason: str) -> None:
    """Decide on an objection, as a person; the participant can be assessed again.

    Raises:
        Refused: 404, or 409 if it was decided before or the result objected to is the asking person's own.
    """
    row = tx.one(select(OBJECTIONS).where(OBJECTIONS.c.id == objection_id))
    person = may(tx, actor, row.participant_id if row else "", CONTACT, called="objection")
    assert row is not None
    if row.decided_at is not None:
        raise Refused(409, Trouble("objection", "objection_closed"))
    asked = tx.one(select(ASSESSMENTS.c.account_id).where(ASSESSMENTS.c.id == row.assessment_id))
    if asked is not None and asked.account_id == actor.account_id:
        raise Refused(409, Trouble("objection", "own_result"))
    sealed = seal_json(tx, person.id, OBJECTIONS.c.reason, objection_id, reason)
    values = {"decided_at": tx.now, "decided_by": actor.account_id, "decision": decision, "reason": sealed}
    tx.run(update(OBJECTIONS).where(OBJECTIONS.c.id == objection_id).values(values))
    tx.run(update(PARTICIPANTS).where(PARTICIPANTS.c.id == person.id).values(frozen=False))
    bump(tx, person.id)
    note(tx, actor, "decided", "participant", person.id, objection=objection_id, decision=decision)


def see_objections(tx: Transaction, actor: Actor, view: View) -> Page[dict[str, Any]]:
    """A page of the objections in the organisation that wait for a decision; who is on it is noted.

    Each with `answer_by`, and whether that is over.
    """
    c, there = OBJECTIONS.c, PARTICIPANTS.c.sealed.is_not(None)
    asked = select(OBJECTIONS).join(PARTICIPANTS, PARTICIPANTS.c.id == c.participant_id)
    waiting = asked.where(PARTICIPANTS.c.organisation_id == actor.organisation_id, there, c.decided_at.is_(None))
    since = case((c.at <= tx.now, c.at), else_=tx.now - ANSWERED_WITHIN)  # as `answer_by` has it
    page = page_in(tx, waiting.where(c.words.is_not(None)), {"answer_by": since, "at": c.at}, c.id, view)
    who = [row.participant_id for row in page.rows]
    opened = may_each(tx, actor, tx.all(select(PARTICIPANTS).where(PARTICIPANTS.c.id.in_(who))), CONTACT)
    found = [_objection(tx, row) for row in page.rows if row.participant_id in opened]
    note(
        tx, actor, "saw_objections", "account", actor.account_id, participants=[one["participant_id"] for one in found]
    )
    for one in found:
        one["answer_by"] = answer_by(one["at"], tx.now)
        one["overdue"] = one["answer_by"] <= tx.now
    return page.of(found)


def answer_by(at: datetime, now: datetime) -> datetime:
    """By when an objection of that moment is to be answered: at once where it lies in the future.

    Then the clock went back, and nobody knows how long it has waited.
    """
    return at + ANSWERED_WITHIN if at <= now else now


def _objection(tx: Transaction, row: Any) -> dict[str, Any]:
    def read(column: Column[Any]) -> Any:
        return unseal_json(tx, row.participant_id, column, row.id, row._mapping[column.name])

    found = {name: value for name, value in plain(row).items() if name not in ("words", "reason")}
    found["words"] = read(OBJECTIONS.c.words)
    found["reason"] = read(OBJECTIONS.c.reason) if row.reason else None
    return found


def disagreements(tx: Transaction, actor: Actor, view: View) -> Page[dict[str, Any]]:
    """A page of overrides and objections of the organisation with versions, for an analyst: codes, no person, no words."""
    both = union_all(_told(OVERRIDES, "override", actor), _told(OBJECTIONS, "objection", actor)).subquery()
    page = page_in(tx, select(both), {"at": both.c.at, "of_kind": both.c.kind}, both.c.id, view)
    shown = [(plain(row), _NOT_OF[row.kind]) for row in page.rows]
    return page.of([{name: value for name, value in row.items() if name not in others} for row, others in shown])


def _told(table: Table, kind: str, actor: Actor) -> Select[Any]:
    """What an analyst sees of one of the two tables, with the columns of both."""
    a, mine = ASSESSMENTS.c, PARTICIPANTS.c.organisation_id == actor.organisation_id
    codes = [table.c[name] if name in table.c else cast(null(), String).label(name) for name in _CODES]
    versions = (a.as_of, a.programme_digest, a.model_version, a.model_digest, a.kail_version, a.propensity)
    asked = select(literal(kind).label("kind"), table.c.id, table.c.at, *codes, *versions)
    asked = asked.join(ASSESSMENTS, a.id == table.c.assessment_id)
    return asked.join(PARTICIPANTS, PARTICIPANTS.c.id == table.c.participant_id).where(mine)


def overrides_of(tx: Transaction, person: Person, assessment_id: str) -> list[dict[str, Any]]:
    """Which other steps a mentor chose over those of an assessment, and why, in order."""
    rows = tx.all(select(OVERRIDES).where(OVERRIDES.c.assessment_id == assessment_id).order_by(OVERRIDES.c.at))
    return [
        {
            "at": row.at,
            "chosen": row.chosen,
            "code": row.code,
            "note": unseal_json(tx, person.id, OVERRIDES.c.note, row.id, row.note) if row.note else "",
        }
        for row in rows
    ]


def objections_to(tx: Transaction, person: Person, assessment_id: str) -> list[dict[str, Any]]:
    """What a participant said against an assessment, and what was decided, in order."""
    mine = select(OBJECTIONS).where(OBJECTIONS.c.assessment_id == assessment_id).order_by(OBJECTIONS.c.at)
    return [_objection(tx, row) for row in tx.all(mine) if row.words]
