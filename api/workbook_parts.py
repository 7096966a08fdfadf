"""WorkbookParts reads the cells of an .xlsx as a stream: zip, then XML, and never more of either than is asked for.

openpyxl reads workbooks too, and better formatted ones; it is not used for reading here because it does not tell a formula
without a result from an empty cell, gives no merged cells unless all is in memory, and believes whatever sizes, row
numbers and document types (entities that unfold into gigabytes) a hostile file claims. Only its tables of number formats
and dates are used. Macros, links to other files, pictures and comments are never opened.
"""

from __future__ import annotations

import posixpath
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, Final
from xml.parsers import expat

from api.rows import LONGEST_LINE, MOST_COLUMNS, FileProblem

MOST_BYTES: Final = 300_000_000
MOST_TEXT_BYTES: Final = 100_000_000
MOST_PARTS: Final = 10_000
MOST_ELEMENTS: Final = 25_000_000
MOST_ELEMENTS_ASIDE: Final = 1_000_000
"""What a part of cells or texts may hold (12 bytes each, as in an honest sheet of MOST_BYTES), and any other part."""
MOST_MERGED: Final = 200_000
LAST_ROW: Final = 1_048_576
LARGEST_EXACT: Final = 10**15
"""Excel keeps 15 digits of a number and turns the rest into zeros without a word."""

DATE, PERCENT = "date", "percent"
_BLOCK: Final = 1 << 18
_MAIN: Final = (
    "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
    "http://purl.oclc.org/ooxml/spreadsheetml/main",
)
_TAGS: Final = {
    f"{space} {tag}": tag
    for space in _MAIN
    for tag in "row c v f is t rPh si mergeCell sheet workbookPr numFmt cellXfs xf".split()
}
_ESCAPED: Final = re.compile("_x([0-9A-Fa-f]{4})_")
_NOT_SHOWN: Final = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]|_.|\*.')
_SAVE_AGAIN: Final = "Open it in Excel or LibreOffice and save it again as 'Excel Workbook (.xlsx)'."
_SMALLER: Final = "Keep one sheet without pictures and formats, or save the sheet as CSV UTF-8 or as Parquet."
_DAMAGE: Final = (
    zipfile.BadZipFile,
    struct.error,
    zlib.error,
    expat.ExpatError,
    ArithmeticError,
    EOFError,
    LookupError,
    NotImplementedError,
    RuntimeError,
    ValueError,
)


class Damaged(ValueError):
    """Something that no spreadsheet program writes."""


@dataclass(frozen=True, slots=True)
class BadCell:
    """A cell whose value cannot be had: why (a key of the words in workbooks.py), and what it shows."""

    why: str
    shown: Any


@dataclass(slots=True)
class Cell:
    """One cell as it stands in the file: where, its kind and format, its stored text and its formula."""

    column: int
    kind: str
    style: int
    text: str | None
    formula: str | None


@dataclass(frozen=True)
class Worksheet:
    """A sheet's name, whether it is hidden, and its part of the file."""

    name: str
    hidden: bool
    part: str


@dataclass(frozen=True)
class Block:
    """A block of merged cells: first row, first column, last row, last column."""

    top: int
    left: int
    bottom: int
    right: int

    def __str__(self) -> str:
        return f"{letters(self.left)}{self.top}:{letters(self.right)}{self.bottom}"


@dataclass
class Extent:
    """How far a sheet reaches, leaving out cells that are only formatted, and its merged cells."""

    rows: int = 0
    last_row: int = 0
    last_column: int = 0
    merged: list[Block] = field(default_factory=list)


