"""What a cell of a workbook says: its value as a CSV would have it, or why it says nothing certain."""

import csv
from datetime import date, datetime, timedelta

import pytest
from openpyxl.workbook.defined_name import DefinedName

from api.advice.participant_rows import Job, one_row
from api.files.rows import FileProblem
from api.files.sheets import open_sheet
from tests.api.files.workbook_parts import (
    DAY,
    HEADER,
    JOB,
    PROGRAMME,
    SHEET,
    cells,
    places,
    sheet_of,
    text_row,
    with_parts,
    with_shared_texts,
)


def value_of(book, value, number_format="General", column="monthly_profit"):
    def change(sheet):
        sheet["B2"] = value
        sheet["B2"].number_format = number_format

    with open_sheet(book([["participant", column], ["a"]], change), ["participant", column]) as sheet:
        [row] = sheet.rows
        return row.problems[0].value if row.problems else row.cells[column]


@pytest.mark.parametrize(
    ("value", "code", "read"),
    [
        (5000000, "General", 5000000),
        (5000000.0, '"Rp"#,##0.00', 5000000),
        (5e6, "0.00E+00", 5000000),
        (2.5, "General", 2.5),
        (-7, "[Red]#,##0", -7),
        (0.5, "0%", "50%"),
        (1, "0.0%", "100%"),
        (7, "000", "007"),
        (7, "0", 7),
        (12, '#,##0 "hari"', 12),
        (True, "General", True),
        ("007", "@", "007"),
        ("31.71.01", "General", "31.71.01"),
        (31.71, "General", 31.71),
        ("5 juta", "General", "5 juta"),
        (date(2026, 1, 31), "dd/mm/yyyy", date(2026, 1, 31)),
        (datetime(2026, 1, 31, 9, 30), "dd-mmm-yy", datetime(2026, 1, 31, 9, 30)),
        (46053, "d mmmm yyyy", date(2026, 1, 31)),
        (46053, "General", 46053),
        (0.5, "h:mm", "12:00:00"),
        (-1, "yyyy", "1899-12-29T00:00:00"),
        (10**9, "yyyy", "#VALUE!"),
        (3171234567890123, "0", "3171234567890123"),
        ("#N/A", "General", "#N/A"),
    ],
)
def test_a_cell_is_read_as_a_csv_would_have_it(book, value, code, read):
    found = value_of(book, value, code)
    assert (found, type(found)) == (read, type(read))


@pytest.mark.parametrize(
    ("value", "code", "said"),
    [
        ("=1+1", "General", "save it in Excel once"),
        ("#REF!", "General", "is an error"),
        (10**9, "yyyy", "outside the dates"),
        (3171234567890123, "0", "15 digits"),
        (1, "0%", "must be digits only"),
        (46053, "d mmmm yyyy", ""),
    ],
)
def test_a_cell_that_says_nothing_certain_is_rejected_with_its_address(book, run, value, code, said):
    def change(sheet):
        sheet["C3"] = value
        sheet["C3"].number_format = code

    _, answers, rejected = run(book([HEADER, ["a", "ya", 1], ["b", "ya"], ["c", "ya", "dua"]], change))
    assert [row["participant"] for row in answers] == ["a"]
    assert places(rejected) == [("2", "3", "C3", "staff"), ("3", "4", "C4", "staff")]
    assert said in rejected[0]["remedy"] or code == "0%"
    assert rejected[0]["participant"] == "b"


def test_an_error_where_nobody_reads_is_no_problem(book, run, tmp_path):
    path = tmp_path / "map.toml"
    path.write_text('[map]\nname = "m"\nparticipant = "id"\n[[column]]\nfrom = "izin"\nto = "nib"\n')
    rows = [["id", "izin", "usia"], ["a", "ya", "=NOW()"], ["b", "ya", "#N/A"]]
    _, answers, rejected = run(book(rows), Job(programme=PROGRAMME, today=DAY, columns=path))
    assert (len(answers), rejected) == (2, [])


def test_a_formula_counts_as_its_stored_result_and_an_empty_text_is_one(book):
    path = with_parts(book([HEADER, ["a", "ya", "=6*2"]]), **{SHEET: lambda xml: xml.replace(b"<v />", b"<v>12</v>")})
    assert cells(path)[0]["staff"] == 12
    rows = [
        text_row(1, *HEADER),
        '<row r="2"><c t="inlineStr"><is><t>a</t></is></c>',
        '<c r="B2" t="str"><f>""</f><v></v></c></row>',
    ]
    assert cells(with_parts(path, **{SHEET: sheet_of(*rows)}))[0]["nib"] == ""


