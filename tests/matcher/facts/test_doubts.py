"""Doubts: values that can hardly be count as unknown until confirmed; for one participant and for many alike."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.facts.columns import know_columns
from matcher.facts.doubts import Doubted
from matcher.facts.participant import Fact, Known, Participant, ParticipantError, know, read_participant
from matcher.programme.loading import load_programme
from matcher.programme.rules import rules_on
from matcher.recommend import recommend
from tests.conftest import ROOT
from tests.strategies import raw_signals, read

TODAY = date(2026, 11, 21)
RULES = rules_on(load_programme(), TODAY)
WARMI = rules_on(load_programme(ROOT / "tests" / "programmes" / "warmi"), TODAY)
FEWER = settings(max_examples=max(50, settings().max_examples // 5))
MONEY = [name for name, signal in RULES.signals.items() if signal.kind == "money"]


def sure(value: Any) -> dict[str, Any]:
    return {"value": value, "sure": True}


def doubts(**signals: Any) -> list[tuple[str, tuple[str, ...], tuple[int, ...]]]:
    """The doubts about somebody: id, the signals that are not confirmed, the values."""
    found = know(RULES, read_participant(RULES, signals)).doubts
    return [(one.id, one.signals, one.values) for one in found]


def value(known: Known, name: str) -> int | None:
    place = RULES.position[name]
    return known.low[place] if known.low[place] == known.high[place] else None


@st.composite
def doubtful_people(draw: st.DrawFn) -> Participant:
    """People whose sums are now and then a thousandth of what they should be, or do not fit; some confirmed."""
    raw = draw(raw_signals(RULES))
    for name in draw(st.lists(st.sampled_from([*MONEY, "business_age_months", "age"]), max_size=5, unique=True)):
        value = draw(st.sampled_from([0, 12, 40, 600, 3_000, 40_000, 90_000, 3_000_000, 60_000_000]))
        if RULES.signals[name].minimum <= value <= RULES.signals[name].maximum:
            raw[name] = sure(value) if draw(st.booleans()) else value
    return read(RULES, raw)


# -- worked by hand ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("profit", "is_doubted"),
    [(1, True), (49_999, True), (50_000, False), (0, False), (-3_000, False), (3_000_000, False)],
)
def test_a_floor_doubts_what_lies_between_zero_and_itself(profit, is_doubted):
    expected = [("profit_in_thousands", ("monthly_profit",), (profit,))] if is_doubted else []
    assert doubts(monthly_profit=profit) == expected


@pytest.mark.parametrize(
    ("profit", "revenue", "is_doubted"),
    [(9_000_000, 3_000_000, True), (3_000_000, 3_000_000, False), (1, 0, True), (-1, 0, False), (0, 0, False)],
)
def test_a_profit_above_sales_is_doubted_together_with_them(profit, revenue, is_doubted):
    found = dict((one[0], one[1:]) for one in doubts(monthly_profit=profit, monthly_revenue=revenue))
    both = (("monthly_profit", "monthly_revenue"), (profit, revenue))
    assert found.get("profit_above_revenue") == (both if is_doubted else None)


@pytest.mark.parametrize(
    ("profit", "instalments", "is_doubted"),
    [(3_000_000, 20_000_000, False), (3_000_000, 20_000_001, True), (0, 5_000_000, False), (-500_000, 2_500_001, True)],
)
def test_instalments_far_above_the_profit_are_doubted(profit, instalments, is_doubted):
    found = doubts(monthly_profit=profit, monthly_instalments=instalments)
    assert ("instalments_far_above_profit" in [one[0] for one in found]) is is_doubted


@pytest.mark.parametrize(("months", "is_doubted"), [(131, False), (132, True)])
def test_a_business_begun_before_its_owner_was_ten_is_doubted(months, is_doubted):
    assert bool(doubts(business_age_months=months, age=20)) is is_doubted  # 20 years and 11 months less ten years


def test_values_are_held_against_each_other_as_they_have_grown():
    since = {"value": 131, "on": (TODAY - timedelta(days=40)).isoformat()}
    assert doubts(business_running=True, business_age_months=since, age=20) == [
        ("business_older_than_owner", ("business_age_months", "age"), (132, 20))
    ]


def test_a_stale_value_is_no_longer_doubted_and_an_unknown_one_never():
    old = {"value": 3_000, "on": (TODAY - timedelta(days=181)).isoformat()}
    assert doubts(monthly_profit=old) == doubts(monthly_profit=None) == doubts(monthly_revenue=3_000_000) == []


def test_what_follows_from_a_doubtful_value_does_not_follow():
    assert value(know(RULES, read_participant(RULES, {"amount_asked": 5_000_000})), "wants_capital") == 1
    assert value(know(RULES, read_participant(RULES, {"amount_asked": 5_000})), "wants_capital") is None
    assert value(know(RULES, read_participant(RULES, {"amount_asked": sure(5_000)})), "wants_capital") == 1


def test_only_what_was_not_confirmed_is_unknown():
    raw = {"monthly_profit": sure(9_000_000), "monthly_revenue": 3_000_000}
    known = know(RULES, read_participant(RULES, raw))
    about = ("monthly_profit", "monthly_revenue")
    assert known.doubts == (Doubted("profit_above_revenue", about, (9_000_000, 3_000_000), ("monthly_revenue",)),)
    assert known.doubts[0].open_values() == {"monthly_revenue": 3_000_000}
    assert (value(known, "monthly_profit"), value(known, "monthly_revenue")) == (9_000_000, None)
    both = know(RULES, read_participant(RULES, {**raw, "monthly_revenue": sure(3_000_000)}))
    assert (both.doubts, value(both, "monthly_revenue")) == ((), 3_000_000)


def test_a_doubtful_value_ends_with_a_newer_one_that_fits():
    person = read_participant(RULES, {"monthly_profit": 9_000_000, "monthly_revenue": 3_000_000})
    assert know(RULES, person.with_facts(monthly_revenue=30_000_000)).doubts == ()


def test_doubtful_answers_are_asked_first():
    raw = {"business_running": True, "monthly_revenue": 3_000_000, "monthly_profit": 9_000_000}
    found = recommend(RULES, read_participant(RULES, raw))
    assert found.questions[:3] == ("monthly_profit", "monthly_revenue", "wants_capital")
    assert set(recommend(RULES, read_participant(RULES, {"business_running": True})).questions[:3]).isdisjoint(raw)


@pytest.mark.parametrize("wrong", ["yes", 1, [], {}])
def test_sure_is_true_or_false(wrong):
    with pytest.raises(ParticipantError) as caught:
        read_participant(RULES, {"monthly_profit": {"value": 1, "sure": wrong}})
    assert [(one.field, one.message.code) for one in caught.value.problems] == [("monthly_profit.sure", "sure_yes_no")]


@pytest.mark.parametrize("said", [{}, {"sure": False}, {"sure": None}])
def test_what_nobody_confirmed_is_not_sure(said):
    person = read_participant(RULES, {"monthly_profit": {"value": 3_000, **said}})
    assert person.facts["monthly_profit"] == Fact(3_000)


# -- what holds of everybody -------------------------------------------------------------------------------------------


@FEWER
@given(doubtful_people())
def test_a_doubtful_value_is_as_if_nobody_had_given_it(participant):
    known = know(RULES, participant)
    doubted = {name: None for doubt in known.doubts for name in doubt.signals}
    assert replace(known, doubts=()) == know(RULES, participant.with_facts(**doubted))
    found, without = recommend(RULES, participant), recommend(RULES, participant.with_facts(**doubted))
    for part in ("tier", "steps", "interventions", "products", "path", "notices"):
        assert getattr(found, part) == getattr(without, part)
    assert set(found.questions) - doubted.keys() == set(without.questions) - doubted.keys()


@FEWER
@given(doubtful_people())
def test_who_confirmed_everything_is_doubted_in_nothing(participant):
    facts = {name: replace(fact, sure=True) for name, fact in participant.facts.items()}
    known = know(RULES, replace(participant, facts=facts))
    assert known.doubts == ()
    for name, place in RULES.position.items():
        if name in facts and name not in known.stale and RULES.signals[name].kind == "money":
            assert known.low[place] == known.high[place] == facts[name].value


@FEWER
@given(doubtful_people())
def test_a_doubt_names_only_what_was_said_and_not_confirmed(participant):
    for doubt in know(RULES, participant).doubts:
        assert doubt.signals
        assert not any(participant.facts[name].sure for name in doubt.signals)


@FEWER
@given(st.lists(doubtful_people(), min_size=1, max_size=5))
def test_many_are_doubted_like_each_alone(participants):
    columns = know_columns(RULES, participants)
    assert [columns.known_of(row) for row in range(len(participants))] == [know(RULES, one) for one in participants]


@FEWER
@given(st.lists(raw_signals(WARMI).map(lambda raw: read(WARMI, raw)), min_size=1, max_size=5))
def test_another_programmes_doubts_are_its_own(participants):
    columns = know_columns(WARMI, participants)
    assert [columns.known_of(row) for row in range(len(participants))] == [know(WARMI, one) for one in participants]
