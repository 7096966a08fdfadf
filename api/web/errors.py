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

from api.record import deadlines
from api.record.refusals import Refused, Trouble
from api.record.unavailable import Unavailable, why_unavailable
from api.web.asking import SAFE
from api.web.strict_json import written
from matcher.facts.participant import InputProblem
from matcher.message import Message
from words.speaking import Speaker, speaker

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


KINDS: Final[Mapping[int, tuple[str, str]]] = {
    400: ("invalid-request", ""),
    401: ("signed-out", ""),
    403: ("not-allowed", ""),
    404: ("not-found", ""),
    405: ("method-not-allowed", ""),
    408: ("too-slow", ""),
    409: ("conflict", ""),
    413: ("too-large", "body"),
    415: ("unsupported-media-type", "content-type"),
    422: ("other-request", "Idempotency-Key"),
    429: ("too-many-tries", ""),
    500: ("internal", ""),
    503: ("busy", ""),
}
"""Of each status what kind of problem it is, and the field at fault where no more can be said."""


COME_BACK: Final = {"retry-after": "30"}
"""Said with 503, in seconds."""
SOON: Final = {"retry-after": "5"}
"""Said where others were first, or took too long."""
HANG_UP: Final = {"connection": "close"}
"""Said with 408: the rest of the body is not waited for."""


def headers_of(status: int, why: str = "") -> dict[str, str]:
    """The headers that a status brings along; `why`: the code of what is unavailable."""
    if status == 503:
        return dict(SOON if why in ("busy", "too_late") else COME_BACK)
    return dict(HANG_UP) if status == 408 else {}


def headers_of_refusal(refused: Refused) -> dict[str, str]:
    """The headers that a refusal brings along; where one has to wait, for how many seconds."""
    waits = [trouble.args["wait"] for trouble in refused.troubles if "wait" in trouble.args]
    later = {"retry-after": str(math.ceil(max(waits).total_seconds()))} if waits else {}
    return headers_of(refused.status) | later


def kind_of(status: int) -> tuple[str, str]:
    """What kind of problem a status is, and its field."""
    return KINDS.get(status) or KINDS[500 if status >= 500 else 400]


def problem(status: int, language: str, problems: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """Return the body of an error answer."""
    says, (kind, field) = speaker(language), kind_of(status)
    title, detail = says.name("problem", kind), says.name("problem_detail", kind)
    listed = list(problems)
    if field and not listed:
        listed = [{"field": field, "value": None, "message": f"{title}.", "remedy": detail}]
    return {
        "type": f"urn:kail:problem:{kind if status in KINDS else status}",
        "title": title,
        "status": status,
        "detail": detail,
        "problems": listed,
    }


def told(says: Speaker, problems: Sequence[InputProblem], prefix: str = "") -> list[dict[str, Any]]:
    """Put input problems into words; `prefix` names the object of the fields. After a hundred they are only counted."""
    listed = [
        {
            "field": shown_text(prefix + p.field),
            "value": shown(p.value),
            "message": shown_text(says.say(p.message), 1000),
            "remedy": shown_text(says.remedy(p.message), 1000),
        }
        for p in problems[:MOST_SHOWN]
    ]
    if len(problems) > MOST_SHOWN:
        more = Message("more_problems", {"count": len(problems) - MOST_SHOWN})
        said = {"message": says.say(more), "remedy": says.remedy(more)}
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
    """The language of an address: ?language=en, else the programme's first. For errors found before a body is read."""
    spoken: Sequence[str] = request.app.state.live.programme.languages
    asked = parse_qs(request.scope.get("query_string", b"").decode("latin-1")).get("language", [])
    return asked[-1] if asked and asked[-1] in spoken else spoken[0]


def _refused(request: Request[Any, Any, Any], refusal: Refusal) -> Response[bytes]:
    return answer_problem(refusal.status, refusal.language, refusal.problems)


def _not_done(request: Request[Any, Any, Any], refused: Refused) -> Response[bytes]:
    language = language_of(request)
    listed = [{name: _told_again(name, part) for name, part in one.items()} for one in refused.problems(language)]
    return answer_problem(refused.status, language, listed, headers_of_refusal(refused))


def _told_again(name: str, part: Any) -> Any:
    """A part of a problem such that it can be written: what was sent may be no Unicode, or a number without end."""
    return shown(part) if name == "value" else shown_text(part, LONGEST_SHOWN if name == "field" else 1000)


def of_the_framework(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    """Answer an error of the framework as ours."""
    if error.status_code >= 500 and "disconnected" not in error.detail:
        return _unexpected(request, error)
    problems: list[dict[str, Any]] = []
    language = language_of(request)
    if error.status_code == 400:  # the framework itself looks at nothing else than these headers
        problems = [Trouble("header", "bad_header").said(language)]
    return answer_problem(error.status_code, language, problems, error.headers)


def problems_of(unavailable: Unavailable, language: str) -> list[dict[str, Any]]:
    """Why something cannot be done for now, as problems."""
    return told(speaker(language), [InputProblem("", None, unavailable.message)])


def _unexpected(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    language = language_of(request)
    if why := unavailable(request, error):
        return answer_problem(503, language, problems_of(why, language), headers_of(503, why.code))
    log_unexpected(request, error)
    return answer_problem(500, language)


def unavailable(request: Request[Any, Any, Any], error: Exception) -> Unavailable | None:
    """Why something cannot be done for now; None where the mistake is ours. Whoever runs the service reads it in the log."""
    why = why_unavailable(error)
    if why is not None and request.method not in SAFE and deadlines.has_committed():
        why = Unavailable("maybe_done")  # of several transactions one was committed: nobody may say that nothing was
    if why is None or isinstance(error, Unavailable):
        return why
    if why.code not in ("busy", "too_late"):
        what = "the disk is full" if why.code == "disk_full" else "the database does not answer"
        handler = request.scope.get("route_handler")
        log.warning("%s: %s in %s", what, type(error).__name__, getattr(handler, "handler_name", "routing"))
    if why.code == "disk_full" and request.app.state.space is not None:
        request.app.state.space.give_up()  # so that the next one who only looks can
    return why


def log_unexpected(request: Request[Any, Any, Any], error: Exception) -> None:
    """Log where it happened, without the message and the address: either could hold what somebody sent."""
    handler = request.scope.get("route_handler")
    frames = "".join(traceback.format_tb(error.__traceback__))
    log.error("unexpected %s in %s\n%s", type(error).__name__, getattr(handler, "handler_name", "routing"), frames)


HANDLERS: Final[ExceptionHandlersMap] = {
    Refusal: _refused,
    Refused: _not_done,
    HTTPException: of_the_framework,
    Exception: _unexpected,
}
