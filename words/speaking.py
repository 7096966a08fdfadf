"""Words: every sentence the matcher itself can say, in both languages, and how values are written in them.

The matcher answers with `Message`s (a code and its arguments); nothing but this module turns them into text. What a
programme says (labels, questions, names) stands in the programme.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from matcher.message import Message
from matcher.programme.criteria import Criterion
from matcher.programme.entries import Programme, Signal
from words.wording import MONTHS, OPERATORS, REMEDIES, SENTENCES, UNIT_NAMES, YES_NO


class Speaker:
    """Says messages and values of one programme in one language."""

    def __init__(self, programme: Programme, language: str) -> None:
        self.language = language
        self.signals: dict[str, Signal] = {s.id: s for s in programme.signals}
        self.names = {
            "intervention": {i.id: i.name for i in programme.interventions},
            "product": {p.id: p.name for p in programme.products},
            "step": {s.id: s.name for s in programme.steps},
            "tier": {t.id: t.name for t in programme.tiers},
        }

    def say(self, message: Message) -> str:
        """Return the sentence of a message."""
        return self.fill(SENTENCES[message.code], message)

    def remedy(self, message: Message) -> str:
        """Return what to do about an input problem; "" where the message is none."""
        remedy = REMEDIES.get(message.code)
        return self.fill(remedy, message) if remedy else ""

    def fill(self, sentence: Mapping[str, str], message: Message) -> str:
        """Write a message's arguments into a sentence."""
        words = {kind: self.word(kind, value) for kind, value in message.args.items()}
        return sentence[self.language].format(**words)

    def word(self, kind: str, value: Any) -> str:
        """Write one argument according to its name: a signal's label, rupiah, a date, a criterion, a plain value."""
        if kind.endswith("signal") and value in self.signals:
            return self.text(self.signals[value].label)
        if kind in self.names and value in self.names[kind]:
            return self.text(self.names[kind][value])
        if kind.endswith("_idr"):
            return self.rupiah(value)
        if kind == "choice":
            return self.value(*value)
        if kind == "reason":
            return self.say(value)
        if kind == "criterion":
            return self.criterion(value)
        if kind == "text":
            return self.text(value)
        if isinstance(value, date):
            return self.day(value)
        if kind == "as_of":
            return self.stated_day(value)
        return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)

    def text(self, text: Mapping[str, str]) -> str:
        """Return a programme's text in this language."""
        return text[self.language]

    def rupiah(self, amount: int) -> str:
        """Write whole rupiah the Indonesian or the English way."""
        grouped = f"{abs(amount):,}"
        sign = "-" if amount < 0 else ""
        return f"{sign}Rp{grouped.replace(',', '.') if self.language == 'id' else grouped}"

    def day(self, day: date) -> str:
        """Write a date out."""
        return f"{day.day} {MONTHS[self.language][day.month - 1]} {day.year}"

    def stated_day(self, stated: str) -> str:
        """Write out a source's date, of which a programme may give no more than the month or the year."""
        found = re.fullmatch(r"([0-9]{4})-(0[1-9]|1[0-2])(?:-([0-9]{2}))?", stated)
        if found is None:
            return stated
        year, month, day = found.groups()
        return " ".join([*([str(int(day))] if day else []), MONTHS[self.language][int(month) - 1], year])

    def value(self, signal: str, value: Any) -> str:
        """Write a signal's value."""
        about = self.signals[signal]
        if value is None:
            return SENTENCES["unknown"][self.language]
        if about.kind == "yes_no":
            return YES_NO[self.language][bool(value)]
        if about.kind == "money":
            return self.rupiah(value)
        if about.kind == "number":
            return f"{value} {UNIT_NAMES[self.language][about.unit]}"
        if about.kind == "date":
            return self.day(value)
        if about.kind == "choice":
            return self.text(about.values[value])
        return self._listed(self.text(about.values[code]) for code in value) or SENTENCES["none"][self.language]

    def criterion(self, criterion: Criterion) -> str:
        """Say what a criterion asks, in its own words where the programme gives them."""
        if criterion.text is not None:
            return self.text(criterion.text)
        if criterion.kind in ("any", "all"):
            joined = f" {SENTENCES['or' if criterion.kind == 'any' else 'and'][self.language]} "
            return joined.join(self.criterion(part) for part in criterion.parts)
        if criterion.kind == "step":
            return SENTENCES["step_done"][self.language].format(step=self.word("step", criterion.signal))
        label = self.text(self.signals[criterion.signal].label)
        return f"{label}: {self.need(criterion)}"

    def need(self, criterion: Criterion) -> str:
        """Say only the wanted value of a criterion: "at least 6 months"."""
        if criterion.kind != "signal":
            return self.criterion(criterion)
        op, value = criterion.op, criterion.value
        if op == "at_most" and value == 0:
            return SENTENCES["none"][self.language]
        if op in ("includes", "excludes", "one_of"):
            written = self._listed(self.text(self.signals[criterion.signal].values[code]) for code in value)
        elif op == "within_days":
            written = str(value)
        elif op == "passed":
            return OPERATORS["passed" if value else "not_passed"][self.language]
        else:
            written = self.value(criterion.signal, value)
        return OPERATORS[op][self.language].format(value=written)

    def _listed(self, words: Iterable[str]) -> str:
        return ", ".join(words)
