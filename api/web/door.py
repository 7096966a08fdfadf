"""The door: connections that ask for nothing do not keep others out. uvicorn's protocol, with what it lacks.

The headers of a request are complete within ten seconds after the connection was opened or the answer before was written,
however they trickle in, or the connection is closed. Where too many are open, the one that has been silent longest makes
room, so that whoever comes gets in. When the server stops, a body that does not come is not waited for.
"""

from __future__ import annotations

import asyncio
from math import inf
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEADER_SECONDS: Final = 10
BODY_AT_STOP_SECONDS: Final = 2
"""How long a body that has begun is waited for when the server stops."""
MOST_CONNECTIONS: Final = 1000
"""Of one process that answers, where the system allows as many handles."""
_OTHER_HANDLES: Final = 160
"""Kept free for the database, files and pipes."""
_FEWEST: Final = 16


def raise_limit() -> None:
    """Take as many handles as the system lets this process have; where it knows no such limit, nothing is to be done."""
    try:
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    except (ImportError, OSError, ValueError):
        pass


def most_connections() -> int:
    """How many connections may be open at once."""
    try:
        import resource
    except ImportError:
        return MOST_CONNECTIONS // 4
    handles, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = inf if handles == resource.RLIM_INFINITY else handles - _OTHER_HANDLES
    return int(max(min(allowed, MOST_CONNECTIONS), _FEWEST))


class Door(HttpToolsProtocol):
    """A connection."""

    most = most_connections()  # when a worker starts, which inherits its limit

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._timer: asyncio.TimerHandle | None = None
        self._unsent = 0
        self.silent_since = 0.0
        """Since when headers are waited for; 0 while a request is answered."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Let somebody in; where too many are, whoever was silent longest goes."""
        super().connection_made(transport)
        self._wait_for_headers()
        if len(self.connections) > self.most:
            self._make_room()

    def on_headers_complete(self) -> None:
        """A request has come."""
        self._stop_waiting()
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        """An answer is written, as far as it goes at once; the next request is waited for."""
        super().on_response_complete()
        if self.cycle.response_complete:
            self._wait_for_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        """Whoever was here has gone."""
        self._stop_waiting()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """The server stops."""
        super().shutdown()
        if self._waits_for_body:
            self.loop.call_later(BODY_AT_STOP_SECONDS, self._give_up_body)

    @property
    def _waits_for_body(self) -> bool:
        return self.cycle is not None and self.cycle.more_body and not self.cycle.response_complete

    def _give_up_body(self) -> None:
        if self._waits_for_body:
            self.transport.close()

    def _wait_for_headers(self) -> None:
        self._stop_waiting()
        self.silent_since = self.loop.time()
        self._unsent = self.transport.get_write_buffer_size()
        self._timer = self.loop.call_later(HEADER_SECONDS, self._too_slow)

    def _stop_waiting(self) -> None:
        self.silent_since = 0.0
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _too_slow(self) -> None:
        unsent = self.transport.get_write_buffer_size()
        if 0 < unsent < self._unsent:  # the answer before is still being taken, be it slowly
            self._wait_for_headers()
        else:
            self.transport.abort()

    def _make_room(self) -> None:
        others = (one for one in self.connections if isinstance(one, Door) and one is not self)
        silent = [one for one in others if one.silent_since and not one.transport.is_closing()]
        if silent:
            min(silent, key=lambda one: one.silent_since).transport.abort()
