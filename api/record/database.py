"""The database: SQLite by default, PostgreSQL by its address. One writer at a time, one visible transaction a use case.

On SQLite a writer begins with BEGIN IMMEDIATE; on PostgreSQL it takes an advisory lock first: that of the organisations
that it writes about, or one against everybody. Both therefore see all that was committed before them, so that a read
followed by a write loses no update and a hash chain has one end. Readers wait for nobody. The driver's own defaults lost
160 of 200 such updates in a trial.

Where a request has a deadline, everything here keeps to it: connecting, waiting for another writer, each statement, and the
moment before the commit. On SQLite whoever computes asks the clock; PostgreSQL is told its limits with every connection that
is taken, which shows at once whether it still lives, and a watch shuts the connection if the server itself stands still.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from contextvars import Context
from datetime import UTC, datetime
from math import inf
from pathlib import Path
from typing import Any, Final

from sqlalchemy import (
    Connection,
    DateTime,
    Dialect,
    Engine,
    Executable,
    MetaData,
    Row,
    Table,
    create_engine,
    event,
    make_url,
    text,
)
from sqlalchemy.exc import DBAPIError, InvalidatePoolError, OperationalError
from sqlalchemy.types import TypeDecorator

from api.record import deadlines
from api.record.turns import Turns
from api.record.unavailable import Unavailable, why_unavailable
from api.record.watch import Watch

log = logging.getLogger("kail")
WAIT_SECONDS: Final = 30
"""How long a writer waits for the one before it; then it gives up, `is_busy`."""
CONNECT_SECONDS: Final = 10
"""How long connecting to PostgreSQL may take without a deadline."""
_LEAST_TO_CONNECT: Final = 2  # seconds: its driver waits no shorter
_POOL_SECONDS: Final = 4  # that a thread waits for a connection
_MORE: Final = 30  # connections in need: the pool's 20 are as many as a process has threads, web/bulkheads.py
_GRACE: Final = 0.15  # seconds that the server has to say itself that it was too late, before its connection is shut
_OPERATIONS: Final = 50_000  # of SQLite between two looks at the clock, a few milliseconds
_WRITER: Final = 20180105  # the number of the advisory lock: any will do that is always the same
_BESIDE, _OF_ONE, _OF_ALL = 20180106, 20180107, 20180108  # the first number of locks that have two
_ALONE: Final = text("SELECT pg_advisory_xact_lock(:number)")
_TOGETHER: Final = text("SELECT pg_advisory_xact_lock_shared(:number)")
_TRY: Final = text("SELECT pg_try_advisory_xact_lock(:kind, :lock)")
_WAIT: Final = text("SELECT pg_advisory_xact_lock(:kind, :lock)")
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


def gone_as(value: object) -> dict[str, object]:
    """The info of a column of a table about people that is readable: what stands there after an erasure."""
    return {"goes": value}


def sealed_for(purpose: str) -> dict[str, object]:
    """The info of a sealed column of a table about people, which may be opened for that purpose (`participants/gate.py`)."""
    return {**SEALED, "purpose": purpose}


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

    def __init__(self, url: str, wait_seconds: int = WAIT_SECONDS, *, is_beside: bool = False) -> None:
        """`is_beside`: what is committed here is no change that anybody asked for, but goes before or after one."""
        self.engine = _engine(url, wait_seconds)
        self._is_beside = is_beside
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        self._writer = self.engine.execution_options(kail_writes=True)
        self._single = self.engine.execution_options(kail_single=True)
        self._turns, self._wait_seconds = Turns(), wait_seconds

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one state of the database and changes nothing."""
        with self.engine.connect() as connection:
            if self.is_sqlite:
                yield connection
            else:  # else each statement would see another state
                yield connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    def ask_once(self, statement: Executable, given: Mapping[str, Any]) -> Sequence[Row[Any]]:
        """What one statement finds: it sees one state by itself, so that on SQLite no transaction need begin and end."""
        with self._single.connect() as connection:
            return connection.execute(statement, given).all()

    @contextmanager
    def write(self, *organisations: str) -> Iterator[Connection]:
        """The one transaction that may change things: committed at the end, undone by any error.

        `organisations`: ids of those that it changes something of. On PostgreSQL who writes about others then need not wait;
        without any it concerns everybody.
        """
        with self._turn(), _changing(self._writer, is_beside=self._is_beside) as connection:
            if not self.is_sqlite:
                connection.execute(_TOGETHER if organisations else _ALONE, {"number": _WRITER})
                for lock in sorted({_number_of(one) for one in organisations}):  # in order, or two wait for each other
                    connection.execute(_WAIT, {"kind": _OF_ONE, "lock": lock})
            yield connection

    @contextmanager
    def write_at_once(self) -> Iterator[Connection]:
        """On SQLite the same, if nobody else writes just now; otherwise it is busy, without any waiting."""
        with _changing(self._writer.execution_options(kail_waits=False)) as connection:
            yield connection

    @contextmanager
    def write_beside(self, locks: Sequence[int]) -> Iterator[tuple[int, Connection]]:
        """On PostgreSQL a transaction beside the one writer's, for what one of these locks alone is for.

        Yields the place of the first lock that nobody else has; where all are taken, it waits for the first.
        """
        with _changing(self._writer) as connection:
            given = [{"kind": _BESIDE, "lock": lock} for lock in locks]
            free = (place for place, one in enumerate(given) if connection.execute(_TRY, one).scalar_one())
            place = next(free, None)
            if place is None:
                connection.execute(_WAIT, given[0])
            yield place or 0, connection

    def create(self, *tables: Table) -> None:
        """On SQLite have a file with these tables alone, which no migration knows."""
        self._note_ahead()
        with self.write() as connection:
            METADATA.create_all(connection, tables)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """On SQLite wait for the other writers of this process in the order in which they came."""
        if not self.is_sqlite:
            yield
            return
        deadlines.check()
        with ExitStack() as stack:
            try:
                stack.enter_context(self._turns.turn(min(deadlines.left(), self._wait_seconds)))
            except TimeoutError:  # as if SQLite had waited in vain
                raise OperationalError("BEGIN IMMEDIATE", {}, sqlite3.OperationalError("database is locked")) from None
            yield

    def afterwards(self, work: Callable[[], object]) -> None:
        """Do what must not be done before all that was written is committed: here it is.

        No deadline cuts it, and where it fails nobody is told that nothing was changed: the worker tidies up later.
        """
        try:
            Context().run(work)
        except Exception as error:
            log.error("what is to be done after a commit was not: %s", type(error).__name__)

    def empty_log(self) -> bool:
        """On SQLite empty the file in which the last changes lie beside the database; return whether that could be done.

        What was taken out of the database stands there until it is written over. Who reads just now may need it still.
        """
        if not self.is_sqlite:
            return True
        with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("PRAGMA busy_timeout = 200")
            busy, _, _ = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()
        return not busy

    def migrate(self, revision: str = "head") -> None:
        """Bring the tables to a revision, all of them or none."""
        from alembic import command  # here, since a service without a record need not load it
        from alembic.config import Config

        if self.is_sqlite:
            self._note_ahead()
        with self._without_references(), self.write() as connection:
            config = Config()
            config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
            config.attributes["connection"] = connection
            move = command.upgrade if revision == "head" else command.downgrade
            move(config, revision)
            if self.is_sqlite and (broken := connection.exec_driver_sql("PRAGMA foreign_key_check").all()):
                raise RuntimeError(f"a migration left {len(broken)} references to nothing")

    @contextmanager
    def _without_references(self) -> Iterator[None]:
        """On SQLite let a table be made anew under others that refer to it. It must be said before a transaction begins."""

        def loosen(connection: Any, record: Any, proxy: Any) -> None:
            connection.execute("PRAGMA foreign_keys = OFF")

        def tighten(connection: Any, record: Any) -> None:
            connection.execute("PRAGMA foreign_keys = ON")

        if not self.is_sqlite:
            yield
            return
        event.listen(self.engine, "checkout", loosen)
        event.listen(self.engine, "checkin", tighten)
        try:
            yield
        finally:
            event.remove(self.engine, "checkout", loosen)
            event.remove(self.engine, "checkin", tighten)

    def _note_ahead(self) -> None:
        with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("PRAGMA journal_mode = WAL")  # stays with the file

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()


