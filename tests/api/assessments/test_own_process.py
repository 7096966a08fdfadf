"""The process of assessments: what it does is what a thread would do, and whatever befalls it, nothing is lost or doubled."""

from __future__ import annotations

import os
import pickle
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from litestar.testing import TestClient
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError

import api.app
from api.app import create_app
from api.assessments import endpoints, own_process, service
from api.assessments.own_process import OwnProcess
from api.assessments.tables import ASSESSMENTS
from api.audit.chain import verify
from api.audit.tables import AUDIT
from api.consents.service import require
from api.record.database import is_busy
from api.record.refusals import Refused, Trouble
from api.settings import Settings

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


@pytest.fixture
def make(small_kail):
    """Make a process for the installation, and wait until it is ready."""
    made = []

    def make(*, ready=True):
        own = OwnProcess(small_kail.record, small_kail.live, small_kail.settings.data)
        made.append(own)
        if ready:
            until(own._ready)
        return own

    yield make
    for own in made:
        own.close()


@pytest.fixture
def asked(small_kail):
    """A mentor and a participant of whom there is evidence, to be assessed."""
    person = small_kail.participant()
    small_kail.evidence(person)
    return small_kail.actors["mentor"], person, None, "en"


def stored(kail, person):
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
        for module in (own_process, endpoints.service):
            patched.setattr(module, "assess", not_here)
        yield


# -- what it does ------------------------------------------------------------------------------------------------------


def test_it_stores_what_a_thread_would(small_kail, make, asked, monkeypatch):
    kail = small_kail
    first, by_thread = service.assess(kail.record, kail.live, *asked)
    own = make()
    with only_there(monkeypatch):
        second, by_process = own.assess(*asked)
    assert by_process == by_thread
    assert stored(kail, asked[1]) == ([first, second], 2)
    with kail.record.read() as tx:
        assert verify(tx, AUDIT)[1] == []
        kept, _ = service.find_assessment(tx, asked[0], second)
    assert (kept.content, kept.at) == (by_thread.content, kail.clock.now)
    assert service.replay(kail.live, kept)[0]


def test_nobody_waits_for_it_to_start(small_kail, make, asked):
    own = make(ready=False)
    first, _ = own.assess(*asked)
    assert not own._is_ready
    assert stored(small_kail, asked[1]) == ([first], 1)
    until(own._ready)


def refused(own, asked):
    with pytest.raises(Refused) as raised:
        own.assess(*asked)
    return raised.value.status, raised.value.problems(asked[3])


def test_a_refusal_is_the_same_as_a_threads_in_the_language_asked_for(small_kail, make, asked, monkeypatch):
    kail, own = small_kail, make()
    mentor, person, *_ = asked
    bare = kail.participant(consents=("record",))
    for wrong in (
        (mentor, "0" * 24, None, "en"),
        (kail.actors["mentor2"], person, None, "id"),
        (mentor, person, "no_such_product", "en"),
        (mentor, bare, None, "id"),
    ):
        with pytest.raises(Refused) as by_thread:
            service.assess(kail.record, kail.live, *wrong)
        with only_there(monkeypatch):
            assert refused(own, wrong) == (by_thread.value.status, by_thread.value.problems(wrong[3]))
    assert stored(kail, person) == stored(kail, bare) == ([], 0)


def test_a_refusal_comes_through_a_pipe_whole():
    told = Refused.told(409, [{"field": "signals.nib", "message": "x"}])
    for one in (Refused(400, Trouble("goal", "no_such_goal", "x"), Trouble("a", "b", c=1)), told):
        other = pickle.loads(pickle.dumps(one))
        assert (other.status, other.troubles, other.already_told, other.args, str(other)) == (
            one.status,
            one.troubles,
            one.already_told,
            one.args,
            str(one),
        )
    assert str(Refused(400, Trouble("nik", "bad_nik", "3171"))) == "400: nik (bad_nik)"


def test_a_consent_taken_back_counts_at_the_next_request(small_kail, make, asked):
    own = make()
    own.assess(*asked)
    with small_kail.client("mentor") as client:
        said = {"purpose": "recommendation", "given": False, "channel": "phone"}
        assert client.post(f"/api/v1/participants/{asked[1]}/consents", json=said).status_code == 201
    assert refused(own, asked)[0] == 409
    with small_kail.record.read() as tx, pytest.raises(Refused):
        require(tx, asked[1], "recommendation")
    assert len(stored(small_kail, asked[1])[0]) == 1


