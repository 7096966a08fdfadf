"""Workbooks: the rows of a worksheet that people made, with a title above, merged cells, totals below and all.

Read is the first sheet in sight that has a header, or the one that is named. What stands in a cell counts as it would in a
CSV of the same sheet; a cell that says nothing certain (an error, a formula without a result, a block of merged cells) is
a problem of its own row.
"""

from __future__ import annotations

import re
import unicodedata
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from operator import itemgetter
from typing import Any, Final

from api.files.rows import (
    LONGEST_LINE,
    MOST_COLUMNS,
    NOT_A_PERSON,
    FileProblem,
    Known,
    Row,
    Sheet,
    column_names,
    knower,
    total_problem,
)
from api.files.sources import Source, opened
from api.files.workbook_check import check_workbook, damaged
from matcher.message import Message
from training_data.columns import CellProblem, as_text

WORKBOOKS: Final = (".xlsx", ".xlsm")
"""Of .xlsm too only the cells are read; its macros are never opened."""
HEADER_WITHIN: Final = 50
LARGEST_EXACT: Final = 10**15
"""Excel keeps 15 digits of a number and turns the rest into zeros without a word."""
LEAST_NAMES: Final = 2
_NAMED_IN_REMEDY: Final = 8
_NOT_SHOWN: Final = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]|_.|\*.')
_ADDS_ROWS = re.compile(
    r"(?:SUM|SUBTOTAL|AGGREGATE|AVERAGE|COUNTA?)\(.*?\$?[A-Z]{1,3}\$?([0-9]+):\$?[A-Z]{1,3}\$?([0-9]+)", re.I
)
WHY: Final = ("unstored", "error", "digits", "date")
"""Why the value of a cell cannot be had; the message of each is cell_..."""


@dataclass(frozen=True, slots=True)
class BadCell:
    """A cell whose value cannot be had: why (one of WHY), and what it shows."""

    why: str
    shown: Any


@dataclass(frozen=True)
class Header:
    """Where a table's header stands: its row, the first row of data, and the name of each column ("" for none)."""

    row: int
    data: int
    names: tuple[str, ...]


@dataclass(frozen=True)
class Grid:
    """What a sheet holds: by row and column its values and its formulas, and its blocks of merged cells."""

    values: Mapping[int, Mapping[int, Any]]
    formulas: Mapping[tuple[int, int], str]
    merged: Sequence[Any]

    @property
    def last_column(self) -> int:
        return max(max(row) for row in self.values.values())


def open_workbook(
    source: Source, known: Known, timezone: str, name: str | None = None, *, bounded: bool = False
) -> Sheet:
    """Open an Excel workbook at the first sheet in sight that has a header, or at the sheet `name`.

    `bounded`: refuse one of more rows and cells than a stranger may send.

    Raises:
        FileProblem: if it is no workbook, is too large or damaged, or no header with the known names is found.
    """
    may_have_formulas = check_workbook(source, bounded)
    book = _load(source, data_only=True)
    formulas = _load(source, data_only=False) if may_have_formulas else None
    chosen, grid, header = _choose(source.name, book.worksheets, formulas, known, name)
    headers, twice = column_names(source, header.names, known)
    header = replace(header, names=headers)
    sheet = Sheet(
        headers, len(grid.values), book, seen=set(headers), name=chosen.title, header_row=header.row, twice=twice
    )
    others = [one for one in book.worksheets if one is not chosen]
    sheet.hidden = tuple(one.title for one in others if one.sheet_state != "visible")
    sheet.others = tuple(one.title for one in others if one.sheet_state == "visible")
    sheet.rows = _Table(grid, header, known).rows(sheet)
    return sheet


# -- cells -------------------------------------------------------------------------------------------------------------


def _load(source: Source, data_only: bool) -> Any:
    from openpyxl import load_workbook

    with opened(source) as handle, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of formats and extensions that it leaves out
        try:
            return load_workbook(handle, data_only=data_only, keep_links=False)
        except Exception as error:  # a damaged file can make it raise almost anything
            raise damaged(source.name, error.__cause__ or error) from None


def _grid(file: str, sheet: Any, formulas: Any) -> Grid:
    """What a sheet holds. Only the cells that are there are visited: openpyxl's own rows fill every gap with new cells."""
    found = {}
    if formulas is not None:
        for place, cell in formulas[sheet.title]._cells.items():
            if cell.data_type == "f":
                found[place] = str(getattr(cell.value, "text", cell.value)).removeprefix("=")
    rows: dict[int, dict[int, Any]] = {}
    for (row, column), cell in sorted(sheet._cells.items(), key=itemgetter(0)):
        value = _value(cell, found.get((row, column)))
        if value is None:
            continue
        if column > MOST_COLUMNS:
            raise FileProblem(file, "far_column", cell=cell.coordinate, sheet=sheet.title, most=MOST_COLUMNS)
        if isinstance(value, str) and len(value) > LONGEST_LINE:
            raise FileProblem(file, "long_text", length=len(value))
        rows.setdefault(row, {})[column] = value
    return Grid(rows, found, list(sheet.merged_cells.ranges))


