"""The key store: no interruption loses a key, and nothing brings a destroyed one back."""

from __future__ import annotations

import gc
import json
import multiprocessing
import os
import secrets
import sqlite3
import stat
import threading
from contextlib import closing
from datetime import UTC, datetime

import pytest
from sqlalchemy import event
from sqlalchemy.exc import IntegrityError

from api.record import database as database_module
from api.record import key_file
from api.record.crypto import Tampered
from api.record.database import Database
from api.record.key_file import KeyProblem, open_keys
from api.record.key_store import Erased, Vault, rotate


def opened(vault):
    """A key store in that file."""
    return Database(f"sqlite:///{vault}")


def rotated(path, vault):
    """What `rotate` returns."""
    with closing(opened(vault)) as database:
        return rotate(path, database)


@pytest.fixture
def store(tmp_path):
    """A key file, a vault and what twenty people's keys are."""
    path, vault = tmp_path / "kail.key", tmp_path / "persons.keys"
    keys = open_keys(path)
    with closing(Vault(keys, opened(vault), path)) as made:
        yield path, vault, made, {f"job:p{n}": made.make(f"job:p{n}") for n in range(20)}


def readable(path, vault, persons):
    """What a service that starts now reads of these people's keys."""
    with closing(Vault(open_keys(path), opened(vault), path)) as fresh:
        return fresh.keys_of(sorted(persons))


# -- the key file ------------------------------------------------------------------------------------------------------


def test_the_files_of_a_record_are_nobody_elses_to_read(small_kail):
    data = small_kail.settings.data
    there = {path.relative_to(data).as_posix(): path for path in (data, *data.rglob("*"))}
    assert {"kail.key", "kail.sqlite", "persons.keys", "looks/1.sqlite"} <= there.keys()
    modes = {name: stat.S_IMODE(path.stat().st_mode) for name, path in there.items()}
    assert modes == {name: 0o700 if path.is_dir() else 0o600 for name, path in there.items()}


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o601, 0o610, 0o777])
def test_a_key_file_open_to_others_is_refused_with_what_to_do(tmp_path, mode):
    path = tmp_path / "kail.key"
    before = open_keys(path)
    path.chmod(mode)
    with pytest.raises(KeyProblem, match=r"chmod 600 kail\.key"):
        open_keys(path)
    path.chmod(0o600)
    assert open_keys(path) == before


@pytest.mark.parametrize("content", ["", "{", "[]", "null", "7", "{}", '{"format": 1}', '{"format": 2}', "\x00" * 9])
def test_what_is_no_key_file_is_refused_and_left_alone(tmp_path, content):
    path = tmp_path / "kail.key"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(KeyProblem, match=r"Put the right one back|Upgrade Kail"):
        open_keys(path)
    assert path.read_text() == content


@pytest.mark.parametrize("part", ["masters", "index", "chain", "current"])
@pytest.mark.parametrize("worth", ["", "AAAA", "no base64!", None, 3, {}, {"1": "AAAA"}, "9"])
def test_a_key_file_with_a_wrong_part_is_refused(tmp_path, part, worth):
    path = tmp_path / "kail.key"
    open_keys(path)
    table = json.loads(path.read_text())
    table[part] = worth
    path.write_text(json.dumps(table))
    with pytest.raises(KeyProblem, match="Put the right one back"):
        open_keys(path)


def _open(path, ready, found):
    ready.wait()
    keys = open_keys(path)
    found.put((keys.current, keys.masters, keys.index, keys.chain))


def test_processes_that_make_the_key_file_at_once_agree(tmp_path):
    context = multiprocessing.get_context("spawn")
    ready, found = context.Event(), context.Queue()
    workers = [context.Process(target=_open, args=(tmp_path / "kail.key", ready, found)) for _ in range(3)]
    for worker in workers:
        worker.start()
    ready.set()
    keys = [found.get(timeout=60) for _ in workers]
    for worker in workers:
        worker.join()
    assert keys[0] == keys[1] == keys[2]
    assert [file.name for file in tmp_path.iterdir()] == ["kail.key"]
    found.close()
    found.join_thread()


