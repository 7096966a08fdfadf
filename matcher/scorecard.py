"""A Scorecard turns a Participant into a Readiness. It is the only code that scores.

The score is base + sum of points, in whole thousandths of a point (20 points double the odds, the credit scorecard
convention), so that reasons add up to the last digit on every machine. The table is data: JSON that a person can read.
Format 1. To upgrade: a new number, a function that turns the old table into the new, and the old number refused here.
"""

from __future__ import annotations

import bisect
import hashlib
import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from matcher.facts.participant import Known
from matcher.message import CodedError, Message
from matcher.programme.masks import truth_of
from matcher.programme.rules import Rules

FORMAT: Final = 1
MOST_BINS: Final = 12
LEAST_PEOPLE: Final = 50
Ints = npt.NDArray[np.int64]


class ScorecardError(CodedError):
    """A points table that cannot be used. What it holds is an argument as it stands there, in Python's own writing."""


@dataclass(frozen=True)
class Bins:
    """The points of one signal: by numeric bin (`edges` are the lower ends of all bins but the first) or by code."""

    signal: str
    edges: tuple[int, ...]
    codes: tuple[str, ...]
    points: tuple[int, ...]
    unknown: int

    @property
    def worst(self) -> int:
        """The fewest points that a known value can have."""
        return min(self.points)

    @property
    def best(self) -> int:
        """The most points that a known value can have."""
        return max(self.points)


