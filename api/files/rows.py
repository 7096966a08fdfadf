"""Rows: what every kind of sheet gives, and the problem of a file that gives none."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from api.files.sources import Source
from matcher.message import Message
from matcher.programme.writing import alike
from training_data.columns import CellProblem
from words.speaking import speaker

LONGEST_LINE: Final = 1_000_000
MOST_COLUMNS: Final = 2_000
NOT_A_PERSON: Final = Message("row_adds_up")
TOTALS: Final = frozenset(("total", "jumlah", "subtotal", "rata rata", "grand total", "sub total", "average", "sum"))
"""With what the first cell of a row begins that adds up the rows above it."""


class FileProblem(Exception):
    """A file that cannot be used: its name, and what is wrong as a message. As a string it is in English.

    What is wrong begins small and ends without a full stop: the file's name stands before it.
    """

    def __init__(self, path: Path | str | Message, code: str, **given: Any) -> None:
        self.path, self.message = path, Message(code, given)
        super().__init__(self.said("en"))

    @property
    def code(self) -> str:
        """What is wrong, as a code."""
        return self.message.code

    def said(self, language: str) -> str:
        """The file's name, what is wrong with it and what to do about it."""
        says = speaker(language)
        what, remedy = says.say(self.message).rstrip("."), says.remedy(self.message)
        return says.sentence("", "file_problem", path=self.path, what=what, remedy=remedy)


def first_line(error: object) -> str:
    """What another program says is wrong, on one short line."""
    return str(error).strip().partition("\n")[0].rstrip(".")[:200]


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its number (from 1, the header not counted), its line in the file, its cells, and what is wrong with it.

    `line` is the line of a text file or the row of a worksheet. `letters`: in a workbook, the letters of each column.
    """

    number: int
    line: int | None
    cells: Mapping[str, Any]
    problems: tuple[CellProblem, ...] = ()
    letters: Mapping[str, str] = field(default_factory=dict)

    def address(self, column: str) -> str:
        """The cells of a column, or of several joined with ', ', as a spreadsheet names them: D17. "" in other files."""
        names = [column] if column in self.letters else column.split(", ")
        return ", ".join(f"{self.letters[name]}{self.line}" for name in names if name in self.letters)


@dataclass
class Sheet:
    """An open file, to be closed. `headers` None: every row names its own. `size`: about how many rows there are.

    `seen` and `blank` fill while the rows are read: the names that rows used, and how many rows were blank. `twice`: names
    that stand twice and are not read. `written`: how a text is written that is no UTF-8, with a word of it. Of a workbook
    also: the sheet's name and the row of its header, the other sheets, the hidden ones, and (filling too) the letters of
    columns that hold something under no name.
    """

    headers: tuple[str, ...] | None
    size: int
    handle: Any
    rows: Iterator[Row] = field(default_factory=lambda: iter(()))
    seen: set[str] = field(default_factory=set)
    blank: int = 0
    name: str = ""
    header_row: int = 1
    others: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    unnamed: dict[str, None] = field(default_factory=dict)
    twice: tuple[str, ...] = ()
    written: tuple[str, ...] = ()

    def __enter__(self) -> Sheet:
        return self

    def __exit__(self, *_: object) -> None:
        self.handle.close()


Known = Collection[str]
"""Names that a header may well have: signals, or the columns of a map. They tell a comma file from a semicolon file."""
_BRACKETS: Final = re.compile(r"[(\[{][^()\[\]{}]*[)\]}]")


def knower(known: Known) -> Callable[[str], bool]:
    """Whether a name is one of the known ones, whatever its capitals, blanks and marks, and what stands in brackets."""
    exact, forms = frozenset(known), {alike(name) for name in known} - {""}
    return lambda name: name in exact or alike(name) in forms or alike(_BRACKETS.sub(" ", name)) in forms


def column_names(source: Source, names: Sequence[str], known: Known) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names in a header, without blanks around them, and those that stand twice and are not read; "" is a column without
    a name, and so are the latter.

    Raises:
        FileProblem: if there are far too many, none, or a name that is read stands twice.
    """
    headers = tuple(name.strip() for name in names)
    if len(headers) > MOST_COLUMNS:
        raise FileProblem(source.name, "too_many_columns", count=len(headers), most=MOST_COLUMNS)
    twice = [name for name, times in Counter(headers).items() if name and times > 1]
    is_known = knower(known) if twice else bool
    if read := [name for name in twice if is_known(name)]:
        raise FileProblem(source.name, "column_twice", names=", ".join(map(repr, read)))
    if not any(headers):
        raise FileProblem(source.name, "empty_header")
    return tuple("" if name in twice else name for name in headers), tuple(twice)


def total_problem(headers: Sequence[str], cells: Sequence[Any]) -> CellProblem | None:
    """The problem of a row that is nobody: its first cell with something says that it adds up, or it numbers the columns."""
    said = [cell.strip() if isinstance(cell, str) else cell for cell in cells]
    first = next((place for place, cell in enumerate(said) if cell is not None and cell != ""), None)
    if first is None or not isinstance(said[first], str):
        return None
    words = said[first].casefold().replace("-", " ").rstrip(" :.=").split()
    adds = bool(words) and (words[0] in TOTALS or " ".join(words[:2]) in TOTALS)
    filled = [cell for cell in said if cell is not None and cell != ""]
    numbers = len(filled) > 2 and filled == [f"({number})" for number in range(1, len(filled) + 1)]
    if adds or numbers:
        return CellProblem(headers[first] if first < len(headers) else "", said[first], NOT_A_PERSON)
    return None
