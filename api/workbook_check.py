"""What is asked of a workbook before openpyxl opens it: that it is one, and that it can be opened at a known cost.

openpyxl holds a whole workbook in memory and makes a cell of every cell that a merged block, a link or a comment covers,
however large a block a file claims. Nothing is parsed here: each part is unpacked once and searched.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from pathlib import Path
from typing import Final

from api.rows import LONGEST_LINE, FileProblem

MOST_BYTES: Final = 100_000_000
MOST_PARTS: Final = 10_000
MOST_TAGS: Final = 12_000_000
"""Every element costs memory; a cell with a number is four tags."""
MOST_COVERED: Final = 200_000
"""Cells that merged blocks, links and comments cover."""
SAVE_AGAIN: Final = "Open it in Excel or LibreOffice and save it again as 'Excel Workbook (.xlsx)'."
_SMALLER: Final = "Keep one sheet without pictures and formats, or save the sheet as CSV UTF-8 or as Parquet."
_READ: Final = 1 << 18
_COVERS: Final = re.compile(rb"<(?:[^\s<>/!?:]+:)?(?:mergeCell|hyperlink|comment)\s([^<]*)")
_REF: Final = re.compile(rb"""(?:^|\s)ref\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_BLOCK: Final = re.compile(rb"([A-Z]{1,3})([0-9]{1,7})(?::([A-Z]{1,3})([0-9]{1,7}))?")
_LONG_TAG: Final = re.compile(rb"<[^<>]{%d}" % LONGEST_LINE)
_FORMULA: Final = re.compile(rb"<(?:[^\s<>/!?:]+:)?f[\s/>]")


def damaged(name: str, error: object) -> FileProblem:
    """The problem of a file that breaks the rules of workbooks."""
    said = str(error).strip().partition("\n")[0].rstrip(".")[:200] or type(error).__name__
    return FileProblem(name, f"it is a damaged workbook ({said})", SAVE_AGAIN)


def check_workbook(path: Path) -> bool:
    """See that a file is a workbook that can be opened; return whether it may hold formulas.

    Raises:
        FileProblem: if it is no workbook, is locked, too large or hostile.
    """
    _check_begin(path)
    try:
        with zipfile.ZipFile(path) as book:
            parts = book.infolist()
            _check_sizes(path.name, parts)
            formulas = False
            tags = covered = 0
            for part in parts:
                with book.open(part) as stream:  # in blocks: only so does zipfile keep to the size that a part claims
                    data = b"".join(iter(lambda: stream.read(_READ), b""))
                _check_part(path.name, part.filename, data)
                tags += data.count(b"<")
                covered += _covered(path.name, data)
                if tags > MOST_TAGS or covered > MOST_COVERED:
                    many = f"{MOST_TAGS:,} tags" if tags > MOST_TAGS else f"{MOST_COVERED:,} merged or linked cells"
                    raise FileProblem(path.name, f"it has more than {many}", _SMALLER)
                formulas = formulas or _FORMULA.search(data) is not None
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise damaged(path.name, error) from None
    return formulas


def _check_begin(path: Path) -> None:
    with path.open("rb") as handle:
        begin = handle.read(8)
        if begin.startswith(b"PK"):
            return
        if begin.startswith(b"\xd0\xcf\x11\xe0"):
            if "EncryptedPackage".encode("utf-16-le") in handle.read(MOST_BYTES):
                raise FileProblem(path.name, "it is locked with a password", "Save it without a password.")
            raise FileProblem(path.name, "it is an old Excel workbook (.xls) under another name", SAVE_AGAIN)
    what = f"it is no Excel workbook, whatever its ending {path.suffix} says"
    remedy = "If it is text, end its name in .csv; else open it in the spreadsheet program and save it as .xlsx."
    raise FileProblem(path.name, what, remedy)


def _check_sizes(name: str, parts: list[zipfile.ZipInfo]) -> None:
    if any(part.flag_bits & 1 for part in parts):
        raise FileProblem(name, "it is locked with a password", "Save it without a password.")
    total = sum(part.file_size for part in parts)
    if total > MOST_BYTES or len(parts) > MOST_PARTS:
        what = f"it unpacks to {total:,} bytes in {len(parts):,} parts; the most that is read is {MOST_BYTES:,}"
        raise FileProblem(name, f"{what} in {MOST_PARTS:,}", _SMALLER)
    if not {"[Content_Types].xml", "_rels/.rels"} <= {part.filename for part in parts}:
        raise FileProblem(name, "it is a zip archive but no workbook (.xlsx)", SAVE_AGAIN)


def _check_part(name: str, part: str, data: bytes) -> None:
    if part.endswith((".xml", ".rels")):
        if b"\0" in data[:1024]:
            raise damaged(name, f"{part} is not UTF-8, as every spreadsheet program writes it")
        if b"http://purl.oclc.org/ooxml/spreadsheetml/main" in data[:1024]:
            raise FileProblem(name, "it is a 'Strict Open XML' workbook", SAVE_AGAIN)
        if b"<!DOCTYPE" in data:
            raise damaged(name, f"{part} declares a document type, which no spreadsheet program writes")
        # Older expats read an endless tag or comment again and again from its beginning.
        begin = data.find(b"<!--")
        while begin >= 0 and (end := data.find(b"-->", begin, begin + LONGEST_LINE)) >= 0:
            begin = data.find(b"<!--", end)
        if begin >= 0 or _LONG_TAG.search(data):
            raise damaged(name, f"{part} has a tag or comment without end")


def _covered(name: str, data: bytes) -> int:
    """How many cells the merged blocks, links and comments of a part cover."""
    cells = 0
    for tag in _COVERS.finditer(data):
        for double, single in _REF.findall(tag[1]):
            block = _BLOCK.fullmatch(double or single)
            if block is None:
                raise damaged(name, f"{(double or single)[:40]!r} is no block of cells")
            left, top, right, bottom = block.groups()
            wide = _column(right or left) - _column(left)
            cells += (abs(wide) + 1) * (abs(int(bottom or top) - int(top)) + 1)
    return cells


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number
