"""The endpoints of accounts: signing in and out, one's own password and keys, and the operator's accounts."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Final

from litestar import Response, delete, get, patch, post
from litestar.datastructures import Cookie
from litestar.params import FromPath, RawBody
from sqlalchemy import select

from api.accounts import service
from api.accounts.cookies import BROWSER, browser_cookie, session_cookie, session_id_of
from api.accounts.passwords import new_password
from api.accounts.tables import ORGANISATIONS, ROLES
from api.record.actor import Actor
from api.web.asking import Asking, actor_of, answer_json, in_thread, in_turn, record_of, refuse_foreign
from api.web.cookies import cookie_of
from api.web.forms import Form

MOST_BYTES: Final = 256 * 1024


@post("/api/v1/session", status_code=200, request_max_body_size=MOST_BYTES)
@in_turn
def post_session(request: Asking, body: RawBody) -> Response[bytes]:
    """Sign in with {login, password}; the answer sets a cookie."""
    refuse_foreign(request)
    form = Form.of_json(body)
    login, password = form.text("login"), form.text("password", secret=True)
    form.done()
    actor, cookies = signed_in(request, login, password)
    response = answer_json({"id": actor.account_id, "name": actor.name, "role": actor.role})
    response.cookies.extend(cookies)
    return response


def signed_in(request: Asking, login: str, password: str) -> tuple[Actor, list[Cookie]]:
    """Sign in; return who it is and the cookies for their browser."""
    address, mark = request.client.host if request.client else "", cookie_of(request, BROWSER)
    asked = record_of(request), login, password, address, session_id_of(request), mark
    secret, actor, mark = service.sign_in(*asked)
    return actor, cookies_for(request, secret, mark)


def cookies_for(request: Asking, secret: str, mark: str) -> list[Cookie]:
    """What a browser keeps of somebody who came in: the session and a mark."""
    https = request.app.state.https
    return [session_cookie(secret, https=https), browser_cookie(mark, https=https)]


@delete("/api/v1/session", status_code=200)
@in_thread
def delete_session(request: Asking) -> Response[bytes]:
    """Sign out."""
    with record_of(request).write() as tx:
        service.sign_out(tx, actor_of(request))
    response = answer_json({"signed_out": True})
    response.cookies.append(session_cookie("", https=request.app.state.https))
    return response


@get("/api/v1/me")
@in_thread
def get_me(request: Asking) -> Response[bytes]:
    """Say who is asking."""
    actor = actor_of(request)
    with record_of(request).read() as tx:
        organisation = tx.one(select(ORGANISATIONS).where(ORGANISATIONS.c.id == actor.organisation_id))
    assert organisation is not None
    me = {"id": actor.account_id, "name": actor.name, "role": actor.role, "organisation": organisation.name}
    return answer_json(me | {"organisation_id": actor.organisation_id})


@post("/api/v1/me/password", status_code=200, request_max_body_size=MOST_BYTES)
@in_turn
def post_password(request: Asking, body: RawBody) -> Response[bytes]:
    """Change one's own password with {old, new}; every session but this one ends."""
    form = Form.of_json(body)
    old, new = form.text("old", secret=True), form.text("new", secret=True)
    form.done()
    response = answer_json({"changed": True})
    secret, mark = service.change_password(record_of(request), actor_of(request), old, new)
    response.cookies.extend(cookies_for(request, secret, mark))
    return response


@get("/api/v1/me/keys")
@in_thread
def get_keys(request: Asking) -> Response[bytes]:
    """List one's API keys, without the keys."""
    with record_of(request).read() as tx:
        return answer_json({"keys": service.keys_of(tx, actor_of(request))})


@post("/api/v1/me/keys", status_code=201, request_max_body_size=MOST_BYTES)
@in_thread
def post_key(request: Asking, body: RawBody) -> Response[bytes]:
    """Make an API key from {name, scopes, expires_on}; the key itself is told this once."""
    wanted = read_key(Form.of_json(body))
    with record_of(request).write() as tx:
        key, secret = service.add_key(tx, actor_of(request), *wanted)
    return answer_json({"id": key, "key": secret, "told_once": True}, 201)


def read_key(form: Form) -> tuple[str, list[str], datetime]:
    """What an API key is to be called, what it may do, and when it ends."""
    name, scopes, expires_on = form.text("name"), form.choices("scopes", service.SCOPES), form.day("expires_on")
    if expires_on is None and not any(trouble.field == "expires_on" for trouble in form.troubles):
        form.trouble("expires_on", "wanted")
    form.done()
    assert expires_on is not None
    return name, list(scopes), datetime.combine(expires_on, time(), UTC)


@delete("/api/v1/me/keys/{key_id:str}", status_code=200)
@in_thread
def delete_key(request: Asking, key_id: FromPath[str]) -> Response[bytes]:
    """Take an API key back."""
    with record_of(request).write() as tx:
        service.revoke_key(tx, actor_of(request), key_id)
    return answer_json({"revoked": True})


@get("/api/v1/accounts")
@in_thread
def get_accounts(request: Asking) -> Response[bytes]:
    """List the accounts of the organisation."""
    with record_of(request).read() as tx:
        return answer_json({"accounts": service.accounts_of(tx, actor_of(request))})


@post("/api/v1/accounts", status_code=201, request_max_body_size=MOST_BYTES)
@in_turn
def post_account(request: Asking, body: RawBody) -> Response[bytes]:
    """Add an account from {login, name, role}; its password is told this once."""
    form = Form.of_json(body)
    login, name, role = form.text("login", most=100), form.text("name"), form.choice("role", ROLES)
    form.done()
    actor, password = actor_of(request), new_password()
    with record_of(request).write() as tx:
        made = service.add_account(tx, actor.organisation_id, login, name, role, password, actor)
    return answer_json({"id": made.id, "login": made.login, "password": made.password, "told_once": True}, 201)


@patch("/api/v1/accounts/{account_id:str}", request_max_body_size=MOST_BYTES)
@in_thread
def patch_account(request: Asking, account_id: FromPath[str], body: RawBody) -> Response[bytes]:
    """Change {role, active} of an account, given its {version}; its sessions end."""
    form = Form.of_json(body)
    version = form.number("version")
    role = form.choice("role", ROLES, "") or None
    active = form.yes_no("active") if "active" in form.fields else None
    form.asked.append("active")
    form.done()
    with record_of(request).write() as tx:
        service.change_account(tx, actor_of(request), account_id, version, role=role, active=active)
    return answer_json({"version": version + 1})


@post("/api/v1/accounts/{account_id:str}/password", status_code=200)
@in_turn
def post_account_password(request: Asking, account_id: FromPath[str]) -> Response[bytes]:
    """Give an account a new password, told this once; its sessions end."""
    password = new_password()
    with record_of(request).write() as tx:
        service.reset_password(tx, actor_of(request), account_id, password)
    return answer_json({"password": password.plain, "told_once": True})


HANDLERS: Final = (
    post_session,
    delete_session,
    get_me,
    post_password,
    get_keys,
    post_key,
    delete_key,
    get_accounts,
    post_account,
    patch_account,
    post_account_password,
)
