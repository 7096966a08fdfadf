"""A Participant is what is known about one entrepreneur on one day: values of signals; what is missing is unknown.

`read_participant` checks raw input against the programme, reports every problem at once and never guesses. A
participant's facts become an interval per signal, low..high: equal where known, the widest where unknown.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Final

from matcher.facts.declines import Bar, Decline, bars_of
from matcher.facts.doubts import Doubted, doubted, doubtful, set_aside, standing
from matcher.facts.following import contradictions, follow
from matcher.message import Message
from matcher.programme.compiled import Follow
from matcher.programme.criteria import UNKNOWN_HIGH, UNKNOWN_LOW
from matcher.programme.entries import PROOFS, Signal
from matcher.programme.masks import met, places, truth_of, union
from matcher.programme.rules import Rules

_LONGEST_NAME: Final = 100
"""Of a name for which a near one is looked for."""


@dataclass(frozen=True, slots=True)
class InputProblem:
    """One thing wrong with an input: the field, the value as sent, and a message with the remedy."""

    field: str
    value: Any
    message: Message


class ParticipantError(ValueError):
    """An input that cannot be read; `problems` names every field, value and remedy."""

    def __init__(self, problems: list[InputProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__(f"{len(problems)} problem(s): " + ", ".join(f"{p.field} ({p.message.code})" for p in problems))


@dataclass(frozen=True)
class Fact:
    """A value with the day it was true and what proves it; `on` None: true on the day asked.

    `sure`: somebody confirmed it, so that no doubt is about it.
    """

    value: Any
    on: date | None = None
    proof: str = ""
    sure: bool = False


@dataclass(frozen=True)
class Participant:
    """Facts by signal on one day, and what lenders declined. Frozen: `with_facts` gives a new participant."""

    as_of: date
    facts: Mapping[str, Fact] = field(default_factory=dict)
    declines: tuple[Decline, ...] = ()

    def with_facts(self, **values: Any) -> Participant:
        """Return the same participant with other values; None makes a signal unknown."""
        facts = {**self.facts, **{name: Fact(value) for name, value in values.items()}}
        return replace(self, facts={name: fact for name, fact in facts.items() if fact.value is not None})


@dataclass(frozen=True)
class Known:
    """What the rules know of a participant: an interval per signal, and the tests that hold and do not hold.

    `since`: for a growing signal given for an earlier day, by its place, the value then and how many days ago that was.
    `bars`: the declines that bar today. `doubts`: those that stand; their signals are unknown.
    """

    low: list[int]
    high: list[int]
    yes: int
    no: int
    stale: frozenset[str]
    since: Mapping[int, tuple[int, int]] = field(default_factory=dict)
    bars: tuple[Bar, ...] = ()
    doubts: tuple[Doubted, ...] = ()


def read_participant(rules: Rules, signals: Mapping[str, Any]) -> Participant:
    """Check raw signals (a value, or a table of value, on, proof, sure; None or "" is unknown) and return a Participant.

    Raises:
        ParticipantError: with every problem found.
    """
    problems: list[InputProblem] = []
    facts: dict[str, Fact] = {}
    for name, raw in signals.items():
        fact = _read_fact(rules, str(name), raw, problems)
        if fact is not None:
            facts[str(name)] = fact
    participant = Participant(rules.day, facts)
    if not problems:
        _contradictions(rules, participant, problems)
    if problems:
        raise ParticipantError(problems)
    return participant


def know(rules: Rules, participant: Participant) -> Known:
    """Work out what is known: stale values dropped, growing ones brought up to the day, what follows from others filled in.

    Doubtful values are unknown, to what follows as well. Every test of the rules is then asked once. An end day that has
    passed although what should have ended still goes on is doubtful: it is stale, whatever its own date, and asked again.
    """
    low, high, stale = intervals(rules, participant)
    doubts = take_doubts(rules, participant, low, high)
    since = growing_since(rules, participant, high)  # before anything follows: a stale answer began nothing
    follow(rules, low, high)
    yes, no = ask_tests(rules, low, high)
    doubtful = {place for place, wait in rules.endings if met(wait.need_clauses, yes) and wait.changes & no}
    for place in doubtful:
        low[place], high[place] = UNKNOWN_LOW, UNKNOWN_HIGH
        about = union(1 << number for number in rules.tests_about[place])
        yes, no = yes & ~about | rules.unknown_yes[place], no & ~about | rules.unknown_no[place]
    if doubtful:
        stale |= {name for name, place in rules.position.items() if place in doubtful}
    bars = bars_of(rules, participant.declines, low, yes, known_on(participant)) if participant.declines else ()
    return Known(low, high, yes, no, stale, since, bars, doubts)


def take_doubts(rules: Rules, participant: Participant, low: list[int], high: list[int]) -> tuple[Doubted, ...]:
    """The doubts about what one participant said, given its intervals, in which doubtful values are made unknown."""
    found = doubtful(rules, low, high)
    if not found:
        return ()
    sure = {rules.position[name]: True for name, fact in participant.facts.items() if fact.sure}
    told = tuple([doubted(one, low, sure) for one, stands in standing(found, sure) if stands])
    set_aside(found, sure, low, high)
    return told


def known_on(participant: Participant) -> dict[str, date]:
    """From which day each signal that was told is known."""
    return {name: fact.on or participant.as_of for name, fact in participant.facts.items()}


def value_of_role(rules: Rules, known: Known, role: str) -> int | None:
    """The value of the signal that has a role; None: it is unknown, or no signal has that role."""
    place = rules.role(role)
    if place is None or known.low[place] != known.high[place]:
        return None
    return known.low[place]


def growing_since(rules: Rules, participant: Participant, high: Sequence[int]) -> dict[int, tuple[int, int]]:
    """For each growing signal given for an earlier day: by its place, (the value then, days ago as a negative number).

    Where nobody said whether it grows, its interval runs from the value then to what it would be today.
    """
    found = {}
    for name, fact in participant.facts.items():
        place = rules.position[name]
        if rules.signals[name].grows and fact.on and fact.on < rules.day and high[place] != UNKNOWN_HIGH:
            found[place] = (int(fact.value), (fact.on - rules.day).days)
    return found


def ask_tests(
    rules: Rules, low: list[int], high: list[int], which: Iterable[int] | None = None, yes: int = 0, no: int = 0
) -> tuple[int, int]:
    """Ask every test, or those numbered `which`; return the bit masks of those known to hold and known not to hold."""
    if which is None:
        asked: list[int] = []
        for place, about in enumerate(rules.tests_about):
            if low[place] == UNKNOWN_LOW and high[place] == UNKNOWN_HIGH:
                yes, no = yes | rules.unknown_yes[place], no | rules.unknown_no[place]
            else:
                asked += about
        which = asked
    asking, today = rules.asking, rules.today
    for number in which:  # as `Test.truth` answers, without a call for each
        place, truth, value, lenient = asking[number]
        holds, fails = truth(low[place], high[place], value, today)
        if holds or (lenient and not fails):
            yes, no = yes | 1 << number, no & ~(1 << number)
        elif fails:
            no |= 1 << number
    return yes, no


def intervals(rules: Rules, participant: Participant) -> tuple[list[int], list[int], frozenset[str]]:
    """The interval of every signal before anything follows from them, and the signals whose value is stale."""
    low, high = [UNKNOWN_LOW] * len(rules.position), [UNKNOWN_HIGH] * len(rules.position)
    stale = set()
    growing: list[tuple[str, int]] = []
    for name, fact in participant.facts.items():
        signal = rules.signals[name]
        age = (rules.day - fact.on).days if fact.on else 0
        if signal.stale_after_days is not None and age > signal.stale_after_days:
            stale.add(name)
            continue
        low[rules.position[name]] = high[rules.position[name]] = signal.encode(fact.value)
        if signal.grows and fact.on and fact.on < rules.day:
            growing.append((name, units_between(fact.on, rules.day, signal.grows.every)))
    for name, units in growing:
        _grow(rules, name, units, low, high)
    return low, high, frozenset(stale)


def _grow(rules: Rules, name: str, units: int, low: list[int], high: list[int]) -> None:
    """Bring a value given for an earlier day up to the rules' day, if it grows; unknown whether it does: it may have."""
    growth = rules.growth[rules.clock_signals.index(name)]
    grows = truth_of(growth, *ask_tests(rules, low, high, places(union(growth))))
    place = rules.position[name]
    grown = min(low[place] + units, rules.signals[name].maximum)
    if grows is not False:
        high[place] = grown
    if grows:
        low[place] = grown


