"""How long a score takes, for one participant with reasons and for a million rows, beside the estimator it came from.

    python benchmarks/score.py [--quick]

In one process and in turn: the points table by `matcher.scorecard`, and `predict_proba` of the estimator that was compiled
into it, retrained here from the committed sample, and of the trees before the clamp, as scikit-learn runs them. All on one
thread: a single row is fastest so. Times are of this machine; the ratios travel better.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from matcher.facts.participant import know, read_participant  # noqa: E402 - after the path is set
from matcher.programme.loading import load_programme  # noqa: E402
from matcher.programme.rules import Rules, rules_on  # noqa: E402
from matcher.scorecard import Scorecard, read_scorecard  # noqa: E402
from models.additive import ClampedAdditive  # noqa: E402
from models.compile import FACTOR, compile_scorecard  # noqa: E402
from models.dataset import Dataset, Ints, make_dataset  # noqa: E402
from models.train import make_estimator, read_sample  # noqa: E402

SOMEBODY = {
    "business_running": True,
    "business_age_months": 24,
    "training_certificate": True,
    "mentoring_sessions": 6,
    "nib": True,
    "npwp": True,
    "months_of_books": 8,
    "bank_account": True,
    "monthly_profit": 3_000_000,
    "amount_asked": 5_000_000,
    "arrears_idr": 0,
}


def milliseconds(act: Callable[[], object], repeat: int) -> float:
    """The median of `repeat` runs."""
    found = []
    for _ in range(repeat):
        start = time.perf_counter()
        act()
        found.append((time.perf_counter() - start) * 1000)
    return statistics.median(found)


def figure(name: str, value: float, goal: str, met: bool) -> None:
    print(f"figure {name} {value:.4f} {goal} {'met' if met else 'short'}")


def columns_of(rules: Rules, dataset: Dataset, rows: int) -> tuple[np.ndarray, list[Ints], list[Ints], dict]:
    """Rows drawn from the sample's own bins: (bins for the estimator, low, high and truths for the matcher)."""
    pick = np.random.default_rng(0)
    bins = dataset.bins[pick.integers(0, len(dataset), rows)]
    low, high = (np.full((len(rules.position), rows), end, dtype=np.int64) for end in (-(2**62), 2**62))
    truths = {}
    for at, column in enumerate(dataset.columns):
        known, found = ~np.isnan(bins[:, at]), np.nan_to_num(bins[:, at]).astype(np.int64)
        if column.signal in rules.derived:
            truths[column.signal] = (known & (found == 1), known & (found == 0))
            continue
        lowest = rules.signals[column.signal].minimum if rules.signals[column.signal].kind != "yes_no" else 0
        values = found if column.codes else np.array([min(lowest, column.edges[0] - 1), *column.edges])[found]
        place = rules.position[column.signal]
        low[place], high[place] = np.where(known, values, low[place]), np.where(known, values, high[place])
    return bins, list(low), list(high), truths


def one(rules: Rules, scorecard: Scorecard, estimator: ClampedAdditive, dataset: Dataset, repeat: int) -> None:
    known = know(rules, read_participant(rules, SOMEBODY))
    row = dataset.bins[:1]
    score = milliseconds(lambda: scorecard.score(rules, known), repeat)
    clamped = milliseconds(lambda: estimator.predict_proba(row), repeat)
    trees = milliseconds(lambda: estimator.boosted_.predict_proba(row), max(repeat // 10, 20))
    print("one participant, with every reason")
    figure("score_one_ms", score, "<0.1", score < 0.1)
    figure("estimator_one_over_score", clamped / score, ">1", clamped > score)
    figure("trees_one_over_score", trees / score, ">10", trees > 10 * score)


def many(
    rules: Rules,
    scorecard: Scorecard,
    estimator: ClampedAdditive,
    dataset: Dataset,
    base: float,
    rows: int,
    repeat: int,
) -> None:
    bins, low, high, truths = columns_of(rules, dataset, rows)
    scores = scorecard.score_columns(rules, low, high, truths)[0]
    apart = float(np.abs(scores / 1000 - 500 - FACTOR * (estimator.decision_function(bins) - base)).max())
    table = milliseconds(lambda: scorecard.score_columns(rules, low, high, truths), repeat)
    clamped = milliseconds(lambda: estimator.predict_proba(bins), repeat)
    trees = milliseconds(lambda: estimator.boosted_.predict_proba(bins), repeat)
    print(f"{rows:,} rows: score, low and high of each, beside predict_proba alone")
    figure("score_columns_s", table / 1000, "<2", table < 2000)
    figure("score_rows_per_second", rows / table * 1000, ">500000", rows / table * 1000 > 500_000)
    figure("estimator_over_score_columns", clamped / table, "-", True)
    figure("trees_over_score_columns", trees / table, ">1", trees > table)
    figure("points_apart", apart, "<=0.05", apart <= 0.05)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer rows and runs, for a first look")
    quick = parser.parse_args().quick
    programme = load_programme()
    rules = rules_on(programme, date(2026, 11, 21))
    dataset = make_dataset(read_sample(programme), "funded")
    estimator = make_estimator(dataset).fit(dataset.bins, dataset.labels)
    compiled = compile_scorecard(estimator, dataset, "benchmark")
    scorecard = read_scorecard(compiled.content, rules)
    base, rows = compiled.base_log_odds, 100_000 if quick else 1_000_000
    with threadpool_limits(1):
        one(rules, scorecard, estimator, dataset, 200 if quick else 2000)
        many(rules, scorecard, estimator, dataset, base, rows, 3 if quick else 5)


if __name__ == "__main__":
    main()
