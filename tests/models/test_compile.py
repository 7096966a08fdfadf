"""compile_scorecard: the table is the estimator, in points that a person can read."""

import json
from datetime import date

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

from matcher.facts.participant import know, read_participant
from matcher.programme.rules import rules_on
from matcher.scorecard import read_scorecard
from models.additive import ClampedAdditive
from models.compile import FACTOR, CompileError, bands_of, compile_scorecard, perturbed, table_bytes
from training_data.schema import rows_for


@pytest.fixture(scope="module")
def compiled(estimator, dataset):
    return compile_scorecard(estimator, dataset, "test-1")


def test_before_rounding_the_table_is_the_estimator_on_rows_held_out_and_on_perturbed_ones(dataset):
    """1e-9 in log odds, 0.05 of a point after rounding."""
    held_out = np.arange(len(dataset)) % 3 == 0
    seen = dataset.take(~held_out)
    estimator = ClampedAdditive(seen.columns).fit(seen.bins, seen.labels)
    hidden = dataset.bins.copy()
    hidden[np.random.default_rng(3).random(hidden.shape) < 0.3] = np.nan
    others = np.vstack([dataset.bins[held_out], hidden, perturbed(seen.columns, 5_000)])
    found = compile_scorecard(estimator, seen, "test-1", others=others)
    assert found.parity <= 1e-9
    assert found.rounding <= 0.05


def test_what_the_matcher_scores_is_what_the_estimator_says(compiled, estimator, dataset, sample, programme):
    rows = rows_for(sample, "funded")
    day = rules_on(programme, date.fromordinal(int(rows["as_of"][0])))
    scorecard = read_scorecard(compiled.content, day)
    log_odds = estimator.decision_function(dataset.bins)
    for row in range(0, len(rows), 23):
        signals = {
            name: {"value": value, "sure": True} for name, value in rows.signals(row).items()
        }  # rows doubt nothing
        readiness = scorecard.score(day, know(day, read_participant(day, signals)))
        points = 500 + FACTOR * (log_odds[row] - compiled.base_log_odds)
        assert readiness.score / 1000 == pytest.approx(points, abs=0.05)
        assert readiness.score == readiness.base + sum(c.points for c in readiness.contributions)


def test_twenty_points_double_the_odds_and_the_base_is_five_hundred(compiled):
    assert FACTOR * np.log(2) == pytest.approx(20)
    assert compiled.table["base"] == 500_000


def test_somebody_average_in_all_that_is_known_has_the_base(compiled, dataset):
    parts = {entry["signal"]: entry for entry in compiled.table["signals"]}
    for at, column in enumerate(dataset.columns):
        entry = parts.get(column.signal)
        if entry is None or column.codes:
            continue
        known = dataset.bins[:, at][~np.isnan(dataset.bins[:, at])].astype(int)
        lower_ends = np.array([-1, *column.edges])[known]
        points = np.array(entry["points"])[np.searchsorted(entry["edges"], lower_ends, side="right")]
        assert abs(points.mean()) < 1


def test_an_estimator_that_is_not_additive_is_refused(dataset):
    tangled = HistGradientBoostingClassifier(max_iter=20, random_state=0).fit(dataset.bins, dataset.labels)
    with pytest.raises(CompileError, match="not additive"):
        compile_scorecard(tangled, dataset, "test-1")


def test_neighbouring_bins_with_the_same_points_are_one_bin(compiled):
    for entry in compiled.table["signals"]:
        if "edges" in entry:
            assert all(a != b for a, b in zip(entry["points"], entry["points"][1:], strict=False))
            assert len(entry["points"]) == len(entry["edges"]) + 1


def test_no_signal_in_the_table_moves_nothing(compiled):
    assert all(any([*entry["points"], entry["unknown"]]) for entry in compiled.table["signals"])


def test_the_file_has_one_signal_a_line_sorted_keys_and_a_last_newline(compiled):
    text = compiled.content.decode()
    assert json.loads(text) == compiled.table
    assert text.endswith("}\n")
    assert list(json.loads(text)) == sorted(compiled.table)
    lines = [line for line in text.splitlines() if '"signal":' in line]
    assert len(lines) == len(compiled.table["signals"])
    assert max(map(len, lines)) < 250


def test_a_number_that_is_not_finite_is_never_written():
    with pytest.raises(ValueError, match="JSON"):
        table_bytes({"base": float("nan")})


def test_bands_count_everybody_once_and_hold_at_least_fifty():
    pick = np.random.default_rng(5)
    scores = pick.normal(500, 20, 1_000)
    labels = pick.random(1_000) < 0.3
    bands = bands_of(scores, labels)
    assert sum(band["people"] for band in bands) == 1_000
    assert min(band["people"] for band in bands) >= 50
    assert sum(band["people"] * band["share"] for band in bands) == pytest.approx(labels.sum(), abs=1)
    assert len(bands_of(scores[:60], labels[:60])) == 1


def test_synthetic_rows_give_no_bands_to_read_a_probability_from(compiled):
    assert compiled.table["basis"] == "synthetic"
    assert compiled.table["bands"] == []
