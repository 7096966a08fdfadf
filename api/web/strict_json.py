"""Strict JSON: a body as it was sent, or the reason why it cannot be read. It never fails in any other way.

NaN, Infinity and numbers without end are let through as floats: whoever reads the field refuses them and can name it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Final

from matcher.message import Message

DEEPEST: Final = 20
"""No request nests deeper than 4; beyond 20 it is a mistake or an attack."""
LONGEST_NUMBER: Final = 40


class UnreadableBody(ValueError):
    """A body that is no JSON; `message` says what is wrong and where."""

    def __init__(self, message: Message) -> None:
        self.message = message
        super().__init__(message.code)


@dataclass
class Body:
    """What was sent, and the keys that stood twice in one object."""

    value: Any = None
    twice: list[str] = field(default_factory=list)


def read_json(content: bytes) -> Body:
    """Read a body.

    Raises:
        UnreadableBody: if it is empty, no UTF-8, no JSON, or nested too deep.
    """
    if not content.strip():
        raise UnreadableBody(Message("body_empty"))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableBody(Message("body_not_utf8", {"place": error.start + 1})) from None
    body = Body()

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            seen: set[str] = set()
            body.twice += [key for key, _ in pairs if key in seen or seen.add(key)]  # type: ignore[func-returns-value]
        return found

    try:
        body.value = json.loads(text, object_pairs_hook=unique, parse_int=_whole)
    except json.JSONDecodeError as error:
        where = {"line": error.lineno, "column": error.colno}
        raise UnreadableBody(Message("body_not_json", where)) from None
    except RecursionError:
        raise UnreadableBody(Message("body_too_deep", {"deepest": DEEPEST})) from None
    if _is_deeper(body.value, DEEPEST):
        raise UnreadableBody(Message("body_too_deep", {"deepest": DEEPEST}))
    return body


def written(value: Any) -> str:
    """A value as JSON writes it. A text, and what JSON has no word for, such as a date, is written as it is."""
    if value is None or isinstance(value, (bool, int, float, list, tuple, dict)):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def _whole(digits: str) -> int | float:
    """Read a whole number; one with more digits than any signal may have becomes a float (Python refuses over 4,300)."""
    return int(digits) if len(digits) <= LONGEST_NUMBER else float(digits)


def _is_deeper(value: Any, most: int) -> bool:
    level = [value]
    for _ in range(most):
        level = [
            inner
            for one in level
            if isinstance(one, (dict, list))
            for inner in (one.values() if isinstance(one, dict) else one)
        ]
        if not level:
            return False
    return True
