"""Refusals and errors as pages: what is in the way, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from litestar import Response
from litestar.exceptions import HTTPException
from litestar.response import Redirect
from litestar.types import ExceptionHandlersMap

from api.record.refusals import Refused, Trouble
from api.web import errors
from api.web.asking import NO_STORE, SAFE, Asking
from api.web.frame import address, asked_language, page
from api.web.typed import Typed, problems_of
from words.speaking import speaker

CHANGE_FIRST: Final = "change_password_first"
"""Why somebody has to go to the page of their account first."""


def _refused(request: Asking, refused: Refused) -> Response[Any]:
    language = errors.language_of(request)
    if refused.status == 401 and request.method in SAFE:
        where = address("/sign-in", asked_language(request), next=str(request.scope["path"]))
        return Redirect(where, status_code=303, headers=dict(NO_STORE))
    if request.method in SAFE and any(trouble.code == CHANGE_FIRST for trouble in refused.troubles):
        return Redirect(address("/account", asked_language(request)), status_code=303, headers=dict(NO_STORE))
    answer = _problem_page(request, refused.status, problems_of(refused, language))
    answer.headers.update(errors.headers_of_refusal(refused))
    return answer


def _problem_page(request: Asking, status: int, problems: Sequence[Mapping[str, Any]] = ()) -> Response[bytes]:
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
    if why := errors.unavailable(request, error):
        answer = _problem_page(request, 503, errors.problems_of(why, errors.language_of(request)))
        answer.headers.update(errors.headers_of(503, why.code))
        return answer
    errors.log_unexpected(request, error)
    return _problem_page(request, 500)


HANDLERS: Final[ExceptionHandlersMap] = {
    Refused: _refused,
    HTTPException: _of_the_framework,
    Exception: _unexpected,
}
"""What a router of pages does with exceptions: it answers with pages."""
