"""What the programme asks of a person, in words and grouped by step, with what is known of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, NamedTuple

from api.web.typed import Typed
from matcher.facts.participant import as_date
from matcher.programme.entries import Signal
from matcher.programme.rules import Rules
from words.telling import Teller, teller

PREFIX: Final = "signals."
"""Before the name of a signal, in the name of its field."""
NO_DOUBTS: Final[Mapping[str, str]] = {}


class Asked(NamedTuple):
    """A signal as the form asks for it, in words."""

    name: str
    kind: str
    label: str
    question: str
    unit: str
    options: list[tuple[str, str]]
    negative: bool
    known: str = ""
    since: str = ""
    doubt: str = ""


@dataclass(frozen=True)
class Group:
    """The signals of a step."""

    id: str
    name: str
    asked: list[Asked]

    @property
    def known(self) -> int:
        """How many of them are known."""
        return sum(bool(one.known) for one in self.asked)

    def touched(self, typed: Typed) -> bool:
        """Whether anything was typed or is wrong here, so that the page opens the group."""
        return any(typed.value(PREFIX + one.name) or typed.wrong(PREFIX + one.name) for one in self.asked)


def groups_of(
    rules: Rules, language: str, signals: Mapping[str, Mapping[str, Any]], doubted: Mapping[str, str] = NO_DOUBTS
) -> list[Group]:
    """Everything that may be asked, grouped by step, with what is known of it; first what belongs to no step.

    `doubted`: by signal, the doubt about it in words.
    """
    t = teller(rules, language)
    return [
        Group(group.id, group.name, [_known(t, one, signals, doubted) for one in group.asked])
        for group in _of_nobody(rules, language)
    ]


@lru_cache(maxsize=16)
def _of_nobody(rules: Rules, language: str) -> tuple[Group, ...]:
    """The groups with nothing known: the same for everybody, so they are put into words once."""
    t = teller(rules, language)
    steps = {"": t.sentence("page", "the_person_and_the_business")}
    steps |= {rule.step.id: f"{rule.step.id} {t.text(rule.step.name)}" for rule in rules.steps}
    asked = [signal for signal in rules.signals.values() if not signal.derived]
    groups = [Group(step, name, [_asked(t, one) for one in asked if one.step == step]) for step, name in steps.items()]
    return tuple(group for group in groups if group.asked)


def _asked(t: Teller, signal: Signal) -> Asked:
    return Asked(
        name=signal.id,
        kind=signal.kind,
        label=t.text(signal.label),
        question=t.text(signal.question),
        unit=t.name("unit_name", "rupiah" if signal.kind == "money" else signal.unit),
        options=[(code, t.text(label)) for code, label in signal.values.items()],
        negative=signal.minimum < 0,
    )


def _known(t: Teller, asked: Asked, signals: Mapping[str, Mapping[str, Any]], doubted: Mapping[str, str]) -> Asked:
    fact = signals.get(asked.name)
    if fact is None:
        return asked
    known = said(t, t.signals[asked.name], fact["value"])
    return asked._replace(known=known, since=fact["on"], doubt=doubted.get(asked.name, ""))


def said(t: Any, signal: Signal | None, value: Any) -> str:
    """A recorded value in words; as it stands where the programme of today does not know it."""
    if value is None:
        return ""
    try:
        return str(t.value(signal.id, as_date(value) if signal.kind == "date" else value)) if signal else str(value)
    except (KeyError, TypeError, AttributeError):
        return str(value)
