"""Passwords: hashed with Argon2id (RFC 9106's second choice: 64 MiB, three passes), one at a time in a process.

Forty at once took 2.4 GB in a trial; one at a time takes 64 MiB, and whoever waits loses a tenth of a second.
"""

from __future__ import annotations

import secrets
import threading
from functools import lru_cache
from typing import Final, NamedTuple

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

SHORTEST: Final = 12
"""Our choice, above the eight that NIST SP 800-63B asks at least."""
LONGEST: Final = 200

_HASHER: Final = PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=1)
_ONE_AT_A_TIME: Final = threading.Semaphore(1)
_EASY: Final = (
    "0123456789",
    "1234567890",
    "abcdefghij",
    "qwertyuiop",
    "password",
    "rahasia",
    "bismillah",
    "sayang",
    "indonesia",
)


class Password(NamedTuple):
    """A password with its hash. Hashing takes a tenth of a second, so it is made before a transaction begins."""

    plain: str
    hash: str


def hash_password(plain: str) -> Password:
    """Return a password with its hash."""
    with _ONE_AT_A_TIME:
        return Password(plain, _HASHER.hash(plain))


@lru_cache(maxsize=1)
def _nobody() -> str:
    return _HASHER.hash(secrets.token_hex(16))


def verify(stored: str | None, password: str) -> bool:
    """Whether a password has that hash. Without one (nobody of that name) it takes as long and says no."""
    with _ONE_AT_A_TIME:
        try:
            return _HASHER.verify(stored or _nobody(), password[:LONGEST]) and stored is not None
        except (VerifyMismatchError, InvalidHashError):
            return False


def needs_new_hash(stored: str) -> bool:
    """Whether a hash was made with weaker settings than today's."""
    return _HASHER.check_needs_rehash(stored)


def new_password() -> Password:
    """A password to be told once: 75 random bits in letters that are not mistaken for each other."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return hash_password("-".join("".join(secrets.choice(letters) for _ in range(5)) for _ in range(3)))


def too_easy(password: str, login: str) -> bool:
    """Whether a long password is nothing but a common word, the login, or few different letters."""
    plain = password.lower()
    rest = plain.replace(login.lower(), "") if login else plain
    for word in _EASY:
        rest = rest.replace(word, "")
    return len(set(plain)) < 5 or len(rest) < 4
