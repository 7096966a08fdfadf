"""The routes of the audit: who answers them, and what OpenAPI says is answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from api.audit import endpoints
from api.web.openapi import ID, MOMENT, OBJECT, TEXT, WHOLE, Route, listed, named, or_null

ENDPOINTS: Final[tuple[Any, ...]] = endpoints.HANDLERS
PAGES: Final[tuple[Any, ...]] = ()

AUDITED: Final = named(
    chain=TEXT,
    seq=WHOLE,
    mark=TEXT,
    at=MOMENT,
    account_id=or_null(ID),
    organisation_id=or_null(ID),
    action=TEXT,
    kind=TEXT,
    object_id=TEXT,
    detail=OBJECT,
    hash=TEXT,
)

SAID: Final[Mapping[str, Route]] = {
    "GET /api/v1/audit": Route(None, named(entries=listed(AUDITED))),
}
"""What OpenAPI says of every endpoint, by method and path."""
