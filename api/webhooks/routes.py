"""The routes of webhooks: who answers them, and what OpenAPI says is sent and answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from api.web.openapi import ID, MOMENT, ONCE, TEXT, TRUTH, WHOLE, Route, codes, listed, named, or_null
from api.webhooks import endpoints, pages
from api.webhooks.service import STATES, TROUBLES

ENDPOINTS: Final[tuple[Any, ...]] = endpoints.HANDLERS
PAGES: Final[tuple[Any, ...]] = pages.HANDLERS

_TROUBLE: Final = codes(*TROUBLES)
LOST: Final = named(
    "A change that was tried for days and not taken.",
    id=ID,
    referral=ID,
    move=TEXT,
    at=MOMENT,
    tries=WHOLE,
    trouble=or_null(_TROUBLE),
    status=or_null(WHOLE, "no status was answered"),
)
WEBHOOK: Final = named(
    "waiting: changes on their way. lost: those that failed for good, of which `failed` has the first.",
    id=ID,
    url=TEXT,
    state=codes(*STATES),
    made_at=MOMENT,
    stopped_at=or_null(MOMENT),
    told_at=or_null(MOMENT, "nothing was taken yet"),
    trouble=or_null(_TROUBLE, "the last one was taken"),
    status=or_null(WHOLE, "no status was answered"),
    trouble_at=or_null(MOMENT),
    next_at=or_null(MOMENT, "at once"),
    old_secret_until=or_null(MOMENT, "one secret alone signs"),
    waiting=WHOLE,
    lost=WHOLE,
    failed=listed(LOST),
)
SECRET: Final = {
    "type": "string",
    "description": "what is sent has a header Kail-Signature: t=SECONDS,v1=HEX, with a v1 for each secret that counts: "
    'HMAC-SHA256 under the secret as it is written, over "SECONDS.BODY". Refuse what is older than five minutes, and what '
    "has an id that you took already.",
}

SAID: Final[Mapping[str, Route]] = {
    "GET /api/v1/webhooks": Route(None, named(webhooks=listed(WEBHOOK))),
    "POST /api/v1/webhooks": Route(named(url=TEXT), named(id=ID, secret=SECRET, told_once=ONCE), 201),
    "POST /api/v1/webhooks/{webhook_id}/secret": Route(None, named(secret=SECRET, told_once=ONCE)),
    "POST /api/v1/webhooks/{webhook_id}/again": Route(None, named("again: how much had failed.", again=WHOLE)),
    "DELETE /api/v1/webhooks/{webhook_id}": Route(None, named(stopped=TRUTH)),
    "GET /api/v1/webhook-hosts": Route(None, named(hosts=listed(TEXT))),
    "POST /api/v1/webhook-hosts": Route(named(host=TEXT), named(host=TEXT), 201),
    "DELETE /api/v1/webhook-hosts/{host}": Route(None, named(disallowed=TRUTH)),
}
"""What OpenAPI says of every endpoint, by method and path."""
