"""Noting mistakes between entries: names that do not exist, entries that stand twice on the same days."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from matcher.message import Message
from matcher.programme.reading import Dated, ProgrammeProblem, did_you_mean


class Notes:
    """The mistakes found so far."""

    def __init__(self) -> None:
        self.problems: list[ProgrammeProblem] = []

    def note(self, file: str, entry: str, code: str, **args: Any) -> None:
        """Note a mistake in an entry of a file."""
        self.problems.append(ProgrammeProblem(f"{file}.toml", entry, Message(code, args)))

    def known(self, file: str, entry: str, key: str, name: str, among: Iterable[str]) -> bool:
        """Whether a name exists; if not, it is noted with what is near."""
        if name in (names := list(among)):
            return True
        hint = did_you_mean(name, names) or Message("choose_one_of", {"allowed": sorted(names)[:12]})
        self.note(file, entry, "name_unknown", key=key, name=name, hint=hint)
        return False

    def overlaps(self, file: str, entries: Sequence[Dated]) -> None:
        """Note every entry that stands twice on one day."""
        for place, one in enumerate(entries):
            for other in entries[place + 1 :]:
                if one.id == other.id and (one.valid_from or date.min) <= (other.valid_to or date.max):
                    if (other.valid_from or date.min) <= (one.valid_to or date.max):
                        self.note(file, one.id, "entry_twice")
