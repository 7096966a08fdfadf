"""Criteria read off their own words each time they are asked: yes, no, or nobody knows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from tests.matcher.paths.values import Amount, Unknown, now, question

State = tuple[Any, ...]
Truth = Callable[[State, int], "bool | None"]


class Reader:
    """Reads the criteria of a programme's entries that stand on one day."""

    day: date
    signals: Mapping[str, Any]
    place: Mapping[str, int]
    steps: Mapping[str, Any]

    def stands(self, entry: Any) -> bool:
        return (entry.valid_from or date.min) <= self.day <= (entry.valid_to or date.max)

    def truth_of_all(self, criteria: Iterable[Any]) -> Truth:
        """Whether all criteria hold: a function of the state and the day."""
        parts = [self.truth_of(c) for c in criteria if self.stands(c)]

        def all_hold(state: State, day: int) -> bool | None:
            answer: bool | None = True
            for part in parts:
                one = part(state, day)
                if one is False:
                    return False
                if one is None:
                    answer = None
            return answer

        return parts[0] if len(parts) == 1 else all_hold

    def truth_of(self, criterion: Any) -> Truth:
        """Whether one criterion holds, read off its own words."""
        found = self._truth_of(criterion)
        if not criterion.unknown_meets:
            return found
        return lambda state, day: found(state, day) is not False or self._only_told(found, state, day)

    def _only_told(self, found: Truth, state: State, day: int) -> bool:
        """Whether a criterion fails only because a check has not told its answer yet; an unknown answer meets it."""
        bare = tuple(Unknown() if isinstance(value, Unknown) else value for value in state)
        return bare != state and found(bare, day) is not False

    def _truth_of(self, criterion: Any) -> Truth:
        if criterion.kind == "step":
            return self.truth_of_all(self.steps[criterion.signal].done if criterion.signal in self.steps else ())
        if criterion.kind == "all":
            return self.truth_of_all(criterion.parts)
        if criterion.kind == "any":
            return self._any([self.truth_of(part) for part in criterion.parts if self.stands(part)])
        signal = self.signals[criterion.signal]
        if signal.derived:
            inner = self.truth_of_all(signal.derived)
            if criterion.value is True:
                return inner

            def opposite(state: State, day: int) -> bool | None:
                answer = inner(state, day)
                return None if answer is None else not answer

            return opposite
        if criterion.op == "one_of":  # any of them may be the good answer, also one that no check would tell
            return self._any([self._leaf(signal, "is", code) for code in criterion.value])
        return self._leaf(signal, criterion.op, criterion.value)

    def _leaf(self, signal: Any, op: str, wanted: Any) -> Truth:
        place = self.place[signal.id]
        every = signal.grows.every if signal.grows else ""
        ask = question(signal, op, wanted)

        def leaf(state: State, day: int) -> bool | None:
            value = state[place]
            if isinstance(value, Unknown):
                if value.told is None:
                    return None
                return False if ask(value.told, day) else None
            if isinstance(value, Amount) and value.since is not None:
                value = now(value, day, every, signal.maximum)
            return ask(value, day)

        return leaf

    @staticmethod
    def _any(parts: Sequence[Truth]) -> Truth:
        def any_holds(state: State, day: int) -> bool | None:
            answer: bool | None = not parts
            for part in parts:
                one = part(state, day)
                if one:
                    return True
                if one is None:
                    answer = None
            return answer

        return any_holds
