"""A clock that is wrong for an hour, a day or a year, in every state of an approval: nothing lives longer by it, and
nobody is shut out for good."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update

from api.accounts.second_person import begin_anew, needs_second, stands
from api.accounts.tables import ACCOUNTS
from api.jobs.clock import look_at_clock
from api.jobs.worker import tidy
from api.participants.rights import GRANTED
from api.record.approvals import KEPT
from tests.api.approvals.two import DAY, noted, two, with_second
from tests.api.jobs.test_clock import BOTH_WAYS, JUMPS

WORKER = pytest.mark.parametrize("worker", [True, False], ids=["noticed", "unnoticed"])


def jump(kail, by, worker):
    """Move the clock; a worker looks at it before and afterwards, or none runs."""
    if worker:
        look_at_clock(kail.record)
    kail.clock.now += by
    if worker:
        look_at_clock(kail.record)


def who(kail, login):
    """Whether somebody else has to approve what they ask for, and whether they may approve."""
    with kail.record.read() as tx:
        return needs_second(tx, kail.actors[login]), stands(tx, kail.actors[login])


@pytest.fixture
def asked(small_kail):
    """A new password for a mentor that waits, on a day long after the first one."""
    small_kail.clock.forward(days=800)
    with two(small_kail) as t:
        path = f"/accounts/{small_kail.actors['mentor'].account_id}/password"
        yield small_kail, t, path, t.asks("operator", "POST", path)


@pytest.mark.parametrize("by", JUMPS)
@BOTH_WAYS
@WORKER
@pytest.mark.parametrize("waited", [timedelta(), KEPT - timedelta(minutes=2)])
def test_one_that_waits_lives_no_longer_and_can_be_asked_for_again(asked, by, sign, worker, waited):
    kail, t, path, approval = asked
    kail.clock.now += waited
    jump(kail, sign * by, worker)
    kail.clock.now += KEPT - waited + timedelta(minutes=1)
    if worker or sign == 1:
        assert t.state(approval) == "ended"
    kail.clock.now += waited + by
    tidy(kail.record, kail.settings.data)
    assert t.state(approval) == "ended"
    t.decides("operator2", "approve", approval, 409)
    again = t.asks("operator", "POST", path)
    if worker:
        assert t.decides("operator2", "approve", again)["password"]


@pytest.mark.parametrize("by", JUMPS)
def test_one_that_was_asked_for_in_the_future_opens_nothing_now(asked, by):
    kail, t, _, approval = asked
    jump(kail, -by, worker=False)
    assert t.state(approval) == "ended"
    t.decides("operator2", "approve", approval, 409)
    for act in ("refuse", "withdraw"):
        t.decides("operator2" if act == "refuse" else "operator", act, approval, 409)
    jump(kail, by, worker=False)  # it was put right before anybody came by
    assert t.decides("operator2", "approve", approval)["password"]


def test_two_servers_whose_clocks_lie_a_minute_apart_do_not_end_one(asked):
    kail, t, _, approval = asked
    kail.clock.forward(seconds=-59)
    assert t.decides("operator2", "approve", approval)["password"]


@pytest.mark.parametrize("by", JUMPS)
@BOTH_WAYS
@WORKER
def test_one_that_is_over_stays_over(asked, by, sign, worker):
    kail, t, _, ended = asked
    kail.clock.now += KEPT
    tidy(kail.record, kail.settings.data)
    states = {ended: "ended"}
    for act, state in (("approve", "done"), ("refuse", "refused"), ("withdraw", "withdrawn")):
        who = {"approve": "mentor", "refuse": "analyst", "withdraw": "lender"}[act]
        approval = t.asks("operator", "POST", f"/accounts/{kail.actors[who].account_id}/password")
        t.decides("operator" if act == "withdraw" else "operator2", act, approval)
        states[approval] = state
    for step in (sign, -sign):
        jump(kail, step * by, worker)
        found = t.send("operator", "GET", "/approvals").json()["approvals"]
        assert {one["id"]: one["state"] for one in found} == states
        for approval in states:
            for login, again in (("operator2", "approve"), ("operator2", "refuse"), ("operator", "withdraw")):
                t.decides(login, again, approval, 409)
    assert len(noted(kail, "reset_password")) == 1


@pytest.mark.parametrize("by", JUMPS)
@BOTH_WAYS
@WORKER
def test_a_copy_that_was_approved_is_open_no_longer(small_kail, by, sign, worker):
    small_kail.clock.forward(days=800)
    person = small_kail.participant()
    with two(small_kail) as t:
        path = f"/participants/{person}/export"
        t.decides("operator2", "approve", t.asks("operator", "POST", path))
        small_kail.clock.forward(hours=20)
        assert t.send("operator", "GET", path).status_code == 200
        jump(small_kail, sign * by, worker)
        if not worker and sign == -1 and by > GRANTED:
            small_kail.clock.now += by  # put right
        small_kail.clock.forward(hours=4, minutes=2)
        if worker or by > DAY or sign == 1:
            assert t.send("operator", "GET", path).status_code == 409
        small_kail.clock.now += by
        assert t.send("operator", "GET", path).status_code == 409


@pytest.mark.parametrize("by", JUMPS)
def test_who_stood_before_the_clock_went_back_stands_on_and_who_did_not_gains_nothing(small_kail, by):
    kail = small_kail
    kail.clock.forward(days=800)
    with_second(kail)
    with_second(kail, "new", timedelta(hours=3))
    assert [who(kail, login)[1] for login in ("operator2", "new")] == [True, False]
    jump(kail, -by, worker=True)
    assert [who(kail, login)[1] for login in ("operator2", "new")] == [True, False]
    assert who(kail, "operator")[0], "nobody is alone by it"
    jump(kail, by, worker=True)
    assert [who(kail, login)[1] for login in ("operator2", "new")] == [True, False]
    kail.clock.forward(hours=20, minutes=59)
    assert not who(kail, "new")[1]
    kail.clock.forward(minutes=1)
    assert who(kail, "new")[1]


@pytest.mark.parametrize("by", JUMPS)
def test_who_was_made_while_the_clock_was_ahead_stands_a_day_after_it_was_put_right(small_kail, by):
    kail = small_kail
    kail.clock.now += by
    with_second(kail, "ahead", timedelta())
    jump(kail, -by, worker=True)
    tidy(kail.record, kail.settings.data, may_erase=False)
    with kail.record.read() as tx:
        since = tx.one(ACCOUNTS.select().where(ACCOUNTS.c.login == "ahead")).role_since
    assert since == kail.clock.now + by, "the clock may be wrong now, so it is left for a day"
    tidy(kail.record, kail.settings.data)
    assert not who(kail, "ahead")[1]
    kail.clock.forward(hours=23, minutes=59)
    assert not who(kail, "ahead")[1]
    kail.clock.forward(minutes=1)
    assert who(kail, "ahead")[1]


@pytest.mark.parametrize("by", JUMPS)
@pytest.mark.parametrize("went_back", ["afterwards", "and back again"])
def test_what_an_organisation_chose_begins_no_sooner_and_is_not_put_off_for_good(small_kail, by, went_back):
    kail = small_kail
    kail.clock.forward(days=800)
    mentor = f"/accounts/{kail.actors['mentor'].account_id}/password"
    with two(kail) as t:
        t.decides("operator2", "approve", t.asks("operator", "PUT", "/switches/mentor-reset", {"alone": True}))
        jump(kail, -by, worker=True)
        if went_back == "afterwards":
            tidy(kail.record, kail.settings.data)
        else:
            jump(kail, by, worker=True)
        kail.clock.forward(hours=23, minutes=59)
        t.decides("operator", "withdraw", t.asks("operator", "POST", mentor))
        kail.clock.forward(hours=1, minutes=1)
        assert t.send("operator", "POST", mentor).status_code == 200


def test_a_moment_that_is_no_more_than_a_minute_ahead_is_left_alone(small_kail):
    with small_kail.record.write() as tx:
        tx.run(update(ACCOUNTS).values(role_since=tx.now + timedelta(seconds=30)))
    begin_anew(small_kail.record)
    with small_kail.record.read() as tx:
        assert {row.role_since for row in tx.all(ACCOUNTS.select())} == {tx.now + timedelta(seconds=30)}
