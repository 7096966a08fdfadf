"""Reading a programme's TOML entries: every value is checked, every problem gathered with file, entry and remedy."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from matcher.message import Message
from matcher.programme.criteria import Criterion

Text = Mapping[str, str]
Source = Mapping[str, Any]

SIGNAL_OPERATORS = ("is", "is_not", "one_of", "at_least", "at_most", "includes", "excludes", "within_days", "passed")
_KINDS: dict[type, str] = {
    bool: "boolean",
    int: "integer",
    float: "float",
    str: "string",
    list: "array",
    dict: "table",
    date: "date",
}
TIER_RULES: Final[Mapping[str, tuple[str, ...]]] = {
    "product_in_reach": ("min_amount_idr", "max_days", "kinds"),
    "capacity_above": (),
    "intervention_open": ("kinds", "after"),
}
"""The rules that only a tier may state, with the settings of each; all of them are needed but `after`."""


@dataclass(frozen=True, kw_only=True)
class Dated:
    """An entry: an id, the days on which it stands, and where it comes from."""

    id: str
    valid_from: date | None = None
    valid_to: date | None = None
    source: tuple[Source, ...] = ()
    our_choice: Text | None = None

    def holds_on(self, day: date) -> bool:
        """Whether this entry stands on that day."""
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_to is None or day <= self.valid_to)


@dataclass(frozen=True, slots=True)
class ProgrammeProblem:
    """One mistake in a programme: where it stands, and what is wrong. `words.mistakes` says it, with what to do.

    What the file holds is an argument as it was read, so that it can be quoted as it stands there.
    """

    file: str
    entry: str | Message
    message: Message

    def __str__(self) -> str:
        return f"{self.file}: {self.entry}: {self.message}"


class ProgrammeError(Exception):
    """A programme that cannot be loaded; `problems` names every mistake found."""

    def __init__(self, problems: Iterable[ProgrammeProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class Entry:
    """One TOML table being read: `take` hands out checked values, `close` reports what nobody asked for."""

    def __init__(self, table: Mapping[str, Any], file: str, name: str, problems: list[ProgrammeProblem]) -> None:
        self.table, self.file, self.name, self.problems = table, file, name, problems
        self.known: set[str] = set()

    def problem(self, code: str, **args: Any) -> None:
        """Note a mistake in this entry."""
        self.problems.append(ProgrammeProblem(self.file, self.name, Message(code, args)))

    def take(self, key: str, kind: type | tuple[type, ...], default: Any = None, *, required: bool = False) -> Any:
        """Return the value of `key` if it is of that kind, else note a problem and return the default."""
        self.known.add(key)
        if key not in self.table:
            if required:
                self.problem("key_missing", key=key)
            return default
        value = self.table[key]
        kinds = kind if isinstance(kind, tuple) else (kind,)
        wrong = (isinstance(value, bool) and bool not in kinds) or isinstance(value, datetime)
        if wrong or not isinstance(value, kinds):
            self.problem("key_kind", key=key, value=value, kinds=tuple(_KINDS[k] for k in kinds))
            return default
        return value

    def choice(self, key: str, allowed: Iterable[str], default: str = "", *, required: bool = False) -> str:
        """Return a text that must be one of `allowed`."""
        value = self.take(key, str, default, required=required)
        allowed = tuple(allowed)
        if value != default and value not in allowed:
            hint = did_you_mean(value, allowed)
            self.problem("key_choice", key=key, value=value, allowed=allowed, hint=hint)
            return default
        return str(value)

    def text(self, key: str, languages: Iterable[str], *, required: bool = True) -> Text:
        """Return a text in every language of the programme."""
        value = self.take(key, dict, required=required)
        if value is None:
            return {}
        return self.check_text(key, value, languages)

    def check_text(self, key: str, value: Any, languages: Iterable[str]) -> Text:
        """Return `value` if it says something in every language, and nothing else."""
        if not isinstance(value, dict):
            self.problem("text_no_table", key=key, value=value)
            return {}
        for language in languages:
            if not isinstance(value.get(language), str) or not value[language].strip():
                self.problem("text_missing", key=key, language=language)
        for extra in sorted(set(value) - set(languages)):
            self.problem("text_language", key=key, language=extra)
        return dict(value)

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of plain strings."""
        values = self.take(key, list, [])
        for value in values:
            if not isinstance(value, str):
                self.problem("list_no_texts", key=key, value=value)
        return tuple(value for value in values if isinstance(value, str))

    def tables(self, key: str) -> list[Entry]:
        """Return a list of inline tables, each as an entry of its own."""
        found = []
        for number, value in enumerate(self.take(key, list, []), 1):
            if isinstance(value, dict):
                found.append(Entry(value, self.file, f"{self.name} {key} {number}", self.problems))
            else:
                self.problem("list_no_tables", key=key, value=value)
        return found

    def table_of(self, key: str, *, required: bool = False) -> Entry | None:
        """Return one inner table as an entry of its own, or None."""
        value = self.take(key, dict, required=required)
        return None if value is None else Entry(value, self.file, f"{self.name} {key}", self.problems)

    def dates(self) -> tuple[date | None, date | None]:
        """Return (valid_from, valid_to), which must be in order."""
        start, end = self.take("valid_from", date), self.take("valid_to", date)
        if start and end and end < start:
            self.problem("dates_reversed", start=start, end=end)
        return start, end

    def origin(self, languages: Iterable[str]) -> tuple[tuple[Source, ...], Text | None]:
        """Return (source, our_choice); an entry must have one of them."""
        source, choice = self.sources(), self.take("our_choice", dict)
        if choice is not None:
            choice = self.check_text("our_choice", choice, languages)
        if not source and choice is None:
            self.problem("origin_missing")
        return source, choice

    def sources(self) -> tuple[Source, ...]:
        """Return the sources, each with an address and a date."""
        sources = []
        for source in self.tables("source"):
            url, day = source.take("url", str, required=True), source.take("date", date, required=True)
            note = source.take("note", str, "")
            source.close()
            if url is not None and not url.startswith(("https://", "http://")):
                source.problem("source_url", value=url)
            sources.append({"url": url, "date": day, "note": note})
        return tuple(sources)

    def criteria(self, key: str, languages: Iterable[str], extra: Iterable[str] = ()) -> tuple[Criterion, ...]:
        """Return a list of criteria; `extra` names rules that only stand here."""
        return tuple(c for c in (self._criterion(part, languages, extra) for part in self.tables(key)) if c)

    def criterion(self, key: str, languages: Iterable[str]) -> Criterion | None:
        """Return one criterion or None."""
        inner = self.table_of(key)
        return None if inner is None else self._criterion(inner, languages, ())

    def _criterion(self, part: Entry, languages: Iterable[str], extra: Iterable[str]) -> Criterion | None:
        start, end = part.dates()
        text = part.take("text", dict)
        common: dict[str, Any] = {
            "unknown_meets": part.choice("unknown", ("meets",)) == "meets",
            "text": None if text is None else part.check_text("text", text, languages),
            "valid_from": start,
            "valid_to": end,
            "source": part.sources(),
        }
        kinds = [k for k in ("signal", "step", "any", "all", *extra) if k in part.table]
        if len(kinds) != 1:
            part.problem("criterion_none")
            return None
        kind = kinds[0]
        if kind in ("any", "all"):
            parts = part.criteria(kind, languages, extra)
            part.close()
            if not parts:
                part.problem("criterion_empty", key=kind)
            return Criterion(kind, parts=parts, **common)
        if kind in extra:
            value = part.take(kind, (dict, int))
            part.close()
            return Criterion(kind, value=value, **common)
        signal = part.take(kind, str, "")
        if kind == "step":
            part.close()
            return Criterion("step", signal=signal, **common)
        ops = [op for op in SIGNAL_OPERATORS if op in part.table]
        if len(ops) != 1:
            part.problem("criterion_operator", signal=signal, allowed=SIGNAL_OPERATORS)
            return None
        value = part.take(ops[0], (bool, int, str, list))
        part.close()
        return None if value is None else Criterion("signal", signal, ops[0], value, **common)

    def close(self) -> None:
        """Report every key that nobody asked for."""
        for key in self.table:
            if key not in self.known:
                self.problem("key_stray", key=key, hint=did_you_mean(key, self.known))


def did_you_mean(word: str, words: Iterable[str], most: int = 1, cutoff: float = 0.6) -> Message | None:
    """The question whether one of those words was meant that are nearest to it; None if none is near."""
    near = difflib.get_close_matches(word, list(words), most, cutoff)
    return Message("did_you_mean", {"near": near}) if near else None
