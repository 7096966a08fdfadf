"""Outputs: answers and rejected rows, written so that a run that breaks leaves no half file and no lost old one."""

from __future__ import annotations

import csv
import json
import os
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any, Final, Protocol

from api.files.rows import FileProblem
from api.files.workbooks_in_memory import archived, keep_in_memory
from matcher.message import Message

TEXT, YES_NO, POINTS, WHOLE, LIST, DAY = "text", "yes_no", "points", "whole", "list", "day"
ANSWER: Final = {
    "participant": TEXT,
    "tier": TEXT,
    "provisional": YES_NO,
    "score": POINTS,
    "score_low": POINTS,
    "score_high": POINTS,
    "next_intervention": TEXT,
    "interventions": LIST,
    "conditions_met": LIST,
    "not_yet": LIST,
    "ask": LIST,
    "not_for_you": LIST,
    "doubts": LIST,
    "next_question": TEXT,
    "goal": TEXT,
    "path_steps": LIST,
    "path_days": WHOLE,
    "path_cost_idr": WHOLE,
    "programme": TEXT,
    "model": TEXT,
    "as_of": DAY,
}
"""The columns of an answer, in order. Scores are whole thousandths of a point; None is nothing to say."""

REJECTED: Final = ("row", "line", "cell", "participant", "field", "value", "remedy")
"""`row` counts from 1 without the header; `line` is the line of a text file or the row of a worksheet, `cell` its D17."""

MOST_ROWS: Final = 1_048_576
LONGEST_CELL: Final = 32_767
"""What a worksheet can hold."""
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_LIKE_ESCAPED = re.compile("_(?=x[0-9A-Fa-f]{4}_)")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


class Output(Protocol):
    """A file being written: rows of ANSWER's columns, in order."""

    def write(self, rows: Sequence[Sequence[Any]]) -> None:
        """Add rows."""

    def close(self) -> None:
        """Finish the file."""