def _value(cell: Any, formula: str | None) -> Any:
    """What a cell holds, as the same cell of a CSV would be read: text, number, yes or no, date; None is empty."""
    value, kind = cell.value, cell.data_type
    if value is None:
        if formula is None:
            return None
        return "" if kind == "str" else BadCell("unstored", f"={formula}")
    if kind == "e":
        return BadCell("date" if value == "#VALUE!" and _is_date(cell) else "error", value)
    if isinstance(value, bool) or kind == "b":
        return value
    if isinstance(value, str):
        return _unescaped(value)
    if isinstance(value, int | float):
        return _number(value, cell.number_format)
    if isinstance(value, datetime):
        if value < cell.base_date:
            return BadCell("date", value.isoformat())
        return value.date() if value.time() == time() else value
    return value if isinstance(value, date) else str(value)


def _is_date(cell: Any) -> bool:
    from openpyxl.styles.numbers import is_date_format

    return bool(is_date_format(cell.number_format))


def _unescaped(text: str) -> str:
    from openpyxl.utils.escape import unescape

    return str(unescape(text)) if "_x" in text else text


def _number(number: float, code: str) -> Any:
    if "%" in code and "%" in _NOT_SHOWN.sub("", code):
        return f"{round(number * 100, 10):.10g}%"
    if abs(number) >= LARGEST_EXACT:
        return BadCell("digits", str(number))
    if not float(number).is_integer():
        return number
    if number >= 0 and len(code) > 1 and not code.strip("0"):
        return f"{int(number):0{len(code)}}"  # 007 is how the sheet shows it, and how a CSV would have it
    return int(number)


def _letters(column: int) -> str:
    from openpyxl.utils import get_column_letter

    return str(get_column_letter(column))


# -- which sheet, and where its header is ------------------------------------------------------------------------------


def _choose(
    file: str, sheets: Sequence[Any], formulas: Any, known: Known, name: str | None
) -> tuple[Any, Grid, Header]:
    searched = []
    for sheet in _candidates(file, sheets, name):
        grid = _grid(file, sheet, formulas)
        if not grid.values:
            continue
        header = _find_header(file, grid, known)
        if header is not None:
            return sheet, grid, header
        last = min(max(grid.values), HEADER_WITHIN)
        searched.append((f"A1:{_letters(grid.last_column)}{last}", sheet.title))
    if not searched and name:
        raise FileProblem(file, "empty_sheet")
    if not searched:
        raise FileProblem(file, "empty_sheets")
    where = [Message("block_of_sheet", {"block": block, "sheet": title}) for block, title in searched]
    raise FileProblem(file, "no_header", where=where, least=_least(known), names=_first_names(list(known)))


def _first_names(names: Sequence[str]) -> str | Message:
    """The first of the names that a header may have, and how many more there are."""
    first, more = ", ".join(names[:_NAMED_IN_REMEDY]), len(names) - _NAMED_IN_REMEDY
    return Message("names_and_more", {"names": first, "count": more}) if more > 0 else first


def _alike(name: str) -> str:
    """A sheet's name as somebody may write it: small or capital, an accent as one letter with its mark or as two."""
    return unicodedata.normalize("NFC", name).strip().casefold()


def _candidates(file: str, sheets: Sequence[Any], name: str | None) -> Sequence[Any]:
    if name is None:
        return [sheet for sheet in sheets if sheet.sheet_state == "visible"]
    exact = [sheet for sheet in sheets if sheet.title == name]
    found = exact or [sheet for sheet in sheets if _alike(sheet.title) == _alike(name)]
    if not found:
        names = ", ".join(repr(sheet.title) for sheet in sheets) or Message("none")
        raise FileProblem(file, "no_such_sheet", name=name, names=names)
    return found[:1]


def _least(known: Known) -> int:
    return min(LEAST_NAMES, len(set(known)))


