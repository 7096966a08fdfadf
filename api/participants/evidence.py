"""Evidence: facts with two clocks, when they were true and when we learnt of them. Only ever added to.

A correction is a new fact for the same day; a fact without a value takes back what was said: from its day on the signal
is unknown, and asked again, until something later is said. The signals of a day are worked out from the facts true by
then: of each signal the latest, and of one day's the one learnt last.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import bindparam, func, insert, select, update

from api.audit.service import note, note_each
from api.participants import people
from api.participants.gate import RECORD, Person, may, seal_json, unseal_each
from api.participants.people import bump
from api.participants.tables import EVIDENCE, PARTICIPANTS
from api.record.actor import Actor
from api.record.crypto import read_json
from api.record.refusals import Refused, Trouble
from api.record.transaction import Transaction, new_id
from api.web.errors import told
from matcher.facts.participant import InputProblem, ParticipantError, as_date, read_participant, read_value
from matcher.message import Message
from matcher.programme.rules import Rules
from words.telling import teller

MOST_FACTS: Final = 200
_ADD: Final = insert(EVIDENCE)
_COUNT_UP: Final = (
    update(PARTICIPANTS).where(PARTICIPANTS.c.id == bindparam("person")).values(version=PARTICIPANTS.c.version + 1)
)
_OF_A_PERSON: Final = (
    select(EVIDENCE.c.id, EVIDENCE.c.sealed, EVIDENCE.c.known_at, EVIDENCE.c.place, EVIDENCE.c.account_id)
    .where(EVIDENCE.c.participant_id == bindparam("person"))
    .order_by(EVIDENCE.c.place)
)
_SEALED: Final = (
    select(EVIDENCE.c.id, EVIDENCE.c.sealed)
    .where(EVIDENCE.c.participant_id == bindparam("person"))
    .order_by(EVIDENCE.c.place)
)
_OF_MANY: Final = select(EVIDENCE.c.participant_id, EVIDENCE.c.id, EVIDENCE.c.sealed, EVIDENCE.c.known_at).order_by(
    EVIDENCE.c.participant_id, EVIDENCE.c.place
)


class Evidence(NamedTuple):
    """A fact as it was recorded. `value` None: what was said for that day is taken back. `sure`: it was confirmed."""

    signal: str
    value: Any
    on: date
    proof: str
    said_by: str
    known_at: datetime
    place: int
    account_id: str | None
    id: str = ""
    sure: bool = False


class Said(msgspec.Struct):
    """What of a fact the signals of a day are worked out from."""

    signal: str
    value: Any
    on: date
    proof: str
    place: int = 0
    sure: bool = False


_SAID: Final = msgspec.json.Decoder(Said)


def evidence_of(tx: Transaction, person: Person) -> list[Evidence]:
    """All facts recorded about a participant, in the order in which they became known."""
    rows = tx.sql.execute(_OF_A_PERSON, {"person": person.id}).all()
    texts = unseal_each(tx, person.id, EVIDENCE.c.sealed, [(fact_id, sealed) for fact_id, sealed, *_ in rows])
    facts = []
    for text, (fact_id, _, known_at, place, account_id) in zip(texts, rows, strict=True):
        said = read_json(text)
        on, proof, by = date.fromisoformat(said["on"]), said["proof"], said["said_by"]
        stated = said["signal"], said["value"], on, proof, by, known_at, place, account_id, fact_id
        facts.append(Evidence(*stated, said.get("sure", False)))
    return facts


def signals_on(tx: Transaction, person: Person, day: date) -> dict[str, dict[str, Any]]:
    """The signals of a day of a participant, as `signals_of` gives them."""
    rows = tx.sql.execute(_SEALED, {"person": person.id}).all()
    return signals_of(_said(tx, person.id, [(fact_id, sealed) for fact_id, sealed in rows]), day)


def signals_of_each(tx: Transaction, persons: Sequence[str], day: date) -> dict[str, dict[str, dict[str, Any]]]:
    """The signals of a day of many people; whoever was erased meanwhile is left out."""
    rows: dict[str, list[tuple[str, Any]]] = {person: [] for person in persons}
    for start in range(0, len(persons), 500):
        some = EVIDENCE.c.participant_id.in_(persons[start : start + 500])
        for person, fact_id, sealed, _ in tx.all(_OF_MANY.where(some)):
            rows[person].append((fact_id, sealed))
    return {
        person: signals_of(_said(tx, person, theirs), day)
        for person, theirs in rows.items()
        if all([sealed is not None for _, sealed in theirs])
    }


def known_of_each(tx: Transaction, persons: Sequence[str]) -> dict[str, list[tuple[datetime, Said]]]:
    """Everything recorded of many people whom the gate let through: of each fact since when it is known, and what it is."""
    rows: dict[str, list[Any]] = {person: [] for person in persons}
    for start in range(0, len(persons), 500):
        some = EVIDENCE.c.participant_id.in_(persons[start : start + 500])
        for row in tx.all(_OF_MANY.where(some)):
            rows[row.participant_id].append(row)
    return {
        person: list(
            zip(
                [row.known_at for row in theirs],
                _said(tx, person, [(row.id, row.sealed) for row in theirs]),
                strict=True,
            )
        )
        for person, theirs in rows.items()
    }


def _said(tx: Transaction, person: str, sealed: Sequence[tuple[str, bytes]]) -> Iterator[Said]:
    for place, text in enumerate(unseal_each(tx, person, EVIDENCE.c.sealed, sealed), 1):
        said: Said = read_json(text, _SAID.decode)
        said.place = place
        yield said


def signals_of(evidence: Iterable[Evidence | Said], day: date) -> dict[str, dict[str, Any]]:
    """The signals of a day as `read_participant` takes them: {value, on, proof, sure}."""
    latest: dict[str, Evidence | Said] = {}
    for fact in evidence:
        before = latest.get(fact.signal)
        if fact.on <= day and (before is None or (fact.on, fact.place) >= (before.on, before.place)):
            latest[fact.signal] = fact
    return {
        name: {"value": fact.value, "on": fact.on.isoformat()} | _further(fact)
        for name, fact in latest.items()
        if fact.value is not None
    }


def _further(fact: Evidence | Said) -> dict[str, Any]:
    """What is said beside value and day; what does not stand leaves no trace, so that old inputs keep their bytes."""
    return ({"proof": fact.proof} if fact.proof else {}) | ({"sure": True} if fact.sure else {})


def readable(rules: Rules, signals: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The signals without those that the rules of today no longer have, or no longer with that value: they are unknown."""
    return {
        name: fact
        for name, fact in signals.items()
        if name in rules.signals
        and not rules.signals[name].derived
        and read_value(rules.signals[name], fact["value"])[1] is None
    }


