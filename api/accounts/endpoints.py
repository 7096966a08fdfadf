"""The endpoints of accounts: signing in and out, one's own password and keys, and the operator's accounts."""

from __future__ import annotations

from typing import Any, Final

from litestar import Response, delete, get, patch, post
from litestar.params import FromPath, RawBody

from api.accounts import api_keys, service, signing_in
from api.accounts.forms import read_account, read_key
from api.accounts.passwords import new_password
from api.accounts.tables import ROLES
from api.record.actor import Actor
from api.record.approvals import Waits
from api.record.listed import plain
from api.web.asking import Asking, actor_of, answer_json, ask, in_thread, in_turn, look_up, refuse_foreign
from api.web.forms import Form
from api.web.listing import answer_page, view_of
from api.web.waiting import answer_waits


def _told(actor: Actor) -> dict[str, Any]:
    about = {"id": actor.account_id, "name": actor.name, "role": actor.role, "synthetic": actor.sandbox}
    return about | {"must_change_password": actor.must_change}


@post("/api/v1/session", status_code=200)
@in_turn
def post_session(request: Asking, body: RawBody) -> Response[bytes]:
    """Sign in with {login, password}; the answer sets a cookie."""
    refuse_foreign(request)
    actor, cookies = signing_in.sign_in(request, Form.of_json(body))
    response = answer_json(_told(actor))
    response.cookies.extend(cookies)
    return response


@delete("/api/v1/session", status_code=200)
@in_thread
def delete_session(request: Asking) -> Response[bytes]:
    """Sign out."""
    response = answer_json({"signed_out": True})
    response.cookies.append(signing_in.sign_out(request))
    return response


@get("/api/v1/me")
@in_thread
def get_me(request: Asking) -> Response[bytes]:
    """Say who is asking."""
    actor, organisation = actor_of(request), look_up(request, service.organisation_of)
    return answer_json(_told(actor) | {"organisation": organisation, "organisation_id": actor.organisation_id})


@post("/api/v1/me/password", status_code=200)
@in_turn
def post_password(request: Asking, body: RawBody) -> Response[bytes]:
    """Change one's own password with {old, new}; every session but this one ends."""
    response = answer_json({"changed": True})
    response.cookies.extend(signing_in.change_password(request, Form.of_json(body)))
    return response


@get("/api/v1/me/keys")
@in_thread
def get_keys(request: Asking) -> Response[bytes]:
    """List one's API keys, without the keys."""
    return answer_json({"keys": look_up(request, api_keys.keys_of)})


@post("/api/v1/me/keys", status_code=201)
@in_thread
def post_key(request: Asking, body: RawBody) -> Response[bytes]:
    """Make an API key from {name, scopes, expires_on}; the key itself is told this once."""
    key, secret = ask(request, api_keys.add_key, *read_key(Form.of_json(body)))
    return answer_json({"id": key, "key": secret, "told_once": True}, 201)


@delete("/api/v1/me/keys/{key_id:str}", status_code=200)
@in_thread
def delete_key(request: Asking, key_id: FromPath[str]) -> Response[bytes]:
    """Take an API key back."""
    ask(request, api_keys.revoke_key, key_id)
    return answer_json({"revoked": True})


@get("/api/v1/accounts")
@in_thread
def get_accounts(request: Asking) -> Response[bytes]:
    """List the accounts of the organisation, a page at a time."""
    page = look_up(request, service.see_accounts, view_of(request, service.LISTED))
    return answer_page(page, plain)


@post("/api/v1/accounts", status_code=201)
@in_turn
def post_account(request: Asking, body: RawBody) -> Response[bytes]:
    """Add an account from {login, name, role}; its password is told this once and good for a week.

    An operator's may have to be approved.
    """
    made = ask(request, service.add_colleague, *read_account(Form.of_json(body)))
    if isinstance(made, Waits):
        return answer_waits(made)
    return answer_json({"id": made.id, "login": made.login, "password": made.password, "told_once": True}, 201)


@patch("/api/v1/accounts/{account_id:str}")
@in_thread
def patch_account(request: Asking, account_id: FromPath[str], body: RawBody) -> Response[bytes]:
    """Change {role, active} of an account, given its {version}; its sessions end. An operator's may have to be approved."""
    form = Form.of_json(body)
    version, role = form.number("version"), form.choice("role", ROLES, "") or None
    active = form.yes_no("active") if form.has("active") else None
    form.done()
    changed = ask(request, service.change_account, account_id, version, role=role, active=active)
    return answer_waits(changed) if isinstance(changed, Waits) else answer_json({"version": changed})


@post("/api/v1/accounts/{account_id:str}/password", status_code=200)
@in_turn
def post_account_password(request: Asking, account_id: FromPath[str]) -> Response[bytes]:
    """Give an account a new password, told this once and good for a week; its sessions end.

    It may have to be approved.
    """
    reset = ask(request, service.reset_password, account_id, new_password())
    if isinstance(reset, Waits):
        return answer_waits(reset)
    return answer_json({"password": reset.password, "told_once": True})


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
