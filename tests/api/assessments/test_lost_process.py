"""A process of assessments that is lost, stands still or answers nonsense: nothing is lost with it or stored twice."""

from __future__ import annotations

import os
import pickle
import signal
import sys
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from api.assessments import own_process
from api.assessments.own_process import OwnProcess
from api.record.unavailable import Unavailable
from tests.api.assessments.processes import LONG, gone, not_here, only_there, stored_of, until


def test_lost_while_idle_nobody_notices_and_after_a_pause_there_is_a_new_one(
    small_kail, make_process, asked, monkeypatch
):
    monkeypatch.setattr(own_process, "PAUSE_SECONDS", 2)
    own = make_process()
    pid = own._process.pid
    os.kill(pid, signal.SIGKILL)
    until(lambda: gone(pid))
    lost_at = time.monotonic()
    ids = [own.assess(*asked)[0] for _ in range(3)]
    other = until(own._ready)
    assert (other.pid != pid, time.monotonic() - lost_at >= 2) == (True, True)
    with only_there(monkeypatch):
        ids.append(own.assess(*asked)[0])
    assert stored_of(small_kail, asked[1]) == (ids, 4)


def test_lost_before_it_stored_the_thread_does_it(small_kail, make_process, asked):
    own = make_process()
    with ThreadPoolExecutor(1) as thread:
        with small_kail.record.write():  # it waits for this one
            answer = thread.submit(own.assess, *asked)
            with pytest.raises(TimeoutError):
                answer.result(1)
            os.kill(own._process.pid, signal.SIGKILL)
            until(lambda: own._process is None)
        made, found = answer.result(LONG)
    assert stored_of(small_kail, asked[1]) == ([made], 1)
    assert found.core["tier"]


def test_lost_after_it_stored_it_is_found_and_not_made_again(small_kail, make_process, asked, monkeypatch):
    kail, own = small_kail, make_process()
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
    assert stored_of(kail, asked[1]) == ([made], 1)


def test_one_that_stands_still_is_put_away(small_kail, make_process, asked, monkeypatch):
    monkeypatch.setattr(own_process, "ANSWER_SECONDS", 1)
    own = make_process()
    pid = own._process.pid
    os.kill(pid, signal.SIGSTOP)
    with ThreadPoolExecutor(4) as threads:  # the others do not even wait for it
        made = [answer.result(LONG)[0] for answer in [threads.submit(own.assess, *asked) for _ in range(4)]]
    assert sorted(stored_of(small_kail, asked[1])[0]) == sorted(made)
    assert gone(pid)


def test_one_that_stands_still_while_it_starts_holds_up_nothing(small_kail, make_process, asked):
    own = make_process(ready=False)
    own._ready()
    pid = until(lambda: own._process).pid
    os.kill(pid, signal.SIGSTOP)
    own.assess(*asked)
    own.close()
    assert gone(pid)
    assert own._ready() is None


def test_whoever_does_not_get_a_turn_does_it_without(small_kail, make_process, asked):
    own = make_process()
    with own._turn:
        made, _ = own.assess(*asked)
    assert stored_of(small_kail, asked[1]) == ([made], 1)
    assert own._ready()


@pytest.mark.parametrize("nonsense", [5, "x", (None, None), (None, "e"), (("1" * 24, "x"), None), ((1, 2), None)])
def test_an_answer_to_something_else_is_none(small_kail, make_process, asked, monkeypatch, nonsense):
    own = make_process()
    pid = own._process.pid
    with monkeypatch.context() as patched:
        patched.setattr(own_process, "_read", lambda from_, seconds: nonsense)
        made, _ = own.assess(*asked)
    assert gone(pid)
    assert made in stored_of(small_kail, asked[1])[0]


def test_half_an_answer_is_none(small_kail, make_process, asked, monkeypatch):
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
    own = make_process()
    pid = own._process.pid
    made, _ = own.assess(*asked)
    assert gone(pid)
    assert stored_of(small_kail, asked[1]) == ([made], 1)


def test_what_goes_wrong_there_is_told_by_the_thread_and_nothing_of_a_person_is_logged(
    small_kail, make_process, asked, capfd
):
    own = make_process()
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
    assert stored_of(small_kail, asked[1]) == ([made], 1)


def test_that_somebody_else_writes_for_too_long_comes_through_a_pipe():
    assert pickle.loads(pickle.dumps(Unavailable("busy"))).code == "busy"


def test_it_is_kept_waiting_no_longer_than_a_thread(small_kail, make_process, asked, monkeypatch):
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
    impatient = make_process()
    with small_kail.record.write(), pytest.raises(Unavailable, match="busy"):
        impatient.assess(*asked)
    assert impatient._ready(), "it goes on"
    assert stored_of(small_kail, asked[1]) == ([], 0)


def test_where_none_can_be_started_the_threads_go_on(small_kail, make_process, asked, monkeypatch, caplog):
    monkeypatch.setattr(own_process, "_COMMAND", (str(small_kail.settings.data / "no-such-program"),))
    own = make_process(ready=False)
    made = [own.assess(*asked)[0] for _ in range(2)]
    until(lambda: "did not start" in caplog.text)
    assert stored_of(small_kail, asked[1]) == (made, 2)


def test_where_there_are_no_more_threads_the_one_that_asks_goes_on(small_kail, make_process, asked, monkeypatch):
    def no_more(thread):
        raise RuntimeError("can't start new thread")

    own = make_process(ready=False)
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", no_more)
        made, _ = own.assess(*asked)
    own.close()
    assert stored_of(small_kail, asked[1]) == ([made], 1)


def test_an_upgrade_under_a_running_server_is_left_alone(small_kail, make_process, asked, monkeypatch, caplog):
    monkeypatch.setattr(own_process, "__version__", "0.0.1")
    own = make_process(ready=False)
    own._ready()
    until(lambda: "of assessments ended" in caplog.text)
    made, _ = own.assess(*asked)
    assert stored_of(small_kail, asked[1]) == ([made], 1)


def test_a_closed_one_starts_no_other(small_kail, make_process, asked):
    own = make_process()
    pid = own._process.pid
    own.close()
    assert gone(pid)
    made, _ = own.assess(*asked)
    assert (own._starting, own._process) == (None, None)
    assert stored_of(small_kail, asked[1]) == ([made], 1)


def test_closing_at_any_moment_of_the_start_leaves_nothing(small_kail):
    for delay in (0, 0.005, 0.05, 0.3, 0.6, 0.9, 1.2):
        own = OwnProcess(small_kail.record, small_kail.live, small_kail.settings.data)
        own._ready()
        time.sleep(delay)
        process = own._process
        own.close()
        assert own._process is None
        assert process is None or gone(process.pid)
