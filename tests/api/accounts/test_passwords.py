"""Passwords: hashed one at a time, dear enough, and refused in words where they are odd."""

from __future__ import annotations

import json
import re
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from sqlalchemy import select

from api.accounts import passwords, service
from api.accounts.tables import ACCOUNTS
from api.record.refusals import Refused
from tests.api.accounts.signing_in import sign_in
from tests.installation import PASSWORD


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
        statuses = {one.result(timeout=60).status_code for one in waiting}
    assert 401 in statuses
    assert statuses <= {401, 503}  # 503: whose turn did not come within a sign-in's deadline


def test_a_new_password_ends_the_api_keys_too(small_kail):
    with small_kail.client("lender") as client:
        body = {"name": "system", "scopes": ["me"], "expires_on": "2026-12-21"}
        key = {"authorization": f"Bearer {client.post('/api/v1/me/keys', json=body).json()['key']}"}
        client.post("/api/v1/me/password", json={"old": PASSWORD, "new": "tiga-ekor-burung-merpati"})
        client.cookies.clear()
        assert client.get("/api/v1/me", headers=key).status_code == 401
