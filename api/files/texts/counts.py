"""Numbers of something: 24, "24 bulan", "2 tahun 3 bulan", "1,5 tahun", "3 orang"."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Final

from api.files.texts.amounts import MARKS, evidence_of, mark_of, parts_thousands, readings
from api.files.texts.reads import REFUSED, UNKNOWN_TOLD, Read, asked
from matcher.programme.entries import Signal
from matcher.programme.writing import Writing, plain

FACTORS: Final = {
    ("years", "months"): Fraction(12),
    ("months", "years"): Fraction(1, 12),
    ("weeks", "days"): Fraction(7),
}
"""What converts exactly; a day of training has no 24 hours."""
_TOKEN: Final = re.compile(r"([0-9](?:[0-9.,]*[0-9])?)\s*([^0-9\s]*)\s*")
_YEAR: Final = re.compile(r"(?:19|20)[0-9]{2}")
_RANGE: Final = re.compile(r"[0-9a-z]\s*-\s*[0-9]")


class Counts:
    """Reads numbers of a signal's unit. `unit`: what a bare number of this column counts, "" where nobody said."""

    def __init__(self, writing: Writing, signal: Signal, unit: str) -> None:
        self.writing, self.signal, self.unit = writing, signal, unit
        self.months = signal.unit == "months"

    def evidence(self, text: str) -> frozenset[str]:
        """What a text shows of its column."""
        words = plain(text)
        found = readings(words)
        if len(found) == 1:
            return evidence_of(words) | self.evidence_of_number(float(found[0]))
        return frozenset()

    def evidence_of_number(self, number: float) -> frozenset[str]:
        """What a bare number shows of its column: so many years no business has, so they are months."""
        years = self.signal.maximum / 12
        months = self.months and not self.unit and years < number <= self.signal.maximum
        return frozenset(("months",) if months and not 1900 <= number <= 2100 else ())

    def number(self, number: float, evidence: frozenset[str]) -> Read:
        """Read a cell that is a number."""
        if number != number or abs(number) == float("inf"):
            return REFUSED
        return self._bare(Fraction(str(number)), str(number), evidence)

    def read(self, text: str, evidence: frozenset[str]) -> Read:
        """Read a text."""
        words = plain(text)
        if words in self.writing.unknown:
            return UNKNOWN_TOLD
        if words in self.writing.nothing:
            return asked("zero_or_unknown", text=text)
        negative = words.startswith("-")
        core = words.removeprefix("-").strip()
        if not core or core[0] not in "0123456789":
            return self._words(words, text)
        if _RANGE.search(core) or self._is_about(core):
            return asked("not_one_number", text=text)
        tokens = _TOKEN.findall(core)
        if _TOKEN.sub("", core):
            return REFUSED
        if len(tokens) == 1 and not tokens[0][1]:
            one = self._one(tokens[0][0], text, evidence)
            return self._bare(-one if negative else one, text, evidence) if isinstance(one, Fraction) else one
        return REFUSED if negative else self._with_units(tokens, text, evidence)

    def _words(self, words: str, text: str) -> Read:
        since = any(words.startswith(f"{word} ") for word in self.writing.since)
        if self.months and since and re.search(r"(?:19|20)[0-9]{2}$", words):
            return asked("since_when", text=text)
        if self._is_about(words) and re.search("[0-9]", words):
            return asked("not_one_number", text=text)
        return REFUSED

    def _is_about(self, words: str) -> bool:
        return any(
            re.search(rf"(?:^|\s){re.escape(one)}(?:\s|$)", words) if one[0].isalnum() else words.startswith(one)
            for one in self.writing.about
        ) or bool(re.search(r"[0-9]\s*-?an$|\+$", words))  # fmt: skip

    def _bare(self, number: Fraction, text: str, evidence: frozenset[str]) -> Read:
        """A number without its unit."""
        if self.months and not self.unit and number > 0 and "months" not in evidence:
            if _YEAR.fullmatch(str(number)):
                return asked("since_when", text=text)
            if number <= self.signal.maximum:
                return asked("months_or_years", text=text)
        if self.months and self.unit == "months" and number.denominator > 1:
            return asked("months_or_years", text=text)
        if self.months and _YEAR.fullmatch(str(number)):
            return asked("since_when", text=text)
        factor = self._factor(self.unit or self.signal.unit)
        if factor is None:
            return REFUSED
        return _whole(number * factor, told=factor != 1)

    def _with_units(self, tokens: list[tuple[str, str]], text: str, evidence: frozenset[str]) -> Read:
        total, before = Fraction(0), None
        for digits, word in tokens:
            unit = self.writing.units.get(word.rstrip("."))
            factor = self._factor(unit) if unit else None
            if factor is None or (before is not None and factor >= before):
                return REFUSED
            one = self._one(digits, text, evidence)
            if not isinstance(one, Fraction):
                return one
            if one.denominator > 1 and len(tokens) > 1:
                return REFUSED
            if one.denominator > 1 and factor > 1 and one.denominator not in (2, 4):
                return asked("not_one_number", text=text)  # 2,3 years are two years and three months to many
            if before is not None and one >= before / factor:
                return REFUSED  # two years and 15 months
            total, before = total + one * factor, factor
        return _whole(total, told=True)

    def _one(self, digits: str, text: str, evidence: frozenset[str]) -> Fraction | Read:
        found = readings(digits)
        if len(found) < 2:
            return found[0] if found else REFUSED
        mark = mark_of(digits)
        if mark and parts_thousands(mark, evidence):
            return found[0]
        legal = [one for one in found if one.denominator == 1 and self.signal.minimum <= one <= self.signal.maximum]
        if not legal and f"d{mark}" not in evidence:
            return REFUSED
        if legal == [found[0]] and mark in MARKS and f"d{mark}" not in evidence:
            return found[0]  # a number of people has no cents
        return asked("two_amounts", text=text, first=str(found[0]), second=f"{float(found[1]):g}")

    def _factor(self, unit: str) -> Fraction | None:
        return Fraction(1) if unit == self.signal.unit else FACTORS.get((unit, self.signal.unit))


def _whole(number: Fraction, *, told: bool) -> Read:
    return Read(int(number), told=told) if number.denominator == 1 else REFUSED
