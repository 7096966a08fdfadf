"""How a request arrives: from its first moment it has a deadline, and its body has to keep coming.

The deadline stands still while a body arrives, so a large file over a slow line is not cut; but who sends nothing for ten
seconds, or on the whole less than a kilobyte a second, is told that this was too slow, and the connection is closed.
"""

from __future__ import annotations

import time
from typing import Final

import anyio
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPReceiveMessage, Receive, Scope, Send, WebSocketReceiveMessage

from api.record import deadlines
from api.record.refusals import Refused, Trouble
from api.web.bulkheads import ANSWER_SECONDS

SILENT_SECONDS: Final = 10
"""How long nothing of a body may come; and for how long the rate is not looked at."""
LEAST_RATE: Final = 1000
"""Bytes a second that a body must come with on the whole."""


def in_time(app: ASGIApp) -> ASGIApp:
    """Give each request its deadline, and one to its body. A middleware of all routes."""

    async def handle(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == ScopeType.HTTP:
            receive = _kept_coming(receive, deadlines.start(ANSWER_SECONDS))
        await app(scope, receive, send)

    return handle


def _kept_coming(receive: Receive, deadline: deadlines.Deadline) -> Receive:
    waited, came, is_whole = 0.0, 0, False

    async def receive_in_time() -> HTTPReceiveMessage | WebSocketReceiveMessage:
        nonlocal waited, came, is_whole
        if is_whole:  # what comes now is that somebody hung up
            return await receive()
        start = time.monotonic()
        try:
            with anyio.fail_after(SILENT_SECONDS):
                message = await receive()
        except TimeoutError:
            raise Refused(408, Trouble("body", "too_slow")) from None
        took = time.monotonic() - start
        deadline.put_off(took)
        is_whole = message["type"] != "http.request" or not message["more_body"]
        waited, came = waited + took, came + (len(message["body"]) if message["type"] == "http.request" else 0)
        if not is_whole and waited > SILENT_SECONDS and came < waited * LEAST_RATE:
            raise Refused(408, Trouble("body", "too_slow"))
        return message

    return receive_in_time
