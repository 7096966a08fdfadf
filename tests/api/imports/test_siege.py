"""Hostile files of every kind, twenty at once, with honest ones among them: each ends in words, and the service goes on.

As many as a fiftieth of the examples of property tests: four in a plain run, four hundred with `dev.py test --hard`.
"""

from __future__ import annotations

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from api.files.cage import limits_memory
from tests.api.files import hostile
from tests.api.jobs.test_worker import signed_in
from tests.conftest import EXAMPLES
from tests.importing import post
from tests.installed import serving

MANY = min(max(EXAMPLES // 25, 4), 400)
HONEST = max(MANY // 10, 1)
AT_ONCE = 20
MOST_MORE = 100_000_000
"""Bytes that the processes of the service may take above what they take when nothing is asked, the cage's own left out."""


def text_of(draw, length):
    return "".join(draw.choice("abcdefghijklmnop") for _ in range(length))


KINDS = {
    "rows of one cell": lambda draw: ("a.xlsx", hostile.one_cell_rows(draw.randint(25_000, 400_000)), None),
    "cells": lambda draw: ("a.xlsx", hostile.many_cells(draw.randint(2_500, 9_000), 100), None),
    "a zip bomb": lambda draw: ("a.xlsx", hostile.workbook(b"", picture=hostile.ZEROS * draw.randint(120, 300)), None),
    "a zip that lies": lambda draw: ("a.xlsx", hostile.lying_zip() + bytes(draw.randint(0, 9)), None),
    "half a workbook": lambda draw: ("a.xlsx", (whole := hostile.many_cells(90, 9))[: draw.randint(10, len(whole) - 9)], None),
    "entities": lambda draw: ("a.xlsx", hostile.workbook(entities(draw.randint(5, 9))), None),
    "parquet": lambda draw: ("a.parquet", hostile.parquet_bomb(), None),
    "broken parquet": lambda draw: ("a.parquet", hostile.broken_parquet()[draw.randint(4, 90) :], None),
    "no parquet": lambda draw: ("a.parquet", b"PAR1" + draw.randbytes(draw.randint(9, 9_000)) + b"PAR1", None),
    "an endless line": lambda draw: ("a.csv", text_of(draw, 9).encode() * draw.randint(150_000, 900_000), None),
    "never closed": lambda draw: ("a.csv", b'name,nik\n' + b'"' + b'y,x\n' * draw.randint(300_000, 900_000), None),
    "no text": lambda draw: ("a.csv", b"name,nik\n" + draw.randbytes(draw.randint(99, 200_000)), None),
    "very wide": lambda draw: ("a.csv", hostile.wide(3, draw.randint(2_100, 50_000)), None),
    "deep json": lambda draw: ("a.jsonl", (("[" * (n := draw.randint(2_000, 400_000))) + "]" * n).encode(), None),
    "names without end": lambda draw: ("a.jsonl", hostile.jsonl(*({f"{k}-{n}": 1 for n in range(900)} for k in range(5))), None),
    "a number without end": lambda draw: ("a.jsonl", b'{"nik": ' + b"9" * draw.randint(1_100_000, 3_000_000) + b"}\n", None),
    "a map": lambda draw: ("a.csv", b"nik\n1\n", draw.choice([one for one in hostile.MAPS.values() if len(one) < 64_000])),
    "a map too large": lambda draw: ("a.csv", b"nik\n1\n", "# " + "x" * draw.randint(66_000, 900_000)),
    "another file": lambda draw: (f"a.{draw.choice(['pdf', 'exe', 'zip', 'xls'])}", draw.randbytes(9_999), None),
}  # fmt: skip


def entities(levels):
    """XML whose entities would unfold to billions of letters."""
    names = [f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, levels)]
    return f'<!DOCTYPE x [<!ENTITY e0 "kail">{"".join(names)}]><worksheet>&e{levels - 1};</worksheet>'.encode()


def honest(number):
    """A file of some hundred people, no two alike."""
    rows = [
        f"H{number}-{row},Bu {number} {row},{3171000000000000 + number * 10_000 + row},true,{1_000_000 + row * 1000}"
        for row in range(400)
    ]
    return "\n".join(["participant,name,nik,nib,monthly_profit", *rows]).encode()


class Watched:
    """The processes of a service, but for the children in the cage: the most memory they took together, in bytes."""

    def __init__(self, service):
        self.service, self.most, self.over = service, 0, threading.Event()

    def now(self):
        total = 0
        for pid in {self.service.process.pid, *self.service.processes()}:
            folder = Path(f"/proc/{pid}")
            try:
                if b"api.files.caged" not in (folder / "cmdline").read_bytes():
                    lines = (folder / "smaps_rollup").read_text().splitlines()
                    total += 1024 * int(next(line for line in lines if line.startswith("Pss:")).split()[1])
            except (OSError, StopIteration, ProcessLookupError):  # ended meanwhile
                continue
        return total

    @contextmanager
    def watched(self):
        def watch():
            while not self.over.wait(0.5):
                self.most = max(self.most, self.now())

        watching = threading.Thread(target=watch)
        watching.start()
        try:
            yield
        finally:
            self.over.set()
            watching.join()


def told(client, name, content, columns):
    """Send a file until it is taken; return what became of it in the end: its state or status, and what is told."""
    while (answer := post(client, content, name, columns=columns)).status_code in (409, 503):
        time.sleep(2)  # the line is full
    if answer.status_code != 202:
        return answer.status_code, answer.json()["problems"]
    while not (job := client.get(f"/api/v1/jobs/{answer.json()['id']}?language=en").json())["ended_at"]:
        time.sleep(0.3)
    return job["state"], [*job["result"]["problems"], *job["pieces"]]


@pytest.mark.skipif(not limits_memory(), reason="this system limits no memory")
def test_hostile_files_of_every_kind_end_in_words_while_honest_ones_come_in_and_people_look(
    small_kail, kail_by_dev, tmp_path
):
    draw = random.Random(MANY)
    files = [(kind, *KINDS[kind](draw)) for kind in draw.choices(list(KINDS), k=MANY)]
    files += [("honest", "a.csv", honest(number), None) for number in range(HONEST)]
    draw.shuffle(files)
    person = small_kail.participant("mentor2", name="Bu Ani")
    with (
        serving(kail_by_dev, tmp_path, "--data", small_kail.settings.data) as service,
        signed_in(service, "mentor") as client,
        signed_in(service, "mentor2") as other,
    ):
        other.get(f"/participants/{person}")
        client.get("/imports")
        watched = Watched(service)
        idle = watched.now()
        with watched.watched(), looking(service, other, person) as looks, ThreadPoolExecutor(AT_ONCE) as pool:
            sent = [(kind, pool.submit(told, client, name, *rest)) for kind, name, *rest in files]
            found = [(kind, one.result()) for kind, one in sent]
    for kind, (state, problems) in found:
        if kind == "honest":
            assert (state, problems) == ("done", [])
        else:
            assert state in (400, 413, "failed", "done"), kind
            assert problems, kind
            assert all(problem["remedy"] for problem in problems), kind
    assert watched.most - idle < MOST_MORE
    assert looks
    assert set(looks) == {200}


@contextmanager
def looking(service, client, person):
    """Ask for `/health` and for a mentor's page all the time; what is answered."""
    over, found = threading.Event(), []

    def look():
        while not over.wait(0.2):
            found.append(httpx.get(f"{service.address}/health").status_code)
            found.append(client.get(f"/participants/{person}").status_code)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield found
    finally:
        over.set()
        thread.join()
