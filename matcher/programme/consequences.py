"""Consequences: which facts follow from which, in an order in which each comes after those it follows from.

Facts may not follow from each other in a circle, and what follows for one signal may not contradict itself.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from math import prod
from typing import Final

from matcher.programme.compiled import Follow
from matcher.programme.compiling import Compiler
from matcher.programme.criteria import Test
from matcher.programme.entries import Follows, Signal
from matcher.programme.masks import places

MOST_TRIED: Final = 10_000
"""Combinations of answers tried to see whether two conditions can hold at once; beyond them it is taken that they can."""
Consequences = Mapping[str, Sequence[Follow]]
"""What follows for each signal, as stated."""


def consequences(compiler: Compiler) -> Consequences:
    """Compile what follows for each signal that says so."""
    return {
        name: [_follow(compiler, signal, stated) for stated in signal.follows]
        for name, signal in compiler.signals.items()
        if signal.follows
    }


def _follow(compiler: Compiler, signal: Signal, stated: Follows) -> Follow:
    place = compiler.position[signal.id]
    if stated.at_least:
        other = compiler.signals[stated.at_least]
        shared = [code for code in other.codes if code in signal.codes]
        bits = tuple((other.codes[code], signal.codes[code]) for code in shared) if signal.kind == "choices" else None
        return Follow(signal, place, (other.id,), (), None, stated.conflict, compiler.position[other.id], bits)
    when = tuple(tuple(places(clause)) for clause in compiler.clauses(stated.when))
    names = dict.fromkeys(compiler.tests[number].signal for clause in when for number in clause)
    return Follow(signal, place, tuple(names), when, signal.encode(stated.to), stated.conflict)


def in_order(found: Consequences) -> list[Follow]:
    """Everything that follows, each after what it follows from."""
    placed: dict[str, None] = {}

    def visit(name: str, above: frozenset[str]) -> None:
        if name in found and name not in placed and name not in above:
            for follow in found[name]:
                for source in follow.sources:
                    visit(source, above | {name})
            placed[name] = None

    for name in found:
        visit(name, frozenset())
    return [follow for name in placed for follow in found[name]]


def circle(found: Consequences, name: str) -> tuple[str, ...]:
    """The signals by way of which a signal follows from itself; empty if it does not."""
    waiting: list[tuple[str, ...]] = [(name,)]
    seen: set[str] = set()
    while waiting:
        way = waiting.pop()
        for follow in found.get(way[-1], ()):
            for source in follow.sources:
                if source == name:
                    return way[1:] or way
                if source not in seen:
                    seen.add(source)
                    waiting.append((*way, source))
    return ()


def clashes(compiler: Compiler, follows: Sequence[Follow]) -> Iterator[tuple[Follow, Follow]]:
    """Pairs of what follows for one signal that say different things and can hold at once."""
    for one, other in itertools.combinations(follows, 2):
        if one.value is None or other.value is None:
            bound, case = (one, other) if one.value is None else (other, one)
            least = compiler.signals[bound.sources[0]].minimum
            if case.value is not None and bound.bits is None and case.value < least:
                yield one, other
        elif one.value != other.value and _can_hold_at_once(compiler, one, other):
            yield one, other


def _can_hold_at_once(compiler: Compiler, one: Follow, other: Follow) -> bool:
    """Whether some answers meet both conditions."""
    today = compiler.day.toordinal()
    clauses = (*one.when, *other.when)
    tests = {number: compiler.tests[number] for clause in clauses for number in clause}
    names = list(dict.fromkeys(test.signal for test in tests.values()))
    answers = [
        _answers(compiler.signals[name], [t for t in tests.values() if t.signal == name], today) for name in names
    ]
    if prod(len(some) for some in answers) > MOST_TRIED:
        return True
    for values in itertools.product(*answers):
        given = dict(zip(names, values, strict=True))
        holds = {n: t.truth(given[t.signal], given[t.signal], today)[0] for n, t in tests.items()}
        if all(any(holds[number] for number in clause) for clause in clauses):
            return True
    return False


def _answers(signal: Signal, tests: Sequence[Test], today: int) -> list[int]:
    """Answers of a signal that the tests can tell apart, as its integers."""
    if signal.kind == "yes_no":
        return [0, 1]
    if signal.kind == "choice":
        return list(signal.codes.values())
    if signal.kind == "choices":
        bits = [bit for bit in signal.codes.values() if any(test.value & bit for test in tests)]
        return [sum(some) for size in range(len(bits) + 1) for some in itertools.combinations(bits, size)]
    if signal.kind == "date":
        return sorted({today + days for test in tests for days in (-test.value - 1, -test.value, 0, 1)})
    edges = {test.value + more for test in tests for more in (-1, 0, 1)}
    return [value for value in sorted(edges) if signal.minimum <= value <= signal.maximum]
