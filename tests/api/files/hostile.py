"""Files that somebody makes to take a server down, each small to send; written in a moment."""

from __future__ import annotations

import io
import json
import zipfile

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq

from tests.api.files.workbook_parts import sheet_of, text_row

HEADER = text_row(1, "name", "nik", "nib")
ZEROS = b"0" * 1_000_000


def workbook(sheet: bytes, **more: bytes) -> bytes:
    """A workbook with that XML as its one sheet, and other parts beside it."""
    openpyxl.Workbook().save(made := io.BytesIO())
    out = io.BytesIO()
    with zipfile.ZipFile(made) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, sheet if name == "xl/worksheets/sheet1.xml" else old.read(name))
        for name, content in more.items():
            new.writestr(f"xl/media/{name}", content)
    return out.getvalue()


def one_cell_rows(rows: int) -> bytes:
    """Rows of one cell each: some 0.07 bytes of the file for each, and 700 bytes of memory."""
    return workbook(sheet_of(HEADER, "<row><c><v>1</v></c></row>" * rows))


def many_cells(rows: int, columns: int, formula: bool = False) -> bytes:
    """A sheet with a header that is known and many cells."""
    first = f'<row r="2"><c><f>1+1</f><v>{2}</v></c></row>' if formula else ""
    return workbook(sheet_of(HEADER, first, f"<row>{'<c><v>1</v></c>' * columns}</row>" * rows))


def zip_bomb() -> bytes:
    """A workbook whose picture unpacks to 200 MB."""
    return workbook(sheet_of(HEADER), picture=ZEROS * 200)


def lying_zip() -> bytes:
    """The same, where every size in the archive says that it is small."""
    content = workbook(sheet_of(HEADER), picture=ZEROS * 120)
    return content.replace((120_000_000).to_bytes(4, "little"), (1_000).to_bytes(4, "little"))


def parquet(table: pa.Table) -> bytes:
    """A Parquet file of that table."""
    pq.write_table(table, out := io.BytesIO(), compression="zstd")
    return out.getvalue()


def parquet_bomb() -> bytes:
    """A few hundred kilobytes that hold 2,000 names of a million letters: a dictionary of one."""
    long = pa.DictionaryArray.from_arrays(pa.array([0] * 2_000, pa.int32()), pa.array(["x" * 1_000_000]))
    return parquet(pa.table({"name": long, "nik": pa.array(["1"] * 2_000)}))


def broken_parquet() -> bytes:
    """Parquet whose pages are overwritten."""
    content = bytearray(parquet(pa.table({"name": [str(n) * 9 for n in range(2_000)], "nik": ["1"] * 2_000})))
    content[40:4_000] = bytes(range(256)) * 15 + bytes(120)
    return bytes(content)


def jsonl(*rows: object) -> bytes:
    """A file of JSON lines."""
    return "".join(f"{json.dumps(row)}\n" for row in rows).encode()


def never_closed(lines: int) -> bytes:
    """A CSV in which every row swallows the rest of the file: read again and again from its next line."""
    return b"name,nik\n" + b'y","x\n' * lines


def wide(rows: int, columns: int) -> bytes:
    """A CSV of many columns with strange names."""
    header = ",".join(["nik", *(f"nibs{n}" for n in range(columns))])
    return f"{header}\n{(',' * columns + chr(10)) * rows}".encode()


MAP = '[map]\nname = "x"\n[[column]]\nfrom = "nib"\nto = "nib"\n'
MAPS = {
    "one dotted key of 200,000 parts": "a" + ".a" * 200_000 + " = 1\n",
    "one dotted key of 29,000 parts": "a" + ".a" * 29_000 + " = 1\n",
    "a dotted key with blanks and quotes": "a" + ' . "a"' * 10_000 + " = 1\n",
    "a dotted header": "[a" + ".a" * 29_000 + "]\n",
    "a dotted key in a table in a list": "a = [{ a" + ".a" * 20_000 + " = 1 }]\n",
    "a text before it": 'x = """\n"""\ny = \'\'\'"\'\'\'\n# "\na' + ".a" * 20_000 + " = 1\n",
    "arrays 900 deep": "a = " + "[" * 900 + "]" * 900 + "\n",
    "tables 900 deep": "a = " + "{ a = " * 900 + "1" + "}" * 900 + "\n",
    "6,000 keys": "".join(f"n{n} = 1\n" for n in range(6_000)),
    "a megabyte": "# " + "x" * 1_000_000,
    "a number of 60,000 digits": "a = " + "1" * 60_000 + "\n",
    "a number of 60,000 hexadecimal digits": "a = 0x" + "f" * 60_000 + "\n",
    "a text without end": 'a = """' + '\\"' * 30_000,
    "quotes": "'\"" * 30_000,
}
