"""The default goal: what is offered first, then what only money holds open; beside it what would be cheaper or larger."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.facts.participant import Participant, know, read_participant
from matcher.lenders import Match
from matcher.paths.goal import MOST_ALTERNATIVES, default_goal
from matcher.paths.path import path_to
from matcher.programme.loading import load_programme
from matcher.programme.rules import Rules, rules_on
from matcher.reach import outlook
from matcher.recommend import Recommendation, recommend
from tests.conftest import EXAMPLES, ROOT
from tests.matcher.word_by_word import HALF, kleene, values
from tests.small_programmes import Small, a_product, a_programme, an_intervention
from tests.strategies import near_conditions, participants, read

OKOCE = load_programme()
WARMI = load_programme(ROOT / "tests" / "programmes" / "warmi")
TODAY = rules_on(OKOCE, date(2026, 11, 21))
OTHERS = [rules_on(OKOCE, day) for day in (date(2018, 10, 1), date(2019, 6, 1), date(2024, 12, 1))]
OTHERS += [rules_on(WARMI, TODAY.day)]
AMOUNTS = (1, 3_000_000, 9_000_000, 30_000_000, 60_000_000, 200_000_000)


# -- the first suggestion and the path ---------------------------------------------------------------------------------


def agrees(rules: Rules, raw: dict[str, Any]) -> bool:
    """Whether something is offered; then the path leads to an offer, without a step, and so does the first referral."""
    found = recommend(rules, read(rules, raw))
    offered = {match.id for match in found.products if match.offered}
    if not offered:
        return False
    path = found.path
    assert path.goal in offered
    assert (path.steps, path.days, path.cost_idr, path.ask, path.ask_message, path.assumed) == ((), 0, 0, "", None, ())
    referred = [
        one.rank_reason.args["product"] for one in found.interventions if one.rank_reason.code == "rank_referral"
    ]
    assert referred in ([], [path.goal])
    return True


def test_whenever_a_product_is_offered_the_goal_is_offered_and_needs_no_step():
    seen: Counter[str] = Counter()

    @settings(max_examples=EXAMPLES)
    @given(near_conditions(TODAY))
    def for_somebody_near_a_product(raw: dict[str, Any]) -> None:
        seen["people"] += 1
        seen["offered"] += agrees(TODAY, raw)

    for_somebody_near_a_product()
    print(dict(seen))
    assert seen["people"] >= EXAMPLES
    assert seen["offered"] >= EXAMPLES // 10


@pytest.mark.parametrize("rules", OTHERS, ids=lambda rules: f"{rules.programme.id} {rules.day}")
def test_so_it_is_on_other_days_and_in_another_programme_also_for_a_grant(rules: Rules):
    seen: Counter[str] = Counter()

    @settings(max_examples=max(EXAMPLES // 5, 50))
    @given(near_conditions(rules))
    def for_somebody_near_a_product(raw: dict[str, Any]) -> None:
        seen["offered"] += agrees(rules, raw)

    for_somebody_near_a_product()
    assert seen["offered"]


# -- which of them -----------------------------------------------------------------------------------------------------


def standing_at(rules: Rules, participant: Participant, match: Match) -> int:
    """0: offered; 1: every condition is met, or hangs on the amount alone; 2: something else is lacking or asked."""
    if match.offered:
        return 0
    product = rules.product_ids[match.id]
    given_, amount = values(rules, know(rules, participant)), rules.roles["amount_asked"]
    asked = given_[amount] if isinstance(given_[amount], int) else None
    bounds = [b for b in (asked, match.terms.max_affordable_idr) if b is not None]
    given_[amount] = min(bounds) if bounds else None
    for rule in product.criteria:
        answer = kleene(rules, rule.criterion, given_, rules.day)
        if answer == HALF and given_[amount] is None:
            answer = max(kleene(rules, rule.criterion, {**given_, amount: some}, rules.day) for some in AMOUNTS)
        if answer != 1:
            return 2
    return 2 if product.entry.register else 1


def in_band(rules: Rules, match: Match, asked: int | None) -> bool:
    entry = rules.product_ids[match.id].entry
    bounds = [b for b in (asked, match.terms.max_affordable_idr) if b is not None]
    return not bounds or (entry.min_amount_idr or 1) <= min(bounds) <= (entry.max_amount_idr or min(bounds))


@settings(max_examples=max(EXAMPLES // 2, 50))
@given(st.one_of(near_conditions(TODAY).map(lambda raw: read(TODAY, raw)), participants(TODAY)))
def test_no_other_in_reach_stands_better_or_costs_less_among_equals(participant: Participant):
    view = outlook(TODAY, know(TODAY, participant))
    path, product = default_goal(view)
    if product is None:
        assert path.why is not None
        return
    found = recommend(TODAY, participant)
    matches = {match.id: match for match in found.products}
    assert found.path == path
    assert path.days <= OKOCE.horizon_days
    chosen = (standing_at(TODAY, participant, matches[path.goal]), matches[path.goal].terms.rate)
    assert view.money.asked_idr is None or path.planned_idr <= view.money.asked_idr
    for other in TODAY.products:
        match = matches[other.entry.id]
        if other.is_grant or not other.suggested or match.terms.annuity is None or match.status == "not_for_you":
            continue
        if view.money.sharia_only and "sharia" not in other.entry.form:
            continue
        if (
            in_band(TODAY, match, view.money.asked_idr)
            and (standing_at(TODAY, participant, match), match.terms.rate) < chosen
        ):
            way = path_to(view, other)
            assert way.days is None or way.days > OKOCE.horizon_days


# -- beside it ---------------------------------------------------------------------------------------------------------


@settings(max_examples=max(EXAMPLES // 2, 50))
@given(near_conditions(TODAY))
def test_an_alternative_is_cheaper_or_larger_in_reach_and_comes_with_its_own_path(raw):
    participant = read(TODAY, raw)
    view = outlook(TODAY, know(TODAY, participant))
    path, goal = default_goal(view)
    assert len(path.alternatives) <= MOST_ALTERNATIVES
    assert len({TODAY.product_ids[one.product].entry.scheme or one.product for one in path.alternatives}) == len(
        path.alternatives
    )
    for one in path.alternatives:
        other = TODAY.product_ids[one.product]
        assert other is not goal
        assert one.path == path_to(view, other)
        assert one.path.days <= OKOCE.horizon_days
        assert one.cheaper == (view.terms[other.index].rate < view.terms[goal.index].rate)
        amounts = (one.path.planned_idr, path.planned_idr)
        assert one.larger == (None not in amounts and amounts[0] > amounts[1])
        assert one.cheaper or one.larger
        assert view.money.asked_idr is None or one.path.planned_idr <= view.money.asked_idr


def test_a_goal_that_somebody_named_stands_alone():
    credit = {"existing_credit": ["kur"], "productive_credit_ever": ["kur"], "arrears_idr": 0}
    business = {"business_running": True, "business_age_months": 30, "nib": True, "amount_asked": 15_000_000}
    participant = read_participant(TODAY, {**business, **credit})
    assert recommend(TODAY, participant).path.alternatives
    assert recommend(TODAY, participant, goal="kur_mikro").path.alternatives == ()


LOAN = {"kind": "credit", "form": ["conventional"]}
SHORT = {**LOAN, "tenor_months": {"any": 8}, "prices": [{"rate_percent": 0, "basis": "effective"}]}
LONG = {**LOAN, "tenor_months": {"any": 20}, "prices": [{"rate_percent": 6, "basis": "effective"}]}
HERE = {"wants": True, "running": True, "asked": 60, "profit": 8, "paying": 0}


def the_answer(*products: dict[str, Any]) -> Recommendation:
    """The answer to somebody who asks for Rp60 and can pay Rp4 a month."""
    small = Small(
        a_programme([], [an_intervention("i0", sets=[{"signal": "running", "to": True}])], list(products)),
        {},
        TODAY.day,
    )
    return recommend(small.rules, read_participant(small.rules, HERE))


def test_a_longer_loan_is_the_larger_one_and_a_third_is_not_told():
    # Rp4 a month are Rp32 in eight instalments without interest, and in twenty at 6 % 4 x (1 - 1.005^-20) / 0.005 = Rp75.
    path = the_answer(a_product("short", **SHORT), a_product("long", **LONG)).path
    assert (path.goal, path.planned_idr) == ("long", 60)  # all that is asked is affordable: it is offered
    assert [(one.product, one.cheaper, one.larger) for one in path.alternatives] == [("short", True, False)]
    assert [step.kind for step in path.alternatives[0].path.steps] == ["ask_less"]
    asking = [a_product(f"short{number}", **SHORT) for number in range(3)]
    path = the_answer(*asking, a_product("long", **LONG)).path
    assert [one.product for one in path.alternatives] == ["short0", "short1"]


def test_what_is_larger_is_said_where_the_goal_carries_less():
    question = [{"signal": "cash", "at_least": 1}]  # a condition that nobody answered yet
    path = the_answer(a_product("short", **SHORT), a_product("long", **LONG, criteria=question)).path
    assert (path.goal, path.planned_idr) == ("short", 32)
    (one,) = path.alternatives
    assert (one.product, one.cheaper, one.larger, one.path.assumed) == ("long", False, True, ("cash",))
