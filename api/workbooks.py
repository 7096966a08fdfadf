"""Workbooks: the rows of a worksheet that people made, with a title above, merged cells, totals below and all.

Read is the first sheet in sight that has a header, or the one that is named. What stands in a cell counts as it would in a
CSV of the same sheet; a cell that says nothing certain (an error, a formula without a result, a block of merged cells) is
a problem of its own row.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any, Final

from api.rows import MOST_COLUMNS, NOT_A_PERSON, FileProblem, Known, Row, Sheet, column_names, total_problem
from api.workbook_parts import BadCell, Block, Cell, Damaged, Extent, WorkbookParts, Worksheet, letters
from training_data.columns import CellProblem, as_text

WORKBOOKS: Final = (".xlsx", ".xlsm")
"""Of .xlsm too only the cells are read; its macros are never opened."""
HEADER_WITHIN: Final = 50
LEAST_NAMES: Final = 2
_NAMED_IN_REMEDY: Final = 8
_ADDS_ROWS = re.compile(
    r"(?:SUM|SUBTOTAL|AGGREGATE|AVERAGE|COUNTA?)\(.*?\$?[A-Z]{1,3}\$?([0-9]+):\$?[A-Z]{1,3}\$?([0-9]+)", re.I
)
WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "unstored": {
        "id": "Rumus ini belum punya hasil yang tersimpan. Buka filenya di Excel, lalu simpan sekali.",
        "en": "This formula has no stored result. Open the workbook and save it in Excel once.",
    },
    "error": {
        "id": "Sel ini galat. Betulkan rumusnya, atau kosongkan selnya bila jawabannya belum diketahui.",
        "en": "This cell is an error. Mend its formula, or empty the cell if the answer is not known.",
    },
    "digits": {
        "id": "Excel hanya menyimpan 15 angka dan mengganti sisanya dengan nol. Jadikan selnya Teks, lalu ketik ulang.",
        "en": "Excel keeps 15 digits of a number and turns the rest into zeros. Make the cell Text and type it again.",
    },
    "date": {
        "id": "Angka ini di luar tanggal yang dikenal Excel. Ketik ulang tanggalnya.",
        "en": "This number lies outside the dates that Excel knows. Type the date again.",
    },
    "merged": {
        "id": "Sel-sel ini digabung, jadi tidak pasti nilainya milik siapa. Pisahkan (Unmerge), lalu isi tiap selnya.",
        "en": "These cells are merged, so whose value it is is not certain. Unmerge them and fill in each.",
    },
}


@dataclass(frozen=True)
class Header:
    """Where a table's header stands: its row, the first row of data, and the name of each column ("" for none)."""

    row: int
    data: int
    names: tuple[str, ...]
    found: int


def open_workbook(path: Path, known: Known, timezone: str, name: str | None = None) -> Sheet:
    """Open an Excel workbook at the first sheet in sight that has a header, or at the sheet `name`.

    Raises:
        FileProblem: if it is no workbook, is too large or damaged, or no header with the known names is found.
    """
    parts = WorkbookParts(path)
    try:
        chosen, extent, header = _choose(parts, known, name)
        headers = column_names(path, header.names)
    except BaseException:
        parts.close()
        raise
    sheet = Sheet(headers, extent.rows, parts, seen=set(headers), name=chosen.name, header_row=header.row)
    sheet.hidden = tuple(one.name for one in parts.sheets if one.hidden and one != chosen)
    sheet.others = tuple(one.name for one in parts.sheets if not one.hidden and one != chosen)
    table = _Table(parts, chosen, header, frozenset(known), extent.merged)
    sheet.rows = table.rows(sheet)
    return sheet


# -- which sheet, and where its header is ------------------------------------------------------------------------------


def _choose(parts: WorkbookParts, known: Known, name: str | None) -> tuple[Worksheet, Extent, Header]:
    searched = []
    for sheet in _candidates(parts, name):
        extent = parts.extent(sheet)
        if not extent.rows:
            continue
        header = _find_header(parts, sheet, extent, known)
        if header is not None:
            return sheet, extent, header
        last = min(extent.last_row, HEADER_WITHIN)
        searched.append(f"A1:{letters(extent.last_column)}{last} of sheet {sheet.name!r}")
    if not searched:
        what = "its sheet is empty" if name else "it has no sheet in sight that holds anything"
        raise FileProblem(parts.name, what, "Write a header and one row for each person, or name a sheet with --sheet.")
    least = _least(known)
    names = list(known)
    more = f" and {len(names) - _NAMED_IN_REMEDY} more" if len(names) > _NAMED_IN_REMEDY else ""
    remedy = (
        f"Write the names of the columns in one row, at least {least} of: {', '.join(names[:_NAMED_IN_REMEDY])}{more}. "
        "Or name a column map with --columns, or another sheet with --sheet."
    )
    raise FileProblem(parts.name, f"no header is found in {' or '.join(searched)}", remedy)


def _candidates(parts: WorkbookParts, name: str | None) -> Sequence[Worksheet]:
    if name is None:
        return [sheet for sheet in parts.sheets if not sheet.hidden]
    exact = [sheet for sheet in parts.sheets if sheet.name == name]
    found = exact or [sheet for sheet in parts.sheets if sheet.name.strip().casefold() == name.strip().casefold()]
    if not found:
        names = ", ".join(repr(sheet.name) for sheet in parts.sheets) or "none"
        raise FileProblem(parts.name, f"it has no sheet {name!r}", f"Name one of its sheets: {names}.")
    return found[:1]


