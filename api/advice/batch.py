"""A batch: a file of participants in, a file of answers out; rows that cannot be read go beside it, with their remedies.

Rows are read, answered and written in chunks, so a file may be larger than the memory. Nothing is put in place before
the whole run is over.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final

from api.advice.participant_rows import Job, Ready, Rejected, check_goal, day_in_force, open_job, read_row
from api.advice.readings import Readings, Told
from api.files.outputs import ANSWER, Writing, cannot_write
from api.files.rows import FileProblem, Row
from api.files.sheets import BATCH
from matcher import recommend
from matcher.message import Message
from matcher.programme.rules import Rules
from words.speaking import Speaker

Progress = Callable[[int, int], None]
"""Told how many rows are finished, and about how many there are."""

MOST_ROWS: Final = 4
"""How many rows of a participant that stands more than once are kept to be named."""


@dataclass
class Summary:
    """What became of a file. Counters count rows; `tiers`, `next_steps`, `questions`, `doubts` by id.

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
    doubts: Counter[str] = field(default_factory=Counter)
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
    told: Told = field(default_factory=Told)
    left_out: Mapping[str, Message] = field(default_factory=dict)
    twice: tuple[str, ...] = ()
    written: tuple[str, ...] = ()
    days: set[date] = field(default_factory=set)

    @property
    def rejected(self) -> int:
        """How many rows could not be read."""
        return self.read - self.answered


def recommend_file(job: Job, source: Path, target: Path, progress: Progress | None = None) -> Summary:
    """Answer every row of `source` into `target`, and write the rows that cannot be read beside it.

    If no row can be read, only the rejected rows are written.

    Raises:
        FileProblem: if nothing was done; no file is touched then.
        ProgrammeError: if the column map, or a header without one, is wrong.
    """
    if job.goal is not None:
        check_goal(job, job.goal, job.as_of or day_in_force(job))
    with open_job(job, source) as (sheet, readings), Writing(target, source) as writing:
        columns = readings.columns
        summary = Summary(writing.target, writing.rejected, foreign_money=columns.foreign_money)
        seen: dict[str, int] = {}
        try:
            for rows in _chunks(sheet.rows, BATCH):
                ready, rejected = _sort_out(job, readings, rows)
                for one in rejected:
                    writing.rejections.write(one.table(job.says))
                answers = _answers(job, ready, _after(progress, summary.read + len(rejected), sheet.size))
                if answers:
                    writing.answers.write(answers)
                summary.read += len(rows)
                _count(summary, ready, rejected, seen, job.says)
                _count_answers(summary, answers)
            if not summary.read:
                raise FileProblem(source.name, "no_rows")
            writing.commit(answers=bool(summary.answered), rejections=bool(summary.rejected))
        except OSError as error:
            raise cannot_write(target, error) from None
        mapped = set(columns.headers)
        summary.blank, summary.told, summary.twice, summary.written = (
            sheet.blank,
            readings.told,
            sheet.twice,
            sheet.written,
        )
        summary.left_out = readings.found.left_out if readings.found else {}
        summary.sheet, summary.header_row, summary.unnamed = sheet.name, sheet.header_row, tuple(sheet.unnamed)
        summary.other_sheets, summary.hidden_sheets = sheet.others, sheet.hidden
        summary.ignored = () if columns.plain else tuple(sorted(name for name in sheet.seen - mapped if name))
        summary.never_seen = () if columns.plain else tuple(name for name in columns.headers if name not in sheet.seen)
        return summary


def _after(progress: Progress | None, done: int, size: int) -> Callable[[int], None] | None:
    return None if progress is None else lambda more: progress(done + more, max(size, done + more))


# -- many rows ---------------------------------------------------------------------------------------------------------


def _chunks(rows: Iterator[Row], size: int) -> Iterator[list[Row]]:
    while chunk := list(itertools.islice(rows, size)):
        yield chunk


def _sort_out(job: Job, readings: Readings, rows: Sequence[Row]) -> tuple[list[Ready], list[Rejected]]:
    ready, rejected = [], []
    for row in rows:
        try:
            ready.append(read_row(job, readings, row))
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
        many.doubts,
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
    summary: Summary, ready: Sequence[Ready], rejected: Sequence[Rejected], seen: dict[str, int], says: Speaker
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
        reasons = [(problem.field, says.with_remedy(problem.message)) for problem in bad.problems]
        summary.reasons.update(set(reasons))
        for reason in reasons:
            summary.first_cells.setdefault(reason, bad.row.address(reason[0]))


def _count_answers(summary: Summary, answers: Sequence[tuple[Any, ...]]) -> None:
    place = {name: number for number, name in enumerate(ANSWER)}
    for answer in answers:
        summary.tiers[answer[place["tier"]]] += 1
        summary.provisional += answer[place["provisional"]]
        summary.days.add(answer[place["as_of"]])
        summary.doubts.update(answer[place["doubts"]])
        for counter, name in ((summary.next_steps, "next_intervention"), (summary.questions, "next_question")):
            if answer[place[name]] is not None:
                counter[answer[place[name]]] += 1
