"""The key store: a key for each person, and the marks by which they are found. Erasing a person destroys both.

Persons' keys lie, wrapped by a master key of the key file, in a small database of their own: a file of the data folder or,
for several hosts, one on a server. They are not in the record, so that a copy of it, however old, tells nothing about a
person whose key is gone; nor who was there, since by what people are found lies here too (`marks.py`).

A person's key never leaves this module: what is sealed with it goes in and comes out, while a transaction holds it. Who may
hold it is for the gate to say (`participants/gate.py`). Keys of jobs, whose names have a colon, are handed out.
"""

from __future__ import annotations

import hmac
import secrets
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from weakref import WeakKeyDictionary

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    LargeBinary,
    String,
    Table,
    bindparam,
    delete,
    insert,
    inspect,
    select,
    text,
    update,
)

from api.record import marks
from api.record.crypto import seal, unseal, unseal_each
from api.record.database import Database
from api.record.key_file import FORMAT, KEY_BYTES, KeyProblem, Keys, open_keys, take_leftovers, write_keys
from api.record.marks import AT_ONCE, STORE, UNSETTLED, Marks
from api.record.unavailable import Unavailable

PERSON_KEYS: Final = Table(
    "person_keys",
    STORE,
    Column("person", String(80), primary_key=True),  # or the name of a job's key, with a colon
    Column("master", String(20), nullable=False),
    Column("wrapped", LargeBinary, nullable=False),
    Column("made", BigInteger),  # seconds since 1970
)
KEY_FILE: Final = Table(
    "key_file",
    STORE,
    Column("fingerprint", String(64), primary_key=True),
)
"""To which key file this store belongs; two, while one is being replaced by the other."""
_OF_PERSONS: Final = PERSON_KEYS.c.person.not_like("%:%")
_WRAPPED: Final = select(PERSON_KEYS.c.person, PERSON_KEYS.c.master, PERSON_KEYS.c.wrapped)
_ONE: Final = _WRAPPED.where(PERSON_KEYS.c.person == bindparam("person"))
_SOME: Final = _WRAPPED.where(PERSON_KEYS.c.person.in_(bindparam("persons", expanding=True)))
_ADD: Final = insert(PERSON_KEYS)
_IS_KNOWN: Final = select(KEY_FILE.c.fingerprint).where(KEY_FILE.c.fingerprint == bindparam("fingerprint"))


class Erased(Exception):
    """The person's key is destroyed: nothing can be read any more."""


def _of_a_job(name: str) -> str:
    if ":" not in name:
        raise ValueError("a person's key leaves the key store to nobody")
    return name


