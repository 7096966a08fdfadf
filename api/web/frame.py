"""The frame of every page: its language, menu and words, and the way from a form to the next page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Final, cast
from urllib.parse import parse_qs, urlencode
from zoneinfo import ZoneInfo

from litestar import MediaType, Response
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.response import Redirect

from api import __version__
from api.record.actor import Actor
from api.record.listed import Listing
from api.record.live import Live
from api.web import errors
from api.web.asking import NO_STORE, SAFE, Asking
from api.web.once import hidden_token
from api.web.typed import NOTHING, Typed
from matcher.programme.rules import Rules
from words.speaking import Named, speaker
from words.telling import teller

HOMES: Final[Mapping[str, str]] = {
    "mentor": "/work-list",
    "operator": "/accounts",
    "analyst": "/disagreements",
    "lender": "/referrals",
}
"""Where each role begins after signing in."""
MENU: Final[Mapping[str, tuple[str, ...]]] = {
    "mentor": ("/work-list", "/participants", "/referrals", "/account"),
    "operator": (
        "/accounts",
        "/participants",
        "/objections",
        "/withdrawals",
        "/referrals",
        "/lenders",
        "/webhook-hosts",
        "/approvals",
        "/disagreements",
        "/audit",
        "/account",
    ),
    "analyst": ("/disagreements", "/training-sets", "/jobs", "/account"),
    "lender": ("/referrals", "/lending", "/outcomes", "/webhooks", "/approvals", "/account"),
}
"""The pages in the menu of each role."""


ORDERS: Final[Mapping[str, tuple[str, str]]] = {
    "words": ("words", "words_down"),
    "moment": ("moment", "moment_down"),
    "whole": ("whole", "whole_down"),
}
"""What it is called to sort by such values, and to sort by them from the last."""


class Says:
    """What templates say values with, in one language: code(), day(), moment(), options(), to() and sentences of pages."""

    def __init__(self, rules: Rules, language: str) -> None:
        self.t = teller(rules, language)
        self.language, self.languages = language, rules.programme.languages
        self.zone = ZoneInfo(rules.programme.timezone)
        self.given = {
            "language": language,
            "labels": self.t.names("field"),
            "version": __version__,
            "digest": rules.programme.digest[:12],
            "_": self.sentence,
            "code": self.named,
            "options": self.options,
            "orders": self.orders,
            "day": self.day,
            "moment": self.moment,
            "rupiah": self.t.rupiah,
            "to": self.to,
            "t": self.t,
        }

    def sentence(self, code: str, **args: Any) -> str:
        """A sentence of a page, filled in."""
        return self.t.sentence("page", code, **args)

    def named(self, kind: str, code: str) -> str:
        """What a code is called: by the programme, where it has entries of that kind, else by the catalogues."""
        return self.t.word(kind, code) if code in self.t.entries.get(kind, ()) else self.t.name(kind, code)

    def options(self, kind: str, some: Sequence[str] = ()) -> list[tuple[str, str]]:
        """Codes to choose from, with their names."""
        return [(code, self.named(kind, code)) for code in some or self.t.catalogue.codes(kind)]

    def orders(self, listing: Listing) -> list[tuple[str, str]]:
        """The orders that a list may be sorted in, in words."""
        return [(order, self._order(listing, order)) for order in listing.orders()]

    def _order(self, listing: Listing, order: str) -> str:
        column = listing.column(order.removeprefix("-"))
        said = ORDERS[column.sorts][order.startswith("-")]
        return self.t.sentence("order", said, column=Named("column", column.key))

    def day(self, value: date | str | None) -> str:
        """A day written out; of a moment that is written down, the day that it was where the programme is run."""
        if isinstance(value, str):
            value = datetime.fromisoformat(value)
            value = (value.astimezone(self.zone) if value.tzinfo else value).date()
        return self.t.day(value) if value else ""

    def moment(self, value: datetime | str) -> str:
        """A moment where the programme is run."""
        return self.t.moment(datetime.fromisoformat(value) if isinstance(value, str) else value, self.zone)

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


@lru_cache(maxsize=16)
def _says(rules: Rules, language: str) -> Says:
    return Says(rules, language)


def page(
    request: Asking, template: str, *, typed: Typed = NOTHING, status: int = 0, here: str = "", **context: Any
) -> Response[bytes]:
    """Show a page. `here`: the path at which it can be read again, where that is not the one asked for.

    It is written here, in the thread of whoever asks for it, and not by the framework, which would do that where all the
    others wait to be let in.
    """
    live: Live = request.app.state.live
    actor: Actor | None = getattr(request.state, "actor", None)
    says = _says(live.rules, errors.language_of(request))
    name, named = template.removesuffix(".html"), says.t.name
    done = parse_qs(request.scope.get("query_string", b"").decode("latin-1")).get("done", [""])[-1]
    path = here or str(request.scope["path"])
    frame = {
        "others": says.others(path),
        "title": named("title", name) if says.t.knows("title", name) else says.sentence("kail"),
        "today": live.today.isoformat(),
        "actor": actor,
        "record": request.app.state.record is not None,
        "home": HOMES[actor.role] if actor else "/",
        "menu": [(to, named("menu", to.strip("/").replace("-", "_"))) for to in MENU[actor.role]] if actor else [],
        "path": path,
        "done": named("done", done) if says.t.knows("done", done) else "",
        "typed": typed,
        "once": hidden_token(),
    }
    written = _filled(request, template, {**says.given, **frame, **context}).encode()
    headers = dict(NO_STORE) if actor or request.method not in SAFE else None
    return Response(written, status_code=status or typed.status, headers=headers, media_type=MediaType.HTML)


def piece(request: Asking, template: str, **context: Any) -> str:
    """A piece of a page by itself, without its frame: what is printed."""
    live: Live = request.app.state.live
    return _filled(request, template, {**_says(live.rules, errors.language_of(request)).given, **context})


def _filled(request: Asking, template: str, context: Mapping[str, Any]) -> str:
    engine = cast(JinjaTemplateEngine, request.app.template_engine)
    return str(engine.get_template(template).render(context))


def address(path: str, language: str, **more: str) -> str:
    """A path of ours, in a language where one is asked for."""
    asked = {name: value for name, value in {"language": language, **more}.items() if value}
    return f"{path}?{urlencode(asked)}" if asked else path


def asked_language(request: Asking) -> str:
    """The language of an address as the next address asks for it; "" is the programme's first."""
    language = errors.language_of(request)
    return "" if language == request.app.state.live.programme.languages[0] else language


def go(request: Asking, path: str, done: str = "", **more: str) -> Redirect:
    """Send the browser on to a page, after a form; `done` names what is said there, `more` is asked of it."""
    where = address(path, asked_language(request), done=done, **more)
    return Redirect(where, status_code=303, headers=dict(NO_STORE))
