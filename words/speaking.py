"""A Speaker says messages and values in one language; it knows the catalogues and no programme."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_skeleton, format_time, format_timedelta
from babel.numbers import format_decimal

from matcher.message import CodedError, Message
from words.catalogues import catalogue


class Named(NamedTuple):
    """A code as an argument of a message: what codes of its kind are called is said in its place."""

    kind: str
    code: str


class Speaker:
    """Says messages in one language. How an argument is written follows from its name; see `word`."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.catalogue = catalogue(language)
        self.locale = self.catalogue.locale

    # -- sentences -----------------------------------------------------------------------------------------------------

    def say(self, message: Message) -> str:
        """Return the sentence of a message."""
        return self.sentence("", message.code, **message.args)

    def remedy(self, message: Message) -> str:
        """Return what to do about a problem; "" where there is nothing to do."""
        return self.sentence("remedy", message.code, **message.args) if self.knows("remedy", message.code) else ""

    def with_remedy(self, message: Message) -> str:
        """Return the sentence of a problem and what to do about it."""
        return f"{self.say(message)} {self.remedy(message)}".strip()

    def name(self, kind: str, code: str) -> str:
        """Return what a code of a kind is called; the code itself where it has no name."""
        return self.catalogue.sentence(kind, code) if self.knows(kind, code) else code

    def names(self, kind: str) -> dict[str, str]:
        """Return what every code of a kind is called."""
        return {code: self.catalogue.sentence(kind, code) for code in self.catalogue.codes(kind)}

    def knows(self, kind: str, code: str) -> bool:
        """Whether there is a sentence for a code of a kind."""
        return (kind, code) in self.catalogue

    def sentence(self, kind: str, code: str, /, **args: Any) -> str:
        """Return the sentence of a code with its arguments; where it has plural forms, they follow `count`."""
        count = args.get("count")
        found = self.catalogue.sentence(kind, code, count if isinstance(count, int) else None)
        return found.format(**{name: self.word(name, value) for name, value in args.items()})

    # -- arguments -----------------------------------------------------------------------------------------------------

    def word(self, name: str, value: Any) -> str:
        """Write one argument: by its name an amount in rupiah (..._idr) or a counted unit (days), else by what it is."""
        if isinstance(value, str):
            return self.stated_day(value) if name == "as_of" else value
        if isinstance(value, Message):
            return self.say(value)
        if isinstance(value, Named):
            return self.name(value.kind, value.code)
        if isinstance(value, bool) or value is None:
            return str(value)
        if isinstance(value, int):
            if name.endswith("_idr"):
                return self.rupiah(value)
            return self.counted(name, value) if self.knows("unit", name) else self.number(value)
        if isinstance(value, date):
            return self.day(value)
        if isinstance(value, Mapping):  # a text in each language
            return str(value.get(self.language) or next(iter(value.values())))
        if isinstance(value, timedelta):
            return self.span(value)
        return self.listed(value) if isinstance(value, (list, tuple)) else str(value)

    def listed(self, values: Iterable[Any]) -> str:
        """Write values one after another."""
        return ", ".join(self.word("", value) for value in values)

    def counted(self, unit: str, number: int) -> str:
        """Write a number of something: "1 day", "3 days"."""
        return self.catalogue.sentence("unit", unit, number).format(number=self.number(number))

    def number(self, number: int) -> str:
        """Write a whole number with its thousands apart."""
        return _number(self.language, number)

    def decimal(self, value: Decimal | float, places: int, *, fixed: bool = False, signed: bool = False) -> str:
        """Write a number with at most so many places, or (`fixed`) exactly so many; `signed`: with a plus too."""
        pattern = "#,##0." + ("0" if fixed else "#") * places
        return _decimal(self.language, value, f"+{pattern};-{pattern}" if signed else pattern)

    def rupiah(self, amount: int) -> str:
        """Write whole rupiah."""
        return _rupiah(self.language, amount)

    def day(self, day: date) -> str:
        """Write a date out."""
        return _day(self.language, day)

    def stated_day(self, stated: str) -> str:
        """Write out a source's date, of which a programme may give no more than the month or the year."""
        return _stated_day(self.language, stated) if stated else self.say(Message("undated"))

    def span(self, span: timedelta) -> str:
        """Write how long something takes, rounded up: seconds within a minute, else whole minutes."""
        unit = timedelta(seconds=1) if span <= timedelta(minutes=1) else timedelta(minutes=1)
        return str(format_timedelta(-(-span // unit) * unit, threshold=1, locale=self.locale))

    def moment(self, moment: datetime, zone: ZoneInfo) -> str:
        """Write a moment as it is in a zone, to the minute."""
        local = moment.astimezone(zone)
        return f"{self.day(local.date())}, {_time(self.language, local.hour, local.minute)}"


@lru_cache(maxsize=64)
def speaker(language: str) -> Speaker:
    """Return the Speaker of a language."""
    return Speaker(language)


class SaidError(CodedError):
    """An error that says in any language what is wrong and what to do; as a string it is in English."""

    def __str__(self) -> str:
        return speaker("en").with_remedy(self.message)


# Babel reads its patterns anew for every number; answers repeat theirs.


_LARGEST: Final = 10**18
"""Beyond it nobody means a number; Babel's decimals end at 28 digits."""


@lru_cache(maxsize=20_000)
def _number(language: str, number: int) -> str:
    if abs(number) >= _LARGEST:
        return str(number)
    return str(format_decimal(number, "#,##0", catalogue(language).locale))


@lru_cache(maxsize=20_000)
def _rupiah(language: str, amount: int) -> str:
    said = catalogue(language)
    written = said.sentence("", "rupiah").format(number=_number(language, abs(amount)))
    return said.sentence("", "minus").format(amount=written) if amount < 0 else written


@lru_cache(maxsize=20_000)
def _day(language: str, day: date) -> str:
    return str(format_date(day, "long", catalogue(language).locale))


@lru_cache(maxsize=20_000)
def _time(language: str, hour: int, minute: int) -> str:
    return str(format_time(time(hour, minute), "short", locale=catalogue(language).locale))


@lru_cache(maxsize=20_000)
def _decimal(language: str, value: Decimal | float, pattern: str) -> str:
    return str(format_decimal(value, pattern, catalogue(language).locale))


@lru_cache(maxsize=2_000)
def _stated_day(language: str, stated: str) -> str:
    found = re.fullmatch(r"([0-9]{4})-(0[1-9]|1[0-2])(?:-([0-9]{2}))?", stated)
    if found is None:
        return stated
    year, month, day = found.groups()
    if day:
        return _day(language, date(int(year), int(month), int(day)))
    return str(format_skeleton("yMMMM", datetime(int(year), int(month), 1), locale=catalogue(language).locale))
