"""The key store: a key for each person, and erasing a person destroys it.

The key file holds a master key (with its number, so that it can be changed), a key for looking up and one for chains.
Persons' keys lie, wrapped by the master key, in a small store of their own beside it. They are not in the database, so a
copy of the database, however old, tells nothing about a person whose key is gone.

A person's key never leaves this module: what is sealed with it goes in and comes out, while a transaction holds it. Who may
hold it is for the gate to say (`participants/gate.py`). Keys of jobs, whose names have a colon, are handed out.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import secrets
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from weakref import WeakKeyDictionary

from api.record import deadlines
from api.record.crypto import seal, unseal, unseal_each
from api.record.unavailable import Unavailable
from words.speaking import SaidError

FORMAT: Final = 1
"""Of the key file. 1: {format, current, masters: {number: key}, index, chain}, keys in base64."""
WAIT_SECONDS: Final = 30
"""How long the store is waited for without a deadline."""
_KEY: Final = 32
_NOW: Final = "CAST(strftime('%s', 'now') AS INTEGER)"


class KeyProblem(SaidError):
    """A key file that cannot be used, with the remedy."""


class Erased(Exception):
    """The person's key is destroyed: nothing can be read any more."""


@dataclass(frozen=True, repr=False)  # a key is never shown, not even in a trace
class Keys:
    """The keys of an installation. `current` is the number of the master key that wraps new persons' keys."""

    current: str
    masters: dict[str, bytes]
    index: bytes
    chain: bytes

    def blind(self, kind: str, value: str) -> str:
        """Return what equal values have in common and what tells nothing of them without the key file."""
        return hmac.new(self.index, f"{kind}:{value}".encode(), hashlib.sha256).hexdigest()

    def link(self, previous: str, content: bytes) -> str:
        """Return the hash of an entry that follows another one in a chain."""
        return hmac.new(self.chain, previous.encode() + b"\n" + content, hashlib.sha256).hexdigest()


def open_keys(path: Path) -> Keys:
    """Read the key file; make it where there is none.

    Raises:
        KeyProblem: if others may read it, or it is no key file of ours.
    """
    if not path.exists():
        first = {"1": secrets.token_bytes(_KEY)}
        _write(path, Keys("1", first, secrets.token_bytes(_KEY), secrets.token_bytes(_KEY)), new=True)
    if path.stat().st_mode & 0o077:
        raise KeyProblem("key_file_open", file=path.name)
    try:
        table = json.loads(path.read_text())
        if table["format"] != FORMAT:
            raise KeyProblem("key_file_format", file=path.name, found=str(table["format"]), format=FORMAT)
        masters = {str(int(number)): _read_key(key) for number, key in table["masters"].items()}
        keys = Keys(table["current"], masters, _read_key(table["index"]), _read_key(table["chain"]))
        keys.masters[keys.current]  # a number without a key is a KeyError
        return keys
    except (ValueError, KeyError, TypeError, AttributeError):
        raise KeyProblem("key_file_wrong", file=path.name) from None


def _read_key(written: str) -> bytes:
    key = base64.b64decode(written, validate=True)
    if len(key) != _KEY:
        raise ValueError("a key of another length")
    return key


def _write(path: Path, keys: Keys, *, new: bool = False) -> None:
    def text(key: bytes) -> str:
        return base64.b64encode(key).decode()

    table = {
        "format": FORMAT,
        "current": keys.current,
        "masters": {number: text(key) for number, key in keys.masters.items()},
        "index": text(keys.index),
        "chain": text(keys.chain),
    }
    beside = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
        json.dump(table, file, indent=2)
        file.flush()
        os.fsync(file.fileno())
    if new:
        with suppress(FileExistsError):  # whoever comes second finds it there and reads the first one's
            os.link(beside, path)
        beside.unlink()
    else:
        beside.replace(path)


def _of_a_job(name: str) -> str:
    if ":" not in name:
        raise ValueError("a person's key leaves the key store to nobody")
    return name


