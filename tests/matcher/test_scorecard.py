"""A Scorecard: points add up to the last digit, unknowns widen the range, and a wrong table is refused in words."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.facts.columns import know_columns, truth_columns
from matcher.facts.participant import Known, Participant, know
from matcher.programme.loading import load_programme
from matcher.programme.masks import truth_of
from matcher.programme.rules import rules_on
from matcher.scorecard import Scorecard, ScorecardError, read_scorecard
from tests import saying
from tests.strategies import raw_signals, read

RULES = rules_on(load_programme(), date(2026, 11, 21))
RAW = raw_signals(RULES)
SCORED = [s for s in RULES.signals.values() if s.scored and not s.protected and s.kind != "choices"]
POINTS = st.integers(-30_000, 30_000)

# Drawing the answers of one participant costs most: a share of the examples.
FEWER = settings(max_examples=max(50, settings().max_examples // 5))


def a_table(**changed: Any) -> dict[str, Any]:
    """A points table of two signals; what is given replaces or (None) removes a key."""
    signals = [
        {"signal": "registered", "edges": [1], "points": [-500, 1500], "unknown": -200},
        {"signal": "months_of_books", "edges": [1, 6], "points": [-1000, 250, 3000], "unknown": 0},
    ]
    table = {"format": 1, "version": "1", "basis": "synthetic", "outcome": "funded", "base": 50_000, "signals": signals}
    return {key: value for key, value in {**table, **changed}.items() if value is not None}


def a_scorecard(**changed: Any) -> Scorecard:
    return read_scorecard(json.dumps(a_table(**changed)).encode(), RULES)


@st.composite
def tables(draw: st.DrawFn) -> dict[str, Any]:
    """A hand-made table over some of the signals that may be scored."""
    rows = []
    for signal in draw(st.lists(st.sampled_from(SCORED), min_size=1, max_size=8, unique_by=lambda s: s.id)):
        row: dict[str, Any] = {"signal": signal.id, "unknown": draw(POINTS)}
        if signal.kind == "choice":
            codes = draw(st.permutations(list(signal.values)))
            row |= {"codes": codes, "points": draw(st.lists(POINTS, min_size=len(codes), max_size=len(codes)))}
        else:
            near = [0, 1, 2, 6, 12, 36, 1_000_000, 5_000_000, -1, signal.minimum, signal.maximum]
            edges = sorted(draw(st.sets(st.sampled_from(near), max_size=5)))
            row |= {"edges": edges, "points": draw(st.lists(POINTS, min_size=len(edges) + 1, max_size=len(edges) + 1))}
        rows.append(row)
    return a_table(base=draw(POINTS), signals=rows)


def known_value(known: Known, name: str) -> Any:
    """The value as written where it is known, else None."""
    place = RULES.position[name]
    if name in RULES.derived:
        return truth_of(RULES.derived[name], known.yes, known.no)
    return RULES.signals[name].decode(known.low[place]) if known.low[place] == known.high[place] else None


def stated_points(row: dict[str, Any], value: Any) -> int:
    """The points of a row of the table, found by hand."""
    if value is None:
        return int(row["unknown"])
    if "codes" in row:
        return int(dict(zip(row["codes"], row["points"], strict=True))[value])
    return int(row["points"][sum(edge <= int(value) for edge in row["edges"])])


# -- points ------------------------------------------------------------------------------------------------------------


@FEWER
@given(tables(), RAW)
def test_base_and_points_add_up_to_the_score_and_unknowns_widen_it(table, raw):
    scorecard, known = read_scorecard(json.dumps(table).encode(), RULES), know(RULES, read(RULES, raw))
    found = scorecard.score(RULES, known)
    assert found.base + sum(c.points for c in found.contributions) == found.score
    assert found.low <= found.score <= found.high
    assert [c.signal for c in found.contributions] == [row["signal"] for row in table["signals"]]
    low = high = table["base"]
    for row, contribution in zip(table["signals"], found.contributions, strict=True):
        assert contribution.value == known_value(known, contribution.signal)
        points = stated_points(row, contribution.value)
        assert contribution.points == points
        could_be = [points] if contribution.value is not None else [points, *row["points"]]
        low, high = low + min(could_be), high + max(could_be)
    assert (found.low, found.high) == (low, high)
    assert all(type(number) is int for number in (found.score, found.low, found.high))


@FEWER
@given(tables(), st.lists(RAW, min_size=1, max_size=3))
def test_columns_are_scored_like_one_by_one(table, raws):
    scorecard, participants = read_scorecard(json.dumps(table).encode(), RULES), [read(RULES, raw) for raw in raws]
    columns = know_columns(RULES, participants)
    truths = {name: truth_columns(clauses, columns) for name, clauses in RULES.derived.items()}
    many = scorecard.score_columns(RULES, list(columns.low), list(columns.high), truths)
    alone = [scorecard.score(RULES, know(RULES, participant)) for participant in participants]
    assert [column.dtype for column in many] == [np.dtype(np.int64)] * 3
    assert [column.tolist() for column in many] == [
        [one.score for one in alone],
        [one.low for one in alone],
        [one.high for one in alone],
    ]


def test_a_worked_score(a_participant: Callable[..., Participant]):
    known = know(RULES, a_participant(registered=True))
    found = a_scorecard().score(RULES, known)
    # 50,000 + 1,500 for the registration + 0 for unknown books, which may turn out -1,000 to 3,000.
    assert (found.score, found.low, found.high) == (51_500, 50_500, 54_500)
    assert [(c.signal, c.value, c.points) for c in found.contributions] == [
        ("registered", True, 1500),
        ("months_of_books", None, 0),
    ]


def test_unknown_points_outside_the_known_bins_count_in_the_range(a_participant: Callable[..., Participant]):
    row = {"signal": "registered", "edges": [1], "points": [-500, 1500], "unknown": -900}
    found = a_scorecard(signals=[row]).score(RULES, know(RULES, a_participant()))
    assert (found.score, found.low, found.high) == (49_100, 49_100, 51_500)
    found = a_scorecard(signals=[{**row, "unknown": 2000}]).score(RULES, know(RULES, a_participant()))
    assert (found.score, found.low, found.high) == (52_000, 49_500, 52_000)


# -- probability -------------------------------------------------------------------------------------------------------

BANDS = [{"at_least": 0, "people": 49, "share": 0.1}, {"at_least": 51_000, "people": 50, "share": 0.25}]


def test_a_synthetic_scorecard_gives_no_probability_and_says_why(a_participant: Callable[..., Participant]):
    found = a_scorecard(bands=BANDS).score(RULES, know(RULES, a_participant(registered=True)))
    assert (found.probability, found.why_no_probability.code) == (None, "no_probability_synthetic")


def test_outcomes_of_at_least_fifty_people_give_a_probability(a_participant: Callable[..., Participant]):
    scorecard = a_scorecard(basis="outcomes", bands=BANDS)
    found = scorecard.score(RULES, know(RULES, a_participant(registered=True)))
    assert (found.probability, found.why_no_probability) == (0.25, None)


def test_fewer_than_fifty_people_give_none_and_say_how_many(a_participant: Callable[..., Participant]):
    scorecard = a_scorecard(basis="outcomes", bands=BANDS)
    found = scorecard.score(RULES, know(RULES, a_participant(registered=False)))
    assert found.probability is None
    assert found.why_no_probability.code == "no_probability_few"
    assert found.why_no_probability.args == {"people": 49, "least": 50}
    below = a_scorecard(basis="outcomes", bands=[{"at_least": 90_000, "people": 500, "share": 0.5}])
    found = below.score(RULES, know(RULES, a_participant(registered=True)))
    assert (found.probability, found.why_no_probability.args["people"]) == (None, 0)


# -- what is refused ---------------------------------------------------------------------------------------------------


def a_row(**changed: Any) -> list[dict[str, Any]]:
    row = {"signal": "months_of_books", "edges": [1, 6], "points": [-1000, 250, 3000], "unknown": 0}
    return [{key: value for key, value in {**row, **changed}.items() if value is not None}]


def slik(**changed: Any) -> list[dict[str, Any]]:
    codes = ["none", "1", "2", "3", "4", "5"]
    return [{"signal": "slik_class", "codes": codes, "points": [0, 5, 4, 3, 2, 1], "unknown": 0, **changed}]


REFUSED = {
    "another format": ({"format": 2}, "format is 2"),
    "a format that is no whole number": ({"format": True}, "format"),
    "no format": ({"format": None}, "format is None"),
    "another basis": ({"basis": "guess"}, "basis must be synthetic or outcomes"),
    "another outcome": ({"outcome": "rich"}, "outcome funded or kept"),
    "no signals": ({"signals": []}, "signals must be a list"),
    "signals as a table": ({"signals": {"registered": 1}}, "signals must be a list"),
    "an unknown signal": ({"signals": a_row(signal="month_of_books")}, "month_of_books is no signal"),
    "a row that is no table": ({"signals": ["registered"]}, "'registered' is no signal"),
    "a protected signal": ({"signals": a_row(signal="gender", edges=[1], points=[0, 1])}, "gender must not be scored"),
    "an unscored signal": ({"signals": a_row(signal="ktp_dki")}, "ktp_dki must not be scored"),
    "a list signal": ({"signals": a_row(signal="existing_credit")}, "existing_credit must not be scored"),
    "a place": ({"signals": a_row(signal="kecamatan")}, "kecamatan must not be scored"),
    "edges that fall": ({"signals": a_row(edges=[6, 1])}, "rising edges"),
    "an edge twice": ({"signals": a_row(edges=[6, 6])}, "rising edges"),
    "edges of two kinds": ({"signals": a_row(edges=[1, "6"])}, "months_of_books"),
    "an edge with decimals": ({"signals": a_row(edges=[1, 5.5])}, "edge 5.5 is no whole number"),
    "an edge beyond every value": ({"signals": a_row(edges=[1, 10**30])}, "months_of_books"),
    "edges that are no list": ({"signals": a_row(edges=6, points=[0, 1])}, "months_of_books"),
    "too few points": ({"signals": a_row(points=[0, 1])}, "one more points than edges"),
    "points that are no list": ({"signals": a_row(points=7)}, "months_of_books"),
    "no points": ({"signals": a_row(points=None)}, "one more points than edges"),
    "float points": ({"signals": a_row(points=[0, 1.5, 2])}, "points is 1.5; write whole thousandths"),
    "a float that is whole": ({"signals": a_row(points=[0, 1.0, 2])}, "points is 1.0; write whole thousandths"),
    "points beyond reason": ({"signals": a_row(points=[0, 1, 10**10])}, "points is 10000000000"),
    "true as points": ({"signals": a_row(points=[0, True, 2])}, "points is True"),
    "no points for unknown": ({"signals": a_row(unknown=None)}, "months_of_books: unknown is None"),
    "more than twelve bins": (
        {"signals": a_row(edges=list(range(12)), points=list(range(13)))},
        "13 bins; at most 12",
    ),
    "codes of a number": ({"signals": a_row(codes=["1"])}, "rising edges"),
    "a code missing": ({"signals": slik(codes=["none", "1"], points=[0, 1])}, "slik_class needs points for each"),
    "a code too many": ({"signals": slik(codes=["none", *"123456"], points=[0] * 7)}, "slik_class needs points"),
    "a code twice": ({"signals": slik(codes=["none", *"123455"], points=[0] * 7)}, "slik_class"),
    "a code that is no text": ({"signals": slik(codes=[{}, *"12345"], points=[0] * 6)}, "slik_class"),
    "edges of a choice": ({"signals": slik(edges=[1])}, "slik_class needs points for each"),
    "a signal twice": ({"signals": a_row() + a_row()}, "a signal stands twice"),
    "no base": ({"base": None}, "base is None"),
    "a base in decimals": ({"base": 0.5}, "base is 0.5"),
    "a cut-off in decimals": ({"hold_back_below": 0.5}, "hold_back_below is 0.5"),
    "a share above one": ({"bands": [{"at_least": 0, "people": 60, "share": 1.2}]}, "share is 1.2"),
    "a share as text": ({"bands": [{"at_least": 0, "people": 60, "share": "0.2"}]}, "share is '0.2'"),
    "people in decimals": ({"bands": [{"at_least": 0, "people": 60.5, "share": 0.2}]}, "people is 60.5"),
    "bands that do not rise": ({"bands": [{"at_least": n, "people": 60, "share": 0.2} for n in (5, 1)]}, "bands"),
    "a band that is no table": ({"bands": [5]}, "band"),
    "bands that are no list": ({"bands": 5}, "bands"),
}


@pytest.mark.parametrize(("changed", "said"), REFUSED.values(), ids=REFUSED)
def test_a_wrong_table_is_refused_in_words(changed, said):
    with pytest.raises(ScorecardError) as caught:
        a_scorecard(**changed)
    sentence = saying.said(caught.value)
    assert said in sentence
    assert sentence.endswith(".")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"points: 5",
        b"\xff\xfe{}",
        json.dumps(a_table()).encode()[:-1],
        json.dumps(a_table()).replace("-1000", "NaN").encode(),
        json.dumps(a_table()).replace("-1000", "Infinity").encode(),
        json.dumps(a_table()).replace("50000", "-Infinity").encode(),
        b"[" * 200_000 + b"]" * 200_000,
        b"1" * 5000,
    ],
    ids=["empty", "no JSON", "no UTF-8", "cut off", "NaN", "infinity", "minus infinity", "deep", "a huge number"],
)
def test_what_is_no_json_is_refused_in_words(content):
    with saying.says(ScorecardError, match="the scorecard is no JSON"):
        read_scorecard(content, RULES)


@pytest.mark.parametrize("content", [b"[]", b"null", b"1", b'"format"', b"{}"])
def test_json_that_is_no_table_of_this_format_is_refused(content):
    with saying.says(ScorecardError, match="this Kail reads format 1"):
        read_scorecard(content, RULES)


def test_a_number_that_overflows_is_refused():
    with saying.says(ScorecardError, match="points is inf"):
        read_scorecard(json.dumps(a_table()).replace("-1000", "1e999").encode(), RULES)


def test_every_byte_changes_the_digest_and_a_good_table_is_read_as_it_is():
    found, spaced = a_scorecard(), read_scorecard(json.dumps(a_table(), indent=1).encode(), RULES)
    assert found.digest != spaced.digest
    assert (found.version, found.outcome, found.basis, found.base) == ("1", "funded", "synthetic", 50_000)
    assert [b.points for b in found.bins] == [(-500, 1500), (-1000, 250, 3000)]
    assert [(b.worst, b.best) for b in found.bins] == [(-500, 1500), (-1000, 3000)]
    assert found.bins == spaced.bins
