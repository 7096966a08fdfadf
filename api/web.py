"""What the endpoints of the record share: reading who asks, answering JSON that no cache keeps."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, Final, ParamSpec, TypeVar

import msgspec
from anyio import CapacityLimiter, to_thread
from anyio.lowlevel import RunVar
from litestar import Request, Response
from litestar.datastructures import Cookie

from api.access import BROWSER, COOKIE, cookie_name
from api.accounts.actor import ABSOLUTE, Actor
from api.accounts.limits import KNOWN_FOR
from api.record import Record

P = ParamSpec("P")
T = TypeVar("T")
Asking = Request[Any, Any, Any]
_PASSWORD_THREADS: Final = 4
_HASHING: Final[RunVar[CapacityLimiter]] = RunVar("kail_hashing")
NO_STORE: Final = {"cache-control": "no-store"}


def in_thread(work: Callable[P, T]) -> Callable[P, Awaitable[T]]:
    """Do a handler's work in a thread, since it waits for the database.

    The framework's own `sync_to_thread` wraps a handler anew for every further method of its path (Litestar 2.25), and
    then answers with a coroutine that nobody awaited.
    """

    @functools.wraps(work)
    async def handler(*args: P.args, **kwargs: P.kwargs) -> T:
        return await to_thread.run_sync(functools.partial(work, *args, **kwargs))

    return handler


def in_turn(work: Callable[P, T]) -> Callable[P, Awaitable[T]]:
    """Do work that hashes a password in one of a few threads of its own: who signs in keeps only such waiting.

    Passwords are looked at one after another; forty at once would hold every thread there is.
    """

    @functools.wraps(work)
    async def handler(*args: P.args, **kwargs: P.kwargs) -> T:
        limiter = _HASHING.get(None)
        if limiter is None:
            _HASHING.set(limiter := CapacityLimiter(_PASSWORD_THREADS))
        return await to_thread.run_sync(functools.partial(work, *args, **kwargs), limiter=limiter)

    return handler


def actor_of(request: Asking) -> Actor:
    """Who asks, as `access.admit` found out."""
    actor: Actor = request.state.actor
    return actor


def record_of(request: Asking) -> Record:
    """The record of this service."""
    record: Record = request.app.state.record
    return record


def answer_json(value: Any, status: int = 200) -> Response[bytes]:
    """Answer with JSON."""
    return Response(
        msgspec.json.encode(value), status_code=status, media_type="application/json", headers=dict(NO_STORE)
    )


def session_cookie(secret: str, *, https: bool) -> Cookie:
    """The cookie of a session; "" ends it."""
    return _cookie(COOKIE, secret, ABSOLUTE if secret else timedelta(), https=https)


def browser_cookie(mark: str, *, https: bool) -> Cookie:
    """The cookie by which a browser is known in which somebody came in before."""
    return _cookie(BROWSER, mark, KNOWN_FOR, https=https)


def _cookie(name: str, value: str, age: timedelta, *, https: bool) -> Cookie:
    seconds, key = int(age.total_seconds()), cookie_name(name, https=https)
    return Cookie(key=key, value=value, path="/", max_age=seconds, httponly=True, samesite="strict", secure=https)
