"""A Read is what became of one text of a column: a value, unknown, a question, or nothing, which the programme refuses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from matcher.message import Message


@dataclass(frozen=True, slots=True)
class Read:
    """What a text is read as. `value` None without a question: unknown.

    `question`: it has two readings, or says nothing certain; none is taken before somebody chose. `told`: it did not stand
    there as a program would write it, so it is said how it was understood. `refused`: it is nothing that we know.
    """

    value: Any = None
    question: Message | None = None
    told: bool = False
    refused: bool = False


UNKNOWN: Final = Read()
UNKNOWN_TOLD: Final = Read(told=True)
REFUSED: Final = Read(refused=True)


def asked(code: str, **given: Any) -> Read:
    """A text that is a question."""
    return Read(question=Message(code, given))
