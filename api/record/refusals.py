"""Refusals: what a use case says no to, as codes. What each code says, and what to do about it, stands in the catalogues.

A use case knows neither language nor status page: it raises `Refused` with `Trouble`s, and `web.errors` tells them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matcher.message import Message
from words.speaking import speaker


@dataclass(frozen=True, init=False)
class Trouble:
    """One thing in the way: the field it is about, its code, the value as sent (never a secret), what the words need."""

    field: str
    code: str
    value: Any
    args: Mapping[str, Any]

    def __init__(self, field: str, code: str, value: Any = None, **args: Any) -> None:
        for name, given in (("field", field), ("code", code), ("value", value), ("args", args)):
            object.__setattr__(self, name, given)

    @property
    def message(self) -> Message:
        """What there is to say."""
        return Message(self.code, {"value": self.value, **self.args})

    def said(self, language: str) -> dict[str, Any]:
        """The trouble in words, as an entry of an answer's problems."""
        says = speaker(language)
        said = {"message": says.say(self.message), "remedy": says.remedy(self.message)}
        return {"field": self.field, "value": self.value, **said}


class Refused(Exception):
    """A use case that was not done, and nothing of it: an HTTP status and every trouble found."""

    def __init__(self, status: int, *troubles: Trouble) -> None:
        self.status, self.troubles = status, troubles
        self.already_told: Sequence[Mapping[str, Any]] = ()
        super().__init__(f"{status}: {', '.join(f'{t.field} ({t.code})' for t in troubles)}")

    def __reduce__(self) -> Any:
        """How it comes through a pipe."""
        return _refused, (self.status, self.troubles, self.already_told)

    @classmethod
    def told(cls, status: int, problems: Sequence[Mapping[str, Any]]) -> Refused:
        """A refusal whose problems are in words already."""
        refused = cls(status)
        refused.already_told = problems
        return refused

    def problems(self, language: str) -> list[Mapping[str, Any]]:
        """Every trouble in words."""
        return [*self.already_told, *(trouble.said(language) for trouble in self.troubles)]


def _refused(status: int, troubles: Sequence[Trouble], already_told: Sequence[Mapping[str, Any]]) -> Refused:
    refused = Refused(status, *troubles)
    refused.already_told = already_told
    return refused
