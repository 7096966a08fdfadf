"""Guesses at a password get slower and slower, also through several workers, and shut nobody out."""

from __future__ import annotations

import math
import os
import threading
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from litestar.testing import TestClient
from sqlalchemy import select

from api.accounts import service
from api.accounts.cookies import BROWSER
from api.accounts.limits import ANEW, PACES, buckets, count_try, forget_tries
from api.accounts.tables import SESSIONS, TRIES
from api.app import create_app
from api.jobs.worker import tidy
from api.record.refusals import Refused
from api.web.cookies import cookie_name
from tests.api.accounts.signing_in import NEW, id_in
from tests.installation import PASSWORD, installation
from tests.installed import serving

HERE = "10.0.0.1"
CLOSE, NAME, ADDRESS = PACES["name and address"], PACES["name"], PACES["address"]


def is_let(tx, login, address=HERE, mark=""):
    return not count_try(tx, login, address, mark)


def test_the_counting_lets_exactly_the_free_tries_through_at_once(kail):
    start = threading.Barrier(6)

    def guess(_):
        start.wait()
        found = []
        for _ in range(10):
            with kail.record.write() as tx:
                found.append(is_let(tx, "mentor"))
        return sum(found)

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(guess, range(6))) == CLOSE.free
    with kail.record.write() as tx:
        assert is_let(tx, "mentor", "10.0.0.2"), "the owner, elsewhere, still gets in"
        assert is_let(tx, "mentor2"), "another name, from the same address, too"


@pytest.mark.parametrize(("pace", "names", "addresses"), [(NAME, 1, 1000), (ADDRESS, 1000, 1)])
def test_many_addresses_on_a_name_and_many_names_from_an_address_are_slowed_too(kail, pace, names, addresses):
    with kail.record.write() as tx:
        let = sum(is_let(tx, f"name{n % names}", f"10.0.{n % addresses}") for n in range(pace.free + 50))
    assert let == pace.free


@pytest.mark.parametrize(("kind", "second"), [("name and address", HERE), ("name", "10.0.1.{}"), ("address", HERE)])
def test_after_the_free_tries_each_waits_twice_as_long_as_the_one_before_up_to_the_longest(kail, kind, second):
    pace, waited = PACES[kind], []
    login = (lambda n: f"name{n}") if kind == "address" else (lambda n: "mentor")
    for n in range(pace.free + 14):
        with kail.record.write() as tx:
            wait = count_try(tx, login(n), second.format(n))
        waited.append(wait.total_seconds())
        if wait:
            assert wait <= pace.longest
            kail.clock.now += wait - timedelta(milliseconds=1)
            with kail.record.write() as tx:
                assert count_try(tx, login(n), second.format(n)) == timedelta(milliseconds=1), "what came too early"
            kail.clock.now += timedelta(milliseconds=1)
            with kail.record.write() as tx:
                assert is_let(tx, login(n), second.format(n))
    doubled = [min(2.0**n, pace.longest.total_seconds()) for n in range(14)]
    assert waited == [0.0] * pace.free + doubled


def test_who_guesses_without_pause_keeps_the_owner_waiting_no_longer_than_the_wait_said(kail):
    with kail.record.write() as tx:
        for n in range(1000):
            count_try(tx, "mentor", f"10.1.{n // 250}.{n % 250}")
        wait = count_try(tx, "mentor", "10.0.0.9")
    assert timedelta() < wait <= NAME.longest
    for _ in range(20):  # what is refused moves nothing
        with kail.record.write() as tx:
            assert count_try(tx, "mentor", "10.1.0.1") >= wait
    kail.clock.now += wait
    assert service.sign_in(kail.record, "mentor", PASSWORD, "10.0.0.9")


def test_the_count_begins_anew_a_day_after_the_last_try_and_not_before(kail):
    with kail.record.write() as tx:
        assert [is_let(tx, "mentor") for _ in range(CLOSE.free + 1)] == [True] * CLOSE.free + [False]
    kail.clock.now += ANEW
    with kail.record.write() as tx:
        assert [is_let(tx, "mentor") for _ in range(2)] == [True, False]
    kail.clock.now += ANEW + timedelta(seconds=1)
    with kail.record.write() as tx:
        assert [is_let(tx, "mentor") for _ in range(CLOSE.free + 1)] == [True] * CLOSE.free + [False]