def test_a_participant_that_is_an_error_is_one_problem(book, run):
    _, _, rejected = run(book([HEADER, ["#N/A", "ya"], ["b", "ya"]]))
    assert places(rejected) == [("1", "2", "A2", "participant")]


@pytest.mark.parametrize("word", ["TOTAL", "Jumlah:", "Grand Total", "sub total"])
def test_a_total_is_no_person_in_a_workbook_or_a_csv(book, run, tmp_path, word):
    rows = [HEADER, ["a", "ya", 1, 5], [None, word, 1, 5]]
    source = tmp_path / "p.csv"
    with source.open("w", newline="") as handle:
        csv.writer(handle).writerows(rows)
    for path in (book(rows), source):
        _, answers, rejected = run(path)
        assert [row["participant"] for row in answers] == ["a"]
        assert [(row["field"], row["value"]) for row in rejected] == [("nib", word)]


def test_a_row_that_adds_up_others_is_rejected_though_no_word_says_so(book, run):
    rows = [
        ["nib", "staff", "monthly_profit"],
        ["ya", 1, 5],
        ["ya", 2, "=B3*5"],
        [None, "=SUM(B2:B3)", "=SUBTOTAL(9,C2:C3)"],
    ]
    path = with_parts(book(rows), **{SHEET: lambda xml: xml.replace(b"<v />", b"<v>3</v>")})
    _, answers, rejected = run(path)
    assert len(answers) == 2
    assert places(rejected) == [("3", "4", "B4", "staff")]


def test_one_row_counts_as_in_the_rejected_file(book):
    path = book([["Judul"], [], HEADER, [], ["a", "ya"], [], ["b", "ya"]])
    assert one_row(JOB, path, 2).id == "b"


def test_dates_count_from_1904_where_the_workbook_says_so(book):
    path = book([["participant", "training_certificate_on"], ["a", date(2026, 1, 31)]])
    change = {"xl___workbook__xml": lambda xml: xml.replace(b"<workbookPr ", b'<workbookPr date1904="1" ')}
    assert cells(with_parts(path, **change))[0]["training_certificate_on"] == date(2026, 1, 31) + timedelta(days=1462)


def test_escaped_characters_rich_text_and_reading_aids_are_read_as_they_are_shown(book):
    rich = b"<si><r><t>Bu </t></r><r><t>Siti_x000D_</t></r><rPh sb='0' eb='1'><t>shi</t></rPh></si>"
    path = book([["participant", "nib"], ["x", "ya"]])
    with_shared_texts(path, lambda xml: xml.replace(b"<si><t>x</t></si>", rich))
    assert cells(path)[0]["participant"] == "Bu Siti\r"


def test_other_programs_way_of_writing_the_same_is_read_too(book):
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    row = '<x:row><x:c t="inlineStr"><x:is><x:t>{}</x:t></x:is></x:c><x:c t="str"><x:v>{}</x:v></x:c></x:row>'
    xml = f'<x:worksheet xmlns:x="{space}"><x:sheetData>{row.format("participant", "nib")}{row.format("a", "ya")}'
    path = with_parts(book([["participant", "nib"]]), **{SHEET: f"{xml}</x:sheetData></x:worksheet>".encode()})
    assert cells(path) == [{"participant": "a", "nib": "ya"}]


def test_a_strict_workbook_is_refused_in_words(book):
    strict = b"http://purl.oclc.org/ooxml/spreadsheetml/main"
    space = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    path = with_parts(book([HEADER, ["a", "ya"]]), **{SHEET: lambda xml: xml.replace(space, strict)})
    with pytest.raises(FileProblem, match="Strict Open XML"):
        cells(path)


def test_macros_and_links_are_never_opened(book, run):
    def change(sheet):
        sheet.parent.defined_names["x"] = DefinedName("x", attr_text="[1]Sheet1!$A$1")

    path = book([HEADER, ["a", "ya"]], change, name="people.xlsm")
    path = with_parts(
        path, xl___vbaProject__bin=b"\xd0\xcf\x11\xe0 macro", xl___externalLinks___externalLink1__xml=b"<"
    )
    assert len(run(path)[1]) == 1
