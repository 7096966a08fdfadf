"""Room on the disk of the data folder: a reserve that writing may not use up, so that people can still look and sign out.

Beside it a file is set aside, truly allocated. It is given up when the disk is quite full, since a look is noted too, and
taken again when there is room.
"""

from __future__ import annotations

import os
import shutil
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

MEGABYTE: Final = 1_000_000
SET_ASIDE: Final = 32 * MEGABYTE
"""How much is set aside, where the reserve is not smaller than that by itself."""
FILE: Final = "set-aside"
_REMEMBERED: Final = 1.0
"""For how many seconds what was free stays true."""


class Space:
    """The room on a disk. Safe to share between threads; each process that answers has its own, the file is common."""

    def __init__(self, folder: Path, reserve: int, *, sets_aside: bool = False) -> None:
        self._folder, self._reserve, self._sets_aside = folder, reserve, sets_aside
        self._size = min(SET_ASIDE, reserve // 4)
        self._file = folder / FILE
        self._lock = threading.Lock()
        self._looked_at, self._free = 0.0, 0

    def is_short(self) -> bool:
        """Whether less is free than the reserve. Gives up what is set aside, or takes it again, as it must be."""
        if self._lock.acquire(blocking=False):  # else somebody looks just now, and what was true a second ago is told
            try:
                if time.monotonic() - self._looked_at > _REMEMBERED:
                    self._look()
            finally:
                self._lock.release()
        return self._free < self._reserve

    def give_up(self) -> None:
        """Give up what is set aside: there is need of it."""
        with suppress(OSError):
            self._file.unlink()

    def close(self) -> None:
        """Give up what is set aside, and take it no more."""
        self._sets_aside = False
        self.give_up()

    def _look(self) -> None:
        self._free = shutil.disk_usage(self._folder).free
        self._looked_at = time.monotonic()
        if self._free < self._size // 4:
            self.give_up()
        elif self._sets_aside and self._free > self._reserve + 2 * self._size and not self._file.exists():
            self._take()

    def _take(self) -> None:
        beside = self._file.with_name(f"{FILE}.{os.getpid()}")
        try:
            with open(os.open(beside, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "wb") as file:
                _allocate(file.fileno(), self._size)
            beside.replace(self._file)
        except OSError:  # no room after all
            beside.unlink(missing_ok=True)


def _allocate(handle: int, size: int) -> None:
    if size and hasattr(os, "posix_fallocate"):
        os.posix_fallocate(handle, 0, size)
    else:  # a file with a hole in it would set nothing aside
        for _ in range(0, size, MEGABYTE):
            os.write(handle, bytes(MEGABYTE))
