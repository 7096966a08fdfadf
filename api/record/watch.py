"""A watch over connections to a server that may stand still: at its deadline a connection's socket is shut, and whoever
waits for its answer gets an error at once.

The server's own limits do not help there: a process that has been stopped, or a machine that is gone, stops nothing.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from contextlib import suppress
from typing import Final

_TICK: Final = 0.1
"""Seconds between two looks."""


class Watch:
    """Shuts sockets at their deadline. Safe to share between threads; its own thread starts with the first of them."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._watched: dict[socket.socket, float] = {}
        self._thread: threading.Thread | None = None

    def begin(self, handle: int, until: float) -> socket.socket:
        """Watch over a socket, by a handle of our own, so that none that is opened later under its number is shut."""
        watched = socket.socket(fileno=os.dup(handle))
        with self._changed:
            self._watched[watched] = until
            if self._thread is None:
                self._thread = threading.Thread(target=self._look, name="kail-watch", daemon=True)
                self._thread.start()
            self._changed.notify()
        return watched

    def end(self, watched: socket.socket) -> None:
        """Watch no longer."""
        with self._changed:
            self._watched.pop(watched, None)
        watched.close()

    def _look(self) -> None:
        while True:
            with self._changed:
                while not self._watched:
                    self._changed.wait()
                now = time.monotonic()
                for watched in [one for one, until in self._watched.items() if until <= now]:
                    del self._watched[watched]
                    _shut(watched)
            time.sleep(_TICK)


def _shut(watched: socket.socket) -> None:
    with suppress(OSError):  # the other side was quicker
        watched.shutdown(socket.SHUT_RDWR)
