"""The endpoints of approvals: what waits is listed, approved, refused or withdrawn; what one may do alone is chosen."""

from __future__ import annotations

from typing import Any, Final

from litestar import Response, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, RawBody

from api.accounts.second_person import choose_mentor_reset, mentor_reset_alone_from
from api.accounts.service import NewAccount
from api.approvals import service
from api.approvals.forms import read_alone
from api.record.approvals import Waits
from api.record.live import Live
from api.web.asking import Asking, actor_of, answer_json, ask, in_thread, in_turn, look_up, record_of
from api.web.forms import Form
from api.web.waiting import answer_waits, written


@get("/api/v1/approvals")
@in_thread
def get_approvals(request: Asking) -> Response[bytes]:
    """List what waits for a second person, and what became of the rest; a mentor sees their own."""
    seen = ask(request, service.look_at)
    return answer_json(
        {
            "approvals": [written(one) for one in seen.approvals],
            "told": [written(one) for one in seen.told],
            "second": [row.id for row in seen.second],
        }
    )


@post("/api/v1/approvals/{approval_id:str}/approve", status_code=200)
@in_turn
def post_approve(request: Asking, approval_id: FromPath[str], live: NamedDependency[Live]) -> Response[bytes]:
    """Approve what another operator or a mentor asked for: it is done with that. A new password is told this once."""
    approval, made = service.approve(record_of(request), actor_of(request), approval_id, live.rules)
    return answer_json(written(approval) | _told(made))


def _told(made: NewAccount | None) -> dict[str, Any]:
    if made is None:
        return {"login": None, "password": None, "told_once": False}
    return {"login": made.login, "password": made.password, "told_once": True}


@post("/api/v1/approvals/{approval_id:str}/refuse", status_code=200)
@in_thread
def post_refuse(request: Asking, approval_id: FromPath[str]) -> Response[bytes]:
    """Refuse what somebody else asked for; nothing is done."""
    return answer_json(written(ask(request, service.refuse, approval_id)))


@post("/api/v1/approvals/{approval_id:str}/withdraw", status_code=200)
@in_thread
def post_withdraw(request: Asking, approval_id: FromPath[str]) -> Response[bytes]:
    """Withdraw what one asked for oneself; nothing is done."""
    return answer_json(written(ask(request, service.withdraw, approval_id)))


@get("/api/v1/switches/mentor-reset")
@in_thread
def get_mentor_reset(request: Asking) -> Response[bytes]:
    """Say from when on one operator alone may give a mentor a new password."""
    return answer_json({"alone_from": look_up(request, mentor_reset_alone_from)})


@put("/api/v1/switches/mentor-reset")
@in_thread
def put_mentor_reset(request: Asking, body: RawBody) -> Response[bytes]:
    """Choose whether one operator {alone} may give a mentor a new password: from a day later on, or no longer."""
    chosen = ask(request, choose_mentor_reset, read_alone(Form.of_json(body)))
    return answer_waits(chosen) if isinstance(chosen, Waits) else answer_json({"alone_from": chosen})


HANDLERS: Final = (
    get_approvals,
    post_approve,
    post_refuse,
    post_withdraw,
    get_mentor_reset,
    put_mentor_reset,
)
