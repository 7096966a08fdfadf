"""A password that somebody else made opens nothing but the way to one of one's own."""

from __future__ import annotations

import pytest

from api.accounts.guard import ANYONE, MATRIX, WITH_ANY_PASSWORD
from tests.api.accounts.signing_in import NEW, sign_in
from tests.api.accounts.test_guard import address
from tests.reading import read


def made(kail, client):
    """A mentor whom the operator made; the password that was told."""
    new = {"login": "dewi", "name": "Dewi", "role": "mentor"}
    answer = client.post("/api/v1/accounts", json=new, headers=kail.headers("operator"))
    client.cookies.clear()
    return answer.json()["password"]


def reset(kail, client):
    mentor = kail.actors["mentor"].account_id
    answer = client.post(f"/api/v1/accounts/{mentor}/password", headers=kail.headers("operator"))
    client.cookies.clear()
    return answer.json()["password"]


@pytest.mark.parametrize(("make", "login"), [(made, "dewi"), (reset, "mentor")])
def test_it_has_to_be_changed_before_anything_else(kail, make, login):
    with kail.client() as client:
        told = make(kail, client)
        answer = sign_in(client, login, told)
        assert (answer.status_code, answer.json()["must_change_password"]) == (200, True)
        client.cookies.clear()
        session = {"cookie": answer.headers["set-cookie"].partition(";")[0]}
        for name, allowed in MATRIX.items():
            if ANYONE not in allowed and name not in WITH_ANY_PASSWORD and "mentor" in allowed:
                method, path = address(name)
                refused = client.request(method, path, headers=session, follow_redirects=False)
                if method == "GET" and not path.startswith("/api/"):
                    assert (refused.status_code, refused.headers["location"]) == (303, "/account")
                else:
                    assert refused.status_code == 403, name
        assert client.get("/api/v1/me", headers=session).json()["must_change_password"] is True
        assert "dibuat orang lain" in read(client.get("/account", headers=session)).text
        said = client.get("/api/v1/work-list?language=en", headers=session).json()["problems"][0]
        assert said["message"] == "Your password was made by somebody else and is for one time."
        same = client.post("/api/v1/me/password", json={"old": told, "new": told}, headers=session)
        assert (same.status_code, same.json()["problems"][0]["field"]) == (400, "new")
        changed = client.post("/api/v1/me/password", json={"old": told, "new": NEW}, headers=session)
        assert changed.status_code == 200
        client.cookies.clear()
        own = {"cookie": changed.headers["set-cookie"].partition(";")[0]}
        assert client.get("/api/v1/work-list", headers=own).status_code == 200
        assert client.get("/api/v1/me", headers=own).json()["must_change_password"] is False
        assert "dibuat orang lain" not in read(client.get("/account", headers=own)).text
        client.cookies.clear()
        assert sign_in(client, login, NEW).json()["must_change_password"] is False


@pytest.mark.parametrize(("make", "login"), [(made, "dewi"), (reset, "mentor")])
def test_after_a_week_it_opens_nothing_and_another_one_has_to_be_made(kail, make, login):
    with kail.client() as client:
        told = make(kail, client)
        kail.clock.forward(days=7)
        assert sign_in(client, login, told).status_code == 200
        kail.clock.forward(seconds=1)
        client.cookies.clear()
        answer = sign_in(client, login, told)
        assert (answer.status_code, "lewat 7 hari" in answer.text) == (401, True)
        wrong = sign_in(client, login, f"{told}x")
        assert (wrong.status_code, "7 hari" in wrong.text) == (401, False)
        if make is reset:
            assert sign_in(client, login, reset(kail, client)).status_code == 200


def test_where_it_is_shown_it_is_said_how_long_it_opens(small_kail):
    with small_kail.client("operator") as client:
        mentor = small_kail.actors["mentor"].account_id
        assert "berlaku 7 hari" in client.post(f"/accounts/{mentor}/password").text


def test_one_of_ones_own_opens_for_good(small_kail):
    small_kail.clock.forward(days=400)
    with small_kail.client() as client:
        assert sign_in(client, "mentor").status_code == 200


def test_by_pages_one_lands_where_it_is_changed_and_goes_on(small_kail):
    with small_kail.client() as client:
        told = reset(small_kail, client)
        page = client.post("/sign-in", data={"login": "mentor", "password": told})
        assert page.url.path == "/account"
        assert "dibuat orang lain" in read(page).text
        done = client.post("/account/password", data={"old": told, "new": NEW})
        assert "dibuat orang lain" not in read(done).text
        assert client.get("/work-list").url.path == "/work-list"


def test_the_password_of_a_reset_can_be_left_by_signing_out(small_kail):
    with small_kail.client() as client:
        told = reset(small_kail, client)
        client.post("/sign-in", data={"login": "mentor", "password": told})
        assert client.post("/sign-out", follow_redirects=False).status_code == 303
        assert client.get("/api/v1/me").status_code == 401
