"""Disagreement: another step chosen, an objection that stops everything until a person decides, and the lot among ties."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update

from api.accounts.tables import ACCOUNTS
from api.assessments import disagreement, service, switches
from api.assessments.rescreening import rescreen
from api.assessments.tables import ASSESSMENTS, OBJECTIONS, OVERRIDES
from api.record.refusals import Refused

TIED = {
    "registered": True,
    "ktp_dki": True,
    "came_for": "permit",
    "wants_business": True,
    "business_running": True,
    "business_age_months": 24,
    "nib": True,
    "bpjs": True,
    "sku": False,
    "npwp": False,
    "monthly_profit": 3_000_000,
    "monthly_instalments": 0,
    "household_need": 1_500_000,
    "cash_at_hand": 200_000,
    "wants_capital": False,
    "arrears_idr": 0,
}
"""Somebody for whom an SKU and an NPWP are equally near: both free, both three days, no study of either."""


@pytest.fixture
def assessed(small_kail):
    """An installation, a participant of its mentor and their first assessment."""
    person = small_kail.participant()
    small_kail.evidence(person)
    assessment, worked = service.assess(small_kail.record, small_kail.live, small_kail.actors["mentor"], person)
    return small_kail, person, assessment, [one[0] for one in worked.core["interventions"]]


def rows(kail, table):
    with kail.record.read() as tx:
        return [row._mapping for row in tx.all(select(table))]


# -- another step ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", disagreement.CODES)
def test_a_mentor_may_choose_another_suggested_step_for_a_coded_reason(assessed, code):
    kail, person, assessment, listed = assessed
    with kail.client("mentor") as client:
        body = {"chosen": listed[-1], "code": code, "note": "Bu Ani goes to her mother first."}
        assert client.post(f"/api/v1/assessments/{assessment}/override", json=body).status_code == 201
    (row,) = rows(kail, OVERRIDES)
    assert (row["suggested"], row["chosen"], row["code"]) == (listed[0], listed[-1], code)
    assert (row["participant_id"], row["assessment_id"]) == (person, assessment)
    assert b"mother" not in row["note"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"chosen": "a_lottery_ticket", "code": "too_far"}, "chosen"),
        ({"chosen": "FIRST", "code": "too_far"}, "chosen"),
        ({"chosen": "OTHER", "code": "a whim"}, "code"),
        ({"chosen": "OTHER", "code": "other"}, "note"),
        ({"chosen": "OTHER"}, "code"),
        ({"code": "too_far"}, "chosen"),
    ],
)
def test_an_override_is_one_of_the_suggested_steps_with_a_reason(assessed, body, field):
    kail, _, assessment, listed = assessed
    body = {name: {"FIRST": listed[0], "OTHER": listed[1]}.get(text, text) for name, text in body.items()}
    with kail.client("mentor") as client:
        answer = client.post(f"/api/v1/assessments/{assessment}/override", json=body)
    assert answer.status_code == 400
    assert field in [problem["field"] for problem in answer.json()["problems"]]
    assert rows(kail, OVERRIDES) == []


def test_only_the_participants_own_mentor_chooses_otherwise(assessed):
    kail, _, assessment, listed = assessed
    body = {"chosen": listed[1], "code": "too_far"}
    for login, status in (("mentor2", 404), ("other_mentor", 404), ("operator", 403), ("lender", 403)):
        with kail.client(login) as client:
            assert client.post(f"/api/v1/assessments/{assessment}/override", json=body).status_code == status


# -- objections --------------------------------------------------------------------------------------------------------


def object_to(kail, assessment, login="mentor", status=201):
    with kail.client(login) as client:
        answer = client.post(f"/api/v1/assessments/{assessment}/objection", json={"words": "That is wrong."})
    assert answer.status_code == status, answer.text
    return answer.json().get("id")


def decide(kail, objection, decision="upheld", login="operator"):
    with kail.client(login) as client:
        body = {"decision": decision, "reason": "Looked at it with her."}
        return client.post(f"/api/v1/objections/{objection}/decision", json=body).status_code


def test_while_an_objection_waits_nothing_is_worked_out_anew(assessed):
    kail, person, assessment, _ = assessed
    object_to(kail, assessment)
    object_to(kail, assessment, status=409)
    kail.evidence(person, nib=True)  # life goes on, and facts may be put right
    kail.clock.forward(days=10)
    with kail.client("mentor") as client:
        assert client.post(f"/api/v1/participants/{person}/assessments", json={}).status_code == 409
        shown = client.get("/api/v1/work-list").json()
        assert client.get(f"/api/v1/participants/{person}").json()["objection_waits"] is True
    assert (shown["entries"], shown["left_out"]["objection"]) == ([], 1)
    assert list(rescreen(kail.record, kail.live, "en", keep=True)) == []
    assert len(rows(kail, ASSESSMENTS)) == 1


def waiting(kail):
    """The objections that wait, by id, in the order in which they are to be answered."""
    with kail.client("operator") as client:
        page = client.get("/objections").text
        found = client.get("/api/v1/objections").json()["items"]
    for one in found:
        one["answer_by"] = datetime.fromisoformat(one["answer_by"])
    assert page.count('<p class="flag">Terlambat') == sum(one["overdue"] for one in found)
    return {one["id"]: one for one in found}


def test_an_objection_is_to_be_answered_within_three_days_and_is_said_to_be_late_after_them(assessed):
    kail, person, assessment, _ = assessed
    objection = object_to(kail, assessment)
    end = kail.clock.now + timedelta(hours=72)
    kail.clock.forward(hours=71, minutes=59)
    assert [(one["answer_by"], one["overdue"]) for one in waiting(kail).values()] == [(end, False)]
    kail.clock.forward(minutes=1)
    assert [(one["answer_by"], one["overdue"]) for one in waiting(kail).values()] == [(end, True)]
    kail.clock.forward(days=365)  # nothing is decided by itself
    with kail.client("mentor") as client:
        assert client.post(f"/api/v1/participants/{person}/assessments", json={}).status_code == 409
    assert decide(kail, objection) == 200
    assert waiting(kail) == {}


@pytest.mark.parametrize("back", [timedelta(hours=1), timedelta(days=1), timedelta(days=365)])
@pytest.mark.parametrize("waited", [timedelta(0), timedelta(hours=30)])
def test_a_clock_that_was_set_back_lets_nobody_wait_longer(assessed, back, waited):
    kail, _, assessment, _ = assessed
    objection = object_to(kail, assessment)
    said = waiting(kail)[objection]["answer_by"]
    kail.clock.now += waited - back
    found = waiting(kail)[objection]
    assert found["answer_by"] <= said
    assert found["overdue"] is (back > waited)  # else nobody can tell that it was set back


@pytest.mark.parametrize("jump", [timedelta(hours=1), timedelta(days=1), timedelta(days=365)])
def test_what_was_said_while_the_clock_stood_in_the_future_is_to_be_answered_at_once(assessed, jump):
    kail, _, assessment, _ = assessed
    kail.clock.now += jump
    objection = object_to(kail, assessment)
    kail.clock.now -= jump
    assert waiting(kail)[objection]["overdue"] is True


def test_what_is_late_stands_before_what_is_not(assessed):
    kail, _, first, _ = assessed
    late = object_to(kail, first)
    kail.clock.forward(hours=60)
    another = kail.participant(name="Bu Siti")
    kail.evidence(another)
    later = object_to(kail, service.assess(kail.record, kail.live, kail.actors["mentor"], another)[0])
    kail.clock.forward(hours=20)
    assert [(name, one["overdue"]) for name, one in waiting(kail).items()] == [(late, True), (later, False)]


@pytest.mark.parametrize("decision", disagreement.DECISIONS)
def test_once_a_person_decided_work_goes_on(assessed, decision):
    kail, person, assessment, _ = assessed
    objection = object_to(kail, assessment)
    assert decide(kail, objection, decision) == 200
    assert decide(kail, objection, decision) == 409
    (row,) = rows(kail, OBJECTIONS)
    assert (row["decision"], row["decided_by"]) == (decision, kail.actors["operator"].account_id)
    assert b"wrong" not in row["words"]
    with kail.client("mentor") as client:
        assert client.post(f"/api/v1/participants/{person}/assessments", json={}).status_code == 201
    with kail.client("operator") as client:
        assert client.get("/api/v1/objections").json()["items"] == []


def test_only_an_operator_of_the_organisation_decides(assessed):
    kail, _, assessment, _ = assessed
    objection = object_to(kail, assessment, "operator")  # an operator may write it down, too
    assert [decide(kail, objection, login=login) for login in ("mentor", "analyst", "lender")] == [403] * 3
    assert decide(kail, objection, login="other_operator") == 404
    assert decide(kail, "nothing") == 404
    assert decide(kail, objection, "never mind") == 400
    assert decide(kail, objection) == 200


def test_whoever_asked_for_the_result_does_not_decide_on_the_objection_to_it(assessed):
    kail, _, assessment, _ = assessed
    objection = object_to(kail, assessment)
    with kail.record.write() as tx:  # the mentor becomes an operator
        mentor = kail.actors["mentor"].account_id
        tx.run(update(ACCOUNTS).where(ACCOUNTS.c.id == mentor).values(role="operator"))
    assert decide(kail, objection, login="mentor") == 409
    assert decide(kail, objection) == 200


def test_disagreements_carry_versions_and_nothing_of_a_person(assessed):
    kail, person, assessment, listed = assessed
    with kail.client("mentor") as client:
        body = {"chosen": listed[1], "code": "too_far", "note": "Bu Ani is ill."}
        client.post(f"/api/v1/assessments/{assessment}/override", json=body)
    object_to(kail, assessment)
    with kail.client("analyst") as client:
        answer = client.get("/api/v1/disagreements")
    found = answer.json()["items"]
    assert {one["kind"] for one in found} == {"override", "objection"}
    programme = kail.live.programme.digest
    for one in found:
        assert one["programme_digest"] == programme
        assert {"model_version", "model_digest", "kail_version", "as_of", "propensity", "at"} <= one.keys()
        assert not {"participant_id", "account_id", "assessment_id", "note", "words", "reason", "name"} & one.keys()
    for secret in (person, assessment, "Ani", "ill", "wrong", kail.actors["mentor"].account_id):
        assert secret not in answer.text
    with kail.client("other_analyst") as client:
        assert client.get("/api/v1/disagreements").json() == {"items": [], "total": 0, "next": None}


# -- the lot -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def torn(small_kail):
    """An installation, and somebody for whom two interventions are tied."""
    person = small_kail.participant()
    small_kail.evidence(person, **TIED)
    return small_kail, person


def assess(kail, person):
    return service.assess(kail.record, kail.live, kail.actors["mentor"], person)


def switch(kail, on, login="operator"):
    with kail.client(login) as client:
        return client.put("/api/v1/switches/randomise-ties", json={"on": on}).status_code


def test_without_the_switch_the_programmes_order_decides_and_no_propensity_is_stored(torn):
    kail, person = torn
    firsts = {assess(kail, person)[1].core["interventions"][0][0] for _ in range(20)}
    assert firsts == {"sku"}
    assert {row["propensity"] for row in rows(kail, ASSESSMENTS)} == {None}


def test_the_lot_falls_on_every_tied_one_and_on_no_other_and_each_draw_replays(torn):
    kail, person = torn
    assert switch(kail, True) == 200
    drawn = {}
    for _ in range(200):
        assessment, worked = assess(kail, person)
        drawn.setdefault(worked.core["interventions"][0][0], assessment)
    assert set(drawn) == {"sku", "npwp"}  # fails once in 2 to the 199
    assert {row["propensity"] for row in rows(kail, ASSESSMENTS)} == {0.5}
    with kail.client("mentor") as client:
        for name, assessment in drawn.items():
            told = client.get(f"/api/v1/assessments/{assessment}").json()
            assert (told["next"], told["propensity"], told["same"]) == (name, 0.5, True)
            assert told["answer"]["interventions"][0]["id"] == name
            assert client.get(f"/api/v1/assessments/{assessment}/replay").json()["same"] is True


def test_where_nothing_is_tied_no_propensity_is_stored(assessed):
    kail, person, _, listed = assessed
    switch(kail, True)
    assert {assess(kail, person)[1].core["interventions"][0][0] for _ in range(10)} == {listed[0]}
    assert {row["propensity"] for row in rows(kail, ASSESSMENTS)} == {None}


def test_switched_off_again_nothing_is_drawn_any_more(torn):
    kail, person = torn
    switch(kail, True)
    assess(kail, person)
    switch(kail, False)
    assert {assess(kail, person)[1].core["interventions"][0][0] for _ in range(20)} == {"sku"}
    assert sorted(str(row["propensity"]) for row in rows(kail, ASSESSMENTS)) == ["0.5", *["None"] * 20]


def test_what_a_lot_put_first_is_no_change_when_everybody_is_worked_out_anew(torn):
    kail, person = torn
    switch(kail, True)
    while assess(kail, person)[1].core["interventions"][0][0] != "npwp":
        pass
    assert list(rescreen(kail.record, kail.live, "en")) == []


def test_a_lot_puts_nothing_first_that_is_not_tied_any_more(torn):
    kail, _ = torn
    signals = {name: value for name, value in TIED.items() if name != "npwp"}
    inputs = {"signals": signals | {"bpjs": False}, "as_of": kail.live.today.isoformat(), "goal": None}
    plain = service.work_out(kail.live, inputs).outcome
    ranks = [one[3] for one in plain.core["interventions"]]
    assert ranks[0] != ranks[1]
    second = plain.core["interventions"][1][0]
    assert service.work_out(kail.live, inputs | {"first": second}).outcome.digest == plain.digest
    assert service.work_out(kail.live, inputs | {"first": "nothing"}).outcome.digest == plain.digest


def test_the_switch_is_the_operators_and_of_one_organisation(small_kail):
    kail = small_kail
    assert [switch(kail, True, login) for login in ("mentor", "analyst", "lender")] == [403] * 3
    assert switch(kail, "yes") == 400
    assert switch(kail, True) == 200
    with kail.record.read() as tx:
        on = [switches.is_on(tx, kail.actors[login], switches.RANDOMISATION) for login in ("mentor", "other_mentor")]
    assert on == [True, False]


def test_an_objection_is_refused_to_strangers_with_the_same_words_as_an_id_that_does_not_exist(assessed):
    kail, _, assessment, _ = assessed
    with kail.record.write() as tx, pytest.raises(Refused) as stranger:
        disagreement.objects(tx, kail.actors["mentor2"], assessment, "No.")
    with kail.record.write() as tx, pytest.raises(Refused) as nothing:
        disagreement.objects(tx, kail.actors["mentor2"], "nothing", "No.")
    assert json.dumps(stranger.value.problems("en")) == json.dumps(nothing.value.problems("en"))
