"""The guard: who may use which route, written down in one table; whatever is not in it does not start.

The first wall: a route asks here before anything else. The second stands in the use cases: a mentor finds only their own
participants, an operator only those of the organisation.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Final

from litestar import Litestar
from litestar.connection import ASGIConnection
from litestar.exceptions import NotFoundException
from litestar.handlers.base import BaseRouteHandler

from api.accounts.api_keys import check_scope
from api.accounts.cookies import BROWSER, session_id_of
from api.accounts.limits import browser_of
from api.accounts.sessions import (
    IDLE,
    KEY_PREFIX,
    SEEN_EVERY,
    actor_of_key,
    actor_of_session,
    key_still_acts,
    still_acts,
    touch_session,
)
from api.record import deadlines
from api.record.actor import Actor
from api.record.refusals import Refused, Trouble
from api.record.space import Space
from api.record.transaction import Record
from api.record.unavailable import Unavailable, why_unavailable
from api.web.asking import SAFE, refuse_foreign
from api.web.bulkheads import DOOR
from api.web.cookies import cookie_of
from api.web.once import NOT_ONCE
from api.web.problem_pages import CHANGE_FIRST
from words.speaking import Named

ANYONE: Final = "anyone"
SIGNED_IN: Final = ("mentor", "lender", "analyst", "operator")
M, L, A, O = "mentor", "lender", "analyst", "operator"  # noqa: E741 - a table of one-letter columns

MATRIX: Final[Mapping[str, tuple[str, ...]]] = {
    # the stateless service
    "GET /": (ANYONE,),
    "GET /health": (ANYONE,),
    "GET /ready": (ANYONE,),
    "POST /api/v1/recommendations": (ANYONE,),
    "GET /api/v1/programme": (ANYONE,),
    "GET /schema": (ANYONE,),
    "GET /schema/openapi.json": (ANYONE,),
    "GET /schema/{path}": (ANYONE,),
    "GET /static/{file_path}": (ANYONE,),
    # coming in
    "POST /api/v1/session": (ANYONE,),
    "DELETE /api/v1/session": SIGNED_IN,
    "GET /api/v1/me": SIGNED_IN,
    "POST /api/v1/me/password": SIGNED_IN,
    "GET /api/v1/me/keys": (L,),
    "POST /api/v1/me/keys": (L,),
    "DELETE /api/v1/me/keys/{key_id}": (L,),
    # accounts
    "GET /api/v1/accounts": (O,),
    "POST /api/v1/accounts": (O,),
    "PATCH /api/v1/accounts/{account_id}": (O,),
    "POST /api/v1/accounts/{account_id}/password": (O,),
    # what needs two people
    "GET /api/v1/approvals": SIGNED_IN,
    "POST /api/v1/approvals/{approval_id}/approve": (L, O),
    "POST /api/v1/approvals/{approval_id}/refuse": (L, O),
    "POST /api/v1/approvals/{approval_id}/withdraw": SIGNED_IN,
    "GET /api/v1/switches/mentor-reset": (O,),
    "PUT /api/v1/switches/mentor-reset": (O,),
    # participants
    "GET /api/v1/participants": (M,),
    "POST /api/v1/participants": (M,),
    "POST /api/v1/participants/search": (M,),
    "GET /api/v1/participants/{person_id}": (M, O),
    "PATCH /api/v1/participants/{person_id}": (M,),
    "POST /api/v1/participants/{person_id}/mentor": (O,),
    "GET /api/v1/participants/{person_id}/evidence": (M,),
    "POST /api/v1/participants/{person_id}/evidence": (M,),
    "GET /api/v1/participants/{person_id}/consents": (M, O),
    "POST /api/v1/participants/{person_id}/consents": (M, O),
    "GET /api/v1/withdrawals": (O,),
    "GET /api/v1/participants/{person_id}/export": (M, O),
    "POST /api/v1/participants/{person_id}/export": (O,),
    "POST /api/v1/participants/{person_id}/erasure": (M, O),
    "POST /api/v1/imports": (M,),
    # assessments
    "GET /api/v1/work-list": (M,),
    "POST /api/v1/participants/{person_id}/assessments": (M,),
    "GET /api/v1/participants/{person_id}/assessments": (M, O),
    "GET /api/v1/assessments/{assessment_id}": (M, O),
    "GET /api/v1/assessments/{assessment_id}/replay": (M, O),
    "GET /api/v1/assessments/{assessment_id}/changes": (M, O),
    "POST /api/v1/assessments/{assessment_id}/override": (M,),
    "POST /api/v1/assessments/{assessment_id}/objection": (M, O),
    "GET /api/v1/objections": (O,),
    "POST /api/v1/objections/{objection_id}/decision": (O,),
    "GET /api/v1/disagreements": (A, O),
    "GET /api/v1/switches/randomise-ties": (O,),
    "PUT /api/v1/switches/randomise-ties": (O,),
    "GET /api/v1/audit": (O,),
    # referrals
    "POST /api/v1/participants/{person_id}/referrals/preview": (M,),
    "POST /api/v1/participants/{person_id}/referrals": (M,),
    "GET /api/v1/participants/{person_id}/referrals": (M,),
    "GET /api/v1/referrals": (M, L, O),
    "POST /api/v1/referrals/moves/{move}": (M, L),
    "GET /api/v1/referrals/changes": (L,),
    "GET /api/v1/referrals/{referral_id}": (M, L, O),
    "GET /api/v1/referrals/{referral_id}/pack.pdf": (M, L),
    "POST /api/v1/referrals/{referral_id}/moves/{move}": (M, L, O),
    "POST /api/v1/referrals/{referral_id}/notes": (M, L),
    "POST /api/v1/referrals/{referral_id}/still-lives": (M, L),
    "GET /api/v1/quotas": (L,),
    "PUT /api/v1/quotas": (L,),
    "GET /api/v1/rooms": (L,),
    "PUT /api/v1/rooms": (L,),
    "GET /api/v1/lending/figures": (L,),
    "GET /api/v1/lenders": (M, O),
    "PUT /api/v1/lenders/{organisation_id}": (O,),
    # webhooks
    "GET /api/v1/webhooks": (L,),
    "POST /api/v1/webhooks": (L,),
    "POST /api/v1/webhooks/{webhook_id}/secret": (L,),
    "POST /api/v1/webhooks/{webhook_id}/again": (L,),
    "DELETE /api/v1/webhooks/{webhook_id}": (L,),
    "GET /api/v1/webhook-hosts": (O,),
    "POST /api/v1/webhook-hosts": (O,),
    "DELETE /api/v1/webhook-hosts/{host}": (O,),
    "POST /api/v1/outcomes": (L,),
    "POST /api/v1/training-sets": (A, O),
    # what takes long
    "GET /api/v1/jobs": SIGNED_IN,
    "POST /api/v1/jobs": (M, O),
    "GET /api/v1/jobs/{job_id}": SIGNED_IN,
    "POST /api/v1/jobs/{job_id}/cancel": SIGNED_IN,
    "GET /api/v1/jobs/{job_id}/file": SIGNED_IN,
    # pages
    "GET /sign-in": (ANYONE,),
    "POST /sign-in": (ANYONE,),
    "POST /sign-out": SIGNED_IN,
    "GET /account": SIGNED_IN,
    "POST /account/password": SIGNED_IN,
    "POST /account/keys": (L,),
    "POST /account/keys/{key_id}/revoke": (L,),
    "GET /accounts": (O,),
    "POST /accounts": (O,),
    "POST /accounts/{account_id}": (O,),
    "POST /accounts/{account_id}/password": (O,),
    "GET /approvals": SIGNED_IN,
    "POST /approvals/mentor-reset": (O,),
    "POST /approvals/{approval_id}/approve": (L, O),
    "POST /approvals/{approval_id}/refuse": (L, O),
    "POST /approvals/{approval_id}/withdraw": SIGNED_IN,
    "GET /audit": (O,),
    "GET /participants": (M, O),
    "POST /participants": (M, O),
    "GET /participants/new": (M,),
    "POST /participants/new": (M,),
    "GET /participants/{person_id}": (M, O),
    "GET /participants/{person_id}/identity": (M,),
    "POST /participants/{person_id}/identity": (M,),
    "GET /participants/{person_id}/mentor": (O,),
    "POST /participants/{person_id}/mentor": (O,),
    "GET /participants/{person_id}/evidence": (M,),
    "POST /participants/{person_id}/evidence": (M,),
    "GET /participants/{person_id}/history": (M,),
    "GET /participants/{person_id}/assessments": (M,),
    "GET /participants/{person_id}/consents": (M, O),
    "POST /participants/{person_id}/consents": (M, O),
    "GET /withdrawals": (O,),
    "GET /participants/{person_id}/rights": (M, O),
    "POST /participants/{person_id}/export": (O,),
    "POST /participants/{person_id}/erasure": (M, O),
    "GET /imports": (M,),
    "POST /imports": (M,),
    "GET /work-list": (M,),
    "POST /participants/{person_id}/assessments": (M,),
    "GET /assessments/{assessment_id}": (M, O),
    "POST /assessments/{assessment_id}/override": (M,),
    "POST /assessments/{assessment_id}/objection": (M, O),
    "GET /objections": (O,),
    "POST /objections/{objection_id}/decision": (O,),
    "GET /disagreements": (A, O),
    "POST /disagreements/lot": (O,),
    "GET /participants/{person_id}/refer": (M,),
    "POST /participants/{person_id}/refer": (M,),
    "GET /referrals": (M, L, O),
    "GET /referrals/file": (L,),
    "GET /referrals/workbook": (L,),
    "GET /referrals/{referral_id}/pack.pdf": (M, L),
    "POST /referrals": (M, L),
    "POST /referrals/moves/{move}": (M, L),
    "GET /referrals/{referral_id}": (M, L, O),
    "POST /referrals/{referral_id}/moves/{move}": (M, L, O),
    "POST /referrals/{referral_id}/notes": (M, L),
    "POST /referrals/{referral_id}/still-lives": (M, L),
    "GET /lending": (L,),
    "GET /lending/figures": (L,),
    "POST /lending/quotas": (L,),
    "POST /lending/rooms": (L,),
    "GET /lenders": (O,),
    "POST /lenders/{organisation_id}": (O,),
    "GET /webhooks": (L,),
    "POST /webhooks": (L,),
    "POST /webhooks/{webhook_id}/secret": (L,),
    "POST /webhooks/{webhook_id}/again": (L,),
    "POST /webhooks/{webhook_id}/stop": (L,),
    "GET /webhook-hosts": (O,),
    "POST /webhook-hosts": (O,),
    "POST /webhook-hosts/end": (O,),
    "GET /outcomes": (L,),
    "POST /outcomes": (L,),
    "GET /training-sets": (A, O),
    "POST /training-sets": (A, O),
    "GET /jobs": SIGNED_IN,
    "POST /jobs": (M, O),
    "GET /jobs/{job_id}": SIGNED_IN,
    "POST /jobs/{job_id}/cancel": SIGNED_IN,
    "GET /jobs/{job_id}/file": SIGNED_IN,
}
"""Method and path of every route, and who may use it."""

_READ, _DECIDE, _EITHER = ("read",), ("decide",), ("decide", "report")
SCOPED: Final[Mapping[str, tuple[str, ...]]] = {
    "GET /api/v1/me": ("me",),
    "GET /api/v1/referrals": _READ,
    "GET /api/v1/referrals/{referral_id}": _READ,
    "GET /api/v1/referrals/changes": _READ,
    "GET /api/v1/referrals/{referral_id}/pack.pdf": _READ,
    "GET /api/v1/lending/figures": _READ,
    "POST /api/v1/referrals/moves/{move}": _EITHER,  # which of the two, the move says: referrals/scopes.py
    "POST /api/v1/referrals/{referral_id}/moves/{move}": _EITHER,
    "POST /api/v1/referrals/{referral_id}/notes": _DECIDE,
    "POST /api/v1/referrals/{referral_id}/still-lives": _DECIDE,
    "GET /api/v1/quotas": _READ,
    "PUT /api/v1/quotas": _DECIDE,
    "GET /api/v1/rooms": _READ,
    "PUT /api/v1/rooms": _DECIDE,
}
"""What an API key may reach, beside what anyone may: the route, and the scopes of which it needs one."""

WITH_ANY_PASSWORD: Final = (
    "DELETE /api/v1/session",
    "GET /api/v1/me",
    "POST /api/v1/me/password",
    "POST /sign-out",
    "GET /account",
    "POST /account/password",
)
"""What may be done before a password that somebody else made is changed."""

_NOTE_SECONDS: Final = 0.25
_LAST_NOTE_SECONDS: Final = 2.0  # when a session would soon be over for want of a note
MAKES_ROOM: Final = ("POST /api/v1/jobs/{job_id}/cancel", "POST /jobs/{job_id}/cancel")
"""What is done also while there is little room on the disk: with a job its file goes."""

_KIND: Final = re.compile(r":\w+}")  # of a path parameter: {id:str} is {id}
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")  # nothing of ours is called by such a character


def check_matrix(app: Litestar) -> None:
    """See that every route is in the matrix.

    Raises:
        LookupError: naming each that is not. A service whose door nobody thought about does not start.
    """
    missing = sorted(set(routes_of(app)) - set(MATRIX))
    if missing:
        raise LookupError(f"no line in api/accounts/guard.py for {', '.join(missing)}. Remedy: write who may use it.")


def routes_of(app: Litestar) -> Iterable[str]:
    """Every "METHOD /path" of the application; HEAD goes with GET, OPTIONS is the framework's own."""
    for route in app.routes:
        for method in getattr(route, "methods", None) or {"GET"}:
            if method not in ("HEAD", "OPTIONS"):
                yield f"{method} {re.sub(_KIND, '}', route.path)}"


