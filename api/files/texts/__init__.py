"""Texts: one reader of what people write into a column, for a sheet, a page's field (a column of one) and an import alike.

What is certain is a value; what has two readings is a question, asked once a column; the rest is left to the programme to
refuse. Each text is read once, however often it stands there, and the whole column is evidence for each of its texts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, tzinfo
from decimal import Decimal
from typing import Any, Final

from api.files.texts.choices import Choice, Choices, YesNo
from api.files.texts.counts import Counts
from api.files.texts.days import Days
from api.files.texts.reads import REFUSED, UNKNOWN, Read, asked
from api.files.texts.sums import Sums
from matcher.message import Message
from matcher.programme.entries import Signal
from matcher.programme.writing import Called, Writing
from training_data.columns import as_text

__all__ = ["REFUSED", "UNKNOWN", "Answer", "Hints", "Read", "Reader", "read_column"]

MOST_KEPT: Final = 20_000
"""Of the texts of a column that are remembered with what they were read as."""
NOTHING: Final[frozenset[str]] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Hints:
    """What a column's name or its map says of its texts: the unit of its bare numbers, what its sums count in and whether
    its name is ours, so that they are rupiah; the mark of thousands, what parts several answers, whether it says since when,
    and in which zone its times are."""

    unit: str = ""
    factor: int = 1
    ours: bool = True
    thousands: str = ""
    separator: str = ""
    since: bool = False
    zone: tzinfo | None = None
    evidence: frozenset[str] = NOTHING


class Reader:
    """Reads the texts of one column. `signal` None: of the days on which rows were true."""

    def __init__(self, signal: Signal | None, writing: Writing, local: tzinfo, hints: Hints = Hints()) -> None:
        self.signal, self.hints = signal, hints
        self._known: dict[Any, Read] = {}
        self._for: frozenset[str] | None = None
        called = writing.called.get(signal.id, Called()) if signal else Called()
        self.engine: Any
        if signal is None or signal.kind == "date" or hints.since:
            born = hints.since and signal is not None and signal.unit == "years"
            self.engine = Days(writing, local, born=born, zone=hints.zone)
        elif signal.kind == "money":
            self.engine = Sums(writing, called, hints.factor, hints.thousands, rupiah=hints.ours)
        elif signal.kind == "number":
            self.engine = Counts(writing, signal, hints.unit)
        elif signal.kind == "yes_no":
            self.engine = YesNo(writing, called)
        elif signal.kind == "choice":
            self.engine = Choice(writing, signal, called)
        else:
            self.engine = Choices(writing, signal, called, hints.separator)

    def evidence(self, cell: Any) -> frozenset[str]:
        """What a cell shows of its column; what all of them show together is its evidence."""
        engine = self.engine
        if isinstance(cell, str):
            return frozenset(engine.evidence(cell)) if cell.strip() else NOTHING
        if isinstance(engine, Days) and isinstance(cell, date):
            return engine.evidence_of_day(cell)
        if isinstance(engine, Sums | Counts) and isinstance(cell, int | float | Decimal) and not isinstance(cell, bool):
            return engine.evidence_of_number(float(cell)) if float(cell) == float(cell) else NOTHING
        return NOTHING

    def read(self, cell: Any, evidence: frozenset[str] = NOTHING, city: str = "") -> Read:
        """Read a cell as what its column's evidence makes of it."""
        if evidence != self._for or len(self._known) > MOST_KEPT:
            self._known, self._for = {}, evidence
        if not isinstance(cell, str) or city:
            return self._read(cell, evidence | self.hints.evidence, city)
        found = self._known.get(cell)
        if found is None:
            found = self._known[cell] = self._read(cell, evidence | self.hints.evidence, "")
        return found

    def _read(self, cell: Any, evidence: frozenset[str], city: str) -> Read:
        engine, text = self.engine, as_text(cell)
        if text == "":
            return UNKNOWN
        if text is None:
            return REFUSED
        if isinstance(engine, Days):
            return engine.day(cell, evidence) if isinstance(cell, date) else self._if_text(cell, text, evidence)
        if isinstance(engine, Sums | Counts):
            if isinstance(cell, str):
                return engine.read(text, evidence)
            if isinstance(engine, Counts) and engine.months and isinstance(cell, date):
                return asked("since_when", text=text)
            numeric = isinstance(cell, int | float | Decimal) and not isinstance(cell, bool)
            return engine.number(cell if isinstance(cell, int) else float(cell), evidence) if numeric else REFUSED
        if isinstance(engine, YesNo) and isinstance(cell, bool):
            return Read(cell)
        if isinstance(engine, Choice):
            return engine.read(text, evidence, city)
        read: Read = engine.read(text, evidence)
        return read

    def _if_text(self, cell: Any, text: str, evidence: frozenset[str]) -> Read:
        read: Read = self.engine.read(text, evidence) if isinstance(cell, str) else REFUSED
        return read


@dataclass(frozen=True)
class Answer:
    """A column that was read: each of its texts as what it was read, and how often each stands there."""

    reads: Mapping[Any, Read]
    counts: Mapping[Any, int]
    evidence: frozenset[str] = field(default=NOTHING)

    @property
    def told(self) -> Iterator[tuple[Any, Any, int]]:
        """What did not stand there plainly: the text, its value, how many cells."""
        return ((text, read.value, self.counts[text]) for text, read in self.reads.items() if read.told)

    @property
    def questions(self) -> dict[str, tuple[Message, int]]:
        """The questions of the column, each once: by its code the first of them, and how many cells it is about."""
        count = Counter[str]()
        first: dict[str, Message] = {}
        for text, read in self.reads.items():
            if read.question is not None:
                first.setdefault(read.question.code, read.question)
                count[read.question.code] += self.counts[text]
        return {code: (message, count[code]) for code, message in first.items()}


def read_column(reader: Reader, texts: Mapping[Any, int]) -> Answer:
    """Read the distinct texts of a column, of which it is told how often each stands there."""
    evidence = NOTHING.union(*(reader.evidence(text) for text in texts))
    return Answer({text: reader.read(text, evidence) for text in texts}, texts, evidence)
