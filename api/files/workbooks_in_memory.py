"""Workbooks in memory: openpyxl lays every sheet in clear in the temporary folder while it writes; here none is.

It reaches into openpyxl, which offers no other way: a test sees that no file is made and that what is written is read again.
"""

from __future__ import annotations

import io
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile


def keep_in_memory(sheet: Any) -> None:
    """Have a sheet keep in memory what is written row by row; to be called before the first one."""
    from openpyxl.worksheet._writer import WorksheetWriter

    sheet._writer = WorksheetWriter(sheet, io.BytesIO())
    sheet._writer.write_top()


def archived(book: Any) -> bytes:
    """A workbook, all of whose sheets are kept in memory, as the content of a file."""
    from openpyxl.drawing.spreadsheet_drawing import SpreadsheetDrawing
    from openpyxl.writer.excel import ExcelWriter

    class InMemory(ExcelWriter):  # type: ignore[misc]  # the library publishes no types
        def write_worksheet(self, ws: Any) -> None:
            ws._drawing = SpreadsheetDrawing()
            ws.close()
            ws._rels = ws._writer._rels
            self._archive.writestr(ws.path[1:], ws._writer.out.getvalue())
            self.manifest.append(ws)

    out = io.BytesIO()
    InMemory(book, ZipFile(out, "w", ZIP_DEFLATED)).save()
    return out.getvalue()
