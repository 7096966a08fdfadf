"""Stopping in time: whoever is being answered is waited for, but nothing keeps a process that was told to end.

The server itself waits for answers under way, then leaves. What could still hold it is a thread in a call that does not
return.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
from types import FrameType
from typing import Any, Final

ANSWERS_SECONDS: Final = 5
"""How long answers under way are waited for: longer than any request's deadline."""
LAST_RESORT_SECONDS: Final = 8.5

log = logging.getLogger("kail")


def stop_in_time() -> None:
    """See that this process ends in time once a signal tells it to; called when the server has set what it does then."""
    if threading.current_thread() is not threading.main_thread():
        return  # signals are not for it
    for number in (signal.SIGTERM, signal.SIGINT):
        handler = signal.getsignal(number)
        if callable(handler) and handler is not signal.default_int_handler:
            signal.signal(number, _and_last_resort(handler))


def _and_last_resort(handler: Any) -> Any:
    def stop(number: int, frame: FrameType | None) -> None:
        timer = threading.Timer(LAST_RESORT_SECONDS, _end)
        timer.daemon = True
        timer.start()
        handler(number, frame)

    return stop


def _end() -> None:
    log.error("the process did not end within %s seconds and is ended now", LAST_RESORT_SECONDS)
    os._exit(1)
