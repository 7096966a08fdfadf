"""At once: of many who decide on the same referral one wins, and a quota is never oversold and never left idle.

Fifty referrals with twenty decisions each, and a quota of twenty for two hundred, with `dev.py test --hard`; else a tenth.
"""

from __future__ import annotations

import multiprocessing
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from litestar.testing import TestClient
from sqlalchemy import func, select, update

from api.app import create_app
from api.record.actor import Actor
from api.record.live import go_live
from api.record.refusals import Refused
from api.record.transaction import open_record
from api.referrals import service
from api.referrals.quotas import quota_of, set_quota
from api.referrals.said import Said, Why
from api.referrals.stored import find
from api.referrals.sweeping import sweep
from api.referrals.tables import EVENTS, REFERRALS
from api.settings import Settings
from tests.api.web.test_once import KEY
from tests.chains import faults_in
from tests.conftest import EXAMPLES
from tests.installation import Clock
from tests.referring import BEGIN, PRODUCT, Referring

HARD = EXAMPLES >= 2_000
REFERRALS_AT_ONCE, DECISIONS = (50, 20) if HARD else (5, 4)
QUOTA, TAKERS = (20, 200) if HARD else (4, 20)
MOVES = ("accept", "decline", "take_up", "ask_more", "hold")
SAID = {
    "decline": Said((Why("incomplete"),)),
    "ask_more": Said(documents=("NIB",)),
    "hold": Said((Why("hold_survey"),)),
}
TO = {
    "accept": "accepted",
    "decline": "declined",
    "take_up": "in_review",
    "ask_more": "more_asked",
    "hold": "on_hold",
    "withdraw": "withdrawn",
}


@pytest.fixture
def referring(kail):
    return Referring(kail)


def moved(record, rules, actor, organisations, referral, name, said=None):
    """What a transition is answered with: the state after it, or the status with which it was refused."""
    try:
        with record.write(*organisations) as tx:
            return service.move(tx, actor, rules, referral, name, 2, said or SAID.get(name, Said())).state
    except Refused as refused:
        return refused.status


def stored_in(referring, referral):
    """The state and version of a referral, and the transitions that its history tells of."""
    with referring.kail.record.read() as tx:
        row = tx.one(select(REFERRALS.c.state, REFERRALS.c.version).where(REFERRALS.c.id == referral.id))
        told = tx.all(select(EVENTS.c.move).where(EVENTS.c.referral_id == referral.id).order_by(EVENTS.c.place))
        return row.state, row.version, [one.move for one in told]


def both(referring):
    return referring.kail.actors["mentor"].organisation_id, referring.bank


def test_of_many_decisions_at_once_on_each_of_many_referrals_exactly_one_is_made(referring):
    kail, actors = referring.kail, referring.kail.actors
    sent = [referring.sent() for _ in range(REFERRALS_AT_ONCE)]
    asked = []
    for number, referral in enumerate(sent):
        for turn in range(DECISIONS):
            name = "withdraw" if turn % 7 == 6 else MOVES[(number + turn) % len(MOVES)]
            said = Said((Why("too_slow"),)) if name == "withdraw" else None
            login = "mentor" if name == "withdraw" else ("officer", "officer2")[turn % 2]
            asked.append((referral, login, name, said))

    def decide(one):
        referral, login, name, said = one
        told = moved(kail.record, referring.rules, actors[login], both(referring), referral.id, name, said)
        return referral.id, name, told

    with ThreadPoolExecutor(20) as threads:
        answers = list(threads.map(decide, asked))
    for referral in sent:
        told = [(name, answer) for one, name, answer in answers if one == referral.id]
        winners = [(name, answer) for name, answer in told if isinstance(answer, str)]
        assert len(winners) == 1, told
        assert {answer for _, answer in told if not isinstance(answer, str)} == {409}
        [(name, state)] = winners
        assert state == TO[name]
        assert stored_in(referring, referral) == (state, 3, ["draft", "send", name])
    assert faults_in(kail.record) == {}


def test_fifty_requests_under_one_key_have_one_effect_and_one_answer(referring):
    kail, sent = referring.kail, referring.sent()
    path, answers = f"/api/v1/referrals/{sent.id}/moves/accept", []
    headers, other = kail.headers("officer") | {KEY: "one"}, create_app(kail.settings, clock=kail.clock)
    with TestClient(kail.app) as one, TestClient(other) as two:

        def send(place):
            return (one, two)[place % 2].post(path, json={"version": 2}, headers=headers)

        with ThreadPoolExecutor(50) as threads:
            answers = list(threads.map(send, range(50)))
        changed = one.post(path, json={"version": 2, "amount_idr": 1}, headers=headers)
    other.state.record.close()
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert changed.status_code == 422
    assert stored_in(referring, sent) == ("accepted", 3, ["draft", "send", "accept"])


def _decide(folder, url, actor, organisations, referrals, name, answers):
    record = open_record(Path(folder), url, Clock(BEGIN))
    rules = go_live(Settings(), Clock(BEGIN)).rules
    answers.put([(one, name, moved(record, rules, Actor(*actor), organisations, one, name)) for one in referrals])
    record.close()


