"""Criteria: three answers. Random criteria against an evaluator that reads them word by word (tests/matcher/brute_force)."""

from collections import Counter
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.criteria import truth_of
from matcher.entries import Programme
from matcher.participant import Participant, know
from matcher.rules import Rules, rules_on
from tests.matcher.brute_force import World
from tests.strategies import a_product, a_programme, a_signal, load, participants, read

DAY = date(2026, 11, 21)
CODES = [{"id": code, "label": {"id": code, "en": code}} for code in "abc"]
SIGNALS = [
    a_signal("f0"),
    a_signal("f1"),
    a_signal("n0", "number"),
    a_signal("d0", "date", future=True),
    a_signal("c0", "choice", values=CODES),
    a_signal("s0", "choices", values=CODES),
    a_signal("v0", derived=[{"any": [{"signal": "f0", "is": True}, {"signal": "n0", "at_least": 3}]}]),
    a_signal("v1", derived=[{"signal": "v0", "is": False}, {"signal": "c0", "is_not": "b"}]),
]
FACTS = {
    "f0": st.booleans(),
    "f1": st.booleans(),
    "n0": st.integers(0, 5),
    "d0": st.integers(-40, 40).map(lambda days: DAY + timedelta(days=days)),
    "c0": st.sampled_from("abc"),
    "s0": st.lists(st.sampled_from("abc"), max_size=2, unique=True),
}


def _ask(signals: list[str], ops: list[str], values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.builds(lambda s, op, v: {"signal": s, op: v}, st.sampled_from(signals), st.sampled_from(ops), values)


LEAVES = st.one_of(
    _ask(["f0", "f1", "v0", "v1"], ["is"], st.booleans()),
    _ask(["n0"], ["at_least", "at_most", "is"], st.integers(0, 5)),
    _ask(["d0"], ["within_days"], st.integers(0, 40)),
    _ask(["d0"], ["passed"], st.booleans()),
    _ask(["c0"], ["is", "is_not"], st.sampled_from("abc")),
    _ask(["c0"], ["one_of"], st.sampled_from([["a"], ["a", "b"], ["b", "c"]])),
    _ask(["s0"], ["includes", "excludes"], st.sampled_from([["a"], ["b", "c"]])),
)
LENIENT = LEAVES.filter(lambda leaf: leaf["signal"] not in ("v0", "v1")).map(lambda leaf: {**leaf, "unknown": "meets"})
CLOSED = LEAVES.map(lambda leaf: {**leaf, "valid_to": date(2020, 1, 1)})


def _groups(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    parts = st.lists(st.one_of(inner, CLOSED), min_size=1, max_size=3)
    return st.builds(lambda kind, criteria: {kind: criteria}, st.sampled_from(["any", "all"]), parts)


CRITERIA = st.recursive(st.one_of(LEAVES, LENIENT), _groups, max_leaves=9)
SOME_FACTS = st.fixed_dictionaries({}, optional=FACTS)


def both_answers(rules: Rules, participant: Participant, world: World) -> list[tuple[bool | None, bool | None]]:
    """For every condition and need of the rules: what the engine says, and what reading it word by word says."""
    known = know(rules, participant)
    state = world.start(participant.facts, checks=False)
    asked = [rule for product in rules.products for rule in product.criteria]
    asked += [rule for intervention in rules.interventions for rule in intervention.needs]
    return [
        (truth_of(rule.clauses, known.yes, known.no), world.truth_of_all([rule.criterion])(state, world.today))
        for rule in asked
    ]


def test_random_criteria_are_answered_word_by_word():
    seen: Counter[bool | None] = Counter()

    @given(st.lists(CRITERIA, min_size=4, max_size=8), st.lists(SOME_FACTS, min_size=4, max_size=4))
    def on_random_criteria(criteria: list[dict[str, Any]], facts: list[dict[str, Any]]) -> None:
        products = [a_product(f"p{number}", criteria=[criterion]) for number, criterion in enumerate(criteria)]
        rules = rules_on(load(a_programme(SIGNALS, [], products)), DAY)
        world = World(rules.programme, DAY)
        for raw in facts:
            for engine, by_words in both_answers(rules, read(rules, raw), world):
                seen[engine] += 1
                assert engine is by_words

    on_random_criteria()
    assert all(seen[answer] for answer in (True, False, None))


@pytest.mark.parametrize("day", [date(2018, 10, 1), date(2019, 6, 1), DAY], ids=str)
def test_every_rule_of_jakarta_is_answered_word_by_word(okoce: Programme, day: date):
    rules, world = rules_on(okoce, day), World(okoce, day)

    @given(participants(rules))
    def for_a_participant(participant: Participant) -> None:
        for engine, by_words in both_answers(rules, participant, world):
            assert engine is by_words

    for_a_participant()


# -- each by itself ----------------------------------------------------------------------------------------------------


def answer(criterion: dict[str, Any], **facts: Any) -> bool | None:
    rules = rules_on(load(a_programme(SIGNALS, [], [a_product("p", criteria=[criterion])])), DAY)
    known = know(rules, read(rules, facts))
    return truth_of(rules.product_ids["p"].goal, known.yes, known.no)


def test_a_missing_signal_is_unknown_not_unmet():
    assert answer({"signal": "f0", "is": True}) is None
    assert answer({"signal": "f0", "is": False}) is None


def test_an_unknown_does_not_hide_what_is_known():
    either = {"any": [{"signal": "f0", "is": True}, {"signal": "f1", "is": True}]}
    both = {"all": either["any"]}
    assert [answer(either, f1=True), answer(either, f1=False)] == [True, None]
    assert [answer(both, f1=True), answer(both, f1=False)] == [None, False]


def test_an_unknown_that_meets_lowers_nothing_and_a_known_failure_still_fails():
    lenient = {"signal": "f0", "is": True, "unknown": "meets"}
    assert [answer(lenient), answer(lenient, f0=False)] == [True, False]


def test_a_door_closes_the_day_after_its_last():
    fresh = {"signal": "d0", "within_days": 30}
    assert [answer(fresh, d0=DAY - timedelta(days=age)) for age in (-1, 0, 30, 31)] == [False, True, True, False]
    passed = {"signal": "d0", "passed": True}
    assert [answer(passed, d0=DAY + timedelta(days=more)) for more in (0, 1)] == [True, False]


def test_a_criterion_outside_its_dates_asks_nothing():
    assert answer({"signal": "f0", "is": True, "valid_to": date(2026, 11, 20)}, f0=False) is True
    assert answer({"signal": "f0", "is": True, "valid_to": DAY}, f0=False) is False


def test_an_empty_list_is_an_answer():
    assert [answer({"signal": "s0", "excludes": ["a"]}, s0=[]), answer({"signal": "s0", "excludes": ["a"]})] == [
        True,
        None,
    ]
