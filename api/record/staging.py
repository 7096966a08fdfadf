"""Staging: files that somebody sent, sealed in a folder of the data folder until what is to be done with them is done.

Each has an id and a key of its own; whoever has a file worked on keeps the key. A file on its way in is held by the process
that takes it in, so that no sweep of another one takes it away; the hold ends with the process, however that ends.
"""

from __future__ import annotations

import os
import re
import secrets
import time
from collections.abc import Callable, Collection
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from api.record.sealed_files import SealedWriter

try:
    import fcntl
except ImportError:  # Windows, where a file that is open cannot be removed
    fcntl = None  # type: ignore[assignment]

FOLDER: Final = "staged"
_KEY: Final = 32
_ENDING: Final = re.compile(r"\.[a-z0-9]{1,9}")


@dataclass(frozen=True, repr=False)  # a key is never shown, not even in a trace
class Staged:
    """A staged file: where it lies, its id, its key, and what its sender calls it."""

    path: Path
    id: str
    key: bytes
    name: str

    @property
    def suffix(self) -> str:
        """The ending of its sender's name; "" where that is none that a file has."""
        ending = Path(self.name).suffix.lower()
        return ending if _ENDING.fullmatch(ending) else ""


def staged(data: Path, file_id: str, key: bytes, name: str) -> Staged:
    """The file of that id in a data folder, whether it is there or not."""
    return Staged(data / FOLDER / file_id, file_id, key, name)


class Incoming:
    """A file on its way into a data folder: written, ended, then either let go, to stay, or discarded."""

    def __init__(self, data: Path, name: str) -> None:
        (data / FOLDER).mkdir(mode=0o700, exist_ok=True)
        while True:
            self.file = staged(data, secrets.token_hex(16), secrets.token_bytes(_KEY), name)
            self.writer = SealedWriter(self.file.path, self.file.key, self.file.id)
            self._hold = os.dup(self.writer.fileno())
            if fcntl is None:
                return
            fcntl.flock(self._hold, fcntl.LOCK_EX)
            if os.fstat(self._hold).st_nlink:
                return
            self.discard()  # swept between being made and being held

    def end(self) -> None:
        """The file is complete, and on the disk with its name."""
        self.writer.close()
        if os.name == "posix":
            folder = os.open(self.file.path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

    def let_go(self) -> None:
        """The file stays until a sweep finds that nobody wants it."""
        if self._hold >= 0:
            os.close(self._hold)
            self._hold = -1

    def discard(self) -> None:
        """Take the file away."""
        self.writer.abandon()
        self.let_go()


def discard(file: Staged) -> None:
    """Take a staged file away, if it is there."""
    file.path.unlink(missing_ok=True)


def sweep(data: Path, wanted: Callable[[], Collection[str]], *, spared_seconds: float = 0) -> int:
    """Take away all staged files but those on their way in and those of the ids wanted; return how many.

    Those that were written in the last `spared_seconds` stay: whoever took one in may still be at the commit that wants it.

    `wanted` is asked after it is known which files are on their way in: what came in meanwhile is then wanted already.
    """
    folder, gone = data / FOLDER, 0
    with ExitStack() as holds:  # until they are gone: else somebody might begin to write what is on its way out
        found = [path for path in folder.glob("*") if _take_hold(path, holds)]
        kept = set(wanted())
        for path in found:
            if path.name not in kept and _age_of(path) >= spared_seconds:
                with suppress(OSError):  # it is held (Windows), or nothing that we made: the others go
                    path.unlink(missing_ok=True)
                    gone += 1
    return gone


def _age_of(path: Path) -> float:
    """How many seconds ago a file was written."""
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _take_hold(path: Path, holds: ExitStack) -> bool:
    """Hold a file unless somebody else does."""
    if fcntl is None:
        return True
    try:
        handle = os.open(path, os.O_RDONLY)
        holds.callback(os.close, handle)
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # somebody else holds it, it is gone, or there are no handles left for now
        return False
    return True
