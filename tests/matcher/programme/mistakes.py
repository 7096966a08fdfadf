"""Mistakes made in a copy of a programme, and what must be said of each: file, entry and remedy."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

import words.mistakes
from matcher.programme.loading import load_programme
from matcher.programme.reading import ProgrammeError
from tests.conftest import ROOT

WARMI = ROOT / "tests" / "programmes" / "warmi"


def change(folder: Path, file: str, old: str, new: str) -> None:
    """Write `new` in place of the first `old`."""
    path = folder / f"{file}.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def problems(folder: Path) -> list[words.mistakes.Mistake]:
    """What is said, in English, of a programme that does not load."""
    with pytest.raises(ProgrammeError) as caught:
        load_programme(folder)
    assert len(caught.value.problems) == len(str(caught.value).splitlines())
    return words.mistakes.mistakes(caught.value, "en")


class Mistake(NamedTuple):
    """What is changed where, and what of the entry, the message and the remedy must be said."""

    file: str
    old: str
    new: str
    entry: str
    what: str
    remedy: str


def assert_is_named(folder: Path, mistake: Mistake) -> None:
    """Make a mistake in a folder: it is named by file, entry and remedy."""
    change(folder, mistake.file, mistake.old, mistake.new)
    found = problems(folder)
    assert any(
        problem.file == f"{mistake.file}.toml"
        and mistake.entry in problem.entry
        and mistake.what in problem.what
        and mistake.remedy in problem.remedy
        for problem in found
    ), "\n".join(map(str, found))
    assert all(problem.what and problem.remedy for problem in found)
