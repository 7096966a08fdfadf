"""Turns: who came first writes first, and nobody is forgotten."""

from __future__ import annotations

import threading
import time

import pytest

from api.record.turns import Turns


def waiting(turns):
    return len(turns._queue)


def test_who_came_first_goes_first():
    turns, order, threads = Turns(), [], []

    def go(number):
        with turns.turn(10):
            order.append(number)

    with turns.turn(1):
        for number in range(20):
            threads.append(threading.Thread(target=go, args=(number,)))
            threads[-1].start()
            while waiting(turns) <= number:
                time.sleep(0.001)
    for thread in threads:
        thread.join()
    assert order == list(range(20))


def test_who_waits_in_vain_is_told_and_the_next_one_is_not_kept_waiting():
    turns, found = Turns(), []

    def go(seconds):
        try:
            with turns.turn(seconds):
                found.append("had it")
        except TimeoutError:
            found.append("in vain")

    threads = [threading.Thread(target=go, args=(seconds,)) for seconds in (0.05, 10)]
    with turns.turn(1):
        for place, thread in enumerate(threads):
            thread.start()
            while waiting(turns) <= place:
                time.sleep(0.001)
        threads[0].join()
    threads[1].join()
    assert found == ["in vain", "had it"]
    with turns.turn(0):
        pass


def test_an_error_gives_the_turn_on():
    turns = Turns()
    with pytest.raises(ValueError, match="x"), turns.turn(1):
        raise ValueError("x")
    with turns.turn(0):
        pass


def test_only_one_has_it_at_a_time():
    turns, inside, most = Turns(), [0], [0]

    def go():
        for _ in range(300):
            with turns.turn(10):
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                inside[0] -= 1

    threads = [threading.Thread(target=go) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1]
