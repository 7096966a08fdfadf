"""A model card: one page that says what a scorecard was learnt from, what it must not be used for, and its figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from models.compile import Compiled
from models.dataset import Dataset
from models.evaluate import Evaluation, GroupRate

MOST_VALUES: Final = 12
_MEANING: Final = {
    "funded": "a referral for credit is disbursed within twelve months",
    "kept": "among disbursed loans, never 90 days late in the first twelve months",
}
_SYNTHETIC: Final = (
    "**Fitted to a synthetic cohort.** No row-level data of the programme is public. The rows were made by "
    "`training_data.cohort`; every figure below describes that generator, not people. On real micro-traders such signals "
    "foretell a loan only weakly (AUC about 0.6, 0.7 to 0.76 with loan history). It is a starting point until an analyst "
    "trains it again on real outcomes, gives no probability, and neither tier nor ranking depends on it."
)
_OUTCOMES: Final = (
    "**Fitted to recorded outcomes.** They are of people who were referred: of those nobody referred it knows nothing, and "
    "where referral followed earlier advice it has learnt that advice too."
)
_NOT_FOR: Final = (
    "to refuse anybody: a person decides, and each automatic result can be contested (UU PDP 27/2022 art. 10)",
    "as a credit score for a lender: that is a licensed business (POJK 29/2024), and lenders are not shown it",
    "to say what an intervention would do: points say who had the outcome, not why",
    "for a programme, place or time other than the rows it was learnt from, without evaluating it there first",
)


def card(version: str, dataset: Dataset, compiled: Compiled, found: Evaluation, commands: Sequence[str]) -> str:
    """The card as Markdown; every figure with its 95% interval."""
    shown = [rate for rate in found.groups if rate in _extremes(found.groups, rate.group)]
    lines = [
        f"# {version}",
        "",
        _SYNTHETIC if dataset.basis == "synthetic" else _OUTCOMES,
        "",
        f"- Outcome `{dataset.outcome}`: {_MEANING[dataset.outcome]}.",
        f"- Rows: {found.rows} with a finished window, {found.positive} with the outcome. Digest `{dataset.digest[:16]}`.",
        f"- Signals: {len(compiled.table['signals'])} of {len(dataset.columns)} tried move the score; additive, in at most",
        "  twelve bins each, monotone where they have a direction.",
        "- Unknown: of a signal with a direction between its worst known bin and zero, and never above what the smallest",
        "  effect of an intervention brings; silence never pays.",
        f"- Scale: 20 points double the odds; 500 is average in all that is known (log odds {compiled.base_log_odds:.3f}).",
        "- Never read: kecamatan, sector, gender, age, religion, disability, and what stands in for them.",
        "",
        "## Not for",
        "",
        *(f"- {use};" for use in _NOT_FOR[:-1]),
        f"- {_NOT_FOR[-1]}.",
        "",
        "## Figures",
        "",
        "From five-fold cross-fitting: each row scored by an estimator that saw neither it nor that person.",
        "",
        f"- AUC {found.auc}, bootstrap interval.",
        f"- The table is the estimator to {_power(compiled.parity)} log odds before rounding; rounding costs at most "
        f"{compiled.rounding:.3f} point.",
        "",
        "| chance said | people | mean said | came true |",
        "| --- | ---: | ---: | --- |",
        *(
            f"| {band.low:.3f} to {band.high:.3f} | {band.people} | {band.said:.3f} | {band.came_true} |"
            for band in found.bands
        ),
        "",
        "## Whom it selects",
        "",
        f"If the {found.selected_share:.0%} with the highest scores were selected (nobody is: this is a check). The ratio",
        "is to the value of the same group that is selected most often; under 0.8 ask why. Intervals are each value's own:",
        "among many values some differ by chance alone.",
        "",
        "| group | people | selected | ratio |",
        "| --- | ---: | --- | --- |",
        *(f"| {rate.group}: {rate.value} | {rate.people} | {rate.selected} | {rate.ratio} |" for rate in shown),
        "",
        *_left_out(found.groups),
        "## Commands",
        "",
        *(f"    {command}" for command in commands),
        "",
    ]
    return "\n".join(lines)


def _extremes(rates: Sequence[GroupRate], group: str) -> list[GroupRate]:
    """All rates of a group, or of one with many values the three lowest and the three highest."""
    of_group = [rate for rate in rates if rate.group == group]
    if len(of_group) <= MOST_VALUES:
        return of_group
    ordered = sorted(of_group, key=lambda rate: (rate.selected.value, rate.value))
    return ordered[:3] + ordered[-3:]


def _left_out(rates: Sequence[GroupRate]) -> list[str]:
    counts = Counter(rate.group for rate in rates)
    many = [f"{group} (of {count} values)" for group, count in counts.items() if count > MOST_VALUES]
    return [f"Of {', '.join(many)} the three least and the three most selected are shown.", ""] if many else []


def _power(number: float) -> str:
    """The next power of ten above, for a difference that is only rounding varies from machine to machine."""
    return next((f"1e-{digits}" for digits in (12, 11, 10) if number <= 10**-digits), "1e-9")
