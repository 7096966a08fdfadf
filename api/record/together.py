"""Together: what several threads want written is written in one transaction, so that they wait for the disk once.

Whoever comes first writes for all who wait by then. Each hears of its own end: what was in a transaction that failed is
tried again by whom it concerns. Where it failed in its commit it may be there twice then, never not at all.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from itertools import groupby
from typing import Any, Final, NamedTuple

from api.record import deadlines
from api.record.unavailable import Unavailable

WAIT_SECONDS: Final = 30
"""How long somebody waits for their turn without a deadline."""


class Entry(NamedTuple):
    """Something to be written: `add` writes values of that kind to a table, as many as there are at once."""

    add: Callable[..., Any]
    table: Any
    value: Any


class _Waiting:
    def __init__(self, entries: Sequence[Entry]) -> None:
        self.entries, self.is_done, self.is_gone = entries, False, False


class Together:
    """Gathers what threads want written. Safe to share between them."""

    def __init__(self) -> None:
        self._turn, self._state = threading.Lock(), threading.Lock()
        self._waiting: list[_Waiting] = []

    def write(self, entries: Sequence[Entry], begin: Callable[[], AbstractContextManager[Any]]) -> None:
        """Write entries; return when they are committed. `begin` opens the transaction, should nobody else write them.

        Raises:
            Unavailable: where that took too long. Whatever the transaction raises comes through.
        """
        mine = _Waiting(entries)
        with self._state:
            self._waiting.append(mine)
        try:
            if not self._turn.acquire(timeout=max(min(deadlines.left(), WAIT_SECONDS), 0)):
                raise Unavailable("busy")
            try:
                if not mine.is_done:
                    self._write_all(mine, begin)
            finally:
                self._turn.release()
        finally:
            with self._state:
                mine.is_gone = True
                self._waiting = [one for one in self._waiting if one is not mine]

    def _write_all(self, mine: _Waiting, begin: Callable[[], AbstractContextManager[Any]]) -> None:
        with self._state:
            some, self._waiting = self._waiting, []
        try:
            with begin() as tx:
                entries = [entry for one in some for entry in one.entries]
                for (add, table), same in groupby(entries, lambda entry: (entry.add, entry.table)):
                    add(tx, table, *(entry.value for entry in same))
        except BaseException:
            with self._state:  # the others do it themselves, in another transaction
                self._waiting = [one for one in some if one is not mine and not one.is_gone] + self._waiting
            raise
        for one in some:
            one.is_done = True
