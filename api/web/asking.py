"""Asking and answering: who asks and from where, work done in threads, JSON that no cache keeps."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Concatenate, Final, ParamSpec, TypeVar, cast

import msgspec
from litestar import Request, Response
from litestar.connection import ASGIConnection

from api.record import deadlines
from api.record.actor import Actor
from api.record.refusals import Refused, Trouble
from api.record.transaction import Record, Transaction
from api.web.bulkheads import (
    ANSWER_SECONDS,
    DOOR,
    LOOKING,
    OPEN,
    PASSWORDS,
    RECORD,
    SIGN_IN_SECONDS,
    Bulkhead,
)
from api.web.once import LOOKS, NOT_ONCE, keyed, once

P = ParamSpec("P")
T = TypeVar("T")
Asking = Request[Any, Any, Any]
MOST_BYTES: Final = 256 * 1024
"""Of what is sent, but for files."""
SAFE: Final = ("GET", "HEAD", "OPTIONS")
"""Methods that change nothing."""
NO_STORE: Final = {"cache-control": "no-store"}


def in_thread(work: Callable[P, T]) -> Callable[P, Awaitable[T]]:
    """Do a handler's work in a thread of the record's, since it waits for the database; who looks has threads apart.

    The framework's own `sync_to_thread` wraps a handler anew for every further method of its path (Litestar 2.25), and
    then answers with a coroutine that nobody awaited.
    """
    return _in(None, work)


def in_turn(work: Callable[P, T]) -> Callable[P, Awaitable[T]]:
    """Do work that hashes a password in one of a few threads of its own: who signs in keeps only such waiting.

    Passwords are looked at one after another, so this may take longer.
    """
    return _in(PASSWORDS, work, SIGN_IN_SECONDS - ANSWER_SECONDS)


def at_the_door(work: Callable[P, T]) -> Callable[P, Awaitable[T]]:
    """Do work that only looks, so that no writer keeps it waiting, beside the looks at who asks."""
    return _in(DOOR, work)


def in_the_open(work: Callable[P, T]) -> Callable[P, Awaitable[T]]:
    """Do work that anybody may ask for and that only computes."""
    return _in(OPEN, work)


def _in(bulkhead: Bulkhead | None, work: Callable[P, T], more_seconds: float = 0) -> Callable[P, Awaitable[T]]:
    @functools.wraps(work)
    async def handler(*args: P.args, **kwargs: P.kwargs) -> T:
        request = cast("Asking | None", kwargs.get("request"))
        deadlines.put_off(more_seconds)
        deadlines.begin()
        lost = "too_late" if request is None or request.method in SAFE else "maybe_done"
        chosen = bulkhead or (RECORD if request is None or not only_looks(request) else LOOKING)
        return cast(T, await chosen.run(await _once(functools.partial(work, *args, **kwargs), kwargs), lost))

    return handler


async def _once(work: Callable[[], Any], given: Mapping[str, Any]) -> Callable[[], Any]:
    """A handler's work, done once where its request has a key. Every handler that writes goes through here."""
    request: Asking | None = given.get("request")
    if request is None or request.method in SAFE:
        return work
    key = await keyed(request, given)
    return work if key is None else functools.partial(once, request, key, work)


def actor_of(request: Asking) -> Actor:
    """Who asks, as `guard.admit` found out."""
    actor: Actor = request.state.actor
    return actor


def record_of(request: Asking) -> Record:
    """The record of this service; of a request with a key, so that all its transactions are one."""
    record: Record = request.app.state.record
    return getattr(request.state, "joined", record)


def take_back(request: Asking) -> None:
    """Undo what a request with a key has written so far: it was refused after all."""
    if is_joined(request):
        request.state.joined.database.undo()


def is_joined(request: Asking) -> bool:
    """Whether all transactions of a request are one."""
    return hasattr(request.state, "joined")


def ask(
    request: Asking, use_case: Callable[Concatenate[Transaction, Actor, P], T], *given: P.args, **more: P.kwargs
) -> T:
    """Do a use case of the record as whoever asks: as a whole or, where it refuses, not at all.

    Looking at somebody is asked for like this too, because it is noted. Who writes is looked at once more: while they waited
    for others, their account may have been closed.

    Raises:
        Refused: 401 where that happened.
    """
    if only_looks(request):
        with record_of(request).look() as tx:
            return use_case(tx, actor_of(request), *given, **more)
    return ask_about(request, _about(actor_of(request)), use_case, *given, **more)


def ask_about(
    request: Asking,
    organisations: Sequence[str],
    use_case: Callable[Concatenate[Transaction, Actor, P], T],
    *given: P.args,
    **more: P.kwargs,
) -> T:
    """`ask` for a use case that writes about these organisations."""
    actor, acts = actor_of(request), request.state.still_acts
    with record_of(request).write(*organisations) as tx:
        if acts and not acts(tx, actor):
            raise Refused(401, Trouble("session", "signed_out"))
        return use_case(tx, actor, *given, **more)


def _about(actor: Actor) -> tuple[str, ...]:
    """The organisations that somebody writes about: what an operator does may concern all, such as a name to sign in by."""
    return () if actor.role == "operator" else (actor.organisation_id,)


def only_looks(request: Asking) -> bool:
    """Whether a request changes nothing but who looked: a search is sent, so that no name stands in an address."""
    return request.method in SAFE or NOT_ONCE.get(f"{request.method} {request.scope['path_template']}") == LOOKS


def look_up(
    request: Asking, use_case: Callable[Concatenate[Transaction, Actor, P], T], *given: P.args, **more: P.kwargs
) -> T:
    """Do a use case that writes nothing, not even that somebody looked."""
    with record_of(request).read() as tx:
        return use_case(tx, actor_of(request), *given, **more)


def answer_json(value: Any, status: int = 200) -> Response[bytes]:
    """Answer with JSON."""
    return Response(
        msgspec.json.encode(value), status_code=status, media_type="application/json", headers=dict(NO_STORE)
    )


def refuse_foreign(connection: ASGIConnection[Any, Any, Any, Any]) -> None:
    """Refuse a change that a browser sends from another site's page, by what the browser itself says of it.

    With cookies that are SameSite=Strict this is the second guard against forged requests; a program that is no browser
    sends neither header and has no cookies to abuse.

    Raises:
        Refused: 403.
    """
    site, origin = connection.headers.get("sec-fetch-site"), connection.headers.get("origin")
    host = connection.headers.get("host", "")
    if site in ("same-origin", "none") or (site is None and origin is None):
        return
    if site is None and origin is not None and host and origin.partition("://")[2] == host:
        return
    raise Refused(403, Trouble("origin", "foreign_form"))
