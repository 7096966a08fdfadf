"""Deciding: who may say yes or no to what, and that an act is done once, and only while it is still what was asked for."""

from __future__ import annotations

import json
import threading
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from api.accounts.tables import ACCOUNTS
from api.jobs.worker import tidy
from api.participants.people import hand_over
from api.record.approvals import APPROVALS, KEPT
from tests.api.accounts.signing_in import sign_in
from tests.api.approvals.two import DAY, lets_stand, noted, two, with_second


@pytest.fixture
def asked(small_kail):
    """An erasure that the operator asked for and that waits: the installation, who sends, the person, the approval."""
    person = small_kail.participant()
    with two(small_kail) as t:
        approval = t.asks("operator", "POST", f"/participants/{person}/erasure", {"version": 1})
        yield small_kail, t, person, approval


def why(answer):
    return answer["problems"][0]["message"]


def rows(kail):
    with kail.record.read() as tx:
        return tx.all(select(APPROVALS))


def close(kail, login, **values):
    with kail.record.write() as tx:
        mine = ACCOUNTS.c.id == kail.actors[login].account_id
        tx.run(update(ACCOUNTS).where(mine).values(**(values or {"active": False})))


def test_who_asked_neither_approves_nor_refuses_it(asked):
    _, t, person, approval = asked
    for act in ("approve", "refuse"):
        assert "sendiri" in why(t.decides("operator", act, approval, 409))
        assert t.state(approval) == "waiting"
    assert t.version(person) == 1


def test_an_operator_of_another_organisation_and_a_mentor_find_nothing(asked):
    kail, t, person, approval = asked
    lets_stand(kail, "other_operator")
    for act in ("approve", "refuse", "withdraw"):
        assert t.send("other_operator", "POST", f"/approvals/{approval}/{act}").status_code == 404
    assert t.send("mentor", "POST", f"/approvals/{approval}/approve").status_code == 403
    assert t.send("mentor", "POST", f"/approvals/{approval}/withdraw").status_code == 404
    assert t.send("mentor", "GET", "/approvals").json()["approvals"] == []
    assert t.version(person) == 1


def test_who_is_an_operator_for_less_than_a_day_neither_approves_nor_refuses_and_withdraws_their_own(asked):
    kail, t, person, approval = asked
    with_second(kail, "new", DAY - timedelta(minutes=1))
    for act in ("approve", "refuse"):
        assert "24 jam" in why(t.decides("new", act, approval, 409))
        assert (t.version(person), t.state(approval)) == (1, "waiting")
    own = t.asks("new", "POST", f"/participants/{person}/export")
    assert t.decides("new", "withdraw", own)["state"] == "withdrawn"
    assert t.decides("operator2", "refuse", approval)["state"] == "refused"
    assert t.version(person) == 1
    assert "ditolak" in why(t.decides("operator2", "approve", approval, 409))


def test_each_step_stands_in_the_audit_with_who_asked_and_what_it_was_about(asked):
    kail, t, person, approval = asked
    t.decides("operator2", "refuse", approval)
    again = t.asks("operator2", "POST", f"/participants/{person}/erasure", {"version": 1})
    t.decides("operator", "approve", again)
    steps = {
        "asked_for_approval": [("operator", "operator", approval), ("operator2", "operator2", again)],
        "refused_approval": [("operator2", "operator", approval)],
        "approved": [("operator", "operator2", again)],
    }
    for action, expected in steps.items():
        for entry, (who, asker, about) in zip(noted(kail, action), expected, strict=True):
            assert (entry.account_id, entry.kind, entry.object_id) == (kail.actors[who].account_id, "approval", about)
            detail = {"act": "erasure", "about_id": person, "asked_by": kail.actors[asker].account_id}
            assert json.loads(entry.detail) == detail


def test_only_operators_of_the_organisation_read_on_their_first_page_that_something_waits(asked):
    kail, t, _, _ = asked
    for login, waits in (("operator", True), ("operator2", True), ("other_operator", False)):
        t.client.cookies.clear()
        page = t.client.get("/accounts", headers=kail.headers(login)).text
        assert ("1 permintaan menunggu persetujuan." in page) == waits
    person = kail.participant()
    t.asks("mentor", "POST", f"/participants/{person}/erasure", {"version": 1})
    t.client.cookies.clear()
    assert "2 permintaan menunggu" in t.client.get("/accounts", headers=kail.headers("operator2")).text


