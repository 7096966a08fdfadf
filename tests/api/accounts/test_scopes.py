"""Scopes: what an API key may reach, every route and every scope against a table of its own, and every move of a lender."""

from dataclasses import replace

import pytest

from api.accounts import api_keys, guard
from api.accounts.api_keys import SCOPES
from api.record.refusals import Refused
from api.referrals.scopes import scope_of
from tests.api.accounts.test_guard import EXPECTED, an_api_key, outcome, session
from tests.api.approvals.two import lets_stand
from tests.referring import Referring

MAY = {
    "me": {"GET /api/v1/me"},
    "programme": set(),
    "read": {
        "GET /api/v1/referrals",
        "GET /api/v1/referrals/{referral_id}",
        "GET /api/v1/referrals/changes",
        "GET /api/v1/lending/figures",
        "GET /api/v1/referrals/{referral_id}/pack.pdf",
        "GET /api/v1/quotas",
        "GET /api/v1/rooms",
    },
    "decide": {
        "POST /api/v1/referrals/moves/{move}",
        "POST /api/v1/referrals/{referral_id}/moves/{move}",
        "POST /api/v1/referrals/{referral_id}/notes",
        "POST /api/v1/referrals/{referral_id}/still-lives",
        "PUT /api/v1/quotas",
        "PUT /api/v1/rooms",
    },
    "report": {
        "POST /api/v1/referrals/moves/{move}",
        "POST /api/v1/referrals/{referral_id}/moves/{move}",
    },
}
"""Beside what anyone may."""
MOVES = {
    "take_up": "decide",
    "ask_more": "decide",
    "hold": "decide",
    "resume": "decide",
    "accept": "decide",
    "decline": "decide",
    "take_back": "decide",
    "mark_error": "decide",
    "disburse": "report",
    "fall_through": "report",
    "undo_payment": "report",
    "repay": "report",
    "default": "report",
}


def test_the_table_names_every_scope():
    assert set(MAY) == set(SCOPES)


@pytest.mark.parametrize("scope", SCOPES)
def test_an_api_key_is_let_in_where_its_scope_says(small_kail, scope):
    _, key = an_api_key(small_kail, "lender", scope)
    with small_kail.client() as client:
        for name, who in EXPECTED.items():
            wanted = "in" if name in MAY[scope] or who == "*" else 403
            assert outcome(client, name, key) == wanted, name
            # a cookie beside a key adds nothing
            assert outcome(client, name, key | session(small_kail, "operator")) == wanted, name


def test_a_key_without_the_scope_is_told_which_one_it_needs(small_kail):
    _, key = an_api_key(small_kail, "lender", "read", "programme")
    with small_kail.client() as client:
        answer = client.put("/api/v1/quotas?language=en", headers=key, json={}).json()
        assert answer["problems"][0]["message"] == "This API key was not made for that: it needs the scope decide."
        answer = client.post("/api/v1/referrals/moves/accept?language=en", headers=key, json={}).json()
        assert "decide, report" in answer["problems"][0]["message"]
        answer = client.post("/api/v1/me/keys?language=en", headers=key, json={}).json()
        assert answer["problems"][0]["message"] == "No API key may do this, whatever its scope."


@pytest.mark.parametrize("move", MOVES)
def test_a_move_needs_the_scope_that_the_programmes_table_comes_to(small_kail, move):
    referring = Referring(small_kail)
    rules = small_kail.live.rules
    rule = next(one for one in rules.referrals.transitions if one.id == move)
    assert scope_of(rules, rule) == MOVES[move]
    sent, body = referring.sent(), {"version": 2}
    for scope in ("decide", "report"):
        _, key = an_api_key(small_kail, "officer", scope)
        with small_kail.client() as client:
            one = client.post(f"/api/v1/referrals/{sent.id}/moves/{move}?language=en", headers=key, json=body)
            several = {"referrals": [{"id": sent.id, "version": 2}]}
            many = client.post(f"/api/v1/referrals/moves/{move}?language=en", headers=key, json=several)
        if scope == MOVES[move]:
            assert one.status_code != 403
            assert many.status_code != 403
        else:
            for answer in (one, many):
                assert answer.status_code == 403
                assert f"needs the scope {MOVES[move]}." in answer.json()["problems"][0]["message"]


def test_the_table_of_moves_names_every_move_of_a_lender(small_kail):
    rules = small_kail.live.rules
    assert set(MOVES) == {one.id for one in rules.referrals.transitions if "lender" in one.by}


