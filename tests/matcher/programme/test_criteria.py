"""Criteria in three values: compiled clauses answer like an evaluator written quite differently, singly and in columns."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.facts.columns import Columns, truth_columns
from matcher.programme.criteria import UNKNOWN_HIGH, UNKNOWN_LOW, Criterion, Test, compile_clauses
from matcher.programme.loading import load_programme
from matcher.programme.masks import met, truth_of
from matcher.programme.rules import Rules, rules_on

TODAY = date(2026, 11, 21)
RULES = rules_on(load_programme(), TODAY)
DERIVED = "any_permit"
HALF = Fraction(1, 2)
OF_KIND = {
    "yes_no": ["business_running", "nib", "sku", "iumk"],
    "number": ["months_of_books", "business_age_months"],
    "money": ["amount_asked"],
    "choice": ["slik_class", "came_for"],
    "choices": ["existing_credit"],
    "date": ["training_certificate_on", "credit_ends_on"],
}
NAMES = [name for names in OF_KIND.values() for name in names]
Value = Any  # as written; None is unknown; ("from", n) is a number of at least n
ANSWER = {Fraction(0): False, HALF: None, Fraction(1): True}
FEWER = settings(max_examples=max(50, settings().max_examples // 5))


# -- the other evaluator: least and greatest over 0, 1/2 and 1 ---------------------------------------------------------


def kleene(
    rules: Rules, criterion: Criterion, values: Mapping[str, Value], day: date, negate: bool = False
) -> Fraction:
    """Kleene's answer as 0, 1/2 or 1. `unknown = "meets"` turns 1/2 into 1, also in a negated rule."""
    inner = None
    if criterion.kind == "step":
        inner = next(rule.step.done for rule in rules.steps if rule.step.id == criterion.signal)
    elif criterion.kind == "signal" and rules.signals[criterion.signal].derived:
        inner = rules.signals[criterion.signal].derived
        negate ^= criterion.value is False
    if inner is None and criterion.kind == "signal":
        answer = _leaf(criterion, values.get(criterion.signal), day)
        answer = 1 - answer if negate else answer
    else:
        parts = [part for part in (criterion.parts if inner is None else inner) if part.holds_on(rules.day)]
        answers = [kleene(rules, part, values, day, negate) for part in parts]
        every = (criterion.kind != "any") != negate
        answer = (min if every else max)(answers) if answers else Fraction(1)
    return Fraction(1) if criterion.unknown_meets and answer == HALF else answer


def _leaf(criterion: Criterion, value: Value, day: date) -> Fraction:
    op, want = criterion.op, criterion.value
    if isinstance(value, tuple):  # at least so much
        least = value[1]
        if op == "at_least":
            return Fraction(1) if least >= want else HALF
        return Fraction(0) if least > want else HALF
    if value is None:
        return HALF
    holds = {
        "is": lambda: value == want,
        "is_not": lambda: value != want,
        "one_of": lambda: value in want,
        "at_least": lambda: value >= want,
        "at_most": lambda: value <= want,
        "includes": lambda: bool(set(value) & set(want)),
        "excludes": lambda: not set(value) & set(want),
        "within_days": lambda: timedelta(0) <= day - value <= timedelta(days=want),
        "passed": lambda: (value <= day) is want,
    }
    return Fraction(int(holds[op]()))


# -- what is drawn -----------------------------------------------------------------------------------------------------


def a_value(name: str) -> st.SearchStrategy[Value]:
    signal = RULES.signals[name]
    if signal.kind == "yes_no":
        return st.booleans()
    if signal.kind in ("number", "money"):
        return st.integers(0, 4) | st.integers(0, 4).map(lambda least: ("from", least))
    if signal.kind == "date":
        return st.integers(-4, 4).map(lambda days: TODAY + timedelta(days=days))
    codes = list(signal.values)[:4]
    return st.sampled_from(codes) if signal.kind == "choice" else st.lists(st.sampled_from(codes), unique=True)


VALUES = st.fixed_dictionaries({name: st.none() | a_value(name) for name in NAMES})


