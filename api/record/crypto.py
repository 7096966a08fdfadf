"""Sealing: what is personal is encrypted under a key of that person, and bound to the place where it is stored."""

from __future__ import annotations

import secrets
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE: Final = 12
_COMPRESSED: Final = b"x"  # the first byte that zlib writes, and none of JSON


class Tampered(Exception):
    """Sealed data that was changed or does not belong to this row and column."""


def seal(key: bytes, content: bytes, place: str) -> bytes:
    """Encrypt with AES-256-GCM, bound to a place ("table.column:row"): moved elsewhere it cannot be read."""
    nonce = secrets.token_bytes(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, content, place.encode())


def unseal(key: bytes, sealed: bytes, place: str) -> bytes:
    """Decrypt what was sealed for this place.

    Raises:
        Tampered: if it was changed, or sealed for another place or with another key.
    """
    return next(unseal_each(key, [(sealed, place)]))


def unseal_each(key: bytes, sealed: Iterable[tuple[bytes, str]]) -> Iterator[bytes]:
    """Decrypt many things that were sealed with one key, each with the place it was sealed for.

    Raises:
        Tampered: at the first that was changed, or sealed for another place or with another key.
    """
    decrypt = AESGCM(key).decrypt
    for content, place in sealed:
        try:
            yield decrypt(content[:_NONCE], content[_NONCE:], place.encode())
        except (InvalidTag, ValueError):  # ValueError: cut off within its first bytes
            raise Tampered(f"{place} cannot be read: it was changed or belongs elsewhere") from None


def seal_json(key: bytes, value: Any, place: str) -> bytes:
    """Seal any value that JSON can write."""
    return seal(key, msgspec.json.encode(value), place)


def unseal_json(key: bytes, sealed: bytes, place: str) -> Any:
    """Read what `seal_json` wrote."""
    return read_json(unseal(key, sealed, place))


def read_json(content: bytes, decode: Callable[[bytes], Any] = msgspec.json.decode) -> Any:
    """Read an unsealed text of JSON, compressed or not."""
    return decode(zlib.decompress(content) if content[:1] == _COMPRESSED else content)
