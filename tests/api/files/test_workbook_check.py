"""What is no workbook, or a hostile one: refused in words, soon and cheaply, with nothing written."""

import re
import time
import tracemalloc
import zipfile

import pytest

from api.advice.batch import recommend_file
from api.advice.participant_rows import Job
from api.files import workbook_check
from api.files.rows import FileProblem
from tests.api.files.workbook_parts import (
    DAY,
    HEADER,
    JOB,
    LINKS,
    PROGRAMME,
    SHEET,
    STYLES,
    TEXTS,
    cells,
    sheet_of,
    text_row,
    with_parts,
    with_shared_texts,
)
from words.speaking import speaker

LOCKED = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le") + b"\0" * 99


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("p.xlsx", b"", "the file is empty"),
        ("p.xlsx", b"participant,nib\na,ya\n", "no Excel workbook, whatever its ending .xlsx says"),
        ("p.xlsx", b"<html><table>", "no Excel workbook"),
        ("p.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 900, "old Excel workbook"),
        ("p.xlsx", LOCKED, "locked with a password"),
        ("p.xlsx", b"PK\x03\x04 cut off", "damaged workbook"),
        ("p.xls", b"\xd0\xcf\x11\xe0", ".xls workbooks cannot be read"),
        ("p.csv", b"PK\x03\x04 a workbook", "Excel workbook"),
    ],
)
def test_what_is_no_workbook_is_said_clearly(tmp_path, name, content, said):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(FileProblem, match=said) as error:
        recommend_file(JOB, tmp_path / name, tmp_path / "a.csv")
    assert speaker("en").remedy(error.value.message)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_zip_that_is_no_workbook_is_said_clearly(tmp_path):
    with zipfile.ZipFile(tmp_path / "p.xlsx", "w") as made:
        made.writestr("hello.txt", "x")
    with pytest.raises(FileProblem, match="zip archive but no workbook"):
        cells(tmp_path / "p.xlsx")


def test_a_sheet_name_is_for_workbooks_only(tmp_path):
    (tmp_path / "p.csv").write_text("nib\nya\n")
    with pytest.raises(FileProblem, match="no sheets to choose from"):
        recommend_file(Job(programme=PROGRAMME, today=DAY, sheet="Data"), tmp_path / "p.csv", tmp_path / "a.csv")


LAUGHS = b'<!DOCTYPE lolz [<!ENTITY a "lol">' + b"".join(
    b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(12)
)


