"""Answers: yes and no, one choice, several choices; by code, by our labels in every language, by other words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from rapidfuzz import fuzz, process

from api.files.texts.reads import REFUSED, UNKNOWN_TOLD, Read, asked
from matcher.programme.entries import Signal
from matcher.programme.writing import Called, Writing, alike, plain

NEAR: Final = 80
"""From which likeness (of 100) on a label is proposed; never taken."""
_LONG_NUMBER: Final = re.compile(r"[0-9](?:[0-9.\- ]*[0-9])")
_TICK: Final = re.compile(r"[1-9]\.0|0\.0")
_SEPARATORS: Final = (";", ",", "|", "\n", "/", " dan ", " & ", " and ", "+")
_DIVIDED: Final = re.compile(r"\s*\(([^()]*)\)$|\s*,\s*([^,]+)$")


class YesNo:
    """Reads yes and no."""

    def __init__(self, writing: Writing, called: Called) -> None:
        self.writing = writing
        self.said = dict.fromkeys(writing.no, False) | dict.fromkeys(writing.yes, True)
        self.said |= {plain(word): code == "yes" for code, words in called.words.items() for word in words}

    def evidence(self, text: str) -> frozenset[str]:
        """Nothing: each text stands for itself."""
        return frozenset()

    def read(self, text: str, evidence: frozenset[str]) -> Read:
        """Read a text."""
        words = plain(text)
        words = words[0] if _TICK.fullmatch(words) else words
        if words in self.said:
            return Read(self.said[words], told=words not in _MACHINE)
        if words in self.writing.unknown:
            return UNKNOWN_TOLD
        if words in self.writing.perhaps:
            return asked("yes_or_no", text=text)
        if _LONG_NUMBER.fullmatch(words) and sum(mark.isdigit() for mark in words) >= 6:
            return asked("number_for_yes", text=text)
        return REFUSED


_NO_LIST: Final = frozenset(("false", "salah", "bukan"))
_MACHINE: Final = frozenset(("true", "false", "1", "0", "yes", "no", "ya", "tidak", "y", "t", "n"))


class Choice:
    """Reads one of a signal's codes. `codes_of` gives every code that a text may name: of two, a city tells which."""

    def __init__(self, writing: Writing, signal: Signal, called: Called) -> None:
        self.writing, self.signal, self.called = writing, signal, called
        self.codes: dict[str, set[str]] = {}
        for code, label in signal.values.items():
            for text in (code, *label.values(), *called.words.get(code, ())):
                self.codes.setdefault(_key(text), set()).add(code)
        self.places = [place for place in writing.places if place.signal == signal.id]
        titles = {plain(title) for title in (*called.names, *signal.label.values())} if self.places else set()
        self.titles = tuple(sorted(titles, key=len, reverse=True))
        self.beside = {word for word, _, _ in called.beside} | {other for _, other, _ in called.beside}
        self._labels = {_key(label): code for code, texts in signal.values.items() for label in texts.values()}

    def evidence(self, text: str) -> frozenset[str]:
        """What a text shows of its column: words beside which others have a meaning."""
        words = plain(text)
        return frozenset((f"word {words}",)) if words in self.beside else frozenset()

    def read(self, text: str, evidence: frozenset[str], city: str = "") -> Read:
        """Read a text; `city`: what the column of cities says in its row."""
        if text in self.signal.values:
            return self._in_city({text}, text, city, told=False)
        words = plain(text)
        found = self.codes_of(words, evidence)
        if found is None:
            return asked("means_two", text=text)
        if not found and self.places:
            found, words, city = self._placed(words, evidence, city)
        if found:
            return self._in_city(found, text, city, told=_key(words) not in self._labels)
        if words in self.writing.unknown:
            return UNKNOWN_TOLD
        return self._near(words, text)

    def codes_of(self, words: str, evidence: frozenset[str]) -> set[str] | None:
        """The codes that a text names; None where its word has two meanings in this column."""
        answers = {
            answer for word, other, answer in self.called.beside if word == words and f"word {other}" in evidence
        }
        if len(answers) > 1 or (not answers and any(word == words for word, _, _ in self.called.beside)):
            return None
        return answers or self.codes.get(_key(words), set())

    def _placed(self, words: str, evidence: frozenset[str], city: str) -> tuple[set[str], str, str]:
        """A place with its title before it or its city behind it."""
        for title in self.titles:
            if words.startswith(f"{title} ") or words.startswith(f"{title}. "):
                words = words[len(title) :].lstrip(". ")
                break
        found = self.codes_of(words, evidence) or set()
        behind = None if found else _DIVIDED.search(words)
        if behind:
            found = self.codes_of(words[: behind.start()], evidence) or set()
            city = city or behind[1] or behind[2]
        return found, words, city

    def _in_city(self, found: set[str], text: str, city: str, *, told: bool) -> Read:
        """Which of the codes lies in a city; none does where the place is of another city that has the same name."""
        if city and self.places and plain(city) not in self.writing.unknown:
            prefixes = [one.prefix for one in self.places if alike(_cityname(city)) in map(alike, one.names)]
            there = {code for code in found if code.startswith(tuple(prefixes))} if prefixes else set()
            if not there:
                return asked("place_elsewhere", text=text, city=city)
            found = there
        if len(found) > 1:
            return asked("means_two", text=text)
        return Read(next(iter(found)), told=told and text.casefold() not in self.signal.values)

    def _near(self, words: str, text: str) -> Read:
        if len(words) > 100:
            return REFUSED
        near = process.extractOne(_key(words), list(self._labels), scorer=fuzz.ratio, score_cutoff=NEAR)
        if near is None:
            return REFUSED
        return asked("near_answer", text=text, near=self.signal.values[self._labels[near[0]]])


