"""Deadlines: until when what is asked for is to be done. One stands in the context of a request and goes along into threads.

Whatever waits asks here how long it may. Without a deadline, as for a command or work in the background, that is for ever.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from math import inf

from api.record.unavailable import Unavailable


@dataclass
class Deadline:
    """A moment of the clock that only goes on (`time.monotonic`), which may be put off."""

    until: float
    has_committed: bool = False

    def put_off(self, seconds: float) -> None:
        """Give that much more time: a body is still arriving, or something is known to take longer."""
        self.until += seconds


_CURRENT: ContextVar[Deadline | None] = ContextVar("kail_deadline", default=None)


def start(seconds: float) -> Deadline:
    """Set a deadline for all that is done in this context from here on."""
    deadline = Deadline(time.monotonic() + seconds)
    _CURRENT.set(deadline)
    return deadline


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Do something within so many seconds, or sooner where the deadline is sooner."""
    before = _CURRENT.set(Deadline(time.monotonic() + min(seconds, left())))
    try:
        yield
    finally:
        _CURRENT.reset(before)


def put_off(seconds: float) -> None:
    """Give whatever is asked for that much more time."""
    if (deadline := _CURRENT.get()) is not None:
        deadline.put_off(seconds)


def renew(seconds: float) -> None:
    """Give whatever is asked for so many seconds from now, if it has less."""
    put_off(max(0.0, seconds - left()))


def left() -> float:
    """The seconds that are left, below 0 when the deadline has passed; infinite without one."""
    deadline = _CURRENT.get()
    return inf if deadline is None else deadline.until - time.monotonic()


def committed() -> None:
    """Note that something was made permanent."""
    if (deadline := _CURRENT.get()) is not None:
        deadline.has_committed = True


def begin() -> None:
    """What was made permanent before is not of what is asked for: that somebody was seen, say."""
    if (deadline := _CURRENT.get()) is not None:
        deadline.has_committed = False


def has_committed() -> bool:
    """Whether anything of what is asked for is permanent already, so that nobody may say that nothing was changed."""
    deadline = _CURRENT.get()
    return deadline is not None and deadline.has_committed


def has_passed() -> bool:
    """Whether the deadline has passed."""
    return left() <= 0


def check() -> None:
    """See that there is still time.

    Raises:
        Unavailable: too_late.
    """
    if has_passed():
        raise Unavailable("too_late")
