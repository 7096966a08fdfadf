"""Delivering when time is not as it should be: days of standing still, a clock that goes back, receivers that take theirs."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import select

from api.webhooks import delivering as delivering_module
from api.webhooks import service
from api.webhooks.delivering import deliver, delivering, due
from api.webhooks.signing import numbers_of
from api.webhooks.tables import WEBHOOKS
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


def test_a_service_that_stood_still_for_days_lists_nothing_as_failed_at_its_first_try(referring, receiver):
    kail = referring.kail
    with_webhook(kail, receiver)
    sent = referring.sent()
    receiver.answer = 503
    deliver_all(kail)
    kail.clock.forward(days=4)
    deliver_all(kail)
    assert (seen(kail)[0].waiting, seen(kail)[0].lost) == (1, 0)
    receiver.answer = 204
    kail.clock.forward(minutes=1)
    assert deliver_all(kail) == 1
    assert receiver.moves_of(sent) == ["send"]


def test_a_clock_that_goes_back_makes_no_webhook_wait_longer(referring, receiver):
    kail = referring.kail
    webhook = with_webhook(kail, receiver)
    referring.sent()
    receiver.answer = 503
    deliver_all(kail)
    with kail.record.write() as tx:
        service.rotate(tx, kail.actors["officer"], webhook)
    assert due(kail.record) == []
    referring.sent()
    kail.clock.forward(hours=-3)
    assert due(kail.record) != []
    kail.clock.forward(days=-2)
    assert len(numbers_of(row_of(kail, webhook), kail.clock.now)) == 1


def test_a_receiver_that_is_slow_and_takes_all_gives_its_thread_back(referring, receiver, monkeypatch):
    kail = referring.kail
    webhook = with_webhook(kail, receiver)
    for _ in range(3):
        referring.sent()
    monkeypatch.setattr("api.webhooks.delivering.TURN_SECONDS", 0.0)
    assert [deliver(kail.record, webhook, referring.bank, sender()) for _ in range(4)] == [1, 1, 1, 0]


def test_a_mistake_of_ours_while_looking_ends_no_delivering(referring, receiver, monkeypatch):
    kail = referring.kail
    with_webhook(kail, receiver)
    sent, taken, true_receive, true_due = referring.sent(), threading.Event(), receiver.receive, delivering_module.due
    failing = [KeyError("a mistake")]

    def due_(record):
        if failing:
            raise failing.pop()
        return true_due(record)

    def receive(*given):
        true_receive(*given)
        taken.set()

    receiver.receive = receive
    monkeypatch.setattr(delivering_module, "due", due_)
    monkeypatch.setattr(delivering_module, "AGAIN_SECONDS", 0.01)
    with delivering(kail.record, sender(), lambda: False):
        assert taken.wait(60)
    assert receiver.moves_of(sent) == ["send"]