def units_between(start: date, end: date, every: str) -> int:
    """Whole calendar months or years from start to end; a month that lacks the day ends on its last one."""
    months = (end.year - start.year) * 12 + end.month - start.month
    if end.day < start.day and end != _month_end(end):
        months -= 1
    return months if every == "month" else months // 12


def day_after_months(start: date, months: int) -> int:
    """The ordinal of the day `months` calendar months after start; a month that lacks the day ends on its last one."""
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    if year > date.max.year:
        return date.max.toordinal()
    last = _month_end(date(year, month + 1, 1)).day
    return date(year, month + 1, min(start.day, last)).toordinal()


def _month_end(day: date) -> date:
    if day.month == 12:
        return date(day.year, 12, 31)
    return date.fromordinal(date(day.year, day.month + 1, 1).toordinal() - 1)


# -- reading one fact --------------------------------------------------------------------------------------------------


def _read_fact(rules: Rules, name: str, raw: Any, problems: list[InputProblem]) -> Fact | None:
    signal = rules.signals.get(name)
    if signal is None or signal.derived:
        near = _nearest(name, tuple(s for s in rules.signals if not rules.signals[s].derived))
        code = "derived_signal" if signal else "unknown_signal_near" if near else "unknown_signal"
        problems.append(InputProblem(name, raw, Message(code, {"name": name, "near": near})))
        return None
    on, proof, sure = None, "", False
    if isinstance(raw, Mapping):
        for key in raw:
            if key not in ("value", "on", "proof", "sure"):
                problems.append(InputProblem(f"{name}.{key}", raw[key], Message("unknown_key", {"name": str(key)})))
        if "value" not in raw:
            problems.append(InputProblem(name, raw, Message("value_missing", {"signal": name})))
        on = _read_on(rules, name, raw.get("on"), problems)
        proof = _read_proof(signal, raw.get("proof"), problems)
        sure = _read_sure(name, raw.get("sure"), problems)
        raw = raw.get("value")
    if raw is None or raw == "":
        return None
    value, problem = read_value(signal, raw)
    if problem is not None:
        problems.append(InputProblem(name, raw, problem))
        return None
    if signal.kind == "date" and value is not None and value > rules.day and not signal.future:
        problems.append(InputProblem(name, raw, Message("future_date", {"signal": name, "as_of": rules.day})))
        return None
    return None if value is None else Fact(value, on, proof, sure)


