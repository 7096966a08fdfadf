"""The scorecard: reasons add up to the last digit, for one and for many; a table that is wrong is refused."""

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.columns import know_columns, truth_columns
from matcher.entries import Programme
from matcher.participant import know
from matcher.recommend import recommend
from matcher.rules import Rules, rules_on
from matcher.scorecard import Scorecard, ScorecardError, read_scorecard
from tests.strategies import participants

DAY = date(2026, 11, 21)


@pytest.fixture(scope="module")
def rules(okoce: Programme) -> Rules:
    return rules_on(okoce, DAY)


def may_be_scored(rules: Rules) -> list[str]:
    return [name for name, s in rules.signals.items() if s.scored and not s.protected and s.kind != "choices"]


@st.composite
def scorecards(draw: st.DrawFn, rules: Rules, basis: str = "synthetic") -> Scorecard:
    """A table of points made by hand: any signal that may be scored, any bins."""
    points, rows = st.integers(-40_000, 40_000), []
    for name in draw(st.lists(st.sampled_from(may_be_scored(rules)), min_size=1, max_size=8, unique=True)):
        signal = rules.signals[name]
        row: dict[str, Any] = {"signal": name, "unknown": draw(points)}
        if signal.kind == "choice":
            row["codes"] = draw(st.permutations(list(signal.values)))
        else:
            row["edges"] = sorted(draw(st.sets(st.integers(-3, 30), max_size=11)))
        bins = len(row["codes"]) if "codes" in row else len(row["edges"]) + 1
        row["points"] = draw(st.lists(points, min_size=bins, max_size=bins))
        rows.append(row)
    table = {"format": 1, "version": "t", "outcome": draw(st.sampled_from(["funded", "kept"])), "basis": basis}
    return read_scorecard(json.dumps({**table, "base": draw(points), "signals": rows}).encode(), rules)


def test_reasons_add_up_to_the_last_digit_and_the_range_holds_the_score(rules: Rules):
    @given(participants(rules), scorecards(rules))
    def for_one(participant: Any, scorecard: Scorecard) -> None:
        found = scorecard.score(rules, know(rules, participant))
        assert found.score == found.base + sum(reason.points for reason in found.contributions)
        assert found.low <= found.score <= found.high
        assert [reason.signal for reason in found.contributions] == [bins.signal for bins in scorecard.bins]
        unknown = [b for b, reason in zip(scorecard.bins, found.contributions, strict=True) if reason.value is None]
        assert found.high - found.low == sum(max(b.best, b.unknown) - min(b.worst, b.unknown) for b in unknown)
        assert found.probability is None
        assert found.why_no_probability is not None

    for_one()


def test_many_score_as_one_by_one(rules: Rules):
    @given(st.lists(participants(rules), min_size=2, max_size=4), scorecards(rules))
    def for_many(some: list[Any], scorecard: Scorecard) -> None:
        columns = know_columns(rules, some)
        truths = {name: truth_columns(clauses, columns) for name, clauses in rules.derived.items()}
        together = scorecard.score_columns(rules, list(columns.low), list(columns.high), truths)
        for row, participant in enumerate(some):
            alone = scorecard.score(rules, know(rules, participant))
            assert [int(column[row]) for column in together] == [alone.score, alone.low, alone.high]

    for_many()


def test_changing_nothing_but_a_synthetic_scorecard_changes_nothing_but_the_readiness(rules: Rules):
    @given(participants(rules), scorecards(rules))
    def for_one(participant: Any, scorecard: Scorecard) -> None:
        with_it, without = recommend(rules, participant, scorecard=scorecard), recommend(rules, participant)
        assert with_it.tier == without.tier
        assert with_it.interventions == without.interventions
        assert with_it.products == without.products
        assert (with_it.path, with_it.questions, with_it.steps) == (without.path, without.questions, without.steps)

    for_one()


# -- each by itself ----------------------------------------------------------------------------------------------------

HOURS = {"signal": "training_hours", "edges": [1, 12], "points": [-500, 250, 1001], "unknown": -300}
PERMIT = {"signal": "any_permit", "edges": [1], "points": [-700, 400], "unknown": -100}
PREMISES = {
    "signal": "premises",
    "codes": ["none", "assigned_place", "family", "rented", "own"],
    "points": [0, 1, 2, 3, 4],
    "unknown": 9,
}
TABLE = {"format": 1, "version": "v", "outcome": "funded", "basis": "synthetic", "base": 500_000}


def a_scorecard(rules: Rules, *rows: Any, **more: Any) -> Scorecard:
    return read_scorecard(json.dumps({**TABLE, "signals": list(rows), **more}).encode(), rules)