def _least(known: Known) -> int:
    return min(LEAST_NAMES, len(set(known)))


def _find_header(parts: WorkbookParts, sheet: Worksheet, extent: Extent, known: Known) -> Header | None:
    """The first of the rows in which most known names stand. A cell merged downwards names its column in all its rows."""
    top: dict[tuple[int, int], str] = {}
    last = min(extent.last_row, HEADER_WITHIN)
    for number, cells in takewhile(lambda row: row[0] <= last, parts.rows(sheet)):
        with parts.damage():
            top |= {(number, cell.column): _name(parts.value(cell), known) for cell in cells}
    upright = [found for found in extent.merged if found.left == found.right and found.top <= last]
    for found in upright:
        for row in range(found.top + 1, min(found.bottom, last) + 1):
            top[row, found.left] = top.get((found.top, found.left), "")
    by_row: dict[int, dict[int, str]] = {}
    for (row, column), name in sorted(top.items()):
        by_row.setdefault(row, {})[column] = name
    best: tuple[int, int] = (0, 0)
    for row, names in by_row.items():
        best = max(best, (sum(name in known for name in set(names.values())), -row))
    matches, row = best[0], -best[1]
    if matches < _least(known):
        return None
    names = by_row[row]
    data = max([row, *(one.bottom for one in upright if one.top <= row <= one.bottom and names[one.left] in known)]) + 1
    _check_twice(parts.name, row, names)
    return Header(row, data, tuple(names.get(column, "") for column in range(1, extent.last_column + 1)), matches)


def _name(value: Any, known: Known) -> str:
    """A cell of a header: one line, without blanks around it."""
    text = as_text(value.shown if isinstance(value, BadCell) else value) or ""
    return text if text in known else " ".join(text.split())


def _check_twice(file: str, row: int, names: Mapping[int, str]) -> None:
    for name, times in Counter(filter(None, names.values())).items():
        if times > 1:
            where = ", ".join(f"{letters(column)}{row}" for column, other in names.items() if other == name)
            what = f"the header names {name!r} more than once ({where})"
            raise FileProblem(file, what, "Give every column a name of its own, or take one of them out.")


# -- its rows ----------------------------------------------------------------------------------------------------------


class _Table:
    """The rows below a header."""

    def __init__(
        self, parts: WorkbookParts, sheet: Worksheet, header: Header, known: frozenset[str], merged: Sequence[Block]
    ) -> None:
        self.parts, self.sheet, self.header, self.known = parts, sheet, header, known
        self.names = dict(enumerate(header.names, 1))
        self.letters = {name: letters(column) for column, name in self.names.items() if name}
        self.merged = sorted((one for one in merged if self._doubtful(one)), key=lambda one: one.top, reverse=True)
        self.open: list[Block] = []

    def _doubtful(self, one: Block) -> bool:
        """Whether a block of merged cells may belong to several people or columns that are read."""
        read = sum(self.names.get(column, "") in self.known for column in range(one.left, one.right + 1))
        return one.bottom >= self.header.data and read > 0 and (read > 1 or one.bottom > one.top)

    def rows(self, sheet: Sheet) -> Iterator[Row]:
        number, before = 0, self.header.data - 1
        for line, cells in self.parts.rows(self.sheet):
            if line < self.header.data:
                continue
            with self.parts.damage():
                values = {cell.column: self.parts.value(cell) for cell in cells}
                merged = self._merged_at(line)
            if all(value is None or (isinstance(value, str) and not value.strip()) for value in values.values()):
                continue
            number += 1
            sheet.blank += line - before - 1
            before = line
            sheet.unnamed |= {
                letters(column): None
                for column, value in values.items()
                if not self.names.get(column) and value not in (None, "")
            }
            yield self._row(number, line, cells, values, merged)

    def _row(
        self, number: int, line: int, cells: Sequence[Cell], values: Mapping[int, Any], merged: Sequence[Block]
    ) -> Row:
        total = self._total(cells, values)
        if total is not None:
            return Row(number, line, {}, (total,), self.letters)
        found: dict[str, Any] = {name: None for name in self.letters}
        problems = []
        for column, value in values.items():
            name = self.names.get(column, "")
            if isinstance(value, BadCell):
                if name in self.known:
                    problems.append(CellProblem(name, value.shown, WORDS[value.why]))
            elif name:
                found[name] = value
        for one in merged:
            names = [self.names[column] for column in range(one.left, one.right + 1) if column in self.names]
            problems += [CellProblem(name, str(one), WORDS["merged"]) for name in names if name in self.known]
        return Row(number, line, found, tuple(problems), self.letters)

    def _total(self, cells: Sequence[Cell], values: Mapping[int, Any]) -> CellProblem | None:
        columns = sorted(values)
        said = total_problem([self.names.get(c, "") for c in columns], [values[c] for c in columns])
        if said is not None:
            return said
        for cell in cells:
            adds = _ADDS_ROWS.match(cell.formula or "")
            if adds and adds[1] != adds[2] and self.names.get(cell.column) in self.known:
                return CellProblem(self.names[cell.column], f"={cell.formula}", NOT_A_PERSON)
        return None

    def _merged_at(self, line: int) -> list[Block]:
        while self.merged and self.merged[-1].top <= line:
            self.open.append(self.merged.pop())
        self.open = [one for one in self.open if one.bottom >= line]
        if len(self.open) > MOST_COLUMNS:
            raise Damaged("blocks of merged cells lie on one another")
        return self.open