@pytest.mark.parametrize("jump", [timedelta(hours=1), timedelta(days=1), timedelta(days=365)])
def test_a_clock_that_jumps_shuts_nobody_out_and_gives_nobody_more_than_new_tries(kail, jump):
    for there in (jump, -jump):
        for n in range(CLOSE.free + 5):
            assert (refused(kail.record, "mentor", f"guess {n}", HERE) == 429) == (n >= CLOSE.free)
        kail.clock.now += there
        found = [refused(kail.record, "mentor", "wrong", HERE) for _ in range(CLOSE.free + 5)]
        assert found.count(401) <= (CLOSE.free if there > ANEW else 1)
        kail.clock.now += CLOSE.longest
        assert service.sign_in(kail.record, "mentor", PASSWORD, HERE)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:10.0.0.1", HERE, True),
        ("fe80::1%eth0", "fe80::2%eth1", True),
        ("testclient", "testclient2", False),
    ],
)
def test_of_ipv6_a_whole_network_is_one_address(one, other, same):
    assert (buckets("mentor", one) == buckets("mentor", other)) is same


def test_who_comes_in_takes_no_try_away_from_the_others_in_the_room(kail):
    def comes_in(tx, login):
        let = is_let(tx, login)
        forget_tries(tx, login, HERE)
        return let

    with kail.record.write() as tx:
        assert all(comes_in(tx, f"mentor{n}") for n in range(ADDRESS.free + 50))
        assert all(comes_in(tx, "mentor") for _ in range(NAME.free + 50))
        assert sum(is_let(tx, f"name{n}") for n in range(ADDRESS.free + 50)) == ADDRESS.free


def guessed_at(kail, login, times=300):
    """Guess at a name, each time from another address; return how many were let through."""
    with kail.record.write() as tx:
        return sum(is_let(tx, login, f"10.1.{n // 250}.{n % 250}") for n in range(times))


def refused(record, *how, **more):
    with pytest.raises(Refused) as raised:
        service.sign_in(record, *how, **more)
    return raised.value.status


def test_nobody_is_slowed_in_a_browser_where_they_came_in_before(kail):
    *_, mark = service.sign_in(kail.record, "Mentor", PASSWORD, "10.0.0.1")
    assert guessed_at(kail, "mentor") == NAME.free
    assert refused(kail.record, "mentor", PASSWORD, "10.0.0.1") == 429
    *_, again = service.sign_in(kail.record, "mentor", PASSWORD, "10.0.0.2", mark=mark)
    assert again != mark
    assert service.sign_in(kail.record, "mentor", PASSWORD, "10.0.0.3", mark=again)


def test_in_a_known_browser_too_a_password_can_only_be_guessed_at_so_often(kail):
    *_, mark = service.sign_in(kail.record, "mentor", PASSWORD, "10.0.0.1")
    found = [refused(kail.record, "mentor", "wrong", f"10.0.0.{n}", mark=mark) for n in range(12)]
    assert found == [401] * PACES["browser"].free + [429] * 2
    assert service.sign_in(kail.record, "mentor", PASSWORD, "10.0.0.1"), "the other counts are as they were"


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


def test_who_is_known_from_before_the_clock_went_back_is_not_slowed(kail):
    kail.clock.forward(days=1)
    *_, mark = service.sign_in(kail.record, "mentor", PASSWORD, HERE)
    kail.clock.forward(days=-1)
    guessed_at(kail, "mentor")
    assert service.sign_in(kail.record, "mentor", PASSWORD, HERE, mark=mark)


def test_what_is_refused_leaves_no_row_behind(kail):
    with kail.record.write() as tx:
        for n in range(ADDRESS.free + 100):
            count_try(tx, f"name{n}", HERE)
    with kail.record.read() as tx:
        assert len(tx.all(select(TRIES))) == 2 * ADDRESS.free + 1


@pytest.mark.parametrize(("language", "wait"), [("id", "Tunggu 1 detik,"), ("en", "Wait 1 second,")])
@pytest.mark.parametrize("path", ["/sign-in", "/api/v1/session"])
def test_how_long_to_wait_is_said_in_words_and_to_programs(small_kail, path, language, wait):
    said = {"login": "mentor", "password": PASSWORD}
    body = {"data": said} if path == "/sign-in" else {"json": said}
    with small_kail.client() as client:
        with small_kail.record.write() as tx:
            for _ in range(CLOSE.free):
                count_try(tx, "mentor", "testclient")
        answer = client.post(f"{path}?language={language}", **body, follow_redirects=False)
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
        assert wait in answer.text
        small_kail.clock.forward(seconds=1)
        assert client.post(path, **body, follow_redirects=False).status_code in (200, 303)


def test_the_right_password_clears_the_count(small_kail):
    record = small_kail.record
    assert [refused(record, "mentor", "wrong", HERE) for _ in range(CLOSE.free)] == [401] * CLOSE.free
    assert refused(record, "Mentor ", PASSWORD, HERE) == 429
    assert service.sign_in(record, "mentor", PASSWORD, "10.0.0.2")
    small_kail.clock.forward(seconds=1)
    assert service.sign_in(record, "mentor", PASSWORD, HERE)
    with record.write() as tx:
        assert all(is_let(tx, "mentor") for _ in range(CLOSE.free))


