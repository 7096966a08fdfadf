"""The rows of a file as participants: what is asked of the file, and each row read, or refused with all that is wrong."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

from api.advice.readings import Readings, known_names, read_by_names
from api.files.cage import InProcess, Reader
from api.files.rows import FileProblem, Row, Sheet
from api.files.sources import Source
from api.web.strict_json import written
from matcher.facts.participant import InputProblem, Participant, ParticipantError, read_participant
from matcher.message import Message
from matcher.programme.entries import Programme
from matcher.programme.rules import Rules, rules_on
from matcher.scorecard import Scorecard
from training_data.columns import CellProblem, ColumnMap, check_headers, plain_map, read_map
from words.speaking import Speaker
from words.telling import Teller, teller

LONGEST_VALUE: Final = 200
MOST_HELD: Final = 1_000_000
"""Cells of a file that is held as a whole, so that it is read once."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """What is asked of a file: by which programme, on which day, towards which product, in which language.

    `sheet` names one sheet of a workbook. `reader`: who reads the file and the column map; a stranger's are read in a cage.
    """

    programme: Programme
    today: date
    as_of: date | None = None
    goal: str | None = None
    scorecard: Scorecard | None = None
    columns: Source | None = None
    sheet: str | None = None
    language: str = "en"
    reader: Reader = InProcess()  # noqa: RUF009 - it holds nothing

    @property
    def says(self) -> Teller:
        """Who says what is to be said of the file."""
        return teller(rules_on(self.programme, day_in_force(self)), self.language)


@dataclass(frozen=True)
class Ready:
    """A row that can be answered."""

    id: str
    row: int
    rules: Rules
    participant: Participant


class Rejected(Exception):
    """A row that cannot be answered, with every problem found in it."""

    def __init__(self, row: Row, participant: str, problems: Sequence[CellProblem]) -> None:
        self.row, self.participant, self.problems = row, participant, problems
        super().__init__(f"row {row.number}: {len(problems)} problem(s)")

    def table(self, says: Speaker) -> list[tuple[Any, ...]]:
        """The lines of `.rejected.csv` for this row."""
        row = self.row
        return [
            (
                row.number, row.line, row.address(problem.field), shown(self.participant),
                problem.field, shown(problem.value), says.with_remedy(problem.message),
            )
            for problem in self.problems
        ]  # fmt: skip


def shown(value: Any) -> str:
    """A wrong value as it can be shown to whoever sent it: short, and on one line."""
    text = "" if value is None else written(value)
    text = " ".join(text.split()) if "\n" in text or "\r" in text else text
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 1]}…"


@contextmanager
def open_job(job: Job, source: Source) -> Iterator[tuple[Sheet, Readings]]:
    """Check the job, open a file and read its map, the two checked against each other.

    All of a column is looked at before its first row is read: a small file is held meanwhile, a large one read twice.
    """
    if job.as_of is not None:
        _check_day(job, job.as_of)
    columns = map_of(job)
    known = known_names(job.programme, columns)
    with job.reader.open_sheet(source, known, job.programme.timezone, job.sheet) as sheet:
        readings = readings_of(job, columns, source, sheet.headers)
        small = sheet.size * len(sheet.headers or job.programme.signals) <= MOST_HELD
        held = []
        for row in sheet.rows:
            readings.see(row.cells)
            if small:
                held.append(row)
        if small:
            sheet.rows = iter(held)
            yield sheet, readings
            return
    with job.reader.open_sheet(source, known, job.programme.timezone, job.sheet) as sheet:
        yield sheet, readings


def readings_of(job: Job, columns: ColumnMap, source: Source, headers: Sequence[str] | None) -> Readings:
    """How the rows of a sheet with these headers are read; `headers` None: each row names its own.

    Raises:
        ProgrammeError: if the map reads what is not there.
        FileProblem: if there is no map and no column is known.
    """
    if headers is None:
        return Readings(job.programme, columns)
    if job.columns is None:
        return Readings(job.programme, *read_by_names(job.programme, headers, source.name))
    check_headers(columns, headers, source.name)
    return Readings(job.programme, columns)


def map_of(job: Job, read: Callable[[Source], Any] | None = None) -> ColumnMap:
    """The map of a job's file; where none is named, the one whose columns are the programme's signals.

    `read`: what reads its table, where that is not the job's reader.
    """
    if job.columns is None:
        return plain_map(job.programme)
    return read_map(job.columns, job.programme, read or job.reader.read_table)


def _check_day(job: Job, day: date) -> None:
    problem = _wrong_day(job, day)
    if problem is not None:
        raise FileProblem(f"--as-of {day}", problem.code, **problem.args)


def check_goal(job: Job, goal: str, day: date) -> None:
    """See that a goal is a product on that day.

    Raises:
        FileProblem: naming the nearest products.
    """
    products = rules_on(job.programme, day).product_ids
    if goal not in products:
        running = [name for name, product in products.items() if product.suggested]
        near = difflib.get_close_matches(goal, products, 3, cutoff=0.4) or running
        raise FileProblem(f"--goal {goal}", "no_product_that_day", day=day, names=", ".join(near))


# -- one row -----------------------------------------------------------------------------------------------------------


def one_row(job: Job, source: Path, number: int) -> Ready:
    """Read one row of a file, counted from 1 without the header.

    Raises:
        FileProblem: if there is no such row.
        Rejected: if the row cannot be read.
    """
    with open_job(job, source) as (sheet, readings):
        last = 0
        for row in sheet.rows:
            last = row.number
            if last == number:
                return read_row(job, readings, row)
    raise FileProblem(source.name, "no_such_row", rows=last, number=number)


def read_row(job: Job, readings: Readings, row: Row) -> Ready:
    """Read one row as a participant.

    Raises:
        Rejected: with every problem found in the row.
    """
    if row.problems and not row.cells:
        raise Rejected(row, "", row.problems)
    columns = readings.columns
    participant = columns.participant_of(row.cells, row.number)
    of_days: list[CellProblem] = []
    asked, true_on = _days(job, readings, row, of_days)
    signals, problems = readings.signals(row.cells, true_on or asked)
    problems = [*row.problems, *problems]
    if not participant and columns.participant not in {problem.field for problem in problems}:
        problems.append(CellProblem(columns.participant, row.cells.get(columns.participant), Message("no_participant")))
    problems += of_days
    rules = rules_on(job.programme, asked)
    if true_on is not None and true_on != asked:
        signals = {name: {"value": value, "on": true_on} for name, value in signals.items()}
    try:
        read = read_participant(rules, signals)
    except ParticipantError as error:
        problems += [_in_the_sheet(columns, row, found) for found in error.problems]
    if problems:
        raise Rejected(row, participant, problems)
    return Ready(participant, row.number, rules, read)


def _days(job: Job, readings: Readings, row: Row, problems: list[CellProblem]) -> tuple[date, date | None]:
    """The day a row is answered for, and the day on which it was true where a column says so."""
    fallback, columns = job.as_of or day_in_force(job), readings.columns
    try:
        true_on = readings.day_of(row.cells)
    except ValueError as error:
        question = error.args[0] if isinstance(error.args[0], Message) else Message("wrong_as_of")
        problems.append(_day_cell(columns, row, question))
        return fallback, None
    if true_on is None:
        return fallback, None
    wrong = _wrong_day(job, true_on)
    if wrong is None and job.as_of is not None and true_on > job.as_of:
        wrong = Message("future_as_of", {"today": job.as_of})
    if wrong is not None:
        problems.append(_day_cell(columns, row, wrong))
        return fallback, None
    if job.goal is not None and job.as_of is None and job.goal not in rules_on(job.programme, true_on).product_ids:
        problems.append(_day_cell(columns, row, Message("unknown_goal", {"name": job.goal, "allowed": ["--as-of"]})))
    return job.as_of or true_on, true_on


def day_in_force(job: Job) -> date:
    """Today, or the programme's nearest day if it has ended or not begun."""
    day = max(job.today, job.programme.valid_from)
    return min(day, job.programme.valid_to or day)


def _wrong_day(job: Job, day: date) -> Message | None:
    start, end = job.programme.valid_from, job.programme.valid_to
    if day > job.today:
        return Message("future_as_of", {"today": job.today})
    if day < start:
        return Message("as_of_before", {"start": start})
    if end is not None and day > end:
        return Message("as_of_after", {"end": end})
    return None


def _day_cell(columns: ColumnMap, row: Row, message: Message) -> CellProblem:
    return CellProblem(columns.as_of, row.cells.get(columns.as_of), message)


def _in_the_sheet(columns: ColumnMap, row: Row, found: InputProblem) -> CellProblem:
    """A problem of a signal, named as its own column and cell."""
    signal, _, part = found.field.partition(".")
    header = columns.column_of(signal)
    value = row.cells.get(header, found.value) if part in ("", "on") else found.value
    return CellProblem(header, value, found.message)
