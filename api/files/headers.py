"""Headers: what people call their columns. A known name is taken, a near one is proposed, the rest is left out.

Capitals, blanks and marks do not count. What a name says beside it, as "(ribu)", "(tahun)" or "per minggu", is its unit: a
sum of a week is not taken for one of a month.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from functools import lru_cache
from typing import Final

from rapidfuzz import fuzz, process

from api.files.texts import Hints
from matcher.message import Message
from matcher.programme.entries import Programme, Signal
from matcher.programme.writing import Called, alike, plain
from words.speaking import Named

NEAR: Final = 78
"""From which likeness (of 100) on a known name is proposed for a column; never taken without being asked."""
MOST_NEAR: Final = 200
"""Columns of a file for which a near name is looked for."""
SURVEYED: Final = frozenset(("_submission_time",))
"""Times that KoboToolbox and ODK write without a zone, in that of Greenwich."""
_BRACKETS: Final = re.compile(r"[(\[{]([^()\[\]{}]*)[)\]}]")
_NUMBERED: Final = re.compile(r"^\s*(?:[0-9]{1,3}|[a-z])\s*[.)]\s+", re.IGNORECASE)
_IN: Final = ("dalam", "in", "dlm")


@dataclass(frozen=True)
class Known:
    """What a column is: a signal or a field of ours, and what its name says of its texts."""

    of: str
    hints: Hints = field(default_factory=Hints)


@dataclass(frozen=True)
class Columns:
    """The columns of a sheet: what each is that is read, which are near something and which nobody knows, each with its
    reason. `marks`: of a signal whose answers stand in a column each, as surveys write them, the code of each column."""

    known: Mapping[str, Known]
    near: Mapping[str, str]
    left_out: Mapping[str, Message]
    marks: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def header_of(self, of: str) -> str | None:
        """The column that is read as a signal or a field."""
        return next((header for header, known in self.known.items() if known.of == of), None)


@dataclass(frozen=True)
class Names:
    """The names that a programme's columns have: `known` by what is compared of a name."""

    programme: Programme
    known: Mapping[str, tuple[str, bool]]
    titles: Mapping[str, str]

    def find(self, header: str) -> Known | Message | None:
        """What a column is; a message where its name says why it is not taken; None where nobody knows it."""
        name = _NUMBERED.sub("", header)
        found = self.known.get(alike(name)) or self._in_group(name)
        said, rest = _BRACKETS.findall(name), _BRACKETS.sub(" ", name)
        words = plain(rest)
        ending = next((one for one in _longest(self.programme.writing.per) if words.endswith(one) and words != one), "")
        period = self.programme.writing.per.get(ending, "")
        tail = [word for word in _IN if f" {word} " in words]
        if not found and tail:  # "Omzet dalam ribuan"
            words, _, behind = words.rpartition(f" {tail[0]} ")
            said = [*said, behind]
            found = self.known.get(alike(words))
        found = found or self.known.get(alike(rest))
        if not found and period:
            found = self.known.get(alike(words[: -len(ending)]))
        if found is None:
            return None
        return self._hinted(header, *found, said, period)

    def _in_group(self, name: str) -> tuple[str, bool] | None:
        """What a survey's path of groups leads to: usaha/monthly_profit. Two names with a slash between them are none."""
        *groups, last = name.split("/")
        ids = {signal.id for signal in self.programme.signals} | set(OWN)
        strange = not any(alike(group) in self.known for group in groups)
        return self.known.get(alike(last)) if groups and last in ids and strange else None

    def box(self, header: str) -> tuple[str, str] | None:
        """The signal and the code whose box a survey's column is: sales_channels/stall; "" for one of no code of ours."""
        question, _, answer = header.rpartition("/")
        found = self.find(question) if question else None
        signal = next((one for one in self.programme.signals if isinstance(found, Known) and one.id == found.of), None)
        if signal is None or signal.kind != "choices":
            return None
        codes = {alike(text): code for code, label in signal.values.items() for text in (code, *label.values())}
        return signal.id, codes.get(alike(answer), "")

    def _hinted(self, header: str, of: str, since: bool, said: Sequence[str], period: str) -> Known | Message:
        signal = next((one for one in self.programme.signals if one.id == of), None)
        hints = Hints(since=since)
        if signal is None or since:
            return Known(of, hints)
        called = self.programme.writing.called.get(of, Called())
        if signal.kind == "money":
            return self._sum(header, signal, called, said, period)
        if signal.kind == "number":
            units = [unit for one in said if (unit := self.programme.writing.units.get(plain(one)))]
            own = header.strip() == of or (signal.unit not in ("months",) and not units)
            return Known(of, Hints(unit=units[0] if units else signal.unit if own else ""))
        words = {plain(part) for part in header.split("/")} if "/" in header else set()
        return Known(of, Hints(evidence=frozenset(f"word {word}" for word in words)))

    def _sum(self, header: str, signal: Signal, called: Called, said: Sequence[str], period: str) -> Known | Message:
        writing, factor = self.programme.writing, 1
        for one in said:
            words = plain(one)
            for word in (*writing.currency, *_IN):
                words = words.removeprefix(f"{word} ").removeprefix(f"{word}. ").strip()
            for known, name in writing.per.items():
                period = name if words in (known, known.removeprefix("/").removeprefix("per ")) else period
            factor = writing.times.get(
                words.removesuffix(" rupiah").removesuffix("an"), writing.times.get(words, factor)
            )
        if period and period != called.per:
            return Message("column_of_period", {"period": Named("period", period)})
        return Known(signal.id, Hints(factor=factor, ours=header.strip().casefold() == signal.id))


