"""Unavailable: what could not be done for now, and is nobody's mistake; asked again later, it may be done. Codes, no words.

busy: others were first. too_late: it would have taken too long. database_away: the database does not answer. disk_full:
there is no room. keys_replaced: the key file is another one now. In all of these nothing was changed. maybe_done: the answer
was lost while it was being made permanent.
"""

from __future__ import annotations

import errno
import sqlite3
from typing import Final

from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection

from matcher.message import Message

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
_OF_SQLITE: Final = {
    "locked": "busy",
    "interrupted": "too_late",
    "disk is full": "disk_full",
    "disk I/O error": "database_away",
    "unable to open database file": "database_away",
}
"""What stands in the message of an error; its name does not come through every pipe."""
_OF_POSTGRESQL: Final = {
    "55P03": "busy",  # lock_not_available
    "40P01": "busy",  # deadlock_detected
    "57014": "too_late",  # query_canceled, by its statement_timeout
    "53100": "disk_full",
}


class Unavailable(Exception):
    """Something that was not done, for now. `code` says why."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)

    @property
    def message(self) -> Message:
        """What there is to say."""
        return Message(self.code, {})


def why_unavailable(error: BaseException) -> Unavailable | None:
    """What an error of the database or of the disk means to whoever asked; None if it is a mistake of ours."""
    if isinstance(error, Unavailable):
        return error
    if isinstance(error, NoConnection):
        return Unavailable("busy")
    if isinstance(error, OSError):
        return Unavailable("disk_full") if error.errno in _FULL else None
    if isinstance(error, sqlite3.Error):
        return _of_sqlite(error)
    if not isinstance(error, DBAPIError):
        return None
    if isinstance(error.orig, sqlite3.Error):
        return _of_sqlite(error.orig)
    return _of_postgresql(error)


def _of_sqlite(error: sqlite3.Error) -> Unavailable | None:
    return next((Unavailable(code) for part, code in _OF_SQLITE.items() if part in str(error)), None)


def _of_postgresql(error: DBAPIError) -> Unavailable | None:
    state = getattr(error.orig, "sqlstate", None)
    if state in _OF_POSTGRESQL:
        return Unavailable(_OF_POSTGRESQL[state])
    if error.connection_invalidated or (isinstance(error, OperationalError) and hasattr(error.orig, "sqlstate")):
        return Unavailable("database_away")  # it shuts down, starts, has no room for one more, or is not there
    return None
