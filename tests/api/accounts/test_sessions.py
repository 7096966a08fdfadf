"""Sessions: ids nobody can choose, and when they end; only hashes are stored."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from litestar.testing import TestClient
from sqlalchemy import select, update

from api.accounts import passwords, service
from api.accounts.api_keys import add_key
from api.accounts.cookies import COOKIE
from api.accounts.tables import ACCOUNTS, SESSIONS
from api.app import create_app
from api.record.refusals import Refused
from tests.api.accounts.signing_in import NEW, id_in, sign_in
from tests.api.jobs.test_worker import waited_for
from tests.installation import PASSWORD


def is_in(client, secret):
    client.cookies.clear()
    return client.get("/api/v1/me", headers={"cookie": f"{COOKIE}={secret}"}).status_code == 200


def sessions(kail):
    with kail.record.read() as tx:
        return {row.id_hash for row in tx.all(select(SESSIONS))}


def version(kail, login):
    with kail.record.read() as tx:
        return tx.one(select(ACCOUNTS.c.version).where(ACCOUNTS.c.id == kail.actors[login].account_id)).version


@pytest.mark.parametrize("chosen", ["A" * 43, "1", "x" * 4000, "0" * 64, "'; DROP TABLE sessions --"])
def test_an_id_that_somebody_chose_is_neither_accepted_nor_kept(small_kail, chosen):
    with small_kail.client() as client:
        assert not is_in(client, chosen)
        answer = sign_in(client, cookie=f'{COOKIE}="{chosen}"')
        secret, _ = id_in(answer)
        assert secret != chosen
        assert is_in(client, secret)
        assert not is_in(client, chosen)
        assert len(sessions(small_kail)) == 1


def test_signing_in_gives_a_new_id_and_ends_the_one_that_came_along(small_kail):
    with small_kail.client() as client:
        found = [id_in(sign_in(client))[0]]
        for _ in range(3):
            client.cookies.clear()
            found.append(id_in(sign_in(client, cookie=f"{COOKIE}={found[-1]}"))[0])
        assert len(set(found)) == 4
        assert [is_in(client, secret) for secret in found] == [False, False, False, True]


def test_a_failed_sign_in_ends_nobodys_session(small_kail):
    with small_kail.client() as client:
        secret, _ = id_in(sign_in(client))
        client.cookies.clear()
        answer = sign_in(client, password="wrong", cookie=f"{COOKIE}={secret}")
        assert answer.status_code == 401
        assert "set-cookie" not in answer.headers
        assert is_in(client, secret)


def test_a_new_password_ends_every_session_and_begins_a_new_one(small_kail):
    with small_kail.client() as client:
        mine, _ = id_in(sign_in(client))
        client.cookies.clear()
        elsewhere, _ = id_in(sign_in(client))
        assert is_in(client, mine)
        client.cookies.clear()
        body, headers = {"old": PASSWORD, "new": NEW}, {"cookie": f"{COOKIE}={mine}"}
        secret, _ = id_in(client.post("/api/v1/me/password", json=body, headers=headers))
        assert not is_in(client, mine)
        assert not is_in(client, elsewhere)
        assert is_in(client, secret)
        client.cookies.clear()
        assert sign_in(client).status_code == 401
        assert sign_in(client, password=NEW).status_code == 200


@pytest.mark.parametrize("change", [{"role": "analyst"}, {"active": False}, {"role": "analyst", "active": True}])
def test_a_change_of_role_or_a_closing_ends_every_session(small_kail, change):
    with small_kail.client() as client:
        secret, _ = id_in(sign_in(client))
        client.cookies.clear()
        mentor, operator = small_kail.actors["mentor"].account_id, small_kail.headers("operator")
        body = {"version": version(small_kail, "mentor"), **change}
        assert client.patch(f"/api/v1/accounts/{mentor}", json=body, headers=operator).status_code == 200
        assert not is_in(client, secret)
        assert sign_in(client).status_code == (401 if change == {"active": False} else 200)


def test_a_reset_by_the_operator_ends_every_session_and_the_old_password(small_kail):
    with small_kail.client() as client:
        secret, _ = id_in(sign_in(client))
        client.cookies.clear()
        mentor, operator = small_kail.actors["mentor"].account_id, small_kail.headers("operator")
        told = client.post(f"/api/v1/accounts/{mentor}/password", headers=operator).json()["password"]
        assert not is_in(client, secret)
        client.cookies.clear()
        assert sign_in(client).status_code == 401
        assert sign_in(client, password=told).status_code == 200


@pytest.mark.parametrize("change", [{"role": "mentor"}, {"active": False}])
def test_the_keys_of_a_changed_account_stay_dead_when_it_is_changed_back(small_kail, change):
    with small_kail.client() as client:
        lender, operator = small_kail.headers("lender"), small_kail.headers("operator")
        body = {"name": "bank", "scopes": ["me"], "expires_on": "2027-01-01"}
        secret = client.post("/api/v1/me/keys", json=body, headers=lender).json()["key"]
        bearer = {"authorization": f"Bearer {secret}"}
        assert client.get("/api/v1/me", headers=bearer).status_code == 200
        account = f"/api/v1/accounts/{small_kail.actors['lender'].account_id}"
        for values in (change, {"role": "lender", "active": True}):
            body = {"version": version(small_kail, "lender"), **values}
            assert client.patch(account, json=body, headers=operator).status_code == 200
            assert client.get("/api/v1/me", headers=bearer).status_code == 401


def test_signing_out_ends_a_session_on_the_server(small_kail):
    with small_kail.client() as client:
        secret, _ = id_in(sign_in(client))
        client.cookies.clear()
        answer = client.delete("/api/v1/session", headers={"cookie": f"{COOKIE}={secret}"})
        emptied, flags = id_in(answer)
        assert emptied == ""
        assert "max-age=0" in flags
        assert not is_in(client, secret)
        assert sessions(small_kail) == set()


def test_of_ids_keys_and_passwords_only_hashes_are_in_the_files(small_kail):
    with small_kail.client() as client:
        secrets = [id_in(sign_in(client))[0]]
        client.cookies.clear()
        body = {"name": "bank", "scopes": ["me"], "expires_on": "2027-01-01"}
        secrets.append(client.post("/api/v1/me/keys", json=body, headers=small_kail.headers("lender")).json()["key"])
        operator = small_kail.headers("operator")
        made = client.post(
            "/api/v1/accounts", json={"login": "baru", "name": "Baru", "role": "mentor"}, headers=operator
        )
        secrets += [made.json()["password"], PASSWORD, operator["cookie"].partition("=")[2]]
        sign_in(client, login="a-password-typed-as-a-name", password="a-wrong-password-typed")
        secrets += ["a-password-typed-as-a-name", "a-wrong-password-typed"]
        files = {file.name: file.read_bytes() for file in small_kail.settings.data.rglob("*") if file.is_file()}
        assert len(b"".join(files.values())) > 100_000
        for secret in secrets:
            assert [name for name, content in files.items() if secret.encode() in content] == []


@pytest.mark.parametrize("https", [False, True])
def test_the_cookie_is_for_this_site_and_no_script(small_kail, https):
    app = create_app(replace(small_kail.settings, https=https), clock=small_kail.clock)
    name, other = (f"__Host-{COOKIE}", COOKIE) if https else (COOKIE, f"__Host-{COOKIE}")
    with TestClient(app) as client:
        secret, flags = id_in(sign_in(client), name)
        assert {"httponly", "samesite=strict", "path=/"} <= flags
        assert ("secure" in flags) is https
        assert not any(flag.startswith("domain") for flag in flags)
        assert len(secret) >= 43
        client.cookies.clear()
        assert client.get("/api/v1/me", headers={"cookie": f"{other}={secret}"}).status_code == 401
        assert client.get("/api/v1/me", headers={"cookie": f"{name}={secret}"}).status_code == 200
        _, flags = id_in(client.delete("/api/v1/session", headers={"cookie": f"{name}={secret}"}), name)
        assert {"httponly", "samesite=strict"} <= flags
        assert ("secure" in flags) is https


# -- what happens while a password is looked at --------------------------------------------------------------------------


@pytest.fixture
def meanwhile(monkeypatch):
    """Have something done while a password is being looked at."""

    def set_up(act):
        real = passwords.verify

        def verify(stored, password):
            right = real(stored, password)
            monkeypatch.setattr(passwords, "verify", real)
            act()
            return right

        monkeypatch.setattr(passwords, "verify", verify)

    return set_up


@pytest.mark.parametrize("what", ["closed", "reset", "demoted"])
def test_an_account_changed_while_its_password_is_looked_at_lets_nobody_in(small_kail, meanwhile, what):
    operator, mentor = small_kail.actors["operator"], small_kail.actors["mentor"].account_id
    fresh = passwords.new_password()

    def act():
        with small_kail.record.write() as tx:
            if what == "reset":
                service.reset_password(tx, operator, mentor, fresh)
            else:
                changed = {"active": False} if what == "closed" else {"role": "analyst"}
                service.change_account(tx, operator, mentor, 1, **changed)

    meanwhile(act)
    with small_kail.client() as client:
        assert sign_in(client).status_code == 401
    assert sessions(small_kail) == set()


def test_of_two_changes_of_a_password_at_once_the_second_is_refused(small_kail, meanwhile):
    operator, mentor = small_kail.actors["operator"], small_kail.actors["mentor"]
    fresh = passwords.new_password()

    def act():
        with small_kail.record.write() as tx:
            service.reset_password(tx, operator, mentor.account_id, fresh)

    meanwhile(act)
    with pytest.raises(Refused):
        service.change_password(small_kail.record, mentor, PASSWORD, NEW)
    assert service.sign_in(small_kail.record, "mentor", fresh.plain, "10.0.0.1")


@pytest.mark.parametrize("jump", [timedelta(hours=1), timedelta(days=1), timedelta(days=365)])
@pytest.mark.parametrize("sign", [1, -1])
def test_with_a_clock_that_jumps_no_session_lives_on_and_who_signs_in_anew_is_in(small_kail, jump, sign):
    small_kail.clock.forward(days=400)
    with small_kail.client() as client:
        secret, _ = id_in(sign_in(client))
        assert is_in(client, secret)
        small_kail.clock.now += sign * jump
        assert not is_in(client, secret)
        client.cookies.clear()
        anew, _ = id_in(sign_in(client))
        assert is_in(client, anew)


@pytest.mark.parametrize(("seconds", "lives"), [(60, True), (61, False)])
def test_two_servers_clocks_may_lie_a_minute_apart(small_kail, seconds, lives):
    with small_kail.client() as client:
        secret, _ = id_in(sign_in(client))
        small_kail.clock.forward(seconds=-seconds)
        assert is_in(client, secret) is lives


def test_a_key_that_was_made_in_the_future_opens_nothing(small_kail):
    end = small_kail.clock.now + timedelta(days=30)
    with small_kail.record.write() as tx:
        _, secret = add_key(tx, small_kail.actors["lender"], "bank", ["me"], end)
    with small_kail.client() as client:
        bearer = {"authorization": f"Bearer {secret}"}
        assert client.get("/api/v1/me", headers=bearer).status_code == 200
        small_kail.clock.forward(days=-1)
        assert client.get("/api/v1/me", headers=bearer).status_code == 401


@pytest.mark.parametrize("change", [{"active": False}, {"role": "mentor"}], ids=["closed", "another role"])
def test_who_is_closed_while_they_wait_for_others_to_write_does_nothing_any_more(small_kail, change):
    answers = []
    with small_kail.client("operator") as client:
        new = {"login": "late", "name": "L", "role": "mentor"}
        asking = threading.Thread(target=lambda: answers.append(client.post("/api/v1/accounts", json=new)))
        with small_kail.record.write() as tx:
            asking.start()
            waited_for(lambda: small_kail.record.database._turns._queue)  # they stand in line
            mine = ACCOUNTS.c.id == small_kail.actors["operator"].account_id
            tx.run(update(ACCOUNTS).where(mine).values(change))
        asking.join()
        assert answers[0].status_code == 401
    with small_kail.record.read() as tx:
        assert tx.one(select(ACCOUNTS).where(ACCOUNTS.c.login == "late")) is None
