"""The key file: master keys by number, a key for looking up people and one for chains. The first two can be made anew."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from words.speaking import SaidError

FORMAT: Final = 2
"""Of the key file: {format, current, masters: {number: key}, index, chain}, keys in base64.

1 had the same parts, but hashes under its key for looking up lay in the database: who has that key and an old copy can tell
who was there. So the key of such a file is replaced when the record is opened (`key_store.upgrade`).
"""
KEY_BYTES: Final = 32


class KeyProblem(SaidError):
    """A key file that cannot be used, with the remedy."""


@dataclass(frozen=True, repr=False)  # a key is never shown, not even in a trace
class Keys:
    """The keys of an installation. `current` is the number of the master key that wraps new persons' keys.

    `index`: by which people are found (`participants/lookups.py`). `chain`: for entries that follow one another.
    """

    current: str
    masters: dict[str, bytes]
    index: bytes
    chain: bytes
    format: int = field(default=FORMAT, compare=False)

    def blind(self, kind: str, value: str) -> str:
        """Return what equal values have in common and what tells nothing of them without the key file.

        The key for chains, from which it is made, stays: what is about people has marks, which go with them.
        """
        return self.link("blind", f"{kind}:{value}".encode())

    def link(self, previous: str, content: bytes) -> str:
        """Return the hash of an entry that follows another one in a chain."""
        return hmac.new(self.chain, previous.encode() + b"\n" + content, hashlib.sha256).hexdigest()


def open_keys(path: Path) -> Keys:
    """Read the key file; make it where there is none.

    Raises:
        KeyProblem: if others may read it, or it is no key file of ours.
    """
    if not path.exists():
        first = {"1": secrets.token_bytes(KEY_BYTES)}
        write_keys(path, Keys("1", first, secrets.token_bytes(KEY_BYTES), secrets.token_bytes(KEY_BYTES)), new=True)
    if path.stat().st_mode & 0o077:
        raise KeyProblem("key_file_open", file=path.name)
    try:
        table = json.loads(path.read_text())
        if table["format"] not in (1, FORMAT):
            raise KeyProblem("key_file_format", file=path.name, found=str(table["format"]), format=FORMAT)
        masters = {str(int(number)): _read_key(key) for number, key in table["masters"].items()}
        others = _read_key(table["index"]), _read_key(table["chain"])
        keys = Keys(table["current"], masters, *others, table["format"])
        keys.masters[keys.current]  # a number without a key is a KeyError
        return keys
    except (ValueError, KeyError, TypeError, AttributeError):
        raise KeyProblem("key_file_wrong", file=path.name) from None


def _read_key(written: str) -> bytes:
    key = base64.b64decode(written, validate=True)
    if len(key) != KEY_BYTES:
        raise ValueError("a key of another length")
    return key


def write_keys(path: Path, keys: Keys, *, new: bool = False) -> None:
    """Put a key file in the place of the one that is there: the one or the other, whatever happens meanwhile.

    `new`: only where there is none.
    """

    def text(key: bytes) -> str:
        return base64.b64encode(key).decode()

    table = {
        "format": keys.format,
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
        with suppress(FileExistsError, FileNotFoundError):  # whoever comes second reads the first one's
            os.link(beside, path)
        beside.unlink(missing_ok=True)
    else:
        beside.replace(path)
    _make_sure(path.parent)


def take_leftovers(path: Path) -> None:
    """Take away what a stop while the file was written left beside it: keys that may be gone from the file by now."""
    for left in path.parent.glob(f"{path.name}.????????"):
        left.unlink(missing_ok=True)


def _make_sure(folder: Path) -> None:
    """Wait until the names in a folder are on the disk: what is sealed from now on opens with no older file."""
    if os.name == "nt":  # no folder can be opened there
        return
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
