"""Tiers: what each demands, stated again in other words; what is missing makes a tier provisional and never lifts it."""

from __future__ import annotations

import random
import tomllib
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.facts.participant import Known, know, read_participant
from matcher.paths.search import Question, Search
from matcher.programme.loading import load_programme
from matcher.programme.rules import Rules, rules_on
from matcher.reach import costs
from matcher.recommend import recommend
from matcher.tiers import one_step_does
from tests.conftest import ROOT
from tests.small_programmes import WORDS, Small, a_product, a_programme, a_signal, an_intervention, programmes
from tests.strategies import raw_signals, read

OKOCE = load_programme()
DAYS = (date(2018, 10, 1), date(2024, 12, 1), date(2026, 11, 21))
ALL_RULES = [rules_on(OKOCE, day) for day in DAYS]
TODAY = ALL_RULES[-1]
RAW = [raw_signals(rules) for rules in ALL_RULES]
RANK = {"empang": 0, "kail": 1, "sapaan": 2}
WIDOW = tomllib.loads((ROOT / "tests" / "cases" / "widow_without_papers.toml").read_text(encoding="utf-8"))["signals"]
NOT_HELPED = {
    "mentoring_sessions": 0,
    "mentor_recommendation": False,
    "business_group": False,
    "family_in_business": False,
}
# Drawing all answers of one participant costs most: a share of the examples.
FEWER = settings(max_examples=max(50, settings().max_examples // 10))
SOME = settings(max_examples=max(50, settings().max_examples // 4))


@st.composite
def drawn(draw: st.DrawFn) -> tuple[Rules, dict[str, Any]]:
    place = draw(st.integers(0, len(ALL_RULES) - 1))
    return ALL_RULES[place], draw(RAW[place])


@st.composite
def nearly_ready(draw: st.DrawFn) -> tuple[Rules, dict[str, Any]]:
    """Somebody with a running business who wants capital and can pay for it, with a few answers changed or left out."""
    rules, raw = draw(drawn())
    kept = draw(st.lists(st.sampled_from(sorted(raw)), max_size=6)) if raw else []
    gone = draw(st.lists(st.sampled_from(sorted(WIDOW)), max_size=4))
    ready = {name: value for name, value in WIDOW.items() if name in rules.signals and name not in gone}
    return rules, {**ready, **{name: raw[name] for name in kept}}


ANYBODY = st.one_of(drawn(), nearly_ready())


def value(rules: Rules, known: Known, name: str) -> Any:
    place = rules.position[name]
    return rules.signals[name].decode(known.low[place]) if known.low[place] == known.high[place] else None


def capacity(rules: Rules, known: Known) -> int | None:
    """Half of what is left of a month, or None."""
    parts = [value(rules, known, name) for name in ("monthly_profit", "monthly_instalments", "household_need")]
    return None if None in parts else (parts[0] - parts[1] - parts[2]) * 50 // 100


# -- what each tier demands --------------------------------------------------------------------------------------------


@FEWER
@given(ANYBODY)
def test_empang_means_a_running_business_that_wants_capital_and_a_credit_that_is_close(case):
    rules, raw = case
    participant = read(rules, raw)
    known, found = know(rules, participant), recommend(rules, participant)
    if found.tier.tier != "empang":
        return
    assert value(rules, known, "business_running") is True
    assert value(rules, known, "wants_capital") is True
    assert capacity(rules, known) > 0
    named = [reason.args["product"] for reason in found.tier.reasons if reason.code == "product_in_reach"]
    ever = rules.signals["productive_credit_ever"].codes.values()
    held = any(known.low[rules.position["productive_credit_ever"]] & bit for bit in ever)
    held = held and value(rules, known, "arrears_idr") == 0
    assert named or held
    for name in named:
        match = next(match for match in found.products if match.id == name)
        product = rules.product_ids[name]
        assert match.availability == "running"
        assert not product.is_grant
        assert not product.entry.register
        assert match.terms.planned_idr >= max(1_000_000, product.entry.min_amount_idr or 0)
        for unmet in match.unmet:
            if unmet.criterion.signal != "amount_asked":
                kinds = {rules.intervention_ids[c.intervention].entry.kind for c in unmet.changed_by if c.intervention}
                assert kinds & {"permit", "number", "arrears"}


@FEWER
@given(ANYBODY)
def test_kail_means_a_business_wanted_or_running_and_something_to_begin(case):
    rules, raw = case
    participant = read(rules, raw)
    known, found = know(rules, participant), recommend(rules, participant)
    if found.tier.tier != "kail":
        return
    wants, runs = value(rules, known, "wants_business"), value(rules, known, "business_running")
    assert wants is True or (runs is True and wants is None)
    (name,) = [reason.args["intervention"] for reason in found.tier.reasons if reason.code == "intervention_open"]
    kind = rules.intervention_ids[name].entry.kind
    assert kind in ("tools", "skill", "permit", "market", "first_capital")


@FEWER
@given(ANYBODY, st.sampled_from([{"wants_business": False}, {"wants_business": False, "business_running": False}]))
def test_who_wants_no_business_is_greeted_unless_a_credit_is_close(case, wish):
    rules, raw = case
    found = recommend(rules, read(rules, {**raw, **wish}))
    assert found.tier.tier in (("sapaan",) if "business_running" in wish else ("sapaan", "empang"))


@FEWER
@given(ANYBODY)
def test_only_the_greeting_has_a_programme_and_a_day_to_talk_again(case):
    rules, raw = case
    tier = recommend(rules, read(rules, raw)).tier
    greeted = ("sapaan_support", rules.day + timedelta(days=30))
    assert (tier.programme, tier.talk_again_on) == (greeted if tier.tier == "sapaan" else ("", None))
    assert tier.reasons


# -- what is missing ---------------------------------------------------------------------------------------------------


@FEWER
@given(ANYBODY)
def test_a_tier_is_provisional_exactly_where_a_question_about_something_unknown_is_open(case):
    rules, raw = case
    participant = read(rules, raw)
    known, tier = know(rules, participant), recommend(rules, participant).tier
    assert tier.provisional == bool(tier.questions)
    assert tier.tier != "empang" or not tier.provisional
    for name in tier.questions:
        place = rules.position[name]
        assert known.low[place] != known.high[place]
        assert name not in rules.derived


# A rule may say that silence meets it (a wish not stated, a SLIK class that only the lender sees); such an answer may
# then close a door that stood open. The purpose counts as working capital until it is named.
LENIENT = {test.signal for rules in ALL_RULES for test in rules.tests if test.lenient} | {"purpose", "sharia_only"}


@SOME
@given(ANYBODY, st.data())
def test_a_tier_is_a_floor_and_only_a_provisional_one_can_be_lifted(case, data):
    rules, raw = case
    more = read(rules, raw)
    names = sorted(set(more.facts) - LENIENT)
    if not names:
        return
    forgotten = data.draw(st.lists(st.sampled_from(names), min_size=1, max_size=4, unique=True))
    less = more.with_facts(**dict.fromkeys(forgotten))
    said_less, said_more = recommend(rules, less), recommend(rules, more)
    if {one.id for one in said_more.doubts} - {one.id for one in said_less.doubts}:
        return  # an answer that makes others doubtful is not more known
    before, after = said_less.tier, said_more.tier
    assert RANK[after.tier] <= RANK[before.tier]
    assert RANK[after.tier] == RANK[before.tier] or before.provisional


def test_nothing_known_at_all_is_greeted_and_asked():
    tier = recommend(TODAY, read_participant(TODAY, {})).tier
    assert (tier.tier, tier.provisional) == ("sapaan", True)
    assert {"business_running", "wants_business", "wants_capital"} <= set(tier.questions)


# -- the widow ---------------------------------------------------------------------------------------------------------


def test_the_widow_without_papers_is_empang_and_her_next_step_is_a_permit():
    found = recommend(TODAY, read_participant(TODAY, WIDOW))
    assert (found.tier.tier, found.tier.provisional, found.tier.questions) == ("empang", False, ())
    assert found.interventions[0].id == "nib"
    assert found.interventions[0].tier == "kail"


@pytest.mark.parametrize(
    ("changed", "tier", "provisional"),
    [
        ({"business_running": False}, "kail", False),
        ({"wants_capital": False, "amount_asked": 0}, "kail", False),
        ({"monthly_profit": 1_400_000}, "kail", False),  # no capacity
        ({"monthly_profit": 1_460_000}, "kail", False),  # Rp30,000 a month carries Rp986,130: not a million
        ({"monthly_profit": 1_462_000}, "empang", False),  # Rp31,000 a month carries Rp1,019,001
        ({"amount_asked": 999_999}, "kail", False),
        ({"amount_asked": 1_000_000}, "empang", False),
        ({"business_age_months": 3, **NOT_HELPED}, "kail", False),  # six months, or a class: neither is quick
        ({"arrears_idr": 200_000}, "empang", False),  # her cash clears them
        ({"arrears_idr": 200_001}, "kail", False),
        ({"business_running": None}, "kail", True),
        ({"monthly_profit": None}, "kail", True),
        ({"amount_asked": None}, "kail", True),
        ({"wants_business": False}, "empang", False),
        ({"wants_business": False, "wants_capital": False, "amount_asked": 0}, "sapaan", False),
    ],
)
def test_what_a_change_in_her_answers_does(changed, tier, provisional):
    signals = {name: value for name, value in {**WIDOW, **changed}.items() if value is not None}
    found = recommend(TODAY, read_participant(TODAY, signals)).tier
    assert (found.tier, found.provisional) == (tier, provisional)
    assert not provisional or set(found.questions) <= set(changed) | {"wants_capital"}


def named_in_tier(raw: dict[str, Any], goal: str | None = None) -> tuple[str | None, list[str]]:
    """The goal of the path, and the products that the tier's reasons name."""
    found = recommend(TODAY, read_participant(TODAY, raw), goal=goal)
    return found.path.goal, [m.args["product"] for m in found.tier.reasons if m.code == "product_in_reach"]


def test_the_tier_names_the_goal_where_that_fulfils_its_rule_and_another_product_only_where_not():
    assert named_in_tier(WIDOW) == ("kur_super_mikro", ["kur_super_mikro"])
    assert named_in_tier(WIDOW, "pegadaian_kur_syariah") == ("pegadaian_kur_syariah", ["pegadaian_kur_syariah"])
    assert named_in_tier(WIDOW, "kur_mikro") == ("kur_mikro", ["kur_super_mikro"])  # she asks for less than its band
    more = {**WIDOW, "amount_asked": 25_000_000, "monthly_profit": 8_000_000}
    assert named_in_tier(more) == ("kur_mikro", ["kur_mikro"])


def test_a_young_business_is_asked_for_what_stands_in_place_of_its_age():
    tier = recommend(TODAY, read_participant(TODAY, {**WIDOW, "business_age_months": 3})).tier
    assert (tier.tier, tier.provisional) == ("kail", True)
    assert set(tier.questions) == set(NOT_HELPED)


def test_credit_held_and_repaid_opens_empang_without_a_product():
    repaid = {**WIDOW, "business_age_months": 3, "productive_credit_ever": ["mekaar"]}
    tier = recommend(TODAY, read_participant(TODAY, repaid)).tier
    assert tier.tier == "empang"
    late = recommend(TODAY, read_participant(TODAY, {**repaid, "arrears_idr": 500_000})).tier
    assert late.tier == "kail"
    no_capacity = recommend(TODAY, read_participant(TODAY, {**repaid, "monthly_instalments": 600_000})).tier
    assert no_capacity.tier == "kail"


PAPER = {"signal": "f0", "to": True}
STEP = {"days": 3, "cost_idr": 5, "sets": [PAPER]}
LATER = {"starts_on": [date(2026, 12, 1)]}


@pytest.mark.parametrize(
    ("step", "asked", "does"),
    [
        (STEP, {}, True),
        (STEP, {"days": 3, "cash": 5}, True),
        (STEP, {"days": 2}, False),
        (STEP, {"cash": 4}, False),
        (STEP, {"allowed": 0}, False),
        (STEP | LATER, {}, False),
        (STEP | {"needs": [{"signal": "f2", "is": True}]}, {}, False),
        (STEP | {"sets": [PAPER, {"signal": "f1", "to": False}]}, {}, False),
        (STEP | {"sets": [{"signal": "f2", "to": True}]}, {}, False),
        ({"days": 3, "reveals": [PAPER], "otherwise": WORDS}, {}, False),
    ],
)
def test_one_step_does_if_it_is_allowed_in_time_paid_and_leaves_nothing_open(step, asked, does):
    signals = [a_signal(name) for name in ("f0", "f1", "f2")]
    criteria = [{"signal": name, "is": True} for name in ("f0", "f1")]
    files = a_programme(signals, [an_intervention("i0", **step)], [a_product("goal", criteria=criteria)])
    rules = Small(files, {}, TODAY.day).rules
    known = know(rules, read(rules, {"f1": True, "f2": False} | ({} if "reveals" in step else {"f0": False})))
    goal, every = rules.product_ids["goal"].goal, (1 << len(rules.interventions)) - 1
    question = Question(goal, known.yes, every, costs(rules, known, optimistic=True), ticking=False)
    question = replace(question, **asked)
    assert one_step_does(rules, question, [clause for clause in goal if not clause & known.yes]) is does
    if does:
        assert Search(rules, known, question).find() is not None


def test_where_one_step_does_the_search_finds_a_way_as_well():
    seen = {True: 0, False: 0}

    @FEWER
    @given(programmes(), st.integers(0, 2**32))
    def on_a_random_programme(small: Small, seed: int) -> None:
        rules, pick = small.rules, random.Random(seed)
        known = know(rules, read(rules, small.raw))
        goal, every = rules.product_ids["goal"].goal, (1 << len(rules.interventions)) - 1
        unknown = rules.all_tests & ~(known.yes | known.no)
        for _ in range(6):  # questions beyond those that a tier asks
            some = pick.getrandbits(len(rules.tests) + 1) & rules.all_tests
            holds = pick.choice([known.yes, known.yes | unknown, known.yes | (unknown & some), known.yes & some, some])
            allowed = pick.choice([every, pick.getrandbits(len(rules.interventions)) & every])
            question = Question(
                goal,
                holds,
                allowed,
                costs(rules, known, optimistic=pick.random() < 0.5),
                pick.choice([None, 0, 3, 100, small.raw.get("cash")]),
                pick.choice([None, 0, 5, 10, 40]),
                ticking=False,
            )
            left = [clause for clause in goal if not clause & holds]
            if left:
                does = one_step_does(rules, question, left)
                seen[does] += 1
                assert not does or Search(rules, known, question).find() is not None

    on_a_random_programme()
    assert min(seen.values()) > 0