def test_two_processes_that_decide_at_once_never_both_win(referring, url):
    kail, ids = referring.kail, [referring.sent().id for _ in range(REFERRALS_AT_ONCE * 2)]
    context = multiprocessing.get_context("spawn")
    answers, workers = context.Queue(), []
    for login, name in (("officer", "accept"), ("officer2", "decline")):
        actor = kail.actors[login]
        who = (actor.account_id, actor.organisation_id, actor.role, actor.name)
        given = str(kail.settings.data), url, who, both(referring), ids, name, answers
        workers.append(context.Process(target=_decide, args=given))
    for worker in workers:
        worker.start()
    told = [one for _ in workers for one in answers.get(timeout=120)]
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0]
    for one in ids:
        theirs = {name: answer for referral, name, answer in told if referral == one}
        [winner] = [name for name, answer in theirs.items() if isinstance(answer, str)]
        assert theirs[winner] == TO[winner]
        assert {answer for name, answer in theirs.items() if name != winner} == {409}
        with kail.record.read() as tx:
            assert tx.one(select(REFERRALS.c.state).where(REFERRALS.c.id == one)).state == TO[winner]
    assert faults_in(kail.record) == {}


# -- quotas ------------------------------------------------------------------------------------------------------------


def with_quota(referring, most=None, most_idr=None):
    with referring.writing("officer") as (tx, actor, rules):
        return set_quota(tx, actor, rules, PRODUCT, "2026-12", 0, most=most, most_idr=most_idr)


def taken(referring):
    with referring.kail.record.read() as tx:
        return quota_of(tx, referring.rules, referring.bank, PRODUCT, "2026-12").taken


def accept_all(referring, some):
    """Accept all of these at once; return those that were accepted."""

    def accept(place):
        login = ("officer", "officer2")[place % 2]
        actor = referring.kail.actors[login]
        return moved(referring.kail.record, referring.rules, actor, both(referring), some[place].id, "accept")

    with ThreadPoolExecutor(20) as threads:
        answers = list(threads.map(accept, range(len(some))))
    assert set(answers) <= {"accepted", 409}
    return [one for one, answer in zip(some, answers, strict=True) if answer == "accepted"]


def test_a_quota_taken_by_many_at_once_is_never_oversold_and_never_idle(referring):
    sent = [referring.sent() for _ in range(TAKERS)]
    with_quota(referring, QUOTA)
    accepted = accept_all(referring, sent)
    assert (len(accepted), taken(referring)) == (QUOTA, QUOTA)
    assert [stored_in(referring, one)[0] for one in accepted] == ["accepted"] * QUOTA
    waiting = [one for one in sent if one.id not in {done.id for done in accepted}]
    assert accept_all(referring, waiting) == []
    # whatever gives a place back, the next one takes it
    first, second, third, *_ = (referring.as_seen("officer", one) for one in accepted)
    referring.move("officer", first, "take_back", reasons=("incomplete",))
    referring.move("mentor", second, "fall_through", reasons=("changed_mind",))
    referring.agrees(third.participant_id, referring.bank, given=False)
    sweep(referring.kail.record, referring.kail.live)
    assert taken(referring) == QUOTA - 3
    assert len(accept_all(referring, waiting)) == 3
    assert taken(referring) == QUOTA


def test_what_was_paid_out_keeps_its_place_and_what_time_ended_gives_it_back(referring):
    one, two, three = (referring.sent() for _ in range(3))
    with_quota(referring, 2)
    assert len(accept_all(referring, [one, two])) == 2
    referring.move("officer", referring.as_seen("officer", one), "disburse", amount_idr=1, on=BEGIN.date())
    assert accept_all(referring, [three]) == []
    referring.kail.clock.forward(days=10)  # still December; the second one's 60 days are put at their end
    with referring.kail.record.write() as tx:
        tx.run(update(REFERRALS).where(REFERRALS.c.id == two.id).values(due_at=tx.now))
    assert referring.as_seen("officer", two).state == "expired"
    assert sweep(referring.kail.record, referring.kail.live) == 1
    assert len(accept_all(referring, [three])) == 1
    assert taken(referring) == 2


def test_a_quota_in_rupiah_taken_at_once_is_never_oversold(referring):
    sent = [referring.sent(amount=3_000_000) for _ in range(6)]
    with_quota(referring, most_idr=10_000_000)
    assert len(accept_all(referring, sent)) == 3
    with referring.kail.record.read() as tx:
        assert quota_of(tx, referring.rules, referring.bank, PRODUCT, "2026-12").taken_idr == 9_000_000


def test_a_quota_that_two_officers_set_at_once_is_set_by_one(referring):
    with ThreadPoolExecutor(8) as threads:

        def set_it(most):
            try:
                return with_quota(referring, most)
            except Refused as refused:
                return refused.status

        assert Counter(threads.map(set_it, range(10, 18))) == {1: 1, 409: 7}


def test_many_drafts_of_the_same_at_once_are_one(referring):
    person = referring.trader()

    def draft(_):
        try:
            return referring.draft(person).state
        except Refused as refused:
            return refused.status

    with ThreadPoolExecutor(8) as threads:
        assert Counter(threads.map(draft, range(8))) == {"drafted": 1, 409: 7}
    with referring.kail.record.read() as tx:
        assert tx.one(select(func.count()).select_from(REFERRALS))[0] == 1
        assert find(tx, referring.kail.actors["mentor"], referring.rules, tx.one(select(REFERRALS.c.id))[0])
