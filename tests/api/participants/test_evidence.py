"""Evidence: two clocks, corrections as new facts, nothing ever changed or taken away, and two people at once."""

from __future__ import annotations

import itertools
import threading
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from api.assessments import service
from api.assessments.stored import find_assessment
from api.participants import evidence, people
from api.participants.evidence import Evidence, evidence_of, signals_of
from api.participants.gate import RECORD, may
from api.participants.tables import EVIDENCE
from api.record.refusals import Refused
from matcher.programme.rules import rules_on
from tests.conftest import EXAMPLES
from tests.every_table import METADATA
from tests.installation import MORNING, installation

TODAY = date(2026, 11, 21)
VALUES = {
    "nib": [True, False],
    "cash_at_hand": [0, 5_000, 200_000],
    "monthly_profit": [-100_000, 0, 3_000_000],
    "came_for": ["capital", "buyers"],
    "existing_credit": [[], ["kur"], ["kur", "commercial"]],
    "months_of_books": [0, 3],
}
AGES = [0, 0, 1, 2, 30, 31, 200, 400]
PROOFS = {"nib": ["", "document"], "monthly_profit": ["", "seen"]}


# -- the signals of a day ----------------------------------------------------------------------------------------------


def naive(facts, day):
    """What is known on a day, found by looking at every day before it, and at what was said last for the first that has any."""
    known = {}
    for signal in {fact[0] for fact in facts}:
        for back in range(500):
            said = [fact for fact in facts if fact[0] == signal and fact[2] == day - timedelta(days=back)]
            if said:
                if said[-1][1] is not None:
                    known[signal] = (said[-1][1], said[-1][2].isoformat(), said[-1][3])
                break
    return known


def plain(signals):
    return {name: (one["value"], one["on"], one.get("proof", "")) for name, one in signals.items()}


@st.composite
def a_fact(draw):
    name = draw(st.sampled_from(sorted(VALUES)))
    value = draw(st.sampled_from([None, *VALUES[name], *VALUES[name]]))
    on = TODAY - timedelta(days=draw(st.sampled_from(AGES)))
    return name, value, on, draw(st.sampled_from(PROOFS.get(name, [""]))) if value is not None else ""


@given(facts=st.lists(a_fact(), max_size=12), shuffled=st.randoms(use_true_random=False))
def test_of_each_signal_the_latest_fact_counts_and_of_one_days_the_one_learnt_last(facts, shuffled):
    stored = [Evidence(*fact, "", MORNING, place, None) for place, fact in enumerate(facts, 1)]
    shuffled.shuffle(stored)  # the order in which they are read does not matter
    for day in (TODAY - timedelta(days=back) for back in (0, 1, 2, 29, 30, 31, 199, 200, 400, 401)):
        assert plain(signals_of(stored, day)) == naive(facts, day)


@pytest.fixture(scope="module")
def one_kail(tmp_path_factory):
    with installation(tmp_path_factory.mktemp("facts") / "data") as made:
        yield made


def record_facts(kail, person, facts, login="mentor", said_by=""):
    with kail.record.write() as tx:
        who = may(tx, kail.actors[login], person, RECORD)
        return evidence.add(tx, kail.actors[login], who, kail.live.rules, facts, "en", said_by)


def stored_rows(kail, person):
    with kail.record.read() as tx:
        mine = select(EVIDENCE).where(EVIDENCE.c.participant_id == person).order_by(EVIDENCE.c.place)
        return [tuple(row) for row in tx.all(mine)]


def signals_today(kail, person):
    with kail.record.read() as tx:
        return signals_of(evidence_of(tx, may(tx, kail.actors["mentor"], person, RECORD)), kail.live.rules.day)


