"""Coming in from a browser or a program: who it is, and the cookies that a browser keeps of it."""

from __future__ import annotations

from litestar.datastructures import Cookie

from api.accounts import service
from api.accounts.cookies import BROWSER, browser_cookie, session_cookie, session_id_of
from api.record.actor import Actor
from api.web.asking import Asking, actor_of, ask, record_of
from api.web.cookies import cookie_of
from api.web.forms import Form


def sign_in(request: Asking, form: Form) -> tuple[Actor, list[Cookie]]:
    """Sign in with {login, password}; return who it is and the cookies for their browser.

    Raises:
        Refused: 429 where a try comes too early, 401 where name or password is wrong.
    """
    login, password = form.text("login"), form.text("password", secret=True)
    form.done()
    address, mark = request.client.host if request.client else "", cookie_of(request, BROWSER)
    asked = record_of(request), login, password, address, session_id_of(request), mark
    secret, actor, mark = service.sign_in(*asked)
    return actor, _cookies(request, secret, mark)


def change_password(request: Asking, form: Form) -> list[Cookie]:
    """Change one's own password with {old, new}; every other session ends. Return the cookies of the new one.

    Raises:
        Refused: 429 where a try comes too early, 400 where the old one is wrong or the new one too short or too easy.
    """
    old, new = form.text("old", secret=True), form.text("new", secret=True)
    form.done()
    mark = cookie_of(request, BROWSER)
    return _cookies(request, *service.change_password(record_of(request), actor_of(request), old, new, mark))


def sign_out(request: Asking) -> Cookie:
    """End the session of whoever asks; return the cookie that takes it out of the browser."""
    ask(request, service.sign_out)
    return session_cookie("", https=request.app.state.https)


def _cookies(request: Asking, secret: str, mark: str) -> list[Cookie]:
    """What a browser keeps of somebody who came in: the session and a mark."""
    https = request.app.state.https
    return [session_cookie(secret, https=https), browser_cookie(mark, https=https)]