class Vault:
    """The store of persons' keys: one row a person, gone for good when it is destroyed. Safe to share between threads.

    `key_file` is read again where a master key is met that is not known yet: somebody changed it while this was running.
    """

    def __init__(self, keys: Keys, path: Path, key_file: Path | None = None) -> None:
        self.keys, self.path, self.key_file = keys, path, key_file
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        self._lock = threading.Lock()
        self._opened: sqlite3.Connection | None = None
        self._held: WeakKeyDictionary[object, dict[str, bytes]] = WeakKeyDictionary()
        try:
            with self._store() as store:
                columns = "person TEXT PRIMARY KEY, master TEXT NOT NULL, wrapped BLOB NOT NULL, made INTEGER"
                store.execute(f"CREATE TABLE IF NOT EXISTS person_keys ({columns})")
                if "made" not in {row[1] for row in store.execute("PRAGMA table_info(person_keys)")}:
                    self._add_ages(store)
        except BaseException:
            self.close()
            raise

    @staticmethod
    def _add_ages(store: sqlite3.Connection) -> None:
        """Let a store from before know since when there are its keys: at the latest since now."""
        with suppress(sqlite3.OperationalError):  # somebody else was first
            store.execute("ALTER TABLE person_keys ADD COLUMN made INTEGER")
        store.execute(f"UPDATE person_keys SET made = {_NOW} WHERE made IS NULL")

    def close(self) -> None:
        """Close the store; the next use opens it again."""
        with self._lock:
            if self._opened is not None:
                self._opened.close()
            self._opened = None

    @contextmanager
    def _store(self) -> Iterator[sqlite3.Connection]:
        if not self._lock.acquire(timeout=max(min(deadlines.left(), WAIT_SECONDS), 0)):
            raise Unavailable("busy")
        try:
            if self._opened is None:
                self._opened = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
                self._opened.execute("PRAGMA secure_delete = ON")  # a destroyed key leaves nothing in a free page
                self._opened.execute("PRAGMA synchronous = FULL")
            patience = max(int(1000 * min(deadlines.left(), WAIT_SECONDS)), 1)
            self._opened.execute(f"PRAGMA busy_timeout = {patience}")
            yield self._opened
        finally:
            self._lock.release()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._store() as store:
            store.execute("BEGIN IMMEDIATE")
            try:
                yield store
                store.execute("COMMIT")
            except BaseException:
                if self._opened is not None and self._opened.in_transaction:
                    self._opened.execute("ROLLBACK")
                raise

    # -- of people -------------------------------------------------------------------------------------------------------

    def make_each(self, persons: Sequence[str]) -> None:
        """Make a key for each of several people, who wait for the disk once: before anything is sealed with it."""
        self._make(persons)

    def hold(self, holder: object, persons: Sequence[str]) -> set[str]:
        """Hold the keys of those persons who still have one, as long as the holder lives; return who they are."""
        held = self._held.setdefault(holder, {})
        missing = [person for person in persons if person not in held]
        held.update(self._keys_of(missing))
        return {person for person in persons if person in held}

    def seal(self, holder: object, person: str, content: bytes, place: str) -> bytes:
        """Seal something with a key that is held."""
        return seal(self._held[holder][person], content, place)

    def unseal_each(self, holder: object, person: str, sealed: Iterable[tuple[bytes, str]]) -> Iterator[bytes]:
        """Open things, each with its place, with a key that is held.

        Raises:
            Tampered: at the first that was changed, or sealed for another place or with another key.
        """
        return unseal_each(self._held[holder][person], sealed)

    # -- of jobs ---------------------------------------------------------------------------------------------------------

    def make(self, name: str) -> bytes:
        """Make a job's key and keep it before anything is sealed with it."""
        return self._make([_of_a_job(name)])[name]

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

    def _make(self, names: Sequence[str]) -> dict[str, bytes]:
        keys = {name: secrets.token_bytes(_KEY) for name in names}
        with self._writing() as store:
            self._read_again()  # after the lock, which a rotation holds: no key is wrapped with a master on its way out
            number = self.keys.current
            master = self.keys.masters[number]
            rows = [
                (name, number, seal(master, key, f"person_keys.wrapped:{name}:{number}")) for name, key in keys.items()
            ]
            store.executemany(f"INSERT INTO person_keys VALUES (?, ?, ?, {_NOW})", rows)
        return keys

    def _read_again(self) -> None:
        """Take over what is in the key file now; keep what left it, for who read a row before that."""
        if self.key_file is not None:
            now = open_keys(self.key_file)
            self.keys = replace(now, masters={**self.keys.masters, **now.masters})

    def _keys_of(self, names: Sequence[str]) -> dict[str, bytes]:
        found: dict[str, bytes] = {}
        if not names:
            return found
        with self._store() as store:
            for start in range(0, len(names), 500):
                some = names[start : start + 500]
                marks = ",".join("?" * len(some))
                rows = store.execute(f"SELECT person, master, wrapped FROM person_keys WHERE person IN ({marks})", some)
                found.update({person: self._unwrap(person, master, wrapped) for person, master, wrapped in rows})
        return found

    def _unwrap(self, person: str, number: str, wrapped: bytes) -> bytes:
        if number not in self.keys.masters:
            self._read_again()
        if number not in self.keys.masters:
            raise KeyProblem("master_key_missing", number=number)
        return unseal(self.keys.masters[number], wrapped, f"person_keys.wrapped:{person}:{number}")

    def destroy(self, persons: list[str]) -> None:
        """Destroy keys: whatever was sealed with them is unreadable from now on, in every copy."""
        if persons:
            with self._writing() as store:
                store.executemany("DELETE FROM person_keys WHERE person = ?", [(person,) for person in persons])

    def ages(self) -> dict[str, datetime]:
        """Since when each person has a key."""
        with self._store() as store:
            rows = store.execute(
                "SELECT person, made FROM person_keys WHERE instr(person, ':') = 0 ORDER BY made, person"
            )
            return {person: datetime.fromtimestamp(made, UTC) for person, made in rows}

    def persons(self) -> list[str]:
        """Everybody who has a key."""
        with self._store() as store:
            return [person for (person,) in store.execute("SELECT person FROM person_keys ORDER BY person")]


