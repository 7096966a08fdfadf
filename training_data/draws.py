"""Draws: random columns of one seed, encoded as the signals of a programme are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from matcher.programme.entries import Programme, Signal
from training_data.rows import MISSING, Bools, Ints

Floats = npt.NDArray[np.float64]


class Draws:
    """Columns of `people` rows drawn from one seed: the same seed and order of calls give the same columns."""

    def __init__(self, programme: Programme, people: int, random_state: int) -> None:
        self.people, self.random = people, np.random.default_rng(random_state)
        self.signals: dict[str, Signal] = {signal.id: signal for signal in programme.signals}

    def yes(self, share: Any) -> Bools:
        """True with probability `share`, a number or an array of shape (people,)."""
        found: Bools = self.random.random(self.people) < share
        return found

    def normal(self, mean: Any = 0.0, sd: Any = 1.0) -> Floats:
        """Normal numbers, shape (people,)."""
        found: Floats = mean + sd * self.random.standard_normal(self.people)
        return found

    def whole(self, low: Any, high: Any) -> Ints:
        """Whole numbers from low to high, both included; bounds may be arrays of shape (people,)."""
        found: Ints = self.random.integers(low, np.asarray(high) + 1, size=self.people, dtype=np.int64)
        return found

    def count(self, mean: Any) -> Ints:
        """Poisson counts of that mean, shape (people,)."""
        found: Ints = self.random.poisson(mean, self.people).astype(np.int64)
        return found

    def money(self, median: Any, spread: float, step: int) -> Ints:
        """Lognormal rupiah around a median, rounded the way people round: to whole `step`s."""
        rupiah = median * np.exp(spread * self.random.standard_normal(self.people))
        found: Ints = (np.round(rupiah / step) * step).astype(np.int64)
        return found

    def exactly(self, share: float, weight: Any) -> Bools:
        """Mark exactly `share` of all people, drawn without replacement; `weight` is a log-weight, -inf means never.

        The Gumbel trick: the largest of log-weight + Gumbel noise are a weighted draw (Efraimidis and Spirakis 2006).
        """
        keys = np.asarray(weight, dtype=np.float64) + self.random.gumbel(size=self.people)
        count = min(round(self.people * share), int(np.isfinite(keys).sum()))
        chosen = np.zeros(self.people, dtype=np.bool_)
        chosen[np.argsort(-keys, kind="stable")[:count]] = True
        return chosen

    def code(self, signal: str, shares: Mapping[str, Any]) -> Ints:
        """One code each of a choice, by shares (numbers or arrays) that need not add up to one."""
        table = np.stack([np.broadcast_to(np.asarray(s, dtype=np.float64), self.people) for s in shares.values()])
        edges = np.cumsum(table, axis=0)
        place = (self.random.random(self.people) * edges[-1] >= edges[:-1]).sum(axis=0)
        found: Ints = np.array([self.signals[signal].codes[code] for code in shares], dtype=np.int64)[place]
        return found

    def codes(self, signal: str, shares: Mapping[str, Any]) -> Ints:
        """A list of codes each, as a bit mask: every code by itself with its share; no code is the empty list."""
        found = np.zeros(self.people, dtype=np.int64)
        for code, share in shares.items():
            found |= np.where(self.yes(share), self.signals[signal].codes[code], 0)
        return found

    def known(self, column: Any, share: Any, always: Any = False) -> Ints:
        """The column where it is known: with probability `share`, and `always` there; MISSING elsewhere."""
        return np.where(self.yes(share) | always, np.asarray(column, dtype=np.int64), MISSING)
