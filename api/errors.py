"""Errors: every one is answered as problem+json (RFC 9457), in words, in the language asked, listing all that is wrong.

A wrong value is shown to whoever sent it and to nobody else: nothing in this module logs one.
"""

from __future__ import annotations

import logging
import math
import traceback
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import parse_qs

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException
from litestar.types import ExceptionHandlersMap

from api.words import PROBLEMS, Teller
from matcher.participant import InputProblem

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
    listed = list(problems[:MOST_SHOWN])
    if len(problems) > MOST_SHOWN:
        more = kind["more"][language].format(count=len(problems) - MOST_SHOWN)
        listed.append({"field": "", "value": None, "message": more})
    return {
        "type": f"urn:kail:problem:{kind['type'] if status in PROBLEMS else HTTPStatus(status).name.lower()}",
        "title": kind["title"][language],
        "status": status,
        "detail": kind["detail"][language].format(count=len(problems)),
        "problems": listed,
    }


def told(teller: Teller, problems: Sequence[InputProblem], prefix: str = "") -> list[dict[str, Any]]:
    """Put input problems into words; `prefix` names the object in which the fields stand."""
    return [
        {"field": shown_text(prefix + p.field), "value": shown(p.value), "message": shown_text(teller.say(p.message), 1000)}
        | ({"remedy": remedy} if (remedy := teller.remedy(p.message)) else {})
        for p in problems
    ]


def shown(value: Any) -> Any:
    """Return a value as it can be shown again: short, and such that every JSON reader can read it."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int) and abs(value) < _SAFE_INTEGER:
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    return shown_text(value if isinstance(value, str) else str(value))


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


def _of_the_framework(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    return answer_problem(error.status_code, language_of(request), headers=error.headers)


def _unexpected(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Log where it happened, without the message and the address: either could hold what somebody sent."""
    handler = request.scope.get("route_handler")
    frames = "".join(traceback.format_tb(error.__traceback__))
    log.error("unexpected %s in %s\n%s", type(error).__name__, getattr(handler, "handler_name", "routing"), frames)
    return answer_problem(500, language_of(request))


HANDLERS: Final[ExceptionHandlersMap] = {
    Refusal: _refused,
    HTTPException: _of_the_framework,
    Exception: _unexpected,
}
