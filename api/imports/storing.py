"""Storing a row of a sheet: somebody new is registered, somebody known gets the facts that are new."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import select

from api.advice.participant_rows import Rejected
from api.consents.service import Agreement
from api.imports.reading import Line, problem_of
from api.participants import evidence, people
from api.participants.gate import RECORD, Person, may
from api.participants.tables import PARTICIPANTS
from api.record.actor import Actor
from api.record.refusals import Refused, Trouble
from api.record.transaction import Transaction
from matcher.facts.participant import ParticipantError, read_participant
from training_data.columns import CellProblem


class Taken(NamedTuple):
    """What became of a row: whether somebody was registered, and how many facts were new."""

    registered: bool
    facts: int


def take_each(
    tx: Transaction, actor: Actor, lines: Sequence[Line], agreed: Agreement, ids: list[str]
) -> list[Taken | Rejected]:
    """Store rows, each as `take` does; of one that could not be stored, why.

    Whoever is nobody's yet is registered together with the others of that kind, in a few statements for all of them, under
    `ids` that have their keys already, as many as rows; those that are used are taken out.
    """
    found: dict[int, Taken | Rejected] = dict(_take_new(tx, actor, lines, agreed, ids))
    for place, line in enumerate(lines):
        if place not in found:
            try:
                found[place] = take(tx, actor, line, agreed)
            except Rejected as error:
                found[place] = error
    return [found[place] for place in range(len(lines))]


def _take_new(
    tx: Transaction, actor: Actor, lines: Sequence[Line], agreed: Agreement, ids: list[str]
) -> Iterator[tuple[int, Taken | Rejected]]:
    """Register whoever is surely new: known by no NIK and no id, neither in the record nor in another of these rows."""
    index = [people.indices(tx, actor.organisation_id, line.identity, line.ready.id) for line in lines]
    marks = [[one[name] for name in ("nik_index", "own_index") if name in one] for one in index]
    often = Counter(mark for some in marks for mark in some)
    taken = people.who_have(tx, actor.organisation_id, often)
    new = [place for place, some in enumerate(marks) if all(often[mark] == 1 and mark not in taken for mark in some)]
    if not new or "record" not in agreed.purposes:
        return
    who = [(lines[place].identity, lines[place].ready.id) for place in new]
    made = people.register_each(tx, actor, who, agreed, ids)
    del ids[: len(made)]
    facts = [(person, _facts(lines[place])) for person, place in zip(made, new, strict=True)]
    for place, count in zip(new, evidence.store_first(tx, actor, facts, "import"), strict=True):
        yield place, Taken(True, count)


def take(tx: Transaction, actor: Actor, line: Line, agreed: Agreement) -> Taken:
    """Store one row; nothing of it where something stands in its way.

    Raises:
        Rejected: with what that is.
    """
    try:
        return _take(tx, actor, line, agreed)
    except Refused as error:
        problems = [problem_of(trouble.field, trouble) for trouble in error.troubles]
        raise Rejected(line.row, line.ready.id, problems) from None
    except ParticipantError as error:
        problems = [CellProblem(p.field, p.value, p.message) for p in error.problems]
        raise Rejected(line.row, line.ready.id, problems) from None


def _take(tx: Transaction, actor: Actor, line: Line, agreed: Agreement) -> Taken:
    person, is_new = _person(tx, actor, line, agreed)
    before = [] if is_new else evidence.evidence_of(tx, person)
    fresh = _facts(line)
    if not is_new:  # a row alone was checked when it was read; beside what is known it may contradict
        together = [*before, *evidence.as_evidence(fresh, before, tx.now)]
        known = evidence.signals_of(together, line.ready.rules.day)
        read_participant(line.ready.rules, evidence.readable(line.ready.rules, known))
    return Taken(is_new, evidence.store(tx, actor, person, fresh, before, "", source="import"))


def _person(tx: Transaction, actor: Actor, line: Line, agreed: Agreement) -> tuple[Person, bool]:
    """Who a row is about: somebody known by id or NIK, or somebody new."""
    index = people.indices(tx, actor.organisation_id, line.identity, line.ready.id)
    mine = PARTICIPANTS.c.organisation_id == actor.organisation_id
    ids = set()
    for name in ("own_index", "nik_index"):
        if name in index:
            ids |= {
                row.id for row in tx.all(select(PARTICIPANTS.c.id).where(mine, PARTICIPANTS.c[name] == index[name]))
            }
    if len(ids) > 1:
        raise Refused(409, Trouble("nik", "known_nik_index"))
    if ids:
        known = tx.one(select(PARTICIPANTS).where(PARTICIPANTS.c.id == ids.pop()))
        assert known is not None
        if known.mentor_id != actor.account_id:
            by_nik = known.nik_index is not None and known.nik_index == index.get("nik_index")
            raise Refused(409, Trouble(*("nik", "known_nik_index") if by_nik else ("participant", "elsewhere")))
        for name, field_, code in (("nik_index", "nik", "another_nik"), ("own_index", "participant", "another_own_id")):
            if name in index and known._mapping[name] not in (None, index[name]):
                raise Refused(409, Trouble(field_, code))
        return may(tx, actor, known.id, RECORD), False
    return people.register(tx, actor, line.identity, agreed, line.ready.id), True


def _facts(line: Line) -> dict[str, dict[str, Any]]:
    """The facts of a row: true on the row's day."""
    day = line.ready.rules.day
    found = {}
    for name, fact in line.ready.participant.facts.items():
        value = fact.value.isoformat() if hasattr(fact.value, "isoformat") else fact.value
        found[name] = {"value": value, "on": (fact.on or day).isoformat(), "proof": fact.proof}
    return found
