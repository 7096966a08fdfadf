"""Replay: a stored assessment gives the same bytes again; under another programme it says what differs."""

from __future__ import annotations

import json
import zlib
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from api.assessments import service, stored
from api.assessments.core import differences
from api.assessments.tables import ASSESSMENTS
from api.participants import evidence
from api.participants.gate import RECORD, may
from api.record.crypto import Tampered, unseal
from matcher.programme.criteria import Criterion
from matcher.programme.loading import OKOCE, load_programme
from matcher.programme.rules import rules_on
from tests.changed_programmes import DEARER, OLDER, changed, served
from tests.conftest import EXAMPLES, ROOT
from tests.installation import MORNING, installation
from tests.keys import key_of
from tests.strategies import JAKARTA, participants

WARMI = ROOT / "tests" / "programmes" / "warmi"


@pytest.fixture(scope="module")
def one_kail(tmp_path_factory):
    with installation(tmp_path_factory.mktemp("replays") / "data") as made:
        yield made


def test_criteria_are_called_in_a_core_what_they_always_were():
    """Cores are kept for years and compared byte for byte."""
    asked = [
        (Criterion("signal", "existing_credit", "excludes", ("kur", "commercial")), '["kur", "commercial"]'),
        (Criterion("signal", "amount_asked", "at_most", 10_000_000), "10000000"),
        (Criterion("signal", "credit_ends_on", "is", date(2027, 1, 2)), '"2027-01-02"'),
        (Criterion("signal", "nib", "is", True), "true"),
    ]
    for criterion, value in asked:
        assert criterion.key == f"{criterion.signal} {criterion.op} {value}"
    either = Criterion("any", parts=(asked[3][0], Criterion("step", "P4")))
    assert either.key == "any(nib is true, step P4)"


def stored_bytes(kail, person, assessment):
    """The bytes in the database, opened with nothing but the key."""
    with kail.record.read() as tx:
        row = tx.one(select(ASSESSMENTS).where(ASSESSMENTS.c.id == assessment))
        return zlib.decompress(unseal(key_of(tx.vault, person), row.result, f"assessments.result:{assessment}"))


def signals_as_sent(drawn):
    """The facts of a participant as somebody sends them."""
    facts = {name: vars(fact) for name, fact in drawn.facts.items()}
    return json.loads(json.dumps(facts, default=lambda value: value.isoformat()))


PEOPLE = participants(rules_on(load_programme(OKOCE), MORNING.date()))


@settings(max_examples=max(200, EXAMPLES // 10))
@given(drawn=PEOPLE, later=st.sampled_from([0, 1, 40]), goal=st.sampled_from([None, None, "kur_mikro"]))
def test_stored_assessments_over_random_evidence_replay_byte_for_byte(one_kail, drawn, later, goal):
    kail, mentor = one_kail, one_kail.actors["mentor"]
    kail.clock.now = MORNING
    person = kail.participant()
    signals = signals_as_sent(drawn)
    with kail.record.write() as tx:
        if signals:
            evidence.add(tx, mentor, may(tx, mentor, person, RECORD), kail.live.rules, signals, "en")
    assessment, worked = service.assess(kail.record, kail.live, mentor, person, goal)
    content = stored_bytes(kail, person, assessment)
    kail.clock.now = MORNING + timedelta(days=later)  # a replay is of its own day
    with kail.record.read() as tx:
        kept, _ = stored.find_assessment(tx, mentor, assessment)
    same, again = stored.replay(kail.live, kept)
    assert same
    rewritten = json.dumps(again.outcome.core, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    assert rewritten == content
    assert kept.inputs["digest"] == worked.digest == again.outcome.digest
    assert json.loads(content) == kept.core


# -- another programme -------------------------------------------------------------------------------------------------


def a_ready_person(kail, login="mentor"):
    person = kail.participant(login)
    kail.evidence(
        person, login, **JAKARTA, training_certificate=False, mentoring_sessions=0, mentor_recommendation=False
    )
    kail.evidence(person, login, business_group=False, family_in_business=False, cash_at_hand=0)
    assessment, _ = service.assess(kail.record, kail.live, kail.actors[login], person)
    return person, assessment


def test_after_a_criterion_changed_the_replay_says_so_and_tells_the_difference(small_kail, tmp_path):
    kail = small_kail
    _, assessment = a_ready_person(kail)
    with kail.client("mentor") as client:
        before = client.get(f"/api/v1/assessments/{assessment}/replay").json()
    assert (before["same"], before["difference"], before["values"]) == (True, [], [])
    assert before["versions"]["then"] == before["versions"]["now"]

    with served(kail, changed(tmp_path / "programme", OLDER), "mentor") as client:
        after = client.get(f"/api/v1/assessments/{assessment}/replay?language=en").json()
    assert after["same"] is False
    then, now = (after["versions"][when]["programme"]["digest"] for when in ("then", "now"))
    assert then != now
    assert now == load_programme(tmp_path / "programme").digest
    texts = {one["id"]: one for one in after["difference"] if one["kind"] == "product"}
    assert "kur_super_mikro" in texts
    assert texts["kur_super_mikro"]["gained"] is False
    assert texts["kur_super_mikro"]["why"]
    places = {one["place"]: (one["then"], one["now"]) for one in after["values"]}
    assert places["products.kur_super_mikro.status"] == ("conditions_met", "not_yet")
    assert places["versions.programme.digest"] == (then, now)


def test_a_difference_that_no_word_tells_is_told_as_values(small_kail, tmp_path):
    kail = small_kail
    _, assessment = a_ready_person(kail)
    with served(kail, changed(tmp_path / "programme", DEARER), "mentor") as client:
        after = client.get(f"/api/v1/assessments/{assessment}/replay").json()
    places = {one["place"]: (one["then"], one["now"]) for one in after["values"]}
    then, now = places["products.kur_super_mikro.instalment_idr"]
    assert then < now


def test_inputs_that_the_programme_of_today_cannot_read_are_not_the_same(small_kail, tmp_path):
    kail = small_kail
    _, assessment = a_ready_person(kail)
    with served(kail, WARMI, "mentor") as client:
        after = client.get(f"/api/v1/assessments/{assessment}/replay").json()
    assert after["same"] is False
    assert after["versions"]["now"] is None


# -- tampering ---------------------------------------------------------------------------------------------------------


def test_a_stored_result_that_was_changed_or_moved_is_not_shown(small_kail):
    kail = small_kail
    person, first = a_ready_person(kail)
    second, _ = service.assess(kail.record, kail.live, kail.actors["mentor"], person)
    with kail.record.write() as tx:
        row = tx.one(select(ASSESSMENTS.c.result).where(ASSESSMENTS.c.id == first))
        tx.run(update(ASSESSMENTS).where(ASSESSMENTS.c.id == second).values(result=row.result))
    with kail.record.read() as tx, pytest.raises(Tampered):
        stored.find_assessment(tx, kail.actors["mentor"], second)


def test_differences_name_every_place_and_nothing_else():
    then = {"a": 1, "b": {"c": [1], "d": 2}, "e": 3}
    now = {"a": 1, "b": {"c": [2], "d": 2}, "f": None, "g": 4}
    assert list(differences(then, now)) == [
        {"place": "b.c", "then": [1], "now": [2]},
        {"place": "e", "then": 3, "now": None},
        {"place": "g", "then": None, "now": 4},
    ]
