"""Days, as people write them: 2026-08-31, 31/08/2026, 31 Agustus 2026, Sabtu, 28 November 2026, 17-Agt-26."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime, tzinfo
from functools import lru_cache
from typing import Any, Final

from babel.dates import get_day_names, get_month_names

from api.files.texts.reads import REFUSED, UNKNOWN_TOLD, Read, asked
from matcher.programme.writing import Writing, plain

_ISO: Final = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_STAMP: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ t][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?\s*(?:z|[+-][0-9]{2}:?[0-9]{2})?"
)
_MIDNIGHT: Final = re.compile(r"[ t]00:00(:00(\.0+)?)?$")
_NUMBERS: Final = re.compile(r"([0-9]{1,2})\s?([/.\- ])\s?([0-9]{1,2})\s?\2\s?([0-9]{4}|[0-9]{2})")
_YEAR_FIRST: Final = re.compile(r"([0-9]{4})([/.\-])([0-9]{1,2})\2([0-9]{1,2})")
_NAMED: Final = re.compile(r"([0-9]{1,2})(?:st|nd|rd|th)?[\s\-./]*([^\W\d_]+)[\s\-./,']*([0-9]{4}|[0-9]{2})")
_NAME_FIRST: Final = re.compile(r"([^\W\d_]+)\.?\s*([0-9]{1,2})(?:st|nd|rd|th)?,?\s+([0-9]{4})")
_FIRST_YEAR: Final = 1900


class Days:
    """Reads days. `born`: of birth, when a year of two digits is of either century. `zone`: of times that name none."""

    def __init__(self, writing: Writing, local: tzinfo, *, born: bool = False, zone: tzinfo | None = None) -> None:
        self.writing, self.local, self.born, self.zone = writing, local, born, zone or local
        self.months = {**_names(get_month_names, writing.languages), **writing.months}
        self.weekdays = _names(get_day_names, writing.languages)
        self._weekday = re.compile(
            rf"({'|'.join(sorted(map(re.escape, self.weekdays), key=len, reverse=True))})\.?(?:,\s*|\s+)"
        )

    def evidence(self, text: str) -> frozenset[str]:
        """What a text shows of its column: whether the day or the month stands first."""
        found = _NUMBERS.fullmatch(plain(text))
        if not found or len(found[4]) == 2:  # of 17-08-24 the year may stand first
            return frozenset()
        first, second = int(found[1]), int(found[3])
        return frozenset(
            ("day_first",)
            if 12 < first <= 31 and second <= 12
            else ("month_first",)
            if 12 < second <= 31 and first <= 12
            else ()
        )

    def evidence_of_day(self, day: date) -> frozenset[str]:
        """What a cell that is a day shows: above 12 it cannot have been turned around by the program that made it one."""
        return frozenset(("day_above_12",) if day.day > 12 else ("day_below_13",))

    def day(self, raw: date, evidence: frozenset[str]) -> Read:
        """Read a cell that is a day, or a time."""
        day = raw.astimezone(self.local).date() if isinstance(raw, datetime) and raw.tzinfo else raw
        day = day.date() if isinstance(day, datetime) else day
        ordered = {"day_first", "month_first"} & evidence  # texts of days above 12, of which the program made no day
        turned = ordered and "day_above_12" not in evidence
        if turned and day.day <= 12 and day.day != day.month:  # a program took 05/03 for the third of May
            return asked(
                "day_or_month", text=day.isoformat(), first=day, second=day.replace(month=day.day, day=day.month)
            )
        return Read(day)

    def read(self, text: str, evidence: frozenset[str]) -> Read:
        """Read a text."""
        words = plain(text)
        if words in self.writing.unknown:
            return UNKNOWN_TOLD
        words = _MIDNIGHT.sub("", words)
        if found := _ISO.fullmatch(words):
            return self._day(found[1], found[2], found[3], told=False)
        if _STAMP.fullmatch(words):
            return self._stamp(words)
        weekday, words = self._without_weekday(words)
        read = self._dated(words, text, evidence)
        if weekday is not None and read.value is not None and read.value.weekday() != weekday:
            return asked("other_weekday", text=text)
        return read

    def _dated(self, words: str, text: str, evidence: frozenset[str]) -> Read:
        if found := _YEAR_FIRST.fullmatch(words):
            return self._day(found[1], found[3], found[4], told=True)
        if found := _NUMBERS.fullmatch(words):
            return self._in_order(found, text, evidence)
        for pattern, (day, month, year) in ((_NAMED, (1, 2, 3)), (_NAME_FIRST, (2, 1, 3))):
            if (found := pattern.fullmatch(words)) and found[month] in self.months:
                return self._named(found[day], self.months[found[month]], found[year], text)
        if re.search(r"(?:19|20)[0-9]{2}$", words) and words[:-4].strip(" -/,.'") in self.months:
            return asked("day_missing", text=text)
        return asked("day_missing", text=text) if re.fullmatch(r"(?:19|20)[0-9]{2}", words) else REFUSED

    def _named(self, day: str, month: int, year: str, text: str) -> Read:
        if len(year) == 2 and self.born:
            return asked("which_century", text=text)
        return self._day(year if len(year) == 4 else f"20{year}", month, day, told=len(year) == 2)

    def _in_order(self, found: re.Match[str], text: str, evidence: frozenset[str]) -> Read:
        first, second, year = found[1], found[3], found[4]
        if len(year) == 2:
            if self.born or int(first) > 31:
                return asked("which_century", text=text)
            if not {"day_first", "month_first"} & evidence:  # it may even be the year that stands first
                return asked("day_or_month_or_year", text=text)
            year = f"20{year}"
        day_first = self._day(year, second, first, told=True)
        month_first = self._day(year, first, second, told=True)
        if day_first == month_first or month_first.refused:
            return day_first
        if day_first.refused:
            return month_first
        order = {"day_first", "month_first"} & evidence
        if len(order) == 1:
            return day_first if "day_first" in order else month_first
        return asked("day_or_month", text=text, first=day_first.value, second=month_first.value)

    def _day(self, year: Any, month: Any, day: Any, *, told: bool) -> Read:
        try:
            found = date(int(year), int(month), int(day))
        except ValueError:
            return REFUSED
        return Read(found, told=told) if found.year >= _FIRST_YEAR else REFUSED

    def _stamp(self, words: str) -> Read:
        try:
            found = datetime.fromisoformat(words.upper().replace("Z", "+00:00").replace(" +", "+"))
        except ValueError:
            return REFUSED
        found = found if found.tzinfo else found.replace(tzinfo=self.zone)
        return Read(found.astimezone(self.local).date(), told=True)

    def _without_weekday(self, words: str) -> tuple[int | None, str]:
        found = self._weekday.match(words)
        return (self.weekdays[found[1]], words[found.end() :]) if found else (None, words)


def _names(names: Any, languages: Iterable[str]) -> Mapping[str, int]:
    return dict(_names_of(names, tuple(languages)))


@lru_cache(maxsize=16)
def _names_of(names: Any, languages: tuple[str, ...]) -> Mapping[str, int]:
    """The names of months or weekdays in some languages, wide and short, as `plain` writes them; their number."""
    return {
        plain(name): number
        for language in languages
        for width in ("wide", "abbreviated")
        for number, name in names(width, locale=language).items()
    }
