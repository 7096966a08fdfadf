"""The page of approvals: what waits, who asked, until when; and what the organisation lets one operator do alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, RawBody

from api.accounts.second_person import STANDING, choose_mentor_reset
from api.accounts.service import NewAccount
from api.approvals import service
from api.approvals.forms import read_alone
from api.record.approvals import WAITING, Waits
from api.record.live import Live
from api.web.asking import Asking, actor_of, ask, in_thread, in_turn, record_of
from api.web.forms import Form
from api.web.frame import go, page
from api.web.typed import NOTHING, Typed, attempt
from api.web.waiting import go_and_wait


@get("/approvals")
@in_thread
def get_approvals(request: Asking) -> Response[Any]:
    """Show what waits for a second person, and what became of the rest."""
    return _approvals_page(request)


def _approvals_page(request: Asking, typed: Typed = NOTHING, made: NewAccount | None = None) -> Response[Any]:
    seen = ask(request, service.look_at)
    context: dict[str, Any] = {
        "seen": seen,
        "waiting": [one for one in seen.approvals if one.state == WAITING],
        "over": [one for one in seen.approvals if one.state != WAITING],
        "may_approve": any(row.id == actor_of(request).account_id for row in seen.second),
        "hours": int(STANDING.total_seconds() // 3600),
        "made": made,
    }
    return page(request, "approvals.html", typed=typed, here="/approvals", **context)


def _attempt(request: Asking, body: bytes, work: Callable[[Form], Response[Any]]) -> Response[Any]:
    return attempt(request, body, work, lambda typed: _approvals_page(request, typed))


@post("/approvals/{approval_id:str}/approve")
@in_turn
def post_approve(
    request: Asking, approval_id: FromPath[str], body: RawBody, live: NamedDependency[Live]
) -> Response[Any]:
    """Approve what somebody else asked for; a new password is shown this once."""

    def approve(form: Form) -> Response[Any]:
        form.done()
        _, made = service.approve(record_of(request), actor_of(request), approval_id, live.rules)
        return _approvals_page(request, made=made) if made else go(request, "/approvals", "approved")

    return _attempt(request, body, approve)


@post("/approvals/{approval_id:str}/refuse")
@in_thread
def post_refuse(request: Asking, approval_id: FromPath[str], body: RawBody) -> Response[Any]:
    """Refuse what somebody else asked for."""

    def refuse(form: Form) -> Response[Any]:
        form.done()
        ask(request, service.refuse, approval_id)
        return go(request, "/approvals", "refused")

    return _attempt(request, body, refuse)


@post("/approvals/{approval_id:str}/withdraw")
@in_thread
def post_withdraw(request: Asking, approval_id: FromPath[str], body: RawBody) -> Response[Any]:
    """Withdraw what one asked for oneself."""

    def withdraw(form: Form) -> Response[Any]:
        form.done()
        ask(request, service.withdraw, approval_id)
        return go(request, "/approvals", "withdrawn")

    return _attempt(request, body, withdraw)


@post("/approvals/mentor-reset")
@in_thread
def post_mentor_reset(request: Asking, body: RawBody) -> Response[Any]:
    """Choose what the organisation lets one operator do alone."""

    def choose(form: Form) -> Response[Any]:
        chosen = ask(request, choose_mentor_reset, read_alone(form))
        return go_and_wait(request) if isinstance(chosen, Waits) else go(request, "/approvals", "switch")

    return _attempt(request, body, choose)


HANDLERS: Final = (get_approvals, post_approve, post_refuse, post_withdraw, post_mentor_reset)
