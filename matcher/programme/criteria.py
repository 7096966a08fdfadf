"""Criteria: what a rule asks of a participant, answered yes, no or unknown.

A `Criterion` is a rule as the programme states it: one question about a signal, or an any/all group of criteria. For a
given day it is compiled into clauses: every clause is a set of `Test`s of which one must hold, and all clauses must
hold. A `Test` answers with a pair of truths ("known to hold", "known not to hold"); neither is "unknown". The pair is
computed by one implementation for the plain integers of one participant and for the numpy columns of many, because it
uses nothing but comparisons, `&` and `|`.

Kleene's strong logic is a distributive lattice, so turning any/all groups into clauses changes no answer.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any, Final

# A signal's value lies in low..high; an unknown one in UNKNOWN_LOW..UNKNOWN_HIGH. Both fit numpy's int64. Of a set, low has
# the bits that are surely in it and high those that may be: the lower 62 bits of these two are all 0 and all 1.
UNKNOWN_LOW: Final = -(2**62)
UNKNOWN_HIGH: Final = 2**62 - 1

_OPPOSITE: Final = {
    "equals": "differs",
    "differs": "equals",
    "has": "lacks",
    "lacks": "has",
    "within": "not_within",
    "not_within": "within",
    "passed": "not_passed",
    "not_passed": "passed",
}


@dataclass(frozen=True, slots=True)
class Test:
    """One question about one signal whose values are integers (dates are ordinals, choices an index, sets a bit mask).

    `lenient`: an unknown value passes (the programme's `unknown = "meets"`).
    """

    __test__ = False  # pytest: this is no test class

    signal: str
    op: str  # at_least at_most equals differs has lacks within not_within passed not_passed known
    value: int
    lenient: bool = False

    def truth(self, low: Any, high: Any, today: int) -> tuple[Any, Any]:
        """Return (known to hold, known not to hold) for a value in low..high; integers or equal-length arrays."""
        yes, no = TRUTHS[self.op](low, high, self.value, today)
        return (no ^ True, no) if self.lenient else (yes, no)

    def opposite(self) -> Test:
        """Return the test that holds exactly where this one does not."""
        if self.op == "at_least":
            return Test(self.signal, "at_most", self.value - 1, self.lenient)
        if self.op == "at_most":
            return Test(self.signal, "at_least", self.value + 1, self.lenient)
        return Test(self.signal, _OPPOSITE[self.op], self.value, self.lenient)


def _equals(low: Any, high: Any, value: int, today: int) -> tuple[Any, Any]:
    return (low == value) & (high == value), (high < value) | (low > value)


def _has(low: Any, high: Any, value: int, today: int) -> tuple[Any, Any]:
    return (low & value) != 0, (high & value) == 0


def _within(low: Any, high: Any, value: int, today: int) -> tuple[Any, Any]:
    return (low >= today - value) & (high <= today), (high < today - value) | (low > today)


TRUTHS: Final[dict[str, Callable[[Any, Any, int, int], tuple[Any, Any]]]] = {
    "at_least": lambda low, high, value, today: (low >= value, high < value),
    "at_most": lambda low, high, value, today: (high <= value, low > value),
    "equals": _equals,
    "differs": lambda low, high, value, today: _equals(low, high, value, today)[::-1],
    "has": _has,
    "lacks": lambda low, high, value, today: _has(low, high, value, today)[::-1],
    "within": _within,
    "not_within": lambda low, high, value, today: _within(low, high, value, today)[::-1],
    "passed": lambda low, high, value, today: (high <= today, low > today),
    "not_passed": lambda low, high, value, today: (low > today, high <= today),
    "known": lambda low, high, value, today: (low == high, low != high),
}


@dataclass(frozen=True)
class Criterion:
    """A rule as stated: a question about a signal (`signal`, `op`, `value`), a step, or a group (`parts`).

    `kind` is "signal", "step", "any" or "all", or the name of one of the extra rules that only a tier may state
    (`value` then holds their settings). `value` is as written in the programme: codes, booleans, integers.
    """

    kind: str
    signal: str = ""
    op: str = ""
    value: Any = None
    parts: tuple[Criterion, ...] = ()
    unknown_meets: bool = False
    text: Mapping[str, str] | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    source: tuple[Mapping[str, Any], ...] = field(default=(), hash=False)

    @cached_property
    def key(self) -> str:
        """Its name, by what it asks: equal for criteria that ask the same, whatever their source says."""
        if self.kind == "signal":
            several = isinstance(self.value, (list, tuple))
            values = ", ".join(_as_json(one) for one in (self.value if several else [self.value]))
            return f"{self.signal} {self.op} {f'[{values}]' if several else values}"
        if self.kind == "step":
            return f"step {self.signal}"
        return f"{self.kind}({', '.join(part.key for part in self.parts)})"

    def holds_on(self, day: date) -> bool:
        """Whether the programme states this rule on that day."""
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_to is None or day <= self.valid_to)

    def signals(self) -> Iterable[str]:
        """Yield the ids of the signals asked about, in the order stated (steps are not followed)."""
        if self.kind == "signal":
            yield self.signal
        for part in self.parts:
            yield from part.signals()


def _as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=date.isoformat)


Clause = frozenset[Test]
Expand = Callable[[Criterion], "tuple[Criterion, ...] | None"]
Encode = Callable[[str, Any], int]


def compile_clauses(criteria: Iterable[Criterion], day: date, expand: Expand, encode: Encode) -> tuple[Clause, ...]:
    """Compile criteria that must all hold on a day into clauses.

    `expand` gives the criteria that a step or a derived signal stands for (None: it stands for itself); `encode` turns
    (signal, value as written) into the signal's integer. A group that is left empty on that day asks nothing.
    """
    return _absorb(_all([_clauses(c, day, expand, encode, False) for c in criteria if c.holds_on(day)]))


def _clauses(criterion: Criterion, day: date, expand: Expand, encode: Encode, negate: bool) -> list[Clause]:
    inner = expand(criterion)
    if inner is not None:
        negate ^= criterion.kind == "signal" and criterion.value is False
        return _group("all", inner, day, expand, encode, negate, criterion.unknown_meets)
    if criterion.kind in ("any", "all"):
        return _group(criterion.kind, criterion.parts, day, expand, encode, negate, criterion.unknown_meets)
    clauses = _tests(criterion, encode)
    if not negate:
        return clauses
    return _any([[frozenset({test.opposite()}) for test in clause] for clause in clauses])


def _group(
    kind: str, parts: Iterable[Criterion], day: date, expand: Expand, encode: Encode, negate: bool, lenient: bool
) -> list[Clause]:
    compiled = [_clauses(part, day, expand, encode, negate) for part in parts if part.holds_on(day)]
    clauses = _all(compiled) if (kind == "all") != negate or not compiled else _any(compiled)
    if lenient:
        clauses = [frozenset(Test(t.signal, t.op, t.value, True) for t in clause) for clause in clauses]
    return clauses


def _tests(criterion: Criterion, encode: Encode) -> list[Clause]:
    def test(op: str, value: int) -> Test:
        return Test(criterion.signal, op, value, criterion.unknown_meets)

    op, value = criterion.op, criterion.value
    if op in ("at_least", "at_most"):
        return [frozenset({test(op, encode(criterion.signal, value))})]
    if op == "within_days":
        return [frozenset({test("within", value)})]
    if op == "passed":
        return [frozenset({test("passed" if value else "not_passed", 0)})]
    if op in ("includes", "excludes"):
        return [frozenset({test("has" if op == "includes" else "lacks", encode(criterion.signal, value))})]
    if op == "one_of":
        return [frozenset(test("equals", encode(criterion.signal, one)) for one in value)]
    code = encode(criterion.signal, value)
    if isinstance(value, bool) or (op == "is" and isinstance(value, int)):
        if isinstance(value, bool):  # a yes_no is 0 or 1: one bound says it all
            return [frozenset({test("at_least", 1) if value == (op == "is") else test("at_most", 0)})]
        return [frozenset({test("at_least", code)}), frozenset({test("at_most", code)})]
    return [frozenset({test("equals" if op == "is" else "differs", code)})]


def _all(parts: list[list[Clause]]) -> list[Clause]:
    return [clause for part in parts for clause in part]


def _any(parts: list[list[Clause]]) -> list[Clause]:
    clauses: list[Clause] = [frozenset()]
    for part in parts:
        clauses = list(_absorb([a | b for a in clauses for b in part]))
    return clauses


def _absorb(clauses: list[Clause]) -> tuple[Clause, ...]:
    """Drop clauses that another one already implies, keeping the order stated."""
    unique = list(dict.fromkeys(clauses))
    return tuple(c for c in unique if not any(other < c for other in unique))
