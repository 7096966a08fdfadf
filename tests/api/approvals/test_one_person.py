"""One person under two accounts: by a password that they were told, or in one browser."""

from __future__ import annotations

import json

import pytest

from api.record.actor import Actor
from tests.api.accounts.signing_in import id_in, sign_in
from tests.api.approvals.test_deciding import rows, why
from tests.api.approvals.two import lets_stand, noted, two, with_second

# -- who was told the password of the other ----------------------------------------------------------------------------


def takes(t, login, password):
    """Come in with a password that was told, and change it, as whoever was told it can."""
    t.client.cookies.clear()
    assert sign_in(t.client, login, password).status_code == 200
    new = {"old": password, "new": "empat-ekor-kuda-ungu"}
    assert t.client.post("/api/v1/me/password", json=new).status_code == 200


def test_who_made_a_mentor_does_not_approve_what_that_mentor_asks_for_on_the_same_day(small_kail):
    with two(small_kail) as t:
        made = t.send("operator", "POST", "/accounts", {"login": "baru", "name": "B", "role": "mentor"}).json()
        small_kail.actors["baru"] = Actor(made["id"], small_kail.actors["mentor"].organisation_id, "mentor", "B")
        person = small_kail.participant("baru")
        takes(t, "baru", made["password"])
        answer = t.client.post(f"/api/v1/participants/{person}/erasure", json={"version": 1})
        assert "menerima kata sandi" in why(t.decides("operator", "approve", answer.json()["id"], 409))
        assert t.state(answer.json()["id"]) == "waiting"
        t.decides("operator2", "approve", answer.json()["id"])


@pytest.mark.parametrize("kind", ["reset", "made"])
@pytest.mark.parametrize("way", ["asks as them", "approves as them"])
def test_who_was_told_the_password_of_an_operator_is_not_both_of_them(small_kail, kind, way):
    person = small_kail.participant()
    with two(small_kail) as t:
        if kind == "reset":
            with_second(small_kail, "third")
            asked = t.asks("operator", "POST", f"/accounts/{t.account('third').id}/password")
        else:
            asked = t.asks("operator", "POST", "/accounts", {"login": "third", "name": "T", "role": "operator"})
            small_kail.clock.forward(hours=30)
        told = t.decides("operator2", "approve", asked)
        takes(t, "third", told["password"])
        third = t.account("third")
        small_kail.actors["third"] = Actor(third.id, third.organisation_id, "operator", "Third")
        if kind == "made":
            lets_stand(small_kail, "third")
        asker, approver = ("third", "operator2") if way == "asks as them" else ("operator2", "third")
        approval = t.asks(asker, "POST", f"/participants/{person}/erasure", {"version": 1})
        assert "24 jam" in why(t.decides(approver, "approve", approval, 409))
        small_kail.clock.forward(hours=23, minutes=59)
        t.decides(approver, "approve", approval, 409)
        small_kail.clock.forward(minutes=1)
        t.decides(approver, "approve", approval)


# -- the same person under another account -----------------------------------------------------------------------------


def signed_in(client, login, mark=""):
    """Sign in with a password, in a browser that has that mark; the cookies it has then."""
    client.cookies.clear()
    answer = sign_in(client, login, cookie=f"kail_browser={mark}") if mark else sign_in(client, login)
    return id_in(answer)[0], id_in(answer, "kail_browser")[0]


@pytest.mark.parametrize("same", [True, False])
def test_two_accounts_in_one_browser_are_told_to_the_operators_and_not_refused(small_kail, same):
    person = small_kail.participant()
    with two(small_kail) as t:
        with_second(small_kail, "third")
        session, mark = signed_in(t.client, "operator")
        t.client.cookies.clear()
        asked = t.client.post(
            f"/api/v1/participants/{person}/erasure",
            json={"version": 1},
            headers={"cookie": f"kail_session={session}; kail_browser={mark}"},
        ).json()
        session, mark = signed_in(t.client, "operator2", mark if same else "")
        headers = {"cookie": f"kail_session={session}; kail_browser={mark}"}
        t.client.cookies.clear()
        page = t.client.get("/approvals", headers=headers).text
        assert ("diminta di peramban ini juga" in page) == same
        done = t.client.post(f"/api/v1/approvals/{asked['id']}/approve", headers=headers).json()
        assert done["same_browser"] is same
        t.client.cookies.clear()
        for entry in (*noted(small_kail, "approved"), *noted(small_kail, "erased")):
            assert json.loads(entry.detail).get("same_browser", False) is same
        first = t.client.get("/accounts", headers=small_kail.headers("third")).text
        assert ("tampaknya oleh satu orang" in first) == same
        looked = t.client.get("/approvals", headers=small_kail.headers("third")).text
        assert ("Mungkin satu orang memakai dua akun" in looked) == same
        assert "tampaknya oleh" not in t.client.get("/accounts", headers=small_kail.headers("third")).text


def test_a_mark_that_is_none_names_no_browser(small_kail):
    person = small_kail.participant()
    with two(small_kail) as t:
        for mark in ("", "x" * 96, "20261121" + "Z" * 24, "%00"):
            approval = t.asks("operator", "POST", f"/participants/{person}/erasure", {"version": 1}, browser=mark)
            assert rows(small_kail)[-1].asked_in is None
            t.decides("operator", "withdraw", approval)
