"""Writing: how people of a country write down what is asked, and what they call the columns of their sheets. Data, no rule.

It is the file `writing.toml` of a programme's folder, which may be left out. It says how texts are read and never what they
mean for anybody, so it is no part of the programme's digest: what was read is kept as values.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

_BLANKS: Final = {ord(mark): " " for mark in "\u00a0\u2002\u2003\u2007\u2009\u202f\u3000\t\n\r"}
_MINUS: Final = {ord(mark): "-" for mark in "\u2010\u2011\u2012\u2013\u2014\u2212\ufe63\uff0d"}
_DIGITS: Final = {0xFF10 + digit: str(digit) for digit in range(10)}
_DROPPED: Final = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\ufe0e\ufe0f"))
_MARKS: Final = _BLANKS | _MINUS | _DIGITS | _DROPPED


def plain(text: str) -> str:
    """A text as it is compared: small letters, single blanks, one kind of minus and digits, no stop or colon at its end."""
    words = " ".join(unicodedata.normalize("NFC", text).translate(_MARKS).casefold().split())
    return words.rstrip(".:;!") or words


def alike(text: str) -> str:
    """A name as it is compared: its letters and digits alone, without accents and in small letters."""
    apart = unicodedata.normalize("NFKD", text).casefold()
    return "".join(mark for mark in apart if mark.isalnum())


@dataclass(frozen=True, kw_only=True)
class Called:
    """What a signal or a field is called: its names, those that it may have (proposed, never taken), those of columns that
    say since when, and words for its answers.

    `per`: the period that a sum is of, "" where it is of none. `since` counts from a day to the day asked.
    `words`: of each answer (a code, or yes and no) how else it is written. `beside`: (word, other word, answer) where a word
    has a meaning only beside another one of its column: P is a woman beside L, and a man beside W.
    """

    names: tuple[str, ...] = ()
    perhaps: tuple[str, ...] = ()
    since: tuple[str, ...] = ()
    per: str = ""
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    beside: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Place:
    """A city: the beginning of the codes of a signal's places that lie in it, and what it is called."""

    signal: str
    prefix: str
    names: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Writing:
    """How people write. Texts are as `plain` gives them; `months` and `days` are spellings beside those that Babel knows."""

    language: str = "en"
    languages: tuple[str, ...] = ("en",)
    currency: frozenset[str] = frozenset()
    minus: frozenset[str] = frozenset()
    about: frozenset[str] = frozenset()
    times: Mapping[str, int] = field(default_factory=dict)
    open_times: frozenset[str] = frozenset()
    units: Mapping[str, str] = field(default_factory=dict)
    per: Mapping[str, str] = field(default_factory=dict)
    months: Mapping[str, int] = field(default_factory=dict)
    since: frozenset[str] = frozenset()
    yes: frozenset[str] = frozenset()
    no: frozenset[str] = frozenset()
    unknown: frozenset[str] = frozenset()
    nothing: frozenset[str] = frozenset()
    perhaps: frozenset[str] = frozenset()
    called: Mapping[str, Called] = field(default_factory=dict)
    places: tuple[Place, ...] = ()
