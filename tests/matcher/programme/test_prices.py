"""Prices in whole fractions: an instalment, its yearly rate, and a tenor counted in instalments."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.programme.entries import Price
from matcher.programme.loading import load_programme
from matcher.programme.prices import annuity, internal_rate, tenors
from matcher.programme.rules import rules_on
from tests.matcher.word_by_word import A_YEAR, exact_instalment

PRODUCT = rules_on(load_programme(), date(2026, 11, 21)).products[0].entry


PRICES = st.builds(
    lambda rate, basis: Price(rate, basis, "", (), {}, ()),
    st.sampled_from([0.0, 0.5, 3.0, 6.0, 7.5, 12.0, 18.0, 25.0, 30.0, 120.0]),
    st.sampled_from(["effective", "flat", "flat_total", "margin"]),
)
EVERY = st.sampled_from(sorted(A_YEAR))


@given(PRICES, EVERY, st.integers(1, 120))
def test_an_instalment_and_its_yearly_rate_are_those_of_an_exact_computation(price, every, count):
    product = replace(PRODUCT, instalment_every=every, instalments=count)
    found, exact = annuity(price, product, count), exact_instalment(price, product, count)
    assert math.isclose(found.instalment, exact, rel_tol=1e-11)
    assert math.isclose(found.monthly, exact * A_YEAR[every] / 12, rel_tol=1e-11)
    if price.basis == "effective":
        assert found.yearly_rate == price.rate_percent / 100
    one = Fraction(found.yearly_rate) / A_YEAR[every]
    worth = exact * count if one == 0 else exact * (1 - (1 + one) ** -count) / one
    assert math.isclose(worth, 1, rel_tol=1e-9)


@given(st.floats(0.001, 2), st.integers(1, 200))
def test_at_the_internal_rate_the_instalments_are_worth_what_was_lent(instalment, count):
    rate = internal_rate(instalment, count)
    if instalment * count <= 1:
        assert rate == 0
        return
    worth = math.fsum(instalment / (1 + rate) ** number for number in range(1, count + 1))
    assert math.isclose(worth, 1, rel_tol=1e-9)


@pytest.mark.parametrize(
    ("every", "months", "count"), [("month", 36, 36), ("month", 18, 18), ("week", 12, 52), ("two_weeks", 12, 26)]
)
def test_a_tenor_is_counted_in_instalments(every, months, count):
    entry = replace(PRODUCT, instalment_every=every, tenor_months={"any": months}, instalments=None)
    assert tenors(entry) == {"working_capital": count, "investment": count}
    assert tenors(replace(entry, instalments=50)) == {"working_capital": 50, "investment": 50}
    assert tenors(replace(entry, tenor_months={})) == {}