@settings(max_examples=EXAMPLES // 8)  # each is some twenty transactions
@given(facts=st.lists(a_fact(), min_size=1, max_size=10))
def test_facts_recorded_one_by_one_are_only_ever_added_and_say_what_a_list_of_them_says(one_kail, facts):
    person = one_kail.participant()
    kept, rows = [], []
    for name, value, on, proof in facts:
        fact = {"value": value, "on": on.isoformat()} | ({"proof": proof} if proof else {})
        standing = naive(kept, on)
        said = [one for one in kept if one[0] == name and one[2] == on]
        already = (said and said[-1][1:] == (value, on, proof)) or (value is None and name not in standing)
        try:
            new = record_facts(one_kail, person, {name: fact})
        except Refused as refused:  # it contradicts another fact, and nothing was written
            assert refused.status == 400
            assert naive([*kept, (name, value, on, proof)], TODAY).keys() & {"existing_credit", "months_of_books"}
            assert stored_rows(one_kail, person) == rows
            continue
        assert new == (0 if already else 1)
        if new:
            kept.append((name, value, on, proof))
        longer = stored_rows(one_kail, person)
        assert longer[: len(rows)] == rows
        assert len(longer) == len(kept)
        rows = longer
        assert record_facts(one_kail, person, {name: fact}) == 0  # the same once more writes nothing
        assert stored_rows(one_kail, person) == rows
        assert plain(signals_today(one_kail, person)) == naive(kept, TODAY)


def test_both_clocks_and_whoever_said_it_are_kept(small_kail):
    person = small_kail.participant()
    record_facts(small_kail, person, {"nib": {"value": False, "on": "2026-10-01"}}, said_by="Bu Ani")
    small_kail.clock.forward(days=3)
    record_facts(small_kail, person, {"nib": {"value": True, "on": "2026-10-01", "proof": "document"}})
    with small_kail.client("mentor") as client:
        told = client.get(f"/api/v1/participants/{person}/evidence").json()["evidence"]
        today = client.get(f"/api/v1/participants/{person}").json()["signals"]
    assert [(f["value"], f["on"], f["proof"], f["said_by"], f["known_at"][:10]) for f in told] == [
        (False, "2026-10-01", "", "Bu Ani", "2026-11-21"),
        (True, "2026-10-01", "document", "", "2026-11-24"),
    ]
    assert today == {"nib": {"value": True, "on": "2026-10-01", "proof": "document"}}


def test_a_fact_taken_back_is_unknown_until_something_later_is_said(small_kail):
    person = small_kail.participant()
    record_facts(small_kail, person, {"nib": {"value": True, "on": "2026-01-10"}})
    assert record_facts(small_kail, person, {"nib": None}) == 1
    assert signals_today(small_kail, person) == {}
    assert record_facts(small_kail, person, {"nib": None}) == 0
    assert record_facts(small_kail, person, {"sku": None}) == 0
    small_kail.clock.forward(days=1)
    record_facts(small_kail, person, {"nib": False})
    assert signals_today(small_kail, person) == {"nib": {"value": False, "on": "2026-11-22"}}
    assert len(stored_rows(small_kail, person)) == 3


# -- time --------------------------------------------------------------------------------------------------------------

NO_OTHER_WAY = {
    **dict.fromkeys(["training_certificate", "mentor_recommendation", "business_group", "family_in_business"], False),
    **{"mentoring_sessions": 0, "business_running": True, "nib": True, "arrears_idr": 0, "slik_class": "none"},
    **{"existing_credit": [], "productive_credit_ever": [], "wants_capital": True, "amount_asked": 5_000_000},
}
"""Whoever meets the conditions of KUR Super Mikro if, and only if, the business is six months old."""


@pytest.mark.parametrize(
    ("months", "on", "met"),
    [
        (4, "2026-09-21", True),
        (4, "2026-09-22", False),
        (5, "2026-10-21", True),
        (5, "2026-10-22", False),
        (0, "2026-05-21", True),
        (0, "2026-05-22", False),
        (6, "2026-11-21", True),
    ],
)
def test_a_business_grows_older_by_itself_from_the_day_its_age_was_true(small_kail, months, on, met):
    person = small_kail.participant()
    small_kail.evidence(person, **NO_OTHER_WAY, business_age_months={"value": months, "on": on})
    _, worked = service.assess(small_kail.record, small_kail.live, small_kail.actors["mentor"], person)
    assert worked.core["products"]["kur_super_mikro"]["status"] == ("conditions_met" if met else "not_yet")
    assert signals_today(small_kail, person)["business_age_months"]["value"] == months  # what was said stays as it was


@pytest.mark.parametrize(("age", "stale"), [(30, []), (31, ["arrears_idr"])])
def test_a_stale_fact_is_asked_again_but_stays_on_record(small_kail, age, stale):
    person = small_kail.participant()
    on = (TODAY - timedelta(days=age)).isoformat()
    small_kail.evidence(person, **{**NO_OTHER_WAY, "arrears_idr": {"value": 0, "on": on}}, business_age_months=24)
    assessment, worked = service.assess(small_kail.record, small_kail.live, small_kail.actors["mentor"], person)
    with small_kail.client("mentor") as client:
        told = client.get(f"/api/v1/assessments/{assessment}").json()
    assert told["stale"] == stale
    assert worked.core["products"]["kur_super_mikro"]["status"] == ("ask" if stale else "conditions_met")
    assert signals_today(small_kail, person)["arrears_idr"] == {"value": 0, "on": on}


# -- refusals ----------------------------------------------------------------------------------------------------------


def post(kail, person, signals, **more):
    with kail.client("mentor") as client:
        return client.post(f"/api/v1/participants/{person}/evidence?language=en", json={"signals": signals, **more})


@pytest.mark.parametrize(
    ("facts", "fields"),
    [
        ({"nib": {"value": True, "on": "2026-11-22"}}, ["signals.nib.on"]),
        ({"nib": {"value": None, "on": "2026-11-22"}}, ["signals.nib.on"]),
        ({"nib": {"value": True, "on": "yesterday"}}, ["signals.nib.on"]),
        ({"nib": "yes", "cash_at_hand": -1, "nbi": True, "any_permit": True}, ["signals.any_permit", "signals.cash_at_hand", "signals.nbi", "signals.nib"]),
        ({"nib": {"value": True, "proof": "hearsay"}}, ["signals.nib.proof"]),
        ({"nib": {"value": True, "when": "2026-01-01"}}, ["signals.nib.when"]),
        ({"nib": {"on": "2026-01-01"}}, ["signals.nib"]),
        ({"nib": ""}, ["signals.nib"]),
        ({"months_of_books": 8, "business_age_months": 3, "business_running": True}, ["signals.business_age_months"]),
        ({"existing_credit": ["kur"], "productive_credit_ever": []}, ["signals.productive_credit_ever"]),
        ({}, ["signals"]),
        (["nib"], ["signals"]),
    ],
)  # fmt: skip
def test_a_wrong_fact_is_refused_with_every_problem_and_nothing_is_written(small_kail, facts, fields):
    person = small_kail.participant()
    answer = post(small_kail, person, facts)
    assert answer.status_code == 400, answer.text
    problems = answer.json()["problems"]
    assert sorted({problem["field"] for problem in problems}) == fields
    assert all(problem["message"] and problem["remedy"] for problem in problems)
    assert stored_rows(small_kail, person) == []


def test_one_wrong_fact_keeps_the_right_ones_beside_it_from_being_written(small_kail):
    person = small_kail.participant()
    assert post(small_kail, person, {"nib": True, "sku": "maybe"}).status_code == 400
    assert stored_rows(small_kail, person) == []


def test_a_fact_that_contradicts_an_earlier_one_is_refused_until_that_is_corrected(small_kail):
    person = small_kail.participant()
    small_kail.evidence(person, business_running=True, months_of_books=8)
    answer = post(small_kail, person, {"business_age_months": 3})
    assert answer.status_code == 400
    assert [problem["field"] for problem in answer.json()["problems"]] == ["signals.business_age_months"]
    assert post(small_kail, person, {"business_age_months": 3, "months_of_books": 2}).status_code == 201


def test_a_fact_is_for_ones_own_participants_only(small_kail):
    person = small_kail.participant("mentor2")
    for login in ("mentor", "other_mentor"):
        with small_kail.client(login) as client:
            answer = client.post(f"/api/v1/participants/{person}/evidence", json={"signals": {"nib": True}})
            unknown = client.post("/api/v1/participants/nobody/evidence", json={"signals": {"nib": True}})
        assert (answer.status_code, answer.json()) == (404, unknown.json())
    assert stored_rows(small_kail, person) == []


# -- two at once -------------------------------------------------------------------------------------------------------


def everything(kail):
    """Every row of the database, but for sessions and counted tries."""
    with kail.record.read() as tx:
        tables = [table for table in METADATA.sorted_tables if table.name not in ("sessions", "tries")]
        return {table.name: sorted(map(repr, tx.all(select(table)))) for table in tables}


def test_of_two_stale_forms_the_second_is_refused_and_the_record_stays_as_the_first_left_it(kail):
    person = kail.participant()
    url = f"/api/v1/participants/{person}"
    with kail.client("mentor") as client:  # one for both: what a service notes at its end is not what they did
        read = client.get(url).json()["version"]
        assert client.patch(url, json={"name": "Bu Ani Wijaya", "version": read}).status_code == 200
        left = everything(kail)
        late = [
            client.patch(url, json={"name": "Bu Anny", "version": read}),
            client.post(f"{url}/evidence", json={"signals": {"nib": True}, "version": read}),
            client.post(f"{url}/erasure", json={"version": read}),
        ]
        assert [answer.status_code for answer in late] == [409] * 3
        assert all(answer.json()["problems"][0]["field"] == "version" for answer in late)
        body = {"mentor_id": kail.actors["mentor2"].account_id, "version": read}
        client.cookies.clear()
        assert client.post(f"{url}/mentor", json=body, headers=kail.headers("operator")).status_code == 409
        assert everything(kail) == left


def test_every_change_to_a_participant_makes_an_older_form_stale(small_kail):
    person = small_kail.participant()
    url = f"/api/v1/participants/{person}"
    agree = {"purpose": "training", "given": True, "channel": "spoken"}
    with small_kail.client("mentor") as client:
        versions = [client.get(url).json()["version"]]
        for path, body in (("evidence", {"signals": {"nib": True}}), ("consents", agree)):
            assert client.post(f"{url}/{path}", json=body).status_code == 201
            versions.append(client.get(url).json()["version"])
        assessment = client.post(f"{url}/assessments", json={}).json()["id"]
        client.post(f"/api/v1/assessments/{assessment}/objection", json={"words": "That is wrong."})
        versions.append(client.get(url).json()["version"])
    assert versions == sorted(set(versions))


@pytest.mark.parametrize("edit", ["identity", "facts"])
def test_of_two_people_editing_at_the_same_moment_one_wins_and_the_other_is_told(kail, edit):
    person, start, outcome = kail.participant(), threading.Barrier(2), {}

    def work(number):
        actor = kail.actors["mentor"]
        start.wait()
        try:
            with kail.record.write() as tx:
                if edit == "identity":
                    people.change(tx, actor, person, 1, {"name": f"Bu {number}"})
                else:
                    facts = {"cash_at_hand": number}
                    evidence.record(tx, actor, person, kail.live.rules, facts, "en", version=1)
            outcome[number] = 201
        except Refused as refused:
            outcome[number] = refused.status

    threads = [threading.Thread(target=work, args=(number,)) for number in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcome.values()) == [201, 409]
    winner = next(number for number, status in outcome.items() if status == 201)
    with kail.record.read() as tx:
        who = may(tx, kail.actors["mentor"], person, RECORD)
        assert who.version == 2
        if edit == "identity":
            assert who.identity["name"] == f"Bu {winner}"
        else:
            assert [fact.value for fact in evidence_of(tx, who)] == [winner]


def test_facts_from_two_sides_at_once_are_all_kept_in_one_order(kail):
    person = kail.participant()

    def work(name, values):
        for value in values:
            record_facts(kail, person, {name: value})

    jobs = [("cash_at_hand", range(1, 9)), ("came_for", itertools.islice(itertools.cycle(["capital", "buyers"]), 8))]
    threads = [threading.Thread(target=work, args=job) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with kail.record.read() as tx:
        who = may(tx, kail.actors["mentor"], person, RECORD)
        facts = evidence_of(tx, who)
    assert [fact.place for fact in facts] == list(range(1, 17))
    assert [fact.value for fact in facts if fact.signal == "cash_at_hand"] == list(range(1, 9))
    assert who.version == 17


def test_a_fact_that_the_programme_no_longer_has_is_unknown_and_can_be_taken_back(small_kail):
    person = small_kail.participant()
    small_kail.evidence(person)
    small_kail.evidence(person, sector="fashion")
    fewer = {code: text for code, text in small_kail.live.rules.signals["sector"].values.items() if code != "fashion"}
    signals = tuple(
        replace(signal, values=fewer) if signal.id == "sector" else signal
        for signal in small_kail.live.programme.signals
    )
    live = replace(small_kail.live, programme=replace(small_kail.live.programme, signals=signals, digest="f" * 64))

    actor = small_kail.actors["mentor"]
    made, _ = service.assess(small_kail.record, live, actor, person)
    with small_kail.record.write() as tx:
        assert "sector" not in find_assessment(tx, actor, made)[0].inputs["signals"]
        rules = rules_on(live.programme, date(2026, 11, 21))
        assert evidence.add(tx, actor, may(tx, actor, person, RECORD), rules, {"nib": True}, "en") == 1
