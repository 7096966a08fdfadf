"""The pages of one's own account: signing in and out, the password, and for a lender the API keys."""

from __future__ import annotations

import re
from typing import Any, Final

from litestar import Response, get, post
from litestar.params import FromPath, RawBody
from sqlalchemy import select

from api.accounts import service
from api.accounts.cookies import session_cookie, session_id_of
from api.accounts.endpoints import cookies_for, read_key, signed_in
from api.accounts.sessions import actor_of_session
from api.accounts.tables import ORGANISATIONS
from api.web.asking import Asking, actor_of, in_thread, in_turn, record_of, refuse_foreign
from api.web.forms import Form
from api.web.frame import HOMES, MOST_BYTES, NOTHING, Typed, attempt, fields_of, go, page

_OURS: Final = re.compile(r"/[A-Za-z0-9/_-]*")


def local(path: str) -> str:
    """A path of this service, or "" for anything else: nobody is sent to another site after signing in."""
    return path if _OURS.fullmatch(path) and not path.startswith("//") else ""


@get("/sign-in")
@in_thread
def get_sign_in(request: Asking) -> Response[Any]:
    """Show the form to sign in; whoever has signed in already goes on."""
    where = local(request.query_params.get("next", ""))
    with record_of(request).read() as tx:
        found = actor_of_session(tx, session_id_of(request))
    if found:
        return go(request, where or HOMES[found[0].role])
    return page(request, "sign_in.html", where=where)


@post("/sign-in", request_max_body_size=MOST_BYTES)
@in_turn
def post_sign_in(request: Asking, body: RawBody) -> Response[Any]:
    """Sign in and go on to what was asked for."""
    refuse_foreign(request)
    fields = fields_of(body)
    where = local(str(fields.get("next", "")))

    def sign_in() -> Response[Any]:
        form = Form(fields, from_page=True)
        login, password = form.text("login"), form.text("password", secret=True)
        form.asked.append("next")
        form.done()
        actor, cookies = signed_in(request, login, password)
        response = go(request, where or HOMES[actor.role])
        response.cookies.extend(cookies)
        return response

    return attempt(request, fields, sign_in, lambda typed: page(request, "sign_in.html", typed=typed, where=where))


@post("/sign-out", request_max_body_size=MOST_BYTES)
@in_thread
def post_sign_out(request: Asking) -> Response[Any]:
    """Sign out and go to the first page."""
    with record_of(request).write() as tx:
        service.sign_out(tx, actor_of(request))
    response = go(request, "/")
    response.cookies.append(session_cookie("", https=request.app.state.https))
    return response


@get("/account")
@in_thread
def get_account(request: Asking) -> Response[Any]:
    """Show one's own account."""
    return account_page(request)


def account_page(request: Asking, typed: Typed = NOTHING, *, status: int = 0, made: str = "") -> Response[Any]:
    """The page of one's own account; `made`: a new API key, shown this once."""
    actor = actor_of(request)
    with record_of(request).read() as tx:
        organisation = tx.one(select(ORGANISATIONS.c.name).where(ORGANISATIONS.c.id == actor.organisation_id))
        keys = service.keys_of(tx, actor) if actor.role == "lender" else []
    assert organisation is not None
    context = {"organisation": organisation.name, "keys": keys, "made": made, "scopes": service.SCOPES}
    return page(request, "account.html", typed=typed, status=status, here="/account", **context)


@post("/account/password", request_max_body_size=MOST_BYTES)
@in_turn
def post_password(request: Asking, body: RawBody) -> Response[Any]:
    """Change one's own password."""
    fields = fields_of(body)

    def change() -> Response[Any]:
        form = Form(fields, from_page=True)
        old, new = form.text("old", secret=True), form.text("new", secret=True)
        form.done()
        secret, mark = service.change_password(record_of(request), actor_of(request), old, new)
        response = go(request, "/account", "password")
        response.cookies.extend(cookies_for(request, secret, mark))
        return response

    return attempt(request, fields, change, lambda typed: account_page(request, typed))


@post("/account/keys", request_max_body_size=MOST_BYTES)
@in_thread
def post_key(request: Asking, body: RawBody) -> Response[Any]:
    """Make an API key and show it once."""
    fields = fields_of(body)

    def make() -> Response[Any]:
        wanted = read_key(Form(fields, from_page=True))
        with record_of(request).write() as tx:
            _, secret = service.add_key(tx, actor_of(request), *wanted)
        return account_page(request, status=201, made=secret)

    return attempt(request, fields, make, lambda typed: account_page(request, typed))


@post("/account/keys/{key_id:str}/revoke", request_max_body_size=MOST_BYTES)
@in_thread
def post_revoke(request: Asking, key_id: FromPath[str]) -> Response[Any]:
    """Take an API key back."""
    with record_of(request).write() as tx:
        service.revoke_key(tx, actor_of(request), key_id)
    return go(request, "/account", "revoked")


HANDLERS: Final = (get_sign_in, post_sign_in, post_sign_out, get_account, post_password, post_key, post_revoke)
