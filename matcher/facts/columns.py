"""Columns: the same facts and tests as for one participant, for many at once in numpy arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from matcher.facts.declines import Bar, bars_of
from matcher.facts.doubts import Doubted, doubted, doubtful, set_aside, standing
from matcher.facts.following import follow
from matcher.facts.participant import Known, Participant, growing_since, intervals, known_on
from matcher.programme.criteria import UNKNOWN_HIGH, UNKNOWN_LOW
from matcher.programme.masks import places
from matcher.programme.rules import Rules

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass
class Columns:
    """low..high per signal, shape (signals, rows); yes and no per test, shape (tests, rows); stale signals per row.

    `bars`: by row, the declines that bar, of those who have any; `doubts`: the doubts that stand.
    """

    low: Ints
    high: Ints
    yes: Bools
    no: Bools
    stale: list[frozenset[str]]
    since: list[dict[int, tuple[int, int]]]
    bars: dict[int, tuple[Bar, ...]] = field(default_factory=dict)
    doubts: dict[int, tuple[Doubted, ...]] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """How many participants there are."""
        return int(self.low.shape[1])

    def known_of(self, row: int) -> Known:
        """What is known of one row, as for one participant."""
        yes, no = (_mask(truths[:, row]) for truths in (self.yes, self.no))
        low, high = self.low[:, row].tolist(), self.high[:, row].tolist()
        bars, doubts = self.bars.get(row, ()), self.doubts.get(row, ())
        return Known(low, high, yes, no, self.stale[row], self.since[row], bars, doubts)


def _mask(truths: Bools) -> int:
    return int.from_bytes(np.packbits(truths, bitorder="little").tobytes(), "little")


def know_columns(rules: Rules, participants: Sequence[Participant]) -> Columns:
    """Work out what is known of many participants of the same day; see `matcher.facts.participant.know`."""
    rows = [intervals(rules, participant) for participant in participants]
    shape = (len(rows), len(rules.position))
    low = np.array([row[0] for row in rows], dtype=np.int64).reshape(shape).T.copy()
    high = np.array([row[1] for row in rows], dtype=np.int64).reshape(shape).T.copy()
    since = [growing_since(rules, p, row[1]) for p, row in zip(participants, rows, strict=True)]
    doubts = _doubts(rules, participants, low, high)
    for place in doubts:
        since[place] = growing_since(rules, participants[place], high[:, place].tolist())
    columns = ask_columns(rules, low, high, [row[2] for row in rows], since)
    columns.doubts = doubts
    for row, participant in enumerate(participants):
        if participant.declines:
            known = columns.known_of(row)
            columns.bars[row] = bars_of(rules, participant.declines, known.low, known.yes, known_on(participant))
    return columns


def _doubts(rules: Rules, participants: Sequence[Participant], low: Ints, high: Ints) -> dict[int, tuple[Doubted, ...]]:
    """By row the doubts about what was said, of those who have any; their values are made unknown."""
    found = [(one, stands) for one, stands in doubtful(rules, low, high) if stands.any()]
    if not found:
        return {}
    sure: dict[int, Bools] = {}
    for row, participant in enumerate(participants):
        for name, fact in participant.facts.items():
            if fact.sure:
                sure.setdefault(rules.position[name], np.zeros(len(participants), bool))[row] = True
    told: dict[int, tuple[Doubted, ...]] = {}
    for one, stands in standing(found, sure):
        for row in np.flatnonzero(stands).tolist():
            confirmed = {place: bool(truths[row]) for place, truths in sure.items()}
            told[row] = (*told.get(row, ()), doubted(one, low[:, row].tolist(), confirmed))
    set_aside(found, sure, low, high)
    return told


def ask_columns(
    rules: Rules,
    low: Ints,
    high: Ints,
    stale: list[frozenset[str]] | None = None,
    since: list[dict[int, tuple[int, int]]] | None = None,
) -> Columns:
    """Ask every test of intervals of shape (signals, rows), which are filled in place where one follows from others."""
    rows = low.shape[1]
    tests = (len(rules.tests), rows)
    columns = Columns(
        low, high, np.zeros(tests, bool), np.zeros(tests, bool), stale or [frozenset()] * rows, since or [{}] * rows
    )
    follow(rules, low, high)
    _ask(rules, columns, range(len(rules.tests)))
    _doubt_ends(rules, columns)
    return columns


def _doubt_ends(rules: Rules, columns: Columns) -> None:
    """Make end days unknown that have passed although what should have ended still goes on."""
    doubtful: dict[int, Bools] = {}
    for place, wait in rules.endings:
        over, _ = truth_columns(wait.need_clauses, columns)
        goes_on = columns.no[list(places(wait.changes))].any(axis=0)
        doubtful[place] = doubtful.get(place, False) | (over & goes_on)
    names = list(rules.position)
    for place, rows in doubtful.items():
        if rows.any():
            columns.low[place][rows], columns.high[place][rows] = UNKNOWN_LOW, UNKNOWN_HIGH
            _ask(rules, columns, rules.tests_about[place])
            columns.stale = [
                stale | {names[place]} if doubted else stale for stale, doubted in zip(columns.stale, rows, strict=True)
            ]


def _ask(rules: Rules, columns: Columns, which: Sequence[int]) -> None:
    for number in which:
        place = rules.test_signals[number]
        truths = rules.tests[number].truth(columns.low[place], columns.high[place], rules.today)
        columns.yes[number], columns.no[number] = truths


def truth_columns(clauses: Sequence[int], columns: Columns) -> tuple[Bools, Bools]:
    """Kleene's answer of clauses for every row: (known to hold, known not to)."""
    yes, no = np.ones(columns.rows, bool), np.zeros(columns.rows, bool)
    for clause in clauses:
        chosen = [n for n in range(clause.bit_length()) if clause >> n & 1]
        yes &= columns.yes[chosen].any(axis=0)
        no |= columns.no[chosen].all(axis=0)
    return yes, no
