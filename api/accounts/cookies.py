"""The two cookies of signing in: of the session, and of a browser in which somebody came in before."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie

from api.accounts.limits import KNOWN_FOR
from api.accounts.sessions import ABSOLUTE
from api.web.cookies import cookie, cookie_of

COOKIE: Final = "kail_session"
BROWSER: Final = "kail_browser"


def session_id_of(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    """The session id that a browser sends; "" without one."""
    return cookie_of(connection, COOKIE)


def session_cookie(secret: str, *, https: bool) -> Cookie:
    """The cookie of a session; "" ends it."""
    return cookie(COOKIE, secret, ABSOLUTE if secret else timedelta(), https=https)


def browser_cookie(mark: str, *, https: bool) -> Cookie:
    """The cookie by which a browser is known in which somebody came in before."""
    return cookie(BROWSER, mark, KNOWN_FOR, https=https)