def _read_on(rules: Rules, name: str, raw: Any, problems: list[InputProblem]) -> date | None:
    if raw is None or raw == "":
        return None
    on = as_date(raw)
    if on is None:
        problems.append(InputProblem(f"{name}.on", raw, Message("no_date", {"signal": name})))
    elif on > rules.day:
        problems.append(InputProblem(f"{name}.on", raw, Message("future_date", {"signal": name, "as_of": rules.day})))
    return on


def _read_proof(signal: Signal, raw: Any, problems: list[InputProblem]) -> str:
    allowed = signal.proof or PROOFS
    if raw is None or raw == "":
        return ""
    if raw not in allowed:
        message = Message("unknown_proof", {"signal": signal.id, "allowed": allowed})
        problems.append(InputProblem(f"{signal.id}.proof", raw, message))
        return ""
    return str(raw)


def _read_sure(name: str, raw: Any, problems: list[InputProblem]) -> bool:
    if raw is not None and not isinstance(raw, bool):
        problems.append(InputProblem(f"{name}.sure", raw, Message("sure_yes_no", {"signal": name})))
    return raw is True


def read_value(signal: Signal, raw: Any) -> tuple[Any, Message | None]:
    """Check one raw value of a signal; return (value, None), (None, None) for a missing code, or (None, problem)."""
    about = {"signal": signal.id}
    if signal.kind == "yes_no":
        return (raw, None) if isinstance(raw, bool) else (None, Message("not_yes_no", about))
    if signal.kind in ("number", "money"):
        return _read_number(signal, raw)
    if signal.kind == "date":
        day = as_date(raw)
        return (day, None) if day else (None, Message("no_date", about))
    codes = list(signal.values)
    if signal.kind == "choice":
        code = str(raw) if isinstance(raw, int) and not isinstance(raw, bool) else raw
        if isinstance(code, str) and code in signal.values:
            return code, None
        return None, _unknown_code(signal, raw)
    if not isinstance(raw, (list, tuple)):
        return None, Message("not_a_list", {**about, "allowed": codes})
    unknown = [code for code in raw if not isinstance(code, str) or code not in signal.values]
    if unknown:
        return None, _unknown_code(signal, unknown[0])
    return [code for code in codes if code in raw], None