def test_somebody_erased_is_gone_for_it_too(small_kail, make, asked):
    own = make()
    own.assess(*asked)
    with small_kail.client("mentor") as client:
        version = client.get(f"/api/v1/participants/{asked[1]}").json()["version"]
        done = client.post(f"/api/v1/participants/{asked[1]}/erasure", json={"version": version})
        assert done.status_code == 200
    assert refused(own, asked)[0] == 404


def test_it_makes_no_key_file_and_has_the_keys_of_the_server(small_kail, make, asked, monkeypatch):
    key_file = small_kail.settings.data / "kail.key"
    away = key_file.rename(key_file.with_suffix(".away"))
    own = make()
    with only_there(monkeypatch):
        own.assess(*asked)
    assert not key_file.exists()
    away.rename(key_file)
    with small_kail.record.read() as tx:
        assert verify(tx, AUDIT)[1] == []


# -- when it is lost ---------------------------------------------------------------------------------------------------


def test_lost_while_idle_nobody_notices_and_after_a_pause_there_is_a_new_one(small_kail, make, asked, monkeypatch):
    monkeypatch.setattr(own_process, "PAUSE_SECONDS", 2)
    own = make()
    pid = own._process.pid
    os.kill(pid, signal.SIGKILL)
    until(lambda: gone(pid))
    lost_at = time.monotonic()
    ids = [own.assess(*asked)[0] for _ in range(3)]
    other = until(own._ready)
    assert (other.pid != pid, time.monotonic() - lost_at >= 2) == (True, True)
    with only_there(monkeypatch):
        ids.append(own.assess(*asked)[0])
    assert stored(small_kail, asked[1]) == (ids, 4)


def test_lost_before_it_stored_the_thread_does_it(small_kail, make, asked):
    own = make()
    with ThreadPoolExecutor(1) as thread:
        with small_kail.record.write():  # it waits for this one
            answer = thread.submit(own.assess, *asked)
            with pytest.raises(TimeoutError):
                answer.result(1)
            os.kill(own._process.pid, signal.SIGKILL)
            until(lambda: own._process is None)
        made, found = answer.result(LONG)
    assert stored(small_kail, asked[1]) == ([made], 1)
    assert found.core["tier"]


def test_lost_after_it_stored_it_is_found_and_not_made_again(small_kail, make, asked, monkeypatch):
    kail, own = small_kail, make()
    whole, lost = own_process._read, []

    def read(from_, seconds):
        answer = whole(from_, seconds)
        if not lost:  # it is lost with its answer
            lost.append(answer)
            raise EOFError
        return answer

    with monkeypatch.context() as patched:
        patched.setattr(own_process, "_read", read)
        patched.setattr(own_process, "assess", not_here)
        made, found = own.assess(*asked)
    [((there, what), _)] = lost
    assert (made, found.content, found.digest, found.as_of) == (there, what.content, what.digest, what.as_of)
    assert stored(kail, asked[1]) == ([made], 1)


def test_one_that_stands_still_is_put_away(small_kail, make, asked, monkeypatch):
    monkeypatch.setattr(own_process, "ANSWER_SECONDS", 1)
    own = make()
    pid = own._process.pid
    os.kill(pid, signal.SIGSTOP)
    with ThreadPoolExecutor(4) as threads:  # the others do not even wait for it
        made = [answer.result(LONG)[0] for answer in [threads.submit(own.assess, *asked) for _ in range(4)]]
    assert sorted(stored(small_kail, asked[1])[0]) == sorted(made)
    assert gone(pid)


def test_one_that_stands_still_while_it_starts_holds_up_nothing(small_kail, make, asked):
    own = make(ready=False)
    own._ready()
    pid = until(lambda: own._process).pid
    os.kill(pid, signal.SIGSTOP)
    own.assess(*asked)
    own.close()
    assert gone(pid)
    assert own._ready() is None


def test_whoever_does_not_get_a_turn_does_it_without(small_kail, make, asked):
    own = make()
    with own._turn:
        made, _ = own.assess(*asked)
    assert stored(small_kail, asked[1]) == ([made], 1)
    assert own._ready()


