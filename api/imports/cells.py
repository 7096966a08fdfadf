"""Cells: the rows of a sheet between the cage and the record, kept sealed, so that storing them can go on anywhere.

Rows stand in blocks, each of which names its columns anew: where a block begins, reading can begin.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, Final

from api.files.packing import Packer, Unpacker, frame, pack, receive, unpack
from api.files.rows import FileProblem, Row
from api.files.sources import opened
from api.record.crypto import Tampered
from api.record.sealed_files import SealedWriter
from api.record.staging import Staged

BLOCK: Final = 64


class CellsWriter:
    """Writes what stands in a sheet: first what all its rows share, then the rows."""

    def __init__(
        self,
        to: SealedWriter,
        headers: Sequence[str] | None,
        table: Any,
        about: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self._to, self._count, self._packer = to, 0, Packer()
        self._shared = {"headers": pack(headers and list(headers)), "table": pack(table), "about": dict(about or {})}

    def write(self, row: Row) -> None:
        """Add a row."""
        if not self._count:  # the first one knows the letters of the columns, which are the same for all
            self._to.write(frame({**self._shared, "letters": dict(row.letters)}))
        if self._count % BLOCK == 0:
            self._packer = Packer()
        self._to.write(frame(self._packer.row(row)))
        self._count += 1


class CellsReader:
    """Reads rows again. `headers`, `table` (of the column map, or None), `about` (the sheet) are what all of them share."""

    def __init__(self, file: Any) -> None:
        self._file = file
        shared = receive(file)
        headers = unpack(shared["headers"])
        self.headers = None if headers is None else tuple(headers)
        self.table, self._letters = unpack(shared["table"]), shared["letters"]
        self.about: Mapping[str, Sequence[str]] = shared["about"]
        self._first = file.tell()

    def tell(self) -> int:
        """How many bytes were read so far."""
        found: int = self._file.tell()
        return found

    def rows(self, count: int, block: int = 0) -> Iterator[tuple[Row, int]]:
        """The rows after the first `count`, each with the place of the block that the next row stands in.

        `block`: the place of the block that row number `count` stands in, as it came with the row before it.
        """
        skip, total = count % BLOCK, count
        self._file.seek(block or self._first)
        unpacker, place = Unpacker(self._letters), block or self._first
        number = count - skip
        while True:
            if number % BLOCK == 0:
                unpacker, place = Unpacker(self._letters), self._file.tell()
            try:
                row = unpacker.row(receive(self._file))
            except EOFError:
                return
            except Tampered:
                raise FileProblem("", "rows_lost") from None
            number += 1
            if number > total:
                yield row, self._file.tell() if number % BLOCK == 0 else place


@contextmanager
def read_cells(file: Staged) -> Iterator[CellsReader]:
    """Open the rows that were kept of a file.

    Raises:
        FileProblem: if they are gone or are not what was kept; so may every row.
    """
    with ExitStack() as stack:
        try:
            cells = CellsReader(stack.enter_context(opened(file)))
        except (FileNotFoundError, Tampered):
            raise FileProblem("", "rows_lost") from None
        yield cells
