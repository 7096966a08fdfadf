"""Facts that follow from facts: bounds and values that the programme states, filled in where nobody answered.

One implementation serves the integers of one participant and the columns of many, because it uses nothing but
comparisons, `&` and `|`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from matcher.programme.compiled import Follow
from matcher.programme.rules import Rules


def follow(rules: Rules, low: Any, high: Any) -> None:
    """Narrow low..high of unknown signals, in place, to what follows from the others.

    Both hold an integer, or an array of equal length, for each signal.
    """
    for one in rules.follows:
        place = one.place
        open_ = low[place] != high[place]
        if open_ is False:
            continue
        if one.value is None:
            low[place] = choose(open_, _at_least(one, low[place], low[one.other]), low[place])
            continue
        so = open_ & (low[place] <= one.value) & (one.value <= high[place])
        if so is not False:
            so = so & _holds(rules, one, low, high)
            low[place], high[place] = choose(so, one.value, low[place]), choose(so, one.value, high[place])


def contradictions(rules: Rules, low: Any, high: Any) -> Iterator[tuple[Follow, Any]]:
    """Yield what may be contradicted, each with whether it is, for intervals that `follow` has narrowed.

    A number contradicts its bound where it cannot be as much. Of sets only "never" contradicts "now": the two may name
    the same thing differently.
    """
    for one in rules.follows:
        if not one.conflict:
            continue
        place = one.place
        known = low[place] == high[place]
        if one.value is not None:
            yield one, known & (low[place] != one.value) & _holds(rules, one, low, high)
        elif one.bits is None:
            yield one, high[place] < low[one.other]
        else:
            yield one, known & (low[place] == 0) & (_at_least(one, low[place], low[one.other]) != 0)


def _at_least(one: Follow, low: Any, bound: Any) -> Any:
    """The least of a signal, given the least of the one that bounds it.

    Numbers: the larger of the two. Sets: what is in the other set under the same code is in this one as well.
    """
    if one.bits is None:
        return np.maximum(low, bound) if isinstance(low, np.ndarray) else max(low, bound)
    for theirs, own in one.bits:
        low = low | ((bound & theirs) != 0) * own
    return low


def _holds(rules: Rules, one: Follow, low: Any, high: Any) -> Any:
    """Whether a condition is known to hold."""
    answer: Any = True
    for clause in one.when:
        holds: Any = False
        for number in clause:
            place, truth, value, lenient = rules.asking[number]
            yes, no = truth(low[place], high[place], value, rules.today)
            holds = holds | (no ^ True if lenient else yes)
        answer = answer & holds
    return answer


def choose(where: Any, one: Any, other: Any) -> Any:
    """One where it is so, else the other; integers or arrays."""
    if isinstance(where, np.ndarray):
        return np.where(where, one, other)
    return one if where else other
