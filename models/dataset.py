"""A Dataset is training rows made ready to learn from: every signal in at most a dozen bins, labels, groups kept apart.

What a signal is worth on its day (stale, implied, derived from papers) is asked of the matcher, so that learning and
scoring read the same facts. Groups are an argument of evaluation and never a column to learn from.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from matcher.facts.columns import truth_columns
from matcher.programme.entries import Intervention, Programme, Signal
from matcher.scorecard import MOST_BINS
from training_data.schema import MISSING, Rows, fields, groups, known_by_day, rows_for
from words.speaking import SaidError

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Texts = npt.NDArray[np.str_]

FEWEST_ROWS: Final = 100
"""Below this nothing is learnt: with fewer rows even one signal's points are noise."""


class DatasetError(SaidError):
    """Rows that nothing can be learnt from; it says why and what to do."""


@dataclass(frozen=True)
class Column:
    """One signal as it is learnt: its direction and its bins.

    `edges` are the lower ends of all bins but the first, or `codes` name the bins. `least_gain` is, for a directed
    signal, the bin that the smallest effect of any intervention reaches, None where no intervention sets it.
    """

    signal: str
    direction: int
    edges: tuple[int, ...]
    codes: tuple[str, ...]
    least_gain: int | None = None

    @property
    def bins(self) -> int:
        """How many bins known values fall into."""
        return len(self.codes) or len(self.edges) + 1


@dataclass(frozen=True, eq=False)
class Dataset:
    """Rows of one outcome in bins.

    `bins`: shape (rows, columns), the number of the bin, NaN where unknown. `labels`: shape (rows,). `people`: whose row
    it is, shape (rows,), so that nobody stands on both sides of a split. `groups`: who they are, each of shape (rows,),
    "unknown" where not said. `digest` changes with any fact that was learnt from.
    """

    outcome: str
    basis: str
    columns: tuple[Column, ...]
    bins: Floats
    labels: Bools
    people: Ints
    groups: Mapping[str, Texts]
    digest: str

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, which: Bools | Ints) -> Dataset:
        """The rows of a mask or of places, in the same bins."""
        groups = {name: values[which] for name, values in self.groups.items()}
        return replace(self, bins=self.bins[which], labels=self.labels[which], people=self.people[which], groups=groups)


def make_dataset(rows: Rows, outcome: str) -> Dataset:
    """Choose the rows whose window for an outcome ("funded" or "kept") has passed and put their signals into bins.

    Left out are unscored and protected signals, those that are lists, and those that had but one value in all rows.

    Raises:
        OutcomeError: if there is no such outcome.
        DatasetError: if there are too few rows, or all of them ended alike.
    """
    chosen = rows_for(rows, outcome)
    labels = chosen[outcome] == 1
    positive = int(labels.sum())
    if len(chosen) < FEWEST_ROWS or not 0 < positive < len(chosen):
        raise DatasetError("few_rows", rows=len(chosen), outcome=outcome, positive=positive, least=FEWEST_ROWS)
    signals = scored_signals(rows.programme)
    values, known = _values(chosen, [signal.id for signal in signals])
    columns, places = [], []
    for place, signal in enumerate(signals):
        column = _column(rows.programme, signal, values[known[:, place], place])
        if column is not None:
            columns.append(column)
            places.append(place)
    return Dataset(
        outcome=outcome,
        basis="synthetic" if "synthetic" in chosen.values("source") else "outcomes",
        columns=tuple(columns),
        bins=binned(columns, values[:, places], known[:, places]),
        labels=labels,
        people=np.unique(np.array(chosen.participant, dtype=str), return_inverse=True)[1].astype(np.int64),
        groups={name: _group(chosen, name) for name in groups(rows.programme)},
        digest=_digest(signals, values, known, labels),
    )


def scored_signals(programme: Programme) -> tuple[Signal, ...]:
    """The signals that a scorecard may read, each once, in the programme's order."""
    found = {s.id: s for s in programme.signals if s.scored and not s.protected and s.kind not in ("choices", "date")}
    return tuple(found.values())