class Vault:
    """The store of persons' keys: one row a person, gone for good when it is destroyed. Safe to share between threads.

    `key_file` is read again where a master key is met that is not known yet: somebody changed it while this was running.

    Raises:
        KeyProblem: if the store belongs to another key file.
    """

    def __init__(self, keys: Keys, store: Database, key_file: Path | None = None) -> None:
        self.keys, self.store, self.key_file = keys, store, key_file
        self._held: WeakKeyDictionary[object, dict[str, bytes]] = WeakKeyDictionary()
        try:
            self._prepare()
        except BaseException:
            self.close()
            raise

    def _prepare(self) -> None:
        with self.store.read() as sql:
            is_ready = set(STORE.tables) <= set(inspect(sql).get_table_names())
            known = _fingerprints(sql) if is_ready else set()
        if not known:
            with self.store.write() as sql:
                if not is_ready:
                    _make_tables(sql)
                known = _fingerprints(sql)
                if not known:
                    known = {fingerprint(self.keys)}
                    sql.execute(insert(KEY_FILE), {"fingerprint": fingerprint(self.keys)})
        if (
            fingerprint(self.keys) not in known and self.key_file is not None
        ):  # it may have been replaced since it was read
            self.keys = open_keys(self.key_file)
            with self.store.read() as sql:
                known = _fingerprints(sql)
        if fingerprint(self.keys) not in known:
            raise KeyProblem("key_file_of_another", file=self.key_file.name if self.key_file else "")
        self._fingerprint = fingerprint(self.keys)

    def is_in_a_record(self) -> bool:
        """Whether the store's database is that of a record: one copy of it would hold both what is sealed and the keys."""
        with self.store.read() as sql:
            return bool(inspect(sql).has_table("participants"))

    def close(self) -> None:
        """Close the store; the next use opens it again."""
        self.store.close()

    # -- of people -------------------------------------------------------------------------------------------------------

    def make_each(self, persons: Sequence[str], found_by: Mapping[str, Marks] | None = None) -> None:
        """Make a key for each of several people, who wait for the disk once: before anything is sealed with it.

        `found_by`: their marks, entered with it.
        """
        self._make(persons, found_by or {})

    def enter(self, found_by: Mapping[str, Marks], *, new: bool = False) -> None:
        """Let people who have keys be found by these marks too; `new`: they have none yet."""
        with self.marking() as sql:
            marks.enter(sql, found_by, new=new)

    @contextmanager
    def finding(self) -> Iterator[Connection]:
        """Where marks are looked at, which were made with the keys that this was opened with.

        Raises:
            Unavailable: where the key for looking up was replaced since: what is made with the old one finds nobody.
        """
        with self.store.read() as sql:
            self._check(sql)
            yield sql

    @contextmanager
    def marking(self) -> Iterator[Connection]:
        """Where marks are changed, as `finding`."""
        with self.store.write() as sql:
            self._check(sql)
            yield sql

    def _check(self, sql: Connection) -> None:
        if sql.execute(_IS_KNOWN, {"fingerprint": self._fingerprint}).first() is None:
            raise Unavailable("keys_replaced")

    def hold(self, holder: object, persons: Sequence[str]) -> set[str]:
        """Hold the keys of those persons who still have one, as long as the holder lives; return who they are."""
        held = self._held.setdefault(holder, {})
        missing = [person for person in persons if person not in held]
        held.update(self._keys_of(missing))
        return {person for person in persons if person in held}

    def seal(self, holder: object, person: str, content: bytes, place: str) -> bytes:
        """Seal something with a key that is held."""
        return seal(self._held[holder][person], content, place)

    def digest(self, holder: object, person: str, what: bytes) -> bytes:
        """A keyed hash of something, under a key that is held."""
        return hmac.digest(self._held[holder][person], what, "sha256")

    def unseal_each(self, holder: object, person: str, sealed: Iterable[tuple[bytes, str]]) -> Iterator[bytes]:
        """Open things, each with its place, with a key that is held.

        Raises:
            Tampered: at the first that was changed, or sealed for another place or with another key.
        """
        return unseal_each(self._held[holder][person], sealed)

    # -- of jobs ---------------------------------------------------------------------------------------------------------

    def make(self, name: str) -> bytes:
        """Make a job's key and keep it before anything is sealed with it."""
        return self._make([_of_a_job(name)], {})[name]

    def key(self, name: str) -> bytes:
        """Return a job's key.

        Raises:
            Erased: if it was destroyed.
            KeyProblem: if the master key that wraps it is not in the key file.
        """
        found = self._keys_of([_of_a_job(name)])
        if name not in found:
            raise Erased(name)
        return found[name]

    def keys_of(self, names: Sequence[str]) -> dict[str, bytes]:
        """Return the keys of those jobs that still have one."""
        return self._keys_of([_of_a_job(name) for name in names])

    # -- of both ---------------------------------------------------------------------------------------------------------

    def _make(self, names: Sequence[str], found_by: Mapping[str, Marks]) -> dict[str, bytes]:
        keys = {name: secrets.token_bytes(KEY_BYTES) for name in names}
        with self.store.write() as sql:
            self._read_again()  # after the lock, which a rotation holds: no key is wrapped with a master on its way out
            number, made = self.keys.current, int(time.time())
            rows = [(name, self._wrap(name, number, key)) for name, key in keys.items()]
            sql.execute(
                _ADD, [{"person": name, "master": number, "wrapped": wrapped, "made": made} for name, wrapped in rows]
            )
            if found_by:
                self._check(sql)
                marks.enter(sql, found_by, new=True)
        return keys

    def _read_again(self) -> None:
        """Take over what is in the key file now; keep what left it, for who read a row before that."""
        if self.key_file is not None:
            now = open_keys(self.key_file)
            self.keys = replace(now, masters={**self.keys.masters, **now.masters})

    def _keys_of(self, names: Sequence[str]) -> dict[str, bytes]:
        if not names:
            return {}
        if len(names) == 1:
            rows = self.store.ask_once(_ONE, {"person": names[0]})
        else:
            with self.store.read() as sql:
                some = (names[start : start + AT_ONCE] for start in range(0, len(names), AT_ONCE))
                rows = [row for persons in some for row in sql.execute(_SOME, {"persons": persons})]
        return {person: self._unwrap(person, master, wrapped) for person, master, wrapped in rows}

    def _wrap(self, name: str, number: str, key: bytes) -> bytes:
        return seal(self.keys.masters[number], key, f"person_keys.wrapped:{name}:{number}")

    def _unwrap(self, name: str, number: str, wrapped: bytes) -> bytes:
        if number not in self.keys.masters:
            self._read_again()
        if number not in self.keys.masters:
            raise KeyProblem("master_key_missing", number=number)
        return unseal(self.keys.masters[number], wrapped, f"person_keys.wrapped:{name}:{number}")

    def destroy(self, persons: Sequence[str]) -> None:
        """Destroy keys: whatever was sealed with them is unreadable from now on, in every copy, and nobody finds them."""
        if persons:
            with self.store.write() as sql:
                for start in range(0, len(persons), AT_ONCE):
                    some = persons[start : start + AT_ONCE]
                    sql.execute(delete(PERSON_KEYS).where(PERSON_KEYS.c.person.in_(some)))
                marks.drop(sql, persons)

    def ages(self) -> dict[str, datetime]:
        """Since when each person has a key."""
        asked = select(PERSON_KEYS.c.person, PERSON_KEYS.c.made).where(_OF_PERSONS)
        with self.store.read() as sql:
            rows = sql.execute(asked.order_by(PERSON_KEYS.c.made, PERSON_KEYS.c.person)).all()
        return {person: datetime.fromtimestamp(made, UTC) for person, made in rows}

    def persons(self) -> list[str]:
        """Everybody who has a key."""
        with self.store.read() as sql:
            return list(sql.execute(select(PERSON_KEYS.c.person).order_by(PERSON_KEYS.c.person)).scalars())


