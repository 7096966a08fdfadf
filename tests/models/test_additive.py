"""ClampedAdditive: additive, monotone, and silence never pays."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.additive import ClampedAdditive, clamped, probe
from models.compile import perturbed
from models.dataset import Column


def fitted(dataset):
    return ClampedAdditive(dataset.columns).fit(dataset.bins, dataset.labels)


def rising(bins):
    return 0.2 + 0.15 * bins[:, 0]


def silent_if_well_off(bins, pick):
    """The better off keep silent more often: unknown then foretells more than most known values."""
    return (bins == bins.max()) & (pick.random(bins.shape) < 0.8)


def test_trees_alone_let_silence_pay_and_the_clamp_does_not(a_dataset, a_column):
    dataset = a_dataset([a_column()], rising, silent_if_well_off)
    estimator = fitted(dataset)
    before = probe(estimator.boosted_, dataset.columns)[0]
    assert before[-1] > before[:2].max()  # unknown above known bins: why the clamp is there
    after = estimator.contributions_[0]
    assert after[:-1].min() <= after[-1] <= 0


def test_a_signal_without_a_direction_keeps_what_was_learnt_of_unknown(a_dataset, a_column):
    dataset = a_dataset([a_column("staff", direction=0)], rising, silent_if_well_off)
    assert fitted(dataset).contributions_[0][-1] > 0


def test_nothing_is_learnt_about_silence_where_nobody_was_silent(a_dataset, a_column):
    dataset = a_dataset([a_column("staff", direction=0), a_column()], rising)
    assert [part[-1] for part in fitted(dataset).contributions_] == [0.0, 0.0]


@pytest.mark.parametrize("direction", [1, -1])
def test_known_bins_follow_the_direction_even_against_the_data(a_dataset, a_column, direction):
    dataset = a_dataset([a_column(direction=direction)], lambda bins: 0.5 - direction * 0.1 * bins[:, 0])
    part = fitted(dataset).contributions_[0][:-1]
    assert np.all(np.diff(part) * direction >= 0)


def test_before_the_clamp_the_sum_of_single_signals_is_the_trees_own_answer(estimator, dataset):
    parts = probe(estimator.boosted_, dataset.columns)
    rows = np.vstack([dataset.bins, perturbed(dataset.columns)])
    total = sum(
        part[np.where(np.isnan(rows[:, at]), -1, rows[:, at]).astype(int)] for at, part in enumerate(parts)
    ) + estimator.boosted_.decision_function(np.full((1, len(parts)), np.nan))
    assert np.abs(total - estimator.boosted_.decision_function(rows)).max() < 1e-9


def test_the_mean_chance_of_the_training_rows_is_the_share_that_came_true(estimator, dataset):
    assert estimator.predict_proba(dataset.bins)[:, 1].mean() == pytest.approx(dataset.labels.mean(), abs=1e-9)


def test_the_same_rows_give_the_same_contributions(estimator, dataset):
    again = fitted(dataset)
    assert all(np.array_equal(a, b) for a, b in zip(again.contributions_, estimator.contributions_, strict=True))


@given(st.lists(st.floats(-9, 9), min_size=3, max_size=13), st.integers(0, 11), st.sampled_from([1, -1]))
def test_the_clamp_lies_between_the_worst_known_bin_and_what_an_intervention_brings(part, gain, direction):
    known = sorted(part[:-1], reverse=direction < 0)
    gain = min(gain, len(known) - 1)
    column = Column("months_of_books", direction, tuple(range(1, len(known))), (), gain)
    found = clamped(column, np.array([*known, part[-1]]))
    assert found[:-1].tolist() == known
    assert found[-1] <= max(known[gain], min(known))
    assert found[-1] <= max(0, min(known))
    if min(known) <= 0:
        assert found[-1] >= min(known)


@given(st.data())
def test_making_a_directed_signal_better_or_saying_it_is_good_never_lowers_the_log_odds(estimator, dataset, data):
    rows = perturbed(dataset.columns)
    row = rows[data.draw(st.integers(0, len(rows) - 1))].copy()
    at = data.draw(st.sampled_from([at for at, column in enumerate(dataset.columns) if column.direction]))
    column = dataset.columns[at]
    best = column.bins - 1 if column.direction > 0 else 0
    better = row.copy()
    if np.isnan(row[at]):
        better[at] = best
    else:
        steps = sorted([int(row[at]), best])
        better[at] = data.draw(st.integers(*steps))
    before, after = estimator.decision_function(np.vstack([row, better]))
    assert after >= before
