"""Turns: the threads of a process that want the one writer's lock get it in the order in which they came.

SQLite itself lets a writer look again after a while that grows, so that under load some wait many times as long as others
(`benchmarks/contention.py`). Between processes it still does.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager


class Turns:
    """A lock whose waiters take turns."""

    def __init__(self) -> None:
        self._state, self._is_taken = threading.Lock(), False
        self._queue: deque[threading.Event] = deque()

    @contextmanager
    def turn(self, seconds: float) -> Iterator[None]:
        """Wait for one's turn and have it.

        Raises:
            TimeoutError: if it did not come in so many seconds.
        """
        self._take(seconds)
        try:
            yield
        finally:
            self._pass_on()

    def _take(self, seconds: float) -> None:
        with self._state:
            if not self._is_taken:
                self._is_taken = True
                return
            self._queue.append(mine := threading.Event())
        if not mine.wait(max(seconds, 0)):
            with self._state:
                if not mine.is_set():  # else it came just now
                    self._queue.remove(mine)
                    raise TimeoutError

    def _pass_on(self) -> None:
        with self._state:
            if self._queue:
                self._queue.popleft().set()
            else:
                self._is_taken = False
