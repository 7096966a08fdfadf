"""Killed at random under four who write and look: what was acknowledged is there, and every look that was answered is noted.

As many kills as a hundredth of the examples of property tests: two in a plain run, two hundred with `dev.py test --hard`.
"""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections import Counter

import httpx
from sqlalchemy import select

from api.participants.tables import PARTICIPANTS
from tests.api.jobs.test_worker import signed_in
from tests.chains import faults_in, looks_in
from tests.conftest import EXAMPLES
from tests.installed import serving

KILLS = 200 if EXAMPLES >= 20_000 else max(EXAMPLES // 250, 1)
PEOPLE, MOST_SECONDS = 4, 1.5
AGREED = {"consents": ["record", "recommendation"], "channel": "paper"}


class Siege:
    """A service that is killed now and then, and what it answered."""

    def __init__(self, kail):
        self.kail, self.service, self.over = kail, None, threading.Event()
        self.registered, self.seen, self.lock = [], Counter(), threading.Lock()

    def ask(self, person, login):
        """Look at somebody, search for them and register another one, in turns, for as long as it is served."""
        number = 0
        while not self.over.is_set():
            try:
                with signed_in(self.service, login) as client:
                    while not self.over.is_set():
                        number += 1
                        self._register(client, f"{login} {person} {number}")
                        for _ in range(3):
                            self._look(client, person)
            except (httpx.TransportError, AssertionError):
                time.sleep(0.1)

    def _register(self, client, name):
        answer = client.post("/api/v1/participants", json={"name": name, **AGREED})
        if answer.status_code == 201:
            with self.lock:
                self.registered.append(answer.json()["id"])

    def _look(self, client, person):
        if client.get(f"/participants/{person}").status_code == 200:
            with self.lock:
                self.seen[person] += 1

    def wait_for_a_look(self):
        """Wait until somebody was seen since: how long signing in takes is the machine's affair."""
        before, end = self.seen.total(), time.monotonic() + 60
        while self.seen.total() == before and time.monotonic() < end:
            time.sleep(0.05)

    def kill_all(self):
        for pid in (self.service.process.pid, *self.service.processes()):
            os.kill(pid, signal.SIGKILL)
        self.service.process.wait()


def test_however_often_it_is_killed_nothing_acknowledged_is_lost_and_no_look_answered_that_is_not_noted(
    kail, kail_by_dev, tmp_path
):
    siege, draw = Siege(kail), random.Random(KILLS)
    people = [kail.participant() for _ in range(PEOPLE)]
    options = ["--workers", 2, "--data", kail.settings.data, "--database", kail.settings.database]
    asking = [threading.Thread(target=siege.ask, args=(one, "mentor")) for one in people]
    try:
        for number in range(KILLS):
            with serving(kail_by_dev, tmp_path, *options) as siege.service:
                if not number:
                    for one in asking:
                        one.start()
                if number % 2 == 0:  # else it may be killed before anybody is in
                    siege.wait_for_a_look()
                time.sleep(draw.uniform(0.2, MOST_SECONDS))
                siege.kill_all()
    finally:
        siege.over.set()
        for one in asking:
            one.join()
    assert faults_in(kail.record) == {}
    noted = Counter(row.object_id for row in looks_in(kail.record) if row.action == "saw")
    assert siege.seen
    assert {person: count for person, count in siege.seen.items() if noted[person] < count} == {}
    with kail.record.read() as tx:
        there = {row.id for row in tx.all(select(PARTICIPANTS.c.id))}
    assert siege.registered
    assert set(siege.registered) <= there