def test_threads_that_make_the_key_file_at_once_agree(tmp_path):
    for attempt in range(20):
        found, start = [], threading.Barrier(8)

        def make(path=tmp_path / f"{attempt}.key", found=found, start=start):
            start.wait()
            found.append(open_keys(path))

        threads = [threading.Thread(target=make) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(found) == 8
        assert all(keys == found[0] for keys in found)
    assert len(list(tmp_path.iterdir())) == 20


# -- persons' keys -----------------------------------------------------------------------------------------------------


def test_a_destroyed_key_is_gone_and_so_is_every_byte_of_it(store):
    path, vault, made, people = store
    with sqlite3.connect(vault) as connection:
        wrapped = {person: bytes(w) for person, w in connection.execute("SELECT person, wrapped FROM person_keys")}
    connection.close()
    made.destroy(["job:p3", "job:p7", "nobody"])
    for person in ("job:p3", "job:p7"):
        with pytest.raises(Erased):
            made.key(person)
        assert wrapped[person] not in vault.read_bytes()
        assert wrapped[person][12:] not in vault.read_bytes()
    left = {person: key for person, key in people.items() if person not in ("job:p3", "job:p7")}
    assert readable(path, vault, people) == left
    assert wrapped["job:p4"] in vault.read_bytes()


def test_a_wrapped_key_moved_to_another_person_is_refused(store):
    _, vault, made, people = store
    connection = sqlite3.connect(vault)
    rows = dict(connection.execute("SELECT person, wrapped FROM person_keys"))
    for person in people:
        for other in people:
            if other != person:
                connection.execute("UPDATE person_keys SET wrapped = ? WHERE person = ?", (rows[other], person))
                connection.commit()
                with pytest.raises(Tampered):
                    made.key(person)
        connection.execute("UPDATE person_keys SET wrapped = ? WHERE person = ?", (rows[person], person))
        connection.commit()
        assert made.key(person) == people[person]
        if person == "job:p4":  # five times nineteen are enough
            break
    connection.close()


def test_a_key_is_made_once_for_a_person(store):
    *_, made, people = store
    with pytest.raises(IntegrityError):
        made.make("job:p0")
    assert made.key("job:p0") == people["job:p0"]


# -- rotation ----------------------------------------------------------------------------------------------------------


def test_a_rotation_leaves_one_new_master_and_every_key_as_it_was(store):
    path, vault, made, people = store
    before = open_keys(path)
    assert rotated(path, vault) == ("2", 20)
    after = open_keys(path)
    assert after.chain == before.chain
    assert after.index != before.index
    assert list(after.masters) == ["2"]
    assert after.masters["2"] not in before.masters.values()
    assert readable(path, vault, people) == people
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert sorted(file.name for file in path.parent.iterdir()) == ["kail.key", "persons.keys"]
    # a service that has been running all the time reads on, and what it adds can be read tomorrow
    assert made.keys_of(sorted(people)) == people
    people["job:new"] = made.make("job:new")
    assert readable(path, vault, people) == people


def test_a_key_file_from_before_a_rotation_reads_nothing_and_says_so(store):
    path, vault, _, people = store
    old = path.read_bytes()
    rotated(path, vault)
    path.write_bytes(old)
    with pytest.raises(KeyProblem, match="not the key file of this key store"):
        readable(path, vault, people)


class Stop(BaseException):
    """The machine stops here."""


def test_a_rotation_stopped_at_any_point_loses_nothing_and_can_be_run_again(store, monkeypatch):
    """At every file operation and every statement of a rotation: before it, and after it."""
    path, vault, made, people = store

    count = [0, 0]

    def step():
        count[0] += 1
        if count[0] == count[1]:
            raise Stop

    def counted(real):
        def call(*arguments, **named):
            step()
            found = real(*arguments, **named)
            step()
            return found

        return call

    def counted_statements(database):
        for when in ("before_cursor_execute", "after_cursor_execute"):
            event.listen(database.engine, when, lambda *_: step())
        return database

    stopped = 0
    for at in range(1, 1000):
        count[:] = [0, at]
        with monkeypatch.context() as patched:
            patched.setattr(database_module, "_commit", counted(database_module._commit))
            patched.setattr(key_file.os, "fsync", counted(os.fsync))
            patched.setattr(type(path), "replace", counted(type(path).replace))
            with closing(counted_statements(opened(vault))) as database:
                try:
                    rotate(path, database)
                except Stop:
                    stopped += 1
            gc.collect()  # a statement that was stopped holds its lock until it is gone, as a process that ends lets it go
        assert readable(path, vault, people) == people, f"stopped at {at}"
        assert made.keys_of(sorted(people)) == people, f"stopped at {at}, running service"
        if at % 10 == 0:  # whoever comes in between is not lost either
            people[f"job:in between {at}"] = made.make(f"job:in between {at}")
        if count[0] < at:
            break
    assert stopped > 20
    rotated(path, vault)
    assert len(open_keys(path).masters) == 1
    assert readable(path, vault, people) == people


def test_reading_and_adding_go_on_while_the_master_key_is_changed(store):
    path, vault, made, people = store
    wrong, is_over, stop = [], threading.Event(), threading.Event()

    def read():
        while not stop.is_set():
            try:
                if made.keys_of(sorted(some := dict(people))) != some:
                    wrong.append("another key")
            except Exception as error:
                wrong.append(repr(error))

    def add():
        number = 0
        while not is_over.is_set() or number < 20:
            number += 1
            people[f"job:new{number}"] = made.make(f"job:new{number}")

    threads = [threading.Thread(target=read) for _ in range(2)] + [threading.Thread(target=add)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(10):
            rotated(path, vault)
    finally:
        is_over.set()
        threads[-1].join()
        stop.set()
        for thread in threads:
            thread.join()
    assert wrong == []
    assert readable(path, vault, people) == people
    assert list(open_keys(path).masters) == ["11"]


def _rotate(path, vault):
    for _ in range(5):
        rotated(path, vault)


def test_two_rotations_at_once_are_one_after_the_other(store):
    path, vault, _, people = store
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_rotate, args=(path, vault)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0]
    assert readable(path, vault, people) == people
    assert list(open_keys(path).masters) == ["11"]


def test_what_is_looked_up_blind_tells_nothing_without_the_key_file(tmp_path):
    one, other = open_keys(tmp_path / "1.key"), open_keys(tmp_path / "2.key")
    nik = secrets.token_hex(8)
    assert one.blind("nik", nik) == one.blind("nik", nik)
    assert len({one.blind("nik", nik), one.blind("phone", nik), other.blind("nik", nik)}) == 3


# -- keys of nobody ----------------------------------------------------------------------------------------------------


def test_a_store_from_before_learns_since_when_there_are_its_keys(tmp_path):
    path, vault = tmp_path / "kail.key", tmp_path / "persons.keys"
    with closing(Vault(open_keys(path), opened(vault), path)) as made:
        made.make_each(["a", "b"])
        keys = made._keys_of(["a", "b"])
    with closing(sqlite3.connect(vault, isolation_level=None)) as store:
        store.execute("ALTER TABLE person_keys DROP COLUMN made")
        for table in ("own_marks", "shared_marks", "unsettled", "key_file"):
            store.execute(f"DROP TABLE {table}")
    before = datetime.now(UTC).replace(microsecond=0)
    with closing(Vault(open_keys(path), opened(vault), path)) as again:
        assert again._keys_of(["a", "b"]) == keys
        assert list(again.ages()) == ["a", "b"]
        assert all(before <= since <= datetime.now(UTC) for since in again.ages().values())