def zone_of(header: str) -> tzinfo | None:
    """The zone of a column's times, where it is known by its name."""
    return UTC if header.strip() in SURVEYED else None


def _longest(words: Iterable[str]) -> list[str]:
    return sorted(words, key=len, reverse=True)


@lru_cache(maxsize=8)
def names_of(programme: Programme) -> Names:
    """The names of a programme's columns: the ids, the labels in every language, and what people call them."""
    known: dict[str, tuple[str, bool]] = {}
    titles: dict[str, str] = {}
    signals = [signal for signal in programme.signals if not signal.derived]
    called = programme.writing.called
    own = [(signal.id, [signal.id, *signal.label.values()]) for signal in signals]
    own += [(of, [of, *({"name": ["nama"], "phone": ["telepon", "no_hp", "hp"]}.get(of, []))]) for of in OWN]
    for of, names in own:
        known |= {
            form: (of, False) for name in names for form in (alike(_BRACKETS.sub(" ", name)), alike(name)) if form
        }
    for of, names in [*own, *((of, list(one.names)) for of, one in called.items())]:
        known = {alike(name): (of, False) for name in names} | known
        titles = {plain(name): of for name in names} | titles
    for of, one in called.items():
        known |= {alike(name): (of, True) for name in one.since if alike(name) not in known}
        titles = {plain(name): of for name in (*one.since, *one.perhaps)} | titles
    return Names(programme, known, titles)


OWN: Final = ("participant", "as_of", "name", "nik", "phone")
"""The fields that a sheet may have in any programme, under these names."""


def columns_of(programme: Programme, headers: Sequence[str]) -> Columns:
    """What the columns of a sheet are. Of two that would be the same one is read only if it has our own name for it."""
    names = names_of(programme)
    known: dict[str, Known] = {}
    left_out: dict[str, Message] = {}
    by_of: dict[str, list[str]] = {}
    for header in dict.fromkeys(filter(None, headers)):
        found = names.find(header)
        if isinstance(found, Message):
            left_out[header] = found
        elif found is not None:
            known[header] = found
            by_of.setdefault(found.of, []).append(header)
    for of, several in by_of.items():
        exact = [header for header in several if header == of]
        for header in several if len(several) > 1 else ():
            if header not in exact:
                del known[header]
                left_out[header] = Message("column_also", {"other": next(one for one in several if one != header)})
    marks = _boxes(names, [header for header in headers if "/" in header and header not in known], by_of)
    for boxes in marks.values():
        left_out = {header: why for header, why in left_out.items() if header not in boxes}
    read = {header for boxes in marks.values() for header in boxes}
    headers = [header for header in headers if header not in read]
    near = _near(names, [header for header in headers if header and header not in known and header not in left_out])
    for header in headers:
        if header and header not in known and header not in left_out:
            code = "column_near" if header in near else "column_unknown"
            given = {"near": Named("column", near[header])} if header in near else {}
            left_out[header] = Message(code, given)
    return Columns(known, near, left_out, marks)


def _boxes(names: Names, headers: Sequence[str], read: Collection[str]) -> dict[str, dict[str, str]]:
    """Of each signal that no column answers as a whole, the columns that are its boxes; one of them at least is ours."""
    found: dict[str, dict[str, str]] = {}
    for header in headers:
        box = names.box(header)
        if box is not None and box[0] not in read:
            found.setdefault(box[0], {})[header] = box[1]
    return {of: boxes for of, boxes in found.items() if any(boxes.values())}


def _near(names: Names, headers: Sequence[str]) -> dict[str, str]:
    """What each strange name may be: the known name that is nearest, where one is near enough."""
    found = {}
    for header in list(dict.fromkeys(headers))[:MOST_NEAR]:
        words = plain(_BRACKETS.sub(" ", header))[:100]
        near = process.extractOne(words, names.titles.keys(), scorer=fuzz.token_sort_ratio, score_cutoff=NEAR)
        if near is not None:
            found[header] = names.titles[near[0]]
    return found
