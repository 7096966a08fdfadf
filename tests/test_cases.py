"""Worked cases: each file of tests/cases tells one person's story and what Kail must answer, worked out by hand."""

import tomllib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from matcher.participant import read_participant
from matcher.programme import load_programme
from matcher.recommend import Recommendation, recommend
from matcher.rules import rules_on

FOLDER = Path(__file__).parent / "cases"
KEYS = {"title", "story", "as_of", "goal", "signals", "expect", "worked", "variant"}
EXPECTED = {
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
    "questions_include",
    "first_question",
    "products",
}


def cases() -> Iterator[Any]:
    """Every case, and every variant of it: the case with other signals ("unknown" drops one), day or goal."""
    for path in sorted(FOLDER.glob("*.toml")):
        case = tomllib.loads(path.read_text(encoding="utf-8"))
        yield pytest.param(case, id=path.stem)
        for variant in case.get("variant", ()):
            signals = {**case["signals"], **variant.get("signals", {})}
            kept = {name: value for name, value in signals.items() if value != "unknown"}
            yield pytest.param({**case, **variant, "signals": kept}, id=f"{path.stem}: {variant['title']['en']}")


CASES = list(cases())


def the_answer(case: dict[str, Any]) -> Recommendation:
    rules = rules_on(load_programme(), case["as_of"])
    return recommend(rules, read_participant(rules, case["signals"]), goal=case.get("goal"))


def form_of(found: Recommendation) -> str:
    path = found.path
    if path.goal is None:
        return "none"
    if path.impossible or path.impossible_because:
        return "impossible"
    return "ask" if path.ask or path.ask_message else "steps"


def told(found: Recommendation, expect: dict[str, Any]) -> dict[str, Any]:
    """What Kail says about everything that the case expects, in the words of the case."""
    answers: dict[str, Any] = {
        "tier": found.tier.tier,
        "provisional": found.tier.provisional,
        "first_intervention": found.interventions[0].id if found.interventions else "none",
        "goal": found.path.goal or "none",
        "path": [step.intervention or step.kind for step in found.path.steps],
        "path_days": found.path.days,
        "path_cost_idr": found.path.cost_idr,
        "path_form": form_of(found),
        "first_question": found.questions[0] if found.questions else "none",
    }
    listed = [suggestion.id for suggestion in found.interventions]
    matches = {match.id: match for match in found.products}
    answers["listed"] = [one for one in expect.get("listed", ()) if one in listed]
    answers["not_listed"] = [one for one in expect.get("not_listed", ()) if one not in listed]
    answers["questions_include"] = [one for one in expect.get("questions_include", ()) if one in found.questions]
    answers["steps"] = {step: found.steps.get(step) for step in expect.get("steps", ())}
    amounts = {product: matches[product].terms.max_affordable_idr for product in expect.get("max_affordable_idr", ())}
    answers["max_affordable_idr"] = amounts
    answers["products"] = {}
    for product, wanted in expect.get("products", {}).items():
        match = matches[product]
        changes = [change.intervention or change.kind for unmet in match.unmet for change in unmet.changed_by]
        said = {
            "status": match.status,
            "affordable": match.terms.affordable,
            "offered": match.offered,
            "changed_by": list(dict.fromkeys(changes)),
        }
        answers["products"][product] = {key: said[key] for key in wanted}
    return {key: answers[key] for key in expect}


@pytest.mark.parametrize("case", CASES)
def test_a_worked_case_comes_out_as_worked_by_hand(case):
    assert told(the_answer(case), case["expect"]) == case["expect"]


@pytest.mark.parametrize("case", CASES)
def test_a_worked_case_says_nothing_that_is_not_checked(case):
    assert set(case) <= KEYS
    assert set(case["expect"]) <= EXPECTED
    assert type(case["as_of"]) is date
    assert {"id", "en"} <= case["title"].keys() & case["story"].keys()


def test_there_are_worked_cases():
    assert CASES
