"""Reading a participant: every problem is named with its remedy, all at once, and what is missing stays unknown."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.facts.participant import (
    Participant,
    ParticipantError,
    read_participant,
)
from matcher.programme.loading import load_programme
from matcher.programme.rules import rules_on
from tests.conftest import ROOT
from tests.strategies import raw_signals
from words.telling import teller

OKOCE = load_programme()
TODAY = date(2026, 11, 21)
RULES = rules_on(OKOCE, TODAY)
WARMI = rules_on(load_programme(ROOT / "tests" / "programmes" / "warmi"), TODAY)
NAN, INFINITY = float("nan"), float("inf")
FEWER = settings(
    max_examples=max(50, settings().max_examples // 5)
)  # drawing all answers of one participant costs most


def problems(signals: dict[str, Any]) -> list[tuple[str, str]]:
    """The field and the code of every problem."""
    with pytest.raises(ParticipantError) as caught:
        read_participant(RULES, signals)
    return [(problem.field, problem.message.code) for problem in caught.value.problems]


# -- bad values --------------------------------------------------------------------------------------------------------

BAD = {
    "a text with a unit": ("monthly_profit", "2 juta", "not_a_number_text"),
    "digits as text": ("monthly_profit", "2000000", "not_a_number_text"),
    "a number with separators": ("amount_asked", "5.000.000", "not_a_number_text"),
    "yes for a number": ("months_of_books", True, "not_a_number"),
    "a list for a number": ("months_of_books", [3], "not_a_number"),
    "NaN": ("monthly_profit", NAN, "not_finite"),
    "infinity": ("amount_asked", INFINITY, "not_finite"),
    "minus infinity": ("monthly_profit", -INFINITY, "not_finite"),
    "a negative amount": ("amount_asked", -1, "out_of_range_money"),
    "a loss beyond reason": ("monthly_profit", -900_000_001, "out_of_range_money"),
    "too many months": ("months_of_books", 601, "out_of_range"),
    "negative months": ("months_of_books", -1, "out_of_range"),
    "a huge number": ("months_of_books", 10**30, "out_of_range"),
    "a huge float": ("months_of_books", 1e300, "out_of_range"),
    "half a month": ("months_of_books", 2.5, "not_whole"),
    "a number for yes or no": ("nib", 1, "not_yes_no"),
    "ya for yes or no": ("nib", "ya", "not_yes_no"),
    "a date to come": ("training_certificate_on", "2026-11-22", "future_date"),
    "an impossible date": ("training_certificate_on", "2026-02-29", "no_date"),
    "a date the other way round": ("training_certificate_on", "29-02-2024", "no_date"),
    "a date with slashes": ("training_certificate_on", "2024/02/28", "no_date"),
    "a date without dashes": ("training_certificate_on", "20240228", "no_date"),
    "a week date": ("training_certificate_on", "2024-W09-3", "no_date"),
    "a date with a time": ("training_certificate_on", "2024-02-28T00:00:00", "no_date"),
    "a year alone": ("training_certificate_on", 2024, "no_date"),
    "a code that is close": ("came_for", "buyer", "unknown_code_near"),
    "a code that is not": ("came_for", "zzz", "unknown_code"),
    "a label for a code": ("slik_class", "current", "unknown_code"),
    "a number that is no code": ("slik_class", 9, "unknown_code"),
    "a list for one code": ("came_for", ["capital"], "unknown_code_near"),
    "yes for a code": ("slik_class", True, "unknown_code"),
    "one code for a list": ("existing_credit", "kur", "not_a_list"),
    "a table for a list": ("existing_credit", {"value": {"kur": 1}}, "not_a_list"),
    "an unknown code in a list": ("existing_credit", ["kur", "zzz"], "unknown_code"),
    "a close code in a list": ("existing_credit", ["kurr"], "unknown_code_near"),
    "a list in a list": ("existing_credit", [["zzz"]], "unknown_code"),
    "an unknown signal": ("shoe_size", 42, "unknown_signal"),
    "a misspelt signal": ("month_of_books", 3, "unknown_signal_near"),
    "a derived signal": ("any_permit", True, "derived_signal"),
    "a table without value": ("nib", {"on": "2026-01-01"}, "value_missing"),
    "a table in a table": ("nib", {"value": {"value": True}}, "not_yes_no"),
}


@pytest.mark.parametrize(("name", "raw", "code"), BAD.values(), ids=BAD)
def test_a_bad_value_is_named_with_its_remedy_in_both_languages(name, raw, code):
    with pytest.raises(ParticipantError) as caught:
        read_participant(RULES, {name: raw})
    (problem,) = caught.value.problems
    assert (problem.field, problem.message.code) == (name, code)
    for language in ("id", "en"):
        speaker = teller(RULES, language)
        for said in (speaker.say(problem.message), speaker.remedy(problem.message)):
            assert said
            assert "{" not in said


BAD_KEYS = {
    "an unknown key": ({"value": True, "when": "2026-01-01"}, "nib.when", "unknown_key"),
    "a day to come": ({"value": True, "on": "2026-11-22"}, "nib.on", "future_date"),
    "an impossible day": ({"value": True, "on": "2026-13-01"}, "nib.on", "no_date"),
    "a day that is none": ({"value": True, "on": 20260101}, "nib.on", "no_date"),
    "an unknown proof": ({"value": True, "proof": "hearsay"}, "nib.proof", "unknown_proof"),
    "a list of proofs": ({"value": True, "proof": ["seen"]}, "nib.proof", "unknown_proof"),
}


@pytest.mark.parametrize(("raw", "field", "code"), BAD_KEYS.values(), ids=BAD_KEYS)
def test_a_bad_key_beside_a_value_is_named_by_its_path(raw, field, code):
    assert problems({"nib": raw}) == [(field, code)]


def test_a_proof_that_this_signal_does_not_take_is_refused():
    assert problems({"came_for": {"value": "capital", "proof": "document"}}) == [("came_for.proof", "unknown_proof")]


def test_the_near_match_is_the_one_meant_and_never_a_derived_signal():
    with pytest.raises(ParticipantError) as caught:
        read_participant(RULES, {"month_of_books": 3, "any_permits": True})
    near = {problem.field: problem.message.args["near"] for problem in caught.value.problems}
    assert near["month_of_books"] == "months_of_books"
    assert near["any_permits"] != "any_permit"


def test_every_problem_is_reported_at_once_and_the_value_is_kept_out_of_the_text():
    signals = {name: raw for name, raw, _ in BAD.values()} | {
        "ktp_dki": {"value": "3171012345678901", "on": "x", "by": 1}
    }
    with pytest.raises(ParticipantError) as caught:
        read_participant(RULES, signals)
    found = {(problem.field, problem.message.code) for problem in caught.value.problems}
    last = {name: code for name, _, code in BAD.values()}
    assert found >= set(last.items()) | {
        ("ktp_dki", "not_yes_no"),
        ("ktp_dki.on", "no_date"),
        ("ktp_dki.by", "unknown_key"),
    }
    assert "3171012345678901" not in str(caught.value)


# -- good values -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("raw", [None, "", {"value": None}, {"value": ""}, {"value": None, "on": "2026-01-01"}])
def test_nothing_said_is_unknown_and_no_problem(raw):
    participant = read_participant(RULES, {"nib": raw, "months_of_books": raw, "existing_credit": raw})
    assert participant.facts == {}


@pytest.mark.parametrize(
    ("name", "raw"),
    [("months_of_books", 999), ("months_of_books", 999.0), ("business_age_months", 9999), ("arrears_idr", 999_999_999)],
)
def test_a_missing_code_is_unknown(name, raw):
    assert name not in read_participant(RULES, {name: raw}).facts
    assert name not in read_participant(RULES, {name: {"value": raw, "on": "2026-11-01"}}).facts


@pytest.mark.parametrize(
    ("name", "raw", "kept"),
    [
        ("monthly_profit", -250_000, -250_000),
        ("monthly_profit", 2_000_000.0, 2_000_000),
        ("slik_class", 1, "1"),
        ("existing_credit", [], []),
        ("existing_credit", ("commercial", "kur", "kur"), ["kur", "commercial"]),
        ("training_certificate_on", "2024-02-29", date(2024, 2, 29)),
        ("training_certificate_on", date(2024, 2, 29), date(2024, 2, 29)),
        ("training_certificate_on", datetime(2024, 2, 29, 10), date(2024, 2, 29)),
        ("credit_ends_on", "2027-03-31", date(2027, 3, 31)),
        ("amount_asked", 0, 0),
    ],
)
def test_a_good_value_is_kept_as_it_is(name, raw, kept):
    assert read_participant(RULES, {name: raw}).facts[name].value == kept


def test_a_value_keeps_its_day_and_its_proof():
    fact = read_participant(RULES, {"nib": {"value": True, "on": "2026-01-31", "proof": "document"}}).facts["nib"]
    assert (fact.value, fact.on, fact.proof) == (True, date(2026, 1, 31), "document")


def test_with_facts_leaves_the_participant_as_it_was(a_participant: Callable[..., Participant]):
    before = a_participant(nib=True, months_of_books=3)
    after = before.with_facts(nib=None, months_of_books=12, sku=False)
    assert {name: fact.value for name, fact in before.facts.items()} == {"nib": True, "months_of_books": 3}
    assert {name: fact.value for name, fact in after.facts.items()} == {"months_of_books": 12, "sku": False}


# -- contradictions ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("signals", "found"),
    [
        ({"business_age_months": 3, "months_of_books": 8}, [("business_age_months", "less_than")]),
        ({"wants_capital": False, "amount_asked": 1}, [("wants_capital", "contradicts")]),
        ({"existing_credit": [], "kur_lender": "bri"}, [("kur_lender", "contradicts")]),
        (
            {"training_certificate": False, "training_certificate_on": "2024-01-01"},
            [("training_certificate", "contradicts")],
        ),
    ],
)
def test_answers_that_contradict_each_other_are_both_named(signals, found):
    assert problems(signals) == found
    with pytest.raises(ParticipantError) as caught:
        read_participant(RULES, signals)
    assert caught.value.problems[0].message.args["other_signal"] in signals


def test_several_contradictions_are_reported_at_once():
    signals = {"business_age_months": 3, "months_of_books": 8, "wants_capital": False, "amount_asked": 1}
    assert problems(signals) == [("business_age_months", "less_than"), ("wants_capital", "contradicts")]


@pytest.mark.parametrize(
    "signals",
    [
        {"business_age_months": 8, "months_of_books": 8},
        {"wants_capital": False, "amount_asked": 0},
        {"wants_capital": False, "amount_asked": {"value": 5_000_000, "on": "2025-01-01"}},  # stale: no longer so
        {"existing_credit": ["kur"], "kur_lender": "bri"},
        {"business_running": False, "business_age_months": 12},  # it ran once: no contradiction
    ],
)
def test_answers_that_only_look_contradictory_are_taken(signals):
    read_participant(RULES, signals)


@FEWER
@given(raw_signals(WARMI), st.data())
def test_whatever_is_sent_is_either_read_or_refused_in_words(raw, data):
    odd = st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=12), st.dates(), st.lists(st.text())
    )
    table = st.fixed_dictionaries({}, optional={"value": odd, "on": odd, "proof": odd, "more": odd})
    names = st.sampled_from([*WARMI.signals, "month_profits", "", "å"])
    raw = {**raw, **data.draw(st.dictionaries(names, st.one_of(odd, table), max_size=4))}
    problems = ()
    try:
        participant = read_participant(WARMI, raw)
    except ParticipantError as error:
        problems = error.problems
    else:
        assert set(participant.facts) <= set(raw)
    for problem in problems:
        for speaker in (teller(WARMI, "id"), teller(WARMI, "en")):
            assert speaker.say(problem.message)
            assert speaker.remedy(problem.message)