def _find_header(file: str, grid: Grid, known: Known) -> Header | None:
    """The first of the rows in which most known names stand. A cell merged downwards names its column in all its rows."""
    is_known = knower(known)
    by_row: dict[int, dict[int, str]] = {}
    for row, cells in grid.values.items():
        if row <= HEADER_WITHIN:
            by_row[row] = {column: _name(value, known) for column, value in cells.items()}
    upright = [one for one in grid.merged if one.min_col == one.max_col and one.min_row <= HEADER_WITHIN]
    for one in upright:
        name = by_row.get(one.min_row, {}).get(one.min_col, "")
        for row in range(one.min_row + 1, min(one.max_row, HEADER_WITHIN, max(grid.values)) + 1):
            by_row.setdefault(row, {})[one.min_col] = name
    best: tuple[int, int] = (0, 0)
    for row, names in by_row.items():
        best = max(best, (sum(is_known(name) for name in set(names.values())), -row))
    matches, row = best[0], -best[1]
    if matches < _least(known):
        return None
    names = dict(sorted(by_row[row].items()))
    below = [one.max_row for one in upright if one.min_row <= row <= one.max_row and is_known(names[one.min_col])]
    _check_twice(file, row, {column: name for column, name in names.items() if is_known(name)})
    return Header(row, max([row, *below]) + 1, tuple(names.get(n, "") for n in range(1, grid.last_column + 1)))


def _name(value: Any, known: Known) -> str:
    """A cell of a header: one line, without blanks around it."""
    text = as_text(value.shown if isinstance(value, BadCell) else value) or ""
    return text if text in known else " ".join(text.split())


def _check_twice(file: str, row: int, names: Mapping[int, str]) -> None:
    for name, times in Counter(filter(None, names.values())).items():
        if times > 1:
            where = ", ".join(f"{_letters(column)}{row}" for column, other in names.items() if other == name)
            raise FileProblem(file, "column_twice_at", name=name, where=where)


# -- its rows ----------------------------------------------------------------------------------------------------------


class _Table:
    """The rows below a header."""

    def __init__(self, grid: Grid, header: Header, known: Known) -> None:
        is_known = knower(known)
        self.grid, self.header = grid, header
        self.known = frozenset(name for name in header.names if is_known(name))
        self.names = dict(enumerate(header.names, 1))
        self.letters = {name: _letters(column) for column, name in self.names.items() if name}
        doubtful = [one for one in grid.merged if self._doubtful(one)]
        self.merged = sorted(doubtful, key=lambda one: (one.min_row, one.min_col), reverse=True)
        self.open: list[Any] = []

    def _doubtful(self, one: Any) -> bool:
        """Whether a block of merged cells may belong to several people or columns that are read."""
        read = sum(self.names.get(column, "") in self.known for column in range(one.min_col, one.max_col + 1))
        return one.max_row >= self.header.data and read > 0 and (read > 1 or one.max_row > one.min_row)

    def rows(self, sheet: Sheet) -> Iterator[Row]:
        number, before = 0, self.header.data - 1
        for line, values in self.grid.values.items():
            if line < self.header.data:
                continue
            merged = self._merged_at(line)
            if all(isinstance(value, str) and not value.strip() for value in values.values()):
                continue
            number += 1
            sheet.blank += line - before - 1
            before = line
            sheet.unnamed |= {
                _letters(column): None for column, value in values.items() if not self.names.get(column) and value != ""
            }
            yield self._row(number, line, values, merged)

    def _row(self, number: int, line: int, values: Mapping[int, Any], merged: Sequence[Any]) -> Row:
        total = self._total(line, values)
        if total is not None:
            return Row(number, line, {}, (total,), self.letters)
        found: dict[str, Any] = {name: None for name in self.letters}
        problems = []
        for column, value in values.items():
            name = self.names.get(column, "")
            if isinstance(value, BadCell):
                if name in self.known:
                    problems.append(CellProblem(name, value.shown, Message(f"cell_{value.why}")))
            elif name:
                found[name] = value
        for one in merged:
            names = [self.names[column] for column in range(one.min_col, one.max_col + 1) if column in self.names]
            problems += [CellProblem(name, one.coord, Message("cell_merged")) for name in names if name in self.known]
        return Row(number, line, found, tuple(problems), self.letters)

    def _total(self, line: int, values: Mapping[int, Any]) -> CellProblem | None:
        said = total_problem([self.names.get(column, "") for column in values], list(values.values()))
        if said is not None:
            return said
        for column in values:
            formula = self.grid.formulas.get((line, column), "")
            adds = _ADDS_ROWS.match(formula)
            if adds and adds[1] != adds[2] and self.names.get(column) in self.known:
                return CellProblem(self.names[column], f"={formula}", NOT_A_PERSON)
        return None

    def _merged_at(self, line: int) -> list[Any]:
        while self.merged and self.merged[-1].min_row <= line:
            self.open.append(self.merged.pop())
        self.open = [one for one in self.open if one.max_row >= line]
        return self.open