def fingerprint(keys: Keys) -> str:
    """What tells whether two key files have the same keys for looking up and for chains, and nothing of them."""
    return keys.link(hmac.digest(keys.index, b"the key file", "sha256").hex(), b"the key file")


def _fingerprints(sql: Connection) -> set[str]:
    return set(sql.execute(select(KEY_FILE.c.fingerprint)).scalars())


def _make_tables(sql: Connection) -> None:
    """Make the tables that are not there. In a store from before marks, nobody is found until they are settled."""
    there = inspect(sql)
    tables = set(there.get_table_names())
    if "person_keys" in tables and "made" not in {column["name"] for column in there.get_columns("person_keys")}:
        sql.execute(text("ALTER TABLE person_keys ADD COLUMN made BIGINT"))
        sql.execute(update(PERSON_KEYS).values(made=int(time.time())))  # at the latest since now
    STORE.create_all(sql)
    if "person_keys" in tables and UNSETTLED.name not in tables:
        _unsettle_all(sql)


def upgrade(path: Path, store: Database) -> Keys:
    """Replace the key for looking up of a key file of format 1: with it every old copy of the record tells who was there.

    The old one is destroyed with the file that is replaced. Return the keys that count from now on.
    """
    keys = open_keys(path)
    if keys.format == FORMAT:
        return keys
    Vault(keys, store, path)  # the tables, and that it belongs to this store
    index = _announce(store, keys)
    with store.write() as sql:
        now = open_keys(path)
        if now.format != FORMAT:  # else another process was first
            _replace(sql, path, replace(now, format=FORMAT, index=index))
    return open_keys(path)


