"""recommend for one and recommend_many for columns say the same, field by field; and what every answer must hold."""

import json
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.entries import Programme
from matcher.participant import Participant
from matcher.programme import load_programme
from matcher.recommend import Recommendation, recommend, recommend_many
from matcher.rules import Rules, rules_on
from matcher.scorecard import read_scorecard
from tests.conftest import EXAMPLES
from tests.strategies import participants

WARMI = Path(__file__).parents[1] / "programmes" / "warmi"
DAYS = (date(2018, 10, 1), date(2024, 2, 29), date(2026, 11, 21))
CASES = [("okoce", day) for day in DAYS] + [("warmi", date(2026, 11, 21))]
IDS = [f"{name} {day}" for name, day in CASES]


@pytest.fixture(scope="module")
def programmes(okoce: Programme) -> dict[str, Programme]:
    return {"okoce": okoce, "warmi": load_programme(WARMI)}


def a_scorecard(rules: Rules, basis: str) -> Any:
    names = [
        n for n, s in rules.signals.items() if s.scored and not s.protected and s.kind not in ("choices", "choice")
    ]
    rows = [{"signal": n, "edges": [1, 5], "points": [-900, 10, 1007], "unknown": -301} for n in names[:9]]
    table = {"format": 1, "version": "t", "outcome": "kept", "basis": basis, "base": 500_000, "signals": rows}
    return read_scorecard(json.dumps({**table, "hold_back_below": 500_000}).encode(), rules)


def row_of(rules: Rules, found: Recommendation) -> dict[str, Any]:
    """One recommendation in the fields of Many, worked out from what is said in full."""
    running = [match for match in found.products if rules.product_ids[match.id].suggested]
    row: dict[str, Any] = {
        status: tuple(match.id for match in running if match.status == status)
        for status in ("conditions_met", "not_yet", "ask", "not_for_you")
    }
    row |= {"tier": found.tier.tier, "provisional": found.tier.provisional, "questions": found.questions}
    row |= {"interventions": tuple(step.id for step in found.interventions), "goal": found.path.goal}
    row |= {"path_steps": tuple(step.intervention or "wait" for step in found.path.steps)}
    row |= {"path_days": found.path.days, "path_cost_idr": found.path.cost_idr}
    readiness = found.readiness
    scores = (None,) * 3 if readiness is None else (readiness.score, readiness.low, readiness.high)
    return row | dict(zip(("score", "score_low", "score_high"), scores, strict=True))


@pytest.mark.parametrize(("name", "day"), CASES, ids=IDS)
def test_many_at_once_say_what_each_one_alone_says(programmes: dict[str, Programme], name: str, day: date):
    rules = rules_on(programmes[name], day)
    goals = [None, None, *rules.product_ids]
    scorecards = [None, a_scorecard(rules, "synthetic"), a_scorecard(rules, "outcomes")]

    @settings(max_examples=max(EXAMPLES // 8, 20))
    @given(st.lists(participants(rules), min_size=1, max_size=6), st.sampled_from(goals), st.sampled_from(scorecards))
    def for_some(some: list[Participant], goal: str | None, scorecard: Any) -> None:
        # Each is there twice: two people in the same situation share one decision.
        everybody = [*some, *reversed(some)]
        many = recommend_many(rules, everybody, goal=goal, scorecard=scorecard)
        for place, participant in enumerate(everybody):
            alone = row_of(rules, recommend(rules, participant, goal=goal, scorecard=scorecard))
            columns = {field: getattr(many, field) for field in alone}
            together = {field: None if column is None else column[place] for field, column in columns.items()}
            assert together == alone

    for_some()


def test_many_with_one_signal_changed_still_say_what_each_one_says(okoce: Programme):
    rules = rules_on(okoce, DAYS[-1])

    @settings(max_examples=max(EXAMPLES // 8, 20))
    @given(participants(rules), st.data())
    def for_neighbours(participant: Participant, data: st.DataObject) -> None:
        other = data.draw(participants(rules))
        some = [participant]
        for name, fact in other.facts.items():
            some.append(participant.with_facts(**{name: fact.value}))
        many = recommend_many(rules, some)
        for place, one in enumerate(some):
            alone = row_of(rules, recommend(rules, one))
            assert {field: getattr(many, field)[place] for field in alone if "score" not in field} == {
                field: value for field, value in alone.items() if "score" not in field
            }

    for_neighbours()


def test_nobody_at_all_gives_empty_columns(okoce: Programme):
    many = recommend_many(rules_on(okoce, DAYS[-1]), [])
    assert (many.tier, many.goal, many.path_steps) == ([], [], [])


def test_progress_tells_how_many_are_finished(okoce: Programme, a_participant: Any):
    told: list[int] = []
    some = [a_participant(registered=flag) for flag in (True, False, True)]
    recommend_many(rules_on(okoce, DAYS[-1]), some, progress=told.append)
    assert told[-1] == 3


@pytest.mark.parametrize(("name", "day"), CASES, ids=IDS)
def test_nobody_is_left_without_a_next_step(programmes: dict[str, Programme], name: str, day: date):
    rules = rules_on(programmes[name], day)
    tiers: Counter[str] = Counter()

    @settings(max_examples=max(EXAMPLES // 2, 50))
    @given(participants(rules))
    def for_a_participant(participant: Participant) -> None:
        found = recommend(rules, participant)
        tiers[found.tier.tier] += 1
        tiers["provisional"] += found.tier.provisional
        assert found.interventions
        lowest = rules.programme.tiers[-1]
        if found.tier.tier == lowest.id:
            assert found.interventions[0].id == found.tier.programme == lowest.programme
            assert (found.tier.talk_again_on - day).days == rules.programme.talk_again_days
        assert found.tier.provisional == bool(found.tier.questions)
        assert found.tier.reasons
        assert len(set(found.questions)) == len(found.questions)
        known = {n for n, fact in participant.facts.items() if n not in found.stale and not rules.signals[n].grows}
        assert not known & set(found.questions)
        order = [rules.signals[question].asked for question in found.questions]
        assert order == sorted(order, key=["first", "amount", "usual", "last"].index)
        offered = [match.id for match in found.products if match.offered]
        wants = rules.roles["wants_capital"]
        if wants in known and participant.facts[wants].value is False:
            assert (offered, found.path.goal) == ([], None)
        kinds = [rules.intervention_ids[step.id].entry.kind for step in found.interventions]
        assert "wait" not in kinds
        assert ("referral" in kinds) == bool(offered)

    for_a_participant()
    assert tiers[rules.programme.tiers[-1].id]
    if day == DAYS[-1] and EXAMPLES >= 1000:  # fewer people at random may well leave a tier out
        assert [tier.id for tier in rules.programme.tiers if not tiers[tier.id]] == []
        assert tiers["provisional"]


def test_the_same_question_gives_the_same_answer(okoce: Programme):
    rules = rules_on(okoce, DAYS[-1])

    @settings(max_examples=50)
    @given(participants(rules))
    def twice(participant: Participant) -> None:
        assert recommend(rules, participant) == recommend(rules, participant)

    twice()


def test_a_goal_that_does_not_exist_is_refused(okoce: Programme, a_participant: Any):
    with pytest.raises(KeyError):
        recommend(rules_on(okoce, DAYS[-1]), a_participant(), goal="kur_makro")