def hold_what_is_of_all(connection: Connection) -> None:
    """Have no other writer change what concerns everybody, to the end of the transaction.

    Whoever writes about one organisation and must do so too calls this after all else that they wait for.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(_WAIT, {"kind": _OF_ALL, "lock": 0})


def _number_of(organisation: str) -> int:
    """A lock's number; that two organisations may have the same only lets them wait for each other."""
    return zlib.crc32(organisation.encode()) - 2**31


def is_busy(error: OperationalError) -> bool:
    """Whether a writer gave up waiting for the one before it."""
    why = why_unavailable(error)
    return why is not None and why.code == "busy"


@contextmanager
def _changing(writer: Engine, *, is_beside: bool = False) -> Iterator[Connection]:
    with writer.connect() as connection:
        connection.begin()
        yield connection
        deadlines.check()  # whoever asked may be told by now that nothing was changed: so be it
        _commit(connection)
        if not is_beside:
            deadlines.committed()


def _commit(connection: Connection) -> None:
    try:
        connection.commit()
    except BaseException as error:
        connection.rollback()  # else it would go back to the others with its transaction open, and with the writer's lock
        if isinstance(error, DBAPIError) and error.connection_invalidated:
            # it broke while the server was at it: only a look can tell
            raise Unavailable("maybe_done") from error
        raise


