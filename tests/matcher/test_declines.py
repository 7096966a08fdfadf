"""What a lender declined is not offered again before the reason is mended or its time is over, and what mends it comes first."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from matcher.facts.declines import Decline, day_after
from matcher.facts.participant import know
from matcher.gists import gist
from matcher.message import Message
from matcher.programme.criteria import Criterion
from matcher.programme.rules import Rules, rules_on
from matcher.recommend import Recommendation, recommend
from tests.matcher.paths.brute_force import World
from tests.matcher.paths.walking import apply_path
from tests.matcher.word_by_word import FEWER, TODAY, drawn
from tests.strategies import declines, near_conditions, read

HER: dict[str, Any] = {
    "registered": True,
    "came_for": "capital",
    "wants_business": True,
    "business_running": True,
    "business_age_months": 24,
    "sector": "food",
    "months_of_books": 0,
    "profit_and_loss": False,
    "wants_capital": True,
    "amount_asked": 5_000_000,
    "nib": True,
    "monthly_profit": 3_000_000,
    "monthly_instalments": 0,
    "household_need": 1_500_000,
    "arrears_idr": 0,
    "existing_credit": [],
    "productive_credit_ever": [],
}
"""To her KUR Super Mikro is offered."""
KUR = "kur_super_mikro"
DAY = TODAY.day


def a_decline(**changes: Any) -> Decline:
    return Decline(**{"products": (KUR,), "reason": "other", "on": DAY - timedelta(days=3), **changes})


def ask(*told: Decline, rules: Rules = TODAY, goal: str | None = None, **changed: Any) -> Recommendation:
    return recommend(rules, replace(read(rules, {**HER, **changed}), declines=told), goal=goal)


def the_kur(found: Recommendation) -> Any:
    return next(match for match in found.products if match.id == KUR)


def why(found: Recommendation) -> list[tuple[str, Any]]:
    return [(reason.code, reason.args) for reason in found.path.impossible_because]


# -- how long it bars --------------------------------------------------------------------------------------------------


def test_without_a_no_the_kur_is_offered():
    found = ask()
    assert (the_kur(found).status, the_kur(found).offered, the_kur(found).declined) == ("conditions_met", True, None)
    assert (found.path.goal, found.interventions[0].id) == (KUR, "referral")


def test_until_its_last_day_it_is_not_offered_and_a_notice_says_from_when_it_may_be_tried_again(okoce):
    parked = a_decline(reason="at_capacity", until=DAY + timedelta(days=20))
    for day in (DAY, DAY + timedelta(days=20)):
        found = ask(parked, rules=rules_on(okoce, day))
        assert (the_kur(found).status, the_kur(found).offered, the_kur(found).declined) == ("not_yet", False, parked)
        assert found.path.goal != KUR
        assert Message("declined_until", {"product": KUR, "on": DAY + timedelta(days=21)}) in found.notices
    over = rules_on(okoce, DAY + timedelta(days=21))
    assert ask(parked, rules=over) == ask(rules=over)


def test_a_figure_that_is_lacking_is_waited_for_and_asked_for_where_nobody_knows_it():
    told = a_decline(reason="books", signal="months_of_books", at_least=3, starts_with="siapik_books")
    assert not the_kur(ask(told, months_of_books=2)).offered
    assert the_kur(ask(told, months_of_books=3)) == the_kur(ask(months_of_books=3))
    unknown = ask(told, months_of_books=None)
    assert the_kur(unknown).declined == told
    assert "months_of_books" in unknown.questions
    assert not [notice for notice in unknown.notices if notice.code == "declined_until"]


def test_what_has_to_be_done_first_bars_until_its_effect_holds():
    told = a_decline(reason="reports", intervention="financial_reports", starts_with="siapik_books")
    assert the_kur(ask(told)).declined == told
    assert the_kur(ask(told, profit_and_loss=None)).declined == told
    assert ask(told, months_of_books=6, profit_and_loss=True) == ask(months_of_books=6, profit_and_loss=True)


def test_what_was_held_as_done_when_the_no_was_said_bars_until_it_is_known_anew():
    told = a_decline(reason="permit", intervention="nib", starts_with="nib")
    for day, barred in ((told.on - timedelta(days=1), True), (told.on, False), (DAY, False)):
        found = ask(told, nib={"value": True, "on": day}, goal=KUR)
        assert (the_kur(found).declined == told) == barred, day
        assert (Message("declined_anew", {"product": KUR, "intervention": "nib"}) in found.notices) == barred
        assert (the_kur(found).status == "conditions_met") != barred
    assert why(ask(told, nib={"value": True, "on": told.on - timedelta(days=1)}, goal=KUR)) == [
        ("declined_anew", {"product": KUR, "intervention": "nib"})
    ]
    waits = a_decline(reason="existing_credit", intervention="credit_runs_out")  # time alone may have done that
    assert the_kur(ask(waits, existing_credit={"value": [], "on": told.on - timedelta(days=9)})).declined is None


def test_a_no_with_two_conditions_bars_until_both_are_over(okoce):
    told = a_decline(until=DAY + timedelta(days=5), signal="months_of_books", at_least=3)
    later = rules_on(okoce, DAY + timedelta(days=6))
    assert the_kur(ask(told, months_of_books=3)).declined == told
    assert the_kur(ask(told, rules=later, months_of_books=2)).declined == told
    assert the_kur(ask(told, rules=later, months_of_books=3)).declined is None


def test_a_no_for_good_is_not_for_her_and_has_no_day():
    found = ask(a_decline(reason="untrue"), goal=KUR)
    assert the_kur(found).status == "not_for_you"
    assert why(found) == [("declined_for_good", {"product": KUR})]
    assert not [notice for notice in found.notices if notice.code == "declined_until"]


def test_of_several_the_longest_is_named():
    short, long = a_decline(until=DAY), a_decline(until=DAY + timedelta(days=9))
    good = a_decline(reason="untrue")
    assert the_kur(ask(short, long)).declined == long
    assert the_kur(ask(short, good, long)).declined == good
    (notice,) = [one for one in ask(short, long).notices if one.code == "declined_until"]
    assert notice.args["on"] == DAY + timedelta(days=10)
    both = ask(short, a_decline(intervention="financial_reports"))
    assert not [one for one in both.notices if one.code == "declined_until"]


def test_what_the_programme_does_not_know_and_what_is_said_later_bars_nothing():
    for told in (
        a_decline(products=("gone",)),
        a_decline(signal="gone", at_least=3),
        a_decline(intervention="gone"),
        a_decline(on=DAY + timedelta(days=1)),
        a_decline(until=DAY - timedelta(days=1)),
    ):
        assert ask(told) == ask()


def test_the_day_after_the_last_day_there_is_is_itself():
    assert day_after(date.max) == date.max
    found = ask(a_decline(until=date.max), goal=KUR)
    assert why(found) == [("declined_until", {"product": KUR, "on": date.max})]


# -- what comes first --------------------------------------------------------------------------------------------------


def test_what_mends_it_comes_first_and_says_whose_no_and_why():
    told = a_decline(reason="books", signal="months_of_books", at_least=3, starts_with="siapik_books")
    first = ask(told).interventions[0]
    assert first.id == "siapik_books"
    assert first.rank_reason == Message("rank_declined", {"product": KUR, "refusal": "books"})


def test_after_the_referral_to_something_else_that_is_offered():
    told = a_decline(reason="books", intervention="financial_reports")
    offered = ask(told, gender="woman", age=30, married=True, lending_group=True, months_of_books=6)
    assert [match.id for match in offered.products if match.offered]
    assert [one.id for one in offered.interventions[:2]] == ["referral", "financial_reports"]
    assert offered.path.goal != KUR


def test_asking_for_less_or_a_group_is_suggested_where_a_lender_asks_for_it():
    plain = [one.id for one in ask().interventions]
    for step in ("ask_for_less", "join_business_group"):
        told = a_decline(until=DAY, starts_with=step)
        assert step not in plain
        assert ask(told).interventions[0].id == step


def test_who_wants_no_capital_is_told_nothing_of_it():
    told = a_decline(until=DAY, starts_with="siapik_books")
    found = ask(told, wants_capital=False, amount_asked=None)
    codes = {one.rank_reason.code for one in found.interventions} | {notice.code for notice in found.notices}
    assert not codes & {"rank_declined", "declined_until"}


# -- the path to it ----------------------------------------------------------------------------------------------------


def test_the_path_to_a_declined_product_contains_what_mends_it():
    told = a_decline(reason="reports", intervention="financial_reports")
    found = ask(told, goal=KUR)
    assert [step.intervention for step in found.path.steps] == ["siapik_books", "financial_reports"]
    assert found.path.days == 37
    assert ask(told).path.goal != KUR


def test_where_a_day_or_a_figure_is_waited_for_the_path_says_so():
    until = DAY + timedelta(days=9)
    more = a_decline(signal="months_of_books", at_least=3)
    assert why(ask(a_decline(until=until), goal=KUR)) == [("declined_until", {"product": KUR, "on": day_after(until)})]
    said = {"product": KUR, "signal": "months_of_books", "choice": ("months_of_books", 3)}
    assert why(ask(more, goal=KUR)) == [("declined_more", said)]
    both = a_decline(until=until, intervention="financial_reports")
    assert [code for code, _ in why(ask(both, goal=KUR))] == ["declined_until", "declined_first"]


def test_what_only_a_check_can_tell_is_no_way():
    told = a_decline(intervention="slik_check")
    assert why(ask(told, goal=KUR)) == [("declined_first", {"product": KUR, "intervention": "slik_check"})]
    assert the_kur(ask(told, slik_class="1")).declined is None


def test_where_all_that_fits_is_declined_there_is_no_goal_and_it_is_said_why():
    credit = tuple(product.entry.id for product in TODAY.products if not product.is_grant)
    found = ask(a_decline(products=credit, until=DAY))
    assert (found.path.goal, found.path.why) == (None, Message("no_goal_declined"))


# -- the tier ----------------------------------------------------------------------------------------------------------


def test_no_tier_rests_on_a_declined_product_alone():
    told = a_decline(until=DAY)
    assert ask().tier.tier == "empang"
    group = {"gender": "woman", "age": 30, "married": True, "lending_group": True}
    assert ask(told, **group).tier.tier == "empang"  # Amartha is in reach as well
    found = ask(told, age=70)  # too old for the Pegadaian's KUR
    assert found.tier.tier == "kail"
    reasons = [one.args["reason"] for one in found.tier.reasons if one.code == "tier_not"]
    assert Message("product_declined", {"product": KUR}) in reasons


# -- whoever asks ------------------------------------------------------------------------------------------------------


@st.composite
def declined(draw: st.DrawFn) -> tuple[Rules, Any, Any]:
    """Some rules, somebody, and the same somebody declined by lenders."""
    if draw(st.booleans()):
        rules, raw = draw(drawn())
    else:
        rules, raw = TODAY, draw(NEAR)
    plain = read(rules, raw)
    return rules, plain, replace(plain, declines=draw(declines(rules)))


NEAR = near_conditions(TODAY)
NEVER = {"conditions_met", "ask"}


@FEWER
@given(declined())
def test_a_declined_product_is_never_offered_nor_the_goal_and_all_else_is_as_before(case):
    rules, plain, participant = case
    known, before, found = know(rules, participant), recommend(rules, plain), recommend(rules, participant)
    barred = {name for bar in known.bars for name in bar.decline.products} & rules.product_ids.keys()
    assert {match.id for match in found.products if match.declined} == barred
    without = {match.id: match for match in before.products}
    for match in found.products:
        if match.id in barred:
            assert match.status not in NEVER
            assert not match.offered
            assert match._replace(status="", offered=False, declined=None) == without[match.id]._replace(
                status="", offered=False
            )
        else:
            assert match == without[match.id]
    assert found.path.goal not in barred
    assert not {one.product for one in found.path.alternatives} & barred
    order = [tier.tier.id for tier in rules.tiers]
    assert order.index(found.tier.tier) >= order.index(before.tier.tier)
    if not known.bars:
        assert found == before
        assert gist(rules, participant) == gist(rules, plain)


@FEWER
@given(declined(), st.data())
def test_the_path_to_a_declined_product_lifts_the_no_or_says_what_it_waits_for(case, data):
    rules, _, participant = case
    bars = [bar for bar in know(rules, participant).bars if set(bar.decline.products) & rules.product_ids.keys()]
    if not bars:
        return
    bar = data.draw(st.sampled_from(bars))
    product = rules.product_ids[next(name for name in bar.decline.products if name in rules.product_ids)]
    path = recommend(rules, participant, goal=product.entry.id).path
    if path.days is None:
        assert path.impossible or path.impossible_because or path.goal is None
        return
    assert bar.lacks == ("intervention",)
    wanted = [rule.criterion for rule in product.criteria]
    step = rules.intervention_ids[bar.decline.intervention].entry
    for effect in (*step.sets, *step.requests):
        signal = rules.signals[effect.signal]
        if signal.kind in ("yes_no", "choice", "number", "money") and effect.value != "done":
            wanted.append(Criterion("signal", signal.id, "is" if effect.op == "to" else effect.op, effect.value))
    assert apply_path(World(rules.programme, rules.day), participant.facts, path, wanted).wrong == ()
