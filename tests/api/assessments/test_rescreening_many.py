"""Re-screening many: page by page the same people are named with the same words as where each is compared alone."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import select, update

from api.assessments import batches, rescreening, service, stored
from api.assessments.changes import changes, unreadable
from api.assessments.gists import alike, marks, told_in
from api.assessments.rescreening import rescreen, rescreen_page
from api.assessments.tables import ASSESSMENTS
from api.assessments.working_out import work_out
from api.consents import service as consents
from api.consents.service import Agreement
from api.participants import evidence
from api.participants.gate import RECOMMENDATION, let_each, may
from api.participants.people import register
from api.participants.tables import EVIDENCE, PARTICIPANTS
from api.record.live import Live
from api.record.refusals import Refused
from matcher.facts.participant import ParticipantError, read_participant
from tests.changed_programmes import ANOTHER_LETTER, DEARER, OLDER, changed, live_with
from tests.installation import MORNING, installation
from tests.strategies import JAKARTA
from training_data.cohort import make_cohort
from words.telling import teller

PEOPLE = 150
DAYS_AGO = (0, 3, 16, 45)
TAX_NUMBER = JAKARTA | {"registered": True, "nib": False, "sku": False, "npwp": True}


def readable_facts(rules, signals):
    """What of a cohort's signals does not contradict the rules, as if it had been true some weeks ago."""
    on = rules.day - timedelta(days=60)
    facts = {
        name: {"value": on.isoformat() if isinstance(value, date) else value, "on": on.isoformat()}
        for name, value in signals.items()
        if name in rules.signals
    }
    while True:
        try:
            read_participant(rules, facts)
            return facts
        except ParticipantError as error:
            wrong = {problem.field.partition(".")[0] for problem in error.problems}
            facts = {name: fact for name, fact in facts.items() if name not in wrong}


def added(tx, kail, actor, facts):
    agreed = Agreement(("record", "recommendation"), "paper", kail.live.today, "2026-11")
    person = register(tx, actor, {"name": "Bu Contoh"}, agreed)
    evidence.add(tx, actor, person, kail.live.rules, facts, "en")
    return person.id


def assessed(tx, kail, actor, person, ago, draw):
    """Store an answer of some days ago: some with a goal, some with what a lot put first."""
    then = MORNING - timedelta(days=ago)
    tx = replace(tx, now=then)
    person = may(tx, actor, person, RECOMMENDATION)
    live = Live(kail.live.programme, kail.live.scorecard, lambda: then)
    running = [product.entry.id for product in live.rules.products if product.suggested]
    goal = draw.choice(running) if draw.random() < 0.2 else None
    inputs = service.inputs_of(tx, person, live, goal)
    found = work_out(live, inputs).outcome
    if len(found.tied) > 1 and draw.random() < 0.5:
        inputs = inputs | {"first": found.tied[-1]}
        found = work_out(live, inputs).outcome
    assert service.store(tx, actor, person, live, inputs, found, "asked")


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    """A few hundred people of two organisations, none like another, assessed on several days."""
    draw = random.Random(7)
    with installation(tmp_path_factory.mktemp("many") / "data") as kail:
        rows = make_cohort(PEOPLE, random_state=3, programme=kail.live.programme)
        with kail.record.write() as tx:
            for place in range(PEOPLE):
                actor = kail.actors["mentor" if place % 3 else "other_mentor"]
                person = added(tx, kail, actor, readable_facts(kail.live.rules, rows.signals(place)))
                if place % 10:
                    assessed(tx, kail, actor, person, draw.choice(DAYS_AGO), draw)
        yield kail