class WorkbookParts:
    """An open workbook, to be closed.

    Raises:
        FileProblem: if it is no workbook, is locked, or unpacks to more than MOST_BYTES.
    """

    def __init__(self, path: Path) -> None:
        self.name = path.name
        _check_begin(path)
        self.file = path.open("rb")
        try:
            with self.damage():
                self.zip = zipfile.ZipFile(self.file)
            self._check_sizes()
            with self.damage():
                self._read_book()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the file, though somebody may have stopped in the middle of its rows."""
        self.file.close()

    @contextmanager
    def damage(self) -> Iterator[None]:
        """Turn what a damaged file does to a parser into its problem in words."""
        try:
            yield
        except _DAMAGE as error:
            said = str(error).strip().partition("\n")[0].rstrip(".")[:200] or type(error).__name__
            raise FileProblem(self.name, f"it is a damaged workbook ({said})", _SAVE_AGAIN) from None

    def _check_sizes(self) -> None:
        parts = self.zip.infolist()
        if any(part.flag_bits & 1 for part in parts):
            raise FileProblem(self.name, "it is locked with a password", "Save it without a password.")
        # zipfile never unpacks more of a part than the part claims, so the claims are a bound.
        total = sum(part.file_size for part in parts)
        if total > MOST_BYTES or len(parts) > MOST_PARTS:
            what = f"it unpacks to {total:,} bytes in {len(parts):,} parts; the most that is read is {MOST_BYTES:,}"
            raise FileProblem(self.name, f"{what} in {MOST_PARTS:,}", _SMALLER)
        odd = [part.filename for part in parts if part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)]
        if odd:
            raise FileProblem(self.name, f"{odd[0]} in it is compressed in a way that Excel never uses", _SAVE_AGAIN)
        self.parts = {part.filename.replace("\\", "/").lower(): part for part in parts}

    # -- the parts but for the cells -----------------------------------------------------------------------------------

    def _read_book(self) -> None:
        from openpyxl.utils.datetime import MAC_EPOCH, WINDOWS_EPOCH

        links = self._links("")
        book = next((target for kind, target in links.values() if kind == "officeDocument"), "")
        if book not in self.parts:
            what = "it is a zip archive but no workbook (.xlsx)"
            raise FileProblem(self.name, what, _SAVE_AGAIN)
        links = self._links(book)
        found: list[tuple[str, bool, str]] = []
        self.epoch: datetime = WINDOWS_EPOCH

        def start(tag: str, attributes: dict[str, str]) -> None:
            if tag == "sheet":
                link = next((value for key, value in attributes.items() if key.endswith(" id")), "")
                found.append((attributes.get("name", ""), attributes.get("state", "visible") != "visible", link))
            elif tag == "workbookPr" and attributes.get("date1904") in ("1", "true"):
                self.epoch = MAC_EPOCH

        self._read(book, start)
        self.sheets = [
            Worksheet(name, hidden, links[link][1])
            for name, hidden, link in found
            if link in links and links[link][0] == "worksheet" and links[link][1] in self.parts
        ]
        by_kind = dict(links.values())
        self.formats = self._formats(by_kind["styles"]) if by_kind.get("styles") in self.parts else []
        texts = by_kind.get("sharedStrings", "")
        self.texts = self._texts(texts) if texts in self.parts else []

    def _links(self, part: str) -> dict[str, tuple[str, str]]:
        """What a part refers to: id -> (last word of the kind, part)."""
        folder, name = posixpath.split(part)
        where, found = posixpath.join(folder, "_rels", f"{name}.rels"), {}

        def start(tag: str, attributes: dict[str, str]) -> None:
            if tag.endswith("Relationship") and attributes.get("TargetMode") != "External":
                target = posixpath.join("/", folder, attributes.get("Target", "").replace("\\", "/"))
                kind = attributes.get("Type", "").rpartition("/")[2]
                found[attributes.get("Id", "")] = (kind, posixpath.normpath(target).lstrip("/").lower())

        if where in self.parts:
            self._read(where, start)
        return found

    def _formats(self, part: str) -> list[str]:
        """How the numbers of every style are shown, in order: DATE, PERCENT, zeros (0000) or "" for any other way."""
        from openpyxl.styles.numbers import BUILTIN_FORMATS

        own: dict[str, str] = {}
        found: list[str] = []
        inside = False

        def start(tag: str, attributes: dict[str, str]) -> None:
            nonlocal inside
            if tag == "numFmt":
                own[attributes.get("numFmtId", "")] = attributes.get("formatCode", "")
            elif tag == "cellXfs":
                inside = True
            elif tag == "xf" and inside:
                number = attributes.get("numFmtId", "0")
                found.append(_shows(own.get(number) or BUILTIN_FORMATS.get(int(number), "General")))

        def end(tag: str) -> None:
            nonlocal inside
            inside = inside and tag != "cellXfs"

        self._read(part, start, end)
        return found

    def _texts(self, part: str) -> list[str]:
        """The texts that cells share."""
        size = self.parts[part].file_size
        if size > MOST_TEXT_BYTES:
            what = f"its texts unpack to {size:,} bytes; the most that is read is {MOST_TEXT_BYTES:,}"
            raise FileProblem(self.name, what, _SMALLER)
        found, reading = [], _Text()

        def end(tag: str) -> None:
            if tag == "si":
                found.append(reading.take() or "")
            reading.end(tag)

        self._read(part, reading.start, end, reading.more, MOST_ELEMENTS)
        return found

    # -- cells ---------------------------------------------------------------------------------------------------------

    def extent(self, sheet: Worksheet) -> Extent:
        """Read a sheet once without its values; what is wrong with its frame is found here, before anything is written.

        Raises:
            FileProblem: if it is damaged, or something stands beyond MOST_COLUMNS columns.
        """
        found, place = Extent(), _Place()
        row_seen = 0

        def start(tag: str, attributes: dict[str, str]) -> None:
            nonlocal row_seen
            if tag == "row" or tag == "c":
                place.start(tag, attributes)
            elif tag == "v" or tag == "is" or tag == "f":
                if place.column > MOST_COLUMNS:
                    self._too_wide(sheet, place)
                found.rows += place.row != row_seen
                row_seen = found.last_row = place.row
                found.last_column = max(found.last_column, place.column)
            elif tag == "mergeCell":
                found.merged.append(block(attributes.get("ref", "")))
                if len(found.merged) > MOST_MERGED:
                    raise Damaged(f"more than {MOST_MERGED:,} blocks of merged cells")

        with self.damage():
            self._read(sheet.part, start, most=MOST_ELEMENTS)
        return found

    def _too_wide(self, sheet: Worksheet, place: _Place) -> None:
        where = f"{letters(place.column)}{place.row} of sheet {sheet.name!r}"
        what = f"cell {where} lies beyond the {MOST_COLUMNS:,} columns that are read"
        raise FileProblem(self.name, what, "Delete what stands so far to the right.")

    def rows(self, sheet: Worksheet) -> Iterator[tuple[int, list[Cell]]]:
        """The rows that hold anything, with their numbers.

        Raises:
            FileProblem: if the part breaks off.
        """
        reading = _Rows()
        with self.damage():
            for _ in self._blocks(sheet.part, reading.start, reading.end, reading.more, MOST_ELEMENTS):
                yield from reading.take_rows()
            yield from reading.take_rows()

    def value(self, cell: Cell) -> Any:
        """What a cell holds, as the same cell of a CSV would be read: text, number, yes or no, date; None is empty."""
        text = cell.text
        if cell.formula is not None and (text is None or (text == "" and cell.kind != "str")):
            return BadCell("unstored", f"={cell.formula}")
        if text is None or (text == "" and cell.kind in ("n", "b", "e", "d")):
            return None
        if cell.kind == "s":
            return self._shared(int(text))
        if cell.kind == "b":
            return text.strip() in ("1", "true")
        if cell.kind == "e":
            return BadCell("error", text)
        if cell.kind == "n":
            return self._number(text, self.formats[cell.style] if cell.style < len(self.formats) else "")
        if cell.kind == "d":
            return _day(datetime.fromisoformat(text))
        return unescaped(text) if cell.kind == "str" else text

    def _shared(self, place: int) -> str:
        if not 0 <= place < len(self.texts):
            raise Damaged(f"there is no shared text {place}")
        return self.texts[place]

    def _number(self, text: str, shows: str) -> Any:
        number = float(text)
        if shows == DATE:
            return self._date(number, text)
        if shows == PERCENT:
            return f"{round(number * 100, 10):.10g}%"
        if abs(number) >= LARGEST_EXACT:
            return BadCell("digits", text)
        if not number.is_integer():
            return number
        if shows and number >= 0:
            return f"{int(number):0{len(shows)}}"  # 007 is how the sheet shows it, and how a CSV would have it
        return int(number)

    def _date(self, number: float, text: str) -> Any:
        from openpyxl.utils.datetime import from_excel

        try:
            found = from_excel(number, self.epoch) if number >= 0 else None
        except (OverflowError, ValueError):
            found = None
        if found is None:
            return BadCell("date", text)
        return found.isoformat() if isinstance(found, time) else _day(found)

    # -- XML -----------------------------------------------------------------------------------------------------------

    def _read(self, part: str, start: Any, end: Any = None, more: Any = None, most: int = MOST_ELEMENTS_ASIDE) -> None:
        for _ in self._blocks(part, start, end, more, most):
            pass

    def _blocks(self, part: str, start: Any, end: Any, more: Any, most: int) -> Iterator[None]:
        """Parse a part, pausing after every block. `start` and `end` are told the tags of _TAGS by their short names."""
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = _no_document_type
        short: Callable[[str], str | None] = str if part.endswith(".rels") else _TAGS.get
        count = 0

        def started(name: str, attributes: dict[str, str]) -> None:
            nonlocal count
            count += 1
            if count > most:
                raise FileProblem(self.name, f"{part} in it has more than {most:,} elements", _SMALLER)
            tag = short(name)
            if tag is not None:
                start(tag, attributes)

        def ended(name: str) -> None:
            tag = short(name)
            if tag is not None:
                end(tag)

        parser.StartElementHandler = started
        parser.EndElementHandler = ended if end else None
        parser.CharacterDataHandler = more
        given = 0
        with self.zip.open(self.parts[part]) as stream:
            while data := stream.read(_BLOCK):
                parser.Parse(data, False)
                given += len(data)
                if given - parser.CurrentByteIndex > 8 * LONGEST_LINE:
                    # Older expats read an endless tag or comment again and again from its beginning.
                    raise Damaged(f"{part} has a tag or comment without end")
                yield
            parser.Parse(b"", True)


def _shows(code: str) -> str:
    """What a number format makes of a number: DATE, PERCENT, leading zeros (0000), or "" for any other way."""
    from openpyxl.styles.numbers import is_date_format

    if is_date_format(code) and code != "General":
        return DATE
    if "%" in _NOT_SHOWN.sub("", code):
        return PERCENT
    return code if len(code) > 1 and code.strip("0") == "" else ""


def _check_begin(path: Path) -> None:
    with path.open("rb") as handle:
        begin = handle.read(8)
        if begin.startswith(b"PK"):
            return
        if begin.startswith(b"\xd0\xcf\x11\xe0"):
            locked = "EncryptedPackage".encode("utf-16-le")
            if locked in handle.read(MOST_BYTES):
                raise FileProblem(path.name, "it is locked with a password", "Save it without a password.")
            what = "it is an old Excel workbook (.xls) under another name"
            raise FileProblem(path.name, what, _SAVE_AGAIN)
    what = f"it is no Excel workbook, whatever its ending {path.suffix} says"
    remedy = "If it is text, end its name in .csv; else open it in the spreadsheet program and save it as .xlsx."
    raise FileProblem(path.name, what, remedy)


def _no_document_type(*_: Any) -> None:
    raise Damaged("it declares a document type, which no spreadsheet program writes")


class _Place:
    """Where in a sheet the reading is. Rows and cells must come in order, each once."""

    def __init__(self) -> None:
        self.row, self.column = 0, 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "row":
            row = int(float(attributes.get("r", self.row + 1)))
            if not self.row < row <= LAST_ROW:
                raise Damaged(f"row {row} after row {self.row}")
            self.row, self.column = row, 0
            return
        where = attributes.get("r")
        column = self.column + 1 if where is None else column_of(where.rstrip("0123456789"))
        if column <= self.column or (where is not None and not where.endswith(str(self.row))):
            raise Damaged(f"cell {where} in row {self.row} after column {letters(self.column)}")
        self.column = column


class _Text:
    """The text inside <t>, but for the reading aids (<rPh>) that East Asian sheets carry."""

    def __init__(self) -> None:
        self.pieces: list[str] | None = None
        self.found: str | None = None
        self.aside = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "rPh":
            self.aside = True
        elif tag == "t" and not self.aside:
            self.pieces = []

    def more(self, data: str) -> None:
        if self.pieces is not None:
            self.pieces.append(data)

    def end(self, tag: str) -> None:
        if tag == "rPh":
            self.aside = False
        elif tag == "t" and self.pieces is not None:
            self.found = (self.found or "") + unescaped(self.close())

    def close(self) -> str:
        text, self.pieces = "".join(self.pieces or ()), None
        if len(text) > LONGEST_LINE:
            raise Damaged(f"a text of {len(text):,} characters")
        return text

    def take(self) -> str | None:
        text, self.found = self.found, None
        return text


class _Rows(_Text):
    """Rows with their cells, taken away from time to time."""

    def __init__(self) -> None:
        super().__init__()
        self.place = _Place()
        self.rows: list[tuple[int, list[Cell]]] = []
        self.cells: list[Cell] = []
        self.cell = Cell(0, "n", 0, None, None)

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "c":
            self.place.start(tag, attributes)
            self.cell = Cell(self.place.column, attributes.get("t", "n"), int(attributes.get("s", 0) or 0), None, None)
        elif tag == "v" or tag == "f":
            self.pieces = []
        elif tag == "row":
            self.place.start(tag, attributes)
            self.cells = []
        else:
            super().start(tag, attributes)

    def end(self, tag: str) -> None:
        cell = self.cell
        if tag == "v":
            cell.text = self.close()
        elif tag == "c":
            if cell.kind == "inlineStr":
                cell.text = self.take()
            if cell.text is not None or cell.formula is not None:
                self.cells.append(cell)
        elif tag == "f":
            cell.formula = self.close()
        elif tag == "row":
            if self.cells:
                self.rows.append((self.place.row, self.cells))
        else:
            super().end(tag)

    def take_rows(self) -> list[tuple[int, list[Cell]]]:
        rows, self.rows = self.rows, []
        return rows


def unescaped(text: str) -> str:
    """A text without Excel's way of writing characters that XML cannot hold: _x000D_."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text


def _day(moment: datetime) -> date:
    return moment.date() if moment.time() == time() else moment


def column_of(text: str) -> int:
    """The number of a column from its letters: A is 1."""
    number = 0
    for letter in text:
        if not "A" <= letter <= "Z":
            raise Damaged(f"{text!r} is no column")
        number = number * 26 + ord(letter) - 64
    if not 0 < number <= 16_384:
        raise Damaged(f"{text!r} is no column")
    return number


def letters(column: int) -> str:
    """The letters of a column from its number."""
    text = ""
    while column:
        column, rest = divmod(column - 1, 26)
        text = chr(65 + rest) + text
    return text


def block(text: str) -> Block:
    """A block of cells from its address, such as A1:C2."""
    found = re.fullmatch(r"([A-Z]{1,3})([0-9]{1,7})(?::([A-Z]{1,3})([0-9]{1,7}))?", text.replace("$", ""))
    if found is None:
        raise Damaged(f"{text!r} is no block of cells")
    left, top, right, bottom = found.groups()
    return Block(int(top), column_of(left), int(bottom or top), column_of(right or left))
