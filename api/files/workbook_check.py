"""What is asked of a workbook before openpyxl opens it: that it is one, and that it can be opened at a known cost.

openpyxl holds a whole workbook in memory and makes a cell of every cell that a merged block, a link or a comment covers,
however large a block a file claims. Nothing is parsed here: each part is unpacked once and searched.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from typing import Final

from api.files.rows import LONGEST_LINE, FileProblem, first_line
from api.files.sources import Source, opened

MOST_BYTES: Final = 100_000_000
MOST_PARTS: Final = 10_000
MOST_TAGS: Final = 12_000_000
"""Every element costs memory; a cell with a number is four tags."""
MOST_COVERED: Final = 200_000
"""Cells that merged blocks, links and comments cover."""
MOST_ROWS: Final = 20_000
MOST_CELLS: Final = 200_000
"""Of all sheets of a workbook that somebody sends. openpyxl takes some 7 microseconds and half a kilobyte for each cell, and
reads a workbook with formulas twice: with 400,000 of them 512 MB are not enough. An import takes 2,000 rows; the rest is
other sheets, and rows that are only drawn."""
_CELLS: Final = (b"<c ", b"<c>", b"<c/", b":c ", b":c>", b":c/")
_READ: Final = 1 << 18
_COVERS: Final = re.compile(rb"<(?:[^\s<>/!?:]+:)?(?:mergeCell|hyperlink|comment)\s([^<]*)")
_REF: Final = re.compile(rb"""(?:^|\s)ref\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_BLOCK: Final = re.compile(rb"([A-Z]{1,3})([0-9]{1,7})(?::([A-Z]{1,3})([0-9]{1,7}))?")
_LONG_TAG: Final = re.compile(rb"<[^<>]{%d}" % LONGEST_LINE)
_FORMULA: Final = re.compile(rb"<(?:[^\s<>/!?:]+:)?f[\s/>]")


def damaged(name: str, error: object) -> FileProblem:
    """The problem of a file that breaks the rules of workbooks."""
    return FileProblem(name, "damaged", error=first_line(error) or type(error).__name__)


def check_workbook(source: Source, bounded: bool = False) -> bool:
    """See that a file is a workbook that can be opened; return whether it may hold formulas.

    `bounded`: count its rows and cells too, so that opening it takes no more than a cage gives.

    Raises:
        FileProblem: if it is no workbook, is locked, too large or hostile.
    """
    _check_begin(source)
    try:
        with opened(source) as file, zipfile.ZipFile(file) as book:
            parts = book.infolist()
            _check_sizes(source.name, parts)
            formulas = False
            tags = covered = rows = cells = 0
            for part in parts:
                with book.open(part) as stream:  # in blocks: only so does zipfile keep to the size that a part claims
                    data = b"".join(iter(lambda: stream.read(_READ), b""))
                _check_part(source.name, part.filename, data)
                tags += data.count(b"<")
                covered += _covered(source.name, data)
                if bounded:
                    rows += data.count(b"<row") + data.count(b":row")
                    cells += sum(data.count(beginning) for beginning in _CELLS)
                    _check_bounds(source.name, rows, cells)
                if tags > MOST_TAGS:
                    raise FileProblem(source.name, "many_tags", most=MOST_TAGS)
                if covered > MOST_COVERED:
                    raise FileProblem(source.name, "many_covered", most=MOST_COVERED)
                formulas = formulas or _FORMULA.search(data) is not None
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise damaged(source.name, error) from None
    return formulas


def _check_bounds(name: str, rows: int, cells: int) -> None:
    if rows > MOST_ROWS:
        raise FileProblem(name, "many_sheet_rows", most=MOST_ROWS)
    if cells > MOST_CELLS:
        raise FileProblem(name, "many_sheet_cells", most=MOST_CELLS)


def _check_begin(source: Source) -> None:
    with opened(source) as handle:
        begin = handle.read(8)
        if begin.startswith(b"PK"):
            return
        if begin.startswith(b"\xd0\xcf\x11\xe0"):
            if "EncryptedPackage".encode("utf-16-le") in handle.read(MOST_BYTES):
                raise FileProblem(source.name, "locked")
            raise FileProblem(source.name, "renamed_workbook")
    raise FileProblem(source.name, "no_workbook", ending=source.suffix)


def _check_sizes(name: str, parts: list[zipfile.ZipInfo]) -> None:
    if any(part.flag_bits & 1 for part in parts):
        raise FileProblem(name, "locked")
    total = sum(part.file_size for part in parts)
    if total > MOST_BYTES or len(parts) > MOST_PARTS:
        raise FileProblem(name, "unpacks_large", total=total, parts=len(parts), most=MOST_BYTES, most_parts=MOST_PARTS)
    if not {"[Content_Types].xml", "_rels/.rels"} <= {part.filename for part in parts}:
        raise FileProblem(name, "zip_no_workbook")


def _check_part(name: str, part: str, data: bytes) -> None:
    if part.endswith((".xml", ".rels")):
        if b"\0" in data[:1024]:
            raise FileProblem(name, "part_not_utf8", part=first_line(part))
        if b"http://purl.oclc.org/ooxml/spreadsheetml/main" in data[:1024]:
            raise FileProblem(name, "strict_workbook")
        if b"<!DOCTYPE" in data:
            raise FileProblem(name, "part_doctype", part=first_line(part))
        # Older expats read an endless tag or comment again and again from its beginning.
        begin = data.find(b"<!--")
        while begin >= 0 and (end := data.find(b"-->", begin, begin + LONGEST_LINE)) >= 0:
            begin = data.find(b"<!--", end)
        if begin >= 0 or _LONG_TAG.search(data):
            raise FileProblem(name, "part_endless", part=first_line(part))


def _covered(name: str, data: bytes) -> int:
    """How many cells the merged blocks, links and comments of a part cover."""
    cells = 0
    for tag in _COVERS.finditer(data):
        for double, single in _REF.findall(tag[1]):
            block = _BLOCK.fullmatch(double or single)
            if block is None:
                raise FileProblem(name, "no_block", block=(double or single)[:40].decode(errors="replace"))
            left, top, right, bottom = block.groups()
            wide = _column(right or left) - _column(left)
            cells += (abs(wide) + 1) * (abs(int(bottom or top) - int(top)) + 1)
    return cells


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number
