"""The worked cases of tests/cases, each worked by hand first, one test a case and a variant.

A case gives facts and what follows from them; `worked` in its file says why. Every key of `expect` may be left out.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

import pytest

from matcher.facts.participant import ParticipantError, read_participant
from matcher.programme.loading import load_programme
from matcher.programme.rules import rules_on
from matcher.recommend import Recommendation, recommend, recommend_many
from tests.conftest import ROOT

CASES = ROOT / "tests" / "cases"
KEYS = {
    "tier",
    "provisional",
    "first_intervention",
    "listed",
    "not_listed",
    "steps",
    "goal",
    "path",
    "path_days",
    "path_cost_idr",
    "path_form",
    "max_affordable_idr",
    "doubts",
    "questions_include",
    "first_question",
    "products",
    "alternatives",
    "not_asked",
    "asked_before",
    "met",
}


def all_cases() -> Iterator[Any]:
    for path in sorted(CASES.glob("*.toml")):
        case = tomllib.loads(path.read_text(encoding="utf-8"))
        yield pytest.param(case, id=path.stem)
        for number, variant in enumerate(case.get("variant", []), 1):
            signals = {**case["signals"], **variant.get("signals", {})}
            known = {name: value for name, value in signals.items() if value != "unknown"}
            yield pytest.param({**case, **variant, "signals": known}, id=f"{path.stem}-{number}")


def test_there_are_at_least_twenty_cases_and_each_says_how_it_was_worked():
    cases = [tomllib.loads(path.read_text(encoding="utf-8")) for path in CASES.glob("*.toml")]
    assert len(cases) >= 20
    assert all(case["worked"] and {"id", "en"} == set(case["title"]) == set(case["story"]) for case in cases)


@pytest.mark.parametrize("case", list(all_cases()))
def test_case(case):
    day: date = case["as_of"]
    rules = rules_on(load_programme(), day)
    expected = case["expect"]
    if "contradiction" in expected:
        with pytest.raises(ParticipantError) as caught:
            read_participant(rules, case["signals"])
        named = [[problem.field, problem.message.args["other_signal"]] for problem in caught.value.problems]
        assert named == [expected["contradiction"]]
        return
    participant = read_participant(rules, case["signals"])
    found = recommend(rules, participant, goal=case.get("goal"))
    assert set(expected) <= KEYS
    got = told(found, expected)
    if "met" in expected:
        got["met"] = list(recommend_many(rules, [participant]).conditions_met[0])
    assert got == {key: expected[key] for key in got}


def told(found: Recommendation, expected: dict[str, Any]) -> dict[str, Any]:
    """What the answer says to each key that the case expects, in the same form."""
    listed = [suggestion.id for suggestion in found.interventions]
    products = {match.id: match for match in found.products}
    answers: dict[str, Any] = {
        "tier": found.tier.tier,
        "provisional": found.tier.provisional,
        "first_intervention": next(iter(listed), None),
        "listed": [name for name in expected.get("listed", []) if name in listed],
        "not_listed": [name for name in expected.get("not_listed", []) if name not in listed],
        "steps": {name: found.steps[name] for name in expected.get("steps", {})},
        "goal": found.path.goal or "none",
        "path": [step.intervention or "wait" for step in found.path.steps],
        "path_days": found.path.days,
        "path_cost_idr": found.path.cost_idr,
        "path_form": form(found),
        "max_affordable_idr": {
            name: products[name].terms.max_affordable_idr for name in expected.get("max_affordable_idr", {})
        },
        "questions_include": [name for name in expected.get("questions_include", []) if name in found.questions],
        "doubts": {doubt.id: list(doubt.signals) for doubt in found.doubts},
        "first_question": next(iter(found.questions), None),
        "products": {name: product(products[name], keys) for name, keys in expected.get("products", {}).items()},
    }
    answers |= {
        "alternatives": {one.product: list(one.path.assumed) for one in found.path.alternatives},
        "not_asked": [name for name in expected.get("not_asked", []) if name not in found.questions],
        "asked_before": [pair for pair in expected.get("asked_before", []) if pair == in_order(found.questions, pair)],
    }
    return {key: answers[key] for key in expected if key in answers}


def in_order(questions: Sequence[str], pair: Sequence[str]) -> list[str]:
    return [name for name in questions if name in pair]


def form(found: Recommendation) -> str:
    path = found.path
    if path.goal is None:
        return "none"
    if path.impossible or path.impossible_because:
        return "impossible"
    return "ask" if path.ask or path.ask_message else "steps"


def product(match: Any, expected: dict[str, Any]) -> dict[str, Any]:
    changes = {change.intervention or "wait" for unmet in match.unmet for change in unmet.changed_by}
    wanted, words = expected.get("changed_by", []), expected.get("notice", "")
    answers = {
        "status": match.status,
        "offered": match.offered,
        "availability": match.availability,
        "affordable": match.terms.affordable,
        "missing_from": match.terms.missing_from,
        "changed_by": wanted if changes == set(wanted) else sorted(changes),
        "asks": [name for name in expected.get("asks", []) if name in match.questions],
        "notice": words if any(words in notice["en"] for notice in match.notices) else None,
    }
    return {key: answers[key] for key in expected}
