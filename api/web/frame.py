"""The frame of every page: its language, menu and words, and the way from a form to the next page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final
from urllib.parse import parse_qs, urlencode
from zoneinfo import ZoneInfo

from litestar.response import Redirect, Template

from api import __version__
from api.record.actor import Actor
from api.record.live import Live
from api.web import errors
from api.web.asking import NO_STORE, SAFE, Asking
from api.web.once import hidden_token
from api.web.typed import NOTHING, Typed
from words.speaking import speaker
from words.telling import teller

HOMES: Final[Mapping[str, str]] = {
    "mentor": "/work-list",
    "operator": "/accounts",
    "analyst": "/disagreements",
    "lender": "/account",
}
"""Where each role begins after signing in."""
MENU: Final[Mapping[str, tuple[str, ...]]] = {
    "mentor": ("/work-list", "/participants", "/account"),
    "operator": (
        "/accounts",
        "/participants",
        "/objections",
        "/withdrawals",
        "/approvals",
        "/disagreements",
        "/audit",
        "/account",
    ),
    "analyst": ("/disagreements", "/account"),
    "lender": ("/account",),
}
"""The pages in the menu of each role."""


class Says:
    """What templates say values with, in one language: code(), day(), moment(), options(), to() and sentences of pages."""

    def __init__(self, live: Live, language: str) -> None:
        self.t = teller(live.rules, language)
        self.language, self.languages = language, live.programme.languages
        self.zone = ZoneInfo(live.programme.timezone)

    def sentence(self, code: str, **args: Any) -> str:
        """A sentence of a page, filled in."""
        return self.t.sentence("page", code, **args)

    def options(self, kind: str, some: Sequence[str] = ()) -> list[tuple[str, str]]:
        """Codes to choose from, with their names."""
        return [(code, self.t.name(kind, code)) for code in some or self.t.catalogue.codes(kind)]

    def day(self, value: date | str | None) -> str:
        """A day written out."""
        return self.t.day(date.fromisoformat(value) if isinstance(value, str) else value) if value else ""

    def moment(self, value: datetime) -> str:
        """A moment where the programme is run."""
        return self.t.moment(value, self.zone)

    def to(self, path: str, **more: object) -> str:
        """An address in this language."""
        return address(path, self.asked, **{name: str(value) for name, value in more.items()})

    @property
    def asked(self) -> str:
        """The language as an address asks for it: the programme's first goes without saying."""
        return "" if self.language == self.languages[0] else self.language

    def others(self, path: str) -> list[tuple[str, str, str]]:
        """The other languages: code, what its own speakers call it, and the address of this page in it."""
        asked = [(one, "" if one == self.languages[0] else one) for one in self.languages if one != self.language]
        return [
            (one, speaker(one).sentence("page", "read_in_this_language"), address(path, said)) for one, said in asked
        ]


def page(
    request: Asking, template: str, *, typed: Typed = NOTHING, status: int = 0, here: str = "", **context: Any
) -> Template:
    """Show a page. `here`: the path at which it can be read again, where that is not the one asked for."""
    language = errors.language_of(request)
    live: Live = request.app.state.live
    actor: Actor | None = getattr(request.state, "actor", None)
    says = Says(live, language)
    name, named = template.removesuffix(".html"), says.t.name
    done = parse_qs(request.scope.get("query_string", b"").decode("latin-1")).get("done", [""])[-1]
    path = here or str(request.scope["path"])
    frame = {
        "language": language,
        "others": says.others(path),
        "labels": says.t.names("field"),
        "title": named("title", name) if says.t.knows("title", name) else says.sentence("kail"),
        "version": __version__,
        "digest": live.rules.programme.digest[:12],
        "today": live.today.isoformat(),
        "actor": actor,
        "record": request.app.state.record is not None,
        "home": HOMES[actor.role] if actor else "/",
        "menu": [(to, named("menu", to.strip("/").replace("-", "_"))) for to in MENU[actor.role]] if actor else [],
        "path": path,
        "done": named("done", done) if says.t.knows("done", done) else "",
        "typed": typed,
        "once": hidden_token(),
        "_": says.sentence,
        "code": named,
        "options": says.options,
        "day": says.day,
        "moment": says.moment,
        "rupiah": says.t.rupiah,
        "to": says.to,
        "t": says.t,
    }
    headers = dict(NO_STORE) if actor or request.method not in SAFE else None
    return Template(template, context={**frame, **context}, status_code=status or typed.status, headers=headers)


def address(path: str, language: str, **more: str) -> str:
    """A path of ours, in a language where one is asked for."""
    asked = {name: value for name, value in {"language": language, **more}.items() if value}
    return f"{path}?{urlencode(asked)}" if asked else path


def asked_language(request: Asking) -> str:
    """The language of an address as the next address asks for it; "" is the programme's first."""
    language = errors.language_of(request)
    return "" if language == request.app.state.live.programme.languages[0] else language


def go(request: Asking, path: str, done: str = "") -> Redirect:
    """Send the browser on to a page, after a form; `done` names what is said there."""
    where = address(path, asked_language(request), done=done)
    return Redirect(where, status_code=303, headers=dict(NO_STORE))
