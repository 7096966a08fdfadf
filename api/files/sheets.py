"""Sheets: the rows of a CSV, JSON lines, Parquet or Excel file, whatever state it is in. Chosen by the ending of its name.

A file that cannot be read at all is a `FileProblem`; a row that cannot be read is a `Row` with its problem, and
the rows after it go on. To read another kind of file, write a function like `open_csv` and name it in `OPENERS`.
"""

from __future__ import annotations

import csv
import itertools
import json
import re
from collections import Counter, deque
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import lru_cache
from io import TextIOWrapper
from pathlib import Path
from typing import Any, Final, TextIO
from zoneinfo import ZoneInfo

from api.files.encodings import check_text, encoding_of
from api.files.rows import (
    MOST_COLUMNS,
    FileProblem,
    Known,
    Row,
    Sheet,
    column_names,
    first_line,
    knower,
    total_problem,
)
from api.files.sources import Source, called, opened
from api.files.workbooks import WORKBOOKS, open_workbook
from matcher.message import Message
from training_data.columns import CellProblem

BATCH: Final = 10_000
CELLS: Final = 250_000
"""Rows and cells of a Parquet file that are made Python's own at once."""
MOST_LINES: Final = 1_000
"""Of one row of a CSV. A quotation mark that nobody closed would else take in the rest of the file for every row."""
DELIMITERS: Final = ",;\t|"
HEADER_WITHIN: Final = 50
"""Lines of a CSV, and at most so many bytes, within which its header stands."""
MOST_BEFORE: Final = 100_000
BLANKS: Final = DELIMITERS + '" \r\n\ufeff'
MOST_DEPTH: Final = 32
"""Of brackets within brackets in a line of JSON; a list of choices needs two."""
_JSON_TEXT: Final = re.compile(r'"(?:[^"\\]|\\.)*(?:"|$)', re.S)


def open_sheet(
    source: Source, known: Known, timezone: str = "UTC", name: str | None = None, *, bounded: bool = False
) -> Sheet:
    """Open a file by its ending; dates with a time zone are read in `timezone`. `name`: which sheet of a workbook.

    `bounded`: refuse a workbook of more rows and cells than a stranger may send, before it is opened.

    Raises:
        FileProblem: if the file cannot be read at all.
    """
    opener = OPENERS.get(source.suffix.lower())
    if opener is None:
        raise _unreadable(source)
    if name is not None and opener is not open_workbook:
        raise FileProblem(source.name, "no_sheets", name=name, endings=WORKBOOKS)
    try:
        if isinstance(source, Path) and not source.exists():
            raise FileProblem(source, "no_such_file")
        if isinstance(source, Path) and not source.is_file():
            raise FileProblem(source, "not_a_file")
        with opened(source) as handle:
            if not handle.read(1):
                raise FileProblem(called(source), "empty_file")
        if opener is open_workbook:
            return open_workbook(source, known, timezone, name, bounded=bounded)
        return opener(source, known, timezone)
    except OSError as error:
        raise FileProblem(called(source), "cannot_read", error=error.strerror or error) from None


def _unreadable(source: Source) -> FileProblem:
    ending = source.suffix.lower()
    if ending in (".xls", ".xlsb", ".ods", ".numbers"):
        return FileProblem(source.name, "other_workbook", ending=ending)
    if ending == ".json":
        return FileProblem(source.name, "one_json")
    if not ending:
        return FileProblem(source.name, "no_ending", endings=", ".join(OPENERS))
    return FileProblem(source.name, "unknown_ending", ending=ending, endings=", ".join(OPENERS))


# -- CSV ---------------------------------------------------------------------------------------------------------------


class _Lines:
    """The lines of a text file, which can be put back: after a bad quote the next row begins on the next line."""

    def __init__(self, handle: TextIO) -> None:
        self.handle, self.held, self.number = handle, deque[str](), 0
        self.taken: list[str] = []

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        if len(self.taken) >= MOST_LINES:
            raise csv.Error("a cell without end")
        line = self.held.popleft() if self.held else next(self.handle)
        self.number += 1
        self.taken.append(line)
        return line

    def peek(self) -> str:
        """The next line, which stays the next."""
        if not self.held:
            self.held.append(next(self.handle))
        return self.held[0]

    def some(self, most: int, most_characters: int) -> list[str]:
        """The next lines, at most so many, which stay the next."""
        while len(self.held) < most and sum(map(len, self.held)) < most_characters:
            line = next(self.handle, None)
            if line is None:
                break
            self.held.append(line)
        return list(itertools.islice(self.held, most))

    def keep_only_first(self) -> None:
        """Put back all lines taken for this row but its first."""
        self.held.extendleft(reversed(self.taken[1:]))
        self.number -= len(self.taken) - 1
        del self.taken[1:]


