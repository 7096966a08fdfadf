"""A whole installation for a test: two organisations, an account for each role, a database of either kind.

PostgreSQL is started once for a test process, on a socket in a folder of its own; each test has a database of its own.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from sqlalchemy import create_engine, insert, text

from api.accounts.cookies import COOKIE
from api.accounts.passwords import hash_password
from api.accounts.sessions import open_session
from api.accounts.tables import ACCOUNTS, ORGANISATIONS
from api.app import create_app
from api.record.actor import Actor
from api.record.database import Database
from api.record.live import Live
from api.record.marks import STORE
from api.record.transaction import Record, new_id
from api.settings import Settings

PASSWORD = "kuda-hijau-tujuh-belas"
ROLES = ("mentor", "lender", "analyst", "operator")
MORNING = datetime(2026, 11, 21, 2, tzinfo=UTC)
A_TRADER: dict[str, Any] = {
    "registered": True,
    "ktp_dki": True,
    "came_for": "capital",
    "wants_business": True,
    "business_running": True,
    "business_age_months": 24,
    "nib": False,
    "sku": False,
    "monthly_profit": 3_000_000,
    "monthly_instalments": 0,
    "household_need": 1_500_000,
    "cash_at_hand": 200_000,
    "wants_capital": True,
    "amount_asked": 5_000_000,
    "arrears_idr": 0,
}


@dataclass
class Clock:
    """A clock that stands until a test moves it."""

    now: datetime = MORNING

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **passed: float) -> None:
        self.now += timedelta(**passed)


@dataclass(repr=False)
class Installation:
    """Kail with a record. Logins: mentor, lender, analyst, operator of "Koja"; mentor2 beside; other_* of "Bogor"."""

    app: Litestar
    record: Record
    live: Live
    clock: Clock
    settings: Settings
    actors: dict[str, Actor] = field(default_factory=dict)

    def client(self, login: str | None = None) -> TestClient[Any]:
        """A browser, signed in as somebody (with a true session) or as nobody. Use it in a `with`."""
        client = TestClient(self.app)
        if login:
            with self.record.write() as tx:
                client.cookies.set(COOKIE, open_session(tx, self.actors[login].account_id))
        return client

    def headers(self, login: str) -> dict[str, str]:
        """The headers of somebody signed in (with a new session), for one client that asks as several people."""
        with self.record.write() as tx:
            return {"cookie": f"{COOKIE}={open_session(tx, self.actors[login].account_id)}"}

    def participant(self, login: str = "mentor", **more: Any) -> str:
        """Register a participant of that mentor, by default with consent to be kept and recommended for."""
        from api.consents.service import Agreement
        from api.participants.people import register

        identity = {"name": "Bu Ani", **{k: more[k] for k in ("name", "nik", "phone") if k in more}}
        agreed = Agreement(
            more.get("consents", ("record", "recommendation")), "paper", self.clock.now.date(), "2026-11"
        )
        with self.record.write() as tx:
            return register(tx, self.actors[login], identity, agreed, more.get("own_id", "")).id

    def evidence(self, person: str, login: str = "mentor", **signals: Any) -> None:
        """Record facts about a participant; without any, those of a trader."""
        from api.participants import evidence
        from api.participants.gate import RECORD, may

        with self.record.write() as tx:
            who = may(tx, self.actors[login], person, RECORD)
            evidence.add(tx, self.actors[login], who, self.live.rules, signals or A_TRADER, "en")


@contextmanager
def installation(folder: Path, url: str = "", **more: Any) -> Iterator[Installation]:
    """Make an installation in a folder, on an SQLite file in it or on the database of that address; `more`: settings."""
    clock = Clock()
    if not url and not (folder / "kail.sqlite").exists():  # tables made once a process; what makes them is tested apart
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / "kail.sqlite").touch(0o600)
        (folder / "kail.sqlite").write_bytes(_empty())
        if not more.get("keys"):
            (folder / "persons.keys").touch(0o600)
            (folder / "persons.keys").write_bytes(_empty_key_store())
    settings = Settings(data=folder, database=url, **more)
    app = create_app(settings, clock=clock)
    record: Record = app.state.record
    made = Installation(app, record, app.state.live, clock, settings)
    with record.write() as tx:
        for prefix, name in (("", "Koja"), ("other_", "Bogor")):
            organisation = new_id()
            tx.run(insert(ORGANISATIONS).values(id=organisation, name=name, created_at=tx.now))
            for login in (*ROLES, *(() if prefix else ("mentor2",))):
                made.actors[prefix + login] = an_account(tx, organisation, prefix + login, login.rstrip("2"))
    try:
        yield made
    finally:
        record.close()


def an_account(tx: Any, organisation: str, login: str, role: str) -> Actor:
    """Add an account with the password of all tests; return who it is."""
    account = new_id()
    values = {"id": account, "organisation_id": organisation, "login": login, "name": login.title(), "role": role}
    tx.run(insert(ACCOUNTS).values(**values, password_hash=_hash(), active=True, version=1, created_at=tx.now))
    return Actor(account, organisation, role, login.title())


@cache
def _empty() -> bytes:
    """An SQLite file with all tables and nobody in it."""
    with tempfile.TemporaryDirectory() as name:
        database = Database(f"sqlite:///{name}/kail.sqlite")
        database.migrate()
        database.close()
        return Path(name, "kail.sqlite").read_bytes()


@cache
def _empty_key_store() -> bytes:
    """An SQLite file with the tables of a key store that belongs to no key file yet."""
    with tempfile.TemporaryDirectory() as name:
        database = Database(f"sqlite:///{name}/persons.keys")
        with database.write() as sql:
            STORE.create_all(sql)
        database.close()
        return Path(name, "persons.keys").read_bytes()


@cache
def _hash() -> str:
    """A true hash of PASSWORD, made once: hashing is slow on purpose."""
    return hash_password(PASSWORD).hash


# -- PostgreSQL --------------------------------------------------------------------------------------------------------


def missing() -> str:
    """Why PostgreSQL cannot be started here; "" if it can."""
    if _program("initdb") is None:
        return "PostgreSQL (initdb, pg_ctl) is not installed"
    if os.geteuid() == 0 and _runuser() is None:
        return "PostgreSQL does not run for root, and there is no runuser"
    return ""


def _runuser() -> str | None:
    """Where runuser is: root's own programs are not on everybody's path."""
    return shutil.which("runuser") or shutil.which("runuser", path="/usr/sbin:/sbin")


def _program(name: str) -> str | None:
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(found[-1]) if found else shutil.which(name)


@contextmanager
def postgresql() -> Iterator[str]:
    """Start a server; yield the address of its databases, with {} for the name. It is stopped and removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix="kail-pg-"))
    as_owner = [_runuser(), "-u", "postgres", "--"] if os.geteuid() == 0 else []
    if as_owner:
        shutil.chown(folder, "postgres")
    data, log = folder / "data", folder / "log"
    run = {"check": True, "stdout": subprocess.DEVNULL, "cwd": folder}
    subprocess.run([*as_owner, _program("initdb"), "-D", data, "-U", "kail", "-A", "trust", "-E", "UTF8"], **run)  # noqa: PLW1510 - `run` says check
    # Nothing here outlives the test, so it need not wait for the disk; what is promised of a disk is tested on SQLite.
    options = f"-c listen_addresses='' -c unix_socket_directories='{folder}' -c fsync=off -c max_connections=200"
    subprocess.run([*as_owner, _program("pg_ctl"), "-D", data, "-l", log, "-o", options, "-w", "start"], **run)  # noqa: PLW1510 - `run` says check
    try:
        yield f"postgresql:///{{}}?host={folder}&user=kail"
    finally:
        subprocess.run([*as_owner, _program("pg_ctl"), "-D", data, "-m", "immediate", "-w", "stop"], **run)  # noqa: PLW1510 - `run` says check
        shutil.rmtree(folder)


@contextmanager
def a_database(address: str) -> Iterator[str]:
    """Make an empty database; yield its address. It is dropped at the end."""
    name = f"kail_{new_id()}"
    engine = create_engine(
        address.format("postgres").replace("postgresql:", "postgresql+psycopg:"), isolation_level="AUTOCOMMIT"
    )
    try:
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        yield address.format(name)
        with engine.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    finally:
        engine.dispose()


def skip_or_fail(reason: str) -> None:
    """Skip with the reason; where CI is set, fail, since there everything must be installed."""
    if os.environ.get("CI"):
        pytest.fail(f"{reason}, and CI=true lets nothing be skipped")
    pytest.skip(reason)
