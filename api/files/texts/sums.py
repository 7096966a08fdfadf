"""Sums of money, as people write them: Rp 1.500.000, 1,5 jt, 500rb, (250.000), 1500000,00."""

from __future__ import annotations

import math
import re
from fractions import Fraction
from typing import Final

from babel.numbers import get_group_symbol

from api.files.texts.amounts import evidence_of, mark_of, parts_thousands, readings
from api.files.texts.reads import REFUSED, UNKNOWN_TOLD, Read, asked
from matcher.programme.writing import Called, Writing, plain
from words.speaking import Named

SMALL: Final = 1_000
"""Below it a bare sum with a fraction counts in thousands or millions; above it the fraction is cents."""
SURE: Final = 10_000
"""From it on a bare sum that ends in three zeros parts thousands by the country's own mark: nobody writes such cents."""
_CENTS: Final = re.compile(r"[.,](?:-{1,2}|=)$")
_SIGN: Final = re.compile(r"^-\s*|^\+\s*")
_RANGE: Final = re.compile(r"[0-9a-z.]\s*-\s*(?:rp\.?\s*)?[0-9]")
_TOKEN: Final = re.compile(r"([0-9](?:[0-9.,' ]*[0-9])?)\s*([^0-9\s]*)\s*")


class Sums:
    """Reads sums. `factor`: what the header says that they count in; `rupiah`: whether it is certain that bare ones count
    rupiah, since the header is ours. `per`: the period that the signal's sums are of."""

    def __init__(
        self, writing: Writing, called: Called, factor: int = 1, thousands: str = "", *, rupiah: bool = True
    ) -> None:
        self.writing, self.factor, self.thousands, self.rupiah = writing, factor, thousands, rupiah
        self.per = called.per
        self.group = get_group_symbol(writing.language)
        words = "|".join(re.escape(word) for word in sorted(writing.currency, key=len, reverse=True))
        self._before = re.compile(rf"^(?:{words})\b\.?\s*:?\s*|^(?:{words})\.?(?=[0-9(-])") if words else None
        self._after = re.compile(rf"\s*(?:{words})$") if words else None

    def evidence(self, text: str) -> frozenset[str]:
        """What a text shows of its column."""
        _, core, _, _ = self._stripped(plain(text))
        found = _TOKEN.fullmatch(core)
        if not found:
            return frozenset()
        amounts = readings(found[1])
        if not found[2] and len(amounts) == 1 and amounts[0] < SMALL and amounts[0].denominator > 1:
            return frozenset(("small",))
        shown = evidence_of(found[1])
        if not found[2]:
            return shown
        return shown - {f"d{self.group}"} | {"small"}  # who writes 1.5 juta may write 500.000, and 3 for 3 juta

    def evidence_of_number(self, number: float) -> frozenset[str]:
        """What a cell that is a number shows of its column."""
        return frozenset(("small",) if abs(number) < SMALL and number != int(number) else ())

    def number(self, number: float, evidence: frozenset[str]) -> Read:
        """Read a cell that is a number."""
        if not math.isfinite(number):
            return REFUSED
        return self._whole(Fraction(str(number)), str(number), evidence, bare=True, told=False)

    def read(self, text: str, evidence: frozenset[str]) -> Read:
        """Read a text."""
        words = plain(text)
        if words in self.writing.unknown:
            return UNKNOWN_TOLD
        if words in self.writing.nothing:
            return asked("zero_or_unknown", text=text)
        if self._is_about(words):
            return asked("not_one_sum", text=text)
        sign, core, currency, period = self._stripped(words)
        if period and period != self.per:
            return asked("sum_of_period", text=text, period=Named("period", period))
        if core.endswith("-"):
            return asked("minus_behind", text=text) if readings(core[:-1].strip()) else REFUSED
        found = self._amount(core, text, evidence, currency)
        if not isinstance(found, tuple):
            return found
        amount, bare, told = found
        told = told or sign < 0 or bool(period)
        return self._whole(sign * amount, text, evidence, bare=bare and not currency, told=told)

    def _amount(
        self, core: str, text: str, evidence: frozenset[str], currency: bool
    ) -> Read | tuple[Fraction, bool, bool]:
        """The amount of what is left of a text, whether no word stands with it, and whether to tell how it was read."""
        if not core or core[0] not in "0123456789":
            return REFUSED
        if _RANGE.search(core):
            return asked("not_one_sum", text=text)
        tokens = _TOKEN.findall(core)
        if _TOKEN.sub("", core) or (len(tokens) > 1 and not all(word for _, word in tokens)):
            return REFUSED
        total, before = Fraction(0), math.inf
        for digits, word in tokens:
            times = self.writing.times.get(word.rstrip(".,")) if word else 1
            if times is None:
                open_ = word in self.writing.open_times or word.removesuffix("an") in self.writing.times
                return asked("not_one_sum", text=text) if open_ and readings(digits) else REFUSED
            one = self._one(digits, text, evidence, currency and not word, bool(word))
            if not isinstance(one, Fraction):
                return one
            if times >= before or (before < math.inf and one * times >= before):
                return REFUSED
            total, before = total + one * times, times
        bare = not tokens[0][1]
        if not bare and self.factor != 1:  # the header says thousands, the cell says it too
            return asked("not_one_sum", text=text)
        return total, bare, not bare or len(readings(tokens[0][0])) > 1

    def _one(self, digits: str, text: str, evidence: frozenset[str], currency: bool, word: bool) -> Fraction | Read:
        found = readings(digits)
        if len(found) < 2:
            return found[0] if found else REFUSED
        mark = mark_of(digits)
        grouped = re.fullmatch(r"[1-9][0-9]{0,2}[.,][0-9]{3}", digits)
        if mark and grouped and not word:
            against = f"d{mark}" in evidence or f"t{'.' if mark == ',' else ','}" in evidence
            sure = found[0] >= SURE and digits.endswith("000")
            if mark == self.thousands or parts_thousands(mark, evidence):
                return found[0]
            if mark == self.group and self.factor == 1 and not against and (currency or sure):
                return found[0]
        elif mark and grouped and self.factor == 1 and mark == self.thousands:
            return found[0]
        return asked("two_amounts", text=text, first=str(found[0]), second=f"{float(found[1]):g}")

    def _whole(self, amount: Fraction, text: str, evidence: frozenset[str], *, bare: bool, told: bool) -> Read:
        """The sum in whole rupiah. A fraction of a large one is cents, of a small one a word that is missing."""
        if bare and self.factor != 1 and amount:
            amount, told = amount * self.factor, True
        elif bare and 0 < abs(amount) < SMALL:
            if amount.denominator > 1 or "small" in evidence or not self.rupiah:
                return asked("sum_without_unit", text=text)
        if amount.denominator == 1:
            return Read(int(amount), told=told)
        return Read(round(amount), told=True) if abs(amount) >= SMALL else REFUSED

    def _is_about(self, words: str) -> bool:
        for one in self.writing.about:
            if not one[0].isalnum():
                if words.startswith(one) or words.endswith(one):
                    return True
            elif re.search(rf"(?:^|\s){re.escape(one)}(?:\s|$)", words):
                return True
        return False

    def _stripped(self, words: str) -> tuple[int, str, bool, str]:
        """A text without currency, period, cents of none, minus and brackets: (sign, what is left, currency, period)."""
        sign, currency, period, before = 1, False, "", ""
        words = words.replace(" / ", "/").replace("/ ", "/").replace(" /", "/")
        for ending in sorted(self.writing.per, key=len, reverse=True):
            if words.endswith(ending) and words != ending:
                words, period = words[: -len(ending)].rstrip(), self.writing.per[ending]
                break
        while words != before:
            before = words
            if self._before and (found := self._before.match(words)):
                words, currency = words[found.end() :], True
            elif words.startswith("(") and words.endswith(")") and sign > 0:
                words, sign = words[1:-1].strip(), -1
            elif found := _SIGN.match(words):
                if words[0] == "-" and sign < 0:
                    return 1, "", currency, period  # two minuses
                words, sign = words[found.end() :], -1 if words[0] == "-" else sign
            else:
                for word in self.writing.minus:
                    if words.startswith(f"{word} ") and sign > 0:
                        words, sign = words[len(word) :].strip(), -1
        words = _CENTS.sub("", words)
        if self._after and (found := self._after.search(words)):
            words, currency = words[: found.start()].strip(), True
        return sign, _CENTS.sub("", words), currency, period