@pytest.mark.parametrize("nonsense", [5, "x", (None, None), (None, "e"), (("1" * 24, "x"), None), ((1, 2), None)])
def test_an_answer_to_something_else_is_none(small_kail, make, asked, monkeypatch, nonsense):
    own = make()
    pid = own._process.pid
    with monkeypatch.context() as patched:
        patched.setattr(own_process, "_read", lambda from_, seconds: nonsense)
        made, _ = own.assess(*asked)
    assert gone(pid)
    assert made in stored(small_kail, asked[1])[0]


def test_half_an_answer_is_none(small_kail, make, asked, monkeypatch):
    monkeypatch.setattr(own_process, "ANSWER_SECONDS", 1)
    program = textwrap.dedent(
        """
        import sys, time
        from api.assessments.own_process import _read, _send
        asked, answers = open(0, "rb", buffering=0), open(1, "wb", buffering=0)
        _read(asked)
        _send(answers, None)
        _read(asked)
        answers.write((1000).to_bytes(8, "big") + b"half")
        time.sleep(600)
        """
    )
    monkeypatch.setattr(own_process, "_COMMAND", (sys.executable, "-P", "-c", program))
    own = make()
    pid = own._process.pid
    made, _ = own.assess(*asked)
    assert gone(pid)
    assert stored(small_kail, asked[1]) == ([made], 1)


def test_what_goes_wrong_there_is_told_by_the_thread_and_nothing_of_a_person_is_logged(small_kail, make, asked, capfd):
    own = make()
    with small_kail.record.write() as tx:
        tx.sql.execute(text("ALTER TABLE assessments RENAME TO elsewhere"))
    with pytest.raises(OperationalError, match="no such table"):
        own.assess(*asked)
    assert own._ready(), "it goes on"
    told = capfd.readouterr().err
    assert "OperationalError in the process of assessments" in told
    assert "service.py" in told
    assert "no such table" not in told
    assert asked[1] not in told
    with small_kail.record.write() as tx:
        tx.sql.execute(text("ALTER TABLE elsewhere RENAME TO assessments"))
    made, _ = own.assess(*asked)
    assert stored(small_kail, asked[1]) == ([made], 1)


def test_that_somebody_else_writes_for_too_long_comes_through_a_pipe():
    error = OperationalError(None, None, sqlite3.OperationalError("database is locked"))
    assert is_busy(pickle.loads(pickle.dumps(error)))


def test_it_is_kept_waiting_no_longer_than_a_thread(small_kail, make, asked, monkeypatch):
    """Thirty seconds are too long for a test: the process has a database that waits for one."""
    program = textwrap.dedent(
        """
        import api.record.database, functools, api.record.transaction
        api.record.transaction.Database = functools.partial(api.record.database.Database, wait_seconds=1)
        from api.assessments.own_process import main
        main()
        """
    )
    monkeypatch.setattr(own_process, "_COMMAND", (sys.executable, "-P", "-c", program))
    impatient = make()
    with small_kail.record.write(), pytest.raises(OperationalError) as busy:
        impatient.assess(*asked)
    assert is_busy(busy.value)
    assert impatient._ready(), "it goes on"
    assert stored(small_kail, asked[1]) == ([], 0)


def test_where_none_can_be_started_the_threads_go_on(small_kail, make, asked, monkeypatch, caplog):
    monkeypatch.setattr(own_process, "_COMMAND", (str(small_kail.settings.data / "no-such-program"),))
    own = make(ready=False)
    made = [own.assess(*asked)[0] for _ in range(2)]
    until(lambda: "did not start" in caplog.text)
    assert stored(small_kail, asked[1]) == (made, 2)


def test_where_there_are_no_more_threads_the_one_that_asks_goes_on(small_kail, make, asked, monkeypatch):
    def no_more(thread):
        raise RuntimeError("can't start new thread")

    own = make(ready=False)
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", no_more)
        made, _ = own.assess(*asked)
    own.close()
    assert stored(small_kail, asked[1]) == ([made], 1)


