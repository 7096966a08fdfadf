"""Logs of looks: where it is noted who looked at what, apart from what is changed, so that looking waits for no writer.

On SQLite a log is a file of its own, on PostgreSQL a part of a table under a lock of its own. There are as many as processes
that answer. Who notes takes the one that it used last, or else the first that nobody writes in just now. None belongs to a
process, so that one that is killed leaves nothing behind that somebody would have to take over.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, Table, column
from sqlalchemy.exc import OperationalError

from api.record.database import Database, is_busy

FOLDER: Final = "looks"
_ENDING: Final = ".sqlite"
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,3}")


class LookLogs:
    """The logs of an installation. Safe to share between threads. `ids`: those that this process may note in."""

    def __init__(self, data: Path, database: Database) -> None:
        self.are_files = database.is_sqlite
        self.ids: tuple[str, ...] = ()
        self._folder, self._database = data / FOLDER, database
        self._lock, self._files = threading.Lock(), dict[str, Database]()

    def open(self, many: int, *tables: Table) -> None:
        """Have so many logs: for as many processes as may note at once.

        Where they are files, each that is there has these tables then: one that was only begun keeps nobody from looking.
        """
        ids = tuple(str(number) for number in range(1, many + 1))
        if self.are_files:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            for one in {*ids, *self.there()}:
                self._file(one).create(*tables)
        self.ids = ids

    def there(self) -> list[str]:
        """The logs that are files there, whichever process notes in them: called by a number, with something in them."""
        if not self.are_files:
            return []
        found = {path.name.removesuffix(_ENDING): path for path in self._folder.glob(f"*{_ENDING}")}
        return sorted(name for name, path in found.items() if _NUMBER.fullmatch(name) and path.stat().st_size)

    @contextmanager
    def read(self, log: str) -> Iterator[Connection]:
        """One state of a log that is a file."""
        with self._file(log).read() as sql:
            yield sql

    def find(self, sql: Connection, asked: Select[Any]) -> Sequence[Row[Any]]:
        """Rows of all logs, of a file those alone that are called by it. `sql`: a connection to the database."""
        if not self.are_files:
            return sql.execute(asked).all()
        found: list[Row[Any]] = []
        for log in self.there():
            with self.read(log) as of_log:
                found += of_log.execute(asked.where(column("chain") == log)).all()
        return found

    @contextmanager
    def write(self, log: str = "") -> Iterator[tuple[str, Connection]]:
        """A transaction in a log that nobody else writes in just now, else in the first that is free; or in `log`."""
        with ExitStack() as stack:
            found, sql = self._begun(stack, (log,)) if log else self._begun(stack, self.ids)
            if not log and found != self.ids[0]:  # the next time it is tried first
                self.ids = (found, *(one for one in self.ids if one != found))
            yield found, sql

    def _begun(self, stack: ExitStack, ids: tuple[str, ...]) -> tuple[str, Connection]:
        assert ids, "no log was opened"
        if not self.are_files:
            place, sql = stack.enter_context(self._database.write_beside([int(one) for one in ids]))
            return ids[place], sql
        for one in ids:
            try:
                return one, stack.enter_context(self._file(one).write_at_once())
            except OperationalError as error:
                if not is_busy(error):
                    raise
        return ids[0], stack.enter_context(self._file(ids[0]).write())

    def _file(self, log: str) -> Database:
        with self._lock:
            if log not in self._files:
                self._files[log] = Database(f"sqlite:///{self._folder / log}{_ENDING}")
            return self._files[log]

    def close(self) -> None:
        """Give all connections back."""
        with self._lock:
            for one in self._files.values():
                one.close()
            self._files.clear()
