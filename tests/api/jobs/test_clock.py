"""A clock that goes back: nothing lives longer by it, nobody is shut out, and every operator is told."""

from __future__ import annotations

import json
import logging
import time
from datetime import timedelta

import pytest
from sqlalchemy import select

from api.accounts.api_keys import add_key
from api.accounts.second_person import second_people
from api.accounts.sessions import ABSOLUTE, IDLE
from api.audit.tables import AUDIT
from api.jobs.clock import CLOCK, KEPT_EVERY, LATEST, Jumps, look_at_clock
from api.participants import agreements
from api.participants.withdrawals import erase_due
from api.record.jobs import JOBS, KEPT, forget_old
from tests.api.accounts.signing_in import id_in, sign_in
from tests.api.accounts.test_sessions import is_in
from tests.api.approvals.two import with_second

JUMPS = [timedelta(hours=1), timedelta(days=1), timedelta(days=365)]
BOTH_WAYS = pytest.mark.parametrize("sign", [1, -1], ids=["forward", "back"])


def jump(kail, by):
    """Move the clock as a mistake of the machine does; the worker looks a moment before and a moment after."""
    look_at_clock(kail.record)
    kail.clock.now += by
    return look_at_clock(kail.record)


@pytest.mark.parametrize("by", JUMPS)
@pytest.mark.parametrize("idle", [0, 29, 31, 45, 75, 90, 600])
def test_a_session_that_was_over_or_not_is_over_after_the_clock_went_back(small_kail, by, idle):
    small_kail.clock.forward(days=400)
    with small_kail.client() as client:
        secret, _ = id_in(sign_in(client))
        look_at_clock(small_kail.record)
        small_kail.clock.forward(minutes=idle)
        assert is_in(client, secret) == (timedelta(minutes=idle) <= min(IDLE, ABSOLUTE))
        assert jump(small_kail, -by)
        assert not is_in(client, secret)
        client.cookies.clear()
        again, _ = id_in(sign_in(client))
        assert is_in(client, again)
        small_kail.clock.forward(minutes=1)
        assert not look_at_clock(small_kail.record)
        assert is_in(client, again), "only those from before have to sign in again"


@pytest.mark.parametrize("by", JUMPS)
@BOTH_WAYS
def test_who_is_to_be_erased_is_erased_when_they_would_have_been_once_it_is_put_right(small_kail, by, sign):
    person = small_kail.participant()
    said = {"purpose": "record", "recipient": "", "given": False, "channel": "paper", "expires_on": None}
    with small_kail.record.write() as tx:
        agreements.say(tx, small_kail.actors["mentor"], person, {**said, "said_on": small_kail.live.today})
    small_kail.clock.forward(hours=30)
    jump(small_kail, sign * by)
    jump(small_kail, -sign * by)  # somebody puts it right
    small_kail.clock.forward(hours=40)
    assert erase_due(small_kail.record) == 0, "not sooner: it could not be undone"
    small_kail.clock.forward(hours=1)
    assert erase_due(small_kail.record) == 1


class Counted:
    """A worker's look at the clock, beside a count that goes on as time does."""

    def __init__(self, kail):
        self.kail, self.seconds = kail, 0.0
        self.begin()

    def begin(self):
        self.jumps = Jumps(self.kail.record, lambda: self.seconds)

    def after(self, hours, jump=timedelta()):
        self.seconds += hours * 3600
        self.kail.clock.now += timedelta(hours=hours) + jump
        look_at_clock(self.kail.record)
        return self.jumps.may_erase()


@pytest.fixture
def worker(small_kail):
    small_kail.clock.forward(days=800)
    return Counted(small_kail)


@pytest.mark.parametrize("by", [timedelta(minutes=2), timedelta(days=5), -timedelta(days=10)])
def test_after_a_jump_nobody_is_erased_by_themselves_for_a_day(worker, by):
    assert all(worker.after(1) for _ in range(100))
    assert not worker.after(0, by)
    assert not any(worker.after(1) for _ in range(10))
    assert not worker.after(0, -by)
    assert not any(worker.after(1) for _ in range(24))
    assert worker.after(1)


@pytest.mark.parametrize("by", [timedelta(days=5), -timedelta(days=10)])
def test_a_worker_that_begins_anew_after_a_jump_waits_out_the_day_too(worker, by):
    worker.after(1)
    assert not worker.after(0, by)
    for _ in range(24):
        worker.begin()
        assert not worker.after(1)
    assert worker.after(1)


def test_a_jump_that_was_put_right_while_no_worker_ran_is_waited_out_from_then_on(worker):
    worker.after(1)
    assert not worker.after(0, timedelta(days=365))
    worker.begin()
    assert not worker.after(0, timedelta(days=-365))
    assert not any(worker.after(1) for _ in range(24))
    assert worker.after(1)