class Choices:
    """Reads a list of a signal's codes, in one cell."""

    def __init__(self, writing: Writing, signal: Signal, called: Called, separator: str = "") -> None:
        self.one, self.writing, self.signal = Choice(writing, signal, called), writing, signal
        self.separators = (separator,) if separator else _SEPARATORS

    def evidence(self, text: str) -> frozenset[str]:
        """Nothing: each text stands for itself."""
        return frozenset()

    def read(self, text: str, evidence: frozenset[str]) -> Read:
        """Read a text."""
        words = plain(text)
        if words in self.signal.values:
            return Read([words])
        if words in ("-", "--", "0", "x") or words in self.writing.yes:
            return asked("none_or_unknown", text=text)
        if words in self.writing.no and len(words) > 2 and words not in _NO_LIST:
            return Read([], told=words not in ("none", "tidak ada"))
        if words in self.writing.unknown:
            return UNKNOWN_TOLD
        whole = self.one.codes_of(words, evidence)
        if whole and len(whole) == 1:
            return Read(list(whole), told=True)
        for parts in self._divided(words):
            codes = [self.one.codes_of(part, evidence) for part in parts]
            if all(found is not None and len(found) == 1 for found in codes):
                plainly = all(part in self.signal.values for part in parts) and ";" in text
                return Read(list(dict.fromkeys(code for found in codes for code in found or ())), told=not plainly)
        return self.one._near(words, text)

    def _divided(self, words: str) -> Iterator[list[str]]:
        for separator in self.separators:
            if separator in words:
                yield [part for one in words.split(separator) if (part := one.strip())]
        if len(self.separators) > 1 and len(parts := re.split(r"\s*(?:[;,|/&+]|\bdan\b|\band\b)\s*", words)) > 1:
            yield [part for part in parts if part]
        if " " in words and all(part in self.signal.values for part in words.split()):
            yield words.split()  # as survey programs write several choices


def _key(text: str) -> str:
    """What of an answer is compared. Where nothing but marks stands there, the marks."""
    return alike(text) or plain(text)


def _cityname(city: str) -> str:
    words = plain(city)
    for title in (
        "kota administrasi",
        "kota adm.",
        "kota adm",
        "kabupaten administrasi",
        "kabupaten",
        "kab.",
        "kab",
        "kota",
    ):
        if words.startswith(f"{title} "):
            return words[len(title) :].strip()
    return words