def test_an_upgrade_under_a_running_server_is_left_alone(small_kail, make, asked, monkeypatch, caplog):
    monkeypatch.setattr(own_process, "__version__", "0.0.1")
    own = make(ready=False)
    own._ready()
    until(lambda: "of assessments ended" in caplog.text)
    made, _ = own.assess(*asked)
    assert stored(small_kail, asked[1]) == ([made], 1)


def test_a_closed_one_starts_no_other(small_kail, make, asked):
    own = make()
    pid = own._process.pid
    own.close()
    assert gone(pid)
    made, _ = own.assess(*asked)
    assert (own._starting, own._process) == (None, None)
    assert stored(small_kail, asked[1]) == ([made], 1)


def test_closing_at_any_moment_of_the_start_leaves_nothing(small_kail):
    for delay in (0, 0.005, 0.05, 0.3, 0.6, 0.9, 1.2):
        own = OwnProcess(small_kail.record, small_kail.live, small_kail.settings.data)
        own._ready()
        time.sleep(delay)
        process = own._process
        own.close()
        assert own._process is None
        assert process is None or gone(process.pid)


# -- in a server -------------------------------------------------------------------------------------------------------


def test_it_ends_with_a_server_that_is_killed_whatever_the_server_was_doing(tmp_path):
    program = textwrap.dedent(
        """
        import pathlib, sys, time
        from api.assessments.own_process import OwnProcess
        from api.record.live import go_live, utc_now
        from api.record.transaction import open_record
        from api.settings import Settings
        folder = pathlib.Path(sys.argv[1])
        own = OwnProcess(open_record(folder, "", utc_now), go_live(Settings()), folder)
        own._ready()
        while not own._process or (sys.argv[2] == "ready" and not own._ready()):
            time.sleep(0.01)
        print(own._process.pid, flush=True)
        time.sleep(600)
        """
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    for state in ("starting", "ready"):
        command = [sys.executable, "-c", program, str(tmp_path / state), state]
        errors = tmp_path / f"{state}.txt"
        with (
            errors.open("wb") as file,
            subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=file) as server,
        ):
            try:
                pid = int(server.stdout.readline())
                assert not gone(pid)
            finally:
                server.kill()
        until(lambda: gone(pid))  # noqa: B023 - asked at once
        assert errors.read_bytes() == b""


def test_an_application_does_its_assessments_in_it_and_ends_it(small_kail, monkeypatch):
    person = small_kail.participant()
    small_kail.evidence(person)
    served = create_app(small_kail.settings, clock=small_kail.clock, own_process=True)
    own = served.state.own_process
    with TestClient(served) as client:
        client.headers.update(small_kail.headers("mentor"))
        address = f"/participants/{person}/assessments"
        assert client.post(f"/api/v1{address}").status_code == 201
        pid = until(own._ready).pid
        with only_there(monkeypatch):
            assert client.post(f"/api/v1{address}", json={"goal": "no_such"}).status_code == 400
            made = client.post(f"/api/v1{address}").json()
            assert client.post(address, follow_redirects=False).status_code == 303
        assert client.get(f"/api/v1/assessments/{made['id']}/replay").json()["digest"] == made["digest"]
    assert gone(pid)
    assert own._ready() is None
    assert len(stored(small_kail, person)[0]) == 3


@pytest.mark.parametrize(("workers", "cores", "has"), [(1, 2, True), (1, 1, False), (2, 8, False)])
def test_a_server_has_one_where_there_is_a_core_for_it(tmp_path, monkeypatch, workers, cores, has):
    for name, value in Settings(workers=workers, data=tmp_path / "data").to_environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(api.app, "_cores", lambda: cores)
    served = api.app.from_environment()
    assert (served.state.own_process is not None) is has
    served.state.record.close()


def test_there_is_none_for_a_database_elsewhere(small_kail, tmp_path):
    """What it opens is the file of the data folder."""
    elsewhere = replace(small_kail.settings, database=f"sqlite:///{tmp_path / 'elsewhere.sqlite'}")
    served = create_app(elsewhere, clock=small_kail.clock, own_process=True)
    assert served.state.own_process is None
    served.state.record.close()


def test_there_is_none_on_postgresql(kail):
    served = create_app(kail.settings, clock=kail.clock, own_process=True)
    assert (served.state.own_process is None) is bool(kail.settings.database)
    served.state.record.close()
