"""A batch: a file of participants in, a file of answers out; rows that cannot be read go beside it, with their remedies.

Rows are read, answered and written in chunks, so a file may be larger than the memory. Nothing is put in place before
the whole run is over.
"""

from __future__ import annotations

import difflib
import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final

from api.files.outputs import ANSWER, Writing, cannot_write
from api.files.rows import FileProblem, Row, Sheet
from api.files.sheets import BATCH, open_sheet
from api.web.strict_json import written
from matcher import recommend
from matcher.facts.participant import InputProblem, Participant, ParticipantError, read_participant
from matcher.message import Message
from matcher.programme.entries import Programme
from matcher.programme.rules import Rules, rules_on
from matcher.scorecard import Scorecard
from training_data.columns import CellProblem, ColumnMap, check_headers, plain_map, read_map
from words.telling import Teller, teller

Progress = Callable[[int, int], None]
"""Told how many rows are finished, and about how many there are."""

LONGEST_VALUE: Final = 200
MOST_ROWS: Final = 4
"""How many rows of a participant that stands more than once are kept to be named."""
NO_PARTICIPANT: Final = {
    "id": "Kolom peserta kosong. Isi nomor atau kode pesertanya.",
    "en": "The column that names the participant is empty. Fill in a number or a code.",
}


@dataclass(frozen=True, kw_only=True)
class Job:
    """What is asked of a file: by which programme, on which day, towards which product, in which language.

    `sheet` names one sheet of a workbook.
    """

    programme: Programme
    today: date
    as_of: date | None = None
    goal: str | None = None
    scorecard: Scorecard | None = None
    columns: Path | None = None
    sheet: str | None = None
    language: str = "en"


@dataclass
class Summary:
    """What became of a file. Counters count rows; `tiers`, `next_steps` and `questions` by id.

    `repeated`: of each participant that stands more than once the first rows, counted without the header.
    """

    output: Path
    rejected_file: Path
    read: int = 0
    answered: int = 0
    provisional: int = 0
    blank: int = 0
    tiers: Counter[str] = field(default_factory=Counter)
    next_steps: Counter[str] = field(default_factory=Counter)
    questions: Counter[str] = field(default_factory=Counter)
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)
    repeated: dict[str, list[int]] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()
    never_seen: tuple[str, ...] = ()
    foreign_money: tuple[str, ...] = ()
    sheet: str = ""
    header_row: int = 1
    other_sheets: tuple[str, ...] = ()
    hidden_sheets: tuple[str, ...] = ()
    unnamed: tuple[str, ...] = ()
    first_cells: dict[tuple[str, str], str] = field(default_factory=dict)
    days: set[date] = field(default_factory=set)

    @property
    def rejected(self) -> int:
        """How many rows could not be read."""
        return self.read - self.answered


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

    def table(self, language: str) -> list[tuple[Any, ...]]:
        """The lines of `.rejected.csv` for this row."""
        row = self.row
        return [
            (
                row.number, row.line, row.address(problem.field), shown(self.participant),
                problem.field, shown(problem.value), problem.remedy[language],
            )
            for problem in self.problems
        ]  # fmt: skip


def shown(value: Any) -> str:
    """A wrong value as it can be shown to whoever sent it: short, and on one line."""
    text = "" if value is None else written(value)
    text = " ".join(text.split()) if "\n" in text or "\r" in text else text
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 1]}…"


def recommend_file(job: Job, source: Path, target: Path, progress: Progress | None = None) -> Summary:
    """Answer every row of `source` into `target`, and write the rows that cannot be read beside it.

    If no row can be read, only the rejected rows are written.

    Raises:
        FileProblem: if nothing was done; no file is touched then.
        ProgrammeError: if the column map, or a header without one, is wrong.
    """
    if job.goal is not None:
        check_goal(job, job.goal, job.as_of or _day_in_force(job))
    with open_job(job, source) as (sheet, columns), Writing(target, source) as writing:
        summary = Summary(writing.target, writing.rejected, foreign_money=columns.foreign_money)
        seen: dict[str, int] = {}
        try:
            for rows in _chunks(sheet.rows, BATCH):
                ready, rejected = _sort_out(job, columns, rows)
                for one in rejected:
                    writing.rejections.write(one.table(job.language))
                answers = _answers(job, ready, _after(progress, summary.read + len(rejected), sheet.size))
                if answers:
                    writing.answers.write(answers)
                summary.read += len(rows)
                _count(summary, ready, rejected, seen, job.language)
                _count_answers(summary, answers)
            if not summary.read:
                raise FileProblem(source.name, "no_rows")
            writing.commit(answers=bool(summary.answered), rejections=bool(summary.rejected))
        except OSError as error:
            raise cannot_write(target, error) from None
        mapped = set(columns.headers)
        summary.blank = sheet.blank
        summary.sheet, summary.header_row, summary.unnamed = sheet.name, sheet.header_row, tuple(sheet.unnamed)
        summary.other_sheets, summary.hidden_sheets = sheet.others, sheet.hidden
        summary.ignored = () if columns.plain else tuple(sorted(name for name in sheet.seen - mapped if name))
        summary.never_seen = () if columns.plain else tuple(name for name in columns.headers if name not in sheet.seen)
        return summary


