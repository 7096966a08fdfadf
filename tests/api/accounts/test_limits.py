"""Limits of signing in: how often a password may be guessed at, also through several workers, and who is never shut out."""

from __future__ import annotations

import os
import threading
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace

import pytest
from litestar.testing import TestClient
from sqlalchemy import select

from api.accounts import service
from api.accounts.cookies import BROWSER
from api.accounts.limits import ALLOWED, WINDOW, count_try, forget_tries
from api.accounts.tables import SESSIONS, TRIES
from api.app import create_app
from api.record.refusals import Refused
from api.web.cookies import cookie_name
from tests.api.accounts.signing_in import NEW, id_in
from tests.installation import PASSWORD, installation
from tests.installed import serving


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


@contextmanager
def workers(command, data, count=2):
    """Start the service several times on one data folder, as `kail serve` does; yield the addresses."""
    environment = {**os.environ, "FORWARDED_ALLOW_IPS": "*"}  # even where somebody sets it
    with ExitStack() as stack:
        services = [
            stack.enter_context(serving(command, data.parent, "--data", data, environment=environment))
            for _ in range(count)
        ]
        yield [service.address for service in services]


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


def test_a_thousand_guesses_at_two_workers_get_exactly_the_allowed_number_of_looks(kail_by_dev, tmp_path):
    with installation(tmp_path / "data") as kail:
        mentor = kail.actors["mentor"].account_id
    names = ["mentor", "MENTOR", " mentor ", "Mentor"]  # all the same name
    with workers(kail_by_dev, kail.settings.data) as addresses, ThreadPoolExecutor(8) as pool:

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
