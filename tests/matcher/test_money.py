"""Money is computed again from scratch: what is affordable, the dearest of the prices that may hold, worked figures."""

from __future__ import annotations

import math
from typing import Any

from hypothesis import given

from matcher.facts.participant import know, read_participant
from matcher.programme.compiled import ProductRule
from matcher.programme.entries import Price
from matcher.programme.rules import Rules
from matcher.recommend import recommend
from tests.matcher.word_by_word import (
    A_YEAR,
    FEWER,
    VALLEY,
    ask,
    capacity,
    drawn,
    exact_instalment,
    kleene,
    of_role,
    the,
    values,
)
from tests.strategies import read


def may_hold(rules: Rules, product: ProductRule, given_: dict[str, Any], price: Price) -> bool:
    """Whether a stated price can be computed, is for the form wanted, and is not known to be for others."""
    sharia = given_.get(rules.roles.get("sharia_only", "")) is True or product.entry.form == ("sharia",)
    if product.entry.form == ("sharia",):
        in_form = price.form in ("", "sharia")
    else:
        in_form = price.form == "sharia" if sharia else price.form in ("", "conventional")
    return in_form and price.basis != "unstated" and all(kleene(rules, c, given_, rules.day) > 0 for c in price.when)


def instalments_of(rules: Rules, product: ProductRule, given_: dict[str, Any]) -> int:
    entry = product.entry
    if entry.instalments:
        return entry.instalments
    investment = given_.get(rules.roles.get("purpose", "")) == "investment"
    months = entry.tenor_months.get("investment" if investment else "working_capital") or entry.tenor_months["any"]
    return round(months * A_YEAR[entry.instalment_every] / 12)


@FEWER
@given(drawn())
def test_the_largest_affordable_amount_is_affordable_and_ten_thousand_more_is_not(case):
    rules, raw = case
    participant = read(rules, raw)
    known = know(rules, participant)
    given_, free, asked = values(rules, known), capacity(rules, known), of_role(rules, known, "amount_asked")
    for match in recommend(rules, participant).products:
        product, terms = rules.product_ids[match.id], match.terms
        entry = product.entry
        prices = [price for price in entry.prices if may_hold(rules, product, given_, price)]
        timed = bool(entry.instalments or entry.tenor_months)
        assert (terms.annuity is not None) == (bool(prices) and timed and not product.is_grant)
        if terms.annuity is None:
            continue
        count = instalments_of(rules, product, given_)
        each = max(exact_instalment(price, entry, count) for price in prices)  # the dearest counts
        monthly = each * A_YEAR[entry.instalment_every] / 12
        assert math.isclose(terms.annuity.instalment, each, rel_tol=1e-12)
        if asked:
            assert abs(terms.instalment_idr - math.ceil(asked * each)) <= 1
        if free is None:
            continue
        most = terms.max_affordable_idr
        if free <= 0:
            assert most == 0
            continue
        assert abs(most - math.floor(free / monthly)) <= 1
        assert (most - 1) * monthly <= free < (most + 10_000) * monthly
        if asked is not None:
            assert terms.affordable == ("yes" if asked <= most else "no")


def test_worked_prices():
    # KUR: 6 % efektif over 36 months. Rp5,000,000 costs Rp152,110 a month; Rp300,000 a month carries Rp9,861,304.
    money = {"monthly_profit": 2_000_000, "monthly_instalments": 0, "household_need": 1_400_000}
    kur = the(ask(**money, amount_asked=5_000_000, purpose="working_capital"), "kur_super_mikro").terms
    assert (kur.instalment_idr, kur.max_affordable_idr) == (152_110, 9_861_304)
    # Sixty months for tools: the instalment is smaller and the amount larger.
    tools = the(ask(**money, amount_asked=5_000_000, purpose="investment"), "kur_super_mikro").terms
    assert (tools.instalment_idr, tools.max_affordable_idr) == (96_665, 15_517_668)
    # Mekaar: 25 % of the whole in 50 weeks is Rp25,000 a week for a million, Rp108,333 a month.
    mekaar = the(ask(**money, amount_asked=2_000_000), "pnm_mekaar").terms
    assert (mekaar.instalment_idr, mekaar.max_affordable_idr) == (50_000, 2_769_230)
    assert 0.4 < mekaar.annuity.yearly_rate < 0.6


def test_an_earlier_kur_makes_the_next_one_dearer_and_silence_counts_as_the_dearer():
    dear = the(ask(productive_credit_ever=["kur"]), "kur_mikro").terms.annuity.yearly_rate
    cheap = the(ask(productive_credit_ever=[]), "kur_mikro").terms.annuity.yearly_rate
    unknown = the(ask(), "kur_mikro").terms.annuity.yearly_rate
    assert (cheap, dear, unknown) == (0.06, 0.09, 0.09)


def test_of_two_sources_the_dearer_counts_and_both_are_shown():
    # Flat 18 % over a year is dearer than effective 24 %.
    match = the(recommend(VALLEY, read_participant(VALLEY, {})), "valley_flat")
    assert [price.rate_percent for price in match.prices] == [18, 24]
    assert math.isclose(match.terms.annuity.instalment, 1.18 / 12)


def test_who_wants_sharia_alone_gets_no_price_that_is_stated_for_another_form():
    found = ask(sharia_only=True, amount_asked=5_000_000)
    assert the(found, "kur_super_mikro").terms.annuity is None
    assert the(found, "kur_super_mikro").terms.missing_from == "lender"
    assert the(found, "pegadaian_kur_syariah").terms.annuity is not None
    assert the(found, "kur_mikro").status == "not_for_you"
