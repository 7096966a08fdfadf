"""Delivering: each change comes at least once, in order for one referral, whatever the receiver does or a worker suffers."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from api.jobs.worker import do_all
from api.record.refusals import Refused
from api.referrals import service as referrals
from api.referrals import sweeping
from api.webhooks import service
from api.webhooks.delivering import AT_ONCE, LEASE, deliver, delivering, due
from api.webhooks.tables import DELIVERIES, WEBHOOKS
from tests.receiving_hooks import deliver_all, receiving, seen, sender, with_webhook
from tests.referring import Referring


@pytest.fixture
def referring(kail):
    return Referring(kail)


@pytest.fixture
def receiver(kail):
    with receiving(kail.clock) as made:
        yield made


def row_of(kail, webhook):
    with kail.record.read() as tx:
        return tx.one(select(WEBHOOKS).where(WEBHOOKS.c.id == webhook))


def test_each_change_comes_once_signed_and_as_it_is_answered(referring, receiver):
    kail = referring.kail
    before = referring.sent()
    with_webhook(kail, receiver)
    assert deliver_all(kail) == 0  # what was before is asked for by a cursor
    referring.move("officer", before, "take_up")
    sent = referring.sent()
    assert deliver_all(kail) == 2
    assert deliver_all(kail) == 0
    assert [(one.move, one.state, one.version) for one in receiver.order] == [
        ("take_up", "in_review", 3),
        ("send", "sent", 2),
    ]
    assert receiver.order[1].referral == sent.id
    assert receiver.refused == []
    with kail.client("officer") as client:
        answered = client.get("/api/v1/referrals/changes").json()["changes"]
    assert [one["id"] for one in answered[1:]] == [one.id for one in receiver.order]
    [hook] = seen(kail)
    assert (hook.state, hook.waiting, hook.told_at) == ("works", 0, kail.clock.now)


def test_two_lenders_never_get_each_others(referring, receiver):
    kail, person = referring.kail, referring.trader()
    with receiving(kail.clock) as other:
        with_webhook(kail, receiver)
        with_webhook(kail, other, "rival")
        ours = referring.sent(person)
        referring.agrees(person, referring.other_bank)
        theirs = referring.sent(person, referring.other_bank)
        deliver_all(kail)
        assert {one.referral for one in receiver.order} == {ours.id}
        assert {one.referral for one in other.order} == {theirs.id}
        assert receiver.refused == other.refused == []


def test_what_was_refused_is_not_sent(referring, receiver):
    kail = referring.kail
    sent = referring.sent()
    with_webhook(kail, receiver)
    with pytest.raises(Refused):
        referring.move("officer", sent, "decline")  # without a reason
    assert (due(kail.record), deliver_all(kail)) == ([], 0)


def test_a_receiver_that_is_down_for_an_hour_gets_everything_in_order(referring):
    kail = referring.kail
    with receiving(kail.clock) as receiver:
        with_webhook(kail, receiver)
        port, secrets = receiver.port, receiver.secrets
        sent = [referring.sent() for _ in range(3)]
        deliver_all(kail)
        seen_before = [one.id for one in receiver.order]
    tries = 0
    for minute in range(60):
        kail.clock.forward(minutes=1)
        if minute in (5, 20, 40):
            one = sent[(5, 20, 40).index(minute)]
            moved = referring.move("officer", one, "take_up")
            referring.move("officer", moved, "hold", reasons=("hold_survey",))
        if minute == 50:
            person = referring.trader(signals={})
            sent.append(referring.sent(person))
            referring.agrees(person, referring.bank, given=False)
            sweeping.sweep(kail.record, kail.live)
        tries += len(due(kail.record))
        assert deliver_all(kail) == 0
    assert 10 < tries < 30  # less and less often, at the latest every five minutes
    [hook] = seen(kail)
    assert (hook.state, hook.trouble, hook.waiting) == ("fails", "no_connection", 8)
    with receiving(kail.clock, port) as again:
        again.secrets = secrets
        for _ in range(60):
            kail.clock.forward(minutes=1)
            deliver_all(kail)
        for one in sent[:3]:
            assert again.moves_of(one) == ["take_up", "hold"]
        assert again.moves_of(sent[3]) == ["send", "end_consent"]
        assert len(again.order) == 8
        assert not {one.id for one in again.order} & set(seen_before)
    [hook] = seen(kail)
    assert (hook.state, hook.trouble, hook.waiting, hook.lost) == ("works", None, 0, 0)


def test_a_slow_receiver_holds_up_neither_others_nor_jobs(kail):
    referring, over, came = Referring(kail), threading.Event(), threading.Event()
    with receiving(kail.clock) as slow, receiving(kail.clock) as quick:
        with_webhook(kail, slow)
        with_webhook(kail, quick, "rival")

        def hang(handler):
            came.set()
            over.wait(60)

        taken = threading.Event()
        quick_receive = quick.receive

        def receive(*given):
            quick_receive(*given)
            if len(quick.order) == 3:
                taken.set()

        slow.answer, quick.receive = hang, receive
        person = referring.trader()
        referring.sent(person)
        with kail.client("mentor") as client:  # closed before: with it goes the record's pool
            job = client.post("/api/v1/jobs", json={"kind": "export"}).json()["id"]
        with delivering(kail.record, sender(seconds=50), lambda: False):
            try:
                assert came.wait(60)
                referring.agrees(person, referring.other_bank)
                sent = referring.sent(person, referring.other_bank)
                moved = referring.move("rival", sent, "take_up")
                referring.move("rival", moved, "accept")
                assert do_all(kail.record, kail.live, kail.settings.data)
                assert taken.wait(60)
                assert quick.moves_of(sent) == ["send", "take_up", "accept"]
                assert not over.is_set()
            finally:
                over.set()
        with kail.client("mentor") as client:
            assert client.get(f"/api/v1/jobs/{job}").json()["state"] == "done"


def test_one_referral_that_is_refused_holds_up_its_own_and_no_other(referring, receiver):
    kail = referring.kail
    webhook = with_webhook(kail, receiver)
    odd, even = referring.sent(), referring.sent()
    referring.move("officer", odd, "take_up")
    referring.move("officer", even, "take_up")
    real = receiver.receive

    def receive(handler, headers, body):
        receiver.answer = 500 if odd.id.encode() in body else 204
        real(handler, headers, body)

    receiver.receive = receive
    for _ in range(12):
        kail.clock.forward(minutes=1)
        deliver_all(kail)
    assert receiver.moves_of(even) == ["send", "take_up"]
    assert receiver.moves_of(odd) == []
    receiver.receive = real
    receiver.answer = 204
    kail.clock.forward(hours=6)
    deliver_all(kail)
    assert receiver.moves_of(odd) == ["send", "take_up"]
    assert row_of(kail, webhook).failures == 0


def test_who_is_killed_between_sending_and_noting_sends_it_again(referring, receiver):
    kail = referring.kail
    webhook = with_webhook(kail, receiver)
    sent = referring.sent()

    class _KilledError(BaseException):
        """Ends a worker where it stands."""

    true = sender()

    class Killing:
        def post(self, *given):
            assert true.post(*given).trouble == ""
            raise _KilledError

    with pytest.raises(_KilledError):
        deliver(kail.record, webhook, referring.bank, Killing())
    assert [one.move for one in receiver.order] == ["send"]
    assert due(kail.record) == []  # the lease of who was lost
    kail.clock.forward(seconds=LEASE.total_seconds() + 1)
    assert deliver_all(kail) == 1
    assert receiver.refused == ["repeated"]  # and the receiver knows it by its id
    assert receiver.moves_of(sent) == ["send"]
    assert seen(kail)[0].waiting == 0


def test_of_two_workers_one_delivers(referring, receiver):
    kail = referring.kail
    webhook = with_webhook(kail, receiver)
    for _ in range(4):
        referring.sent()
    inside, go_on, counts = threading.Event(), threading.Event(), []
    true = sender()

    class Waiting:
        def post(self, *given):
            inside.set()
            assert go_on.wait(60)
            return true.post(*given)

    first = threading.Thread(
        target=lambda: counts.append(deliver(kail.record, webhook, referring.bank, Waiting())), daemon=True
    )
    first.start()
    assert inside.wait(60)
    assert due(kail.record) == []
    assert deliver(kail.record, webhook, referring.bank, true) == 0
    go_on.set()
    first.join(60)
    assert counts == [4]
    assert (len(receiver.order), receiver.refused) == (4, [])


def test_after_days_it_is_listed_as_failed_and_can_be_sent_again(referring, receiver):
    kail = referring.kail
    webhook = with_webhook(kail, receiver)
    sent = referring.sent()
    receiver.answer = 503
    for _ in range(30):
        kail.clock.forward(hours=3)
        deliver_all(kail)
    [hook] = seen(kail)
    assert (hook.waiting, hook.lost) == (0, 1)
    [lost] = hook.failed
    assert (lost.referral, lost.move, lost.trouble, lost.status) == (sent.id, "send", "not_taken", 503)
    assert 10 <= lost.tries <= 30
    receiver.answer = 204
    kail.clock.forward(hours=7)
    assert deliver_all(kail) == 0
    with kail.client("officer") as client:
        key = {"idempotency-key": "once"}
        for _ in range(2):
            answer = client.post(f"/api/v1/webhooks/{webhook}/again", headers=key)
            assert answer.json() == {"again": 1}
    assert deliver_all(kail) == 1
    assert receiver.moves_of(sent) == ["send"]
    assert seen(kail)[0].lost == 0


def test_more_than_fits_into_a_round_comes_in_order(small_kail):
    kail, referring = small_kail, Referring(small_kail)
    with receiving(kail.clock) as receiver:
        with_webhook(kail, receiver)
        sent = referring.sent()
        for number in range(AT_ONCE + 5):
            with referring.writing("mentor") as (tx, actor, rules):
                referrals.say_something(tx, actor, rules, sent.id, f"Kabar {number}")
        assert [deliver_all(kail), deliver_all(kail), deliver_all(kail)] == [AT_ONCE, 6, 0]
        cursors = [int(one.cursor) for one in receiver.order]
        assert cursors == sorted(cursors)


def test_for_a_day_after_a_rotation_both_secrets_sign(referring, receiver):
    kail = referring.kail
    webhook = with_webhook(kail, receiver)
    old = receiver.secrets[0]
    with kail.record.write() as tx:
        new = service.rotate(tx, kail.actors["officer"], webhook)
    assert new != old
    sent = referring.sent()
    for secrets in ([old], [new], [old, new]):
        receiver.secrets = secrets
        sent = referring.move("officer", sent, "take_up") if secrets == [new] else sent
        assert deliver_all(kail) == (secrets != [old, new])
    assert receiver.refused == []
    kail.clock.forward(hours=24)
    receiver.secrets = [old]
    referring.move("officer", sent, "accept")
    assert deliver_all(kail) == 0
    assert receiver.refused == ["no signature was made with a secret of yours"]
    receiver.secrets = [new]
    kail.clock.forward(minutes=1)
    assert deliver_all(kail) == 1


def test_a_secret_lies_nowhere_in_clear(referring, receiver):
    kail = referring.kail
    with_webhook(kail, receiver)
    [secret] = receiver.secrets
    referring.sent()
    deliver_all(kail)
    lying = [path.read_bytes() for path in kail.settings.data.rglob("*") if path.is_file()]
    assert not [one for one in lying if secret.encode() in one]
    with kail.record.read() as tx:
        assert secret not in str([tx.all(select(table)) for table in (WEBHOOKS, DELIVERIES)])


def test_a_host_that_is_no_longer_allowed_gets_nothing_more(referring, receiver):
    kail = referring.kail
    with_webhook(kail, receiver)
    referring.sent()
    with kail.record.write() as tx:
        service.disallow(tx, kail.actors["operator"], f"localhost:{receiver.port}")
    assert deliver_all(kail) == 0
    assert receiver.came == 0
    assert seen(kail)[0].trouble == "host_not_allowed"
    with kail.record.write() as tx:
        service.allow(tx, kail.actors["operator"], f"localhost:{receiver.port}")
    kail.clock.forward(minutes=1)
    assert deliver_all(kail) == 1


def test_what_is_stopped_gets_nothing_more(referring, receiver):
    kail = referring.kail
    webhook = with_webhook(kail, receiver)
    referring.sent()
    with kail.record.write() as tx:
        service.stop(tx, kail.actors["officer"], webhook)
        service.stop(tx, kail.actors["officer"], webhook)
    assert deliver_all(kail) == 0
    assert deliver(kail.record, webhook, referring.bank, sender()) == 0
    assert receiver.came == 0


def test_a_clock_that_went_back_keeps_nothing_waiting_for_long(referring, receiver):
    kail = referring.kail
    webhook = with_webhook(kail, receiver)
    referring.sent()
    ahead = kail.clock.now + timedelta(days=300)
    with kail.record.write() as tx:
        here = WEBHOOKS.c.id == webhook
        tx.run(update(WEBHOOKS).where(here).values(next_at=ahead, lease="x", lease_ends=ahead))
    assert deliver_all(kail) == 1
