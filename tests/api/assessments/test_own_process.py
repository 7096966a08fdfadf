"""The process of assessments: what it does is what a thread would do, and losing it loses nothing."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import textwrap
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from litestar.testing import TestClient
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from api import app
from api.app import create_app
from api.assessments import own_process, service
from api.assessments.own_process import OwnProcess
from api.assessments.tables import ASSESSMENTS
from api.audit.chain import verify
from api.audit.tables import AUDIT
from api.database import Database, is_busy
from api.live import utc_now
from api.refusals import Refused
from api.settings import Settings

LONG = 60.0


def until(what):
    """Wait until something is so."""
    for _ in range(int(LONG / 0.02)):
        if found := what():
            return found
        time.sleep(0.02)
    raise AssertionError("it never came")


@pytest.fixture
def made(kail):
    """Make a process for an installation; the second argument is how long one waits for it."""
    all_made = []

    def make(wait_seconds=LONG, ready=True):
        own = OwnProcess(kail.record, kail.live, kail.settings, wait_seconds)
        all_made.append(own)
        if ready:
            until(own.pid)
        return own

    yield make
    for own in all_made:
        own.close()


@pytest.fixture
def asked(kail):
    """A mentor and a participant of whom there is evidence, to be assessed."""
    person = kail.participant()
    kail.evidence(person)
    return kail.actors["mentor"], person, None, "en"


def stored(kail, person):
    """The ids of the assessments of a participant, in order, and how many the audit tells of."""
    with kail.record.read() as tx:
        rows = tx.all(select(ASSESSMENTS.c.id).where(ASSESSMENTS.c.participant_id == person).order_by("place"))
        noted = select(AUDIT.c.seq).where(AUDIT.c.action == "assessed", AUDIT.c.object_id == person)
        return [row.id for row in rows], len(tx.all(noted))


def not_here(*_):
    raise AssertionError("this was to be done in the other process")


def test_it_stores_what_a_thread_would(kail, made, asked, monkeypatch):
    first, by_thread = service.assess(kail.record, kail.live, *asked)
    own = made()
    with monkeypatch.context() as patched:
        patched.setattr(own_process, "assess", not_here)
        second, by_process = own.assess(*asked)
    assert by_process == by_thread
    assert stored(kail, asked[1]) == ([first, second], 2)
    with kail.record.read() as tx:
        assert verify(tx, AUDIT)[1] == []
        kept, _ = service.find_assessment(tx, asked[0], second)
    assert (kept.content, kept.at) == (by_thread.content, kail.clock.now)
    assert service.replay(kail.live, kept)[0]


def test_nobody_waits_for_it_to_start(kail, made, asked, monkeypatch):
    own = made(ready=False)
    with monkeypatch.context() as patched:
        patched.setattr(own, "_answer", None)  # what would ask it
        first, _ = own.assess(*asked)
    assert stored(kail, asked[1]) == ([first], 1)
    until(own.pid)


def refused(own, asked):
    with pytest.raises(Refused) as raised:
        own.assess(*asked)
    return raised.value.status, [problem["message"] for problem in raised.value.problems("en")]


def test_a_refusal_is_the_same_as_a_threads(kail, made, asked):
    own = made()
    mentor, person, *_ = asked
    bare = kail.participant(consents=("record",))
    for wrong in (
        (mentor, "0" * 24, None, "en"),
        (kail.actors["mentor2"], person, None, "en"),
        (mentor, person, "no_such_product", "en"),
        (mentor, bare, None, "en"),
    ):
        with pytest.raises(Refused) as by_thread:
            service.assess(kail.record, kail.live, *wrong)
        assert refused(own, wrong) == (
            by_thread.value.status,
            [problem["message"] for problem in by_thread.value.problems("en")],
        )
    assert stored(kail, person) == stored(kail, bare) == ([], 0)


def test_a_consent_taken_back_counts_at_the_next_request(kail, made, asked):
    own = made()
    own.assess(*asked)
    with kail.client("mentor") as client:
        said = {"purpose": "recommendation", "given": False, "channel": "phone"}
        assert client.post(f"/api/v1/participants/{asked[1]}/consents", json=said).status_code == 201
    assert refused(own, asked)[0] == 409
    assert len(stored(kail, asked[1])[0]) == 1


def test_somebody_erased_is_gone_for_it_too(kail, made, asked):
    own = made()
    own.assess(*asked)
    with kail.client("mentor") as client:
        version = client.get(f"/api/v1/participants/{asked[1]}").json()["version"]
        done = client.post(f"/api/v1/participants/{asked[1]}/erasure", json={"version": version})
        assert done.status_code == 200
    assert refused(own, asked)[0] == 404


def test_lost_while_idle_nobody_notices_and_after_a_pause_there_is_a_new_one(kail, made, asked, monkeypatch):
    monkeypatch.setattr(own_process, "PAUSE_SECONDS", 1)
    own = made()
    pid = own.pid()
    os.kill(pid, signal.SIGKILL)
    ids = []
    for _ in range(5):  # at some of them it is not known yet
        try:
            ids.append(own.assess(*asked)[0])
        except Refused as interrupted:
            assert interrupted.status == 503
    assert stored(kail, asked[1]) == (ids, len(ids))
    assert len(ids) >= 4
    assert until(own.pid) != pid
    ids.append(own.assess(*asked)[0])
    assert stored(kail, asked[1]) == (ids, len(ids))


def test_lost_in_the_middle_is_told_and_nothing_is_half_done(kail, made, asked):
    own = made()
    with ThreadPoolExecutor(1) as thread, kail.record.write():  # it waits for this one
        answer = thread.submit(refused, own, asked)
        with pytest.raises(TimeoutError):
            answer.result(1)
        os.kill(own.pid(), signal.SIGKILL)
        status, (message,) = answer.result(LONG)
    assert (status, message) == (503, "This was interrupted in the middle.")
    assert stored(kail, asked[1]) == ([], 0)
    own.assess(*asked)
    assert len(stored(kail, asked[1])[0]) == 1


def test_nothing_more_is_read_from_one_that_talks_nonsense(kail, made, asked, monkeypatch):
    own = made()
    pid = own.pid()
    with monkeypatch.context() as patched:
        patched.setattr(own_process.pickle, "load", lambda file: file.undone)
        assert refused(own, asked)[0] == 503
    assert own.pid() is None
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    own.assess(*asked)


def test_who_is_kept_waiting_is_told_and_nothing_of_it_is_stored(kail, made, asked):
    own = made(wait_seconds=0.5)

    def ask(_):
        try:
            return own.assess(*asked)[0]
        except Refused as kept:
            assert (kept.status, kept.troubles[0].code) == (503, "kept_waiting")
            return None

    with ThreadPoolExecutor(8) as threads:
        with kail.record.write():
            answers = [threads.submit(ask, number) for number in range(8)]
            until(lambda: sum(answer.done() for answer in answers) >= 4)
        ids = [found for answer in answers if (found := answer.result(LONG))]
    assert 1 <= len(ids) <= 4
    assert sorted(stored(kail, asked[1])[0]) == sorted(ids)


def test_that_the_database_is_busy_is_known_on_the_other_side(kail):
    address = kail.record.database.engine.url.render_as_string(hide_password=False)
    impatient = Database(address, wait_seconds=1)
    try:
        with kail.record.database.write(), pytest.raises(OperationalError) as busy, impatient.write():
            pass
    finally:
        impatient.close()
    assert is_busy(busy.value)
    assert is_busy(pickle.loads(pickle.dumps(busy.value)))


def test_a_closed_one_starts_no_other(kail, made, asked):
    own = made()
    own.close()
    assert own.pid() is None
    own.assess(*asked)
    assert own.pid() is None


def test_it_ends_with_a_server_that_is_killed(tmp_path):
    program = textwrap.dedent(
        """
        import pathlib, sys, time
        from api.assessments.own_process import OwnProcess
        from api.live import go_live, utc_now
        from api.record import open_record
        from api.settings import Settings
        if __name__ == "__main__":
            settings = Settings(data=pathlib.Path(sys.argv[1]))
            live = go_live(settings)
            own = OwnProcess(open_record(settings.data, "", utc_now), live, settings)
            while not own.pid():
                time.sleep(0.02)
            print("ready", flush=True)
            time.sleep(600)
        """
    )
    file = tmp_path / "server.py"
    file.write_text(program)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = [sys.executable, str(file), str(tmp_path / "data")]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as server:
        try:
            assert server.stdout.readline() == b"ready\n"
        finally:
            server.kill()
        assert server.stdout.read() == b""  # it ends only when all who hold it have ended


def test_an_application_does_its_assessments_in_it_and_ends_it(small_kail):
    person = small_kail.participant()
    small_kail.evidence(person)
    served = create_app(small_kail.settings, clock=small_kail.clock, own_process=True)
    with TestClient(served) as client:
        client.headers.update(small_kail.headers("mentor"))
        address = f"/participants/{person}/assessments"
        assert client.post(f"/api/v1{address}").status_code == 201
        own = served.state.own_process
        until(own.pid)
        assert client.post(f"/api/v1{address}", json={"goal": "no_such"}).status_code == 400
        made = client.post(f"/api/v1{address}").json()
        assert client.get(f"/api/v1/assessments/{made['id']}/replay").json()["digest"] == made["digest"]
        shown = client.post(address, follow_redirects=False)
        assert shown.status_code == 303
    assert own.pid() is None
    assert len(stored(small_kail, person)[0]) == 3


@pytest.mark.parametrize(("workers", "cores", "has"), [(1, 2, True), (1, 1, False), (2, 8, False)])
def test_a_server_has_one_where_there_is_a_core_for_it(tmp_path, monkeypatch, workers, cores, has):
    for name, value in Settings(workers=workers, data=tmp_path / "data").to_environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(app.os, "cpu_count", lambda: cores)
    served = app.from_environment()
    assert (served.state.own_process is not None) is has
    assert served.state.record.clock is utc_now
    served.state.record.close()
