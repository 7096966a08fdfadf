"""recommend() and recommend_many(): what holds of every answer, whoever asks and on whatever day."""

from __future__ import annotations

import json
import tomllib
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.facts.columns import know_columns, truth_columns
from matcher.facts.participant import know, read_participant
from matcher.gists import Gist, gists
from matcher.programme.loading import load_programme
from matcher.programme.masks import truth_of
from matcher.programme.rules import Rules, rules_on
from matcher.recommend import Recommendation, recommend, recommend_many
from matcher.scorecard import Scorecard, read_scorecard
from tests.conftest import ROOT
from tests.strategies import declines, raw_signals, read

OKOCE = load_programme()
CASES = ROOT / "tests" / "cases"
WARMI = load_programme(ROOT / "tests" / "programmes" / "warmi")
DAYS = (date(2018, 10, 1), date(2019, 6, 1), date(2024, 12, 1), date(2026, 11, 21))
ALL_RULES = [rules_on(OKOCE, day) for day in DAYS] + [rules_on(WARMI, day) for day in (DAYS[2], DAYS[3])]
TODAY = ALL_RULES[3]
RAW = [raw_signals(rules) for rules in ALL_RULES]
DECLINES = [declines(rules) for rules in ALL_RULES]
ASKED_ORDER = ("first", "amount", "usual", "last")