def open_csv(source: Source, known: Known, timezone: str) -> Sheet:
    """Open a CSV file: UTF-8 with or without BOM, UTF-16 with one, or Windows' own; comma, semicolon, tab or bar, whichever
    the header line uses, which may stand below a title."""
    encoding, size, written = encoding_of(source)
    handle = TextIOWrapper(opened(source), encoding=encoding, newline="")
    try:
        lines = _Lines(handle)
        if re.fullmatch(r"sep=.[\r\n]*", lines.peek()):  # Excel's own mark, not a header
            next(lines)
        before, delimiter = _header(lines.some(HEADER_WITHIN, MOST_BEFORE), known)
        for _ in range(before):
            next(lines)
        lines.taken.clear()
        if not lines.peek().strip():
            raise FileProblem(source.name, "blank_header")
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        headers, twice = column_names(source, next(reader), known)
    except StopIteration:
        handle.close()
        raise FileProblem(source.name, "no_header_line") from None
    except csv.Error as error:
        handle.close()
        raise FileProblem(source.name, "bad_header_line", error=error) from None
    except FileProblem:
        handle.close()
        raise
    sheet = Sheet(headers, max(size - 1 - before, 0), handle, seen=set(headers), twice=twice, written=written)
    sheet.header_row = before + 1
    sheet.rows = _csv_rows(lines, reader, headers, sheet)
    return sheet


def _header(lines: list[str], known: Known) -> tuple[int, str]:
    """How many lines stand above the header, and the separator: where most known names are found, then most names.

    A header below others has at least two of them; else the first line is it.
    """
    is_known = lru_cache(maxsize=1_000)(knower(known))

    def worth(place: int, delimiter: str) -> tuple[int, int, int]:
        names = [name.strip().strip('"') for name in lines[place].rstrip("\r\n").split(delimiter)[:MOST_COLUMNS]]
        found = sum(is_known(name) for name in set(names))
        return (found if place == 0 or found > 1 else 0), -place, len(names)

    places = [place for place, line in enumerate(lines) if line.strip()] or [0]
    if not lines:
        return 0, ","
    _, place, delimiter = max((worth(place, mark), place, mark) for place in places for mark in reversed(DELIMITERS))
    return place, delimiter


def _csv_rows(lines: _Lines, reader: Any, headers: tuple[str, ...], sheet: Sheet) -> Iterator[Row]:
    number = 0
    while True:
        lines.taken.clear()
        start = lines.number + 1
        try:
            cells = next(reader)
            problem = None if len(cells) == len(headers) else _ragged(lines.taken[0], len(cells), len(headers))
        except StopIteration:
            return
        except csv.Error:
            cells, problem = [], CellProblem("", lines.taken[0], Message("bad_quote"))
        if not "".join(lines.taken).strip(BLANKS):
            sheet.blank += 1
            continue
        number += 1
        if problem is not None:
            lines.keep_only_first()
            yield Row(number, start, {}, (problem,))
        elif (total := total_problem(headers, cells)) is not None:
            yield Row(number, start, {}, (total,))
        else:
            yield Row(number, start, {name: cell for name, cell in zip(headers, cells, strict=True) if name})


def _ragged(line: str, cells: int, headers: int) -> CellProblem:
    code = "too_few_cells" if cells < headers else "too_many_cells"
    return CellProblem("", line, Message(code, {"cells": cells, "headers": headers}))


# -- JSON lines --------------------------------------------------------------------------------------------------------


def open_jsonl(source: Source, known: Known, timezone: str) -> Sheet:
    """Open a file with one JSON object a line."""
    size = check_text(source)
    sheet = Sheet(None, size, TextIOWrapper(opened(source), encoding="utf-8-sig", newline="\n"))
    sheet.rows = _jsonl_rows(source, sheet)
    return sheet