def _announce(store: Database, keys: Keys) -> bytes:
    """Make a new key for looking up. The store knows it before the file does: a stop in between locks nobody out."""
    index = secrets.token_bytes(KEY_BYTES)
    with store.write() as sql:
        sql.execute(insert(KEY_FILE), {"fingerprint": fingerprint(replace(keys, index=index))})
        _unsettle_all(sql)  # now too: a stop after the file was written comes before it is done there
    return index


def _unsettle_all(sql: Connection) -> None:
    marks.unsettle_all(sql, list(sql.execute(select(PERSON_KEYS.c.person).where(_OF_PERSONS)).scalars()))


def _replace(sql: Connection, path: Path, keys: Keys) -> None:
    """Put a key file in the place of the one before: marks are to be made with it, and no other file belongs here."""
    write_keys(path, keys)
    take_leftovers(path)
    _unsettle_all(sql)
    sql.execute(delete(KEY_FILE).where(KEY_FILE.c.fingerprint != fingerprint(keys)))


def rotate(path: Path, store: Database) -> tuple[str, int]:
    """Make a new master key, wrap every person's key with it, and make a new key for looking up.

    Return the number of the master key and how many were wrapped. The new keys are in the key file before anything that is
    wrapped with them is committed, and the old master leaves it only afterwards, so that a stop at any moment loses nothing:
    run it again. Whoever serves the record meanwhile reads on and finds nobody; everybody is settled at the next opening.

    Raises:
        KeyProblem: if the key file is not the store's, or lacks a master key: another host changed them.
    """
    done = None
    while done is None:  # else another rotation was faster
        vault = Vault(open_keys(path), store, path)
        done = _rotated(path, vault, _announce(store, vault.keys))
    number, _ = done
    with store.write() as sql:
        left = open_keys(path)
        if left.current == number:  # else another rotation began: its file is not ours to write
            used = set(sql.execute(select(PERSON_KEYS.c.master).distinct()).scalars())
            kept = {name: key for name, key in left.masters.items() if name == number or name in used}
            write_keys(path, replace(left, masters=kept))
            take_leftovers(path)
    return done


def _rotated(path: Path, vault: Vault, index: bytes) -> tuple[str, int] | None:
    """Put new keys into the file and wrap everything; nothing where the store knows that key for looking up no more."""
    with vault.store.write() as sql:  # held from before the first look: two rotations are one after the other
        old, known = open_keys(path), _fingerprints(sql)
        if not {fingerprint(old), fingerprint(replace(old, index=index))} <= known:
            return None
        number = str(max(int(name) for name in old.masters) + 1)
        masters = {**old.masters, number: secrets.token_bytes(KEY_BYTES)}
        fresh = replace(old, current=number, masters=masters, index=index, format=FORMAT)
        vault.keys = fresh
        again = [  # before anything is written: all of it can be opened with this file
            {"name": name, "number": number, "again": vault._wrap(name, number, vault._unwrap(name, master, wrapped))}
            for name, master, wrapped in sql.execute(_WRAPPED).all()
        ]
        _replace(sql, path, fresh)
        if again:
            change = update(PERSON_KEYS).where(PERSON_KEYS.c.person == bindparam("name"))
            sql.execute(change.values(master=bindparam("number"), wrapped=bindparam("again")), again)
    return number, len(again)