def refused_change(kail, old):
    with pytest.raises(Refused) as raised:
        service.change_password(kail.record, kail.actors["mentor"], old, NEW)
    return raised.value.status


def test_counters_of_names_that_nobody_has_are_forgotten_by_the_worker(kail):
    with kail.record.write() as tx:
        for number in range(5):
            count_try(tx, f"nobody{number}", f"10.1.{number}.1")
    kail.clock.now += ANEW / 2
    with kail.record.write() as tx:
        count_try(tx, "late", "10.2.0.1")
    kail.clock.now += ANEW / 2 + timedelta(seconds=1)
    tidy(kail.record, kail.settings.data)
    with kail.record.read() as tx:
        assert {row.bucket for row in tx.all(select(TRIES))} == set(buckets("late", "10.2.0.1").values())


def test_the_old_password_cannot_be_guessed_from_a_stolen_session(small_kail):
    found = [refused_change(small_kail, old) for old in [*(f"guess {n}" for n in range(12)), PASSWORD]]
    assert found == [400] * CLOSE.free + [429] * 3
    assert service.sign_in(small_kail.record, "mentor", PASSWORD, HERE), "the owner can still come in"
    small_kail.clock.forward(seconds=1)
    assert service.change_password(small_kail.record, small_kail.actors["mentor"], PASSWORD, NEW)
    found = [refused_change(small_kail, f"guess {n}") for n in range(CLOSE.free)]
    assert found == [400] * CLOSE.free, "after the right one, the count begins anew"


@contextmanager
def workers(command, data, *options, count=2):
    """Start the service several times on one data folder, as `kail serve` does; yield the addresses."""
    environment = {**os.environ, "FORWARDED_ALLOW_IPS": "*"}  # even where somebody sets it
    with ExitStack() as stack:
        services = [
            stack.enter_context(serving(command, data.parent, "--data", data, *options, environment=environment))
            for _ in range(count)
        ]
        yield [service.address for service in services]


def knock(address, login, password, number):
    """Try a password, saying each time that one comes from elsewhere; return the status."""
    elsewhere = f"203.0.{number // 250}.{number % 250 + 1}"
    headers = {
        "content-type": "application/json",
        "x-forwarded-for": f"198.51.100.7, {elsewhere}",
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


def test_a_thousand_guesses_at_two_workers_get_the_free_looks_and_a_few_that_waited(kail_by_dev, tmp_path):
    with installation(tmp_path / "data") as kail:
        mentor = kail.actors["mentor"].account_id
    names = ["mentor", "MENTOR", " mentor ", "Mentor"]  # all the same name
    with workers(kail_by_dev, kail.settings.data) as addresses, ThreadPoolExecutor(8) as pool:
        start = time.monotonic()

        def guess(n):
            return knock(addresses[n % 2], names[n % 4], f"guess {n}", n)

        found = list(pool.map(guess, range(1000)))
        waited = math.log2(time.monotonic() - start + 2)  # so many waits, of 1, 2, 4, ... seconds, fit into that time
        assert found.count(401) + found.count(429) == 1000
        assert CLOSE.free <= found.count(401) <= CLOSE.free + waited
        assert knock(addresses[0], "operator", PASSWORD, 2) == 200
    with kail.record.read() as tx:
        assert tx.one(select(SESSIONS).where(SESSIONS.c.account_id == mentor)) is None
        assert max(row.count for row in tx.all(select(TRIES))) == found.count(401)
    kail.record.close()


@pytest.mark.parametrize(("proxy", "is_believed"), [("127.0.0.0/8", True), ("10.0.0.0/8", False)])
def test_only_a_trusted_proxy_is_believed_from_where_somebody_comes(kail_by_dev, tmp_path, proxy, is_believed):
    """Behind a proxy one who guesses at invented names slows everybody there, until the proxy is named."""
    with installation(tmp_path / "data") as kail:
        kail.record.close()
    data = kail.settings.data
    with workers(kail_by_dev, data, "--trusted-proxy", proxy, "--trusted-proxy", "::1", count=1) as (address,):

        def let_in(login, number):
            """How many of some guesses were looked at, and how many could be, of which a few only after waiting."""
            start = time.monotonic()
            found = [knock(address, login, f"guess {n}", number(n)) for n in range(CLOSE.free + 12)]
            return found.count(401), CLOSE.free + math.log2(time.monotonic() - start + 2)

        looked_at, most = let_in("mentor", lambda n: n)
        assert looked_at == CLOSE.free + 12 if is_believed else CLOSE.free <= looked_at <= most
        looked_at, most = let_in("mentor2", lambda n: 1)
        assert looked_at <= most, "who claims in front of the proxy to be somebody else is not believed"
