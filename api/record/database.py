"""The database: SQLite by default, PostgreSQL by its address. One writer at a time, one visible transaction a use case.

On SQLite a writer begins with BEGIN IMMEDIATE; on PostgreSQL it takes one advisory lock first. Both therefore see all
that was committed before them, so that a read followed by a write loses no update and a hash chain has one end. Readers
wait for nobody. The driver's own defaults lost 160 of 200 such updates in a trial.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, DateTime, Dialect, Engine, MetaData, create_engine, event, make_url, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.types import TypeDecorator

WAIT_SECONDS: Final = 30
"""How long a writer waits for the one before it; then it gives up, `is_busy`."""
_LOCK_NOT_AVAILABLE: Final = "55P03"  # PostgreSQL's code
_MORE: Final = 30  # connections in need: with the pool's 20 more than a process has threads, 40 and those for passwords
_WRITER: Final = 20180105  # the number of the advisory lock: any will do that is always the same
_PRAGMAS: Final = ("synchronous = FULL", "foreign_keys = ON", "secure_delete = ON")

METADATA: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


SEALED: Final = {"sealed": True}
"""The info of a column sealed with the key of its person; a table about people names the person's column in its own info.

By these two an export finds all that is held about somebody, and an erasure all that must go.
"""


class Moment(TypeDecorator[datetime]):
    """A moment in UTC, with its time zone in Python and without one in the database."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a moment without a time zone; turn any other one into UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs its time zone")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Put UTC back."""
        return None if value is None else value.replace(tzinfo=UTC)


class Database:
    """An engine that reads and one that writes, on the same connections."""

    def __init__(self, url: str, wait_seconds: int = WAIT_SECONDS) -> None:
        self.engine = _engine(url, wait_seconds)
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        self._writer = self.engine.execution_options(kail_writes=True)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one state of the database and changes nothing."""
        with self.engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """The one transaction that may change things: committed at the end, undone by any error."""
        with self._writer.begin() as connection:
            if not self.is_sqlite:
                connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _WRITER})
            yield connection

    def afterwards(self, work: Callable[[], object]) -> None:
        """Do what must not be done before all that was written is committed: here it is."""
        work()

    def migrate(self, revision: str = "head") -> None:
        """Bring the tables to a revision, all of them or none."""
        from alembic import command  # here, since a service without a record need not load it
        from alembic.config import Config

        if self.is_sqlite:
            with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("PRAGMA journal_mode = WAL")  # stays with the file
        with self.write() as connection:
            config = Config()
            config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
            config.attributes["connection"] = connection
            move = command.upgrade if revision == "head" else command.downgrade
            move(config, revision)

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()


def is_busy(error: OperationalError) -> bool:
    """Whether a writer gave up waiting for the one before it."""
    return "locked" in str(error.orig) or getattr(error.orig, "sqlstate", "") == _LOCK_NOT_AVAILABLE


def _engine(url: str, wait_seconds: int) -> Engine:
    address = make_url(url)
    if address.get_backend_name() == "postgresql":
        address = address.set(drivername="postgresql+psycopg")
        engine = create_engine(address, pool_size=20, max_overflow=_MORE, pool_pre_ping=True, hide_parameters=True)
        event.listen(engine, "connect", _prepared(f"SET lock_timeout = '{wait_seconds}s'"))
        return engine
    if address.database:
        os.close(os.open(address.database, os.O_CREAT | os.O_RDWR, 0o600))  # nobody else's eyes
    # hide_parameters: an error of the database must not tell what was being written.
    engine = create_engine(address, pool_size=20, max_overflow=_MORE, hide_parameters=True)
    pragmas = [f"PRAGMA {pragma}" for pragma in (*_PRAGMAS, f"busy_timeout = {wait_seconds * 1000}")]
    event.listen(engine, "connect", _no_transactions_by_itself)
    event.listen(engine, "connect", _prepared(*pragmas))
    event.listen(engine, "begin", _begin)
    return engine


def _no_transactions_by_itself(connection: Any, record: Any) -> None:
    connection.isolation_level = None  # transactions begin where we say, not where the driver guesses


def _prepared(*statements: str) -> Callable[[Any, Any], None]:
    def prepare(connection: Any, record: Any) -> None:
        for statement in statements:
            connection.execute(statement)
        connection.commit()

    return prepare


def _begin(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get("isolation_level") != "AUTOCOMMIT":
        connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("kail_writes") else "BEGIN")
