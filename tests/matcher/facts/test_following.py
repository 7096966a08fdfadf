"""Facts that follow from facts: numbers, sets and yes or no alike, in whatever order they are stated."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from matcher.facts.columns import know_columns
from matcher.facts.participant import ParticipantError, know, read_participant
from matcher.programme.loading import load_programme
from matcher.programme.rules import rules_on
from tests.small_programmes import WORDS, Small, a_product, a_programme, a_signal, an_intervention
from words.telling import teller

RULES = rules_on(load_programme(), date(2026, 11, 21))


def known(signals: dict[str, Any], name: str) -> Any:
    """What is known of one signal, as written; (least, most) where only bounds are."""
    found = know(RULES, read_participant(RULES, signals))
    place, signal = RULES.position[name], RULES.signals[name]
    low, high = found.low[place], found.high[place]
    return signal.decode(low) if low == high else (low, high)


@pytest.mark.parametrize(
    ("signals", "name", "value"),
    [
        ({"mentoring_sessions": 0}, "mentor_recommendation", False),
        ({"existing_credit": []}, "kur_lender", "none"),
        ({"amount_asked": 100_000}, "wants_capital", True),
        ({"business_running": False}, "months_of_books", 0),
    ],
)
def test_a_fact_follows_where_nobody_answered(signals, name, value):
    assert known(signals, name) == value


@pytest.mark.parametrize("sessions", [1, 4])
def test_a_session_tells_nothing_of_a_letter(sessions):
    low, high = known({"mentoring_sessions": sessions}, "mentor_recommendation")
    assert low < 0 < 1 < high


def test_a_letter_is_a_no_of_its_own_where_somebody_said_so():
    assert known({"mentoring_sessions": 4, "mentor_recommendation": False}, "mentor_recommendation") is False


@pytest.mark.parametrize(
    ("signals", "code"),
    [
        ({"mentor_recommendation": True, "mentoring_sessions": 0}, "contradicts"),
        ({"business_age_months": 3, "months_of_books": 8}, "less_than"),
        ({"productive_credit_ever": [], "existing_credit": ["kur"]}, "contradicts"),
        # nobody knows whether it grew since, and even so it is too little
        ({"business_age_months": {"value": 3, "on": "2026-09-21"}, "months_of_books": 8}, "less_than"),
    ],
)
def test_a_contradiction_names_both_in_either_language(signals, code):
    first, other = signals
    with pytest.raises(ParticipantError) as caught:
        read_participant(RULES, signals)
    (problem,) = caught.value.problems
    assert (problem.field, problem.message.code) == (first, code)
    for language in ("id", "en"):
        said = teller(RULES, language).say(problem.message)
        assert all(RULES.signals[name].label[language] in said for name in (first, other))


@pytest.mark.parametrize(
    "signals",
    [
        {"mentoring_sessions": 0, "mentor_recommendation": {"value": True, "on": "2020-01-01"}},  # too old to count
        {"productive_credit_ever": ["commercial"], "existing_credit": ["kur"]},  # two names of one loan, perhaps
        {"business_age_months": {"value": 7, "on": "2026-09-21"}, "months_of_books": 8},  # it may have grown since
        {"business_running": False, "business_age_months": 12},  # it ran once
    ],
)
def test_answers_that_may_both_be_so_are_taken(signals):
    read_participant(RULES, signals)


def test_what_follows_from_what_follows_is_known_in_whatever_order_it_is_stated():
    def when(name: str, to: Any) -> dict[str, Any]:
        return {"follows": [{"when": [{"signal": name, "is": True}], "to": to}]}

    codes = [{"id": "x", "label": WORDS}, {"id": "y", "label": WORDS}]
    signals = [
        a_signal("more", "number", follows=[{"at_least": "some"}]),
        a_signal("some", "number", **when("last", 3)),
        a_signal("all", "choices", values=codes, follows=[{"at_least": "few"}]),
        a_signal("few", "choices", values=codes, **when("last", ["y"])),
        a_signal("last", **when("middle", True)),
        a_signal("middle", **when("f0", True)),
        a_signal("f0"),
    ]
    files = a_programme(signals, [an_intervention("i0", sets=[{"signal": "f0", "to": True}])], [a_product("goal")])
    rules = Small(files, {}, date(2026, 11, 21)).rules
    participant = read_participant(rules, {"f0": True})
    found = know(rules, participant)
    low = {name: found.low[rules.position[name]] for name in rules.signals}
    assert (low["middle"], low["last"], low["some"], low["more"], low["few"]) == (1, 1, 3, 3, 2)
    assert low["all"] & 3 == 2
    assert know_columns(rules, [participant]).known_of(0) == found


@pytest.mark.parametrize("conflict", [True, False])
def test_a_bound_is_contradicted_unless_the_programme_says_that_it_may_be(conflict):
    signals = [
        a_signal("more", "number", follows=[{"at_least": "some", "conflict": conflict}]),
        a_signal("some", "number"),
    ]
    files = a_programme(signals, [an_intervention("i0", sets=[{"signal": "some", "at_least": 1}])], [a_product("goal")])
    rules = Small(files, {}, date(2026, 11, 21)).rules
    if conflict:
        with pytest.raises(ParticipantError):
            read_participant(rules, {"more": 1, "some": 3})
    else:
        assert read_participant(rules, {"more": 1, "some": 3}).facts["more"].value == 1
