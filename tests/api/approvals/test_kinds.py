"""Each act that needs two people, over HTTP as two operators: it waits, is done with the approval, and both are noted."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import select

from api.accounts.tables import ACCOUNTS
from api.approvals.kinds import KINDS
from api.participants.tables import PARTICIPANTS
from api.record.approvals import APPROVALS
from api.record.key_store import Erased
from tests.api.accounts.signing_in import sign_in
from tests.api.approvals.two import DAY, noted, two, with_second
from tests.chains import faults_in
from tests.keys import key_of


def is_erased(kail, person):
    with kail.record.read() as tx:
        return tx.one(select(PARTICIPANTS).where(PARTICIPANTS.c.id == person)).sealed is None


def both_stand(kail, entry, approval, approver="operator2", asker="operator"):
    """Whether an entry of an act names who approved it and who asked."""
    detail = json.loads(entry.detail)
    assert entry.account_id == kail.actors[approver].account_id
    assert (detail["asked_by"], detail["approval"]) == (kail.actors[asker].account_id, approval)
    assert "alone" not in detail


def test_an_operators_account_is_opened_when_it_is_approved_and_its_password_told_to_who_approves(kail):
    with two(kail) as t:
        new = {"login": "Tiga", "name": "Bu Tiga", "role": "operator"}
        approval = t.asks("operator", "POST", "/accounts", new)
        assert (t.account("tiga").active, t.account("tiga").role) == (False, "operator")
        kail.clock.forward(hours=1)
        done = t.decides("operator2", "approve", approval)
        assert (done["state"], done["login"], done["told_once"]) == ("done", "tiga", True)
        account = t.account("tiga")
        assert (account.active, account.one_time, account.role_since) == (True, True, kail.clock.now)
        t.client.cookies.clear()
        assert sign_in(t.client, "tiga", done["password"]).json()["must_change_password"] is True
    [entry] = noted(kail, "changed")
    both_stand(kail, entry, approval)
    with kail.record.read() as tx:
        assert not any("Tiga" in row.given for row in tx.all(select(APPROVALS)))
    assert faults_in(kail.record) == {}


def test_another_roles_account_is_made_at_once(small_kail):
    with two(small_kail) as t:
        answer = t.send("operator", "POST", "/accounts", {"login": "x", "name": "X", "role": "mentor"})
        assert (answer.status_code, t.account("x").active) == (201, True)
    assert "alone" not in json.loads(noted(small_kail, "added")[-1].detail)


@pytest.mark.parametrize(
    ("login", "change"),
    [
        ("mentor", {"role": "operator"}),
        ("analyst", {"role": "operator", "active": False}),
        ("operator2", {"role": "mentor"}),
        ("operator2", {"active": False}),
    ],
)
def test_promoting_and_closing_an_operator_waits_and_is_done_as_asked(small_kail, login, change):
    with two(small_kail) as t:
        before = t.account(login)
        approval = t.asks("operator", "PATCH", f"/accounts/{before.id}", {"version": 1, **change})
        assert t.account(login) == before
        small_kail.clock.forward(minutes=5)
        t.decides("operator2", "approve", approval)  # who goes may be the one who says yes
        after = t.account(login)
        assert (after.role, after.active) == (change.get("role", before.role), change.get("active", True))
        assert after.version == 2
        assert (after.role_since == small_kail.clock.now) == (after.role != before.role)
        if login == "operator2":
            assert t.send("operator2", "GET", "/accounts").status_code in (401, 403)
    both_stand(small_kail, noted(small_kail, "changed")[-1], approval)


def test_changes_that_concern_no_operator_and_none_at_all_wait_for_nobody(small_kail):
    with two(small_kail) as t:
        for login, change in (("mentor", {"role": "analyst"}), ("analyst", {"active": False}), ("operator2", {})):
            path = f"/accounts/{small_kail.actors[login].account_id}"
            assert t.send("operator", "PATCH", path, {"version": 1, **change}).status_code == 200
    assert not any("alone" in json.loads(row.detail) for row in noted(small_kail, "changed"))


def test_an_account_that_is_opened_again_begins_its_day_anew(small_kail):
    with two(small_kail) as t:
        path = f"/accounts/{small_kail.actors['analyst'].account_id}"
        for version, active in ((1, False), (2, True)):
            small_kail.clock.forward(hours=1)
            assert t.send("operator", "PATCH", path, {"version": version, "active": active}).status_code == 200
        assert t.account("analyst").role_since == small_kail.clock.now


@pytest.mark.parametrize("login", ["mentor", "operator2", "lender"])
def test_a_password_is_reset_when_it_is_approved_and_not_before(kail, login):
    with two(kail) as t:
        who = kail.actors[login].account_id
        before = t.account(login).password_hash
        approval = t.asks("operator", "POST", f"/accounts/{who}/password")
        assert t.account(login).password_hash == before
        done = t.decides("operator2", "approve", approval)
        t.client.cookies.clear()
        assert sign_in(t.client, login, done["password"]).json()["must_change_password"] is True
        listed = t.send("operator", "GET", "/approvals").text
        assert done["password"] not in listed
    both_stand(kail, noted(kail, "reset_password")[0], approval)


@pytest.mark.parametrize("asker", ["operator", "mentor"])
def test_somebody_is_erased_when_it_is_approved(kail, asker):
    person, other = kail.participant(name="Bu Ida"), kail.participant(name="Bu Umi")
    kail.evidence(person)
    with two(kail) as t:
        version = t.version(person)
        approval = t.asks(asker, "POST", f"/participants/{person}/erasure", {"version": version})
        assert not is_erased(kail, person)
        assert t.state(approval, asker) == "waiting"
        t.decides("operator2", "approve", approval)
        assert [is_erased(kail, one) for one in (person, other)] == [True, False]
        assert t.state(approval, asker) == "done"
    with pytest.raises(Erased):
        key_of(kail.record.vault, person)
    [entry] = noted(kail, "erased")
    both_stand(kail, entry, approval, asker=asker)
    assert json.loads(entry.detail)["rows"] > 10


def test_a_copy_may_be_fetched_by_who_asked_for_a_day_once_it_is_approved(kail):
    person = kail.participant(name="Bu Ida")
    with two(kail) as t:
        path = f"/participants/{person}/export"
        refused = t.send("operator", "GET", path)
        assert (refused.status_code, refused.json()["problems"][0]["field"]) == (409, "approval")
        approval = t.asks("operator", "POST", path)
        assert t.send("operator", "GET", path).status_code == 409
        t.decides("operator2", "approve", approval)
        for hours in (0, 23.9):
            kail.clock.forward(hours=hours)
            answer = t.send("operator", "GET", path)
            assert answer.json()["held"]["participants"][0]["sealed"]["name"] == "Bu Ida"
            assert t.send("operator2", "GET", path).status_code == 409, "it is theirs alone"
            assert t.send("operator", "POST", path).status_code == 409, "nothing to be asked for"
        other = kail.participant()
        assert t.send("operator", "GET", f"/participants/{other}/export").status_code == 409
        kail.clock.forward(minutes=6)
        assert t.send("operator", "GET", path).status_code == 409
    for entry in noted(kail, "exported"):
        both_stand(kail, entry, approval, approver="operator")
        assert json.loads(entry.detail)["approved_by"] == kail.actors["operator2"].account_id


def test_a_mentor_hands_out_a_copy_of_their_own_participant_at_once(small_kail):
    person = small_kail.participant()
    with two(small_kail) as t:
        assert t.send("mentor", "GET", f"/participants/{person}/export").status_code == 200
        assert t.send("mentor2", "GET", f"/participants/{person}/export").status_code == 404
    assert [json.loads(entry.detail) for entry in noted(small_kail, "exported")] == [{}]


def a_new_mentor(t, by="operator"):
    """A mentor whom an operator just made; their id and password."""
    made = t.send(by, "POST", "/accounts", {"login": "Baru", "name": "Pak Baru", "role": "mentor"}).json()
    return made["id"], made["password"]


def hands_over(t, person, mentor, login="operator"):
    return t.send(login, "POST", f"/participants/{person}/mentor", {"version": t.version(person), "mentor_id": mentor})


def test_a_mentor_who_is_new_gets_somebody_when_it_is_approved(kail):
    person = kail.participant()
    with two(kail) as t:
        mentor, _ = a_new_mentor(t)
        approval = hands_over(t, person, mentor).json()["id"]
        t.client.cookies.clear()
        assert "Ke pendamping Pak Baru." in t.client.get("/approvals", headers=kail.headers("operator2")).text
        assert t.send("mentor", "GET", f"/participants/{person}").status_code == 200
        t.decides("operator2", "approve", approval)
        assert t.send("mentor", "GET", f"/participants/{person}").status_code == 404
        assert t.send("operator", "GET", f"/participants/{person}").json()["mentor_id"] == mentor
    [entry] = noted(kail, "handed_over")
    both_stand(kail, entry, approval)


def test_a_mentor_who_got_a_password_today_is_new_and_everybody_else_gets_them_at_once(small_kail):
    mentor, there = (small_kail.actors[login].account_id for login in ("mentor", "mentor2"))
    with two(small_kail) as t:
        person = small_kail.participant()
        assert hands_over(t, person, there).status_code == 200
        t.decides("operator2", "approve", t.asks("operator", "POST", f"/accounts/{mentor}/password"))
        for hours, status in ((0, 202), (23.9, 409), (0.1, 200)):
            small_kail.clock.forward(hours=hours)
            assert hands_over(t, person, mentor, "operator2").status_code == status
    assert not any("alone" in json.loads(entry.detail) for entry in noted(small_kail, "handed_over"))


ALONE = [
    ("POST", "/accounts", {"login": "x", "name": "X", "role": "operator"}, 201, "added"),
    ("PATCH", "/accounts/{mentor}", {"version": 1, "role": "operator"}, 200, "changed"),
    ("POST", "/accounts/{mentor}/password", None, 200, "reset_password"),
    ("GET", "/participants/{person}/export", None, 200, "exported"),
    ("POST", "/participants/{person}/erasure", {"version": 1}, 200, "erased"),
    ("POST", "/participants/{person}/mentor", {"version": 1, "mentor_id": ""}, 200, "handed_over"),
    ("PUT", "/switches/mentor-reset", {"alone": True}, 200, "chose_mentor_reset"),
]


@pytest.mark.parametrize(("method", "path", "body", "status", "action"), ALONE, ids=[row[-1] for row in ALONE])
@pytest.mark.parametrize("second", ["none", "new", "mentor", "elsewhere", "closed"])
def test_where_nobody_else_has_stood_for_a_day_it_is_done_at_once_and_noted_as_alone(
    small_kail, method, path, body, status, action, second
):
    if second != "none":
        since = {"new": 23.9 / 48}.get(second, 1)
        who = with_second(small_kail, "second", since * 2 * DAY, "mentor" if second == "mentor" else "operator")
        with small_kail.record.write() as tx:
            one = ACCOUNTS.update().where(ACCOUNTS.c.id == who)
            if second == "elsewhere":
                tx.run(one.values(organisation_id=small_kail.actors["other_mentor"].organisation_id))
            if second == "closed":
                tx.run(one.values(active=False))
    person = small_kail.participant()
    with small_kail.client("operator") as client:
        if body and "mentor_id" in body:
            new = client.post("/api/v1/accounts", json={"login": "baru", "name": "Baru", "role": "mentor"})
            body = {**body, "mentor_id": new.json()["id"]}
        address = path.format(mentor=small_kail.actors["mentor"].account_id, person=person)
        answer = client.request(method, f"/api/v1{address}", json=body)
        assert answer.status_code == status, answer.text
        assert client.get("/api/v1/approvals").json()["approvals"] == []
    assert json.loads(noted(small_kail, action)[-1].detail)["alone"] is True


def test_every_kind_is_asked_for_by_some_test_here(small_kail):
    """A kind that nobody tries would be found out by whoever approves it."""
    assert set(KINDS) == {
        "operator_made",
        "operator_changed",
        "password_reset",
        "erasure",
        "export",
        "hand_over",
        "mentor_reset",
        "training_set",  # in tests/api/outcomes/test_asking.py
        "door_shut",  # in tests/api/referrals/test_consequences.py
    }


def test_whoever_is_there_for_exactly_a_day_is_a_second(small_kail):
    with_second(small_kail, since=DAY)
    with small_kail.client("operator") as client:
        path = f"/api/v1/accounts/{small_kail.actors['mentor'].account_id}/password"
        assert client.post(path).status_code == 202
