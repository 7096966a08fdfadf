"""Sweeping: what time or a lost consent ended is written down; a silent referral is asked about, then the office asks."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from api.audit.tables import AUDIT
from api.participants import rights
from api.participants.tables import PARTICIPANTS
from api.referrals import service, sweeping
from api.referrals.quotas import quota_of
from api.referrals.said import Why
from api.referrals.tables import EVENTS, REFERRALS
from tests.chains import faults_in
from tests.referring import PRODUCT, Referring


@pytest.fixture
def referring(kail):
    return Referring(kail)


def sweep(referring):
    return sweeping.sweep(referring.kail.record, referring.kail.live)


def row_of(referring, referral):
    with referring.kail.record.read() as tx:
        return tx.one(select(REFERRALS).where(REFERRALS.c.id == referral.id))


def last_of(referring, referral):
    """The last that happened: the transition, whose side, the state after it."""
    with referring.kail.record.read() as tx:
        here = EVENTS.c.referral_id == referral.id
        row = tx.all(select(EVENTS).where(here).order_by(EVENTS.c.place))[-1]
        return row.move, row.side, row.state


def taken(referring, month="2026-12"):
    with referring.kail.record.read() as tx:
        return quota_of(tx, referring.rules, referring.bank, PRODUCT, month).taken


@pytest.mark.parametrize(
    ("moves", "days", "state", "move"),
    [
        ((), 14, "expired", "expire"),
        (("take_up",), 30, "expired", "expire"),
        (("ask_more",), 30, "expired", "expire"),
        (("hold",), 30, "in_review", "resume"),
        (("accept",), 60, "expired", "expire"),
    ],
)
def test_what_time_ends_is_over_at_the_minute_and_written_down_by_the_sweep(referring, moves, days, state, move):
    sent = referring.sent()
    for name in moves:
        said = (
            {"documents": ("NIB",)} if name == "ask_more" else {"reasons": ("hold_survey",)} if name == "hold" else {}
        )
        sent = referring.move("officer", sent, name, **said)
    before = row_of(referring, sent)
    referring.kail.clock.forward(days=days, seconds=-1)
    sweep(referring)  # asks perhaps whether it lives, and ends nothing
    assert row_of(referring, sent).state == before.state
    referring.kail.clock.forward(seconds=1)
    assert referring.as_seen("mentor", sent).state == state
    assert sweep(referring) == 1
    row = row_of(referring, sent)
    assert (row.state, row.version, row.quota_month) == (state, before.version + 1, None)
    assert last_of(referring, sent) == (move, "kail", state)
    assert sweep(referring) == 0
    assert faults_in(referring.kail.record) == {}


def test_a_draft_that_was_never_sent_ends_too(referring):
    draft = referring.draft(referring.trader())
    referring.kail.clock.forward(days=30)
    assert sweep(referring) == 1
    assert row_of(referring, draft).state == "expired"


@pytest.mark.parametrize("happens", ["taken back", "run out", "being kept taken back", "erased"])
def test_a_lost_consent_is_written_down_and_its_place_in_the_quota_is_free(referring, happens):
    kail, sent, other = referring.kail, referring.sent(), referring.sent()
    for one in (sent, other):
        referring.move("officer", one, "accept")
    assert taken(referring) == 2
    person = sent.participant_id
    if happens == "taken back":
        referring.agrees(person, referring.bank, given=False)
    elif happens == "run out":
        referring.agrees(person, referring.bank, expires_on=kail.clock.now.date())
        kail.clock.forward(days=1)
    elif happens == "being kept taken back":
        from api.consents.service import say

        with referring.writing("mentor") as (tx, actor, _):
            say(tx, actor, person, "record", given=False, channel="phone", said_on=kail.clock.now.date())
    else:
        with kail.record.read() as tx:
            version = tx.one(select(PARTICIPANTS.c.version).where(PARTICIPANTS.c.id == person)).version
        rights.erase(kail.record, kail.actors["mentor"], person, version)
    assert sweep(referring) == 1
    assert (row_of(referring, sent).state, row_of(referring, other).state) == ("withdrawn", "accepted")
    assert last_of(referring, sent) == ("end_consent", "kail", "withdrawn")
    assert taken(referring) == 1
    assert sweep(referring) == 0
    with kail.record.read() as tx:
        noted = tx.all(select(AUDIT).where(AUDIT.c.action == "end_consent"))
    assert [(row.object_id, row.account_id) for row in noted] == [(sent.id, None)]


def test_what_was_paid_out_is_not_ended_by_a_lost_consent(referring):
    accepted = referring.move("officer", referring.sent(), "accept")
    today = referring.kail.clock.now.date()
    paid = referring.move("officer", accepted, "disburse", amount_idr=1, on=today)
    referring.agrees(paid.participant_id, referring.bank, given=False)
    assert sweep(referring) == 0
    assert (row_of(referring, paid).state, taken(referring)) == ("disbursed", 1)


def test_a_silent_referral_is_asked_about_an_answer_resets_it_and_then_the_office_sees_it(referring):
    kail = referring.kail
    sent = referring.move("officer", referring.sent(), "take_up")

    def listed(login="operator"):
        with kail.client(login) as client:
            return [one["id"] for one in client.get("/api/v1/referrals").json()["items"]]

    kail.clock.forward(days=14, seconds=-1)
    assert sweep(referring) == 0
    kail.clock.forward(seconds=1)
    assert sweep(referring) == 1
    assert last_of(referring, sent) == ("asked_if_it_lives", "kail", "in_review")
    assert row_of(referring, sent).version == sent.version  # whoever has it open may go on
    assert sweep(referring) == 0
    assert listed() == []
    kail.clock.forward(days=6)
    with referring.writing("officer") as (tx, actor, rules):
        service.still_lives(tx, actor, rules, sent.id, Why("still_in_review"))
    assert row_of(referring, sent).quiet_at is None
    assert last_of(referring, sent) == ("still_lives", "lender", "in_review")
    # its 30 days are over at the same hour: the lender asks for more, which begins anew
    asked = referring.move("officer", referring.as_seen("officer", sent), "ask_more", documents=("NIB",))
    kail.clock.forward(days=14)
    assert sweep(referring) == 1
    kail.clock.forward(days=7, seconds=-1)
    assert listed() == []
    kail.clock.forward(seconds=1)
    assert listed() == [asked.id]
    assert listed("other_operator") == []
    assert asked.id in listed("mentor")
    with referring.writing("mentor") as (tx, actor, rules):
        service.say_something(tx, actor, rules, sent.id, "Masih diurus")
    assert listed() == []


def test_more_than_one_transaction_takes_are_all_written_down(referring):
    many = [referring.sent() for _ in range(sweeping.AT_ONCE + 3)]
    referring.kail.clock.forward(days=14)
    assert sweep(referring) == len(many)
    with referring.kail.record.read() as tx:
        states = select(func.count()).select_from(REFERRALS).where(REFERRALS.c.state == "expired")
        assert tx.one(states)[0] == len(many)
