"""Evaluation: figures with intervals, groups as an argument."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from models.evaluate import auc, auc_with_interval, calibration, cross_fitted, evaluate, selection_rates, share
from models.train import make_estimator

PEOPLE = st.lists(st.tuples(st.integers(-5, 5), st.booleans()), min_size=2, max_size=60)


@given(PEOPLE)
def test_auc_is_the_share_of_pairs_in_the_right_order_with_ties_half(people):
    scores, labels = np.array([s for s, _ in people]), np.array([y for _, y in people])
    if labels.all() or not labels.any():
        assert math.isnan(auc(scores, labels))
        return
    pairs = [(a > b) + (a == b) / 2 for a in scores[labels] for b in scores[~labels]]
    assert auc(scores, labels) == pytest.approx(np.mean(pairs))
    assert auc(scores, labels) == pytest.approx(roc_auc_score(labels, scores))


def test_the_interval_holds_the_figure_and_narrows_with_more_people():
    pick = np.random.default_rng(1)
    labels = pick.random(2_000) < 0.4
    scores = pick.normal(size=2_000) + labels
    many, few = auc_with_interval(scores, labels), auc_with_interval(scores[:200], labels[:200])
    assert many.low < many.value < many.high
    assert many.high - many.low < few.high - few.low
    assert auc_with_interval(scores, labels) == many  # the same seed, the same interval


@given(st.integers(0, 500), st.integers(0, 500))
def test_the_interval_of_a_share_holds_it_and_stays_a_share(positive, negative):
    found = share(positive, positive + negative)
    assert 0 <= found.low <= found.high <= 1
    if positive + negative:
        assert found.low - 1e-12 <= found.value <= found.high + 1e-12


def test_a_share_of_nobody_is_unknown():
    assert math.isnan(share(0, 0).value)


def test_bands_of_calibration_hold_everybody_once():
    pick = np.random.default_rng(2)
    chances = pick.random(3_000)
    labels = pick.random(3_000) < chances
    bands = calibration(chances, labels)
    assert sum(band.people for band in bands) == 3_000
    true_chances = sum(band.came_true.low <= band.said <= band.came_true.high for band in bands)
    assert true_chances >= len(bands) - 2


def test_everybody_is_scored_by_an_estimator_that_never_saw_that_person(dataset):
    some = dataset.take(np.arange(600))
    seen = []

    class Remembers:
        def fit(self, bins, labels):
            seen.append(bins)
            return self

        def decision_function(self, bins):
            return np.full(len(bins), float(len(seen)))

    found = cross_fitted(Remembers, some)
    assert set(found) == {1.0, 2.0, 3.0, 4.0, 5.0}
    assert sum(len(bins) for bins in seen) == 4 * len(some)


def test_rows_of_one_person_are_never_on_both_sides(dataset):
    from dataclasses import replace

    some = dataset.take(np.arange(600))
    pairs = replace(some, people=np.arange(600) // 2)
    found = cross_fitted(lambda: FoldNumber(iter(())), pairs)
    assert np.array_equal(found[::2], found[1::2])


class FoldNumber:
    count = 0

    def __init__(self, _):
        FoldNumber.count += 1
        self.number = FoldNumber.count

    def fit(self, bins, labels):
        return self

    def decision_function(self, bins):
        return np.full(len(bins), float(self.number))


def test_a_group_is_compared_with_the_one_selected_most_and_small_ones_are_added_up():
    values = np.array(["woman"] * 100 + ["man"] * 50 + ["unknown"] * 40 + ["a"] * 3 + ["b"] * 2)
    selected = np.concatenate([np.arange(100) < 40, np.arange(50) < 25, np.ones(40, bool), np.ones(5, bool)])
    rates = {rate.value: rate for rate in selection_rates("gender", values, selected)}
    assert rates["woman"].selected.value == pytest.approx(0.4)
    assert rates["woman"].ratio.value == pytest.approx(0.8)
    assert rates["woman"].ratio.low < 0.8 < rates["woman"].ratio.high
    assert rates["man"].ratio.value == 1
    assert rates["fewer than 30 each"].people == 5
    assert "a" not in rates


def test_a_group_of_which_nothing_is_known_says_nothing():
    assert selection_rates("religion", np.array(["unknown"] * 80), np.ones(80, bool)) == []


def test_an_evaluation_never_gives_a_bare_number(dataset, estimator):
    found = evaluate(estimator.decision_function(dataset.bins), dataset.labels, dataset.groups)
    assert found.auc.low < found.auc.value < found.auc.high
    assert all(band.came_true.low <= band.came_true.value <= band.came_true.high for band in found.bands)
    assert {"gender", "age"} <= {rate.group for rate in found.groups}
    assert make_estimator(dataset).columns == dataset.columns
