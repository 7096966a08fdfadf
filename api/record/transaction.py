"""The record: database, keys and clock of one installation, and the transaction that every use case is done in."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Executable, Row, make_url

from api.record.database import Database
from api.record.key_file import KeyProblem, Keys
from api.record.key_store import Vault, upgrade
from api.record.live import Clock
from api.record.look_logs import LookLogs
from api.record.together import Entry, Together


@dataclass(frozen=True, eq=False)  # each is itself alone: what may be opened in one may not in another
class Transaction:
    """One use case's view of the record: its connection, the moment it happens and the keys.

    `logs`: where it stands who looked. `looks`: where it is gathered who looked at what, in a use case that writes nothing
    else; None: it is written at once. `log`: the log that this transaction alone writes in; "" for all others.
    """

    sql: Connection
    now: datetime
    keys: Keys
    vault: Vault
    logs: LookLogs
    looks: list[Entry] | None = None
    log: str = ""

    def run(self, statement: Executable) -> int:
        """Carry out a statement; return how many rows an update or a deletion changed."""
        return int(self.sql.execute(statement).rowcount)

    def one(self, statement: Executable) -> Row[Any] | None:
        """Return the first row found."""
        return self.sql.execute(statement).first()

    def all(self, statement: Executable) -> Sequence[Row[Any]]:
        """Return every row found."""
        return self.sql.execute(statement).all()


@dataclass(frozen=True)
class Record:
    """Where everything is kept."""

    database: Database
    keys: Keys
    vault: Vault
    clock: Clock
    logs: LookLogs
    together: Together = field(default_factory=Together)

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """A use case that changes nothing."""
        with self.database.read() as sql:
            yield self._transaction(sql)

    @contextmanager
    def look(self) -> Iterator[Transaction]:
        """A use case that changes nothing but who looked at what: that is written when it is done, with other looks.

        So nobody who looks waits for a writer, or lets one wait. An answer may leave when this is over, not before.
        """
        looks: list[Entry] = []
        with self.database.read() as sql:
            yield self._transaction(sql, looks=looks)
        if looks:
            self.together.write(looks, self.note_looks)

    @contextmanager
    def note_looks(self, log: str = "") -> Iterator[Transaction]:
        """A transaction in one of the logs of looks: in `log`, or in any."""
        with self.logs.write(log) as (found, sql):
            yield self._transaction(sql, log=found)

    @contextmanager
    def read_log(self, log: str) -> Iterator[Transaction]:
        """A log of looks that is a file of its own, as it is."""
        with self.logs.read(log) as sql:
            yield self._transaction(sql, log=log)

    @contextmanager
    def write(self, *organisations: str) -> Iterator[Transaction]:
        """A use case that is done as a whole or not at all, and writes about these organisations alone; () is about all."""
        with self.database.write(*organisations) as sql:
            yield self._transaction(sql)

    def _transaction(self, sql: Connection, *, looks: list[Entry] | None = None, log: str = "") -> Transaction:
        return Transaction(sql, self.clock(), self.keys, self.vault, self.logs, looks, log)

    def close(self) -> None:
        """Give the database's connections back."""
        self.logs.close()
        self.database.close()
        self.vault.close()


def open_record(folder: Path, url: str, clock: Clock, keys_url: str = "") -> Record:
    """Open the record in a data folder, making folder, keys and tables where they are not there yet.

    `url`, `keys_url`: addresses of PostgreSQL databases for the record and for the key store; "" is a file in the folder.

    Raises:
        KeyProblem: if the key file cannot be used, or not with this key store.
        SQLAlchemyError: if a database cannot be opened.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    store = _key_store(folder, url, keys_url)
    try:
        keys = upgrade(folder / KEY_FILE, store)
    finally:
        store.close()
    record = attach_record(folder, url, clock, keys, keys_url)
    record.database.migrate()
    if keys_url and record.vault.is_in_a_record():  # by whatever name it was called
        record.close()
        raise KeyProblem("keys_in_the_record")
    return record


def attach_record(folder: Path, url: str, clock: Clock, keys: Keys, keys_url: str = "") -> Record:
    """Open the record in a data folder with its tables as they are and the keys given."""
    vault = Vault(keys, _key_store(folder, url, keys_url), folder / KEY_FILE)
    database = Database(url or f"sqlite:///{folder / 'kail.sqlite'}")
    return Record(database, vault.keys, vault, clock, LookLogs(folder, database))


def _key_store(folder: Path, url: str, keys_url: str) -> Database:
    if url and keys_url and make_url(url).set(drivername="") == make_url(keys_url).set(drivername=""):
        raise KeyProblem("keys_in_the_record")
    return Database(keys_url or f"sqlite:///{folder / VAULT_FILE}", is_beside=True)


KEY_FILE = "kail.key"
VAULT_FILE = "persons.keys"


def new_id() -> str:
    """An id that nobody can guess and that says nothing."""
    return secrets.token_hex(12)
