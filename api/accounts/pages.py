"""The pages of one's own account: signing in and out, the password, and for a lender the API keys."""

from __future__ import annotations

import re
from typing import Any, Final

from litestar import Response, get, post
from litestar.params import FromPath, RawBody

from api.accounts import api_keys, service, signing_in
from api.accounts.cookies import session_id_of
from api.accounts.forms import read_key
from api.accounts.sessions import actor_of_session
from api.record.actor import Actor
from api.record.transaction import Transaction
from api.web.asking import Asking, ask, at_the_door, in_thread, in_turn, look_up, record_of, refuse_foreign
from api.web.forms import Form
from api.web.frame import HOMES, go, page
from api.web.typed import NOTHING, Typed, attempt

_OURS: Final = re.compile(r"/[A-Za-z0-9/_-]*")


def local(path: str) -> str:
    """A path of this service, or "" for anything else: nobody is sent to another site after signing in."""
    return path if _OURS.fullmatch(path) and not path.startswith("//") else ""


@get("/sign-in")
@at_the_door
def get_sign_in(request: Asking) -> Response[Any]:
    """Show the form to sign in; whoever has signed in already goes on."""
    where = local(request.query_params.get("next", ""))
    with record_of(request).read() as tx:
        found = actor_of_session(tx, session_id_of(request))
    if found:
        return go(request, where or HOMES[found[0].role])
    return page(request, "sign_in.html", where=where)


@post("/sign-in")
@in_turn
def post_sign_in(request: Asking, body: RawBody) -> Response[Any]:
    """Sign in and go on to what was asked for."""
    refuse_foreign(request)

    def sign_in(form: Form) -> Response[Any]:
        where = local(str(form.fields["next"])) if form.has("next") else ""
        actor, cookies = signing_in.sign_in(request, form)
        response = go(request, where or HOMES[actor.role])
        response.cookies.extend(cookies)
        return response

    def again(typed: Typed) -> Response[Any]:
        return page(request, "sign_in.html", typed=typed, where=local(typed.value("next")))

    return attempt(request, body, sign_in, again)


@post("/sign-out")
@in_thread
def post_sign_out(request: Asking) -> Response[Any]:
    """Sign out and go to the first page."""
    response = go(request, "/")
    response.cookies.append(signing_in.sign_out(request))
    return response


@get("/account")
@in_thread
def get_account(request: Asking) -> Response[Any]:
    """Show one's own account."""
    return account_page(request)


def account_page(request: Asking, typed: Typed = NOTHING, *, status: int = 0, made: str = "") -> Response[Any]:
    """The page of one's own account; `made`: a new API key, shown this once."""
    context = look_up(request, _my_account) | {"made": made, "scopes": api_keys.SCOPES}
    return page(request, "account.html", typed=typed, status=status, here="/account", **context)


def _my_account(tx: Transaction, actor: Actor) -> dict[str, Any]:
    keys = api_keys.keys_of(tx, actor) if actor.role == "lender" else []
    return {"organisation": service.organisation_of(tx, actor), "keys": keys}


@post("/account/password")
@in_turn
def post_password(request: Asking, body: RawBody) -> Response[Any]:
    """Change one's own password."""

    def change(form: Form) -> Response[Any]:
        response = go(request, "/account", "password")
        response.cookies.extend(signing_in.change_password(request, form))
        return response

    return attempt(request, body, change, lambda typed: account_page(request, typed))


@post("/account/keys")
@in_thread
def post_key(request: Asking, body: RawBody) -> Response[Any]:
    """Make an API key and show it once."""

    def make(form: Form) -> Response[Any]:
        _, secret = ask(request, api_keys.add_key, *read_key(form))
        return account_page(request, status=201, made=secret)

    return attempt(request, body, make, lambda typed: account_page(request, typed))


@post("/account/keys/{key_id:str}/revoke")
@in_thread
def post_revoke(request: Asking, key_id: FromPath[str]) -> Response[Any]:
    """Take an API key back."""
    ask(request, api_keys.revoke_key, key_id)
    return go(request, "/account", "revoked")


HANDLERS: Final = (get_sign_in, post_sign_in, post_sign_out, get_account, post_password, post_key, post_revoke)
