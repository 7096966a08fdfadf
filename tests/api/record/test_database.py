"""The database: migrations that go up and down on both kinds, and transactions that lose nothing."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import event, inspect, text
from sqlalchemy.exc import OperationalError

from api.record.database import Database, is_busy
from tests.every_table import METADATA


@pytest.fixture
def database(tmp_path, url):
    made = Database(url or f"sqlite:///{tmp_path / 'kail.sqlite'}")
    yield made
    made.close()


def test_migrations_go_up_and_down_and_up_again_and_equal_the_tables(database):
    for _ in range(2):
        database.migrate()
        with database.read() as connection:
            assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
        database.migrate("base")
        assert set(inspect(database.engine).get_table_names()) <= {"alembic_version"}


def _count_up(url: str, times: int) -> None:
    database = Database(url)
    for _ in range(times):
        with database.write() as connection:
            count = connection.execute(text("SELECT count FROM tries WHERE bucket = 'x'")).scalar_one()
            connection.execute(text("UPDATE tries SET count = :count WHERE bucket = 'x'"), {"count": count + 1})
    database.close()


def test_two_processes_that_read_and_then_write_lose_no_update(database, tmp_path, url):
    database.migrate()
    with database.write() as connection:
        connection.execute(text("INSERT INTO tries (bucket, last, count) VALUES ('x', '2026-11-21 00:00:00', 0)"))
    address = url or f"sqlite:///{tmp_path / 'kail.sqlite'}"
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_count_up, args=(address, 100)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0]
    with database.read() as connection:
        assert connection.execute(text("SELECT count FROM tries")).scalar_one() == 200


def test_a_writer_that_waits_too_long_gives_up_and_leaves_the_one_before_it_alone(database, tmp_path, url):
    database.migrate()
    impatient = Database(url or f"sqlite:///{tmp_path / 'kail.sqlite'}", wait_seconds=1)
    try:
        with database.write() as first:
            first.execute(text("INSERT INTO tries (bucket, last, count) VALUES ('x', '2026-11-21 00:00:00', 0)"))
            with pytest.raises(OperationalError) as told, impatient.write() as second:
                second.execute(text("DELETE FROM tries"))
            assert is_busy(told.value)
            with impatient.read() as reader:  # who reads waits for nobody
                assert reader.execute(text("SELECT count(*) FROM tries")).scalar_one() == 0
        with impatient.write() as second:
            assert second.execute(text("SELECT count(*) FROM tries")).scalar_one() == 1
    finally:
        impatient.close()


SET_UP = "INSERT INTO tries (bucket, last, count) VALUES (:bucket, '2026-11-21 00:00:00', 0)"


def busy(database, *organisations):
    """Whether a writer about these organisations has to wait for another one."""
    try:
        with database.write(*organisations):
            return False
    except OperationalError as error:
        assert is_busy(error)
        return True


def test_on_postgresql_who_writes_about_other_organisations_need_not_wait(database, tmp_path, url):
    impatient = Database(url or f"sqlite:///{tmp_path / 'kail.sqlite'}", wait_seconds=1)
    try:
        with database.write("one", "two"):
            assert busy(impatient, "three") is database.is_sqlite
            assert busy(impatient, "two")
            assert busy(impatient, "three", "one")
            assert busy(impatient)
        with database.write():
            assert busy(impatient, "one")
        assert not busy(impatient, "one")
    finally:
        impatient.close()


def test_writers_about_two_organisations_each_lose_no_update_and_never_wait_crosswise(database):
    database.migrate()
    pairs, times = [("a", "b"), ("b", "c"), ("c", "a")], 40
    with database.write() as connection:
        for one in "abc":
            connection.execute(text(SET_UP), {"bucket": one})

    def count_up(pair):
        for number in range(times):
            with database.write(*(pair if number % 2 else reversed(pair))) as connection:
                for one in pair:
                    asked = text("SELECT count FROM tries WHERE bucket = :one")
                    count = connection.execute(asked, {"one": one}).scalar_one()
                    set_to = text("UPDATE tries SET count = :count WHERE bucket = :one")
                    connection.execute(set_to, {"one": one, "count": count + 1})

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(count_up, pairs * 2))
    with database.read() as connection:
        counts = connection.execute(text("SELECT count FROM tries")).scalars().all()
    assert counts == [4 * times] * 3


class Fault(Exception):
    """What a test throws at a statement."""


@contextmanager
def fault_at(database, number):
    """Let the statement of that number fail (None: none does); yield how many there were, as a list of one."""
    seen = [0]

    def count(*_):
        seen[0] += 1
        if seen[0] == number:
            raise Fault

    event.listen(database.engine, "before_cursor_execute", count)
    try:
        yield seen
    finally:
        event.remove(database.engine, "before_cursor_execute", count)


def tables(database):
    return set(inspect(database.engine).get_table_names())


@pytest.mark.parametrize("way", ["head", "base"])
def test_a_migration_that_fails_at_any_statement_leaves_the_tables_as_they_were(database, way):
    back = "base" if way == "head" else "head"
    for step in ("head", "base", back):  # from here on there and back again takes the same statements
        database.migrate(step)
    with fault_at(database, None) as seen:
        database.migrate(way)
    database.migrate(back)
    before = tables(database)
    for number in range(1, seen[0] + 1):
        with fault_at(database, number), pytest.raises(Fault):
            database.migrate(way)
        assert tables(database) == before
    database.migrate(way)
    assert tables(database) != before
