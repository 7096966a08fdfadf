"""What there is to tell of how a sheet was read, as lines: what was left out, what was understood, what has to be asked."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final

from api.advice.participant_rows import shown
from api.advice.readings import Told
from matcher.message import Message
from words.telling import Teller

MOST_READINGS: Final = 20
MOST_COLUMNS: Final = 40


def unread(t: Teller, left_out: Mapping[str, Message], twice: Sequence[str], written: Sequence[str]) -> Iterator[str]:
    """The columns that are not read, each with its reason, and how a text was read that is no UTF-8."""
    for header, why in itertools.islice(left_out.items(), MOST_COLUMNS):
        yield t.sentence("", "column_left_out", column=shown(header), why=why)
    if len(left_out) > MOST_COLUMNS:
        yield t.sentence("", "columns_left_out", count=len(left_out) - MOST_COLUMNS)
    if "_index" in left_out:
        yield t.sentence("", "survey_sheets")
    if twice:
        yield t.sentence("", "columns_twice", names=", ".join(map(shown, twice)))
    if written:
        yield t.sentence("", "text_written", name=written[0], word=shown(written[1]))


def understood(t: Teller, told: Told) -> Iterator[tuple[str, int]]:
    """How texts were read that did not stand there plainly, the commonest first, and how many cells each is about."""
    for (header, text, name, value), count in told.readings.most_common(MOST_READINGS):
        yield t.sentence("", "text_read_as", column=shown(header), text=shown(text), what=_what(t, name, value)), count


def questions(t: Teller, told: Told) -> Iterator[str]:
    """What has two readings or none that is certain, once a column."""
    for (header, code), count in told.asked.items():
        about = t.sentence("", "question_of_column", column=shown(header), count=count)
        yield f"{about} {t.with_remedy(told.questions[header, code])}"


def _what(t: Teller, name: str, value: Any) -> str:
    if value is None:
        return t.sentence("", "read_unknown")
    if value == ():
        return t.sentence("", "read_none")
    return t.value(name, value) if name in t.signals and not isinstance(value, date) else t.word("", value)
