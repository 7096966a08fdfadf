"""Brute force: what a programme's entries mean, worked out the slow way, day by day.

It reads the same entries as the engine (a `Programme`, the facts of a `Participant`) and shares nothing else with it: no
compiled tests, no bit masks, no windows of time. Every value is kept as it would be said ("3 months since 1 March"), every
criterion is read off its text each time it is asked, the calendar is `datetime`, and a path is found by trying everything
on every day. What an unknown answer allows is kept as what is still possible.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from tests.matcher.paths.criteria import Reader, State, Truth
from tests.matcher.paths.values import (
    INFINITE,
    LONG_AGO,
    Amount,
    Listed,
    Unknown,
    as_value,
    is_known,
    now,
)

SKIPPED = ("ask_less", "referral")


@dataclass(frozen=True)
class Way:
    """A way found: the days it takes and the rupiah it costs."""

    days: int
    cost: int


class World(Reader):
    """A programme on one day, as its entries state it."""

    def __init__(self, programme: Any, day: date, goal: Iterable[Any] | None = None) -> None:
        """`goal`: the criteria to reach; what neither they nor any need asks about is then left aside."""
        self.programme, self.day, self.today = programme, day, day.toordinal()
        self.signals = {}
        for signal in programme.signals:
            if self.stands(signal) or signal.id not in self.signals:
                self.signals[signal.id] = signal
        self.roles = {signal.role: name for name, signal in self.signals.items() if signal.role}
        self.names = list(self.signals)
        self.place = {name: place for place, name in enumerate(self.names)}
        self.steps = {step.id: step for step in programme.steps if self.stands(step)}
        self.interventions = [
            entry for entry in programme.interventions if self.stands(entry) and entry.kind not in SKIPPED
        ]
        self.growing = [(self.place[n], s) for n, s in self.signals.items() if s.grows]
        self.while_ = {
            place: self.truth_of_all([signal.grows.while_] if signal.grows.while_ else [])
            for place, signal in self.growing
        }
        self.dates = [self.place[n] for n, s in self.signals.items() if s.kind == "date"]
        self.needs = {entry.id: self.truth_of_all(self.needs_of(entry)) for entry in self.interventions}
        self.timeless = {entry.id for entry in self.interventions if self._timeless(self.needs_of(entry))}
        self._opened: dict[State, list[Any]] = {}
        self.asked = set(self.names) if goal is None else self._asked_about(goal)
        self.oldest = max([0, *self._asked("within_days")]) + 1
        self.highest = {place: max([0, *self._asked(None, signal.id)]) + 1 for place, signal in self.growing}

    def needs_of(self, entry: Any) -> list[Any]:
        """What must be met when an intervention begins: its own needs and, where the order is hard, the steps before."""
        before = [
            done
            for order in (self.steps[entry.step].order if entry.step in self.steps else ())
            if order.hard and self.stands(order)
            for name in order.after
            if name in self.steps
            for done in self.steps[name].done
        ]
        return [*entry.needs, *before]

    def _asked(self, op: str | None, signal: str | None = None) -> Iterable[int]:
        """Every figure that any criterion or effect of the programme names about dates, or about one signal."""
        todo = [c for s in self.programme.signals for c in (*s.derived, *([s.grows.while_] if s.grows else ()))]
        todo += [c for s in self.programme.steps for c in s.done]
        todo += [c for i in self.programme.interventions for c in i.needs]
        todo += [c for p in self.programme.products for c in p.criteria]
        while todo:
            criterion = todo.pop()
            if criterion is None:
                continue
            todo += criterion.parts
            if criterion.kind == "signal" and (criterion.op == op or criterion.signal == signal):
                yield int(criterion.value)
        for intervention in self.programme.interventions:
            for effect in (*intervention.sets, *intervention.requests):
                if effect.signal == signal:
                    yield int(effect.value)

    # -- the start -------------------------------------------------------------------------------------------------

    def start(self, facts: Mapping[str, Any], *, checks: bool = True) -> State:
        """The state of a participant on the first day. `checks`: what a check tells is not yet taken as good."""
        found = {name: self._fact(self.signals[name], fact) for name, fact in facts.items()}
        state = [self._nothing(s) if found.get(name) is None else found[name] for name, s in self.signals.items()]
        for place, signal in self.growing:
            state[place] = self._up_to_today(place, signal, state)
        for _ in self.signals:  # until nothing more follows
            for name, signal in self.signals.items():
                for stated in signal.follows:
                    state[self.place[name]] = self._following(signal, stated, state)
        for place in [place for entry in self.interventions for place in self._passed_in_vain(entry, tuple(state))]:
            state[place] = Unknown()
        if checks:
            for entry in self.interventions:
                for effect in entry.reveals:
                    place = self.place[effect.signal]
                    if effect.op == "to" and isinstance(state[place], Unknown):
                        state[place] = Unknown(effect.value)
        return self._growths(tuple(state), self.today)

    def _passed_in_vain(self, entry: Any, state: State) -> list[int]:
        """The end days of a wait that is over, if something it should have brought is known not to be so."""
        if entry.kind != "wait" or not self.needs[entry.id](state, self.today):
            return []
        for effect in (*entry.sets, *entry.requests):
            signal, value = self.signals[effect.signal], state[self.place[effect.signal]]
            if effect.op == "to" and signal.kind == "choices":
                codes = frozenset(effect.value)
                vain = not value.has <= codes or not codes <= value.has | value.maybe
            else:
                op = {"to": "is", "adds": "includes"}.get(effect.op, effect.op)
                vain = effect.value != "done" and self._leaf(signal, op, effect.value)(state, self.today) is False
            if vain:
                return [self.place[c.signal] for c in entry.needs if c.op == "passed" and c.value]
        return []

    def _fact(self, signal: Any, fact: Any) -> Any:
        if signal.stale_after_days is not None and fact.on and (self.day - fact.on).days > signal.stale_after_days:
            return None
        value = as_value(signal, fact.value)
        if signal.grows:
            value = value._replace(since=(fact.on or self.day).toordinal())
        return value

    def _up_to_today(self, place: int, signal: Any, state: list[Any]) -> Any:
        """A value given for an earlier day: it has grown, it has not, or (nobody knows whether it grows) it may have."""
        value = state[place]
        if value.since is None or value.since == self.today:
            return value
        before = (*state[:place], value._replace(since=None), *state[place + 1 :])
        grows = self.while_[place](before, self.today)
        today = now(value, self.today, signal.grows.every, signal.maximum)
        if grows is False:
            return value._replace(since=None)
        return value if grows or today.low == value.low else value._replace(maybe=True)

    def _following(self, signal: Any, stated: Any, state: list[Any]) -> Any:
        """An unknown value as another one tells it: said outright, or at least so much, or the codes in both lists."""
        value = state[self.place[signal.id]]
        if is_known(value):
            return value
        if not stated.at_least:
            fits = not isinstance(value, Amount) or value.low <= stated.to <= value.high
            holds = fits and self.truth_of_all(stated.when)(tuple(state), self.today)
            return as_value(signal, stated.to) if holds else value
        other = state[self.place[stated.at_least]]
        if isinstance(value, Listed):
            has = value.has | (other.has & frozenset(signal.values))
            return Listed(has, value.maybe - has)
        return value._replace(low=max(value.low, self.today_of(stated.at_least, other).low))

    def today_of(self, name: str, value: Any) -> Any:
        """A value on the first day."""
        grows = self.signals[name].grows
        return now(value, self.today, grows.every, self.signals[name].maximum) if grows else value

    def _nothing(self, signal: Any) -> Any:
        if signal.kind in ("number", "money"):
            return Amount(-INFINITE, INFINITE)
        return Listed(frozenset(), frozenset(signal.values)) if signal.kind == "choices" else Unknown()

    # -- doing -----------------------------------------------------------------------------------------------------

    def may_begin(self, entry: Any, state: State, day: int) -> bool:
        """Whether an intervention may begin on a day, unknown answers taken as good."""
        if entry.starts_on and date.fromordinal(day) not in entry.starts_on:
            return False
        return self.needs[entry.id](state, day) is not False

    def cost_of(self, entry: Any, state: State) -> int:
        """Rupiah of an intervention; an unknown cost is taken as nothing."""
        if not entry.cost_idr.signal:
            return int(entry.cost_idr.value)
        value = state[self.place[entry.cost_idr.signal]]
        return value.low if value.low == value.high else 0

    def after(self, entry: Any, state: State, end: int) -> State:
        """The state after an intervention that ends on that day, others having decided for the better."""
        values = list(state)
        for effect in (*entry.sets, *entry.requests, *entry.reveals):
            if effect.op == "known" or effect.signal not in self.asked:
                continue
            if effect in entry.reveals and is_known(state[self.place[effect.signal]]):
                continue
            place, signal = self.place[effect.signal], self.signals[effect.signal]
            values[place] = self._effect(signal, effect, values[place], end)
        return self._growths(tuple(values), end)

    def _effect(self, signal: Any, effect: Any, before: Any, end: int) -> Any:
        if effect.op == "to":
            return end if effect.value == "done" else as_value(signal, effect.value)
        if effect.op == "adds":
            added = frozenset(effect.value)
            return Listed(before.has | added, before.maybe - added)
        value = before
        if before.since is not None:
            value = now(before, end, signal.grows.every, signal.maximum)
        if effect.op == "at_least":
            changed = Amount(max(value.low, effect.value), max(value.high, effect.value))
        else:
            changed = Amount(min(value.low, effect.value), min(value.high, effect.value))
        if before.maybe and changed.high == value.high and changed.low < changed.high:
            return before._replace(low=changed.low)
        changed = changed._replace(maybe=before.maybe and changed.low < changed.high)
        return before if (changed.low, changed.high) == (value.low, value.high) else changed

    def _growths(self, state: State, day: int) -> State:
        """Start what now grows, stop what no longer does."""
        values = list(state)
        for place, signal in self.growing:
            value = values[place]
            grows = (value.low == value.high or value.maybe) and self.while_[place](state, day) is not False
            if grows and value.since is None:
                values[place] = value._replace(since=day)
            elif not grows and value.since is not None:
                values[place] = now(value, day, signal.grows.every, signal.maximum)._replace(since=None)
        return tuple(values)

    def simplest(self, state: State, day: int) -> State:
        """The same state where it makes no difference: dates older than anybody asks, growth beyond any figure."""
        values = None
        for place in self.dates:
            value = state[place]
            if type(value) is int and LONG_AGO != value < day - self.oldest:
                values = values or list(state)
                values[place] = LONG_AGO
        for place, signal in self.growing:
            value = state[place]
            if value.since is not None:
                high = self.highest[place]
                if value.low >= high:
                    continue
                if now(value, day, signal.grows.every, signal.maximum).low >= high:
                    values = values or list(state)
                    values[place] = Amount(high, high, LONG_AGO) if high <= signal.maximum else value
        return state if values is None else tuple(values)

    def _timeless(self, criteria: Iterable[Any]) -> bool:
        """Whether no criterion asks about a date or a growing number."""
        names = {name for criterion in criteria for name in self.names_in(criterion)}
        return not any(self.signals[name].kind == "date" or self.signals[name].grows for name in names)

    def names_in(self, criterion: Any) -> Iterable[str]:
        if criterion.kind == "signal":
            yield criterion.signal
        inner = [*criterion.parts]
        if criterion.kind == "signal":
            inner += self.signals[criterion.signal].derived
        elif criterion.kind == "step" and criterion.signal in self.steps:
            inner += self.steps[criterion.signal].done
        for part in inner:
            yield from self.names_in(part)

    def _asked_about(self, goal: Iterable[Any]) -> set[str]:
        criteria = [*goal, *(need for entry in self.interventions for need in self.needs_of(entry))]
        criteria += [signal.grows.while_ for _, signal in self.growing if signal.grows.while_]
        costs = {entry.cost_idr.signal for entry in self.interventions}
        return {name for criterion in criteria for name in self.names_in(criterion)} | costs | set(self.roles.values())

    def _open(self, state: State) -> list[Any]:
        """The interventions that may begin some day in this state: those whose needs no day changes are asked once."""
        found = self._opened.get(state)
        if found is None:
            found = self._opened[state] = [
                entry
                for entry in self.interventions
                if entry.id not in self.timeless or self.needs[entry.id](state, self.today) is not False
            ]
        return found

    # -- every way ---------------------------------------------------------------------------------------------------

    def ways(self, start: State, goal: Truth, horizon: int) -> list[Way]:
        """The best ways within `horizon` days: each later one is cheaper. Everything is tried on every day."""
        days: dict[int, dict[State, int]] = defaultdict(dict)
        days[0][self.simplest(start, self.today)] = 0
        found: list[Way] = []
        least = INFINITE
        for day in range(horizon + 1):
            here, today = days.pop(day, {}), self.today + day
            todo = list(here)
            while todo:
                state = todo.pop()
                cost = here[state]
                if cost >= least:
                    continue
                for entry in self._open(state):
                    if entry.starts_on and date.fromordinal(today) not in entry.starts_on:
                        continue
                    if entry.id not in self.timeless and self.needs[entry.id](state, today) is False:
                        continue
                    paid, end = cost + self.cost_of(entry, state), day + entry.days.value
                    if paid >= least or end > horizon:
                        continue
                    after = self.simplest(self.after(entry, state, self.today + end), self.today + end)
                    there = here if end == day else days[end]
                    if paid < there.get(after, INFINITE):
                        there[after] = paid
                        if there is here:
                            todo.append(after)
            best = min((cost for state, cost in here.items() if goal(state, today) is not False), default=INFINITE)
            if best < least:
                least = best
                found.append(Way(day, best))
            if least == 0:
                break
            tomorrow = days[day + 1]
            for state, cost in here.items():
                later = self.simplest(state, today + 1)
                if cost < least and cost < tomorrow.get(later, INFINITE):
                    tomorrow[later] = cost
        return found