@st.composite
def leaves(draw: st.DrawFn) -> Criterion:
    """One question, at times of a derived signal (also that it is not so), at times with unknown = "meets"."""
    name = draw(st.sampled_from([*NAMES, DERIVED, DERIVED]))
    signal = RULES.signals[name]
    lenient = draw(st.sampled_from([False, False, True]))
    if signal.kind == "yes_no":
        return Criterion("signal", name, "is", draw(st.booleans()), unknown_meets=lenient)
    if signal.kind in ("number", "money"):
        op = draw(st.sampled_from(["is", "at_least", "at_most"]))
        return Criterion("signal", name, op, draw(st.integers(0, 4)), unknown_meets=lenient)
    if signal.kind == "date":
        op = draw(st.sampled_from(["within_days", "passed"]))
        value = draw(st.booleans() if op == "passed" else st.integers(0, 4))
        return Criterion("signal", name, op, value, unknown_meets=lenient)
    codes = st.sampled_from(list(signal.values)[:4])
    if signal.kind == "choices":
        op = draw(st.sampled_from(["includes", "excludes"]))
        return Criterion("signal", name, op, draw(st.lists(codes, min_size=1, unique=True)), unknown_meets=lenient)
    op = draw(st.sampled_from(["is", "is_not", "one_of"]))
    value = draw(st.lists(codes, min_size=1, unique=True) if op == "one_of" else codes)
    return Criterion("signal", name, op, value, unknown_meets=lenient)


def groups(inner: st.SearchStrategy[Criterion]) -> st.SearchStrategy[Criterion]:
    return st.builds(
        lambda kind, parts, lenient: Criterion(kind, parts=tuple(parts), unknown_meets=lenient),
        st.sampled_from(["any", "all"]),
        st.lists(inner, min_size=1, max_size=3),
        st.sampled_from([False, False, False, True]),
    )


STEPS = st.sampled_from(["P1", "P4", "P6"]).map(lambda name: Criterion("step", name))
CRITERIA = st.recursive(st.one_of(leaves(), leaves(), STEPS), groups, max_leaves=7)


# -- the compiled answer -----------------------------------------------------------------------------------------------


def expand(criterion: Criterion) -> tuple[Criterion, ...] | None:
    if criterion.kind == "step":
        return next(rule.step.done for rule in RULES.steps if rule.step.id == criterion.signal)
    return (RULES.signals[criterion.signal].derived or None) if criterion.kind == "signal" else None


def compiled(criteria: list[Criterion]) -> tuple[list[int], list[Test]]:
    """The clauses as bit masks over the tests, and the tests."""
    clauses = compile_clauses(criteria, TODAY, expand, lambda name, value: RULES.signals[name].encode(value))
    tests = list(dict.fromkeys(test for clause in clauses for test in sorted(clause, key=repr)))
    return [sum(1 << tests.index(test) for test in clause) for clause in clauses], tests


def interval(name: str, value: Value) -> tuple[int, int]:
    if value is None:
        return UNKNOWN_LOW, UNKNOWN_HIGH
    if isinstance(value, tuple):
        return value[1], UNKNOWN_HIGH
    code = RULES.signals[name].encode(value)
    return code, code


def truths(tests: list[Test], values: Mapping[str, Value]) -> tuple[int, int]:
    yes = no = 0
    for number, test in enumerate(tests):
        holds, fails = test.truth(*interval(test.signal, values.get(test.signal)), TODAY.toordinal())
        yes, no = yes | bool(holds) << number, no | bool(fails) << number
    return yes, no


# -- the tests ---------------------------------------------------------------------------------------------------------


@given(st.lists(CRITERIA, min_size=1, max_size=3), VALUES)
def test_clauses_answer_like_least_and_greatest_of_three_values(criteria, values):
    clauses, tests = compiled(criteria)
    yes, no = truths(tests, values)
    assert not yes & no
    answer = ANSWER[min(kleene(RULES, criterion, values, TODAY) for criterion in criteria)]
    assert truth_of(clauses, yes, no) is answer
    assert met(clauses, yes) is (answer is True)


