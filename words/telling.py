"""A Teller is a Speaker who knows a programme: its labels, questions and names, as they stand on one day."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from matcher.facts.doubts import Doubted
from matcher.facts.participant import read_value
from matcher.message import Message
from matcher.programme.criteria import Criterion
from matcher.programme.entries import Programme, Signal
from matcher.programme.rules import Rules, rules_on
from words.speaking import Speaker


class Teller(Speaker):
    """Says everything that is said about the rules of one day, in one language."""

    def __init__(self, rules: Rules, language: str) -> None:
        super().__init__(language)
        programme = rules.programme
        self.rules, self.signals = rules, rules.signals
        self.entries = {
            "intervention": {i.id: i.name for i in programme.interventions}
            | {name: i.entry.name for name, i in rules.intervention_ids.items()},
            "product": {p.id: p.name for p in programme.products}
            | {name: p.entry.name for name, p in rules.product_ids.items()},
            "doubt": {d.id: d.label for d in programme.doubts},
            "step": {s.id: s.name for s in programme.steps},
            "refusal": {r.id: r.name for r in programme.referrals.reasons},
            "tier": {t.id: t.name for t in programme.tiers} | {t.tier.id: t.tier.name for t in rules.tiers},
            "state": {s.id: s.name for s in programme.referrals.states},
            "transition": {one.id: one.name for one in programme.referrals.transitions},
            "area": dict(self.signals[area].values) if (area := rules.referrals.area) in self.signals else {},
        }

    def word(self, name: str, value: Any) -> str:
        """Write one argument; beside what a Speaker knows: a signal's label, an entry's name, a criterion, a text."""
        if isinstance(value, str):
            if name.endswith("signal") and value in self.signals:
                return self.text(self.signals[value].label)
            if name in self.entries and value in self.entries[name]:
                return self.text(self.entries[name][value])
        elif isinstance(value, Criterion):
            return self.criterion(value)
        elif name == "choice":
            return self.value(*value)
        elif isinstance(value, Mapping):
            return self.text(value)
        return super().word(name, value)

    def text(self, text: Mapping[str, str]) -> str:
        """Return a programme's text in this language."""
        return text[self.language]

    def value(self, signal: str, value: Any) -> str:
        """Write a signal's value."""
        about = self.signals[signal]
        if value is None:
            return self.say(Message("unknown"))
        if about.kind == "yes_no":
            return self.say(Message("yes" if value else "no"))
        if about.kind == "money":
            return self.rupiah(value)
        if about.kind == "number":
            return self.counted(about.unit, value) if about.unit else self.number(value)
        if about.kind == "date":
            return self.day(value)
        if about.kind == "choice":
            return self.text(about.values[value])
        return self._codes(about, value) or self.say(Message("none"))

    def kept(self, signal: str, value: Any) -> str:
        """Write a value that was stored: as it stands where the programme no longer knows the signal, or such a value."""
        about = self.signals.get(signal)
        read = read_value(about, value)[0] if about else None
        return self.word("", value) if read is None else self.value(signal, read)

    def criterion(self, criterion: Criterion) -> str:
        """Say what a criterion asks, in its own words where the programme gives them."""
        if criterion.text is not None:
            return self.text(criterion.text)
        if self.is_form(criterion):
            return self.say(Message("only_conventional"))
        if criterion.kind in ("any", "all"):
            joined = f" {self.say(Message('or' if criterion.kind == 'any' else 'and'))} "
            return joined.join(self.criterion(part) for part in criterion.parts)
        if criterion.kind == "step":
            return self.say(Message("step_done", {"step": criterion.signal}))
        label = self.text(self.signals[criterion.signal].label)
        if criterion.op == "is" and criterion.value is True:
            return label  # that something is so is said by its name alone
        return f"{label}: {self.need(criterion)}"

    def need(self, criterion: Criterion) -> str:
        """Say only the wanted value of a criterion: "at least 6 months"."""
        if criterion.kind != "signal" or self.is_form(criterion):
            return self.criterion(criterion)
        about, op, value = self.signals[criterion.signal], criterion.op, criterion.value
        if op in ("includes", "excludes", "one_of"):
            if criterion.text is not None:
                return self.text(criterion.text)  # the programme's own words say it better than a list of codes
            return self.sentence("operator", op, value=self._codes(about, value))
        if op == "at_most" and value == 0:
            return self.say(Message("none"))
        if op == "at_least" and about.kind == "money" and value % 1000 == 1 and value > 1:
            return self.say(Message("more_than", {"amount_idr": value - 1}))  # "more than Rp10,000,000" is Rp10,000,001
        if op == "passed":
            return self.sentence("operator", "passed" if value else "not_passed")
        written = self.counted("days", value) if op == "within_days" else self.value(criterion.signal, value)
        return self.sentence("operator", op, value=written)

    def is_form(self, criterion: Criterion) -> bool:
        """Whether a condition says that a product has no sharia form."""
        return criterion.kind == "signal" and criterion.signal == self.rules.roles.get("sharia_only")

    def question(self, name: str, stale: frozenset[str] = frozenset()) -> str:
        """Ask for a signal; where its value has grown old, ask whether it is still so."""
        question = self.text(self.signals[name].question)
        return self.say(Message("still_so", {"question": question})) if name in stale else question

    def doubt(self, given: Doubted) -> str:
        """Say a doubt and ask about it; only its label where the rules do not have it any more."""
        entry = next((rule.entry for rule in self.rules.doubts if rule.entry.id == given.id), None)
        if entry is None:
            return self.word("doubt", given.id)
        name, value = given.about[0], given.values[0]
        said = {"value": self.value(name, value), "thousand": self.value(name, 1000 * value)}
        return self.text(entry.text).format(other=self.value(given.about[-1], given.values[-1]), **said)

    def _codes(self, about: Signal, codes: Any) -> str:
        return ", ".join(self.text(about.values[code]) for code in codes)


@lru_cache(maxsize=64)
def teller(rules: Rules, language: str) -> Teller:
    """Return the Teller of these rules in a language; kept, since making one reads every name of a programme."""
    return Teller(rules, language)


def teller_of(programme: Programme, language: str) -> Teller:
    """Return a Teller of a programme where no day matters: its rules on its last day."""
    return teller(rules_on(programme, programme.valid_to or programme.valid_from), language)