def test_a_referral_names_the_moves_that_the_key_may_make(small_kail):
    referring = Referring(small_kail)
    sent = referring.sent()
    _, both = an_api_key(small_kail, "officer", "read", "report")
    with small_kail.client() as client:
        assert client.get(f"/api/v1/referrals/{sent.id}", headers=both).json()["moves"] == []
        referring.move("officer", sent, "accept", version=2)
        found = client.get(f"/api/v1/referrals/{sent.id}", headers=both).json()
        assert found["moves"] == ["disburse", "fall_through"]


def test_a_door_is_not_shut_for_good_by_a_key_alone(small_kail):
    referring = Referring(small_kail)
    sent = referring.sent()
    for login in ("officer", "officer2"):
        lets_stand(small_kail, login)
    _, key = an_api_key(small_kail, "officer", "read", "decide", "report", "me")
    said = {"version": 2, "reasons": [{"code": "untrue", "text": "Alasan"}]}
    with small_kail.client() as client:
        waits = client.post(f"/api/v1/referrals/{sent.id}/moves/decline", headers=key, json=said)
        assert (waits.status_code, waits.json()["state"]) == (202, "waiting")
        approve = f"/api/v1/approvals/{waits.json()['id']}/approve"
        _, second = an_api_key(small_kail, "officer2", "read", "decide", "report", "me")
        for tried in (key, second):  # two keys are one system
            assert client.post(approve, headers=tried, json={}).status_code == 403
        assert client.get(f"/api/v1/referrals/{sent.id}", headers=key).json()["state"] == "sent"


def test_what_is_done_by_key_stands_under_its_account(small_kail):
    referring = Referring(small_kail)
    sent = referring.sent()
    _, key = an_api_key(small_kail, "officer", "decide")
    with small_kail.client() as client:
        assert client.post(f"/api/v1/referrals/{sent.id}/moves/take_up", headers=key, json={"version": 2}).is_success
    event = referring.as_seen("officer", sent).events[-1]
    assert (event.move, event.account_id) == ("take_up", small_kail.actors["officer"].account_id)


@pytest.mark.parametrize("more", [{}, {"idempotency-key": "once"}])
def test_a_key_that_ends_while_it_waits_for_others_to_write_does_nothing(small_kail, monkeypatch, more):
    referring = Referring(small_kail)
    sent = referring.sent()
    key_id, key = an_api_key(small_kail, "officer", "decide")
    true = guard.check_scope

    def check(actor, *needed):
        true(actor, *needed)
        with small_kail.record.write() as tx:
            api_keys.revoke_key(tx, small_kail.actors["officer"], key_id)

    monkeypatch.setattr(guard, "check_scope", check)
    with small_kail.client() as client:
        answer = client.post(f"/api/v1/referrals/{sent.id}/moves/take_up", headers=key | more, json={"version": 2})
    assert answer.status_code == 401
    assert referring.as_seen("officer", sent).state == "sent"


def test_a_use_case_refuses_a_key_by_itself(small_kail):
    referring = Referring(small_kail)
    sent = referring.sent()
    small_kail.actors["officer"] = replace(small_kail.actors["officer"], scopes=frozenset({"read"}))
    with pytest.raises(Refused) as refused:
        referring.move("officer", sent, "take_up")
    assert refused.value.status == 403


def test_openapi_says_which_scope_an_endpoint_needs(small_kail):
    with small_kail.client() as client:
        document = client.get("/schema/openapi.json").json()
    for name, who in EXPECTED.items():
        method, path = name.split(" ")
        if "/api/v1/" in name:
            said = document["paths"][path][method.lower()].get("security")
            scopes = [{"key": [scope]} for scope in SCOPES if name in MAY[scope]]
            assert said == (None if who == "*" else [{"session": []}, *scopes]), name


def test_a_key_is_read_whatever_the_case_of_its_scheme(small_kail):
    key = an_api_key(small_kail, "lender", "me")[1]["authorization"].partition(" ")[2]
    with small_kail.client("mentor") as client:
        for scheme in ("bearer", "BEARER", "Bearer"):
            found = client.get("/api/v1/me", headers={"authorization": f"{scheme} {key}"})
            assert found.json()["role"] == "lender"
        assert client.get("/api/v1/me", headers={"authorization": "bearer x"}).status_code == 401
