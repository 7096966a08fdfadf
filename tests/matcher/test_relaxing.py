"""Relaxing: each condition goes one step, and what held before holds after it."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings

from matcher.facts.participant import Participant, know, read_participant
from matcher.programme.criteria import Criterion
from matcher.programme.loading import load_programme
from matcher.programme.masks import truth_of
from matcher.programme.rules import rules_on
from matcher.relaxing import relaxed
from tests.conftest import EXAMPLES
from tests.strategies import participants

DAY = date(2026, 12, 1)
RULES = rules_on(load_programme(), DAY)


def asks(signal, op, value, **more):
    return Criterion("signal", signal, op, value, **more)


@pytest.mark.parametrize(
    ("criterion", "value"),
    [
        (asks("business_age_months", "at_least", 6), 3),
        (asks("business_age_months", "at_least", 1), None),
        (asks("age", "at_least", 21), 18),
        (asks("age", "at_most", 59), 60),
        (asks("amount_asked", "at_most", 10_000_000), 20_000_000),
        (asks("amount_asked", "at_least", 10_000_001), 5_000_001),
        (asks("arrears_idr", "at_most", 0), 100_000),
        (asks("nib", "is", True), None),
        (asks("kecamatan", "one_of", ["31.71.01"]), None),
    ],
)
def test_a_number_goes_one_step_and_all_else_is_dropped(criterion, value):
    found = relaxed(RULES, criterion)
    assert (found.to and found.to.value) == value


def test_in_a_group_every_number_goes_one_step():
    older, married = asks("age", "at_least", 21), asks("married", "is", True)
    found = relaxed(RULES, Criterion("any", parts=(older, married), text={"id": "Umur", "en": "Age"}))
    assert [part.value for part in found.to.parts] == [18, True]
    assert found.to.text is None  # the old words would say the old number
    assert relaxed(RULES, Criterion("any", parts=(married, asks("nib", "is", True)))).to is None


def test_what_is_unknown_stays_unknown_unless_it_is_dropped():
    known = know(RULES, Participant(DAY))
    assert relaxed(RULES, asks("business_age_months", "at_least", 6)).truth(known) is None
    assert relaxed(RULES, asks("nib", "is", True)).truth(known) is True
    young = know(RULES, read_participant(RULES, {"business_age_months": 4}))
    assert relaxed(RULES, asks("business_age_months", "at_least", 6)).truth(young) is True
    assert relaxed(RULES, asks("business_age_months", "at_least", 12)).truth(young) is False


@given(participants(RULES))
@settings(max_examples=max(EXAMPLES // 10, 50), deadline=None)
def test_whoever_meets_a_condition_meets_it_made_easier(participant):
    known = know(RULES, participant)
    for product in RULES.products:
        for rule in product.criteria:
            before, after = truth_of(rule.clauses, known.yes, known.no), relaxed(RULES, rule.criterion).truth(known)
            assert not (before is True and after is not True), rule.criterion
            assert not (before is None and after is False), rule.criterion
