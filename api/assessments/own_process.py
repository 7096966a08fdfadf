"""A process of its own in which assessments are done, one after another, where the record is an SQLite file.

An assessment is mostly computing, and the threads of one Python process compute in turns; on SQLite, which has one writer
and answers at once, nothing is gained by doing several at a time. The process is asked through its standard input and
answers on its standard output; when the server ends, its input does too.

It is a convenience, not a condition: until it is ready, while it is busy, and whenever it is lost, the asking thread does
the work. An assessment has its id before it is asked for, so that what a lost process had stored is found, not made twice.
"""

from __future__ import annotations

import logging
import os
import pickle
import select
import subprocess
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import IO, Any, Final

from api import __version__
from api.assessments.service import assess
from api.assessments.stored import stored_as
from api.assessments.working_out import Outcome
from api.record import deadlines
from api.record.actor import Actor
from api.record.database import WAIT_SECONDS
from api.record.key_file import Keys
from api.record.live import Live
from api.record.refusals import Refused
from api.record.transaction import Record, attach_record, new_id
from api.record.unavailable import Unavailable, why_unavailable

log = logging.getLogger("kail")
PAUSE_SECONDS: Final = 60
"""How long no new process is started after one was lost."""
TURN_SECONDS: Final = 0.5
"""How long a thread waits for its turn before it does the work itself."""
START_SECONDS: Final = 60
ANSWER_SECONDS: Final = WAIT_SECONDS + 10
"""How long a process may take, one wait for the database included; then it is put away."""
_GRACE: Final = 0.2
"""Seconds that the process has after a deadline to say that it was too late."""
_CHUNK: Final = 1 << 16
_LENGTH: Final = 8  # bytes before everything that is sent, that tell how long it is
_COMMAND: Final = (sys.executable, "-P", "-m", "api.assessments.own_process")
Process = subprocess.Popen[bytes]
Made = tuple[str, Outcome]
Answer = tuple[Made | None, Exception | None] | None  # None: not done, nothing of it stored


class OwnProcess:
    """Does assessments for all threads of a server. Safe to share between threads.

    It starts when it is first asked, and is ready about a second later. It is given the server's own programme, scorecard
    and keys, and does not read them.
    """

    def __init__(self, record: Record, live: Live, folder: Path) -> None:
        self._record, self._live = record, live
        self._given = pickle.dumps((__version__, live, record.keys, folder))  # now: in use, it changes
        self._turn = threading.Lock()  # held while the process works for somebody
        self._state = threading.Lock()  # held for moments, to look at or change what follows
        self._process: Process | None = None
        self._is_ready = False
        self._starting: threading.Thread | None = None
        self._not_before = 0.0

    def assess(self, actor: Actor, person_id: str, goal: str | None, language: str) -> Made:
        """Do what `service.assess` does.

        Raises:
            Refused, Unavailable: as there.
        """
        asked, assessment = (actor, person_id, goal, language), new_id()
        if self._ready() and self._turn.acquire(timeout=TURN_SECONDS):
            try:
                answer = self._answer((deadlines.left(), *asked, assessment))
            finally:
                self._turn.release()
            if answer is None:
                before_it_was_lost = self._stored_as(actor, assessment)
                answer = ((assessment, before_it_was_lost), None) if before_it_was_lost else None
            if answer is not None:
                made, error = answer
                if made is not None:
                    return made
                assert error is not None
                raise error
        return assess(self._record, self._live, *asked, assessment_id=assessment)

    def _stored_as(self, actor: Actor, assessment: str) -> Outcome | None:
        try:
            return stored_as(self._record, actor, assessment)
        except Exception as error:
            if why_unavailable(error):  # of what the lost process did nobody knows yet
                raise Unavailable("maybe_done") from None
            raise

    def close(self) -> None:
        """End the process, and start none again."""
        with self._state:
            self._not_before = float("inf")
            process, starting, self._process, self._is_ready = self._process, self._starting, None, False
        if starting is None and process is not None and self._turn.acquire(timeout=TURN_SECONDS):
            _put_away(process)
            self._turn.release()
        elif process is not None:
            process.kill()  # whoever starts it or waits for its answer puts it away
        if starting is not None:
            starting.join()

    def _answer(self, asked: tuple[Any, ...]) -> Answer:
        """Ask the process, when it is our turn; None too if it is lost."""
        process = self._ready()
        if process is None:
            return None
        try:
            _send(process.stdin, asked)
            answer: Answer = _read(process.stdout, min(ANSWER_SECONDS, asked[0] + _GRACE))
            if answer is not None:
                made, error = answer
                if not (made[0] == asked[-1] if made else isinstance(error, Exception)):
                    raise pickle.UnpicklingError("no answer to what was asked")
        except Exception:  # whatever came is no answer: nothing more may be sent or read
            self._lost(process)
            return None
        return answer

    def _ready(self) -> Process | None:
        """The process, if it is ready; one is started where there is none."""
        with self._state:
            if self._process is None and self._starting is None and time.monotonic() >= self._not_before:
                starting = threading.Thread(target=self._start, daemon=True)
                try:
                    starting.start()
                    self._starting = starting
                except RuntimeError:  # no more threads are to be had
                    self._not_before = time.monotonic() + PAUSE_SECONDS
            return self._process if self._is_ready else None

    def _start(self) -> None:
        process = None
        try:
            process = subprocess.Popen(
                _COMMAND,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                bufsize=0,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path))},
                start_new_session=True,  # Ctrl-C is for the server, which ends this one when it is done
            )
            with self._state:
                self._process = process
                if self._not_before == float("inf"):
                    raise InterruptedError("closed meanwhile")
            _send_bytes(process.stdin, self._given)
            _read(process.stdout, START_SECONDS)
        except Exception:  # however it failed, the threads go on
            self._lost(process)
        else:
            with self._state:
                self._is_ready, self._starting = self._process is process, None
                closed = not self._is_ready
            if closed:
                _put_away(process)

    def _lost(self, process: Process | None) -> None:
        if process is not None:
            _put_away(process)
        with self._state:
            self._process, self._is_ready, self._starting = None, False, None
            closed = self._not_before == float("inf")
            self._not_before = max(self._not_before, time.monotonic() + PAUSE_SECONDS)
        if not closed:
            ended = "did not start" if process is None else f"ended with {process.returncode}"
            log.error("the process of assessments %s; another one starts in %s s at the earliest", ended, PAUSE_SECONDS)