def _engine(url: str, wait_seconds: int) -> Engine:
    address = make_url(url)
    # hide_parameters: an error of the database must not tell what was being written.
    options = {"pool_size": 20, "max_overflow": _MORE, "pool_timeout": _POOL_SECONDS, "hide_parameters": True}
    if address.get_backend_name() == "postgresql":
        engine = create_engine(address.set(drivername="postgresql+psycopg"), **options)
        event.listen(engine, "do_connect", _connect_in_time)
        event.listen(engine, "checkout", _taken(wait_seconds))
        event.listen(engine, "checkin", _given_back)
        return engine
    if address.database:
        os.close(os.open(address.database, os.O_CREAT | os.O_RDWR, 0o600))  # nobody else's eyes
    engine = create_engine(address, **options)
    event.listen(engine, "connect", _no_transactions_by_itself)
    event.listen(engine, "connect", _prepared(*(f"PRAGMA {pragma}" for pragma in _PRAGMAS)))
    event.listen(engine, "begin", _begun(wait_seconds))
    return engine


# -- SQLite ------------------------------------------------------------------------------------------------------------


def _no_transactions_by_itself(connection: Any, record: Any) -> None:
    connection.isolation_level = None  # transactions begin where we say, not where the driver guesses
    connection.set_progress_handler(deadlines.has_passed, _OPERATIONS)


def _prepared(*statements: str) -> Callable[[Any, Any], None]:
    def prepare(connection: Any, record: Any) -> None:
        for statement in statements:
            connection.execute(statement)
        connection.commit()

    return prepare


def _begun(wait_seconds: int) -> Callable[[Connection], None]:
    def begin(connection: Connection) -> None:
        deadlines.check()
        options, driver = connection.get_execution_options(), connection.connection.dbapi_connection
        assert driver is not None
        waits = _thousandths(wait_seconds) if options.get("kail_waits", True) else 0
        driver.execute(f"PRAGMA busy_timeout = {waits}")
        if options.get("kail_writes"):
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        elif options.get("isolation_level") != "AUTOCOMMIT" and not options.get("kail_single"):
            driver.execute("BEGIN")  # touches no file, so there is no error for SQLAlchemy to make its own

    return begin


# -- PostgreSQL --------------------------------------------------------------------------------------------------------

_WATCH: Final = Watch()
_LIMITS: Final = "SELECT set_config('lock_timeout', %s, false), set_config('statement_timeout', %s, false)"


def _connect_in_time(dialect: Dialect, record: Any, given: Any, options: dict[str, Any]) -> None:
    left = min(deadlines.left(), CONNECT_SECONDS)
    if left < _LEAST_TO_CONNECT:
        raise Unavailable("database_away")
    options["connect_timeout"] = int(left)


def _taken(wait_seconds: int) -> Callable[[Any, Any, Any], None]:
    def take(connection: Any, record: Any, proxy: Any) -> None:
        """See that a connection still lives, tell the server how long it may take, and have it watched."""
        deadlines.check()
        left = deadlines.left()
        if left < inf:
            record.info["watched"] = _WATCH.begin(connection.fileno(), time.monotonic() + left + _GRACE)
        limits = f"{_thousandths(wait_seconds)}ms", f"{_thousandths(0)}ms"
        try:
            connection.autocommit = True
            connection.execute(_LIMITS, limits)
            connection.autocommit = False
        except connection.OperationalError as error:
            _given_back(connection, record)
            raise InvalidatePoolError from error

    return take


def _given_back(connection: Any, record: Any) -> None:
    if watched := record.info.pop("watched", None):
        _WATCH.end(watched)


def _thousandths(at_most: int) -> int:
    """How long may be waited, in milliseconds: `at_most` seconds, or what is left of the deadline; 0 is no limit."""
    left = deadlines.left()
    if left == inf:
        return at_most * 1000
    return max(int(1000 * (min(left, at_most) if at_most else left)), 1)
