"""Joined transactions: one for all that a request does, begun with the first write, whole or undone."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from api.record.database import Database
from api.record.joined import Joined

ADD = text("INSERT INTO tries (bucket, last, count) VALUES (:bucket, '2026-11-21 00:00:00', 0)")


@pytest.fixture
def database(tmp_path, url):
    made = Database(url or f"sqlite:///{tmp_path / 'kail.sqlite'}")
    made.migrate()
    yield made
    made.close()


def seen(database):
    with database.read() as sql:
        return [bucket for (bucket,) in sql.execute(text("SELECT bucket FROM tries ORDER BY bucket"))]


def add(joined, bucket):
    with joined.write() as sql:
        sql.execute(ADD, {"bucket": bucket})


def test_all_writes_are_one_transaction_that_its_own_reads_see(database):
    began, done = [], []
    joined = Joined(database, began.append)
    assert seen(joined) == []
    assert began == []
    add(joined, "a")
    add(joined, "b")
    joined.afterwards(lambda: done.append(seen(database)))
    assert joined.is_open
    assert (len(began), seen(joined), seen(database), done) == (1, ["a", "b"], [], [])
    joined.commit()
    assert not joined.is_open
    assert (seen(joined), seen(database), done) == (["a", "b"], ["a", "b"], [["a", "b"]])


def test_what_was_begun_about_some_organisations_is_not_written_on_about_others(database):
    joined = Joined(database, lambda connection: None)
    with joined.write("a", "b"), joined.write("b"):
        assert joined.organisations == ("a", "b")
    for others in [("c",), ("a", "c"), ()]:
        with pytest.raises(RuntimeError), joined.write(*others):
            pass
        with joined.write("a", "b"):  # all was undone
            pass
    joined.undo()
    with joined.write(), joined.write("c"):
        assert joined.organisations == ()
    joined.undo()


def test_an_error_undoes_everything_and_the_next_write_begins_anew(database):
    began, done = [], []
    joined = Joined(database, began.append)
    add(joined, "a")
    joined.afterwards(lambda: done.append("never"))
    with pytest.raises(IntegrityError):
        add(joined, "a")
    assert seen(joined) == []
    add(joined, "c")
    joined.commit()
    assert (seen(database), len(began), done) == (["c"], 2, [])
    add(joined, "d")
    joined.undo()
    joined.undo()
    assert seen(database) == ["c"]
    with database.write() as sql:  # nothing holds the writer's lock
        sql.execute(ADD, {"bucket": "e"})


def test_what_is_looked_at_first_can_refuse_the_write(database):
    def refuse(_):
        raise LookupError

    joined = Joined(database, refuse)
    with pytest.raises(LookupError):
        add(joined, "a")
    assert not joined.is_open
    with database.write() as sql:
        sql.execute(ADD, {"bucket": "b"})
    assert seen(database) == ["b"]
