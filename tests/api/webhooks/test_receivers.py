"""Receivers that do what they should not: nonsense, redirects, no end, no haste. Each is told as a code, and tried again."""

from __future__ import annotations

import threading

import pytest

from tests.receiving_hooks import deliver_all, receiving, seen, sender, with_webhook
from tests.referring import Referring


def nonsense(handler):
    handler.wfile.write(b"\x00\xffnonsense that is no HTTP\r\n\r\n" * 20)


def cut_off(handler):
    handler.connection.close()


def endless_header(handler):
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    for number in range(4000):
        handler.wfile.write(b"x-%d: %s\r\n" % (number, b"x" * 100))


@pytest.mark.parametrize(
    ("answer", "trouble", "status"),
    [
        (500, "not_taken", 500),
        (400, "not_taken", 400),
        (410, "not_taken", 410),
        (301, "redirects", 301),
        (307, "redirects", 307),
        (nonsense, "no_answer", None),
        (cut_off, "no_answer", None),
        (endless_header, "no_answer", None),
    ],
)
def test_what_is_not_taken_comes_again_and_why_is_told_as_a_code(small_kail, answer, trouble, status):
    kail, referring = small_kail, Referring(small_kail)
    with receiving(kail.clock) as receiver:
        with_webhook(kail, receiver)
        sent = referring.sent()
        referring.move("officer", sent, "take_up")
        receiver.answer = answer
        assert deliver_all(kail) == 0
        assert receiver.came == 1  # one failed: the others wait, too
        [hook] = seen(kail)
        assert (hook.state, hook.trouble, hook.status) == ("fails", trouble, status)
        receiver.answer = 204
        assert deliver_all(kail) == 0  # not before its time
        kail.clock.forward(minutes=6)
        assert deliver_all(kail) == 2
        assert receiver.moves_of(sent) == ["send", "take_up"]


def test_a_redirect_is_not_followed(small_kail):
    kail, referring = small_kail, Referring(small_kail)
    with receiving(kail.clock) as receiver, receiving(kail.clock) as elsewhere:
        with_webhook(kail, receiver)

        def redirect(handler):
            handler.send_response(307)
            handler.send_header("location", elsewhere.url)
            handler.end_headers()

        receiver.answer = redirect
        referring.sent()
        assert deliver_all(kail) == 0
        assert (receiver.came, elsewhere.came) == (1, 0)


def test_a_body_without_end_is_not_read(small_kail):
    kail, referring = small_kail, Referring(small_kail)
    over = threading.Event()
    with receiving(kail.clock) as receiver:
        with_webhook(kail, receiver)

        def endless(handler):
            handler.send_response(200)
            handler.end_headers()
            while not over.is_set():
                handler.wfile.write(b"x" * 100_000)

        receiver.answer = endless
        referring.sent()
        try:
            assert deliver_all(kail) == 1
        finally:
            over.set()


@pytest.mark.parametrize("drips", [False, True])
def test_a_slow_receiver_is_given_up_in_time_and_comes_again(small_kail, drips):
    kail, referring = small_kail, Referring(small_kail)
    over = threading.Event()
    with receiving(kail.clock) as receiver:
        with_webhook(kail, receiver)

        def slow(handler):
            handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
            while not over.wait(0.02 if drips else 60):
                handler.wfile.write(b"x: y\r\n")

        receiver.answer = slow
        sent = referring.sent()
        try:
            assert deliver_all(kail, sender(seconds=0.5)) == 0
        finally:
            over.set()
        assert seen(kail)[0].trouble == "slow"
        receiver.answer = 204
        kail.clock.forward(minutes=1)
        assert deliver_all(kail) == 1
        assert receiver.moves_of(sent) == ["send"]