def _send(to: IO[bytes] | None, what: Any) -> None:
    _send_bytes(to, pickle.dumps(what))


def _send_bytes(to: IO[bytes] | None, what: bytes) -> None:
    assert to is not None
    left = memoryview(len(what).to_bytes(_LENGTH, "big") + what)
    while left:
        left = left[to.write(left) :]


def _read(from_: IO[bytes] | None, seconds: float = float("inf")) -> Any:
    """Read one thing.

    Raises:
        TimeoutError: if it does not come in time.
        EOFError: if the other side has ended.
    """
    assert from_ is not None
    end, found, waiting = time.monotonic() + seconds, bytearray(), select.poll()
    waiting.register(from_, select.POLLIN)
    while len(found) < _LENGTH or len(found) < _LENGTH + int.from_bytes(found[:_LENGTH], "big"):
        if not waiting.poll(None if seconds == float("inf") else max(end - time.monotonic(), 0) * 1000):
            raise TimeoutError
        part = from_.read(_CHUNK)
        if not part:
            raise EOFError
        found += part
    return pickle.loads(memoryview(found)[_LENGTH:])


def _put_away(process: Process) -> None:
    process.kill()  # what it was storing is undone by the database
    process.communicate()


# -- in the process itself ---------------------------------------------------------------------------------------------


def main() -> None:
    """Answer until the input ends."""
    asked, answers = open(0, "rb", buffering=0), open(1, "wb", buffering=0)  # noqa: SIM115 - they end with the process
    sys.stdout = sys.stderr  # what anything prints is no answer
    try:
        version, live, keys, folder = _read(asked)
        if version != __version__:  # Kail was upgraded under a running server
            return
        _answer_all(asked, answers, live, keys, folder)
    except (EOFError, BrokenPipeError):  # the server has ended
        pass
    except Exception as error:
        _tell(error)
        raise SystemExit(1) from None


def _tell(error: Exception) -> None:
    """Log where an error came from, never its message: it may hold somebody's values."""
    where = "".join(traceback.format_tb(error.__traceback__))
    log.error("%s in the process of assessments\n%s", type(error).__name__, where)


def _answer_all(asked: IO[bytes], answers: IO[bytes], live: Live, keys: Keys, folder: Path) -> None:
    record = attach_record(folder, "", live.clock, keys)
    _send(answers, None)
    while True:
        left, *arguments, assessment = _read(asked)
        with deadlines.within(left):
            _send(answers, _done(record, live, arguments, assessment))


def _done(record: Record, live: Live, arguments: list[Any], assessment: str) -> Answer:
    try:
        return assess(record, live, *arguments, assessment_id=assessment), None
    except Refused as refusal:
        return None, refusal
    except Exception as error:
        if why := why_unavailable(error):
            return None, Unavailable(why.code)  # without what was to be written
        _tell(error)
        return None  # the thread that asked does it again, and tells more


if __name__ == "__main__":
    main()
