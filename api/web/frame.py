"""The frame of every page: its language, menu and words; what was typed, kept; and refusals shown as pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final
from urllib.parse import parse_qs, parse_qsl, urlencode
from zoneinfo import ZoneInfo

from litestar import Response
from litestar.exceptions import HTTPException
from litestar.response import Redirect, Template
from litestar.types import ExceptionHandlersMap

from api import __version__
from api.record.actor import Actor
from api.record.live import Live
from api.record.refusals import Refused, Trouble
from api.web import errors
from api.web.asking import NO_STORE, SAFE, Asking
from words.speaking import speaker
from words.telling import teller

Fields = Mapping[str, Any]
HOMES: Final[Mapping[str, str]] = {
    "mentor": "/work-list",
    "operator": "/accounts",
    "analyst": "/disagreements",
    "lender": "/account",
}
"""Where each role begins after signing in."""
MENU: Final[Mapping[str, tuple[str, ...]]] = {
    "mentor": ("/work-list", "/participants", "/account"),
    "operator": ("/accounts", "/participants", "/objections", "/disagreements", "/audit", "/account"),
    "analyst": ("/disagreements", "/account"),
    "lender": ("/account",),
}
"""The pages in the menu of each role."""
MOST_BYTES: Final = 256 * 1024
MOST_FIELDS: Final = 500
NEVER_KEPT: Final = ("password", "old", "new", "confirm")
_TOO_LONG: Final = 8000


@dataclass(frozen=True)
class Typed:
    """What somebody typed into a form, and everything that was wrong with it."""

    fields: Fields = field(default_factory=dict)
    problems: Sequence[Mapping[str, Any]] = ()
    status: int = 200

    @classmethod
    def after(cls, refused: Refused, fields: Fields, language: str) -> Typed:
        """What to show again after a refusal; passwords and confirmations are never kept."""
        kept = {name: value for name, value in fields.items() if name not in NEVER_KEPT}
        return cls(kept, problems_of(refused, language), refused.status)

    def value(self, name: str, otherwise: Any = "") -> str:
        """What was typed into a field."""
        value = self.fields.get(name, otherwise)
        return value[-1] if isinstance(value, list) else str(value)

    def ticked(self, name: str, code: str) -> bool:
        """Whether a box or an option was chosen."""
        value = self.fields.get(name)
        return code in value if isinstance(value, list) else code == value

    def wrong(self, name: str) -> list[Mapping[str, Any]]:
        """The problems of a field."""
        return [p for p in self.problems if p["field"] == name or p["field"].startswith(f"{name}.")]


NOTHING: Final = Typed()


def problems_of(refused: Refused, language: str) -> list[Mapping[str, Any]]:
    """The problems of a refusal, each field under the name that the page gives it."""
    named = speaker(language).name
    said = [
        Trouble(t.field, t.code, t.value, **{**t.args, "name": named("field", t.field)}).said(language)
        for t in refused.troubles
    ]
    return [*refused.already_told, *said]


def fields_of(body: bytes) -> dict[str, Any]:
    """Read the fields of a form: a text, or a list of texts where a field stands more than once.

    Raises:
        Refused: 400 if that is no form of ours.
    """
    found: dict[str, Any] = {}
    try:
        pairs = parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict")
    except ValueError:
        raise Refused(400, Trouble("body", "bad_form")) from None
    for name, sent in pairs:
        text = sent.replace("\r\n", "\n")[:_TOO_LONG]
        before = found.get(name)
        found[name] = text if before is None else [*(before if isinstance(before, list) else [before]), text]
    return found


def attempt(
    request: Asking, fields: Fields, work: Callable[[], Response[Any]], again: Callable[[Typed], Response[Any]]
) -> Response[Any]:
    """Do what a form asks; where it is refused, show the form again with what was typed and all that is wrong.

    Raises:
        Refused: 403 and 404, which no other input would mend.
    """
    try:
        return work()
    except Refused as refused:
        if refused.status in (403, 404):
            raise
        return again(Typed.after(refused, fields, errors.language_of(request)))


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
        """The other languages: code, name in its own words, and the address of this page in it."""
        return [
            (
                one,
                speaker(one).locale.get_language_name(one) or one,
                address(path, "" if one == self.languages[0] else one),
            )
            for one in self.languages
            if one != self.language
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


# -- refusals as pages -------------------------------------------------------------------------------------------------


def _refused(request: Asking, refused: Refused) -> Response[Any]:
    language = errors.language_of(request)
    if refused.status == 401 and request.method in SAFE:
        where = address("/sign-in", asked_language(request), next=str(request.scope["path"]))
        return Redirect(where, status_code=303, headers=dict(NO_STORE))
    return _problem_page(request, refused.status, problems_of(refused, language))


def _problem_page(request: Asking, status: int, problems: Sequence[Mapping[str, Any]] = ()) -> Template:
    """A small page that says what is in the way and what to do about it."""
    language = errors.language_of(request)
    says, (kind, _) = speaker(language), errors.kind_of(status)
    if not problems and status == 404:
        problems = [Trouble("", "not_found").said(language)]
    detail = "" if problems or status == 400 else says.name("problem_detail", kind)
    context = {"heading": says.name("problem", kind), "detail": detail, "signed_out": status == 401}
    return page(request, "problem.html", status=status, here="/", typed=Typed({}, problems, status), **context)


def _of_the_framework(request: Asking, error: HTTPException) -> Response[Any]:
    if error.status_code >= 500:
        return _unexpected(request, error)
    answer = _problem_page(request, error.status_code)
    answer.headers.update(error.headers or {})
    return answer


def nowhere(request: Asking, error: HTTPException) -> Response[Any]:
    """Answer for an address that does not exist: a browser reads a page, a program JSON."""
    browser = "text/html" in request.headers.get("accept", "") and not request.scope["path"].startswith("/api/")
    answer = _of_the_framework(request, error) if browser else errors.of_the_framework(request, error)
    answer.headers["vary"] = "accept"
    return answer


def _unexpected(request: Asking, error: Exception) -> Response[Any]:
    errors.log_unexpected(request, error)
    return _problem_page(request, 500)


HANDLERS: Final[ExceptionHandlersMap] = {
    Refused: _refused,
    HTTPException: _of_the_framework,
    Exception: _unexpected,
}
"""What a router of pages does with exceptions: it answers with pages."""