def test_a_machine_that_slept_made_no_jump(small_kail, monkeypatch):
    """The count goes on while it sleeps, where the system has such a one."""
    if not hasattr(time, "CLOCK_BOOTTIME"):
        pytest.skip("this system does not count while it sleeps")
    counts = {time.CLOCK_BOOTTIME: 0.0}
    monkeypatch.setattr(time, "clock_gettime", lambda which: counts[which])
    jumps = Jumps(small_kail.record)
    for hours in (1, 10, 1):
        assert jumps.may_erase()
        counts[time.CLOCK_BOOTTIME] += hours * 3600
        small_kail.clock.forward(hours=hours)


@pytest.mark.parametrize("by", [timedelta(hours=30), timedelta(days=365)])
def test_a_clock_that_jumped_forward_and_back_makes_nobody_a_second_person(worker, by):
    kail = worker.kail
    with_second(kail, "fresh", timedelta(hours=1))
    with_second(kail, "old", timedelta(hours=25))

    def who_stand():
        with kail.record.read() as tx:
            return {row.name for row in second_people(tx, kail.actors["operator"])}

    worker.after(0)
    worker.after(0, by)
    assert who_stand() == {"Fresh", "Old"}, "while the clock is wrong nobody knows"
    worker.after(1)
    worker.after(0, -by)
    assert who_stand() == {"Old"}
    worker.after(0, -timedelta(hours=5))
    assert who_stand() == {"Old"}, "and who stands is there on the next way back too"


def test_a_key_that_was_made_while_the_clock_was_ahead_opens_nothing_when_that_day_comes(small_kail):
    look_at_clock(small_kail.record)
    small_kail.clock.forward(days=90)
    look_at_clock(small_kail.record)
    with small_kail.record.write() as tx:
        _, ahead = add_key(tx, small_kail.actors["lender"], "bank", ["me"], tx.now + timedelta(days=300))
    assert jump(small_kail, -timedelta(days=90))
    with small_kail.client() as client:
        for days in (0, 91, 100):
            small_kail.clock.forward(days=days)
            assert client.get("/api/v1/me", headers={"authorization": f"Bearer {ahead}"}).status_code == 401


def test_a_key_that_had_ended_does_not_begin_to_open_again(small_kail):
    end = small_kail.clock.now + timedelta(hours=2)
    with small_kail.record.write() as tx:
        _, secret = add_key(tx, small_kail.actors["lender"], "bank", ["me"], end)
        _, longer = add_key(tx, small_kail.actors["lender"], "bank2", ["me"], end + timedelta(days=30))
    small_kail.clock.forward(hours=3)
    assert jump(small_kail, -timedelta(hours=2))
    with small_kail.client() as client:
        for key, status in ((secret, 401), (longer, 200)):
            headers = {"authorization": f"Bearer {key}"}
            assert client.get("/api/v1/me", headers=headers).status_code == status


@pytest.mark.parametrize("by", JUMPS)
def test_what_is_kept_for_a_week_is_kept_no_longer(small_kail, by):
    with small_kail.client("mentor") as client:
        client.post("/api/v1/jobs", json={"kind": "export"})
    with small_kail.record.write() as tx:
        tx.run(JOBS.update().values(state="done", ended_at=tx.now))
    small_kail.clock.now += KEPT - timedelta(minutes=5)
    jump(small_kail, -by)
    forget_old(small_kail.record)
    with small_kail.record.read() as tx:
        assert tx.one(select(JOBS)) is not None
    small_kail.clock.forward(minutes=6)
    forget_old(small_kail.record)
    with small_kail.record.read() as tx:
        assert tx.one(select(JOBS)) is None


def test_every_operator_and_the_log_are_told_once(small_kail, caplog):
    with caplog.at_level(logging.WARNING, "kail"):
        assert jump(small_kail, -timedelta(hours=2))
        assert not look_at_clock(small_kail.record)
    assert caplog.text.count("the clock went back") == 1
    with small_kail.record.read() as tx:
        told = [row for row in tx.all(select(AUDIT)) if row.action == "clock_went_back"]
    assert {row.organisation_id for row in told} == {actor.organisation_id for actor in small_kail.actors.values()}
    assert {json.loads(row.detail)["minutes"] for row in told} == {120}
    for login in ("operator", "other_operator"):
        with small_kail.client(login) as client:
            assert "jam mesin mundur" in client.get("/audit").text


def test_a_clock_that_goes_on_as_it_should_is_only_kept_now_and_then(kail):
    moments = []
    for _ in range(20):
        kail.clock.forward(seconds=10)
        assert not look_at_clock(kail.record)
        with kail.record.read() as tx:
            moments.append(tx.one(select(CLOCK.c.latest).where(CLOCK.c.id == LATEST)).latest)
    assert len(set(moments)) == 20 * 10 // KEPT_EVERY.total_seconds() + 1
    kail.clock.forward(seconds=-30)  # two servers' clocks
    assert not look_at_clock(kail.record)
