"""What can go wrong, as exceptions: each names every problem with its field, value and remedy, as the service told them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong."""

    field: str
    value: Any
    message: str
    remedy: str


class KailError(Exception):
    """Nothing was done. `status`: what was answered, 0 where nothing was."""

    def __init__(self, status: int, title: str, problems: Sequence[Problem] = ()) -> None:
        self.status, self.title, self.problems = status, title, tuple(problems)
        told = [f"{one.field}: {one.message} {one.remedy}".strip() for one in problems]
        super().__init__(" | ".join([title, *told]))


class Invalid(KailError):
    """What was sent cannot be read or cannot be."""


class NotSignedIn(KailError):
    """The key is unknown, ended or was taken back."""


class NotAllowed(KailError):
    """The key lacks a scope, or its account may not do that."""


class NotFound(KailError):
    """There is no such thing, or it is not yours."""


class Conflict(KailError):
    """It was changed meanwhile, or does not go with what stands there: look at it again."""


class Busy(KailError):
    """Too many are asking, or it cannot be done just now: come back later."""


class Unreachable(KailError):
    """No connection, however often it was tried. What was asked for may be done: ask, or ask for it again."""


_KINDS: Final[Mapping[int, type[KailError]]] = {
    400: Invalid,
    401: NotSignedIn,
    403: NotAllowed,
    404: NotFound,
    409: Conflict,
    422: Invalid,
    429: Busy,
    502: Busy,
    503: Busy,
    504: Busy,
}


def error_of(status: int, answer: Any) -> KailError:
    """The exception for a refusal; of an answer that is none of ours its status alone is told."""
    told = answer if isinstance(answer, Mapping) else {}
    names = ("field", "value", "message", "remedy")
    listed = told.get("problems")
    ours = [one for one in listed if isinstance(one, Mapping)] if isinstance(listed, list) else []
    problems = [Problem(*(one.get(name, "") for name in names)) for one in ours]
    return _KINDS.get(status, KailError)(status, str(told.get("title", f"HTTP {status}")), problems)
