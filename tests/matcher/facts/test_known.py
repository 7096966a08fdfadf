"""What is known on the day: stale answers dropped, growing ones brought up to it, what follows from others filled in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.facts.columns import know_columns
from matcher.facts.participant import (
    Known,
    Participant,
    day_after_months,
    know,
    units_between,
)
from matcher.programme.criteria import UNKNOWN_HIGH, UNKNOWN_LOW
from matcher.programme.loading import load_programme
from matcher.programme.rules import rules_on
from tests.strategies import raw_signals, read

OKOCE = load_programme()
TODAY = date(2026, 11, 21)
RULES = rules_on(OKOCE, TODAY)
FEWER = settings(
    max_examples=max(50, settings().max_examples // 5)
)  # drawing all answers of one participant costs most


def interval(known: Known, name: str) -> tuple[int, int]:
    place = RULES.position[name]
    return known.low[place], known.high[place]


def value(known: Known, name: str) -> Any:
    """The value as written, or None where it is unknown."""
    low, high = interval(known, name)
    return RULES.signals[name].decode(low) if low == high else None


@pytest.mark.parametrize(("days", "is_known"), [(0, True), (180, True), (181, False), (4000, False)])
def test_a_stale_answer_is_unknown_and_said_to_be_stale(a_participant: Callable[..., Participant], days, is_known):
    on = TODAY - timedelta(days=days)
    known = know(RULES, a_participant(profit_and_loss={"value": True, "on": on.isoformat()}))
    assert value(known, "profit_and_loss") is (True if is_known else None)
    assert known.stale == (frozenset() if is_known else {"profit_and_loss"})


def test_a_certificate_never_goes_stale(a_participant: Callable[..., Participant]):
    known = know(RULES, a_participant(training_certificate={"value": True, "on": "1999-01-01"}))
    assert value(known, "training_certificate") is True
    assert not known.stale


def test_books_grow_from_their_day_on_and_the_business_with_them(a_participant: Callable[..., Participant]):
    signals = {"business_running": True, "months_of_books": {"value": 3, "on": "2026-08-22"}}
    assert value(know(RULES, a_participant(**signals)), "months_of_books") == 5  # the third month ends tomorrow
    signals["months_of_books"] = {"value": 3, "on": "2026-08-21"}
    known = know(RULES, a_participant(**signals))
    assert value(known, "months_of_books") == 6
    assert interval(known, "business_age_months") == (6, UNKNOWN_HIGH)


def test_books_not_yet_begun_do_not_grow(a_participant: Callable[..., Participant]):
    known = know(RULES, a_participant(months_of_books={"value": 0, "on": "2026-08-01"}))
    assert value(known, "months_of_books") == 0


def test_a_closed_business_does_not_grow_older(a_participant: Callable[..., Participant]):
    age = {"value": 10, "on": "2026-01-21"}
    assert (
        value(know(RULES, a_participant(business_running=True, business_age_months=age)), "business_age_months") == 20
    )
    closed = know(RULES, a_participant(business_running=False, business_age_months=age))
    assert value(closed, "business_age_months") == 10


def test_a_value_grows_no_further_than_its_range(a_participant: Callable[..., Participant]):
    age = {"value": 959, "on": "2020-01-01"}
    known = know(RULES, a_participant(business_running=True, business_age_months=age))
    assert value(known, "business_age_months") == 960


def test_months_of_books_are_a_least_age_of_the_business(a_participant: Callable[..., Participant]):
    known = know(RULES, a_participant(months_of_books=8))
    assert interval(known, "business_age_months") == (8, UNKNOWN_HIGH)
    assert interval(know(RULES, a_participant()), "business_age_months") == (UNKNOWN_LOW, UNKNOWN_HIGH)


@pytest.mark.parametrize(
    ("signals", "name", "implied"),
    [
        ({"business_running": False}, "business_age_months", 0),
        ({"business_running": False}, "months_of_books", 0),
        ({"amount_asked": 100_000}, "wants_capital", True),
        ({"existing_credit": []}, "kur_lender", "none"),
        ({"existing_credit": ["house"]}, "kur_lender", "none"),
        ({"training_certificate_on": "2024-01-01"}, "training_certificate", True),
        # what does not follow stays unknown
        ({"amount_asked": 0}, "wants_capital", None),
        ({"existing_credit": ["kur"]}, "kur_lender", None),
        ({"business_running": True}, "business_age_months", None),
        ({"business_running": {"value": False, "on": "2025-01-01"}}, "months_of_books", None),
    ],
)
def test_what_follows_from_an_answer_is_filled_in(a_participant: Callable[..., Participant], signals, name, implied):
    assert value(know(RULES, a_participant(**signals)), name) == implied


@FEWER
@given(raw_signals(RULES))
def test_what_is_known_is_what_was_said_unless_it_is_stale_and_nothing_is_made_up(raw):
    participant = read(RULES, raw)
    known = know(RULES, participant)
    may_follow = {signal.id for signal in RULES.signals.values() if signal.follows}
    doubtful = {name for doubt in known.doubts for name in doubt.signals}
    for name in RULES.signals:
        fact = participant.facts.get(name)
        if fact is None or name in known.stale or name in doubtful:
            assert interval(known, name) == (UNKNOWN_LOW, UNKNOWN_HIGH) or name in may_follow
        elif RULES.signals[name].grows is None:
            assert value(known, name) == fact.value
        else:
            assert interval(known, name)[0] >= fact.value
    assert not known.yes & known.no


# -- calendar ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "end", "months"),
    [
        (date(2026, 1, 31), date(2026, 2, 28), 1),
        (date(2026, 1, 31), date(2026, 2, 27), 0),
        (date(2024, 1, 30), date(2024, 2, 28), 0),
        (date(2024, 1, 30), date(2024, 2, 29), 1),
        (date(2024, 2, 29), date(2025, 2, 28), 12),
        (date(2026, 1, 15), date(2026, 2, 14), 0),
        (date(2026, 1, 15), date(2026, 2, 15), 1),
        (date(2025, 12, 31), date(2026, 1, 1), 0),
        (date(2026, 1, 1), date(2026, 1, 1), 0),
    ],
)
def test_months_are_those_of_the_calendar(start, end, months):
    assert units_between(start, end, "month") == months
    assert units_between(start, end, "year") == months // 12


@given(st.dates(date(1990, 1, 1), date(2100, 1, 1)), st.integers(0, 600))
def test_the_day_after_some_months_is_the_first_on_which_they_are_full(start, months):
    day = date.fromordinal(day_after_months(start, months))
    assert units_between(start, day, "month") == months
    assert months == 0 or units_between(start, day - timedelta(days=1), "month") == months - 1


RUNNING = {"existing_credit": ["kur"], "kur_lender": "bri", "monthly_instalments": 500_000, "arrears_idr": 0}


@pytest.mark.parametrize(
    ("signals", "asked_again"),
    [
        ({**RUNNING, "credit_ends_on": "2026-11-22"}, False),
        ({**RUNNING, "credit_ends_on": "2026-11-21"}, True),
        ({**RUNNING, "credit_ends_on": "2025-03-21"}, True),
        ({**RUNNING, "credit_ends_on": {"value": "2026-10-01", "on": "2026-09-01"}}, True),
        ({"existing_credit": [], "monthly_instalments": 0, "credit_ends_on": "2025-03-21"}, False),
        ({"credit_ends_on": "2025-03-21"}, False),  # nobody said that it goes on
        ({**RUNNING, "arrears_idr": 200_000, "credit_ends_on": "2025-03-21"}, False),  # arrears explain why it goes on
    ],
)
def test_an_end_day_that_passed_while_the_credit_is_said_to_go_on_is_asked_again(a_participant, signals, asked_again):
    participant = a_participant(**signals)
    known = know(RULES, participant)
    assert ("credit_ends_on" in known.stale) is asked_again
    assert (value(known, "credit_ends_on") is None) is asked_again
    assert value(known, "existing_credit") == value(
        know(RULES, participant.with_facts(credit_ends_on=None)), "existing_credit"
    )
    assert know_columns(RULES, [participant]).known_of(0) == known


def test_a_stale_answer_in_whose_place_something_follows_began_nothing(a_participant):
    old = {"value": 5, "on": TODAY - timedelta(days=181)}  # stale after 180 days; who runs no business keeps no books
    participant = a_participant(business_running=False, months_of_books=old)
    known = know(RULES, participant)
    assert (value(known, "months_of_books"), dict(known.since)) == (0, {})
    assert know_columns(RULES, [participant]).known_of(0) == known
