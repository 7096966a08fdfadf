"""Errors: every one is answered as problem+json (RFC 9457), in words, in the language asked, listing all that is wrong.

A wrong value is shown to whoever sent it and to nobody else: nothing in this module logs one.
"""

from __future__ import annotations

import logging
import math
import traceback
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import parse_qs

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException
from litestar.types import ExceptionHandlersMap
from sqlalchemy.exc import OperationalError

from api.record.refusals import Refused
from api.web.strict_json import written
from api.web.words import OWN, PROBLEMS, REMEDIES, Teller
from matcher.facts.participant import InputProblem
from matcher.message import Message

PROBLEM_JSON: Final = "application/problem+json"
MOST_SHOWN: Final = 100
LONGEST_SHOWN: Final = 200
_SAFE_INTEGER: Final = 2**53

log = logging.getLogger("kail")


class Refusal(Exception):
    """A request that cannot be answered, with every problem found, already in words."""

    def __init__(self, status: int, language: str, problems: Sequence[Mapping[str, Any]]) -> None:
        self.status, self.language, self.problems = status, language, problems
        super().__init__(f"{status}, {len(problems)} problem(s)")


def problem(status: int, language: str, problems: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """Return the body of an error answer."""
    kind = PROBLEMS.get(status) or PROBLEMS[500 if status >= 500 else 400]
    listed = list(problems)
    if kind["field"] and not listed:
        said = {"message": f"{kind['title'][language]}.", "remedy": kind["detail"][language]}
        listed = [{"field": kind["field"], "value": None, **said}]
    return {
        "type": f"urn:kail:problem:{kind['type'] if status in PROBLEMS else status}",
        "title": kind["title"][language],
        "status": status,
        "detail": kind["detail"][language],
        "problems": listed,
    }


def told(teller: Teller, problems: Sequence[InputProblem], prefix: str = "") -> list[dict[str, Any]]:
    """Put input problems into words; `prefix` names the object of the fields. After a hundred they are only counted."""
    listed = [
        {
            "field": shown_text(prefix + p.field),
            "value": shown(p.value),
            "message": shown_text(teller.say(p.message), 1000),
            "remedy": shown_text(teller.remedy(p.message), 1000),
        }
        for p in problems[:MOST_SHOWN]
    ]
    if len(problems) > MOST_SHOWN:
        more = Message("more_problems", {"count": len(problems) - MOST_SHOWN})
        said = {"message": teller.say(more), "remedy": teller.remedy(more)}
        listed.append({"field": prefix.rstrip("."), "value": None, **said})
    return listed


def shown(value: Any) -> Any:
    """Return a value as it can be shown again: short, and such that every JSON reader can read it."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int) and abs(value) < _SAFE_INTEGER:
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    text = written(value)
    if len(text) <= LONGEST_SHOWN and isinstance(value, list):
        return [shown(one) for one in value]
    if len(text) <= LONGEST_SHOWN and isinstance(value, dict):
        return {shown_text(str(name)): shown(one) for name, one in value.items()}
    return shown_text(text)


def shown_text(text: str, longest: int = LONGEST_SHOWN) -> str:
    """Cut a text and replace what is no Unicode."""
    cut = text if len(text) <= longest else f"{text[: longest - 1]}…"
    return cut.encode("utf-8", "replace").decode("utf-8")


def answer_problem(
    status: int, language: str, problems: Sequence[Mapping[str, Any]] = (), headers: Mapping[str, str] | None = None
) -> Response[bytes]:
    """Return an error as a response."""
    content = msgspec.json.encode(problem(status, language, problems))
    kept = {**(headers or {}), "cache-control": "no-store"}
    return Response(content, status_code=status, media_type=PROBLEM_JSON, headers=kept)


def language_of(request: Request[Any, Any, Any]) -> str:
    """The language of an address: ?language=en, else Indonesian. For errors found before a body could be read."""
    asked = parse_qs(request.scope.get("query_string", b"").decode("latin-1")).get("language", [])
    return "en" if asked[-1:] == ["en"] else "id"


def _refused(request: Request[Any, Any, Any], refusal: Refusal) -> Response[bytes]:
    return answer_problem(refusal.status, refusal.language, refusal.problems)


def _not_done(request: Request[Any, Any, Any], refused: Refused) -> Response[bytes]:
    language = language_of(request)
    listed = [{name: _told_again(name, part) for name, part in one.items()} for one in refused.problems(language)]
    return answer_problem(refused.status, language, listed)


def _told_again(name: str, part: Any) -> Any:
    """A part of a problem such that it can be written: what was sent may be no Unicode, or a number without end."""
    return shown(part) if name == "value" else shown_text(part, LONGEST_SHOWN if name == "field" else 1000)


def of_the_framework(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    """Answer an error of the framework as ours."""
    if error.status_code >= 500 and "disconnected" not in error.detail:
        return _unexpected(request, error)
    language, problems = language_of(request), []
    if error.status_code == 400:  # the framework itself looks at nothing else than these headers
        said = {"message": OWN["bad_header"][language], "remedy": REMEDIES["bad_header"][language]}
        problems = [{"field": "header", "value": None, **said}]
    return answer_problem(error.status_code, language, problems, error.headers)


def _database(request: Request[Any, Any, Any], error: OperationalError) -> Response[bytes]:
    from api.record.database import is_busy  # here, since a service without a record never gets here

    if not is_busy(error):
        return _unexpected(request, error)
    return answer_problem(503, language_of(request), headers={"retry-after": "30"})


def _unexpected(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    log_unexpected(request, error)
    return answer_problem(500, language_of(request))


def log_unexpected(request: Request[Any, Any, Any], error: Exception) -> None:
    """Log where it happened, without the message and the address: either could hold what somebody sent."""
    handler = request.scope.get("route_handler")
    frames = "".join(traceback.format_tb(error.__traceback__))
    log.error("unexpected %s in %s\n%s", type(error).__name__, getattr(handler, "handler_name", "routing"), frames)


HANDLERS: Final[ExceptionHandlersMap] = {
    Refusal: _refused,
    Refused: _not_done,
    HTTPException: of_the_framework,
    OperationalError: _database,
    Exception: _unexpected,
}