def _after(progress: Progress | None, done: int, size: int) -> Callable[[int], None] | None:
    return None if progress is None else lambda more: progress(done + more, max(size, done + more))


def one_row(job: Job, source: Path, number: int) -> Ready:
    """Read one row of a file, counted from 1 without the header.

    Raises:
        FileProblem: if there is no such row.
        Rejected: if the row cannot be read.
    """
    with open_job(job, source) as (sheet, columns):
        last = 0
        for row in sheet.rows:
            last = row.number
            if last == number:
                return read_row(job, columns, row)
    raise FileProblem(source.name, "no_such_row", rows=last, number=number)


@contextmanager
def open_job(job: Job, source: Path) -> Iterator[tuple[Sheet, ColumnMap]]:
    """Check the job, open a file and read its map, the two checked against each other."""
    if job.as_of is not None:
        _check_day(job, job.as_of)
    columns = read_map(job.columns, job.programme) if job.columns else plain_map(job.programme)
    known = columns.headers
    with open_sheet(source, known, job.programme.timezone, job.sheet) as sheet:
        if job.columns is None:
            columns = plain_map(job.programme, sheet.headers, source.name)
        elif sheet.headers is not None:
            check_headers(columns, sheet.headers, source.name)
        yield sheet, columns


def _check_day(job: Job, day: date) -> None:
    problem = _wrong_day(job, day)
    if problem is not None:
        tellers = {language: _teller(job, language) for language in LANGUAGES}
        what = {language: t.say(problem).rstrip(".") for language, t in tellers.items()}
        remedy = {language: t.remedy(problem) for language, t in tellers.items()}
        raise FileProblem(f"--as-of {day}", "wrong_day", what=what, remedy=remedy)


def check_goal(job: Job, goal: str, day: date) -> None:
    """See that a goal is a product on that day.

    Raises:
        FileProblem: naming the nearest products.
    """
    products = rules_on(job.programme, day).product_ids
    if goal not in products:
        running = [name for name, product in products.items() if product.suggested]
        near = difflib.get_close_matches(goal, products, 3, cutoff=0.4) or running
        raise FileProblem(f"--goal {goal}", "no_such_goal", day=day, names=", ".join(near))


# -- one row -----------------------------------------------------------------------------------------------------------


def read_row(job: Job, columns: ColumnMap, row: Row) -> Ready:
    """Read one row as a participant.

    Raises:
        Rejected: with every problem found in the row.
    """
    if row.problems and not row.cells:
        raise Rejected(row, "", row.problems)
    participant = columns.participant_of(row.cells, row.number)
    signals, problems = columns.signals(row.cells)
    problems = [*row.problems, *problems]
    if not participant and columns.participant not in {problem.field for problem in problems}:
        problems.append(CellProblem(columns.participant, row.cells.get(columns.participant), NO_PARTICIPANT))
    asked, true_on = _days(job, columns, row, problems)
    rules = rules_on(job.programme, asked)
    if true_on is not None and true_on != asked:
        signals = {name: {"value": value, "on": true_on} for name, value in signals.items()}
    try:
        read = read_participant(rules, signals)
    except ParticipantError as error:
        problems += [_in_the_sheet(rules, columns, row, found) for found in error.problems]
    if problems:
        raise Rejected(row, participant, problems)
    return Ready(participant, row.number, rules, read)


def _days(job: Job, columns: ColumnMap, row: Row, problems: list[CellProblem]) -> tuple[date, date | None]:
    """The day a row is answered for, and the day on which it was true where a column says so."""
    fallback = job.as_of or _day_in_force(job)
    try:
        true_on = columns.day_of(row.cells)
    except ValueError:
        problems.append(_day_cell(job, columns, row, Message("wrong_as_of")))
        return fallback, None
    if true_on is None:
        return fallback, None
    wrong = _wrong_day(job, true_on)
    if wrong is None and job.as_of is not None and true_on > job.as_of:
        wrong = Message("future_as_of", {"today": job.as_of})
    if wrong is not None:
        problems.append(_day_cell(job, columns, row, wrong))
        return fallback, None
    if job.goal is not None and job.as_of is None and job.goal not in rules_on(job.programme, true_on).product_ids:
        problems.append(
            _day_cell(job, columns, row, Message("unknown_goal", {"name": job.goal, "allowed": ["--as-of"]}))
        )
    return job.as_of or true_on, true_on


def _day_in_force(job: Job) -> date:
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


