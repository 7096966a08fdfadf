"""Killed at random, again and again, under other writers: every job that was taken ends, no row twice, nothing in clear.

As many kills as a two-hundredth of the examples of property tests: one in a plain run, a hundred with `dev.py test --hard`.
"""

from __future__ import annotations

import csv
import io
import os
import random
import signal
import threading
import time
from contextlib import contextmanager

import httpx
from sqlalchemy import select

from api.participants.evidence import evidence_of
from api.participants.gate import RECORD, may_further
from api.participants.people import people_of
from api.participants.tables import PARTICIPANTS
from tests.api.jobs.test_worker import signed_in, waited_for, worker_of
from tests.api.test_secrecy import found_in, planted, sheet
from tests.conftest import EXAMPLES
from tests.importing import post
from tests.installed import serving

KILLS = min(max(EXAMPLES // 100, 1), 100)
ROWS = 40
AGREED = {"consents": ["record", "recommendation"], "channel": "paper"}


class Siege:
    """A service that is killed now and then, what was asked of it, and what it acknowledged."""

    def __init__(self, kail, command, folder, draw):
        self.kail, self.command, self.folder, self.draw = kail, command, folder, draw
        self.temporary = folder / "temporary"
        self.temporary.mkdir()
        self.sheets, self.jobs, self.registered = {}, {"mentor": [], "operator": []}, []
        self.service, self.over = None, threading.Event()

    @contextmanager
    def served(self):
        """Serve until it is killed or left."""
        options = ["--data", self.kail.settings.data, "--database", self.kail.settings.database]
        environment = {**os.environ, "TMPDIR": str(self.temporary)}
        with serving(self.command, self.folder, *options, environment=environment) as self.service:
            yield self.service

    def write_beside(self, writer):
        """Register people as another mentor, one after another; keep who was acknowledged."""
        number = 0
        while not self.over.is_set():
            try:
                with signed_in(self.service, "mentor2") as client:
                    while not self.over.is_set():
                        number += 1
                        name = f"Bu {writer} {number}"
                        headers = {"idempotency-key": f"{writer}-{number}"}
                        answer = client.post("/api/v1/participants", json={"name": name, **AGREED}, headers=headers)
                        if answer.status_code == 201:
                            self.registered.append(answer.json()["id"])
            except (httpx.TransportError, AssertionError):
                time.sleep(0.2)

    def ask(self):
        """Ask for jobs, as long as there is room in the line."""
        with signed_in(self.service, "mentor") as client:
            for _ in range(2):
                number = len(self.sheets)
                people = planted(ROWS, seed=number)
                content = sheet(people).replace(b"\nP", f"\nK{number}-P".encode())
                answer = post(client, content, f"{number}.csv")
                if answer.status_code == 202:
                    self.sheets[answer.json()["id"]] = number, people
                    self.jobs["mentor"].append(answer.json()["id"])
            self._start(client, "mentor", kind="export")
        with signed_in(self.service, "operator") as client:
            self._start(client, "operator", kind="rescreening", keep=True)

    def _start(self, client, login, **asked):
        answer = client.post("/api/v1/jobs", json=asked)
        if answer.status_code == 202:
            self.jobs[login].append(answer.json()["id"])

    def kill(self):
        """After a random while kill the worker, or everything."""
        time.sleep(self.draw.uniform(0, 1.5))
        if self.draw.random() < 0.6:
            if worker := worker_of(self.service):
                os.kill(worker, signal.SIGKILL)
            return False
        for pid in (self.service.process.pid, *self.service.processes()):
            os.kill(pid, signal.SIGKILL)
        self.service.process.wait()
        return True


def test_however_often_it_is_killed_every_job_ends_and_nothing_is_lost_doubled_or_in_clear(kail, kail_by_dev, tmp_path):
    siege = Siege(kail, kail_by_dev, tmp_path, random.Random(KILLS))
    for _ in range(3):
        kail.evidence(kail.participant("mentor2", name="Bu Lama"), "mentor2")
    kills, writers = 0, []
    try:
        while kills < KILLS:
            with siege.served():
                if not writers:
                    writers = [threading.Thread(target=siege.write_beside, args=(one,)) for one in ("Satu", "Dua")]
                    for writer in writers:
                        writer.start()
                dead = False
                while not dead and kills < KILLS:
                    if siege.draw.random() < 0.5 or not siege.sheets:
                        siege.ask()
                    dead, kills = siege.kill(), kills + 1
    finally:
        siege.over.set()
        for writer in writers:
            writer.join()
    with siege.served() as service:
        all_over(siege, service)
    lies = {str(path): path.read_bytes() for folder in (kail.settings.data, siege.temporary) for path in files(folder)}
    everybody = [person for _, people in siege.sheets.values() for person in people]
    assert found_in(everybody, lies) == []


def files(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


def all_over(siege, service):
    """Wait until nothing is under way, and see that all of it is right."""
    with signed_in(service, "mentor") as client:
        for job in siege.jobs["mentor"]:
            found = waited_for(
                lambda job=job: (one := client.get(f"/api/v1/jobs/{job}").json())["ended_at"] and one, 600
            )
            assert (found["state"], found["result"]["problems"]) == ("done", [])
            if job in siege.sheets:
                counts = [found["result"][name] for name in ("rows", "taken", "registered", "rejected_rows")]
                assert counts == [ROWS, ROWS - ROWS // 10, ROWS - ROWS // 10, ROWS // 10]
                assert [piece["row"] for piece in found["pieces"]] == [4, 14, 24, 34]
            else:
                rows = list(csv.DictReader(io.StringIO(client.get(found["file"]).content.decode("utf-8-sig"))))
                assert len(rows) == len({row["nik"] for row in rows}) == found["result"]["people"]
    with signed_in(service, "operator") as client:
        verified = client.post("/api/v1/jobs", json={"kind": "verification"}).json()["id"]
        for job in [*siege.jobs["operator"], verified]:
            found = waited_for(
                lambda job=job: (one := client.get(f"/api/v1/jobs/{job}").json())["ended_at"] and one, 600
            )
            assert found["state"] == "done"
    assert {chain["faults"] for chain in found["result"]["chains"]} == {0}
    assert_nothing_lost_or_doubled(siege)


def assert_nothing_lost_or_doubled(siege):
    with siege.kail.record.read() as tx:
        mine = people_of(tx, siege.kail.actors["mentor"])
        assert not may_further(tx, siege.kail.actors["mentor"], mine, RECORD)
        by_id = {person.identity["own_id"]: person for person in mine}
        assert len(by_id) == len(mine) == sum(ROWS - ROWS // 10 for _ in siege.sheets)
        for number, people in siege.sheets.values():
            for place, wanted in enumerate(people):
                if place % 10 != 3:
                    person = by_id[f"K{number}-P{place}"]
                    assert (person.identity["nik"], person.identity["phone"]) == (wanted["nik"], wanted["phone"])
                    assert [fact.value for fact in evidence_of(tx, person)] == [wanted["income"]]
        there = {row.id for row in tx.all(select(PARTICIPANTS.c.id))}
    assert set(siege.registered) <= there
    assert len(siege.registered) == len(set(siege.registered))