def _jsonl_rows(source: Source, sheet: Sheet) -> Iterator[Row]:
    number = 0
    for line_number, line in enumerate(sheet.handle, 1):
        if not line.strip():
            sheet.blank += 1
            continue
        number += 1
        try:
            _check_depth(line)
            cells = json.loads(line, object_pairs_hook=_once_each)
            if not isinstance(cells, dict):
                raise _NotOneObject(Message("line_is_no_object"))
        except _NotOneObject as error:
            yield Row(number, line_number, {}, (CellProblem("", line, error.message),))
            continue
        except (ValueError, RecursionError) as error:
            yield Row(number, line_number, {}, (CellProblem("", line, Message("bad_json", {"error": str(error)})),))
            continue
        sheet.seen.update(cells)
        if len(sheet.seen) > MOST_COLUMNS:
            raise FileProblem(source.name, "too_many_columns", count=len(sheet.seen), most=MOST_COLUMNS)
        yield Row(number, line_number, cells)


def _check_depth(line: str) -> None:
    """See that no list stands too deep in others, before they are made."""
    if line.count("[") + line.count("{") <= MOST_DEPTH:
        return
    depth = 0
    for bracket in re.findall(r"[\[\]{}]", _JSON_TEXT.sub("", line)):
        depth += 1 if bracket in "[{" else -1
        if depth > MOST_DEPTH:
            raise _NotOneObject(Message("deep_line", {"most": MOST_DEPTH}))


class _NotOneObject(Exception):
    """A line of JSON that is not one object with each name once."""

    def __init__(self, message: Message) -> None:
        self.message = message
        super().__init__(message.code)


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        name = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise _NotOneObject(Message("name_twice_in_line", {"name": name}))
    return found


# -- Parquet -----------------------------------------------------------------------------------------------------------


def open_parquet(source: Source, known: Known, timezone: str) -> Sheet:
    """Open a Parquet file; choices may be lists, or texts joined with ';'."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(source if isinstance(source, Path) else opened(source))
        names, twice = column_names(source, list(file.schema_arrow.names), known)
    except (pa.ArrowException, ValueError, OSError) as error:
        if getattr(error, "errno", None):  # the system's own; pyarrow calls a broken file one too, without a number
            raise
        raise FileProblem(source.name, "bad_parquet", error=first_line(error)) from None
    rows = _parquet_rows(source, file, ZoneInfo(timezone))
    return Sheet(names, file.metadata.num_rows, file, rows, set(names), twice=twice)


def _parquet_rows(source: Source, file: Any, zone: ZoneInfo) -> Iterator[Row]:
    import pyarrow as pa

    number = 0
    try:
        wide = max(len(file.schema_arrow.names), 1)
        for batch in file.iter_batches(batch_size=max(min(BATCH, CELLS // wide), 1)):
            for cells in _without_nanoseconds(batch).to_pylist():
                number += 1
                yield Row(number, None, {name.strip(): _local(value, zone) for name, value in cells.items()})
    except (pa.ArrowException, ValueError, OSError) as error:
        raise FileProblem(source.name, "breaks_off", row=number, error=first_line(error)) from None


def _without_nanoseconds(batch: Any) -> Any:
    """The same rows with times in microseconds: Python's own dates hold no finer ones, and a day needs none."""
    import pyarrow as pa

    for place, column in enumerate(batch.schema):
        if pa.types.is_timestamp(column.type) and column.type.unit == "ns":
            coarse = batch.column(place).cast(pa.timestamp("us", column.type.tz), safe=False)
            batch = batch.set_column(place, column.name, coarse)
    return batch


def _local(value: Any, zone: ZoneInfo) -> Any:
    return value.astimezone(zone) if isinstance(value, datetime) and value.tzinfo else value


OPENERS: Final[dict[str, Callable[[Source, Known, str], Sheet]]] = {
    ".csv": open_csv,
    ".tsv": open_csv,
    ".jsonl": open_jsonl,
    ".ndjson": open_jsonl,
    ".parquet": open_parquet,
    **dict.fromkeys(WORKBOOKS, open_workbook),
}