# One recommendation costs milliseconds, and drawing the answers of one participant costs more: a share of the examples.
FEWER = settings(max_examples=max(50, settings().max_examples // 5))
FEWEST = settings(max_examples=max(50, settings().max_examples // 10))  # several participants in each
HALF = settings(max_examples=max(50, settings().max_examples // 2))


def a_scorecard(
    rules: Rules, *, basis: str = "synthetic", outcome: str = "funded", hold: int | None = None
) -> Scorecard:
    """A scorecard of hand-made points over every signal that may be scored."""
    rows = []
    for place, signal in enumerate(rules.signals.values()):
        if not signal.scored or signal.protected or signal.kind == "choices":
            continue
        row: dict[str, Any] = {"signal": signal.id, "unknown": -place}
        if signal.kind == "choice":
            row |= {"codes": list(signal.values), "points": [100 * n for n in range(len(signal.values))]}
        else:
            row |= {"edges": [1, 6], "points": [-1000 - place, 500, 2000 + place]}
        rows.append(row)
    table = {"format": 1, "version": "hand", "basis": basis, "outcome": outcome, "base": 10_000, "signals": rows}
    return read_scorecard(json.dumps({**table, "hold_back_below": hold}).encode(), rules)


CARDS = [a_scorecard(rules) for rules in ALL_RULES]
KEPT = [a_scorecard(rules, basis="outcomes", outcome="kept", hold=10_000) for rules in ALL_RULES]


@st.composite
def drawn(draw: st.DrawFn) -> tuple[int, dict[str, Any]]:
    """The place of some rules, and what a participant of theirs says."""
    place = draw(st.integers(0, len(ALL_RULES) - 1))
    return place, draw(RAW[place])


def some_goal(rules: Rules) -> st.SearchStrategy[str | None]:
    return st.sampled_from([None, *(product.entry.id for product in rules.products if product.suggested)])


# -- many at once ------------------------------------------------------------------------------------------------------


@st.composite
def alike(draw: st.DrawFn) -> tuple[Rules, list[Any], str | None, Scorecard | None]:
    """Participants who differ in little: the ones whom grouping by situation would most easily confuse.

    Some have been declined by lenders, alike or otherwise.
    """
    place = draw(st.integers(0, len(ALL_RULES) - 1))
    rules = ALL_RULES[place]
    first, other = draw(RAW[place]), draw(RAW[place])
    rows = [first]
    for _ in range(draw(st.integers(1, 5))):
        changed = draw(st.lists(st.sampled_from(sorted({*first, *other, "amount_asked"})), min_size=1, max_size=3))
        row = dict(draw(st.sampled_from(rows)))
        for name in changed:
            if name in other:
                row[name] = other[name]
            else:
                row.pop(name, None)
        for role in ("amount_asked", "monthly_profit", "cash_at_hand"):
            if rules.roles[role] in row and draw(st.booleans()):
                row[rules.roles[role]] = draw(st.sampled_from([0, 1, 120_000, 700_000, 999_999, 4_000_000, 12_000_000]))
        rows.append(row)
    scorecard = draw(st.sampled_from([None, CARDS[place], KEPT[place]]))
    told = [*draw(st.lists(DECLINES[place], min_size=1, max_size=2)), ()]
    people = [replace(read(rules, row), declines=draw(st.sampled_from(told))) for row in rows]
    return rules, people, draw(some_goal(rules)), scorecard


def brief(rules: Rules, found: Recommendation) -> dict[str, Any]:
    """One row of `Many`, worked out from the recommendation for one."""
    running = [match for match in found.products if rules.product_ids[match.id].suggested]
    statuses = ("conditions_met", "not_yet", "ask", "not_for_you")
    return {
        "tier": found.tier.tier,
        "provisional": found.tier.provisional,
        "score": found.readiness and found.readiness.score,
        "score_low": found.readiness and found.readiness.low,
        "score_high": found.readiness and found.readiness.high,
        "interventions": tuple(step.id for step in found.interventions),
        **{status: tuple(match.id for match in running if match.status == status) for status in statuses},
        "doubts": tuple(doubt.id for doubt in found.doubts),
        "questions": found.questions,
        "goal": found.path.goal,
        "path_steps": tuple(step.intervention or "wait" for step in found.path.steps),
        "path_days": found.path.days,
        "path_cost_idr": found.path.cost_idr,
    }


@FEWEST
@given(alike())
def test_many_at_once_are_answered_like_each_alone(case):
    rules, participants, goal, scorecard = case
    many = recommend_many(rules, participants, goal=goal, scorecard=scorecard)
    for row, participant in enumerate(participants):
        alone = brief(rules, recommend(rules, participant, goal=goal, scorecard=scorecard))
        columns = {key: getattr(many, key) for key in alone}
        assert {key: None if column is None else column[row] for key, column in columns.items()} == alone


@FEWEST
@given(alike())
def test_the_gist_of_many_is_what_is_said_of_each_alone(case):
    rules, participants, goal, scorecard = case
    many = gists(rules, participants, goal=goal, scorecard=scorecard)
    for row, participant in enumerate(participants):
        found = recommend(rules, participant, goal=goal, scorecard=scorecard)
        running = [match for match in found.products if match.availability == "running"]
        tied = tuple(step.id for step in found.interventions if step.rank == found.interventions[0].rank)
        products = {match.id: (match.status, match.offered) for match in running}
        assert many.gists[row] == Gist(found.tier.tier, tied, found.path.goal, found.path.days, products)
        assert (many.score is None) == (found.readiness is None)
        assert many.score is None or many.score[row] == found.readiness.score


@FEWEST
@given(alike())
def test_what_is_known_and_every_rule_is_answered_in_columns_like_for_one(case):
    rules, participants, *_ = case
    columns = know_columns(rules, participants)
    clauses = [rule.clauses for product in rules.products for rule in product.criteria]
    clauses += [rule.clauses for step in rules.interventions for rule in step.needs] + list(rules.derived.values())
    truths = [truth_columns(clause, columns) for clause in clauses]
    for row, participant in enumerate(participants):
        known = know(rules, participant)
        assert columns.known_of(row) == known
        answers = [truth_of(clause, known.yes, known.no) for clause in clauses]
        assert [True if yes[row] else False if no[row] else None for yes, no in truths] == answers


def test_nobody_at_all_gives_empty_columns_and_progress_counts_every_row():
    assert recommend_many(TODAY, []).tier == []
    assert gists(TODAY, []).gists == []
    told: list[int] = []
    people = [read_participant(TODAY, {"business_running": running}) for running in (True, False, True)]
    assert len(recommend_many(TODAY, people, progress=told.append).tier) == 3
    assert told[-1] == 3
    assert told == sorted(told)


def test_a_goal_that_is_no_product_is_refused():
    with pytest.raises(KeyError):
        recommend(TODAY, read_participant(TODAY, {}), goal="no_such_product")
    with pytest.raises(KeyError):
        recommend_many(TODAY, [read_participant(TODAY, {})], goal="no_such_product")
    with pytest.raises(KeyError):
        gists(TODAY, [read_participant(TODAY, {})], goal="no_such_product")


# -- the scorecard moves nothing ---------------------------------------------------------------------------------------


@FEWER
@given(drawn(), st.data())
def test_a_synthetic_scorecard_changes_nothing_but_the_readiness(case, data):
    place, raw = case
    rules, participant = ALL_RULES[place], read(ALL_RULES[place], raw)
    goal = data.draw(some_goal(rules))
    held = a_scorecard(rules, outcome="kept", hold=10**9)
    plain = recommend(rules, participant, goal=goal)
    assert plain.readiness is None
    for scorecard in (CARDS[place], held):
        scored = recommend(rules, participant, goal=goal, scorecard=scorecard)
        assert scored.readiness.basis == "synthetic"
        for key in ("tier", "steps", "interventions", "products", "path", "questions", "stale"):
            assert getattr(scored, key) == getattr(plain, key)
        assert {notice.code for notice in scored.notices} - {notice.code for notice in plain.notices} == {"synthetic"}


@FEWER
@given(drawn(), st.sampled_from([0, 10_000, 20_000, 10**9]))
def test_a_scorecard_of_kept_loans_can_only_hold_the_top_tier_back(case, cut_off):
    place, raw = case
    rules, participant = ALL_RULES[place], read(ALL_RULES[place], raw)
    top = rules.tiers[0].tier.id
    plain = recommend(rules, participant)
    kept = recommend(rules, participant, scorecard=a_scorecard(rules, basis="outcomes", outcome="kept", hold=cut_off))
    for key in ("steps", "products", "path", "stale"):
        assert getattr(kept, key) == getattr(plain, key)
    if plain.tier.tier == top and kept.readiness.score < cut_off:
        assert kept.tier.tier != top
        assert not kept.tier.provisional or kept.tier.questions
    else:
        assert kept.tier == plain.tier
        assert kept.interventions == plain.interventions


@FEWER
@given(drawn())
def test_a_scorecard_of_funded_referrals_holds_nobody_back(case):
    place, raw = case
    rules, participant = ALL_RULES[place], read(ALL_RULES[place], raw)
    funded = a_scorecard(rules, basis="outcomes", outcome="funded", hold=10**9)
    assert recommend(rules, participant, scorecard=funded).tier == recommend(rules, participant).tier


# -- what every answer keeps to ----------------------------------------------------------------------------------------


@HALF
@given(drawn(), st.data())
def test_every_answer_asks_only_what_is_unknown_and_leaves_nobody_without_a_next_step(case, data):
    place, raw = case
    rules, participant = ALL_RULES[place], read(ALL_RULES[place], raw)
    known = know(rules, participant)
    found = recommend(rules, participant, goal=data.draw(some_goal(rules)))

    open_ = {name for name, at in rules.position.items() if known.low[at] != known.high[at]}
    assert set(found.questions) <= open_ - set(rules.derived)
    assert len(set(found.questions)) == len(found.questions)
    doubtful = {name for doubt in found.doubts for name in doubt.signals}
    order = [(name not in doubtful, ASKED_ORDER.index(rules.signals[name].asked)) for name in found.questions]
    assert order == sorted(order)

    assert found.interventions or any(match.offered for match in found.products)
    if found.tier.tier == rules.tiers[-1].tier.id:
        assert found.tier.talk_again_on == rules.day + timedelta(days=rules.programme.talk_again_days)
        assert found.interventions[0].id == found.tier.programme == rules.tiers[-1].tier.programme
    assert found.tier.provisional == bool(found.tier.questions)


@HALF
@given(drawn(), st.data())
def test_who_wants_no_capital_is_offered_none_and_given_no_goal(case, data):
    place, raw = case
    rules = ALL_RULES[place]
    raw = {**raw, rules.roles["wants_capital"]: False}
    raw.pop(rules.roles["amount_asked"], None)
    found = recommend(rules, read(rules, raw), goal=data.draw(some_goal(rules)))
    assert not any(match.offered for match in found.products)
    assert (found.path.goal, found.path.steps) == (None, ())
    assert found.path.why.code == "no_goal_wants_none"
    assert found.tier.tier != rules.tiers[0].tier.id
    assert not {step.rank_reason.code for step in found.interventions} & {"rank_path", "rank_referral", "rank_capacity"}
    money = ("amount_asked", "monthly_profit", "monthly_instalments", "household_need")
    assert not {rules.roles[role] for role in money} & set(found.questions)


@FEWER
@given(drawn(), st.data())
def test_products_stand_in_the_stated_order_and_never_by_provider(case, data):
    place, raw = case
    rules, participant = ALL_RULES[place], read(ALL_RULES[place], raw)
    found = recommend(rules, participant)
    statuses, affordable = ("conditions_met", "ask", "not_yet", "not_for_you"), ("yes", "unknown", "no")
    keys = []
    for match in found.products:
        rate = match.terms.annuity.yearly_rate if match.terms.annuity else float("inf")
        grant = rules.product_ids[match.id].is_grant
        running = match.availability == "running"
        keys.append(
            (not running, statuses.index(match.status), not grant, affordable.index(match.terms.affordable), rate)
        )
    assert keys == sorted(keys)


def test_the_same_answers_in_another_order_give_the_same_recommendation():
    raw = {"business_running": True, "wants_capital": True, "amount_asked": 5_000_000, "monthly_profit": 2_000_000}
    backwards = dict(reversed(raw.items()))
    assert recommend(TODAY, read_participant(TODAY, raw)) == recommend(TODAY, read_participant(TODAY, backwards))


WATI = {
    **tomllib.loads((CASES / "womens_group_loan_for_a_woman.toml").read_text(encoding="utf-8"))["signals"],
    "lending_group": False,
}


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({}, "rank_came_for"),  # a group is all that Amartha still lacks
        ({"lending_group": None}, "rank_came_for"),
        ({"gender": None}, "rank_other"),  # Amartha may be open to her or him: nobody knows
        ({"age": None}, "rank_other"),
        ({"gender": "man"}, None),
        ({"lending_group": True}, None),
        ({"wants_capital": False, "amount_asked": None}, None),
    ],
)
def test_a_lending_group_is_what_somebody_came_for_only_where_a_product_open_to_them_needs_one(changed, why):
    raw = {**WATI, **changed}
    found = recommend(TODAY, read_participant(TODAY, raw)).interventions
    assert next((one.rank_reason.code for one in found if one.id == "form_lending_group"), None) == why


@pytest.mark.parametrize(
    ("changed", "listed"), [({}, False), ({"business_age_months": 4}, True), ({"business_age_months": None}, True)]
)
def test_a_business_group_is_suggested_only_to_those_whose_age_of_business_does_not_do(changed, listed):
    found = recommend(TODAY, read_participant(TODAY, {**WATI, **changed})).interventions
    assert ("join_business_group" in [one.id for one in found]) is listed
