"""Questions: in whose favour one counts, and of whom it is not asked. Worked by hand from the terms of the products."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from matcher.facts.participant import know, read_participant
from matcher.recommend import recommend
from tests.matcher.word_by_word import FEWER, TODAY, VALLEY, ask, drawn, value
from tests.strategies import read

WIDOW: dict[str, Any] = {
    "registered": True,
    "came_for": "capital",
    "business_running": True,
    "business_age_months": 24,
    "sector": "food",
    "wants_capital": True,
    "amount_asked": 5_000_000,
    "nib": False,
    "monthly_profit": 3_000_000,
    "monthly_instalments": 0,
    "household_need": 1_500_000,
    "arrears_idr": 0,
    "existing_credit": [],
    "productive_credit_ever": [],
}
PERSONAL = ("gender", "age", "married", "schooling", "social_register")


def asked(changed: dict[str, Any] | None = None) -> tuple[str, ...]:
    """What is asked of the widow, with some of her answers changed; None takes one away."""
    signals = {**WIDOW, **(changed or {})}
    return ask(**{name: given_ for name, given_ in signals.items() if given_ is not None}).questions


def test_she_is_asked_about_herself_before_a_lending_group():
    found = asked()
    assert found[:2] == ("wants_business", "sku")
    assert found.index("months_of_books") < found.index("slik_class") < found.index("lending_group")


def test_a_scheme_and_its_lenders_rows_count_once():
    # The lender of the present KUR settles BSI's and BCA's rows of KUR Mikro, which is one scheme; what she sells settles KUR
    # Khusus. Equal, so the programme's order stands: counted by rows, the lender would come first.
    kur = {"existing_credit": ["kur"], "productive_credit_ever": ["kur"], "amount_asked": 15_000_000, "nib": True}
    found = asked({**kur, "sector": None})
    assert found.index("sector") < found.index("kur_lender")


def test_a_product_that_is_out_or_for_larger_amounts_asks_nothing():
    # BPJS and collateral are asked by KUR Kecil alone, which begins above Rp100 million, whether her money is known or not.
    for changed in ({}, {"monthly_profit": None}):
        assert not {"bpjs", "collateral", "npwp"} & set(asked(changed))
    large = asked({"amount_asked": 150_000_000, "nib": True, "monthly_profit": 60_000_000})
    assert {"bpjs", "collateral", "npwp"} <= set(large)
    # Off-takers are asked by KUR Khusus alone: a food stall is out, a fishery is not.
    assert "offtaker" not in asked()
    assert "offtaker" in asked({"sector": "fishery"})


@pytest.mark.parametrize(
    ("changed", "is_asked"),
    [
        ({}, True),
        ({"gender": "woman"}, True),
        ({"wants_capital": False, "amount_asked": None}, False),
        ({"gender": "man", "social_register": []}, False),  # the group loans are for women, the grant for the poor
        ({"amount_asked": 150_000_000, "gender": "man"}, False),
        ({"sector": None, "gender": "man", "social_register": []}, False),  # KUR Khusus: first what she sells
        ({"sector": "fishery", "gender": "man", "social_register": []}, True),
        ({"nib": True}, False),  # KUR Super Mikro is offered to her alone, at half of what a group would cost
        # a KUR before: KUR Mikro at 9 % is offered, KUR Khusus costs 6 %
        (
            {
                "nib": True,
                "existing_credit": ["kur"],
                "productive_credit_ever": ["kur"],
                "amount_asked": 15_000_000,
                "sector": "fishery",
            },
            True,
        ),
    ],
)
def test_a_lending_group_is_asked_only_of_who_may_want_a_group_product(changed, is_asked):
    assert ("lending_group" in asked(changed)) is is_asked


def test_gender_age_and_register_come_after_all_others():
    for changed in ({}, {"amount_asked": 15_000_000, "nib": True}, {"sector": "fishery"}, {"monthly_profit": None}):
        found = asked(changed)
        first = min(found.index(name) for name in PERSONAL if name in found)
        assert set(found[first:]) <= set(PERSONAL)


def test_who_wants_no_capital_is_asked_nothing_for_a_product_s_sake():
    found = asked({"wants_capital": False, "amount_asked": None, "came_for": "buyers"})
    assert not {"sku", "lending_group", "offtaker", "kur_lender", *PERSONAL} & set(found)


@FEWER
@given(drawn())
def test_a_group_is_asked_about_only_where_a_group_product_waits_for_it_or_the_path_assumes_it(case):
    rules, raw = case
    participant = read(rules, raw)
    found = recommend(rules, participant)
    group = rules.roles["lending_group"]
    if group not in found.questions or group in found.stale or group in found.path.assumed:
        return
    assert value(rules, know(rules, participant), rules.roles["wants_capital"]) is not False
    waiting = [one for one in found.products if group in one.questions and one.status == "ask"]
    assert any(rules.product_ids[one.id].suggested for one in waiting)


def test_another_programme_s_questions_follow_the_same_order():
    found = recommend(VALLEY, read_participant(VALLEY, {"trading": True, "seeks_loan": True})).questions
    order = ("first", "amount", "usual", "last")
    places = [order.index(VALLEY.signals[name].asked) for name in found]
    assert places == sorted(places)
    assert TODAY.signals.keys().isdisjoint(found)