def see(tx: Transaction, actor: Actor, person_id: str, noted: str = "saw_evidence") -> tuple[Person, list[Evidence]]:
    """A participant with everything recorded about them.

    Raises:
        Refused: 404, or 409 without consent.
    """
    person = people.see(tx, actor, person_id, noted, RECORD)
    return person, evidence_of(tx, person)


def record(
    tx: Transaction,
    actor: Actor,
    person_id: str,
    rules: Rules,
    facts: Any,
    language: str,
    said_by: str = "",
    version: int | None = None,
) -> tuple[int, int]:
    """Record facts as `add` does; return how many were new and the participant's new version.

    `version`: the one that was read, where that matters.

    Raises:
        Refused: 404; 409 without consent or where the participant was changed since; 400 with every problem.
    """
    person = may(tx, actor, person_id, RECORD, version)
    new = add(tx, actor, person, rules, facts, language, said_by)
    return new, person.version + bool(new)


def add(
    tx: Transaction, actor: Actor, person: Person, rules: Rules, facts: Any, language: str, said_by: str = ""
) -> int:
    """Record facts of whom `may` let through, {signal: value or {value, on, proof, sure}}; null takes back what was said.

    All of them or none.

    Returns how many were new: a fact that already stands is not written twice.

    Raises:
        Refused: 400 with every problem, among them that facts of one day contradict each other.
    """
    before = evidence_of(tx, person)
    fresh = read_facts(rules, facts, language, {fact.signal for fact in before})
    todays = readable(rules, signals_of([*before, *as_evidence(fresh, before, tx.now)], rules.day))
    _check(rules, todays, language, "signals.")
    return store(tx, actor, person, fresh, before, said_by)


def read_facts(rules: Rules, facts: Any, language: str, recorded: Collection[str] = ()) -> dict[str, dict[str, Any]]:
    """Check facts one by one: {signal: {value, on, proof, sure where it is}}, `on` filled in.

    What is among the `recorded` signals can be taken back even where the programme no longer has it.

    Raises:
        Refused: 400, with every problem.
    """
    if not isinstance(facts, Mapping) or not facts or len(facts) > MOST_FACTS:
        raise Refused(400, Trouble("signals", "no_facts", most=MOST_FACTS))
    problems: list[InputProblem] = []
    fresh: dict[str, dict[str, Any]] = {}
    for name, raw in facts.items():
        fact = dict(raw) if isinstance(raw, Mapping) else {"value": raw}
        gone = "value" in fact and fact["value"] is None
        if gone and name in recorded and name not in rules.signals:
            fresh[name] = {"value": None, "on": rules.day.isoformat(), "proof": ""}
            continue
        try:
            probe = {**fact, "value": _any_value(rules, name)} if gone else fact
            read = read_participant(rules, {name: probe}).facts.get(name)
        except ParticipantError as error:
            problems += error.problems
            continue
        if read is None and not gone:
            problems.append(InputProblem(name, fact.get("value"), Message("value_missing", {"signal": name})))
            continue
        on = as_date(fact["on"]) if fact.get("on") else rules.day
        value = None if gone or read is None else read.value
        written = value.isoformat() if isinstance(value, date) else value
        proof = "" if value is None else fact.get("proof") or ""  # what is taken back needs none
        fresh[name] = {"value": written, "on": (on or rules.day).isoformat(), "proof": proof}
        fresh[name] |= {"sure": True} if read is not None and read.sure and not gone else {}
    if problems:
        raise Refused.told(400, told(teller(rules, language), problems, "signals."))
    return fresh


