"""Drafts: a column map made by looking at a sheet, to be read and corrected by whoever knows it.

It holds what the sheet is read as without a map, so the first draft changes nothing. What only a person can tell stands
there as a question, with what to write.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from api.advice.participant_rows import Job, open_job
from api.advice.readings import Readings
from api.files.headers import Columns
from api.files.rows import FileProblem
from api.files.sources import Source
from matcher.message import Message
from words.telling import Teller

UNITS: Final = {1_000: "thousands", 1_000_000: "millions"}
ANSWERS: Final = {
    "months_or_years": 'unit = "years"',
    "sum_without_unit": 'unit = "millions"',
    "two_amounts": 'thousands = "."',
    "day_or_month": 'date_format = "%d/%m/%Y"',
}
"""What a map says where a question is answered one way."""
NEEDED: Final = ("months_or_years", "sum_without_unit")
"""Questions that a map without an answer would answer by itself."""


def draft(job: Job, source: Source, name: str) -> str:
    """A column map of a sheet, as TOML.

    Raises:
        FileProblem: if the sheet cannot be read, no column of it is known, or each of its rows names its own.
    """
    with open_job(job, source) as (sheet, readings):
        if readings.found is None:
            raise FileProblem(source.name, "no_header_to_draft")
        for row in sheet.rows:
            readings.signals(row.cells, job.today)
    return "\n".join(_lines(job.says, readings, readings.found, name)) + "\n"


def _lines(t: Teller, readings: Readings, found: Columns, name: str) -> Iterator[str]:
    columns = readings.columns
    yield from ("[map]", f"name = {_text(name)}")
    if columns.participant:
        yield f"participant = {_text(columns.participant)}"
    if columns.as_of:
        yield f"as_of = {_text(columns.as_of)}"
    for column in columns.columns:
        asked = {code: one for (header, code), one in readings.told.questions.items() if header == column.source}
        block = [f"to = {_text(column.signal.id)}"]
        if column.marks:
            boxes = ", ".join(f"{_text(header)} = {_text(code)}" for header, code in column.marks.items())
            block.append(f"choices = {{ {boxes} }}")
        else:
            block.insert(0, f"from = {_text(column.source)}")
            block += _said_by_the_header(found, column)
        yield from ("", *_questions(t, asked))
        waits = any(code in NEEDED for code in asked)
        yield from (f"# {line}" if waits else line for line in ("[[column]]", *block))
    for header, why in found.left_out.items():
        yield from ("", *_comment(t.sentence("", "column_left_out", column=header, why=why)))
        if header in found.near:
            yield from (
                f"# {line}" for line in ("[[column]]", f"from = {_text(header)}", f"to = {_text(found.near[header])}")
            )


def _said_by_the_header(found: Columns, column: Any) -> Iterator[str]:
    hints = found.known[column.source].hints
    if hints.since:
        yield "since = true"
    elif column.signal.kind == "money" and hints.factor in UNITS:
        yield f'unit = "{UNITS[hints.factor]}"'
    elif column.signal.kind == "number" and hints.unit and hints.unit != column.signal.unit:
        yield f'unit = "{hints.unit}"'


def _questions(t: Teller, asked: dict[str, Message]) -> Iterator[str]:
    for code, question in asked.items():
        yield from _comment(t.with_remedy(question))
        if code in ANSWERS:
            yield from _comment(ANSWERS[code])


def _comment(text: str) -> list[str]:
    return [f"# {line}" for line in "".join(mark if mark.isprintable() else " " for mark in text).splitlines()]


def _text(text: str) -> str:
    """A text as TOML writes it."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
