"""The worker's process, kept alive beside the server: started, started again when it is lost, ended with the server."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

log = logging.getLogger("kail")
_COMMAND: Final = (sys.executable, "-P", "-m", "api.jobs.worker")
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
LIVED_SECONDS: Final = 3.0
"""One that ended sooner than this is started again later each time: it does not get as far as to work."""
END_SECONDS: Final = 4.0


@contextmanager
def worker_beside() -> Iterator[None]:
    """Keep a worker running; the environment tells it the settings. It is ended at the end, with what it is in undone."""
    over = threading.Event()
    keeper = threading.Thread(target=_keep, args=(over,), name="kail-jobs", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        over.set()
        keeper.join(END_SECONDS + 1)


def _keep(over: threading.Event) -> None:
    pause = FIRST_PAUSE
    while not over.is_set():
        process = _start()
        lived = 0.0
        while process is not None and process.poll() is None and not over.wait(0.2):
            lived += 0.2
        if process is None or over.is_set():
            _put_away(process)
        else:
            log.error("the worker of jobs ended with %s; another one starts soon", process.returncode)
        over.wait(pause)
        pause = FIRST_PAUSE if lived > LIVED_SECONDS else min(pause * 2, LONGEST_PAUSE)


def _start() -> subprocess.Popen[bytes] | None:
    try:
        return subprocess.Popen(
            _COMMAND,
            stdin=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path))},
            start_new_session=True,  # Ctrl-C is for the server, which ends this one when it is done
        )
    except OSError as error:  # no process is to be had now
        log.error("the worker of jobs did not start: %s", type(error).__name__)
        return None


def _put_away(process: subprocess.Popen[bytes] | None) -> None:
    """End a process: by the end of its input, or if it does not mind that, at once."""
    if process is None:
        return
    assert process.stdin is not None
    process.stdin.close()
    try:
        process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
