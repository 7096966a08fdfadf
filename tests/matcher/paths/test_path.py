"""Every path, taken step by step: after it the product's conditions hold and it is affordable."""

from collections import Counter
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings

from matcher.facts.participant import Participant, know, read_participant
from matcher.message import Message
from matcher.paths.path import path_to
from matcher.programme.entries import Programme
from matcher.programme.rules import Rules, rules_on
from matcher.reach import outlook
from matcher.recommend import recommend
from tests.conftest import EXAMPLES
from tests.matcher.paths.brute_force import World
from tests.matcher.paths.walking import apply_path, free_money
from tests.strategies import participants

DAYS = (date(2018, 10, 1), date(2019, 6, 1), date(2021, 12, 31), date(2024, 2, 29), date(2026, 11, 21))
FORMS = ("steps", "ask", "impossible", "not suggested", "none wanted")


@pytest.mark.parametrize("day", DAYS, ids=str)
def test_every_path_to_every_product_holds_when_its_steps_are_taken(okoce: Programme, day: date):
    rules, world = rules_on(okoce, day), World(okoce, day)
    seen: Counter[str] = Counter()

    @settings(max_examples=max(EXAMPLES // len(DAYS), 20))
    @given(participants(rules))
    def for_a_participant(participant: Participant) -> None:
        known = know(rules, participant)
        view = outlook(rules, known)
        seen["examples"] += 1
        doubted = {name: None for doubt in known.doubts for name in doubt.signals}  # brute force knows no doubts
        facts = participant.with_facts(**doubted).facts
        for product in rules.products:
            path = path_to(view, product)
            form = form_of(path)
            seen[form] += 1
            seen["with steps"] += bool(path.steps)
            if form == "not suggested":
                assert not product.suggested
            if path.days is None:
                assert path.steps == ()
                continue
            entry, terms = product.entry, view.terms[product.index]
            conditions = [rule.criterion for rule in product.criteria]
            applied = apply_path(world, facts, path, conditions)
            assert applied.wrong == ()
            free = free_money(world, applied.state)
            assert path.planned_idr is None or path.planned_idr <= (entry.max_amount_idr or path.planned_idr)
            if path.ask_message and path.ask_message.code == "ask_next_month":
                assert free is not None
                least = max(entry.min_amount_idr or 1, 1)
                assert free <= 0 or least * terms.annuity.monthly > free  # a credit that ends may bring a little
            elif terms.annuity is not None and free is not None and path.planned_idr is not None:
                assert path.planned_idr * terms.annuity.monthly <= free + 1e-6
                assert path.planned_idr >= max(entry.min_amount_idr or 1, 1)

    for_a_participant()
    print(dict(seen))
    if day == DAYS[-1] and seen["examples"] >= 100:
        assert [form for form in FORMS if not seen[form]] == []
        assert seen["with steps"]


def form_of(path: Any) -> str:
    """Which one of its forms an answer has; exactly one."""
    if path.why is not None:
        assert (path.goal, path.steps, path.days) == (None, (), None)
        return "none wanted"
    if path.impossible or path.impossible_because:
        assert (path.steps, path.days, path.ask) == ((), None, "")
        codes = [message.code for message in path.impossible_because]
        return "not suggested" if any(code.startswith("availability_") for code in codes) else "impossible"
    assert path.days is not None
    return "ask" if path.ask or path.ask_message else "steps"


def test_nothing_is_borrowed_where_nothing_is_asked(okoce: Programme):
    rules = rules_on(okoce, date(2026, 11, 21))
    facts = {"amount_asked": 0, "monthly_profit": 200_000, "monthly_instalments": 200_000, "household_need": 0}
    view = outlook(rules, know(rules, read_participant(rules, {**facts, "existing_credit": ["consumer"]})))
    paths = [path_to(view, product) for product in rules.products if product.suggested and not product.is_grant]
    assert paths
    assert all(path.impossible_because == (Message("asked_nothing"),) for path in paths)


def test_what_can_never_be_met_is_said_before_an_amount_of_nothing(okoce: Programme):
    rules = rules_on(okoce, date(2026, 11, 21))
    product = next(p for p in rules.products if p.suggested and "gender" in {n for r in p.criteria for n in r.signals})
    facts = {"amount_asked": 0, "gender": "man"}
    view = outlook(rules, know(rules, read_participant(rules, facts)))
    path = path_to(view, product)
    assert path.impossible
    assert {name for criterion in path.impossible for name in criterion.signals()} == {"gender"}


def test_a_largest_amount_of_nothing_is_changed_by_asking_for_less(okoce: Programme):
    none = tuple(replace(product, min_amount_idr=None, max_amount_idr=0) for product in okoce.products)
    rules = Rules(replace(okoce, products=none), date(2026, 11, 21))
    known = know(rules, read_participant(rules, {"amount_asked": 5_000_000}))
    found = recommend(rules, read_participant(rules, {"amount_asked": 5_000_000})).products
    ceilings = [unmet for match in found for unmet in match.unmet if unmet.criterion.op == "at_most"]
    assert {change.kind for unmet in ceilings for change in unmet.changed_by} == {"ask_less"}
    view = outlook(rules, known)
    assert not view.standing.lasting & view.rules.amount_conditions


# -- each by itself ----------------------------------------------------------------------------------------------------

READY = {
    "wants_business": True,
    "business_running": True,
    "wants_capital": True,
    "monthly_instalments": 0,
    "household_need": 0,
    "amount_asked": 5_000_000,
    "monthly_profit": 3_000_000,
}


def to(okoce: Programme, participant: Participant, goal: str) -> Any:
    rules = rules_on(okoce, participant.as_of)
    return path_to(outlook(rules, know(rules, participant)), rules.product_ids[goal])


def test_without_capacity_the_path_asks_for_next_months_figure(okoce: Programme, a_participant: Any):
    path = to(okoce, a_participant(**{**READY, "monthly_profit": -100_000}), "kur_super_mikro")
    assert path.ask == "monthly_profit"
    assert path.ask_message.args["on"] == date(2026, 12, 21)


def test_growth_given_on_an_earlier_day_shortens_the_wait(okoce: Programme, a_participant: Any):
    age = {"value": 5, "on": date(2026, 11, 1)}
    others = {"training_certificate": False, "training_hours": 0, "nib": True, "amount_asked": 15_000_000}
    path = to(okoce, a_participant(**{**READY, **others, "business_age_months": age}), "kur_mikro")
    assert path.days == 10


def test_a_woman_of_a_womens_group_and_a_man(okoce: Programme, a_participant: Any):
    man = to(okoce, a_participant(**READY, gender="man"), "pnm_mekaar")
    assert [criterion.signal for criterion in man.impossible] == ["gender"]
    woman = to(okoce, a_participant(**READY, gender="woman", lending_group=False), "pnm_mekaar")
    assert [step.intervention for step in woman.steps] == ["form_lending_group"]


def test_an_unknown_answer_is_said_to_be_assumed(okoce: Programme, a_participant: Any):
    participant = a_participant(**READY)
    path = to(okoce, participant, "kur_super_mikro")
    assert path.assumed
    assert not set(path.assumed) & set(participant.facts)