def test_only_who_asked_withdraws_it_and_then_it_is_over(asked):
    kail, t, person, approval = asked
    assert t.send("operator2", "POST", f"/approvals/{approval}/withdraw").status_code == 409
    assert t.decides("operator", "withdraw", approval)["state"] == "withdrawn"
    for act in ("approve", "refuse"):
        t.decides("operator2", act, approval, 409)
    assert t.version(person) == 1
    [entry] = noted(kail, "withdrew_approval")
    assert json.loads(entry.detail)["about_id"] == person


def test_a_mentor_sees_and_withdraws_their_own_request_alone(small_kail):
    person = small_kail.participant()
    with two(small_kail) as t:
        approval = t.asks("mentor", "POST", f"/participants/{person}/erasure", {"version": 1})
        assert [one["id"] for one in t.send("mentor", "GET", "/approvals").json()["approvals"]] == [approval]
        assert t.send("mentor2", "GET", "/approvals").json()["approvals"] == []
        assert t.send("mentor2", "POST", f"/approvals/{approval}/withdraw").status_code == 404
        assert t.decides("mentor", "withdraw", approval)["state"] == "withdrawn"


def test_asked_twice_one_waits_and_the_second_is_told(asked):
    kail, t, person, approval = asked
    for login in ("operator", "operator2", "mentor"):
        answer = t.send(login, "POST", f"/participants/{person}/erasure", {"version": 1})
        assert answer.status_code == 409
        assert "menunggu persetujuan" in why(answer.json())
    assert len(rows(kail)) == 1
    t.asks("operator", "POST", f"/participants/{person}/export")  # another act is another request
    other = kail.participant()
    t.asks("operator", "POST", f"/participants/{other}/erasure", {"version": 1})
    t.decides("operator2", "refuse", approval)
    t.asks("operator", "POST", f"/participants/{person}/erasure", {"version": 1})


def test_what_changed_since_is_told_and_nothing_is_done(asked):
    kail, t, person, approval = asked
    kail.evidence(person)
    before = t.version(person)
    assert "sudah berubah" in why(t.decides("operator2", "approve", approval, 409))
    assert (t.version(person), t.state(approval)) == (before, "waiting")
    assert noted(kail, "approved") == []


@pytest.mark.parametrize("act", ["PATCH", "POST"])
def test_an_account_that_changed_since_is_left_alone(small_kail, act):
    mentor = small_kail.actors["mentor"].account_id
    with two(small_kail) as t:
        asked = {"PATCH": ("", {"version": 1, "role": "operator"}), "POST": ("/password", None)}[act]
        approval = t.asks("operator", act, f"/accounts/{mentor}{asked[0]}", asked[1])
        t.send("operator2", "PATCH", f"/accounts/{mentor}", {"version": 1, "active": False})
        before = t.account("mentor")
        assert "sudah berubah" in why(t.decides("operator2", "approve", approval, 409))
        assert t.account("mentor") == before


def test_an_account_that_was_made_and_changed_before_it_is_approved_stays_closed(small_kail):
    with two(small_kail) as t:
        approval = t.asks("operator", "POST", "/accounts", {"login": "x", "name": "X", "role": "operator"})
        close(small_kail, "operator2", name="Op")
        with small_kail.record.write() as tx:
            tx.run(update(ACCOUNTS).where(ACCOUNTS.c.login == "x").values(version=2))
        t.decides("operator2", "approve", approval, 409)
        assert not t.account("x").active


def test_what_was_asked_by_somebody_who_may_not_any_more_is_not_done(asked):
    kail, t, person, approval = asked
    close(kail, "operator")
    assert "tidak boleh lagi" in why(t.decides("operator2", "approve", approval, 409))
    close(kail, "operator", active=True, role="analyst")
    t.decides("operator2", "approve", approval, 409)
    close(kail, "operator", role="mentor")  # a mentor may ask for an erasure, too
    t.decides("operator2", "approve", approval)
    assert t.send("operator2", "GET", f"/participants/{person}").status_code == 404


