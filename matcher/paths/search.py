"""Search: the cheapest sequence of interventions and waits after which given clauses hold, exactly.

A best-first search (A*) over labels. A state is the set of tests that hold apart from clocks, and the clocks themselves
(when a value began to grow, when a certificate was given); a label adds the day and the rupiah spent. Waiting leaves a
state as it is, so of two labels of one state the one that is no later and no dearer makes the other useless, and only
the others are kept (Pareto labels). Steps run one after another and begin as early as their needs allow; only a step
that sets a date which later grows too old may begin on any later day as well.

The bound on what is still to come is the larger of two: the days of steps that cannot be spared (one for each unmet
clause, counted once), and the longest chain of steps and growing that leads to one clause. Both never overestimate.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, NamedTuple

from matcher.facts.participant import Known, day_after_months, units_between
from matcher.programme.compiled import InterventionRule
from matcher.programme.masks import met, places, union
from matcher.programme.rules import Rules

FOREVER: Final = 10**7
FROZEN: Final = -FOREVER  # the day of a clock that stands still
Window = tuple[int, int, int]  # a test's bit, the first and the last day it holds, counted from today
Clock = tuple[int, int, bool]
"""(value, day, maybe): growing from that day or standing still, or a date in `value`; `maybe`: the most it can be."""
Clocks = tuple[Clock | None, ...]
"""What is known of each clock; None: as at the start, or it does not matter (any more): its tests are in the state."""


class Move(NamedTuple):
    """One step found: the intervention's place, the day it begins and ends; waiting before it is the gap."""

    intervention: int
    begins: int
    ends: int


@dataclass(frozen=True, slots=True)
class Found:
    """The cheapest sequence: its steps, the day on which everything holds, the rupiah.

    `assumed`: the clauses, of the goal first, that hold only because an unknown answer was taken as good.
    """

    moves: tuple[Move, ...]
    days: int
    cost: int
    assumed: tuple[int, ...]


@dataclass(frozen=True)
class Question:
    """What to search: clauses to meet, from which tests, with which interventions, days and rupiah at most.

    `gains` are further tests that single interventions bring about for this participant; `ticking` lets time pass.
    """

    goal: tuple[int, ...]
    holds: int
    allowed: int
    costs: Sequence[int]
    cash: int | None = None
    days: int | None = None
    rupiah_first: bool = False
    ticking: bool = True
    gains: Mapping[int, int] | None = None


class Bound(NamedTuple):
    """What it takes at least to make a clause hold: days, rupiah, days with growing, who can, the needs they share."""

    days: int
    cost: int
    growing: int
    makers: int
    needs: tuple[int, ...]
    clause: int


class Choice(NamedTuple):
    """A step that may help: its needs, its rupiah, the tests it makes or starts; `renews`: it may close a door by itself.

    Such a step is worth doing again while its door is open, and on any later day as well.
    """

    step: InterventionRule
    needs: tuple[int, ...]
    cost: int
    makes: int
    renews: bool


class Label(NamedTuple):
    """A state reached: what holds without clocks, the clocks, the day, the rupiah spent, the days waited, the steps."""

    static: int
    clocks: Clocks
    day: int
    cost: int
    waited: int
    moves: tuple[Move, ...]


