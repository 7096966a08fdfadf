"""A process of its own in which assessments are done, one after another.

The threads of a Python process compute in turns, and an assessment is mostly computing; each of its statements hands the
turn to another thread, on another core. Only one can write at a time anyway, so that one process is enough. It is asked
through its standard input and answers on its standard output; when the server ends, its input does too.
"""

from __future__ import annotations

import logging
import os
import pickle
import subprocess
import sys
import threading
import time
import traceback
from contextlib import suppress
from typing import IO, Any, Final

from sqlalchemy.exc import OperationalError

from api.assessments.service import assess
from api.assessments.working_out import Outcome
from api.database import WAIT_SECONDS
from api.live import Live
from api.record import Record, attach_record
from api.refusals import Refused, Trouble
from api.settings import Settings

log = logging.getLogger("kail")
PAUSE_SECONDS: Final = 60
"""How long no new process is started after one was lost."""
_END_SECONDS: Final = 5
_COMMAND: Final = (sys.executable, "-P", "-m", "api.assessments.own_process")
Process = subprocess.Popen[bytes]
Answer = tuple[tuple[str, Outcome] | None, Exception | None]


class OwnProcess:
    """Does assessments for all threads of a server. Safe to share between threads.

    It starts when it is first asked. Until it is ready, which takes about a second, and after it was lost (killed, out of
    memory) the asking thread does the work. It is given the server's own programme and scorecard and does not read them.
    """

    def __init__(self, record: Record, live: Live, settings: Settings, wait_seconds: float = WAIT_SECONDS) -> None:
        self._record, self._live, self._settings, self._wait_seconds = record, live, settings, wait_seconds
        self._turn = threading.Lock()  # held while it works for somebody
        self._state = threading.Lock()  # held for moments: what follows
        self._process: Process | None = None
        self._starting: threading.Thread | None = None
        self._not_before = 0.0

    def assess(self, *asked: Any) -> tuple[str, Outcome]:
        """Do what `service.assess` does with these arguments, those after the record and what it answers with.

        Raises:
            Refused: as there; 503 if the process was lost meanwhile, or works for others for too long.
            OperationalError: as there.
        """
        answer = self._answer(asked) if self._ready() else None
        if answer is None:
            return assess(self._record, self._live, *asked)
        made, refusal = answer
        if refusal is not None:
            raise refusal
        assert made is not None
        return made

    def pid(self) -> int | None:
        """The number of the process; None while none is ready."""
        process = self._ready()
        return process.pid if process else None

    def close(self) -> None:
        """End the process, and start none again."""
        with self._state:
            self._not_before = float("inf")
            starting = self._starting
        if starting is not None:
            starting.join()
        with self._state:
            process, self._process = self._process, None
        if process is None:
            return
        if self._turn.acquire(timeout=self._wait_seconds):
            with suppress(subprocess.TimeoutExpired):
                process.communicate(timeout=_END_SECONDS)  # closes its input, at which it ends
            _put_away(process)
            self._turn.release()
        else:
            process.kill()  # who waits for its answer puts it away

    def _answer(self, asked: tuple[Any, ...]) -> Answer | None:
        """Ask the process, when it is our turn; None if it was lost before it was asked."""
        if not self._turn.acquire(timeout=self._wait_seconds):
            raise Refused(503, Trouble("assessment", "kept_waiting"))
        try:
            process = self._ready()
            if process is None:
                return None
            try:
                _send(process.stdin, asked)
            except OSError:
                self._lost(process)
                return None
            try:
                answer: Answer = _read(process.stdout)
            except Exception:  # whatever came is no answer: nothing more may be read from it
                self._lost(process)
                raise Refused(503, Trouble("assessment", "interrupted")) from None
            return answer
        finally:
            self._turn.release()

    def _ready(self) -> Process | None:
        """The process, if it is ready; one is started where there is none."""
        with self._state:
            if self._process is None and self._starting is None and time.monotonic() >= self._not_before:
                self._starting = threading.Thread(target=self._start, daemon=True)
                self._starting.start()
            return self._process

    def _start(self) -> None:
        path = os.pathsep.join(folder for folder in sys.path if folder)
        process = subprocess.Popen(
            _COMMAND,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": path},
            start_new_session=True,  # Ctrl-C is for the server, which ends this one when it is done
        )
        try:
            _send(process.stdin, (self._live, self._settings))
            _read(process.stdout)
        except Exception:
            self._lost(process)
        else:
            with self._state:
                self._process, self._starting = process, None

    def _lost(self, process: Process) -> None:
        _put_away(process)
        with self._state:
            self._process = self._starting = None
            self._not_before = max(self._not_before, time.monotonic() + PAUSE_SECONDS)
        log.error("the process of assessments was lost; the next one starts in %s s", PAUSE_SECONDS)


def _send(to: IO[bytes] | None, what: Any) -> None:
    assert to is not None
    pickle.dump(what, to)
    to.flush()


def _read(from_: IO[bytes] | None) -> Any:
    assert from_ is not None
    return pickle.load(from_)


def _put_away(process: Process) -> None:
    process.kill()  # what it was storing is undone by the database
    process.communicate()


# -- in the process itself ---------------------------------------------------------------------------------------------


def main() -> None:
    """Answer until the input ends."""
    asked, answers = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr  # what anything prints is no answer
    live, settings = pickle.load(asked)
    record = attach_record(settings.data, settings.database, live.clock)
    _send(answers, None)
    while True:
        try:
            arguments = pickle.load(asked)
        except EOFError:
            break
        _send(answers, _assessed(record, live, arguments))
    record.close()


def _assessed(record: Record, live: Live, arguments: tuple[Any, ...]) -> Answer:
    try:
        return assess(record, live, *arguments), None
    except (Refused, OperationalError) as error:
        return None, error
    except Exception as error:  # where it was is known here only; its message may hold somebody's values
        where = "".join(traceback.format_tb(error.__traceback__))
        log.error("unexpected %s in the process of assessments\n%s", type(error).__name__, where)
        return None, RuntimeError(type(error).__name__)


if __name__ == "__main__":
    main()
