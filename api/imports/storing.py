"""Storing a row of a sheet: somebody new is registered, somebody known gets the facts that are new."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from api.advice.participant_rows import Rejected
from api.consents.service import Agreement
from api.imports.reading import Line, problem_of
from api.participants import evidence, people
from api.participants.gate import CONTACT, RECORD, Person, may, may_each
from api.participants.lookups import own_marks, truly_have, who_have, who_share, words_of
from api.record.actor import Actor
from api.record.refusals import Refused, Trouble
from api.record.transaction import Transaction
from matcher.facts.doubts import Doubted
from matcher.facts.participant import ParticipantError, know, read_participant
from training_data.columns import CellProblem


class Taken(NamedTuple):
    """What became of a row: whether somebody was registered, how many facts were new, what of them is doubtful."""

    registered: bool
    facts: int
    doubts: tuple[Doubted, ...] = ()


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
    """Register whoever is surely new: who has a NIK or an id that nobody has, neither in the record nor in another row."""
    marks = [list(_own_marks(tx, actor, line).values()) for line in lines]
    often = Counter(mark for some in marks for mark in some)
    taken = who_have(tx, list(often))
    new = [
        place
        for place, some in enumerate(marks)
        if some and all(often[mark] == 1 and mark not in taken for mark in some)
    ]
    if not new or "record" not in agreed.purposes:
        return
    who = [(lines[place].identity, lines[place].ready.id) for place in new]
    made = people.register_each(tx, actor, who, agreed, ids)
    del ids[: len(made)]
    facts = [(person, _facts(lines[place])) for person, place in zip(made, new, strict=True)]
    for place, count in zip(new, evidence.store_first(tx, actor, facts, "import"), strict=True):
        ready = lines[place].ready
        yield place, Taken(True, count, know(ready.rules, ready.participant).doubts)


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
    fresh, participant, said = _facts(line), line.ready.participant, line.ready.participant.facts
    if not is_new:  # a row alone was checked when it was read; beside what is known it may contradict
        together = [*before, *evidence.as_evidence(fresh, before, tx.now)]
        known = evidence.signals_of(together, line.ready.rules.day)
        participant = read_participant(line.ready.rules, evidence.readable(line.ready.rules, known))
    doubts = [one for one in know(line.ready.rules, participant).doubts if not said.keys().isdisjoint(one.signals)]
    return Taken(is_new, evidence.store(tx, actor, person, fresh, before, "", source="import"), tuple(doubts))


def _person(tx: Transaction, actor: Actor, line: Line, agreed: Agreement) -> tuple[Person, bool]:
    """Who a row is about: somebody known by id or NIK, or somebody new."""
    marks = _own_marks(tx, actor, line)
    if not marks and (known_by_phone := _by_phone(tx, actor, line)):
        return known_by_phone, False
    having = truly_have(tx, list(marks.values()))
    known = {row.id: row for row in having.values()}
    if len(known) > 1:
        raise Refused(409, Trouble("nik", "known_nik"))
    for row in known.values():
        if row.mentor_id != actor.account_id:
            by_nik = marks.get("nik") in having
            raise Refused(409, Trouble(*("nik", "known_nik") if by_nik else ("participant", "elsewhere")))
        person = may(tx, actor, row.id, RECORD)
        for name, field, code in (("nik", "nik", "another_nik"), ("own_id", "participant", "another_own_id")):
            if name in marks and name in person.identity and marks[name] not in having:
                raise Refused(409, Trouble(field, code))
        return person, False
    return people.register(tx, actor, line.identity, agreed, line.ready.id), True


def _by_phone(tx: Transaction, actor: Actor, line: Line) -> Person | None:
    """Who has the phone of a row that names no NIK and no id: the mentor's own participant of that name, or nobody.

    Raises:
        Refused: 409 where it is another's, or another name has it: whether they are one, only a person can tell.
    """
    found = who_share(tx, actor.organisation_id, "phone", line.identity["phone"])
    rows = [row for some in found for row in some if row.organisation_id == actor.organisation_id]
    opened = may_each(tx, None, rows, CONTACT).values()
    theirs = [one for one in opened if one.identity.get("phone") == line.identity["phone"]]
    if not theirs:
        return None
    mine = [row for row in rows if row.id == theirs[0].id and row.mentor_id == actor.account_id]
    same = words_of(theirs[0].identity.get("name", "")) == words_of(line.identity["name"])
    if len(theirs) > 1 or not mine or not same:
        raise Refused(409, Trouble("phone", "looks_like_somebody"))
    return may(tx, actor, theirs[0].id, RECORD)


def _own_marks(tx: Transaction, actor: Actor, line: Line) -> dict[str, bytes]:
    return own_marks(tx.keys, actor.organisation_id, {**line.identity, "own_id": line.ready.id})


def _facts(line: Line) -> dict[str, dict[str, Any]]:
    """The facts of a row: true on the row's day."""
    day = line.ready.rules.day
    found = {}
    for name, fact in line.ready.participant.facts.items():
        value = fact.value.isoformat() if hasattr(fact.value, "isoformat") else fact.value
        found[name] = {"value": value, "on": (fact.on or day).isoformat(), "proof": fact.proof}
        found[name] |= {"sure": True} if fact.sure else {}
    return found
