"""Transactions joined: all that a request does becomes one transaction, which its answer is kept in too.

It begins with the first write, so that working out and hashing before that keep nobody waiting, and is held until the
answer stands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress

from sqlalchemy import Connection

from api.record.database import Database


class _Undone(Exception):
    """Thrown into a transaction to undo it."""


class Joined(Database):
    """A database for one request and one thread, whose transactions are one. `first` is done as soon as it has begun."""

    def __init__(self, database: Database, first: Callable[[Connection], None]) -> None:
        self.engine, self.is_sqlite = database.engine, database.is_sqlite
        self._database, self._first = database, first
        self._open: tuple[Connection, ExitStack] | None = None
        self.organisations: tuple[str, ...] = ()
        self._afterwards: list[Callable[[], object]] = []

    @property
    def is_open(self) -> bool:
        """Whether anything was written that is not committed yet."""
        return self._open is not None

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """See what was written so far, too."""
        if self._open:
            yield self._open[0]
        else:
            with self._database.read() as connection:
                yield connection

    @contextmanager
    def write(self, *organisations: str) -> Iterator[Connection]:
        """Write, to be committed by `commit`; any error undoes all that was written before, too.

        Raises:
            RuntimeError: where it is written about others than what was begun with, which two may do crosswise.
        """
        try:
            yield self._begun(organisations)
        except BaseException:
            self.undo()
            raise

    def afterwards(self, work: Callable[[], object]) -> None:
        """Do something once all is committed."""
        self._afterwards.append(work)

    def commit(self) -> None:
        """Commit all that was written, and do what was to be done afterwards."""
        opened, self._open = self._open, None
        works, self._afterwards = self._afterwards, []
        if opened:
            opened[1].close()
        for work in works:
            self._database.afterwards(work)

    def undo(self) -> None:
        """Undo all that was written since the last commit."""
        opened, self._open = self._open, None
        self._afterwards = []
        if opened:
            with suppress(_Undone), opened[1]:
                raise _Undone

    def _begun(self, organisations: tuple[str, ...]) -> Connection:
        if self._open is None:
            with ExitStack() as stack:
                connection = stack.enter_context(self._database.write(*organisations))
                self._first(connection)
                self._open, self.organisations = (connection, stack.pop_all()), organisations
        elif self.organisations and (not organisations or not set(organisations) <= set(self.organisations)):
            raise RuntimeError("begun about one organisation, and then about others")
        return self._open[0]