class Search:
    """One search from what is known of one participant."""

    def __init__(self, rules: Rules, known: Known, question: Question) -> None:
        self.rules, self.known, self.question = rules, known, question
        self.adds = list(rules.adds)
        unknown = rules.all_tests & ~(known.yes | known.no)
        for place in rules.revealing:
            step = rules.interventions[place]
            self.adds[place] = (step.add & ~step.reveal_add) | (step.reveal_add & unknown & ~question.holds)
        for place, gain in (question.gains or {}).items():
            self.adds[place] |= gain
        self.windows_of: dict[tuple[int, Clock], tuple[Window, ...]] = {}
        self.windows_at: dict[Clocks, list[Window]] = {}
        self.asked = rules.all_tests
        self.start_clocks, self.start_static = self._start()
        self.relevant, self.clauses = self._relevant()
        self.tests = union(self.clauses)
        self.live, self.asked = self._live()
        self.adds = [add & self.asked for add in self.adds]
        self.start_clocks, self.start_static = self._settled(self.start_clocks, self.start_static & self.asked)
        self.windows_of, self.windows_at = {}, {}
        self.last_start = max([day for i in self.relevant for day in i.starts], default=-1)
        self.for_good = ~(rules.deletable | union(rules.clock_tests))  # tests that hold for good once they hold
        self.choices = [self._choice(step) for step in self.relevant]
        mask = union(1 << i.index for i in self.relevant)
        makers = [(clause, self._makers(clause) & mask) for clause in self.clauses]
        bounds = [self._bound(clause, steps) for clause, steps in makers if steps]
        self.bounds = sorted(bounds, key=lambda bound: (-bound.days, bound.cost, bound.makers))
        self.bounded = {bound.clause: place for place, bound in enumerate(self.bounds)}

    # -- the start -----------------------------------------------------------------------------------------------------

    def _start(self) -> tuple[Clocks, int]:
        rules, known, static = self.rules, self.known, self.question.holds
        clocks: list[Clock | None] = []
        for clock, name in enumerate(rules.clock_signals):
            place = rules.position[name]
            value = known.low[place]
            param = None
            maybe = value != known.high[place]
            if self.question.ticking and (not maybe or place in known.since):
                if rules.signals[name].grows is None:
                    param = (value - rules.today, 0, False)
                elif met(rules.growth[clock], static):
                    param = (*known.since.get(place, (value, 0)), maybe)
                elif maybe:
                    param = (known.high[place], FROZEN, True)
            if param is not None and not maybe:
                static &= ~rules.clock_tests[clock]
            clocks.append(param)
        return tuple(clocks), static

    def _relevant(self) -> tuple[list[InterventionRule], tuple[int, ...]]:
        """Interventions that can help towards an unmet clause, and every clause that then matters."""
        rules = self.rules
        holds = self._holds_at(self.start_static, self._windows(self.start_clocks), 0)
        closing = 0
        for clock, param in enumerate(self.start_clocks):
            if param is not None:
                closing |= rules.clock_tests[clock]
        safe = holds & ~rules.deletable & ~closing
        growths = [growth for growth in rules.growth if growth]
        todo, chosen = list(self.question.goal), 0
        clauses: dict[int, None] = {}  # in the order met
        for clause in todo:  # grows as it is read
            if clause in clauses:
                continue
            clauses[clause] = None
            if clause & safe:
                continue
            for place in places(self._makers(clause) & self.question.allowed & ~chosen):
                chosen |= 1 << place
                todo.extend(rules.interventions[place].need_clauses)
                for growth in growths:
                    todo.extend(growth if union(growth) & self.adds[place] else ())
        return [rules.interventions[place] for place in places(chosen)], tuple(clauses)

    def _choice(self, step: InterventionRule) -> Choice:
        makes = (self.adds[step.index] | self.rules.starting[step.index]) & self.tests
        renews = bool(self.rules.closing[step.index] & self.tests)
        return Choice(step, step.need_clauses, self.question.costs[step.index], makes, renews)

    def _makers(self, clause: int) -> int:
        makers = self.rules.achievers(clause)
        if self.question.gains:
            for place, gain in self.question.gains.items():
                makers |= (1 << place) if gain & clause else 0
        return makers

    def _live(self) -> tuple[int, int]:
        """The clocks (a bit mask) that matter to a clause, by themselves or to another such clock; the tests asked."""
        live, asked = 0, self.tests
        if self.question.ticking:
            found = True
            while found:
                found = False
                for clock, tests in enumerate(self.rules.clock_tests):
                    if tests & asked and not live >> clock & 1:
                        live, found = live | 1 << clock, True
                        asked |= union(self.rules.growth[clock])
        return live, asked

    # -- time ----------------------------------------------------------------------------------------------------------

    def _settled(self, clocks: Clocks, static: int) -> tuple[Clocks, int]:
        """Leave out the clocks that do not matter, and those with which nothing asked changes: all is open for good."""
        left = list(clocks)
        for clock, param in enumerate(clocks):
            if not self.live >> clock & 1:
                left[clock] = None
            elif param is not None and not param[2] and self._is_open_for_good(clock, param, 0):
                left[clock] = None
                static = self._holds_at(static, list(self._windows_for(clock, param)), 0)
        return tuple(left), static

    def _windows(self, clocks: Clocks) -> list[Window]:
        found = self.windows_at.get(clocks)
        if found is None:
            found = self.windows_at[clocks] = self._all_windows(clocks)
        return found

    def _all_windows(self, clocks: Clocks) -> list[Window]:
        windows: list[Window] = []
        for clock, param in enumerate(clocks):
            # The tests of a known value that stands still are in the state itself.
            if param is not None and (param[1] != FROZEN or param[2]):
                key = (clock, param)
                found = self.windows_of.get(key)
                if found is None:
                    found = self.windows_of[key] = self._windows_for(clock, param)
                windows.extend(found)
        return windows

    def _windows_for(self, clock: int, param: Clock) -> tuple[Window, ...]:
        rules, (value, since, _) = self.rules, param
        name = rules.clock_signals[clock]
        if since == FROZEN:
            holds = self._fixed(clock, value, 0)
            return tuple((1 << number, -FOREVER, FOREVER) for number in places(holds))
        grows = rules.signals[name].grows
        found: list[Window] = []
        for number in places(rules.clock_tests[clock] & self.asked):
            test, bit = rules.tests[number], 1 << number
            if grows:
                reached = test.value if test.op == "at_least" else test.value + 1
                day = since if reached <= value else self._day_of(since, reached - value, grows.every)
                if test.op == "at_least" and test.value > rules.signals[name].maximum:
                    continue
                found.append((bit, day, FOREVER) if test.op == "at_least" else (bit, -FOREVER, day - 1))
            elif test.op == "within":
                found.append((bit, value, value + test.value))
            elif test.op == "passed":
                found.append((bit, value, FOREVER))
            elif test.op == "not_passed":
                found.append((bit, -FOREVER, value - 1))
            else:
                found += [(bit, -FOREVER, value - 1), (bit, value + test.value + 1, FOREVER)]
        return tuple(found)

    def _day_of(self, since: int, units: int, every: str) -> int:
        start = date.fromordinal(self.rules.today + since)
        return day_after_months(start, units if every == "month" else units * 12) - self.rules.today

    @staticmethod
    def _holds_at(static: int, windows: list[Window], day: int) -> int:
        for bit, first, last in windows:
            if first <= day <= last:
                static |= bit
        return static

    def _earliest(self, clauses: tuple[int, ...], static: int, windows: list[Window], day: int) -> int | None:
        """The first day from `day` on which all clauses hold if nothing but time changes; None: never."""
        while True:
            holds = self._holds_at(static, windows, day) if windows else static
            for clause in clauses:
                if not clause & holds:
                    later = [first for bit, first, _ in windows if bit & clause and first > day]
                    if not later:
                        return None
                    day = min(later)
                    break
            else:
                return day

    def _begins(self, choice: Choice, static: int, windows: list[Window], day: int) -> list[int]:
        """The days on which a step may begin: the earliest, and for one that closes doors every day that may matter."""
        step = choice.step
        start = self._allowed(step, static, windows, day)
        if start is None:
            return []
        days = [start]
        if choice.renews:
            last = max([first for _, first, _ in windows if first < FOREVER], default=0)
            last = max([last, *(s for i in self.relevant for s in i.starts)])
            later = start + 1
            while later <= last:
                begin = self._allowed(step, static, windows, later)
                if begin is None:
                    break
                days.append(begin)
                later = begin + 1
        return days

    def _allowed(self, step: InterventionRule, static: int, windows: list[Window], day: int) -> int | None:
        while True:
            start = self._earliest(step.need_clauses, static, windows, day)
            if start is None or not step.starts:
                return start
            day = next((s for s in step.starts if s >= start), -1)
            if day == start:
                return start
            if day < 0:
                return None

    # -- doing ---------------------------------------------------------------------------------------------------------

    def _after(self, step: InterventionRule, static: int, clocks: Clocks, holds: int, end: int) -> tuple[int, Clocks]:
        """The state after a step that ends on day `end`; `holds` are the tests that hold then but for the step."""
        rules = self.rules
        add = self.adds[step.index]
        static = (static & ~step.delete) | add
        stirred = rules.stirs[step.index] & self.live
        if not stirred:
            return static, clocks
        holds = (holds & ~step.delete) | add
        changed = list(clocks)
        for clock, op, value in step.clocks:
            if not stirred >> clock & 1:
                continue
            if rules.signals[rules.clock_signals[clock]].grows is None:
                changed[clock] = (end if op == "to" and value == 0 else value - rules.today, 0, False)
                continue
            before, param = self._value(clock, clocks, end), clocks[clock]
            if before is None and op != "to":
                continue  # nobody knows the value: it stays as good as it may be
            known = value if before is None else before
            after = {"to": value, "at_least": max(known, value), "at_most": min(known, value)}[op]
            maybe = param is not None and param[2] and op != "to" and self._least(clock) < after <= known
            if after != before or param is None or maybe != param[2]:
                holds = self._fixed(clock, after, holds)
                changed[clock] = (after, end if met(rules.growth[clock], holds) else FROZEN, maybe)
        for clock, growth in enumerate(rules.growth):
            param = changed[clock]
            if not growth or not stirred >> clock & 1:
                continue
            if param is None and clocks[clock] is None and not any(c & add for c in growth):
                continue
            runs, ran = met(growth, holds), param is not None and param[1] != FROZEN
            if runs != ran:
                held = param[0] if param is not None and not ran else self._value(clock, clocks, end)
                maybe = param is not None and param[2]
                changed[clock] = None if held is None else (held, end if runs else FROZEN, maybe)
        for clock, param in enumerate(changed):
            if param is not None and not param[2]:
                static &= ~rules.clock_tests[clock]
                still = self._still(clock, param, end)
                if still is not None:
                    changed[clock] = (still, FROZEN, False)
                    static = self._fixed(clock, still, static)
        return static, tuple(changed)

    def _still(self, clock: int, param: Clock, day: int) -> int | None:
        """The value of a growing clock that stands still, or with which nothing asked changes any more; else None."""
        if self.rules.signals[self.rules.clock_signals[clock]].grows is None:
            return None
        if param[1] == FROZEN:
            return param[0]
        return self._grown(clock, param, day) if self._is_open_for_good(clock, param, day) else None

    def _is_open_for_good(self, clock: int, param: Clock, day: int) -> bool:
        """Whether all that a clock can open and that is asked is open by that day, and stays so."""
        return all([first <= day and last >= FOREVER for _, first, last in self._windows_for(clock, param)])

    def _value(self, clock: int, clocks: Clocks, day: int) -> int | None:
        """The value of a growing signal on a day; None if it is not known."""
        param = clocks[clock]
        if param is not None:
            return self._grown(clock, param, day)
        place = self.rules.position[self.rules.clock_signals[clock]]
        return self.known.low[place] if self.known.low[place] == self.known.high[place] else None

    def _grown(self, clock: int, param: Clock, day: int) -> int:
        rules, (value, since, _) = self.rules, param
        signal = rules.signals[rules.clock_signals[clock]]
        if since == FROZEN or signal.grows is None:
            return value
        start, now = date.fromordinal(rules.today + since), date.fromordinal(rules.today + day)
        return min(value + units_between(start, now, signal.grows.every), signal.maximum)

    def _least(self, clock: int) -> int:
        return self.known.low[self.rules.position[self.rules.clock_signals[clock]]]

    def _fixed(self, clock: int, value: int, holds: int) -> int:
        for number in places(self.rules.clock_tests[clock] & self.asked):
            yes, _ = self.rules.tests[number].truth(value, value, self.rules.today)
            holds = holds | 1 << number if yes else holds & ~(1 << number)
        return holds

    # -- bounds --------------------------------------------------------------------------------------------------------

    def _bound(self, clause: int, makers: int) -> Bound:
        steps = [self.rules.interventions[place] for place in places(makers)]
        days = min([step.days for step in steps])
        cost = min([self.question.costs[step.index] for step in steps])
        growing = min([step.days + self._growing(step, clause) for step in steps])
        needs: Sequence[int] = steps[0].need_clauses
        for step in steps[1:]:
            needs = [need for need in needs if need in step.need_clauses]
        return Bound(days, cost, growing, makers, tuple(needs), clause)

    def _growing(self, step: InterventionRule, clause: int) -> int:
        """The least days that must pass after a step before a clause it does not make itself can hold."""
        if self.adds[step.index] & clause:
            return 0
        least = FOREVER
        for clock, growth in enumerate(self.rules.growth):
            if not growth:
                continue
            begun = max([v for c, op, v in step.clocks if c == clock and op != "at_most"], default=0)
            base = self._value(clock, self.start_clocks, 0) or 0
            for number in places(self.rules.clock_tests[clock] & clause):
                units = max(self.rules.tests[number].value - max(begun, base), 0)
                least = min(least, max(int(units * 30.4375) - 3, 0))
        return 0 if least == FOREVER else least

    def _remaining(self, holds: int, windows: list[Window], day: int) -> tuple[int, int] | None:
        """Lower bounds (days from `day`, rupiah) until the goal holds; None: it cannot."""
        needed: dict[int, int] = {}
        longest = 0
        for clause in self.question.goal:
            if not clause & holds:
                chain = self._chain(clause, holds, windows, day, needed)
                if chain is None:
                    return None
                if chain > longest:
                    longest = chain
        days = cost = used = 0
        for place in sorted(needed):  # the longest first
            bound = self.bounds[place]
            if not bound.makers & used:
                used |= bound.makers
                days += bound.days
                cost += bound.cost
        return max(days, longest), cost

    def _chain(self, clause: int, holds: int, windows: list[Window], day: int, needed: dict[int, int]) -> int | None:
        """Least days until an unmet clause holds: its steps after their needs. Enters in `needed` what must be made."""
        place = self.bounded.get(clause)
        if place in needed:
            return needed[place]
        opens = None
        if windows:
            opens = min([first for bit, first, _ in windows if bit & clause and first > day], default=None)
        if place is None:
            return None if opens is None else opens - day
        bound = self.bounds[place]
        if opens is not None:
            return min(opens - day, bound.growing)
        needed[place] = before = 0  # until it is known: a circle of needs adds nothing
        for need in bound.needs:
            if not need & holds:
                chain = self._chain(need, holds, windows, day, needed)
                if chain is None:
                    return None
                if chain > before:
                    before = chain
        needed[place] = found = before + bound.growing
        return found

    # -- the search ----------------------------------------------------------------------------------------------------

    def find(self) -> Found | None:
        """Return the cheapest sequence in days (then rupiah), or in rupiah (then days); None if there is none."""
        self._heap: list[tuple[int, int, int, int, int, tuple[Move, ...], int, Label]] = []
        self._best: dict[tuple[int, Clocks], list[tuple[int, int]]] = {}
        self._shifted: dict[tuple[int, tuple[int, ...], int], list[tuple[int, int, list[tuple[int, int]]]]] = {}
        self._count = 0
        self._offer(Label(self.start_static, self.start_clocks, 0, 0, 0, ()))
        while self._heap:
            _, _, open_, *_, label = heapq.heappop(self._heap)
            if not open_:
                moves = self._in_order(label.moves, label.day)
                return Found(moves, label.day, label.cost, self._assumed(moves, label.day))
            if (label.day, label.cost) in self._best[label.static, label.clocks]:
                self._expand(label)
        return None

    def _assumed(self, moves: tuple[Move, ...], day: int) -> tuple[int, ...]:
        """The clauses of the goal and of each step's needs that nothing known, done or passed makes hold when asked."""
        static, clocks, sure = self.start_static, self.start_clocks, self.known.yes
        needs: list[int] = []
        for move in moves:
            step, windows = self.rules.interventions[move.intervention], self._windows(clocks)
            held = self._sure(sure, static, clocks, windows, move.begins)
            needs += [clause for clause in step.need_clauses if not clause & held]
            static, clocks = self._done(static, clocks, move)
            sure = (sure & ~step.delete) | self.adds[move.intervention]
        held = self._sure(sure, static, clocks, self._windows(clocks), day)
        return (*(clause for clause in self.question.goal if not clause & held), *needs)

    def _sure(self, sure: int, static: int, clocks: Clocks, windows: list[Window], day: int) -> int:
        """What surely holds on a day: of a clock that may have grown only what holds whether it did or not."""
        now = self._holds_at(0, windows, day)
        for clock, param in enumerate(clocks):
            if param is not None:
                tests = self.rules.clock_tests[clock]
                sure = (sure & ~tests) | (tests & (now & sure if param[2] else now | static))
        return sure

    def _expand(self, label: Label) -> None:
        windows = self._windows(label.clocks)
        done = self._earliest(self.question.goal, label.static, windows, label.day)
        if done is not None and not self._too_much(done, label.cost):
            waited = label.waited + done - label.day
            self._push(Label(label.static, label.clocks, done, label.cost, waited, label.moves), 0, 0, 0)
        static, day = label.static, label.day
        settled, open_ = static & self.for_good, 0
        for bound in self.bounds:
            if not bound.clause & settled:
                open_ |= bound.clause
        for choice in self.choices:
            step, needs, cost, makes, renews = choice
            makes &= open_
            if not windows and not renews:
                if not makes & ~static or not met(needs, static):
                    continue
                begins = [day] if not step.starts else self._begins(choice, static, windows, day)
            else:
                begins = self._begins(choice, static, windows, day)
            for begin in begins:
                if windows and not renews and not makes & ~self._holds_at(static, windows, begin):
                    continue
                end = begin + step.days
                holds = self._holds_at(static, windows, end) if windows else static
                after, clocks = self._after(step, static, label.clocks, holds, end)
                moves = (*label.moves, Move(step.index, begin, end))
                self._offer(Label(after, clocks, end, label.cost + cost, label.waited + begin - day, moves))

    def _offer(self, label: Label) -> None:
        """Keep a label unless another one of its state is no later and no dearer, or it cannot come to the goal."""
        labels = self._best.setdefault((label.static, label.clocks), [])
        for day, cost in labels:
            if day <= label.day and cost <= label.cost:
                return
        windows = self._windows(label.clocks)
        if windows and self._seen_earlier(label, windows):
            return
        holds = self._holds_at(label.static, windows, label.day) if windows else label.static
        rest = self._remaining(holds, windows, label.day)
        if rest is None or self._too_much(label.day + rest[0], label.cost + rest[1]):
            return
        labels[:] = [(d, c) for d, c in labels if d < label.day or c < label.cost] + [(label.day, label.cost)]
        self._push(label, 1, *rest)

    def _seen_earlier(self, label: Label, windows: list[Window]) -> bool:
        """Whether a state as good came up earlier in time: all that is still to come is as near then, and open as long.

        Without this a dated step that can be done again and again would make a new state every day, for ever. A class
        that only begins on certain days pins the label to its own day.
        """
        day = label.day
        ahead = [window for window in windows if window[2] >= day]
        spans = [(max(first - day, 0), -last if last >= FOREVER else day - last) for _, first, last in ahead]
        key = (label.static, tuple([bit for bit, _, _ in ahead]), day if day <= self.last_start else -1)
        labels = self._shifted.setdefault(key, [])
        for earlier, cost, before in labels:
            if earlier <= day and cost <= label.cost:
                if all(a[0] <= b[0] and a[1] <= b[1] for a, b in zip(before, spans, strict=True)):
                    return True
        labels.append((day, label.cost, spans))
        return False

    def _push(self, label: Label, open_: int, days: int, cost: int) -> None:
        """Order: the total, the finished before the open, the nearest to the goal, little waiting, the programme's order."""
        first, then = label.day + days, label.cost + cost
        if self.question.rupiah_first:
            first, then = then, first
        self._count += 1
        heapq.heappush(self._heap, (first, then, open_, days, label.waited, label.moves, self._count, label))

    # -- the same steps in the order people expect ---------------------------------------------------------------------

    def _in_order(self, moves: tuple[Move, ...], day: int) -> tuple[Move, ...]:
        """Among orders that end on the same day: doing before waiting, then the programme's order."""
        states, place = [(self.start_static, self.start_clocks)], 0  # before each of the moves
        while place < len(moves) - 1:  # each change begins a place sooner, or with an earlier step, so this ends
            while len(states) <= place:
                states.append(self._done(*states[-1], moves[len(states) - 1]))
            better = self._sooner(moves, place, *states[place], day)
            if better is None:
                place += 1
            else:
                del states[place + 1 :]
                moves, place = better, 0
        return moves

    def _sooner(
        self, moves: tuple[Move, ...], place: int, static: int, clocks: Clocks, day: int
    ) -> tuple[Move, ...] | None:
        """The same steps with one place, reached in that state, taken sooner or by an earlier intervention."""
        move, now = moves[place], moves[place - 1].ends if place else 0
        waits = move.begins > now
        if not waits and move.intervention < moves[place + 1].intervention:
            return None
        windows = self._windows(clocks)
        for later in range(place + 1, len(moves) if waits else place + 2):
            one = moves[later].intervention
            begin = self._allowed(self.rules.interventions[one], static, windows, now)
            if begin is None or (begin, one) >= (move.begins, move.intervention):
                continue
            rest = [other.intervention for other in (*moves[place:later], *moves[later + 1 :])]
            found = self._replay([one, *rest], static, clocks, now, day)
            if found is not None:
                return (*moves[:place], *found)
        return None

    def _replay(self, order: list[int], static: int, clocks: Clocks, now: int, day: int) -> tuple[Move, ...] | None:
        """Steps in an order, each begun as early as it can be; None if the goal is not met on that day."""
        moves = []
        for place in order:
            step = self.rules.interventions[place]
            begin = self._allowed(step, static, self._windows(clocks), now)
            if begin is None or begin + step.days > day:
                return None
            now = begin + step.days
            moves.append(Move(place, begin, now))
            static, clocks = self._done(static, clocks, moves[-1])
        done = self._earliest(self.question.goal, static, self._windows(clocks), now)
        return tuple(moves) if done is not None and done <= day else None

    def _done(self, static: int, clocks: Clocks, move: Move) -> tuple[int, Clocks]:
        """The state after a move."""
        windows = self._windows(clocks)
        holds = self._holds_at(static, windows, move.ends) if windows else static
        return self._after(self.rules.interventions[move.intervention], static, clocks, holds, move.ends)

    def _too_much(self, day: int, cost: int) -> bool:
        q = self.question
        return (q.days is not None and day > q.days) or (q.cash is not None and cost > q.cash) or day > FOREVER // 2