def alone(kail, live, language):
    """Who changed and what is said of it, each compared by themselves."""
    found, t = [], teller(live.rules, language)
    with kail.record.read() as tx:
        for row in tx.all(select(PARTICIPANTS).order_by(PARTICIPANTS.c.id)):
            last = stored.latest_of(tx, [row.id]).get(row.id)
            if last is None:
                continue
            [person] = let_each(tx, None, [row], RECOMMENDATION)
            before = stored.opened(tx, last)
            inputs = service.inputs_of(tx, person, live, before.inputs.get("goal"))
            inputs |= {"first": before.inputs["first"]} if "first" in before.inputs else {}
            try:
                said = changes(before.core, work_out(live, inputs).outcome.core, t)
                again = stored.replay(live, before)[1]
                marks = again and [of(entry) for entry in changes(before.core, again.outcome.core, t)]
                because = ["rules" if again is None or of(e) in marks else "facts_or_time" for e in said]
            except Refused:
                said, because = [unreadable(t)], ["rules"]
            if said:
                entries = tuple(e | {"because": why} for e, why in zip(said, because, strict=True))
                found.append((row.id, row.mentor_id, row.organisation_id, entries))
    return found


def of(entry):
    return entry["kind"], entry["id"], entry["gained"]


def told(found):
    return [(one.participant, one.mentor, one.organisation, one.entries) for one in found]


@pytest.mark.parametrize(
    ("places", "later", "language"),
    [((), 1, "en"), ((), 200, "id"), ((DEARER,), 0, "id"), ((ANOTHER_LETTER, OLDER), 1, "en")],
)
def test_the_same_people_are_named_in_the_same_order_with_the_same_words(
    cohort, tmp_path, monkeypatch, places, later, language
):
    monkeypatch.setattr(batches, "MOST", 60)  # several pages
    live = live_with(cohort, changed(tmp_path / "changed", *places)) if places else cohort.live
    live = Live(live.programme, cohort.live.scorecard, lambda: MORNING + timedelta(days=later))
    expected = alone(cohort, live, language)
    assert told(rescreen(cohort.record, live, language)) == expected
    assert len(expected) > 10 or not places


def test_another_model_and_none_are_compared_alike(cohort):
    card = cohort.live.scorecard
    higher = replace(card, base=card.base + 500)
    closed = replace(card, basis="outcomes", outcome="kept", hold_back_below=10**9)
    for scorecard in (None, higher, closed):
        live = Live(cohort.live.programme, scorecard, cohort.clock)
        expected = alone(cohort, live, "en")
        assert told(rescreen(cohort.record, live, "en")) == expected
        if scorecard is higher:
            assert any(entry["kind"] == "score" for one in expected for entry in one[3])


def test_an_organisation_is_gone_over_by_itself_and_all_pages_together_are_everybody(cohort, tmp_path, monkeypatch):
    monkeypatch.setattr(batches, "MOST", 40)
    live = live_with(cohort, changed(tmp_path / "changed", DEARER))
    for login in ("mentor", "other_mentor"):
        home, found, after = cohort.actors[login].organisation_id, [], ""
        while after is not None:
            begun = after
            page, after, _ = rescreen_page(cohort.record, live, "en", after, keep=False, organisation_id=home)
            assert all(begun < one.participant <= (after or "g") for one in page)
            found += page
        assert told(found) == [one for one in alone(cohort, live, "en") if one[2] == home]


def test_gists_tell_the_same_changes_as_the_answers_themselves(cohort):
    with cohort.record.read() as tx:
        ids = [row.id for row in tx.all(select(PARTICIPANTS.c.id))]
        let_each(tx, None, tx.all(select(PARTICIPANTS)), RECOMMENDATION)
        cores = [stored.opened(tx, row) for row in stored.latest_of(tx, ids).values()]
    t, kinds = teller(cohort.live.rules, "en"), set()
    for before, after in itertools.pairwise(cores):
        said = {of(entry) for entry in changes(before.core, after.core, t)}
        assert marks(told_in(before.content), told_in(after.content)) == said
        assert alike(told_in(before.content), told_in(after.content)) == (not said)
        kinds |= {(kind, gained) for kind, _, gained in said}
    assert kinds >= {
        ("tier", None),
        ("next", None),
        ("goal", None),
        ("score", None),
        ("product", True),
        ("product", False),
    }