@dataclass(frozen=True)
class Band:
    """How many referred people had a score from `at_least` on, and the share of them with the outcome."""

    at_least: int
    people: int
    share: float


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one signal adds: its value (None: unknown) and its points in thousandths."""

    signal: str
    value: Any
    points: int


@dataclass(frozen=True)
class Readiness:
    """A score in thousandths of a point, with the range that unknown answers leave open and what moved it."""

    basis: str
    outcome: str
    score: int
    base: int
    low: int
    high: int
    probability: float | None
    why_no_probability: Message | None
    contributions: tuple[Contribution, ...]


@dataclass(frozen=True)
class Scorecard:
    """A points table. `basis` is synthetic or outcomes; `hold_back_below`: a score under it keeps the top tier closed."""

    version: str
    outcome: str
    basis: str
    base: int
    bins: tuple[Bins, ...]
    bands: tuple[Band, ...]
    hold_back_below: int | None
    digest: str

    def score(self, rules: Rules, known: Known) -> Readiness:
        """Score one participant."""
        contributions, low, high = [], self.base, self.base
        for bins in self.bins:
            value = _value(rules, known, bins.signal)
            points = bins.unknown if value is None else _points(rules, bins, value)
            contributions.append(Contribution(bins.signal, _shown(rules, bins.signal, value), points))
            low += points if value is not None else min(points, bins.worst)
            high += points if value is not None else max(points, bins.best)
        total = self.base + sum(c.points for c in contributions)
        probability, why = self._probability(total)
        return Readiness(self.basis, self.outcome, total, self.base, low, high, probability, why, tuple(contributions))

    def score_columns(
        self, rules: Rules, low: Sequence[Ints], high: Sequence[Ints], truths: Mapping[str, tuple[Any, Any]]
    ) -> tuple[Ints, Ints, Ints]:
        """Score many at once: columns of low..high per signal in the rules' order, and yes/no columns of derived signals.

        Returns (score, low, high), each of shape (rows,), in thousandths.
        """
        rows = len(low[0])
        totals = [np.full(rows, self.base, dtype=np.int64) for _ in range(3)]
        for bins in self.bins:
            if bins.signal in truths:
                yes, no = truths[bins.signal]
                value, known = yes.astype(np.int64), yes | no
            else:
                place = rules.position[bins.signal]
                value, known = low[place], low[place] == high[place]
            if bins.codes:
                order = np.array([rules.signals[bins.signal].encode(code) for code in bins.codes])
                points = np.zeros(rows, dtype=np.int64)
                for code, worth in zip(order, bins.points, strict=True):
                    points[value == code] = worth
            else:
                points = np.array(bins.points)[np.searchsorted(np.array(bins.edges), value, side="right")]
            totals[0] += np.where(known, points, bins.unknown)
            totals[1] += np.where(known, points, min(bins.unknown, bins.worst))
            totals[2] += np.where(known, points, max(bins.unknown, bins.best))
        return totals[0], totals[1], totals[2]

    def _probability(self, score: int) -> tuple[float | None, Message | None]:
        if self.basis != "outcomes":
            return None, Message("no_probability_synthetic")
        band = next((b for b in reversed(self.bands) if score >= b.at_least), None)
        if band is None or band.people < LEAST_PEOPLE:
            return None, Message("no_probability_few", {"people": band.people if band else 0, "least": LEAST_PEOPLE})
        return band.share, None


def read_scorecard(content: bytes, rules: Rules) -> Scorecard:
    """Check a points table against the programme and return it.

    Raises:
        ScorecardError: on a wrong format, an unknown or unscored signal, a missing bin, or a point that is no integer.
    """
    try:
        table = json.loads(content, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise ScorecardError("scorecard_no_json", error=str(error)) from None
    if not isinstance(table, dict) or type(table.get("format")) is not int or table["format"] != FORMAT:
        found = table.get("format") if isinstance(table, dict) else type(table).__name__
        raise ScorecardError("scorecard_format", value=repr(found), format=FORMAT)
    if table.get("basis") not in ("synthetic", "outcomes") or table.get("outcome") not in ("funded", "kept"):
        raise ScorecardError("scorecard_basis")
    rows = table.get("signals")
    if not isinstance(rows, list) or not rows:
        raise ScorecardError("scorecard_signals")
    bins = tuple(_bins(rules, row) for row in rows)
    names = [b.signal for b in bins]
    if len(set(names)) != len(names):
        raise ScorecardError("scorecard_twice", names=names)
    hold = table.get("hold_back_below")
    bands = tuple(_band(row) for row in _list("bands", table.get("bands", [])))
    if any(band.at_least >= later.at_least for band, later in itertools.pairwise(bands)):
        raise ScorecardError("scorecard_bands_fall")
    return Scorecard(
        version=str(table.get("version", "")),
        outcome=table["outcome"],
        basis=table["basis"],
        base=_whole("base", table.get("base")),
        bins=bins,
        bands=bands,
        hold_back_below=None if hold is None else _whole("hold_back_below", hold),
        digest=hashlib.sha256(content).hexdigest(),
    )


def _refuse_constant(word: str) -> float:
    raise ScorecardError("scorecard_not_finite", word=word)


def _whole(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > 10**9:
        raise ScorecardError("scorecard_thousandths", key=name, value=repr(value))
    return value


def _list(name: str, value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise ScorecardError("scorecard_no_list", key=name, value=repr(value))
    return value


def _bins(rules: Rules, row: Any) -> Bins:
    name = str(row.get("signal")) if isinstance(row, dict) else repr(row)
    signal = rules.signals.get(name)
    if signal is None:
        raise ScorecardError("scorecard_unknown_signal", name=name)
    if not signal.scored or signal.protected or signal.kind == "choices":
        raise ScorecardError("scorecard_unscored", name=name)
    points = tuple(_whole(f"{name}: points", p) for p in _list(f"{name}: points", row.get("points", [])))
    edges = tuple(_whole_edge(name, edge) for edge in _list(f"{name}: edges", row.get("edges", [])))
    codes = tuple(str(code) for code in _list(f"{name}: codes", row.get("codes", [])))
    if signal.kind == "choice":
        if sorted(codes) != sorted(signal.values) or edges or len(points) != len(codes):
            raise ScorecardError("scorecard_codes", name=name, codes=tuple(signal.values))
    elif codes or len(points) != len(edges) + 1 or list(edges) != sorted(set(edges)):
        raise ScorecardError("scorecard_edges", name=name)
    if len(points) > MOST_BINS:
        raise ScorecardError("scorecard_bins", name=name, bins=len(points), most=MOST_BINS)
    return Bins(
        name,
        edges,
        codes,
        points,
        _whole(f"{name}: unknown", row.get("unknown")),
    )


def _whole_edge(name: str, edge: Any) -> int:
    if isinstance(edge, bool) or not isinstance(edge, int) or abs(edge) > 10**15:
        raise ScorecardError("scorecard_edge", name=name, value=repr(edge))
    return edge


def _band(row: Any) -> Band:
    if not isinstance(row, dict):
        raise ScorecardError("scorecard_band", value=repr(row))
    share = row.get("share")
    if isinstance(share, bool) or not isinstance(share, (int, float)) or not 0 <= share <= 1:
        raise ScorecardError("scorecard_share", value=repr(share))
    return Band(_whole("band", row.get("at_least")), _whole("people", row.get("people")), float(share))


def _points(rules: Rules, bins: Bins, value: int) -> int:
    if bins.codes:
        return bins.points[bins.codes.index(rules.signals[bins.signal].decode(value))]
    return bins.points[bisect.bisect_right(bins.edges, value)]


def _value(rules: Rules, known: Known, name: str) -> int | None:
    if name in rules.derived:
        truth = truth_of(rules.derived[name], known.yes, known.no)
        return None if truth is None else int(truth)
    place = rules.position[name]
    return known.low[place] if known.low[place] == known.high[place] else None


def _shown(rules: Rules, name: str, value: int | None) -> Any:
    return None if value is None else rules.signals[name].decode(value)
