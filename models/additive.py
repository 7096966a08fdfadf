"""ClampedAdditive: the estimator. A score is an intercept and one contribution for each signal, and silence never pays.

scikit-learn's monotone constraints do not bind missing values: measured, an unknown training scored above a finished one.
So after fitting, the contribution of "unknown" of every signal with a direction is clamped between its worst known bin
and zero, the mean of those who are known; and below what the smallest effect of an intervention brings, so that to
finish a step never lowers a score, not even of somebody of whom nothing was known.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # it publishes none

from models.dataset import Bools, Column, Floats

NEWTON_STEPS: Final = 100
"""Steps of Newton's method for the intercept; it converges within ten."""


class ClampedAdditive(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn publishes no types
    """Additive boosted trees, monotone in the direction of each signal, with the contribution of unknown clamped.

    `columns` say what the columns of X are; X has shape (rows, columns): numbers of bins, NaN where unknown. The other
    settings were chosen once, by five-fold cross-fitting on the committed sample with three seeds: ten small ones lay
    within 0.001 (funded) and 0.0013 (kept) of each other in log loss. These are the plainest, stumps; forty people a
    leaf, not a hundred, because arrears are as rare as that and weigh most. A code that few have is not told apart.

    Attributes after `fit`:
        contributions_: for each column its log odds by bin, the last one for unknown; centred on the known rows.
        intercept_: log odds of somebody whose every contribution is zero, set so that the mean probability of the
            training rows is the share of those with the outcome.
        boosted_: the trees before the clamp.
    """

    def __init__(
        self,
        columns: Sequence[Column] = (),
        *,
        learning_rate: float = 0.1,
        max_iter: int = 100,
        max_leaf_nodes: int = 2,
        min_samples_leaf: int = 40,
        l2_regularization: float = 10.0,
        random_state: int = 0,
    ) -> None:
        self.columns = columns
        self.learning_rate = learning_rate
        self.max_iter = max_iter
        self.max_leaf_nodes = max_leaf_nodes
        self.min_samples_leaf = min_samples_leaf
        self.l2_regularization = l2_regularization
        self.random_state = random_state

    def fit(self, X: Floats, y: Bools) -> ClampedAdditive:
        """Learn from bins and labels; one thread, so that the same rows always give the same trees."""
        self.classes_ = np.array([False, True])
        self.boosted_ = HistGradientBoostingClassifier(
            interaction_cst="no_interactions",
            monotonic_cst=[column.direction for column in self.columns],
            categorical_features=[bool(column.codes) for column in self.columns],
            early_stopping=False,
            learning_rate=self.learning_rate,
            max_iter=self.max_iter,
            max_leaf_nodes=self.max_leaf_nodes,
            min_samples_leaf=self.min_samples_leaf,
            l2_regularization=self.l2_regularization,
            random_state=self.random_state,
        )
        with threadpool_limits(1):
            self.boosted_.fit(X, y)
            parts = probe(self.boosted_, self.columns)
        self.contributions_ = [
            clamped(column, without_unheard_of(centred(part, X[:, place]), X[:, place]))
            for place, (column, part) in enumerate(zip(self.columns, parts, strict=True))
        ]
        self.intercept_ = 0.0
        self.intercept_ = _intercept(self.decision_function(X), float(np.mean(y)))
        return self

    def decision_function(self, X: Floats) -> Floats:
        """Log odds of the outcome, shape (rows,)."""
        total = np.full(len(X), self.intercept_)
        for place, part in enumerate(self.contributions_):
            total += part[np.where(np.isnan(X[:, place]), len(part) - 1, X[:, place]).astype(np.intp)]
        return total

    def predict_proba(self, X: Floats) -> Floats:
        """Probabilities of (not the outcome, the outcome), shape (rows, 2)."""
        yes = 1.0 / (1.0 + np.exp(-self.decision_function(X)))
        return np.column_stack([1.0 - yes, yes])

    def predict(self, X: Floats) -> Bools:
        """Whether the outcome is more likely than not, shape (rows,)."""
        likely: Bools = self.decision_function(X) > 0
        return likely


def probe(estimator: Any, columns: Sequence[Column]) -> list[Floats]:
    """What an estimator's decision function adds for each bin of each column, the last for unknown (which adds 0.0).

    One signal at a time is changed in a row of which nothing else is known; exact if and only if the estimator is
    additive. Uses nothing but `decision_function`.
    """
    sizes = [column.bins for column in columns]
    rows = np.full((1 + sum(sizes), len(columns)), np.nan)
    at = 1
    for place, size in enumerate(sizes):
        rows[at : at + size, place] = np.arange(size)
        at += size
    found = estimator.decision_function(rows)
    parts = np.split(found[1:] - found[0], np.cumsum(sizes)[:-1])
    return [np.append(part, 0.0) for part in parts]


def centred(part: Floats, bins: Floats) -> Floats:
    """Contributions of a column shifted so that their mean over the known rows is zero; `bins` has shape (rows,)."""
    known = bins[~np.isnan(bins)].astype(np.intp)
    counts = np.bincount(known, minlength=len(part))[:-1]
    return part - float(counts @ part[:-1]) / max(len(known), 1)


def without_unheard_of(part: Floats, bins: Floats) -> Floats:
    """The same contributions with zero for unknown if no row was unknown: nothing was learnt about silence."""
    return part if np.isnan(bins).any() else np.append(part[:-1], 0.0)


def clamped(column: Column, part: Floats) -> Floats:
    """The same contributions with unknown, the last one, between the worst known bin and zero if there is a direction."""
    if not column.direction:
        return part
    known, most = part[:-1], 0.0
    if column.least_gain is not None:
        most = min(most, float(known[column.least_gain]))
    return np.append(known, min(max(float(part[-1]), float(known.min())), most))


def _intercept(log_odds: Floats, share: float) -> float:
    """The number to add to log odds of shape (rows,) so that the mean probability is `share`."""
    shift = float(np.log(share / (1 - share)))
    for _ in range(NEWTON_STEPS):
        likely = 1.0 / (1.0 + np.exp(-(log_odds + shift)))
        step = (share - float(likely.mean())) / float((likely * (1 - likely)).mean())
        shift += step
        if abs(step) < 1e-12:
            break
    return shift
