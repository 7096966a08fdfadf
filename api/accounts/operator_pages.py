"""The pages of an operator: the accounts of the organisation, and the audit."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, RawBody

from api.accounts import service
from api.accounts.forms import read_account
from api.accounts.passwords import new_password
from api.accounts.second_person import untold
from api.accounts.service import NewAccount
from api.accounts.tables import ROLES
from api.audit.paging import read_mark
from api.audit.service import MOST_SHOWN, entries
from api.record.approvals import Waits, how_many_wait
from api.record.listed import ListColumn, Listing, Page, View
from api.web.asking import Asking, ask, in_thread, in_turn, look_up
from api.web.errors import language_of
from api.web.forms import Form
from api.web.frame import go, page
from api.web.listing import show, view_on_page
from api.web.typed import NOTHING, Typed, attempt
from api.web.waiting import go_and_wait
from matcher.message import Message
from words.speaking import Speaker, speaker


@get("/accounts")
@in_thread
def get_accounts(request: Asking) -> Response[Any]:
    """Show the accounts of the organisation."""
    return accounts_page(request)


def accounts_page(
    request: Asking, typed: Typed = NOTHING, *, status: int = 0, made: NewAccount | None = None
) -> Response[Any]:
    """The accounts and the form for another one; `made`: an account just made or reset, its password shown this once."""
    view, typed = view_on_page(request, service.LISTED, typed)
    shown = show(request, look_up(request, service.see_accounts, view), "/accounts")
    context: dict[str, Any] = {"shown": shown, "roles": ROLES, "made": made}
    context |= {"waiting": look_up(request, how_many_wait), "untold": look_up(request, untold)}
    return page(request, "accounts.html", typed=typed, status=status, here="/accounts", **context)


@post("/accounts")
@in_turn
def post_account(request: Asking, body: RawBody) -> Response[Any]:
    """Add an account and show its password once."""

    def add(form: Form) -> Response[Any]:
        made = ask(request, service.add_colleague, *read_account(form))
        return go_and_wait(request) if isinstance(made, Waits) else accounts_page(request, status=201, made=made)

    return attempt(request, body, add, lambda typed: accounts_page(request, typed))


@post("/accounts/{account_id:str}")
@in_thread
def post_change(request: Asking, account_id: FromPath[str], body: RawBody) -> Response[Any]:
    """Change the role of an account, close it or open it again; its sessions end."""

    def change(form: Form) -> Response[Any]:
        version, role = form.number("version"), form.choice("role", ROLES)
        active = form.yes_no("active", False)
        form.done()
        changed = ask(request, service.change_account, account_id, version, role=role, active=active)
        return go_and_wait(request) if isinstance(changed, Waits) else go(request, "/accounts", "account")

    # What was typed belongs to one of many forms alike; each shows what is stored.
    return attempt(request, body, change, lambda typed: accounts_page(request, replace(typed, fields={})))


@post("/accounts/{account_id:str}/password")
@in_turn
def post_account_password(request: Asking, account_id: FromPath[str], body: RawBody) -> Response[Any]:
    """Give an account a new password and show it once; its sessions end."""

    def reset(form: Form) -> Response[Any]:
        form.done()
        made = ask(request, service.reset_password, account_id, new_password())
        return go_and_wait(request) if isinstance(made, Waits) else accounts_page(request, made=made)

    return attempt(request, body, reset, lambda typed: accounts_page(request, typed))


@get("/audit")
@in_thread
def get_audit(request: Asking, about: FromQuery[str] = "", before: FromQuery[str] = "") -> Response[Any]:
    """Show who saw and changed what, the latest first."""
    found, names = look_up(request, entries, about, read_mark(before)), look_up(request, service.names_of)
    older = found[-1]["mark"] if len(found) == MOST_SHOWN else None
    says = speaker(language_of(request))
    listed = [entry | {"told": [_told(says, names, *one) for one in entry["detail"].items()]} for entry in found]
    shown = show(request, Page(View(AUDIT_LISTED), listed, len(listed), None, None), "/audit")
    return page(request, "audit.html", shown=shown, names=names, older=older, about=about)


AUDIT_LISTED: Final = Listing(tuple(map(ListColumn, ("at", "who", "action", "about", "detail"))), "-at")
_KINDS: Final = {
    "act": "approval",
    "cause": "cause",
    "code": "why",
    "decision": "decision",
    "fields": "field",
    "job": "job",
    "purpose": "purpose",
    "role": "role",
    "scopes": "scope",
    "source": "source",
}
"""Of a detail of the audit that holds codes: their kind."""
_MOST_PARTS: Final = 5
_ID: Final = re.compile(r"[0-9a-f]{24}")


def _told(says: Speaker, names: Mapping[str, str], name: str, value: Any) -> str:
    """One detail of an entry in words; of an account its name, of any other id its beginning."""
    parts = value if isinstance(value, list) else value.split() if name == "scopes" else [value]
    shown = [names.get(part) or _part(says, name, part) for part in parts[:_MOST_PARTS]]
    told, more = ", ".join(shown), len(parts) - _MOST_PARTS
    told = says.say(Message("names_and_more", {"names": told, "count": more})) if more > 0 else told
    return f"{says.name('detail', name)}: {told}"


def _part(says: Speaker, name: str, part: Any) -> str:
    if isinstance(part, bool):
        return says.say(Message("yes" if part else "no"))
    if isinstance(part, str):
        return part[:8] if _ID.fullmatch(part) else says.name(_KINDS.get(name, ""), part)
    return says.word("", part)


HANDLERS: Final = (get_accounts, post_account, post_change, post_account_password, get_audit)
