"""Waiting for a second person: what is answered in place of an act that is not done yet."""

from __future__ import annotations

from typing import Any

from litestar import Response
from litestar.response import Redirect

from api.record.approvals import Approval, Waits
from api.web.asking import Asking, answer_json
from api.web.frame import go


def written(approval: Approval) -> dict[str, Any]:
    """An approval as it is answered."""
    return {
        "id": approval.id,
        "kind": approval.kind,
        "object_id": approval.object_id,
        "given": approval.given,
        "state": approval.state,
        "asked_by": approval.asked_by,
        "asked_at": approval.asked_at.isoformat(),
        "ends_at": approval.ends_at.isoformat(),
        "decided_by": approval.decided_by,
        "decided_at": approval.decided_at.isoformat() if approval.decided_at else None,
        "same_browser": approval.same_browser,
    }


def answer_waits(waits: Waits) -> Response[bytes]:
    """Answer that an act waits: its approval, and where all of them are looked at."""
    response = answer_json(written(waits.approval), 202)
    response.headers["location"] = "/api/v1/approvals"
    return response


def go_and_wait(request: Asking) -> Redirect:
    """Send the browser on to what waits."""
    return go(request, "/approvals", "asked")