def rotate(path: Path, vault_path: Path) -> tuple[str, int]:
    """Make a new master key and wrap every person's key with it; return its number and how many were wrapped.

    The new key is in the key file before anything is wrapped with it, and the old ones leave the file only afterwards,
    so that a stop at any moment loses nothing: run it again.
    """
    vault = Vault(open_keys(path), vault_path, path)
    try:
        with vault._writing() as store:  # held from before the first look: two rotations are one after the other
            old = open_keys(path)
            number = str(max(int(name) for name in old.masters) + 1)
            fresh = Keys(number, {**old.masters, number: secrets.token_bytes(_KEY)}, old.index, old.chain)
            _write(path, fresh)
            vault.keys = fresh
            rows = store.execute("SELECT person, master, wrapped FROM person_keys").fetchall()
            for person, master, wrapped in rows:
                place = f"person_keys.wrapped:{person}:{number}"
                again = seal(fresh.masters[number], vault._unwrap(person, master, wrapped), place)
                store.execute(
                    "UPDATE person_keys SET master = ?, wrapped = ? WHERE person = ?", (number, again, person)
                )
        with vault._writing() as store:
            left = open_keys(path)
            if left.current == number:  # else another rotation began: its file is not ours to write
                used = {master for (master,) in store.execute("SELECT DISTINCT master FROM person_keys")}
                kept = {name: key for name, key in left.masters.items() if name == number or name in used}
                _write(path, replace(left, masters=kept))
    finally:
        vault.close()
    return number, len(rows)
