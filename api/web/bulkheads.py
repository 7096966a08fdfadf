"""Bulkheads: the threads that do work, in pools apart, so that what fills one leaves the others afloat.

Each has so many threads, and room for so many more who wait; whoever comes to a full one is told so at once. Nobody waits
longer than their deadline, also for work that cannot be stopped: that keeps its thread until it ends, and what it wanted
to write is undone (`record.deadlines`). What has no thread, `/health` and the static files, is held up by nobody.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from math import inf
from typing import Any, Final, TypeVar

from api.record import deadlines
from api.record.unavailable import Unavailable

T = TypeVar("T")
ANSWER_SECONDS: Final = 4
"""How long a request may take, without the time that its body takes to arrive: everybody is answered within 5."""
SIGN_IN_SECONDS: Final = 10
"""Where a password is hashed, one after another."""
_WAY_SECONDS: Final = 0.02
_GRACE: Final = 0.35
"""Seconds after a deadline in which work says itself that it was too late; then it is left alone."""


class Bulkhead:
    """Some threads, and room for some who wait for one; before each work they give way for moments to what goes first."""

    def __init__(self, name: str, threads: int, waiting: int, first: Sequence[Bulkhead] = ()) -> None:
        self.threads, self.waiting, self._first = threads, waiting, first
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=f"kail-{name}")
        self._inside = 0
        self._lock = threading.Lock()

    async def run(self, work: Callable[[], T], lost: str = "too_late") -> T:
        """Do work in a thread. `lost`: what is said where it had to be left alone.

        Raises:
            Unavailable: busy, if no thread could be had; `lost`; and what the work raises.
        """
        future = self._begin(work)
        left = deadlines.left()
        try:
            return await asyncio.wait_for(asyncio.wrap_future(future), None if left == inf else left + _GRACE)
        except TimeoutError:
            if future.done() and not future.cancelled():  # just now, or the error is its own
                return future.result()
            raise Unavailable("busy" if future.cancelled() else lost) from None

    def _begin(self, work: Callable[[], T]) -> Future[T]:
        with self._lock:
            if self._inside >= self.threads + self.waiting:
                raise Unavailable("busy")
            self._inside += 1
        try:
            future = self._pool.submit(copy_context().run, self._in_time, work)
        except BaseException:  # no thread is to be had any more
            self._leave()
            raise
        future.add_done_callback(self._leave)
        return future

    def _leave(self, future: Any = None) -> None:
        with self._lock:
            self._inside -= 1

    def _in_time(self, work: Callable[[], T]) -> T:
        end = time.monotonic() + _WAY_SECONDS
        while any(other._inside for other in self._first) and time.monotonic() < end:
            time.sleep(_WAY_SECONDS / 10)
        if deadlines.has_passed():
            raise Unavailable("busy")  # all this time was spent in the queue
        return work()


DOOR: Final = Bulkhead("door", 4, 256)
"""Who it is that asks: looks at the record that wait for no writer, and the page to sign in."""
LOOKING: Final = Bulkhead("looking", 2, 128)
"""Looks at the record. Two, since they compute in turns: of eight threads each waited for its turn at every statement, and
together they answered a fifth fewer pages. The second answers while the first one waits for the disk."""
RECORD: Final = Bulkhead("record", 8, 128)
"""Whatever else asks the record, and waits for others who write."""
PASSWORDS: Final = Bulkhead("passwords", 4, 64)
"""Work that hashes a password."""
OPEN: Final = Bulkhead("open", 1, 128, first=(DOOR, LOOKING, RECORD, PASSWORDS))
"""What anybody may have computed. One thread: Python computes in turns, and a second would only take turns from people."""
