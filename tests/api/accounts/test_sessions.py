"""Sessions and signing in: ids nobody can choose, limits that hold across workers, one hash at a time."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from litestar.testing import TestClient
from sqlalchemy import select

import api
from api.accounts import passwords, service
from api.accounts.cookies import BROWSER, COOKIE
from api.accounts.limits import ALLOWED, WINDOW, count_try, forget_tries
from api.accounts.tables import ACCOUNTS, SESSIONS, TRIES
from api.app import create_app
from api.record.refusals import Refused
from api.web.cookies import cookie_name
from tests.installation import PASSWORD, installation

NEW = "sapi-biru-delapan-puluh"


def sign_in(client, login="mentor", password=PASSWORD, **headers):
    return client.post("/api/v1/session", json={"login": login, "password": password}, headers=headers)


def id_in(answer, called=COOKIE):
    """The value of a cookie that an answer sets, by default the session id, and its flags in small letters."""
    set_by = [value for name, value in answer.headers.multi_items() if name == "set-cookie"]
    [cookie] = [value for value in set_by if value.startswith(f"{called}=")]
    value, *flags = [part.strip() for part in cookie.split(";")]
    return value.partition("=")[2].strip('"'), {flag.lower() for flag in flags}


def is_in(client, secret):
    client.cookies.clear()
    return client.get("/api/v1/me", headers={"cookie": f"{COOKIE}={secret}"}).status_code == 200


def sessions(kail):
    with kail.record.read() as tx:
        return {row.id_hash for row in tx.all(select(SESSIONS))}


def version(kail, login):
    with kail.record.read() as tx:
        return tx.one(select(ACCOUNTS.c.version).where(ACCOUNTS.c.id == kail.actors[login].account_id)).version


# -- ids ---------------------------------------------------------------------------------------------------------------


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


@pytest.mark.parametrize("change", [{"role": "analyst"}, {"active": False}, {"role": "mentor", "active": True}])
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


# -- limits ------------------------------------------------------------------------------------------------------------


def test_the_counting_lets_exactly_the_allowed_number_through_at_once(kail):
    allowed, tries = ALLOWED["name and address"], 60
    start = threading.Barrier(6)

    def guess(_):
        start.wait()
        found = []
        for _ in range(tries // 6):
            with kail.record.write() as tx:
                found.append(count_try(tx, "mentor", "10.0.0.1"))
        return sum(found)

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(guess, range(6))) == allowed
    with kail.record.write() as tx:
        assert count_try(tx, "mentor", "10.0.0.2"), "the owner, elsewhere, still gets in"
        assert count_try(tx, "mentor2", "10.0.0.1"), "another name, from the same address, too"


@pytest.mark.parametrize(("kind", "names", "addresses"), [("name", 1, 1000), ("address", 1000, 1)])
def test_many_addresses_on_a_name_and_many_names_from_an_address_are_stopped_too(kail, kind, names, addresses):
    with kail.record.write() as tx:
        let = sum(count_try(tx, f"name{n % names}", f"10.0.{n % addresses}") for n in range(ALLOWED[kind] + 50))
    assert let == ALLOWED[kind]


def test_who_comes_in_takes_no_try_away_from_the_others_in_the_room(kail):
    def comes_in(tx, login):
        let = count_try(tx, login, "10.0.0.1")
        forget_tries(tx, login, "10.0.0.1")
        return let

    with kail.record.write() as tx:
        assert all(comes_in(tx, f"mentor{n}") for n in range(ALLOWED["address"] + 50))
        assert all(comes_in(tx, "mentor") for _ in range(ALLOWED["name"] + 50))
        guesses = sum(count_try(tx, f"name{n}", "10.0.0.1") for n in range(ALLOWED["address"] + 50))
    assert guesses == ALLOWED["address"]


def guessed_at(kail, login, times=300):
    """Guess at a name, each time from another address; return how many were let through."""
    with kail.record.write() as tx:
        return sum(count_try(tx, login, f"10.1.{n // 250}.{n % 250}") for n in range(times))


def refused(record, *how, **more):
    with pytest.raises(Refused) as raised:
        service.sign_in(record, *how, **more)
    return raised.value.status


def test_nobody_is_shut_out_of_a_browser_where_they_came_in_before(kail):
    *_, mark = service.sign_in(kail.record, "Mentor", PASSWORD, "10.0.0.1")
    assert guessed_at(kail, "mentor") == ALLOWED["name"]
    assert refused(kail.record, "mentor", PASSWORD, "10.0.0.1") == 429
    *_, again = service.sign_in(kail.record, "mentor", PASSWORD, "10.0.0.2", mark=mark)
    assert again != mark
    assert service.sign_in(kail.record, "mentor", PASSWORD, "10.0.0.3", mark=again)


def test_in_a_known_browser_too_a_password_can_only_be_guessed_at_so_often(kail):
    *_, mark = service.sign_in(kail.record, "mentor", PASSWORD, "10.0.0.1")
    found = [refused(kail.record, "mentor", "wrong", f"10.0.0.{n}", mark=mark) for n in range(12)]
    assert found == [401] * ALLOWED["browser"] + [429] * 2
    assert service.sign_in(kail.record, "mentor", PASSWORD, "10.0.0.1"), "the other limits are as they were"


def test_a_mark_ends_with_the_password_and_after_half_a_year(kail):
    *_, mark = service.sign_in(kail.record, "mentor", PASSWORD, "10.0.0.1")
    kail.clock.forward(days=179)
    guessed_at(kail, "mentor")
    *_, second = service.sign_in(kail.record, "mentor", PASSWORD, "10.0.0.1", mark=mark)
    kail.clock.forward(days=2)
    guessed_at(kail, "mentor")
    assert refused(kail.record, "mentor", PASSWORD, "10.0.0.1", mark=mark) == 429
    _, third = service.change_password(kail.record, kail.actors["mentor"], PASSWORD, NEW)
    assert refused(kail.record, "mentor", NEW, "10.0.0.1", mark=second) == 429
    assert service.sign_in(kail.record, "mentor", NEW, "10.0.0.1", mark=third)


def test_a_mark_that_was_made_up_or_is_of_another_name_is_worth_nothing(kail):
    *_, mark = service.sign_in(kail.record, "mentor", PASSWORD, "10.0.0.1")
    *_, theirs = service.sign_in(kail.record, "mentor2", PASSWORD, "10.0.0.1")
    flipped = mark[:-1] + ("0" if mark[-1] != "0" else "1")
    guessed_at(kail, "mentor")
    for wrong in ("", "x", "é" * 40, theirs, flipped, mark[1:], mark + "0", mark.upper(), mark[:24]):
        assert refused(kail.record, "mentor", PASSWORD, "10.0.0.1", mark=wrong) == 429
    assert service.sign_in(kail.record, "mentor", PASSWORD, "10.0.0.1", mark=mark)


@pytest.mark.parametrize("https", [False, True])
@pytest.mark.parametrize("path", ["/sign-in", "/api/v1/session"])
def test_the_browser_keeps_the_mark_and_sends_it(small_kail, path, https):
    app = create_app(replace(small_kail.settings, https=https), clock=small_kail.clock)
    name = cookie_name(BROWSER, https=https)
    said = {"login": "mentor", "password": PASSWORD}
    body = {"data": said} if path == "/sign-in" else {"json": said}
    with TestClient(app) as client:
        first = client.post(path, **body, follow_redirects=False)
        mark, flags = id_in(first, name)
        assert {"httponly", "samesite=strict", "path=/", "max-age=15552000"} <= flags
        assert ("secure" in flags) is https
        guessed_at(small_kail, "mentor")
        client.cookies.clear()
        assert client.post(path, **body, follow_redirects=False).status_code == 429
        known = client.post(path, **body, follow_redirects=False, headers={"cookie": f"{name}={mark}"})
        assert known.status_code == first.status_code


def test_the_end_of_a_window_begins_anew_and_the_last_second_of_it_does_not(kail):
    with kail.record.write() as tx:
        assert [count_try(tx, "mentor", "10.0.0.1") for _ in range(12)] == [True] * 10 + [False] * 2
    kail.clock.now += WINDOW
    with kail.record.write() as tx:
        assert not count_try(tx, "mentor", "10.0.0.1")
    kail.clock.forward(seconds=1)
    with kail.record.write() as tx:
        assert [count_try(tx, "mentor", "10.0.0.1") for _ in range(12)] == [True] * 10 + [False] * 2


def test_the_right_password_gets_in_when_the_window_is_over_and_clears_the_count(small_kail):
    record = small_kail.record
    for _ in range(10):
        with pytest.raises(Refused) as refused:
            service.sign_in(record, "mentor", "wrong", "10.0.0.1")
        assert refused.value.status == 401
    with pytest.raises(Refused) as refused:
        service.sign_in(record, "Mentor ", PASSWORD, "10.0.0.1")
    assert refused.value.status == 429
    assert service.sign_in(record, "mentor", PASSWORD, "10.0.0.2")
    small_kail.clock.forward(minutes=15, seconds=1)
    assert service.sign_in(record, "mentor", PASSWORD, "10.0.0.1")
    with record.write() as tx:
        assert all(count_try(tx, "mentor", "10.0.0.1") for _ in range(10))


def test_the_old_password_cannot_be_guessed_from_a_stolen_session(small_kail):
    mentor, found = small_kail.actors["mentor"], []
    for old in [*(f"guess {n}" for n in range(12)), PASSWORD]:
        with pytest.raises(Refused) as refused:
            service.change_password(small_kail.record, mentor, old, NEW)
        found.append(refused.value.status)
    assert found == [400] * 10 + [429] * 3
    assert service.sign_in(small_kail.record, "mentor", PASSWORD, "10.0.0.1"), "the owner can still come in"
    small_kail.clock.forward(minutes=15, seconds=1)
    assert service.change_password(small_kail.record, mentor, PASSWORD, NEW)
    for n in range(10):  # after the right one, the count begins anew
        with pytest.raises(Refused) as refused:
            service.change_password(small_kail.record, mentor, f"guess {n}", NEW)
        assert refused.value.status == 400


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def workers(data, count=2):
    """Start the service several times on one data folder, as `kail serve` does; yield the addresses."""
    root = Path(api.__file__).parents[1]
    environment = {**os.environ, "PYTHONPATH": str(root), "FORWARDED_ALLOW_IPS": "*"}  # even where somebody sets it
    ports = [free_port() for _ in range(count)]
    started = []
    try:
        for port in ports:
            command = [sys.executable, "-m", "api.commands.main", "serve", "--port", str(port), "--data", str(data)]
            quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            started.append(subprocess.Popen(command, cwd=root, env=environment, **quiet))
        addresses = [f"http://127.0.0.1:{port}" for port in ports]
        for server, address in zip(started, addresses, strict=True):
            wait_for(server, address)
        yield addresses
    finally:
        for server in started:
            server.terminate()
        for server in started:
            server.wait()


def wait_for(server, address):
    while server.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/health") as answer:
                assert answer.status == 200
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the server ended before it answered")


def knock(address, login, password, number):
    """Try a password, saying each time that one comes from elsewhere; return the status."""
    elsewhere = f"203.0.{number // 250}.{number % 250 + 1}"
    headers = {
        "content-type": "application/json",
        "x-forwarded-for": f"{elsewhere}, 127.0.0.1",
        "x-real-ip": elsewhere,
        "forwarded": f"for={elsewhere};proto=https",
        "x-forwarded-proto": "https",
        "client-ip": elsewhere,
    }
    body = f'{{"login": "{login}", "password": "{password}"}}'.encode()
    request = urllib.request.Request(f"{address}/api/v1/session", body, headers, method="POST")
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


def test_a_thousand_guesses_at_two_workers_get_exactly_the_allowed_number_of_looks(tmp_path):
    with installation(tmp_path / "data") as kail:
        mentor = kail.actors["mentor"].account_id
    names = ["mentor", "MENTOR", " mentor ", "Mentor"]  # all the same name
    with workers(kail.settings.data) as addresses, ThreadPoolExecutor(8) as pool:

        def guess(n):
            return knock(addresses[n % 2], names[n % 4], f"guess {n}", n)

        found = list(pool.map(guess, range(1000)))
        assert (found.count(401), found.count(429)) == (ALLOWED["name and address"], 1000 - ALLOWED["name and address"])
        assert [knock(address, "mentor", PASSWORD, 1) for address in addresses] == [429, 429]
        assert knock(addresses[0], "operator", PASSWORD, 2) == 200
    with kail.record.read() as tx:
        assert tx.one(select(SESSIONS).where(SESSIONS.c.account_id == mentor)) is None
        assert max(row.count for row in tx.all(select(TRIES))) == 1002
    kail.record.close()


# -- hashing -----------------------------------------------------------------------------------------------------------


def test_forty_sign_ins_at_once_are_hashed_one_at_a_time(small_kail, monkeypatch, request):
    running, most = [], []

    class Watched:
        """A hasher that only counts how many use it at a time."""

        def verify(self, stored, password):
            self.work()
            if (stored, password) != (self.hash_of("mentor"), PASSWORD):
                raise VerifyMismatchError
            return True

        def hash(self, password):
            return self.work()

        def check_needs_rehash(self, stored):
            return False

        def hash_of(self, login):
            with small_kail.record.read() as tx:
                return tx.one(select(ACCOUNTS.c.password_hash).where(ACCOUNTS.c.login == login)).password_hash

        def work(self):
            running.append(1)
            most.append(len(running))
            time.sleep(0.01)
            running.pop()
            return "a hash that nobody has"

    monkeypatch.setattr(passwords, "_HASHER", Watched())
    passwords._nobody.cache_clear()
    request.addfinalizer(passwords._nobody.cache_clear)

    def enter(number):
        login = "mentor" if number % 4 == 0 else f"nobody{number}"
        try:
            service.sign_in(small_kail.record, login, PASSWORD, f"10.0.0.{number}")
        except Refused as refused:
            return refused.status
        return 200

    with ThreadPoolExecutor(40) as pool:
        found = list(pool.map(enter, range(40)))
    assert (found.count(200), found.count(401)) == (10, 30)
    assert max(most) == 1
    assert len(most) == 41, "one look each, and once the hash that nobody has"


def test_a_hash_costs_what_it_is_said_to_cost(small_kail):
    with small_kail.record.read() as tx:
        stored = tx.one(select(ACCOUNTS.c.password_hash)).password_hash
    memory, passes = re.match(r"\$argon2id\$v=19\$m=(\d+),t=(\d+),p=1\$", stored).groups()
    assert int(memory) >= 19 * 1024
    assert int(passes) >= 2


def test_a_weaker_hash_is_replaced_when_its_owner_signs_in(small_kail):
    weak = PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1).hash(PASSWORD)
    with small_kail.record.write() as tx:
        tx.run(ACCOUNTS.update().where(ACCOUNTS.c.login == "mentor").values(password_hash=weak))
    service.sign_in(small_kail.record, "mentor", PASSWORD, "10.0.0.1")
    with small_kail.record.read() as tx:
        stored = tx.one(select(ACCOUNTS.c.password_hash).where(ACCOUNTS.c.login == "mentor")).password_hash
    assert stored != weak
    assert not passwords.needs_new_hash(stored)
    assert service.sign_in(small_kail.record, "mentor", PASSWORD, "10.0.0.1")


@pytest.mark.parametrize("password", ["", "x" * 201, "\ud800", 7, None, ["x"], "\0", PASSWORD + " ", " " + PASSWORD])
def test_an_odd_password_is_refused_in_words(small_kail, password):
    with small_kail.client() as client:
        body = json.dumps({"login": "mentor", "password": password}).encode()
        answer = client.post("/api/v1/session", content=body, headers={"content-type": "application/json"})
        assert answer.status_code in (400, 401)
        assert "set-cookie" not in answer.headers


def test_whoever_waits_to_sign_in_keeps_nobody_else_waiting(small_kail):
    with small_kail.client() as client, ThreadPoolExecutor(max_workers=60) as many:
        assert sign_in(client).status_code == 200
        with passwords._ONE_AT_A_TIME:  # as if a password were being looked at all the time
            waiting = [many.submit(sign_in, client, login=f"nobody-{number}") for number in range(50)]
            answered = many.submit(client.get, "/api/v1/me").result(timeout=60)
            assert not any(one.done() for one in waiting)
        assert answered.status_code == 200
        assert {one.result(timeout=60).status_code for one in waiting} == {401}