def _day_cell(job: Job, columns: ColumnMap, row: Row, message: Message) -> CellProblem:
    return CellProblem(
        columns.as_of, row.cells.get(columns.as_of), in_both(rules_on(job.programme, _day_in_force(job)), message)
    )


def _in_the_sheet(rules: Rules, columns: ColumnMap, row: Row, found: InputProblem) -> CellProblem:
    """A problem of a signal, named as its own column and cell."""
    signal, _, part = found.field.partition(".")
    header = columns.column_of(signal)
    value = row.cells.get(header, found.value) if part in ("", "on") else found.value
    return CellProblem(header, value, in_both(rules, found.message))


def in_both(rules: Rules, message: Message) -> dict[str, str]:
    """A message with its remedy, in both languages."""
    tellers = {language: teller(rules, language) for language in LANGUAGES}
    return {language: f"{t.say(message)} {t.remedy(message)}".strip() for language, t in tellers.items()}


def _teller(job: Job, language: str) -> Teller:
    return teller(rules_on(job.programme, _day_in_force(job)), language)


# -- many rows ---------------------------------------------------------------------------------------------------------


def _chunks(rows: Iterator[Row], size: int) -> Iterator[list[Row]]:
    while chunk := list(itertools.islice(rows, size)):
        yield chunk


def _sort_out(job: Job, columns: ColumnMap, rows: Sequence[Row]) -> tuple[list[Ready], list[Rejected]]:
    ready, rejected = [], []
    for row in rows:
        try:
            ready.append(read_row(job, columns, row))
        except Rejected as error:
            rejected.append(error)
    return ready, rejected


def _answers(job: Job, ready: Sequence[Ready], progress: Callable[[int], None] | None) -> list[tuple[Any, ...]]:
    """The answers in the order of the rows: each day has rules of its own, so rows of one day are answered together."""
    found: dict[int, tuple[Any, ...]] = {}
    by_day: dict[Rules, list[int]] = {}
    for place, one in enumerate(ready):
        by_day.setdefault(one.rules, []).append(place)
    for rules, where in by_day.items():
        before = len(found)
        tell = None if progress is None else lambda n, before=before: progress(before + n)
        many = recommend.recommend_many(
            rules, [ready[place].participant for place in where], goal=job.goal, scorecard=job.scorecard, progress=tell
        )
        rows = _rows(job, rules, [ready[place].id for place in where], many)
        found |= dict(zip(where, rows, strict=True))
    return [found[place] for place in range(len(ready))]


def _rows(job: Job, rules: Rules, ids: Sequence[str], many: recommend.Many) -> Iterator[tuple[Any, ...]]:
    nothing = [None] * len(ids)
    programme = f"{job.programme.id}@{job.programme.digest[:12]}"
    card = job.scorecard
    model = f"{card.version}@{card.digest[:12]} ({card.basis})" if card else None
    scores = [
        nothing if column is None else column.tolist() for column in (many.score, many.score_low, many.score_high)
    ]
    return zip(
        ids,
        many.tier,
        many.provisional,
        *scores,
        [steps[0] if steps else None for steps in many.interventions],
        many.interventions,
        many.conditions_met,
        many.not_yet,
        many.ask,
        many.not_for_you,
        [asked[0] if asked else None for asked in many.questions],
        many.goal,
        many.path_steps,
        many.path_days,
        many.path_cost_idr,
        [programme] * len(ids),
        [model] * len(ids),
        [rules.day] * len(ids),
        strict=True,
    )


def _count(
    summary: Summary, ready: Sequence[Ready], rejected: Sequence[Rejected], seen: dict[str, int], language: str
) -> None:
    summary.answered += len(ready)
    named = [(one.row, one.id) for one in ready] + [(bad.row.number, bad.participant) for bad in rejected]
    for number, name in sorted(named):
        first = seen.setdefault(name, number)
        if name and first != number:
            rows = summary.repeated.setdefault(name, [first])
            if len(rows) <= MOST_ROWS:  # one more than is named, to tell that there are more
                rows.append(number)
    for bad in rejected:
        summary.reasons.update({(problem.field, problem.remedy[language]) for problem in bad.problems})
        for problem in bad.problems:
            summary.first_cells.setdefault((problem.field, problem.remedy[language]), bad.row.address(problem.field))


def _count_answers(summary: Summary, answers: Sequence[tuple[Any, ...]]) -> None:
    place = {name: number for number, name in enumerate(ANSWER)}
    for answer in answers:
        summary.tiers[answer[place["tier"]]] += 1
        summary.provisional += answer[place["provisional"]]
        summary.days.add(answer[place["as_of"]])
        for counter, name in ((summary.next_steps, "next_intervention"), (summary.questions, "next_question")):
            if answer[place[name]] is not None:
                counter[answer[place[name]]] += 1
