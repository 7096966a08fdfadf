"""A process of its own in which assessments are done, one after another.

The threads of a Python process compute in turns, and hand each other their turn at every statement: four assessments at
once took half as long again as one after another. Only one can write at a time anyway, so that one process is enough.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import threading
import time
import traceback
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, Final

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


class OwnProcess:
    """Does assessments for all threads of a server. Safe to share between threads.

    It starts when it is first asked. Until it is ready, which takes about a second, and after it was lost (killed, out of
    memory) the asking thread does the work. It works with the server's own programme and scorecard, not with their files.
    """

    def __init__(self, record: Record, live: Live, settings: Settings, wait_seconds: float = WAIT_SECONDS) -> None:
        self._record, self._live, self._settings, self._wait_seconds = record, live, settings, wait_seconds
        self._lock = threading.Lock()
        self._pool: ProcessPoolExecutor | None = None
        self._started: Future[int] | None = None
        self._not_before = 0.0

    def assess(self, *asked: Any) -> tuple[str, Outcome]:
        """Do what `service.assess` does with these arguments, those after the record and what it answers with.

        Raises:
            Refused: as there; 503 if the process was lost meanwhile, or is kept waiting for too long.
            OperationalError: as there.
        """
        pool = self._ready()
        if pool is None:
            return assess(self._record, self._live, *asked)
        try:
            future = pool.submit(_assess, *asked)
        except BrokenProcessPool:  # lost since the last time: nothing was handed over
            self._lost(pool)
            return assess(self._record, self._live, *asked)
        try:
            return future.result(self._wait_seconds)
        except TimeoutError:
            if future.cancel():
                raise Refused(503, Trouble("assessment", "kept_waiting")) from None
            return future.result()
        except BrokenProcessPool:
            self._lost(pool)
            raise Refused(503, Trouble("assessment", "interrupted")) from None

    def pid(self) -> int | None:
        """The number of the process; None while none is ready."""
        return self._started.result() if self._ready() and self._started else None

    def close(self) -> None:
        """End the process, and start none again."""
        with self._lock:
            pool, self._pool, self._not_before = self._pool, None, float("inf")
        if pool is not None:
            pool.shutdown()

    def _ready(self) -> ProcessPoolExecutor | None:
        """The process, if it is ready; one is started where there is none."""
        with self._lock:
            if self._pool is None and time.monotonic() >= self._not_before:
                spawn = multiprocessing.get_context("spawn")  # a fork of threads may stand still for ever
                self._pool = ProcessPoolExecutor(1, spawn, _begin, (self._live, self._settings))
                self._started = self._pool.submit(os.getpid)
            pool, started = self._pool, self._started
        if pool is None or started is None or not started.done():
            return None
        if started.exception() is not None:  # it ended before it was ready
            self._lost(pool)
            return None
        return pool

    def _lost(self, pool: ProcessPoolExecutor) -> None:
        with self._lock:
            if self._pool is pool:
                self._pool, self._not_before = None, time.monotonic() + PAUSE_SECONDS
                log.error("the process of assessments was lost; the next one starts in %s s", PAUSE_SECONDS)
        pool.shutdown(wait=False)


# -- in the process itself ---------------------------------------------------------------------------------------------

_with: tuple[Record, Live]


def _begin(live: Live, settings: Settings) -> None:
    global _with  # noqa: PLW0603 - what a process begins with has no other place
    assert settings.data is not None
    _with = attach_record(settings.data, settings.database, live.clock), live
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all; the server ends this one when it is done
    threading.Thread(target=_end_with_the_server, daemon=True).start()


def _end_with_the_server() -> None:
    server = multiprocessing.parent_process()
    if server is not None:
        server.join()
        os._exit(0)


def _assess(*asked: Any) -> tuple[str, Outcome]:
    try:
        return assess(*_with, *asked)
    except Refused:
        raise
    except Exception as error:  # where it happened is known here only
        log.error(
            "%s in the process of assessments\n%s",
            type(error).__name__,
            "".join(traceback.format_tb(error.__traceback__)),
        )
        raise