def _values(rows: Rows, names: Sequence[str]) -> tuple[Ints, Bools]:
    """What the matcher knows on each row's own day: (values, where known), both of shape (rows, signals)."""
    values = np.zeros((len(rows), len(names)), dtype=np.int64)
    known = np.zeros(values.shape, dtype=bool)
    for places, rules, columns in known_by_day(rows):
        for at, name in enumerate(names):
            if name not in rules.signals:
                continue
            if name in rules.derived:
                yes, no = truth_columns(rules.derived[name], columns)
                values[places, at], known[places, at] = yes, yes | no
            else:
                low, high = columns.low[rules.position[name]], columns.high[rules.position[name]]
                known[places, at] = low == high
                values[places, at] = np.where(low == high, low, 0)
    return values, known


def _group(rows: Rows, name: str) -> Texts:
    """A group as text, "unknown" where not said; numbers (ages) by tens."""
    written, numbers = rows.values(name), {field.name for field in fields(rows.programme) if field.kind == "number"}
    if name in numbers:
        written = [None if value is None else f"{value // 10 * 10} to {value // 10 * 10 + 9}" for value in written]
    return np.array([_word(value) for value in written], dtype=str)


def _word(value: object) -> str:
    return "unknown" if value is None else {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


# -- bins --------------------------------------------------------------------------------------------------------------


def binned(columns: Sequence[Column], values: Ints, known: Bools) -> Floats:
    """The bin of every value, NaN where it is unknown; all of shape (rows, columns)."""
    bins = np.full(values.shape, np.nan)
    for place, column in enumerate(columns):
        found = values[:, place]
        if not column.codes:
            found = np.searchsorted(np.array(column.edges, dtype=np.int64), found, side="right")
        bins[:, place] = np.where(known[:, place], found, np.nan)
    return bins


def edges_of(values: Ints) -> tuple[int, ...]:
    """The lower ends of at most a dozen bins (all but the first) that share the values, shape (n,), about equally.

    Greedy: a bin ends where the next value would carry it further past its fair share of what is left than short of it,
    so that a value many have stands alone. Whole numbers only, hence the same everywhere. Zero is never in one bin with
    more: none is not a little. An edge that can move to two digits without moving anybody to another bin does.
    """
    distinct, counts = np.unique(values, return_counts=True)
    edges: list[int] = []
    left, held, before = int(counts.sum()), 0, 0
    for value, count in zip(distinct.tolist(), counts.tolist(), strict=True):
        bins_left = MOST_BINS - len(edges)
        if held and bins_left > 1 and (before == 0 or (2 * held + count) * bins_left > 2 * left):
            edges.append(_rounded(value, before))
            left, held = left - held, 0
        held, before = held + count, value
    return tuple(edges)


def _rounded(value: int, before: int) -> int:
    """The lowest end of a bin above `before` that parts the two alike: two digits where that is possible."""
    if before == 0:
        return 1
    for digits in range(len(str(abs(value))) - 2, 0, -1):
        step: int = 10**digits
        if value // step * step > before:
            return value // step * step
    return value


def _column(programme: Programme, signal: Signal, values: Ints) -> Column | None:
    if len(np.unique(values)) < 2:
        return None
    if signal.kind == "choice":
        if len(signal.values) > MOST_BINS:
            raise DatasetError("many_codes", name=signal.id, codes=len(signal.values), most=MOST_BINS)
        return Column(signal.id, 0, (), tuple(signal.values))
    column = Column(signal.id, signal.direction, edges_of(values), ())
    gains = [value for entry in programme.interventions if (value := _gain(entry, signal)) is not None]
    if not signal.direction or not gains:
        return column
    least = min(gains) if signal.direction > 0 else max(gains)
    return replace(column, least_gain=int(np.searchsorted(np.array(column.edges), least, side="right")))


def _gain(entry: Intervention, signal: Signal) -> int | None:
    """The value that an intervention brings a signal to, at least."""
    for effect in (*entry.sets, *entry.requests):
        if effect.signal == signal.id:
            return int(signal.encode(effect.value))
    return None


def _digest(signals: Sequence[Signal], values: Ints, known: Bools, labels: Bools) -> str:
    """SHA-256 of what was learnt from: names, values where known, labels; not of who or when."""
    whole = hashlib.sha256("\n".join(signal.id for signal in signals).encode())
    for part in (np.where(known, values, MISSING), labels.astype(np.int64)):
        whole.update(np.ascontiguousarray(part, dtype="<i8").tobytes())
    return whole.hexdigest()