@pytest.mark.parametrize("part", [TEXTS, SHEET, STYLES, LINKS, "xl___workbook__xml", "_rels___.rels"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_that_unfold_are_refused_in_every_part(book, part, encoding):
    xml = (LAUGHS + b"]><x>&m;</x>").decode().encode(encoding)
    path = with_parts(with_shared_texts(book([HEADER, ["a", "ya"]])), **{part: xml})
    with pytest.raises(FileProblem, match=r"document type|not UTF-8"):
        cells(path)


def test_shared_texts_are_read_as_those_in_their_cells(book):
    path = book([HEADER, ["a", "ya", 1], ["b", "tidak", "dua"]])
    before = cells(path)
    assert cells(with_shared_texts(path)) == before


def refused(path, said, seconds=10.0, peak=60_000_000):
    """See that a file is refused soon and cheaply."""
    tracemalloc.start()
    start = time.perf_counter()
    with pytest.raises(FileProblem, match=said):
        cells(path)
    taken, (_, most) = time.perf_counter() - start, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert taken < seconds
    assert most < peak


def test_a_zip_bomb_is_refused_before_anything_is_unpacked(book):
    path = book([HEADER, ["a", "ya"]])
    with (
        zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED, compresslevel=1) as made,
        made.open("xl/media/x.png", "w") as out,
    ):
        for _ in range(101):
            out.write(b"\0" * 1_000_000)
    refused(path, r"unpacks to 101,\d{3},\d{3} bytes .* most that is read is 100,000,000", seconds=2)


def test_a_part_that_claims_to_be_small_is_not_unpacked_further(book):
    path = with_parts(book([HEADER, ["a", "ya"]]), **{SHEET: sheet_of(text_row(1, *HEADER)) + b" " * 50_000_000})
    raw = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as made:
        size = made.getinfo("xl/worksheets/sheet1.xml").file_size
    path.write_bytes(raw.replace(size.to_bytes(4, "little"), (700).to_bytes(4, "little")))
    refused(path, "damaged", peak=10_000_000)


@pytest.mark.parametrize(
    "part",
    [SHEET, TEXTS, STYLES],
)
def test_elements_without_end_or_meaning_are_refused(book, monkeypatch, part):
    path = with_shared_texts(book([HEADER, ["a", "ya"]]))
    with_parts(path, **{part: lambda xml: re.sub(rb"(</\w+>)$", b"<x/>" * 5_000 + rb"\1", xml)})
    monkeypatch.setattr(workbook_check, "MOST_TAGS", 4_000)
    with pytest.raises(FileProblem, match=r"more than 4,000 tags"):
        cells(path)


def test_very_many_merged_cells_are_refused(book, monkeypatch):
    monkeypatch.setattr(workbook_check, "MOST_COVERED", 3)
    with pytest.raises(FileProblem, match="more than 3 merged or linked cells"):
        cells(book([HEADER, ["a", "ya"]], lambda sheet: (sheet.merge_cells("A5:B5"), sheet.merge_cells("A6:B6"))))


def test_a_sheet_that_claims_to_be_huge_and_holds_little_is_read_at_once(book):
    rows = [text_row(1, *HEADER), text_row(2, "a", "ya"), '<row r="1048576"><c r="XFD1048576" s="0"/></row>']
    xml = sheet_of(*rows).replace(b"<sheetData>", b'<dimension ref="A1:XFD1048576"/><sheetData>')
    path = with_parts(book([HEADER]), **{SHEET: xml})
    start = time.perf_counter()
    assert [row["participant"] for row in cells(path)] == ["a"]
    assert time.perf_counter() - start < 2


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([text_row(1, *HEADER), '<row r="2"><c r="XFD2"><v>1</v></c></row>'], "XFD2 of sheet “Data” lies beyond the 2,000"),
        ([text_row(1, *HEADER), text_row("1e400", "a")], "damaged"),
        ([text_row(1, *HEADER), '<row r="2"><c r="a!2"><v>1</v></c></row>'], "damaged"),
        ([text_row(1, *HEADER), '<row r="2"><c r="A2" t="s"><v>999</v></c></row>'], "damaged"),
        ([text_row(1, *HEADER), '<row r="2"><c r="A2"><v>many</v></c></row>'], "damaged"),
        ([text_row(1, *HEADER), f'<row r="2"><c r="A2" t="str"><v>{"x" * 1_000_001}</v></c></row>'], "1,000,001 characters"),
        ([text_row(1, *HEADER), "<row>"], "damaged"),
    ],
)  # fmt: skip
def test_a_damaged_sheet_is_one_clear_message_and_nothing_is_written(book, tmp_path, rows, said):
    path = with_parts(book([HEADER]), **{SHEET: sheet_of(*rows)})
    with pytest.raises(FileProblem, match=said):
        recommend_file(JOB, path, tmp_path / "a.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["people.xlsx"]


def test_a_tag_without_end_is_refused_and_does_not_hang(book):
    xml = sheet_of(text_row(1, *HEADER)).replace(b"</worksheet>", b"<!--" + b"x" * 10_000_000)
    refused(with_parts(book([HEADER]), **{SHEET: xml}), "without end")


@pytest.mark.parametrize(
    "after",
    [
        "<mergeCells>" + '<mergeCell ref="A2:Z9"/>' * 3_000 + "</mergeCells>",
        '<mergeCells><mergeCell ref="A2:XFD1048576"/></mergeCells>',
        "<x:mergeCells><x:mergeCell\n ref = 'A2:XFD1048576'/></x:mergeCells>",
        '<hyperlinks><hyperlink display="&gt;>" ref="A2:XFD1048576"/></hyperlinks>',
    ],
)
def test_blocks_that_cover_very_many_cells_are_refused(book, after):
    path = with_parts(book([HEADER]), **{SHEET: sheet_of(text_row(1, *HEADER), text_row(2, "a"), merged=after)})
    refused(path, "merged or linked cells")


def test_a_block_whose_address_is_hidden_is_refused(book):
    merged = '<mergeCells><mergeCell ref="A2&#58;XFD1048576"/></mergeCells>'
    path = with_parts(book([HEADER]), **{SHEET: sheet_of(text_row(1, *HEADER), text_row(2, "a"), merged=merged)})
    refused(path, "no block of cells")


def test_a_locked_part_is_refused(book):
    path = book([HEADER, ["a", "ya"]])
    raw = bytearray(path.read_bytes())
    raw[raw.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(raw)
    with pytest.raises(FileProblem, match="password"):
        cells(path)
