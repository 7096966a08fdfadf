"""Reading `writing.toml`, the file of a programme's folder that says how people write: checked like every other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from matcher.programme.entries import Signal
from matcher.programme.reading import Entry, ProgrammeProblem
from matcher.programme.writing import Called, Place, Writing, alike, plain

FILE: Final = "writing.toml"
FIELDS: Final = ("participant", "as_of", "name", "nik", "phone", "kelurahan", "city", "consent")
"""What a column may say that is no signal: who somebody is, when it was true, where they live, what they agreed to."""
PERIODS: Final = ("day", "week", "month", "year")
UNITS: Final = ("years", "months", "weeks", "days", "hours", "people", "times")


def writing_of(
    table: Mapping[str, Any], languages: tuple[str, ...], signals: Iterable[Signal], problems: list[ProgrammeProblem]
) -> Writing:
    """Read the table of the file, noting every problem on the way."""
    return _Build(table, languages or ("en",), {signal.id: signal for signal in signals}, problems).writing()


class _Build:
    def __init__(
        self, table: Mapping[str, Any], languages: tuple[str, ...], signals: Mapping[str, Signal], problems: Any
    ) -> None:
        self.root = Entry(table, FILE, "file", problems)
        self.languages, self.signals = languages, signals

    def writing(self) -> Writing:
        numbers, words = self._part("numbers"), self._part("words")
        found = Writing(
            language=self.languages[0],
            languages=self.languages,
            currency=_texts(numbers, "currency"),
            minus=_texts(numbers, "minus"),
            about=_texts(numbers, "about"),
            times=self._times(numbers),
            open_times=_texts(numbers, "open_times"),
            units=self._by_word("units", UNITS),
            per=self._by_word("per", PERIODS),
            months={name: int(number) for name, number in self._by_word("months", map(str, range(1, 13))).items()},
            **{name: _texts(words, name) for name in ("since", "yes", "no", "unknown", "nothing", "perhaps")},
            called=self._called(),
            places=self._places(),
        )
        for one in (numbers, words, self.root):
            one.close()
        return found

    def _part(self, key: str) -> Entry:
        return self.root.table_of(key) or Entry({}, FILE, key, [])

    def _times(self, numbers: Entry) -> dict[str, int]:
        part = numbers.table_of("times") or Entry({}, FILE, "times", [])
        found: dict[str, int] = {}
        for key in part.table:
            if not key.isdecimal() or int(key) < 1:
                part.problem("key_stray", key=key, hint=None)
            else:
                found |= dict.fromkeys(map(plain, part.texts(key)), int(key))
        return found

    def _by_word(self, key: str, allowed: Iterable[str]) -> dict[str, str]:
        part = self._part(key)
        found = {plain(word): name for name in allowed for word in part.texts(name)}
        part.close()
        return found

    def _called(self) -> dict[str, Called]:
        found: dict[str, Called] = {}
        owners: dict[str, str] = {}
        asked = [name for name, signal in self.signals.items() if not signal.derived]
        for e in self.root.tables("called"):
            of = e.choice("of", [*FIELDS, *asked], required=True)
            one = Called(
                names=e.texts("names"),
                perhaps=e.texts("perhaps"),
                since=e.texts("since"),
                per=e.choice("per", PERIODS),
                words=self._words(e, self.signals.get(of)),
                beside=tuple(self._beside(part, self.signals.get(of)) for part in e.tables("beside")),
            )
            e.close()
            for name in (*one.names, *one.perhaps, *one.since):
                if owners.setdefault(alike(name), e.name) != e.name or not alike(name):
                    e.problem("name_of_two", name=name, other=owners[alike(name)])
            if of in found:
                e.problem("name_of_two", name=of, other=e.name)
            found[of] = one
        return found

    def _words(self, e: Entry, signal: Signal | None) -> dict[str, tuple[str, ...]]:
        part = e.table_of("words")
        if part is None:
            return {}
        found = {code: part.texts(code) for code in _codes(signal) if code in part.table}
        part.close()
        return found

    def _beside(self, e: Entry, signal: Signal | None) -> tuple[str, str, str]:
        word, other = (plain(e.take(key, str, "", required=True)) for key in ("word", "with"))
        answer = e.choice("is", _codes(signal), required=True)
        e.close()
        return word, other, answer

    def _places(self) -> tuple[Place, ...]:
        found = []
        for e in self.root.tables("place"):
            of = e.choice("of", [name for name, signal in self.signals.items() if signal.values], required=True)
            found.append(Place(signal=of, prefix=e.take("prefix", str, "", required=True), names=e.texts("names")))
            e.close()
        return tuple(found)


def _texts(e: Entry, key: str) -> frozenset[str]:
    return frozenset(map(plain, e.texts(key)))


def _codes(signal: Signal | None) -> tuple[str, ...]:
    """The answers that a signal can have, as the file names them."""
    return () if signal is None else ("yes", "no") if signal.kind == "yes_no" else tuple(signal.values)