def safe_cell(value: Any) -> str:
    """Write a value into a CSV cell; a text that a spreadsheet would run as a formula gets a ' before it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, (list, tuple)):
        value = ";".join(map(str, value))
    text = value.isoformat() if isinstance(value, date) else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


class CsvOutput:
    """A CSV file with any header."""

    def __init__(self, path: Path, header: Sequence[str] = tuple(ANSWER)) -> None:
        self.handle = path.open("w", encoding="utf-8", newline="", errors="replace")
        self.writer = csv.writer(self.handle, lineterminator="\n")
        self.writer.writerow(header)

    def write(self, rows: Sequence[Sequence[Any]]) -> None:
        self.writer.writerows([safe_cell(value) for value in row] for row in rows)

    def close(self) -> None:
        self.handle.close()


class JsonlOutput:
    """One JSON object a line."""

    def __init__(self, path: Path) -> None:
        self.handle = path.open("w", encoding="utf-8", newline="\n", errors="replace")

    def write(self, rows: Sequence[Sequence[Any]]) -> None:
        for row in rows:
            named = dict(zip(ANSWER, row, strict=True))
            self.handle.write(json.dumps(named, ensure_ascii=False, default=str) + "\n")

    def close(self) -> None:
        self.handle.close()


class ParquetOutput:
    """A Parquet file with the types of ANSWER; lists are lists."""

    def __init__(self, path: Path) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        types = {
            TEXT: pa.string(),
            YES_NO: pa.bool_(),
            POINTS: pa.int64(),
            WHOLE: pa.int64(),
            LIST: pa.list_(pa.string()),
            DAY: pa.date32(),
        }
        self.schema = pa.schema([(name, types[kind]) for name, kind in ANSWER.items()])
        self.writer = pq.ParquetWriter(path, self.schema)

    def write(self, rows: Sequence[Sequence[Any]]) -> None:
        import pyarrow as pa

        columns = [list(column) for column in zip(*rows, strict=True)]
        arrays = [pa.array(column, field.type) for column, field in zip(columns, self.schema, strict=True)]
        self.writer.write_table(pa.Table.from_arrays(arrays, schema=self.schema))

    def close(self) -> None:
        self.writer.close()


class WorkbookOutput:
    """An Excel workbook with one sheet: the header bold and frozen, lists joined with ';', texts never formulas.

    Without a path it is written nowhere: `rows_as_workbook`.
    """

    def __init__(self, path: Path | None, header: Sequence[str] = tuple(ANSWER)) -> None:
        from openpyxl import Workbook
        from openpyxl.cell import WriteOnlyCell
        from openpyxl.styles import Font

        if path is not None:
            path.touch()
        self.path, self.count, self.closed, self.make = path, 1, False, WriteOnlyCell
        self.book = Workbook(write_only=True)
        self.sheet = self.book.create_sheet("Kail")
        self.sheet.freeze_panes = "A2"
        if path is None:
            keep_in_memory(self.sheet)
        cells = [self.make(self.sheet, name) for name in header]
        for cell in cells:
            cell.font = Font(bold=True)
        self.sheet.append(cells)

    def write(self, rows: Sequence[Sequence[Any]]) -> None:
        self.count += len(rows)
        if self.count > MOST_ROWS:
            raise FileProblem(Message("the_answers"), "many_answers", most=MOST_ROWS)
        for row in rows:
            self.sheet.append([self._cell(value) for value in row])

    def _cell(self, value: Any) -> Any:
        if value is None or isinstance(value, (bool, int)):
            return value
        if isinstance(value, (list, tuple)):
            value = ";".join(map(str, value))
        text = as_xml_text(value.isoformat() if isinstance(value, date) else str(value))
        if not text.startswith((*_FORMULA, "#", "_x")):
            return text
        cell = self.make(self.sheet, text)
        cell.data_type = "s"  # openpyxl has taken "=1" for a formula and "#N/A" for an error
        cell.quotePrefix = True  # so that it stays a text when somebody opens the cell and leaves it
        return cell

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            if self.path is not None:
                self.book.save(self.path)


def rows_as_workbook(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> bytes:
    """Rows as an Excel workbook of one sheet, in memory: a few thousand, not more."""
    book = WorkbookOutput(None, header)
    book.write(rows)
    return archived(book.book)


def as_xml_text(text: str) -> str:
    """A text as a worksheet can hold it: what XML has no place for becomes U+FFFD, a very long one is cut."""
    text = _LIKE_ESCAPED.sub("_x005F_", _NO_XML.sub("\N{REPLACEMENT CHARACTER}", text))
    text = text.replace("\r", "_x000D_")
    return text if len(text) <= LONGEST_CELL else f"{text[: LONGEST_CELL - 1]}…"


class Writing:
    """The output and its `.rejected.csv`, both under other names until the run is over.

    As a context: `commit()` puts them in their place; leaving without it, for whatever reason, leaves nothing behind.
    """

    def __init__(self, target: Path, source: Path) -> None:
        self.target, self.rejected = target, rejected_beside(target)
        for path in (self.target, self.rejected):
            if path.exists() and not path.is_file():
                raise FileProblem(path, "output_not_a_file")
            if path.exists() and path.samefile(source):
                raise FileProblem(path, "output_is_input")
        if not target.suffix:
            raise FileProblem(target.name, "output_no_ending", endings=", ".join(OUTPUTS))
        make = OUTPUTS.get(target.suffix.lower())
        if make is None:
            raise FileProblem(target.name, "output_ending", ending=target.suffix, endings=", ".join(OUTPUTS))
        self.partial = {path: path.with_name(f".{path.name}.{os.getpid()}.partial") for path in (target, self.rejected)}
        try:
            self.answers = make(self.partial[target])
            self.rejections = CsvOutput(self.partial[self.rejected], REJECTED)
        except OSError as error:
            self._remove()
            raise cannot_write(target, error) from None

    def __enter__(self) -> Writing:
        return self

    def __exit__(self, *_: object) -> None:
        for output in (self.answers, self.rejections):
            with suppress(Exception):  # a disk that is full has said so already
                output.close()
        self._remove()

    def commit(self, *, answers: bool, rejections: bool) -> None:
        """Put in place what there is; an older `.rejected.csv` goes when nothing was rejected."""
        self.answers.close()
        self.rejections.close()
        if rejections:
            self.partial[self.rejected].replace(self.rejected)
        else:
            self.rejected.unlink(missing_ok=True)
        if answers:
            self.partial[self.target].replace(self.target)

    def _remove(self) -> None:
        for path in self.partial.values():
            path.unlink(missing_ok=True)


def rejected_beside(target: Path) -> Path:
    """Where the rejected rows of an output go: answers.parquet -> answers.rejected.csv."""
    return target.with_name(f"{target.stem}.rejected.csv")


def cannot_write(path: Path, error: OSError) -> FileProblem:
    """The problem of an output that cannot be written."""
    return FileProblem(path, "cannot_write", error=error.strerror or error)


OUTPUTS: Final[dict[str, Callable[[Path], Output]]] = {
    ".csv": CsvOutput,
    ".jsonl": JsonlOutput,
    ".ndjson": JsonlOutput,
    ".parquet": ParquetOutput,
    ".xlsx": WorkbookOutput,
}
