"""How well a score tells apart, how true its chances are, and whom it selects: always with an interval.

On rows of a synthetic cohort every figure describes the generator that made them, not people. Groups are an argument
here and a column nowhere else.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold

from models.dataset import Bools, Dataset, Floats, Ints, Texts

FOLDS: Final = 5
RESAMPLES: Final = 1000
Z: Final = 1.959963984540054
"""The two-sided 95% point of the normal distribution."""
FEWEST_OF_A_GROUP: Final = 30
"""Groups with fewer people are added up as "fewer than 30 each": their rates say nothing and may point at somebody."""
MOST_BANDS: Final = 10


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure with its 95% interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"


@dataclass(frozen=True, slots=True)
class CalibrationBand:
    """People whose chance was put at `low`..`high`: how many, the mean they were given, the share that came true."""

    low: float
    high: float
    people: int
    said: float
    came_true: Figure


@dataclass(frozen=True, slots=True)
class GroupRate:
    """One value of one group: its people, the share of them selected, and that share over the most selected one's."""

    group: str
    value: str
    people: int
    selected: Figure
    ratio: Figure


@dataclass(frozen=True)
class Evaluation:
    """Everything measured on rows that the estimator had not seen. `rows` were labelled, `positive` of them yes."""

    rows: int
    positive: int
    auc: Figure
    bands: tuple[CalibrationBand, ...]
    groups: tuple[GroupRate, ...]
    selected_share: float


def cross_fitted(make: Callable[[], Any], dataset: Dataset, *, random_state: int = 0) -> Floats:
    """Log odds for each row, shape (rows,), from an estimator that never saw that row nor another of the same person."""
    found = np.zeros(len(dataset))
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=random_state)
    for seen, unseen in folds.split(dataset.bins, dataset.labels, dataset.people):
        estimator = make().fit(dataset.bins[seen], dataset.labels[seen])
        found[unseen] = estimator.decision_function(dataset.bins[unseen])
    return found


def evaluate(
    log_odds: Floats, labels: Bools, groups: Mapping[str, Texts], *, selected_share: float = 0.5, random_state: int = 0
) -> Evaluation:
    """Measure log odds of shape (rows,) against labels and groups of the same shape.

    For the groups, the `selected_share` of people with the highest log odds count as selected.
    """
    cut = float(np.quantile(log_odds, 1 - selected_share))
    rates = [rate for name, values in groups.items() for rate in selection_rates(name, values, log_odds >= cut)]
    chances = 1 / (1 + np.exp(-log_odds))
    return Evaluation(
        rows=len(labels),
        positive=int(labels.sum()),
        auc=auc_with_interval(log_odds, labels, random_state=random_state),
        bands=tuple(calibration(chances, labels)),
        groups=tuple(rates),
        selected_share=selected_share,
    )


def auc(scores: Floats | Ints, labels: Bools) -> float:
    """The chance that somebody with the outcome scores above somebody without, ties half; nan if one kind is missing.

    The Mann-Whitney form, with mean ranks for ties (Hanley and McNeil 1982). Shapes (rows,).
    """
    positive, negative = int(labels.sum()), int((~labels).sum())
    if not positive or not negative:
        return math.nan
    _, which, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[which]
    return float((ranks[labels].sum() - positive * (positive + 1) / 2) / (positive * negative))


def auc_with_interval(
    scores: Floats | Ints, labels: Bools, *, resamples: int = RESAMPLES, random_state: int = 0
) -> Figure:
    """AUC with its percentile bootstrap interval: those with and those without the outcome drawn apart."""
    pick = np.random.default_rng(random_state)
    yes, no = np.flatnonzero(labels), np.flatnonzero(~labels)
    found = []
    for _ in range(resamples):
        drawn = np.concatenate([pick.choice(yes, len(yes)), pick.choice(no, len(no))])
        found.append(auc(scores[drawn], labels[drawn]))
    low, high = np.quantile(found, [0.025, 0.975])
    return Figure(auc(scores, labels), float(low), float(high))


def share(positive: int, people: int) -> Figure:
    """A share with its 95% interval (Wilson 1927, which holds near 0 and 1 and for few people)."""
    if people == 0:
        return Figure(math.nan, 0.0, 1.0)
    rate, spread = positive / people, Z * Z / people
    middle = (rate + spread / 2) / (1 + spread)
    half = Z / (1 + spread) * math.sqrt(rate * (1 - rate) / people + spread / (4 * people))
    return Figure(rate, max(0.0, middle - half), min(1.0, middle + half))


def calibration(chances: Floats, labels: Bools, bands: int = MOST_BANDS) -> list[CalibrationBand]:
    """Chances against what came true, in bands of about equally many people; shapes (rows,)."""
    edges = np.unique(np.quantile(chances, np.arange(1, bands) / bands))
    which = np.searchsorted(edges, chances, side="right")
    found = []
    for band in range(len(edges) + 1):
        inside = which == band
        if inside.any():
            came_true = share(int(labels[inside].sum()), int(inside.sum()))
            said = chances[inside]
            found.append(
                CalibrationBand(float(said.min()), float(said.max()), len(said), float(said.mean()), came_true)
            )
    return found


def selection_rates(name: str, values: Texts, selected: Bools) -> list[GroupRate]:
    """For each value of a group the share selected, and its ratio to the value most of whom are; shapes (rows,).

    Empty where no value has 30 people; "unknown" is shown but is nobody's yardstick.
    The ratio's interval is that of the log of a ratio of two shares (Katz and others 1978). Four fifths is the ratio
    below which many regulators ask for reasons; it is no proof of fairness above.
    """
    found, counts = np.unique(values, return_counts=True)
    small = set(found[counts < FEWEST_OF_A_GROUP].tolist())
    merged = [f"fewer than {FEWEST_OF_A_GROUP} each" if value in small else value for value in values.tolist()]
    named = np.array(merged, dtype=str)
    counted = {value: (int(selected[named == value].sum()), int((named == value).sum())) for value in sorted({*merged})}
    told = {value: count for value, count in counted.items() if value in set(found.tolist()) - small - {"unknown"}}
    if not told:
        return []
    best = max(told, key=lambda value: told[value][0] / told[value][1])
    return [
        GroupRate(
            name,
            value,
            people,
            share(chosen, people),
            Figure(1.0, 1.0, 1.0) if value == best else _ratio(chosen, people, *told[best]),
        )
        for value, (chosen, people) in counted.items()
    ]


def _ratio(chosen: int, people: int, best_chosen: int, best_people: int) -> Figure:
    if not chosen or not best_chosen:
        return Figure(0.0 if best_chosen else math.nan, 0.0, math.inf)
    ratio = (chosen / people) / (best_chosen / best_people)
    spread = Z * math.sqrt(1 / chosen - 1 / people + 1 / best_chosen - 1 / best_people)
    return Figure(ratio, ratio * math.exp(-spread), ratio * math.exp(spread))