# -- what is stored ----------------------------------------------------------------------------------------------------


@pytest.fixture
def winners(small_kail, tmp_path):
    """Five people whom a rule that changed brings a product, and the rules after it."""
    people = [small_kail.participant() for _ in range(5)]
    for person in people:
        small_kail.evidence(person, **TAX_NUMBER)
        service.assess(small_kail.record, small_kail.live, small_kail.actors["mentor"], person)
    live = live_with(small_kail, changed(tmp_path / "letters", ANOTHER_LETTER))
    return small_kail, live, sorted(people)


def places(kail, people):
    with kail.record.read() as tx:
        latest = stored.latest_of(tx, people)
    return [latest[person].place for person in people]


def test_a_page_done_twice_stores_nobody_twice(winners):
    kail, live, people = winners
    page, after, _ = rescreen_page(kail.record, live, "en", keep=True)
    assert [(one.participant, one.stored) for one in page] == [(person, True) for person in people]
    assert after is None
    assert rescreen_page(kail.record, live, "en", keep=True)[:2] == ([], None)
    assert places(kail, people) == [2] * 5


def test_a_page_cut_off_keeps_what_it_stored_and_done_again_stores_the_rest_once(winners, monkeypatch):
    kail, live, people = winners
    monkeypatch.setattr(rescreening, "TOGETHER", 2)
    real, left = rescreening.store, iter([True, True, True])

    def store(*given):
        next(left)  # StopIteration at the fourth: the transaction of the third and fourth is undone
        return real(*given)

    monkeypatch.setattr(rescreening, "store", store)
    monkeypatch.setattr(rescreening, "_HELD_SECONDS", 60)
    with pytest.raises((StopIteration, RuntimeError)):
        rescreen_page(kail.record, live, "en", keep=True)
    assert places(kail, people) == [2, 2, 1, 1, 1]
    monkeypatch.setattr(rescreening, "store", real)
    page, *_ = rescreen_page(kail.record, live, "en", keep=True)
    assert [(one.participant, one.stored) for one in page] == [(person, True) for person in people[2:]]
    assert places(kail, people) == [2] * 5


def test_a_transaction_takes_no_further_one_in_when_its_time_is_over(winners, monkeypatch):
    kail, live, people = winners
    monkeypatch.setattr(rescreening, "_HELD_SECONDS", 0)
    began = []
    real = type(kail.record).write
    monkeypatch.setattr(type(kail.record), "write", lambda record: began.append(1) or real(record))
    assert [one.stored for one in rescreen(kail.record, live, "en", keep=True)] == [True] * 5
    assert len(began) == 5
    assert places(kail, people) == [2] * 5


def test_nothing_is_opened_of_those_who_may_not_be_worked_out(winners):
    kail, live, (withdrawn, expired, objecting, never, winner) = winners
    with kail.record.write() as tx:
        day = kail.live.today
        consents.say(tx, kail.actors["mentor"], withdrawn, "recommendation", given=False, channel="phone", said_on=day)
        consents.say(
            tx, kail.actors["mentor"], expired, "record", given=True, channel="phone", said_on=day, expires_on=day
        )
        tx.run(update(PARTICIPANTS).where(PARTICIPANTS.c.id == objecting).values(frozen=True))
        tx.run(ASSESSMENTS.delete().where(ASSESSMENTS.c.participant_id == never))
        for table, column in ((EVIDENCE, "sealed"), (ASSESSMENTS, "result"), (ASSESSMENTS, "inputs")):
            tx.run(update(table).where(table.c.participant_id != winner).values({column: b"not to be opened"}))
        tx.run(update(PARTICIPANTS).where(PARTICIPANTS.c.id != winner).values(sealed=b"not to be opened"))
    kail.clock.forward(days=1)
    assert [one.participant for one in rescreen(kail.record, live, "en", keep=True)] == [winner]
