"""Seen from outside, by what the server asks of the system: no answer to a look leaves before the log is on the disk."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

from tests.api.jobs.test_worker import signed_in, waited_for
from tests.chains import looks_in
from tests.installation import skip_or_fail
from tests.installed import serving

TIMES = 30
SYNC = re.compile(r"(?:fdatasync|fsync)\(\d+<[^>]*/looks/1\.sqlite-wal>")
SYNCED = re.compile(r"(?:fdatasync|fsync)(?:\(\d+<[^>]*/looks/1\.sqlite-wal>| resumed>)\)\s*= 0")
ANSWERED = re.compile(r"(?:write|writev|sendto|sendmsg)\(\d+<.*HTTP/1\.1 200")


def events(calls):
    """Of each call that counts, in order, what it was: "synced" when the log was, "answered" when an answer began to leave."""
    at_it = set()
    for line in calls:
        thread = line.split(maxsplit=1)[0]
        if SYNC.search(line) and "unfinished" in line:
            at_it.add(thread)
        elif SYNCED.search(line) and (thread in at_it or "resumed" not in line):
            at_it.discard(thread)
            yield "synced"
        elif ANSWERED.search(line):
            yield "answered"


@contextmanager
def traced(pid, written):
    """What a process and its threads ask of the system, as far as it is about files on the disk and answers."""
    calls = "trace=fdatasync,fsync,write,writev,sendto,sendmsg"
    tracer = subprocess.Popen(["strace", "-f", "-y", "-s", "64", "-e", calls, "-o", written, "-p", str(pid)])
    try:
        waited_for(lambda: "TracerPid:\t0" not in Path(f"/proc/{pid}/status").read_text())
        yield
    finally:
        tracer.terminate()
        tracer.wait()


def test_no_look_is_answered_before_the_log_is_on_the_disk(small_kail, kail_by_dev, tmp_path):
    if shutil.which("strace") is None:
        skip_or_fail("there is no strace to look from outside with")
    person, written = small_kail.participant(), tmp_path / "calls"
    with (
        serving(kail_by_dev, tmp_path, "--data", small_kail.settings.data) as service,
        signed_in(service, "mentor") as client,
        traced(service.process.pid, written),
    ):
        for _ in range(TIMES):
            assert client.get(f"/api/v1/participants/{person}").status_code == 200
        time.sleep(0.2)
    calls = written.read_text(errors="replace").splitlines()
    seen = list(events(calls))
    assert seen.count("answered") == TIMES
    assert all(before == "synced" for before, after in pairwise(["", *seen]) if after == "answered")
    assert len([row for row in looks_in(small_kail.record) if row.action == "saw"]) == TIMES
