"""Encodings: how a text file is written, found by reading it once as a whole before anything of it is used."""

from __future__ import annotations

import codecs
import re
from io import TextIOWrapper
from typing import Final

from api.files.rows import LONGEST_LINE, FileProblem
from api.files.sources import Source, opened

_BLOCK: Final = 1 << 20
MAGIC: Final = {
    b"PK\x03\x04": "zip_archive",
    b"\xd0\xcf\x11\xe0": "old_workbook",
    b"PAR1": "parquet",
    b"\xff\xfe": "utf_16",
    b"\xfe\xff": "utf_16",
    b"\x1f\x8b": "gzip",
    b"%PDF": "pdf",
}
"""How files begin that are no text, and the code of each `FileProblem`."""
UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")
_TWICE_READ: Final = re.compile("[\u00c2-\u00f4][\u0080-\u00bf\u0152-\u2122]")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
_FOREIGN: Final = re.compile(r"[^\s,;|\"]*[^\x00-\x7f][^\s,;|\"]*")


def check_text(source: Source) -> int:
    """Read a whole text file once, before anything is written; return how many lines it has.

    Raises:
        FileProblem: naming the byte that is no UTF-8 or NUL, or a line that is far too long.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    offset, lines, length = 0, 0, 0
    with opened(source) as handle:
        while block := handle.read(_BLOCK):
            if offset == 0:
                for magic, code in MAGIC.items():
                    if block.startswith(magic):
                        raise FileProblem(source.name, code)
            nul = block.find(b"\0")
            if nul >= 0:
                line = lines + _breaks(block[:nul]) + 1
                raise FileProblem(source.name, "nul", byte=offset + nul + 1, line=line)
            held = len(decoder.getstate()[0])
            try:
                decoder.decode(block)
            except UnicodeDecodeError as error:
                _not_utf8(source, offset - held + error.start, lines + _breaks(block[: max(error.start - held, 0)]) + 1)
            for part in re.split(rb"[\r\n]", block)[:-1]:
                _check_length(source, lines, length + len(part))
                length = 0
            length += len(block) - 1 - max(block.rfind(b"\n"), block.rfind(b"\r"))
            lines += _breaks(block)
            _check_length(source, lines, length)
            offset += len(block)
    if decoder.getstate()[0]:
        _not_utf8(source, offset - len(decoder.getstate()[0]), lines + 1)
    return lines + (length > 0)


def encoding_of(source: Source) -> tuple[str, int, tuple[str, ...]]:
    """How a text is written (UTF-8; UTF-16 where it says so; else Windows' own), how many lines it has, and of the last kind
    its name and a word that shows whether it is.

    Raises:
        FileProblem: if it is none of them.
    """
    with opened(source) as handle:
        begin = handle.read(2)
    if begin in UTF_16:
        return "utf-16", _check_other(source, "utf-16"), ()
    try:
        return "utf-8-sig", check_text(source), ()
    except FileProblem as error:
        if error.code != "not_utf8" or (word := _windows_word(source)) is None:
            raise
    return "cp1252", _check_other(source, "cp1252"), ("Windows-1252", word)


def _check_other(source: Source, encoding: str) -> int:
    """Read a text that is no UTF-8 once, as `check_text` does; return how many lines it has."""
    length = lines = 0
    try:
        with TextIOWrapper(opened(source), encoding=encoding, newline="") as handle:
            while block := handle.read(_BLOCK):
                if "\0" in block:
                    raise FileProblem(source.name, "nul", byte=block.find("\0") + 1, line=lines + 1)
                parts = re.split(r"[\r\n]", block)
                for part in parts[:-1]:
                    _check_length(source, lines, length + len(part))
                    length = 0
                length += len(parts[-1])
                lines += len(parts) - 1
                _check_length(source, lines, length)
    except UnicodeError:
        raise FileProblem(source.name, "utf_16") from None
    return lines + (length > 0)


def _windows_word(source: Source) -> str | None:
    """A word with a letter that only Windows' own writing has there; None where it can hardly be that.

    What is UTF-8 but for a fault shows as such pairs of marks when it is read so: then it is the fault that is told.
    """
    word = end = ""
    with opened(source) as handle:
        while block := handle.read(_BLOCK):
            text = block.decode("cp1252", "replace")
            if "\ufffd" in text or _TWICE_READ.search(text) or _CONTROL.search(text):
                return None
            found = _FOREIGN.search(text)
            word = word or (found[0][:40] if found else "")
            end = text[-1]
    return None if "\u00c2" <= end <= "\u00f4" else word or None  # at its end UTF-8 that broke off


def _breaks(block: bytes) -> int:
    return block.count(b"\n") or block.count(b"\r")


def _check_length(source: Source, lines: int, length: int) -> None:
    if length > LONGEST_LINE:
        raise FileProblem(source.name, "long_line", line=lines + 1, most=LONGEST_LINE)


def _not_utf8(source: Source, byte: int, line: int) -> None:
    raise FileProblem(source.name, "not_utf8", byte=byte + 1, line=line) from None