def _any_value(rules: Rules, name: str) -> Any:
    """A legal value of a signal, so that the rest of a fact can be checked; None where there is no such signal."""
    signal = rules.signals.get(name)
    if signal is None or signal.derived:
        return ""
    plain = {"yes_no": True, "number": signal.minimum, "money": signal.minimum, "date": rules.day, "choices": []}
    return plain.get(signal.kind) if signal.kind in plain else next(iter(signal.values))


def _check(rules: Rules, signals: Mapping[str, Any], language: str, prefix: str) -> None:
    try:
        read_participant(rules, signals)
    except ParticipantError as error:
        raise Refused.told(400, told(teller(rules, language), error.problems, prefix)) from None


def as_evidence(fresh: Mapping[str, Mapping[str, Any]], before: list[Evidence], now: datetime) -> list[Evidence]:
    """Facts not stored yet, as they will stand after those before them."""
    place = max((fact.place for fact in before), default=0)
    return [
        Evidence(
            *(name, fact["value"], date.fromisoformat(fact["on"]), fact["proof"], "", now, place + number, None),
            sure=fact.get("sure", False),
        )
        for number, (name, fact) in enumerate(fresh.items(), 1)
    ]


def _says_more(name: str, fact: Mapping[str, Any], before: list[Evidence]) -> bool:
    """Whether a fact is not what stands for its day already; one without a value: whether there is anything to take back."""
    if fact["value"] is None:
        return name in signals_of(before, date.fromisoformat(fact["on"]))
    standing = {(one.signal, one.on.isoformat()): one for one in before}
    one = standing.get((name, fact["on"]))  # confirmed it stays where the same is said once more
    return not one or (one.value, one.proof) != (fact["value"], fact["proof"]) or fact.get("sure", False) > one.sure


def store(
    tx: Transaction,
    actor: Actor,
    person: Person,
    fresh: Mapping[str, Mapping[str, Any]],
    before: list[Evidence],
    said_by: str,
    source: str = "",
) -> int:
    """Write the facts that do not stand already; return how many there were."""
    new = {name: fact for name, fact in fresh.items() if _says_more(name, fact, before)}
    place = tx.one(select(func.max(EVIDENCE.c.place)).where(EVIDENCE.c.participant_id == person.id))
    rows = _rows(tx, actor, person, new, (place[0] or 0) if place else 0, said_by)
    if rows:
        tx.sql.execute(_ADD, rows)  # one statement for all rows would be put together anew for each number of them
        bump(tx, person.id)
        note(tx, actor, "added_evidence", "participant", person.id, **_detail(rows, source))
    return len(rows)


def store_first(
    tx: Transaction, actor: Actor, people: Sequence[tuple[Person, Mapping[str, Mapping[str, Any]]]], source: str
) -> list[int]:
    """Write the facts of people of whom nothing is known yet; return how many there were of each."""
    rows = {person.id: _rows(tx, actor, person, fresh, 0, "") for person, fresh in people}
    some = [name for name, found in rows.items() if found]
    if some:
        tx.sql.execute(_ADD, [row for name in some for row in rows[name]])
        tx.sql.execute(_COUNT_UP, [{"person": name} for name in some])
        details = {name: _detail(rows[name], source) for name in some}
        note_each(tx, actor, "added_evidence", "participant", details)
    return [len(rows[person.id]) for person, _ in people]


def _rows(
    tx: Transaction, actor: Actor, person: Person, facts: Mapping[str, Mapping[str, Any]], last: int, said_by: str
) -> list[dict[str, Any]]:
    """The rows of facts, after the last place that is taken."""
    rows = []
    for number, (name, fact) in enumerate(facts.items(), last + 1):
        fact_id = new_id()
        said = {"signal": name, **fact, "said_by": said_by}
        sealed = seal_json(tx, person.id, EVIDENCE.c.sealed, fact_id, said)
        row = {"id": fact_id, "participant_id": person.id, "place": number, "known_at": tx.now}
        rows.append({**row, "account_id": actor.account_id, "sealed": sealed})
    return rows


def _detail(rows: Sequence[Any], source: str) -> dict[str, Any]:
    return {"facts": len(rows)} | ({"source": source} if source else {})
