"""Watching a process of assessments: whether it is ready, gone, and what is stored of what it did."""

from __future__ import annotations

import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import select

from api.assessments import own_process, service
from api.assessments.tables import ASSESSMENTS
from api.audit.tables import AUDIT
from api.record.refusals import Refused

LONG = 60.0


def until(what):
    """Wait until something is so; return what it gives."""
    for _ in range(int(LONG / 0.02)):
        if found := what():
            return found
        time.sleep(0.02)
    raise AssertionError("it never came")


def gone(pid):
    """Whether a process has ended: there is none of that number, or it only waits for somebody to ask how it ended."""
    if not Path("/proc/self").exists():
        state = subprocess.run(
            ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
        ).stdout
        return state.strip()[:1] in ("", "Z")
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def stored_of(kail, person):
    """The ids of the assessments of a participant, in order, and how many the audit tells of."""
    with kail.record.read() as tx:
        rows = tx.all(select(ASSESSMENTS.c.id).where(ASSESSMENTS.c.participant_id == person).order_by("place"))
        noted = select(AUDIT.c.seq).where(AUDIT.c.action == "assessed", AUDIT.c.object_id == person)
        return [row.id for row in rows], len(tx.all(noted))


def not_here(*_, **__):
    raise AssertionError("this was to be done in the other process")


@contextmanager
def only_there(monkeypatch):
    """What is done in this process fails."""
    with monkeypatch.context() as patched:
        for module in (own_process, service):
            patched.setattr(module, "assess", not_here)
        yield


def refused(own, asked):
    with pytest.raises(Refused) as raised:
        own.assess(*asked)
    return raised.value.status, raised.value.problems(asked[3])
