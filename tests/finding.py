"""Finding people as somebody does, and a record that is opened again or put back to what it was."""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager

from sqlalchemy import select

from api.app import create_app
from api.participants import people, rights
from api.participants.gate import RECORD, may
from api.record import marks
from api.settings import Settings
from tests.installation import Clock, Installation

NIK = "3171014101800001"


def found(kail, search, login="operator", mentor=""):
    """The names of whom somebody finds."""
    with kail.record.write() as tx:
        return [one.identity["name"] for one in people.look_for(tx, kail.actors[login], search, mentor).people]


def correct(kail, person, **identity):
    with kail.record.write() as tx:
        version = may(tx, kail.actors["mentor"], person, RECORD).version
        people.change(tx, kail.actors["mentor"], person, version, identity)


def erase(kail, person):
    with kail.record.read() as tx:
        version = may(tx, kail.actors["mentor"], person, RECORD).version
    rights.erase(kail.record, kail.actors["mentor"], person, version)


def marked(kail):
    """How many marks there are of each kind, and how many people are unsettled."""
    with kail.record.vault.store.read() as sql:
        return [len(sql.execute(select(table)).all()) for table in (marks.OWN, marks.SHARED, marks.UNSETTLED)]


def copy_database(source, target):
    target.mkdir(exist_ok=True)
    for name in ("kail.sqlite", "kail.sqlite-wal", "kail.sqlite-shm"):
        (target / name).unlink(missing_ok=True)
    with (
        closing(sqlite3.connect(source / "kail.sqlite")) as one,
        closing(sqlite3.connect(target / "kail.sqlite")) as other,
    ):
        one.backup(other)


@contextmanager
def again(data, actors, url="", keys=""):
    """An installation in a folder where there is one, for those who are in it."""
    clock, settings = Clock(), Settings(data=data, database=url, keys=keys)
    app = create_app(settings, clock=clock)
    try:
        yield Installation(app, app.state.record, app.state.live, clock, settings, actors)
    finally:
        app.state.record.close()