@FEWER
@given(st.lists(CRITERIA, min_size=1, max_size=2), st.lists(VALUES, min_size=1, max_size=5))
def test_columns_answer_like_each_row(criteria, rows):
    clauses, tests = compiled(criteria)
    names = list(dict.fromkeys(test.signal for test in tests))
    bounds = np.array([[interval(name, row.get(name)) for row in rows] for name in names], dtype=np.int64)
    low, high = bounds.reshape(len(names), len(rows), 2).transpose(2, 0, 1)
    asked = [test.truth(low[at], high[at], TODAY.toordinal()) for test in tests for at in [names.index(test.signal)]]
    shape = (len(tests), len(rows))
    yes, no = (np.array([pair[side] for pair in asked], dtype=bool).reshape(shape) for side in (0, 1))
    columns = Columns(**{**dict.fromkeys(Columns.__dataclass_fields__), "low": low, "high": high, "yes": yes, "no": no})
    holds, fails = truth_columns(clauses, columns)
    for row, values in enumerate(rows):
        answer = truth_of(clauses, *truths(tests, values))
        assert (bool(holds[row]), bool(fails[row])) == (answer is True, answer is False)


@FEWER
@given(st.lists(CRITERIA, min_size=1, max_size=3), VALUES, st.sampled_from(NAMES))
def test_forgetting_an_answer_never_turns_a_yes_or_an_unknown_into_a_no(criteria, values, forgotten):
    clauses, tests = compiled(criteria)
    before = truth_of(clauses, *truths(tests, values))
    after = truth_of(clauses, *truths(tests, {**values, forgotten: None}))
    assert after is not False or before is False


@FEWER
@given(leaves().filter(lambda c: c.signal != DERIVED and not c.unknown_meets), VALUES)
def test_the_opposite_of_a_test_holds_exactly_where_it_does_not(criterion, values):
    _, tests = compiled([criterion])
    low, high = interval(criterion.signal, values[criterion.signal])
    for test in tests:
        holds, fails = test.truth(low, high, TODAY.toordinal())
        assert test.opposite().truth(low, high, TODAY.toordinal()) == (fails, holds)
        assert test.opposite().opposite() == test


def test_a_missing_signal_is_unknown_not_unmet():
    clauses, tests = compiled([Criterion("signal", "months_of_books", "at_least", 3)])
    assert truth_of(clauses, *truths(tests, {})) is None
    assert truth_of(clauses, *truths(tests, {"months_of_books": 2})) is False


@pytest.mark.parametrize(("nib", "answer"), [(None, None), (True, True), (False, False)])
def test_one_no_settles_all_and_one_yes_settles_any(nib, answer):
    parts = (Criterion("signal", "nib", "is", True), Criterion("signal", "sku", "is", True))
    for kind, other in (("any", False), ("all", True)):
        clauses, tests = compiled([Criterion(kind, parts=parts)])
        assert truth_of(clauses, *truths(tests, {"nib": nib, "sku": other})) is answer
        assert truth_of(clauses, *truths(tests, {"nib": nib, "sku": not other})) is not other


def test_a_rule_outside_its_dates_asks_nothing():
    late = Criterion("signal", "nib", "is", True, valid_from=TODAY + timedelta(days=1))
    early = Criterion("signal", "sku", "is", True, valid_to=TODAY - timedelta(days=1))
    assert compiled([late, early, Criterion("any", parts=(late, early))]) == ([], [])
    still = Criterion("signal", "nib", "is", True, valid_from=TODAY, valid_to=TODAY)
    assert len(compiled([Criterion("any", parts=(late, still))])[0]) == 1


def test_who_holds_no_permit_is_known_only_when_every_paper_is_known_missing():
    clauses, tests = compiled([Criterion("signal", DERIVED, "is", False)])
    assert truth_of(clauses, *truths(tests, {"nib": False, "sku": False})) is True  # no IUMK counts on this day
    assert truth_of(clauses, *truths(tests, {"nib": False})) is None
    assert truth_of(clauses, *truths(tests, {"nib": True})) is False
