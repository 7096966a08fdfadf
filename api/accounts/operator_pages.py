"""The pages of an operator: the accounts of the organisation, and the audit."""

from __future__ import annotations

from typing import Any, Final

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, RawBody

from api.accounts import service
from api.accounts.passwords import new_password
from api.accounts.tables import ROLES
from api.audit.endpoints import read_before
from api.audit.service import MOST_SHOWN, entries
from api.web.asking import Asking, actor_of, in_thread, in_turn, record_of
from api.web.forms import Form
from api.web.frame import MOST_BYTES, NOTHING, Typed, attempt, fields_of, go, page


@get("/accounts")
@in_thread
def get_accounts(request: Asking) -> Response[Any]:
    """Show the accounts of the organisation."""
    return accounts_page(request)


def accounts_page(
    request: Asking, typed: Typed = NOTHING, *, status: int = 0, login: str = "", password: str = ""
) -> Response[Any]:
    """The accounts and the form for another one; `password`: of an account just made or reset, shown this once."""
    with record_of(request).read() as tx:
        accounts = service.accounts_of(tx, actor_of(request))
    context = {"accounts": accounts, "roles": ROLES, "login": login, "password": password}
    return page(request, "accounts.html", typed=typed, status=status, here="/accounts", **context)


@post("/accounts", request_max_body_size=MOST_BYTES)
@in_turn
def post_account(request: Asking, body: RawBody) -> Response[Any]:
    """Add an account and show its password once."""
    fields = fields_of(body)

    def add() -> Response[Any]:
        form = Form(fields, from_page=True)
        login, name, role = form.text("login", most=100), form.text("name"), form.choice("role", ROLES)
        form.done()
        actor, password = actor_of(request), new_password()
        with record_of(request).write() as tx:
            made = service.add_account(tx, actor.organisation_id, login, name, role, password, actor)
        return accounts_page(request, status=201, login=made.login, password=made.password)

    return attempt(request, fields, add, lambda typed: accounts_page(request, typed))


@post("/accounts/{account_id:str}", request_max_body_size=MOST_BYTES)
@in_thread
def post_change(request: Asking, account_id: FromPath[str], body: RawBody) -> Response[Any]:
    """Change the role of an account, close it or open it again; its sessions end."""
    fields = fields_of(body)

    def change() -> Response[Any]:
        form = Form(fields, from_page=True)
        version, role = form.number("version"), form.choice("role", ROLES)
        active = form.yes_no("active", False)
        form.done()
        with record_of(request).write() as tx:
            service.change_account(tx, actor_of(request), account_id, version, role=role, active=active)
        return go(request, "/accounts", "account")

    # What was typed belongs to one of many forms alike; each shows what is stored.
    return attempt(request, {}, change, lambda typed: accounts_page(request, typed))


@post("/accounts/{account_id:str}/password", request_max_body_size=MOST_BYTES)
@in_turn
def post_account_password(request: Asking, account_id: FromPath[str]) -> Response[Any]:
    """Give an account a new password and show it once; its sessions end."""
    password = new_password()
    with record_of(request).write() as tx:
        login = service.account_of(tx, actor_of(request), account_id).login
        service.reset_password(tx, actor_of(request), account_id, password)
    return accounts_page(request, login=login, password=password.plain)


@get("/audit")
@in_thread
def get_audit(request: Asking, about: FromQuery[str] = "", before: FromQuery[str] = "") -> Response[Any]:
    """Show who saw and changed what, the latest first."""
    actor = actor_of(request)
    with record_of(request).read() as tx:
        found = entries(tx, actor.organisation_id, about, read_before(before))
        names = service.names_of(tx, actor)
    older = found[-1]["seq"] if len(found) == MOST_SHOWN else None
    return page(request, "audit.html", entries=found, names=names, older=older, about=about)


HANDLERS: Final = (get_accounts, post_account, post_change, post_account_password, get_audit)