def _read_number(signal: Signal, raw: Any) -> tuple[int | None, Message | None]:
    about = {"signal": signal.id}
    if isinstance(raw, bool) or not isinstance(raw, (int, float)):
        return None, Message("not_a_number_text" if isinstance(raw, str) else "not_a_number", about)
    if isinstance(raw, float) and not math.isfinite(raw):
        return None, Message("not_finite", about)
    if raw != int(raw):
        return None, Message("not_whole", about)
    value = int(raw)
    if value in signal.missing_codes:
        return None, None
    if not signal.minimum <= value <= signal.maximum:
        money = signal.kind == "money"
        bounds = {"low_idr" if money else "low": signal.minimum, "high_idr" if money else "high": signal.maximum}
        return None, Message("out_of_range_money" if money else "out_of_range", {**about, **bounds})
    return value, None


def as_date(raw: Any) -> date | None:
    """Return an ISO date (YYYY-MM-DD) or None."""
    if isinstance(raw, datetime):
        return raw.date()
    if isinstance(raw, date):
        return raw
    if not isinstance(raw, str) or len(raw) != 10 or raw[4] != "-" or raw[7] != "-":
        return None
    try:
        return date.fromisoformat(raw)
    except ValueError:
        return None


@lru_cache(maxsize=2_000)
def _nearest(name: str, names: tuple[str, ...]) -> str:
    """The name that is nearest, or "". Looked for once: a file has the same strange names in every row."""
    near = difflib.get_close_matches(name, names, 1) if len(name) <= _LONGEST_NAME else []
    return near[0] if near else ""


def _unknown_code(signal: Signal, raw: Any) -> Message:
    codes = list(signal.values)
    close = difflib.get_close_matches(str(raw), codes, 1) if len(str(raw)) <= _LONGEST_NAME else []
    about = {"signal": signal.id, "allowed": codes}
    return Message("unknown_code_near", {**about, "near": close[0]}) if close else Message("unknown_code", about)


def _contradictions(rules: Rules, participant: Participant, problems: list[InputProblem]) -> None:
    low, high, _ = intervals(rules, participant)
    follow(rules, low, high)
    for one, wrong in contradictions(rules, low, high):
        if wrong:
            fact = participant.facts.get(one.signal.id)
            problems.append(InputProblem(one.signal.id, fact and fact.value, contradiction(one)))


def contradiction(one: Follow) -> Message:
    """Name an answer that says otherwise than what follows, and the answer it follows from."""
    code = "less_than" if one.value is None and one.bits is None else "contradicts"
    return Message(code, {"signal": one.signal.id, "other_signal": one.sources[0]})
