"""Mistakes in what people write for Kail (a programme's files, column maps, the columns of a sheet), in words."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple

from matcher.programme.reading import ProgrammeError, ProgrammeProblem
from words.speaking import Speaker


class Mistake(NamedTuple):
    """One mistake: the file, the entry, what is wrong there, what to do."""

    file: str
    entry: str
    what: str
    remedy: str


class QuotingSpeaker(Speaker):
    """Says what is wrong with a file: numbers and dates as they stand there, a `value` as Python writes it."""

    def word(self, name: str, value: Any) -> str:
        """Write one argument; kinds of values and what is near are alternatives, a hint may be missing."""
        if name == "value":
            return repr(value)
        if name == "hint" and value is None:
            return ""
        if name == "entry" and isinstance(value, str):
            return self.name("entry", value)
        if name == "kinds":
            return self.joined("or", (self.name("toml", kind) for kind in value))
        if name in ("near", "keys"):
            return self.joined("or" if name == "near" else "and", value)
        return str(value) if isinstance(value, (int, date)) else super().word(name, value)

    def joined(self, by: str, words: Iterable[str]) -> str:
        """Write words with an "or" or an "and" between them."""
        return f" {self.name('toml', by)} ".join(words)

    def mistake(self, problem: ProgrammeProblem) -> Mistake:
        """Say one mistake."""
        entry = self.word("entry", problem.entry)
        return Mistake(problem.file, entry, self.say(problem.message), self.remedy(problem.message).strip())


@lru_cache(maxsize=64)
def _speaker(language: str) -> QuotingSpeaker:
    return QuotingSpeaker(language)


def mistakes(error: ProgrammeError, language: str) -> list[Mistake]:
    """Return every mistake in words, in the order in which they were found."""
    return [_speaker(language).mistake(problem) for problem in error.problems]


def say_mistakes(error: ProgrammeError, language: str) -> str:
    """Say how many mistakes there are, then each on a line of its own."""
    says, found = _speaker(language), mistakes(error, language)
    told = "\n".join(says.sentence("", "mistake", **one._asdict()) for one in found)
    return says.sentence("", "mistakes", count=len(found), told=told)