async def admit(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Let a request through or refuse it; who asks stands in `connection.state.actor` from here on, refused or not.

    Raises:
        Refused: 401 without or with a dead session or key, 403 for a role or a scope that may not, or a foreign form;
            404 for an address with a control character.
        NotFoundException: that, where anyone may ask.
        Unavailable: if who asks cannot be looked up in time; where the disk is nearly full, for what would write more than
            that somebody looked, came or went: these are the routes that know no keys either.
    """
    method = str(connection.scope.get("method", "GET")).replace("HEAD", "GET")
    name = f"{method} {connection.scope['path_template']}"
    connection.state.actor = None
    if method == "OPTIONS":  # the framework's own: it names the methods of a path and nothing else
        return
    allowed = MATRIX[name]
    has_control = bool(_CONTROL.search(connection.scope["path"]))
    if ANYONE in allowed:
        if has_control:
            raise NotFoundException
        return
    record: Record = connection.app.state.record
    cookie = session_id_of(connection)
    scheme, _, key = connection.headers.get("authorization", "").partition(" ")
    bearer = scheme.lower() == "bearer"  # a proxy's own password is none of ours
    if bearer:
        actor = await DOOR.run(partial(_by_key, record, key.strip()))
    else:
        actor = await DOOR.run(partial(_by_session, record, cookie)) if cookie else None
    if actor is None:
        raise Refused(401, Trouble("session", "signed_out"))
    actor = replace(actor, browser=browser_of(cookie_of(connection, BROWSER)))
    connection.state.actor = actor  # the page that says no has their menu
    connection.state.still_acts = partial(key_still_acts, key.strip()) if bearer else still_acts
    if not bearer and method not in SAFE:
        refuse_foreign(connection)
    if actor.role not in allowed:
        roles = [Named("role", role) for role in allowed]
        raise Refused(403, Trouble("role", "not_allowed", role=Named("role", actor.role), allowed=roles))
    if actor.must_change and name not in WITH_ANY_PASSWORD:
        raise Refused(403, Trouble("password", CHANGE_FIRST))
    if bearer:
        check_scope(actor, *SCOPED.get(name, ()))
    space: Space = connection.app.state.space
    if space.is_short() and method not in SAFE and name not in NOT_ONCE and name not in MAKES_ROOM:
        raise Unavailable("disk_full")
    if has_control or b"%00" in connection.scope["query_string"]:  # at a NUL PostgreSQL fails
        raise Refused(404, Trouble("address", "not_found"))


def _by_session(record: Record, secret: str) -> Actor | None:
    with record.read() as tx:
        found = actor_of_session(tx, secret)
        now = tx.now
    if found is None:
        return None
    actor, seen_at = found
    if now - seen_at > min(SEEN_EVERY, IDLE):
        _note_seen(record, actor, _NOTE_SECONDS if now - seen_at < IDLE / 2 else _LAST_NOTE_SECONDS)
    return actor


def _note_seen(record: Record, actor: Actor, seconds: float) -> None:
    """Note that a session is in use; where others write, or there is no room, the next request does."""
    try:
        with deadlines.within(seconds), record.write(actor.organisation_id) as tx:
            touch_session(tx, actor.session)
    except Exception as error:
        if why_unavailable(error) is None:
            raise


def _by_key(record: Record, secret: str) -> Actor | None:
    if not secret.startswith(KEY_PREFIX):
        return None
    with record.read() as tx:
        return actor_of_key(tx, secret)
