"""A Dataset: what is learnt from, in bins, read as the matcher reads it."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.facts.participant import know, read_participant
from matcher.programme.rules import rules_on
from matcher.scorecard import MOST_BINS
from models.dataset import DatasetError, edges_of, make_dataset, scored_signals
from training_data.schema import MISSING, Rows, rows_for

VALUES = st.lists(
    st.one_of(st.just(0), st.integers(0, 40), st.integers(-900_000_000, 10_000_000_000)), min_size=1, max_size=400
)


@given(VALUES)
def test_edges_are_few_whole_and_rising_and_no_bin_is_empty(values):
    edges = edges_of(np.array(values))
    assert len(edges) < MOST_BINS
    assert list(edges) == sorted(set(edges))
    assert all(type(edge) is int for edge in edges)
    used = np.bincount(np.searchsorted(np.array(edges, dtype=np.int64), values, side="right"), minlength=len(edges) + 1)
    assert used.min() > 0


@given(VALUES)
def test_none_is_never_in_one_bin_with_a_little(values):
    edges = edges_of(np.array(values))
    if 0 in values and max(values) > 0 and len(edges) < MOST_BINS - 1:
        assert 1 in edges


@given(VALUES, st.randoms())
def test_edges_do_not_depend_on_the_order_of_rows(values, random):
    other = random.sample(values, len(values))
    assert edges_of(np.array(values)) == edges_of(np.array(other))


def test_a_value_that_most_have_stands_alone_and_the_rest_share_the_other_bins():
    values = np.concatenate([np.zeros(9_000, int), np.arange(1_000_000, 2_000_000, 1_000)])
    assert edges_of(values)[0] == 1
    assert len(edges_of(values)) == MOST_BINS - 1


def test_edges_in_rupiah_are_numbers_that_people_say():
    assert edges_of(np.array([1_234_567] * 50 + [2_345_678] * 50)) == (2_300_000,)


def test_what_is_unscored_protected_or_a_list_is_never_learnt_from(dataset, rules):
    for column in dataset.columns:
        signal = rules.signals[column.signal]
        assert signal.scored
        assert not signal.protected
        assert signal.kind not in ("choices", "date")
    names = {column.signal for column in dataset.columns}
    assert names.isdisjoint({"kecamatan", "sector", "capital_received", "existing_credit", "nib", "iumk", "sku"})


def test_groups_stand_beside_the_columns_and_never_among_them(dataset):
    assert {"gender", "age", "religion", "disability", "kecamatan"} <= set(dataset.groups)
    assert set(dataset.groups).isdisjoint(column.signal for column in dataset.columns)
    assert set(dataset.groups["gender"]) == {"woman", "man", "unknown"}
    assert "30 to 39" in set(dataset.groups["age"])


def test_a_permit_of_any_kind_is_read_as_the_programme_defines_it_on_the_day(dataset, sample):
    rows = rows_for(sample, "funded")
    at = [column.signal for column in dataset.columns].index("any_permit")
    for row in range(0, 200, 5):
        signals = rows.signals(row)
        papers = [signals.get(name) for name in ("nib", "sku", "iumk")]  # in 2021 an IUMK still counts
        wanted = 1.0 if True in papers else np.nan if None in papers else 0.0
        assert np.array_equal(dataset.bins[row, at], wanted, equal_nan=True)


def test_bins_are_of_what_the_matcher_knows_of_one_participant(dataset, sample, programme):
    rows = rows_for(sample, "funded")
    for row in range(0, len(rows), 97):
        day = rules_on(programme, date.fromordinal(int(rows["as_of"][row])))
        known = know(day, read_participant(day, rows.signals(row)))
        for at, column in enumerate(dataset.columns):
            if column.signal in day.derived:
                continue
            place = day.position[column.signal]
            if known.low[place] != known.high[place]:
                assert np.isnan(dataset.bins[row, at])
            elif not column.codes:
                assert dataset.bins[row, at] == sum(edge <= known.low[place] for edge in column.edges)


def test_labels_are_of_referrals_whose_year_has_passed(dataset, sample):
    rows = rows_for(sample, "funded")
    assert len(dataset) == len(rows) < len(sample)
    assert np.array_equal(dataset.labels, rows["funded"] == 1)
    assert 0 < dataset.labels.sum() < len(dataset)


def test_too_few_rows_or_rows_that_all_ended_alike_are_refused_with_the_remedy(sample):
    rows = rows_for(sample, "funded")
    with pytest.raises(DatasetError, match="at least 100 rows"):
        make_dataset(rows.take(np.arange(50)), "funded")
    with pytest.raises(DatasetError, match="both ends"):
        make_dataset(rows.take(rows["funded"] == 1), "funded")


def test_the_digest_is_of_facts_and_outcomes_not_of_names(sample):
    rows = rows_for(sample, "funded")
    before = make_dataset(rows, "funded").digest
    renamed = Rows(rows.programme, [f"x{place}" for place in range(len(rows))], rows.columns)
    assert make_dataset(renamed, "funded").digest == before
    silent = {**rows.columns, "npwp": np.full(len(rows), MISSING, dtype=np.int64)}
    assert make_dataset(Rows(rows.programme, rows.participant, silent), "funded").digest != before


def test_the_smallest_effect_of_an_intervention_is_known_to_a_directed_column(dataset):
    columns = {column.signal: column for column in dataset.columns}
    hours = columns["training_hours"]
    assert hours.least_gain == sum(edge <= 12 for edge in hours.edges)
    assert columns["arrears_idr"].least_gain == 0
    assert columns["monthly_profit"].least_gain is None


def test_every_scored_signal_is_tried_once(programme):
    names = [signal.id for signal in scored_signals(programme)]
    assert len(names) == len(set(names))
    assert "any_permit" in names
