"""Criteria and money read word by word, for tests: no compiled tests, no bit masks; three answers as 0, 1/2 and 1."""

from __future__ import annotations

import math
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

from matcher.facts.participant import Known, read_participant
from matcher.lenders import Match
from matcher.programme.criteria import Criterion
from matcher.programme.entries import Price, Product
from matcher.programme.loading import load_programme
from matcher.programme.rules import Rules, rules_on
from matcher.recommend import Recommendation, recommend
from tests.conftest import ROOT
from tests.strategies import raw_signals

OKOCE = load_programme()
WARMI = load_programme(ROOT / "tests" / "programmes" / "warmi")
DAYS = (date(2018, 10, 1), date(2019, 6, 1), date(2024, 12, 1), date(2026, 11, 21))
ALL_RULES = [rules_on(OKOCE, day) for day in DAYS] + [rules_on(WARMI, DAYS[3])]
TODAY, VALLEY = ALL_RULES[3], ALL_RULES[4]
HALF = Fraction(1, 2)
A_YEAR = {"month": 12, "two_weeks": 26, "week": 52}
RAW = [raw_signals(rules) for rules in ALL_RULES]
FEWER = settings(
    max_examples=max(50, settings().max_examples // 5)
)  # drawing all answers of one participant costs most


@st.composite
def drawn(draw: st.DrawFn) -> tuple[Rules, dict[str, Any]]:
    """The rules of some day, and what a participant of theirs says."""
    place = draw(st.integers(0, len(ALL_RULES) - 1))
    return ALL_RULES[place], draw(RAW[place])


def value(rules: Rules, known: Known, name: str) -> Any:
    place = rules.position[name]
    return rules.signals[name].decode(known.low[place]) if known.low[place] == known.high[place] else None


def values(rules: Rules, known: Known) -> dict[str, Any]:
    """What is known as written; None: unknown; (least, most) of a number or a set of which only bounds are known."""
    found = {name: value(rules, known, name) for name in rules.signals}
    for name, signal in rules.signals.items():
        place = rules.position[name]
        if found[name] is None and known.low[place] >= signal.minimum:
            found[name] = (known.low[place], known.high[place])
        elif found[name] is None and signal.kind == "choices":
            found[name] = ([code for code, bit in signal.codes.items() if known.low[place] & bit], list(signal.values))
    return found


def kleene(rules: Rules, criterion: Criterion, given_: dict[str, Any], day: date, negate: bool = False) -> Fraction:
    """Read a criterion word by word: 0, 1/2 or 1, all being the least and any the greatest. Silence that meets gives 1."""
    inner = None
    if criterion.kind == "step":
        inner = next(rule.step.done for rule in rules.steps if rule.step.id == criterion.signal)
    elif criterion.kind == "signal" and rules.signals[criterion.signal].derived:
        inner = rules.signals[criterion.signal].derived
        negate ^= criterion.value is False
    if inner is None and criterion.kind == "signal":
        answer = leaf(criterion, given_[criterion.signal], day)
        answer = 1 - answer if negate else answer
    else:
        parts = [part for part in (criterion.parts if inner is None else inner) if part.holds_on(rules.day)]
        answers = [kleene(rules, part, given_, day, negate) for part in parts]
        every = (criterion.kind != "any") != negate
        answer = (min if every else max)(answers) if answers else Fraction(1)
    return Fraction(1) if criterion.unknown_meets and answer == HALF else answer


def leaf(criterion: Criterion, value: Any, day: date) -> Fraction:
    """The answer of one question, before its unknown counts as met."""
    op, want = criterion.op, criterion.value
    if isinstance(value, tuple):
        ends = [leaf(criterion, end, day) for end in value]
        return ends[0] if ends[0] == ends[1] and op != "is" else HALF
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


def of_role(rules: Rules, known: Known, role: str) -> Any:
    return value(rules, known, rules.roles[role]) if role in rules.roles else None


def capacity(rules: Rules, known: Known) -> int | None:
    """The share of what is left of a month, or None."""
    roles = [role for role in ("monthly_profit", "monthly_instalments", "household_need") if role in rules.roles]
    sums = [of_role(rules, known, role) for role in roles]
    return (
        None if None in sums else math.floor(Fraction(rules.programme.share_percent, 100) * (2 * sums[0] - sum(sums)))
    )


def exact_instalment(price: Price, product: Product, count: int) -> Fraction:
    """One of `count` equal instalments of a loan of one rupiah, in whole fractions."""
    rate, a_year = Fraction(str(price.rate_percent)) / 100, A_YEAR[product.instalment_every]
    if price.basis == "effective":
        one = rate / a_year
        return Fraction(1, count) if one == 0 else one * (1 + one) ** count / ((1 + one) ** count - 1)
    if price.basis == "flat_total":
        return (1 + rate) / count
    return (1 + rate * Fraction(count, a_year)) / count


def ask(**signals: Any) -> Recommendation:
    """The recommendation for somebody in Jakarta today."""
    return recommend(TODAY, read_participant(TODAY, signals))


def the(found: Recommendation, name: str) -> Match:
    """One product of a recommendation."""
    return next(match for match in found.products if match.id == name)
