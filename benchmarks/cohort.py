"""Whether the synthetic cohort has the shape that is published, and how long it takes to make.

    python benchmarks/cohort.py [--quick]

Counts are taken as the programme counts: the rows' signals run through the steps' own evidence. Deviations are shares of
the published figure. --quick makes 50,000 people in place of 284,164.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from matcher.facts.columns import truth_columns  # noqa: E402 - after the path is set
from matcher.facts.participant import read_participant  # noqa: E402
from training_data.cohort import EVERYBODY, FUNNEL, KOJA, WOMEN, kecamatan_shares, make_cohort  # noqa: E402
from training_data.schema import Rows, check_rows, known_by_day, rows_for, write_rows  # noqa: E402


def figure(name: str, value: float, goal: str, met: bool) -> None:
    print(f"figure {name} {value:.4f} {goal} {'met' if met else 'short'}")


def funnel(rows: Rows) -> None:
    """Print how far each of the seven counts is from the published one, scaled to these people."""
    [(_, rules, columns)] = known_by_day(rows)
    for rule in rules.steps:
        found, wanted = int(truth_columns(rule.done, columns)[0].sum()), FUNNEL[rule.step.id] * len(rows) / EVERYBODY
        print(f"{rule.step.id}: {found} people, published (scaled) {wanted:.0f}")
        figure(f"deviation_{rule.step.id}", abs(found / wanted - 1), "<=0.02", abs(found / wanted - 1) <= 0.02)


def people(rows: Rows) -> None:
    """Print the share of women, of Koja, and the largest gap of a kecamatan."""
    signals = {signal.id: signal for signal in rows.programme.signals}
    gender, place = rows["gender"][rows.known("gender")], rows["kecamatan"][rows.known("kecamatan")]
    women = float((gender == signals["gender"].codes["woman"]).mean())
    figure("women_share", women, f"{WOMEN}+-0.01", abs(women - WOMEN) <= 0.01)
    at_home = (rows["ktp_dki"] == 1).sum() / rows.known("ktp_dki").sum()
    koja = float((place == signals["kecamatan"].codes[KOJA[0]]).mean() * at_home)
    figure("koja_share", koja, f"{KOJA[1]:.4f}+-0.003", abs(koja - KOJA[1]) <= 0.003)
    shares = kecamatan_shares(signals["kecamatan"].values)
    found = np.bincount(place, minlength=len(shares)) / len(place)
    figure("kecamatan_with_people", float((found > 0).sum()), "44", bool((found > 0).sum() == 44))
    gap = float(np.abs(found - np.array(list(shares.values()))).max())
    figure("kecamatan_largest_gap", gap, "<=0.005", gap <= 0.005)


def outcomes(rows: Rows) -> None:
    """Print the invented shares: nothing to compare them with."""
    figure("referred_share", float(rows.known("referred_on").mean()), "-", True)
    for outcome in ("funded", "kept"):
        chosen = rows_for(rows, outcome)
        figure(f"{outcome}_rows", len(chosen), "-", True)
        figure(f"{outcome}_share", float(chosen[outcome].mean()), "-", True)


def accepted(rows: Rows, count: int) -> None:
    """Print how many rows the checks or read_participant refuse."""
    figure("rows_with_a_problem", len({problem.row for problem in check_rows(rows)}), "0", not check_rows(rows))
    [(_, rules, _)] = known_by_day(rows)
    for place in range(count):
        read_participant(rules, rows.signals(place))  # raises where it refuses
    figure("rows_read_by_read_participant", count, "-", True)


def same_bytes(count: int) -> None:
    """Print whether a seed gives the same file twice and another seed another one."""
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / f"{name}.parquet" for name in "abc"]
        for path, seed in zip(files, (1, 1, 2), strict=True):
            write_rows(path, make_cohort(count, random_state=seed))
        first, again, other = (path.read_bytes() for path in files)
    figure("same_seed_same_bytes", first == again, "1", first == again)
    figure("other_seed_other_bytes", first != other, "1", first != other)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer people, for a first look")
    quick = parser.parse_args().quick
    start = time.perf_counter()
    rows = make_cohort(50_000 if quick else EVERYBODY, random_state=1)
    seconds = time.perf_counter() - start
    print(f"{len(rows)} people")
    figure("make_seconds", seconds, "<60", seconds < 60)
    funnel(rows)
    people(rows)
    outcomes(rows)
    accepted(rows, 1_000 if quick else 5_000)
    same_bytes(10_000)


if __name__ == "__main__":
    main()