def test_each_signal_adds_the_points_of_its_bin(rules: Rules, a_participant: Any):
    scorecard = a_scorecard(rules, HOURS, PERMIT, PREMISES)

    def points(**signals: Any) -> list[int]:
        found = scorecard.score(rules, know(rules, a_participant(**signals)))
        return [reason.points for reason in found.contributions]

    assert points() == [-300, -100, 9]
    assert points(training_hours=0, nib=True, premises="own") == [-500, 400, 4]
    assert points(training_hours=11, nib=False, sku=False, premises="none") == [250, -700, 0]
    assert points(training_hours=12, nib=False) == [1001, -100, 9]  # without an answer on the SKU no permit is unknown


def test_a_scorecard_from_outcomes_holds_the_highest_tier_back_below_its_cut_off(rules: Rules, a_participant: Any):
    person = {"business_running": True, "wants_capital": True, "arrears_idr": 0, "productive_credit_ever": ["kur"]}
    money = {"monthly_profit": 3_000_000, "monthly_instalments": 0, "household_need": 0}
    participant = a_participant(**person, **money, training_hours=0)
    cut = {"outcome": "kept", "basis": "outcomes", "hold_back_below": 499_501}
    tiers = [
        recommend(rules, participant, scorecard=a_scorecard(rules, HOURS, **{**cut, **other})).tier.tier
        for other in ({}, {"hold_back_below": 499_500}, {"basis": "synthetic"}, {"outcome": "funded"})
    ]
    assert tiers == ["kail", "empang", "empang", "empang"]


def test_a_probability_needs_real_outcomes_and_fifty_people(rules: Rules, a_participant: Any):
    bands = [{"at_least": 0, "people": 49, "share": 0.2}, {"at_least": 500_000, "people": 50, "share": 0.4}]
    real = a_scorecard(rules, HOURS, basis="outcomes", bands=bands)
    low, high = (real.score(rules, know(rules, a_participant(training_hours=hours))) for hours in (0, 12))
    assert (low.probability, high.probability) == (None, 0.4)
    assert low.why_no_probability.code == "no_probability_few"


WRONG = {
    "another format": {"format": 2},
    "no basis": {"basis": "guess"},
    "another outcome": {"outcome": "liked"},
    "a base that is no whole number": {"base": 1.5},
    "no signals": {"signals": []},
    "an unknown signal": {"signals": [{**HOURS, "signal": "training_hour"}]},
    "a protected signal": {"signals": [{"signal": "age", "edges": [], "points": [1], "unknown": 0}]},
    "a signal twice": {"signals": [HOURS, HOURS]},
    "a point that is no whole number": {"signals": [{**HOURS, "points": [0.5, 1, 2]}]},
    "a bin without points": {"signals": [{**HOURS, "points": [1, 2]}]},
    "edges that do not rise": {"signals": [{**HOURS, "edges": [12, 1]}]},
    "an edge that is no number": {"signals": [{**HOURS, "edges": [1, "12"]}]},
    "an edge that is true": {"signals": [{**HOURS, "edges": [True, 12]}]},
    "too many bins": {"signals": [{**HOURS, "edges": list(range(1, 13)), "points": [0] * 13}]},
    "a code without points": {"signals": [{**PREMISES, "codes": PREMISES["codes"][1:], "points": [1, 2, 3, 4]}]},
    "a code twice": {"signals": [{**PREMISES, "codes": [*PREMISES["codes"], "own"], "points": [0, 1, 2, 3, 4, 5]}]},
    "no points for unknown": {"signals": [{"signal": "training_hours", "edges": [], "points": [1]}]},
    "a share above one": {"bands": [{"at_least": 0, "people": 60, "share": 2}]},
    "bands out of order": {
        "bands": [{"at_least": 9, "people": 60, "share": 0.5}, {"at_least": 0, "people": 60, "share": 0}]
    },
    "a signal that is a list": {"signals": [["training_hours"]]},
    "points that are no list": {"signals": [{**HOURS, "points": 3}]},
    "bands that are no list": {"bands": 3},
    "a band that is a number": {"bands": [3]},
}


@pytest.mark.parametrize("change", WRONG.values(), ids=WRONG)
def test_a_wrong_table_is_refused_in_words(rules: Rules, change: dict[str, Any]):
    with pytest.raises(ScorecardError) as refused:
        a_scorecard(rules, *change.get("signals", [HOURS]), **{k: v for k, v in change.items() if k != "signals"})
    assert len(str(refused.value)) > 10


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff\xfe", b'{"format": NaN}', b"[" * 10_000, b"null"])
def test_what_is_no_table_is_refused_in_words(rules: Rules, content: bytes):
    with pytest.raises(ScorecardError):
        read_scorecard(content, rules)
