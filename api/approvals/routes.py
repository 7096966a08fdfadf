"""The routes of approvals: who answers them, and what OpenAPI says is sent and answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from api.approvals import endpoints, pages
from api.web.openapi import APPROVAL, ID, MOMENT, ONCE, TEXT, TRUTH, Route, listed, named, or_null, table

ENDPOINTS: Final[tuple[Any, ...]] = endpoints.HANDLERS
PAGES: Final[tuple[Any, ...]] = pages.HANDLERS

APPROVED: Final = table(
    "What was done; a password is told to whoever approved.",
    {
        **APPROVAL["properties"],
        "login": or_null(TEXT, "no password was made"),
        "password": or_null(TEXT, "none was made"),
        "told_once": ONCE,
    },
)
ALONE: Final = named(alone_from=or_null(MOMENT, "two are needed"))

SAID: Final[Mapping[str, Route]] = {
    "GET /api/v1/approvals": Route(
        None,
        named(
            "told: what others did alone, or two accounts in one browser; second: who may approve.",
            approvals=listed(APPROVAL),
            told=listed(APPROVAL),
            second=listed(ID),
        ),
    ),
    "POST /api/v1/approvals/{approval_id}/approve": Route(None, APPROVED),
    "POST /api/v1/approvals/{approval_id}/refuse": Route(None, APPROVAL),
    "POST /api/v1/approvals/{approval_id}/withdraw": Route(None, APPROVAL),
    "GET /api/v1/switches/mentor-reset": Route(None, ALONE),
    "PUT /api/v1/switches/mentor-reset": Route(named(alone=TRUTH), ALONE, waits=True),
}
"""What OpenAPI says of every endpoint, by method and path."""
