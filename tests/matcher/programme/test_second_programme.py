"""A quite different programme runs on the same code: no code knows OK OCE. Worked by hand from tests/programmes/warmi."""

from __future__ import annotations

import ast
from datetime import date

import pytest

from matcher.facts.participant import read_participant
from matcher.programme.loading import load_programme
from matcher.programme.rules import Rules, rules_on
from matcher.recommend import Recommendation, recommend
from tests.conftest import ROOT

SELLER = {
    "seller_kind": "person",
    "woman": True,
    "wants_to_trade": True,
    "trading": True,
    "months_trading": 12,
    "joined": True,
    "named_circle": False,
    "months_of_tally": 2,
    "month_profit": 500_000,
    "month_payments": 0,
    "home_need": 100_000,
    "purse": 200_000,
    "stall_paper": False,
    "old_stall_paper": False,
    "hygiene_class_on": "2024-01-10",
    "seeks_loan": True,
    "loan_asked": 1_000_000,
    "no_interest": False,
    "overdue": 20_000,
    "has_loan": False,
}


@pytest.fixture(scope="module")
def rules() -> Rules:
    return rules_on(load_programme(ROOT / "tests" / "programmes" / "warmi"), date(2026, 11, 21))


@pytest.fixture
def seller(rules: Rules) -> Recommendation:
    return recommend(rules, read_participant(rules, SELLER), goal="valley_flat")


def test_the_path_pays_first_waits_for_the_class_and_ends_with_the_third_month_of_the_tally(seller):
    # Overdue: days 0-3. The next class begins on 1 December (day 10) and takes 2 days; the permit 10 more (day 22). The
    # tally has its third month on 21 December (day 30). Rupiah: 20,000 overdue + 40,000 class + 60,000 permit.
    steps = [(s.intervention or "wait", s.begins, s.ends) for s in seller.path.steps]
    assert steps == [
        ("pay_overdue", date(2026, 11, 21), date(2026, 11, 24)),
        ("wait", date(2026, 11, 24), date(2026, 12, 1)),
        ("hygiene_class", date(2026, 12, 1), date(2026, 12, 3)),
        ("stall_permit", date(2026, 12, 3), date(2026, 12, 13)),
        ("wait", date(2026, 12, 13), date(2026, 12, 21)),
    ]
    assert (seller.path.days, seller.path.cost_idr, seller.path.lender_days) == (30, 120_000, 9)


def test_the_share_and_the_dearer_price_are_this_programmes_own(seller):
    # 30 % of (500,000 - 100,000) = 120,000 a month. Flat 18 % over 12 months: 1.18 / 12 a month for one rupiah, an internal
    # rate above the leaflet's 24 %. 120,000 * 12 / 1.18 = 1,220,338.98.
    found = {match.id: match for match in seller.products}["valley_flat"]
    assert found.terms.max_affordable_idr == 1_220_338
    assert found.terms.instalment_idr == 98_334
    assert found.terms.affordable == "yes"
    assert found.terms.annuity.yearly_rate > 0.30


def test_its_tiers_have_their_own_ids_and_rules(rules, seller):
    assert (seller.tier.tier, seller.tier.provisional) == ("tunas", False)
    stranger = recommend(rules, read_participant(rules, {}))
    assert (stranger.tier.tier, stranger.tier.provisional, stranger.tier.programme) == (
        "benih",
        True,
        "courtyard_visit",
    )
    assert stranger.tier.talk_again_on == date(2026, 12, 5)


def test_a_grant_whose_conditions_are_met_is_offered_and_its_application_comes_first(seller):
    found = {match.id: match for match in seller.products}
    assert (found["seed_gift"].status, found["seed_gift"].offered) == ("conditions_met", True)
    assert seller.interventions[0].id == "loan_referral"
    changed_by = {change.intervention for unmet in found["market_week"].unmet for change in unmet.changed_by}
    assert (found["market_week"].status, changed_by) == ("not_yet", {"hygiene_class", "pay_overdue"})


def test_a_grant_that_is_offered_is_the_goal_where_none_was_named(rules):
    found = recommend(rules, read_participant(rules, SELLER))
    assert (found.path.goal, found.path.steps, found.path.days) == ("seed_gift", (), 0)
    assert found.interventions[0].rank_reason.args["product"] == "seed_gift"


def test_no_code_names_anything_of_okoce():
    okoce = load_programme()
    names = {entry.id for kind in (okoce.steps, okoce.interventions, okoce.products, okoce.tiers) for entry in kind}
    said = set()
    for path in (ROOT / "matcher").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                said.add(node.value)
    # A kind of intervention, a key of products, and who closes what nobody answers; by chance also ids.
    assert names & said == {"referral", "register", "kail"}