def test_a_mentor_who_lost_the_person_meanwhile_has_not_asked_for_it(small_kail):
    person = small_kail.participant()
    with two(small_kail) as t:
        approval = t.asks("mentor", "POST", f"/participants/{person}/erasure", {"version": 1})
        with small_kail.record.write() as tx:
            hand_over(tx, small_kail.actors["operator"], person, 1, small_kail.actors["mentor2"].account_id)
        t.decides("operator2", "approve", approval, 409)
        assert t.version(person) == 2


def test_what_is_gone_meanwhile_is_told(asked):
    _, t, person, approval = asked
    export = t.asks("operator", "POST", f"/participants/{person}/export")
    t.decides("operator2", "approve", approval)
    assert "tidak ada di sini" in why(t.decides("operator2", "approve", export, 409))


def test_who_was_closed_meanwhile_approves_nothing(asked):
    kail, t, person, approval = asked
    headers = kail.headers("operator2")
    close(kail, "operator2")
    t.client.cookies.clear()
    assert t.client.post(f"/api/v1/approvals/{approval}/approve", headers=headers).status_code == 401
    assert t.version(person) == 1


def test_two_who_approve_at_once_do_it_once(kail):
    mentor = kail.actors["mentor"].account_id
    with two(kail) as t:
        for number in range(4):
            with_second(kail, f"more{number}")
        approval = t.asks("operator", "POST", f"/accounts/{mentor}/password")
        answers, start = [], threading.Barrier(4)
        t.client.cookies.clear()

        def approve(headers):
            start.wait()
            answers.append(t.client.post(f"/api/v1/approvals/{approval}/approve", headers=headers).status_code)

        threads = [threading.Thread(target=approve, args=(kail.headers(f"more{n}"),)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(answers) == [200, 409, 409, 409]
    assert len(noted(kail, "reset_password")) == len(noted(kail, "approved")) == 1


def test_an_approval_sent_twice_under_a_key_tells_the_same_password(small_kail):
    mentor, key = small_kail.actors["mentor"].account_id, {"idempotency-key": "k" * 20}
    with two(small_kail) as t:
        approval = t.asks("operator", "POST", f"/accounts/{mentor}/password")
        first, again = (t.decides("operator2", "approve", approval, **key) for _ in range(2))
        assert first == again
        asked = [t.asks("operator", "POST", f"/accounts/{mentor}/password", **key) for _ in range(2)]
        assert asked[0] == asked[1]
    assert len(noted(small_kail, "reset_password")) == 1


def test_after_a_week_it_ends_by_itself_and_that_is_noted_once(asked):
    kail, t, person, approval = asked
    kail.clock.forward(seconds=KEPT.total_seconds() - 1)
    tidy(kail.record, kail.settings.data)
    assert t.state(approval) == "waiting"
    kail.clock.forward(seconds=1)
    assert t.state(approval) == "ended", "also before the worker comes by"
    assert "lewat waktu" in why(t.decides("operator2", "approve", approval, 409))
    t.decides("operator", "withdraw", approval, 409)
    for _ in range(2):
        tidy(kail.record, kail.settings.data)
    [entry] = noted(kail, "approval_ended")
    assert (entry.account_id, entry.organisation_id) == (None, kail.actors["operator"].organisation_id)
    assert t.version(person) == 1
    t.asks("operator", "POST", f"/participants/{person}/erasure", {"version": 1})


def test_of_two_operators_neither_is_rid_of_the_other_alone(small_kail):
    with two(small_kail) as t:
        one, other = (small_kail.actors[login].account_id for login in ("operator", "operator2"))
        closing = t.asks("operator", "PATCH", f"/accounts/{other}", {"version": 1, "active": False})
        crossed = t.asks("operator2", "PATCH", f"/accounts/{one}", {"version": 1, "active": False})
        t.decides("operator", "approve", closing, 409)
        t.decides("operator", "approve", crossed)
        assert not t.account("operator").active
        assert "tidak boleh lagi" in why(t.decides("operator2", "approve", closing, 409))
        assert t.account("operator2").active


def test_whom_it_is_about_does_not_refuse_it_where_a_third_may(small_kail):
    with two(small_kail) as t:
        closing = {"version": 1, "active": False}
        alone = t.asks("operator2", "PATCH", f"/accounts/{t.account('operator').id}", closing)
        assert t.decides("operator", "refuse", alone)["state"] == "refused", "else one would be rid of the other alone"
        with_second(small_kail, "third")
        approval = t.asks("operator2", "PATCH", f"/accounts/{t.account('operator').id}", closing)
        assert "tentang Anda sendiri" in why(t.decides("operator", "refuse", approval, 409))
        t.decides("third", "approve", approval)
        assert not t.account("operator").active


def test_a_change_that_changes_nothing_signs_nobody_out_and_makes_nothing_stale(small_kail):
    with two(small_kail) as t:
        with_second(small_kail, "third")
        third = t.account("third").id
        approval = t.asks("operator2", "PATCH", f"/accounts/{third}", {"version": 1, "active": False})
        session = small_kail.headers("third")
        for same in ({}, {"role": "operator"}, {"role": "operator", "active": True}):
            answer = t.send("operator", "PATCH", f"/accounts/{third}", {"version": 1, **same})
            assert (answer.status_code, answer.json()) == (200, {"version": 1})
        t.client.cookies.clear()
        assert t.client.get("/api/v1/me", headers=session).status_code == 200
        assert noted(small_kail, "changed") == []
        t.decides("operator", "approve", approval)
        assert not t.account("third").active


# -- what one may do alone ---------------------------------------------------------------------------------------------


def chooses_alone(t):
    approval = t.asks("operator", "PUT", "/switches/mentor-reset", {"alone": True})
    t.decides("operator2", "approve", approval)


def test_an_organisation_chooses_beforehand_that_one_is_enough_for_a_mentors_password(kail):
    mentor, analyst = (kail.actors[login].account_id for login in ("mentor", "analyst"))
    with two(kail) as t:
        chooses_alone(t)
        assert t.send("operator", "GET", "/switches/mentor-reset").json()["alone_from"] == "2026-11-22T02:00:00Z"
        kail.clock.forward(hours=23, minutes=59)
        t.decides("operator", "withdraw", t.asks("operator", "POST", f"/accounts/{mentor}/password"))
        kail.clock.forward(minutes=1)
        answer = t.send("operator", "POST", f"/accounts/{mentor}/password")
        assert answer.status_code == 200
        t.client.cookies.clear()
        assert sign_in(t.client, "mentor", answer.json()["password"]).json()["must_change_password"] is True
        assert json.loads(noted(kail, "reset_password")[-1].detail) == {"alone": True}
        t.asks("operator", "POST", f"/accounts/{analyst}/password")
        t.asks("operator", "POST", f"/accounts/{kail.actors['operator2'].account_id}/password")
        t.client.cookies.clear()
        own = kail.headers("operator")
        assert "dilakukan sendirian" not in t.client.get("/accounts", headers=own).text
        headers = kail.headers("operator2")
        for _ in range(2):
            assert "1 hal dilakukan sendirian" in t.client.get("/accounts", headers=headers).text, "until they look"
        assert "Operator melakukannya sendirian" in t.client.get("/approvals", headers=headers).text
        assert "dilakukan sendirian" not in t.client.get("/accounts", headers=headers).text
        other = kail.headers("other_operator")
        assert "sendirian" not in t.client.get("/accounts", headers=other).text
        assert t.send("operator", "PUT", "/switches/mentor-reset", {"alone": False}).json() == {"alone_from": None}
        assert json.loads(noted(kail, "chose_mentor_reset")[-1].detail) == {"may_alone": False}
        t.asks("operator", "POST", f"/accounts/{mentor}/password")


def test_without_a_second_the_way_is_noted_and_told_to_nobody(small_kail):
    with small_kail.client("operator") as client:
        assert client.put("/api/v1/switches/mentor-reset", json={"alone": True}).json()["alone_from"]
        small_kail.clock.forward(hours=25)
    with small_kail.client("operator") as client:
        mentor = small_kail.actors["mentor"].account_id
        assert client.post(f"/api/v1/accounts/{mentor}/password").status_code == 200
        assert client.get("/api/v1/approvals").json()["approvals"] == []
