"""Excel workbooks in and out, ugly and hostile ones too."""

import csv
import io
import re
import string
import time
import tracemalloc
import zipfile
from datetime import date, datetime, timedelta
from pathlib import Path

import openpyxl
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl.workbook.defined_name import DefinedName

import training_data.columns
from api.advice.batch import recommend_file
from api.advice.participant_rows import Job, one_row
from api.commands.main import cli
from api.files import outputs, workbook_check
from api.files.outputs import ANSWER, WorkbookOutput, as_xml_text
from api.files.rows import FileProblem
from api.files.sheets import open_sheet
from matcher.programme.loading import load_programme
from matcher.programme.reading import ProgrammeError

PROGRAMME = load_programme()
DAY = date(2026, 11, 21)
JOB = Job(programme=PROGRAMME, today=DAY)
CENSUS = Path(training_data.columns.__file__).parent / "kenya_census.toml"
HEADER = ["participant", "nib", "staff", "monthly_profit"]
SIGNALS = [signal.id for signal in PROGRAMME.signals if not signal.derived]


@pytest.fixture
def book(tmp_path):
    """Make a workbook of one sheet from rows; `change` may do anything else to it."""

    def make(rows, change=None, name="people.xlsx"):
        made = openpyxl.Workbook()
        sheet = made.active
        sheet.title = "Data"
        for row in rows:
            sheet.append(row)
        if change:
            change(sheet)
        made.save(tmp_path / name)
        return tmp_path / name

    return make


@pytest.fixture
def run(tmp_path):
    """Recommend for a workbook; give the summary, the answers and the rejected rows, all read back."""

    def go(source, job=JOB, target="answers.csv"):
        found = recommend_file(job, source, tmp_path / target)
        return found, table(found.output), table(found.rejected_file)

    return go


def table(path):
    if not path.exists() or path.suffix != ".csv":
        return []
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


def cells(path, known=(*SIGNALS, "participant", "as_of"), name=None):
    """What is read from a workbook: the cells of every row."""
    with open_sheet(path, known, name=name) as sheet:
        return [row.cells for row in sheet.rows]


def places(rejected):
    return [(row["row"], row["line"], row["cell"], row["field"]) for row in rejected]


def with_parts(path, **changes):
    """Rewrite parts of a workbook; a change is new content or a function of the old. `name__ending` for name.ending."""
    changes = {
        name.replace("____", "/_").replace("___", "/").replace("__", "."): change for name, change in changes.items()
    }
    with zipfile.ZipFile(path) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    for name, change in changes.items():
        parts[name] = change(parts[name]) if callable(change) else change
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name, content in parts.items():
            new.writestr(name, content)
    return path


def with_shared_texts(path, change=lambda xml: xml):
    """Make the texts of a workbook shared ones, as Excel writes them."""
    space = "http://schemas.openxmlformats.org"
    texts = []

    def share(found):
        texts.append(f"<si><t>{found[1]}</t></si>")
        return f't="s"><v>{len(texts) - 1}</v></c>'

    def sheet(xml):
        return re.sub(r't="inlineStr"><is><t>(.*?)</t></is></c>', share, xml.decode()).encode()

    kind = f"{space}/officeDocument/2006/relationships/sharedStrings"
    link = f'<Relationship Id="t" Type="{kind}" Target="sharedStrings.xml"/>'
    with_parts(path, **{SHEET: sheet})
    xml = f'<sst xmlns="{space}/spreadsheetml/2006/main">{"".join(texts)}</sst>'.encode()
    links = {LINKS: lambda xml: xml.replace(b"</Relationships>", f"{link}</Relationships>".encode())}
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    part = f'<Override PartName="/xl/sharedStrings.xml" ContentType="{kind}"/></Types>'
    links[TYPES] = lambda xml: xml.replace(b"</Types>", part.encode())
    return with_parts(path, **links, **{TEXTS: change(xml)})


LINKS = "xl____rels___workbook__xml__rels"
TYPES = "[Content_Types]__xml"
SHEET = "xl___worksheets___sheet1__xml"
TEXTS = "xl___sharedStrings__xml"
STYLES = "xl___styles__xml"


def sheet_of(*rows, merged=""):
    """The XML of a worksheet."""
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return f'<worksheet xmlns="{space}"><sheetData>{"".join(rows)}</sheetData>{merged}</worksheet>'.encode()


def text_row(number, *texts):
    inner = "".join(f'<c t="inlineStr"><is><t>{text}</t></is></c>' for text in texts)
    return f'<row r="{number}">{inner}</row>'


# -- the same answers as a CSV -----------------------------------------------------------------------------------------

PEOPLE = st.lists(
    st.fixed_dictionaries(
        {
            "participant": st.text(string.ascii_letters + string.digits + "-=é_.", min_size=1, max_size=6),
            "business_running": st.none() | st.booleans(),
            "wants_capital": st.none() | st.sampled_from(["ya", "tidak", True, 0, 1]),
            "sector": st.none() | st.sampled_from(["food", "trade", "services"]),
            "staff": st.none() | st.integers(0, 20) | st.integers(0, 20).map(str) | st.sampled_from([3.0, "5 orang"]),
            "monthly_profit": st.none() | st.integers(-5_000_000, 50_000_000) | st.sampled_from([5000000.0, 0.5]),
            "existing_credit": st.none() | st.sampled_from(["kur", "house; consumer", "none"]),
            "training_certificate_on": st.none() | st.dates(date(2018, 1, 1), DAY),
        }
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(PEOPLE)
def test_any_people_get_the_same_answers_from_a_workbook_as_from_a_csv(tmp_path, people):
    names = list(people[0])
    made = openpyxl.Workbook()
    made.active.append(names)
    for place, person in enumerate(people, 2):
        for column, name in enumerate(names, 1):
            cell = made.active.cell(place, column, person[name])
            if isinstance(person[name], str):
                cell.data_type = "s"
    made.save(tmp_path / "h.xlsx")
    with (tmp_path / "h.csv").open("w", encoding="utf-8", newline="") as handle:
        csv.writer(handle).writerows([names, *([p[name] for name in names] for p in people)])
    found = []
    for name in ("h.xlsx", "h.csv"):
        summary = recommend_file(JOB, tmp_path / name, tmp_path / f"{name}.jsonl")
        answers = summary.output.read_text(encoding="utf-8") if summary.answered else ""
        rejected = [(r["row"], r["participant"], r["field"]) for r in table(summary.rejected_file) if summary.rejected]
        found.append((answers, rejected))
    assert found[0] == found[1]


CENSUS_HEADER = "age,businessage,bankaccount,credit,employees,employeesnumber,loan,gender,tprofit,sec0,sec1,sec2,sec3"


def test_a_census_through_its_map_gives_the_same_answers_from_a_workbook(tmp_path):
    rows = [[20 + n, n % 6, n % 2, 1, 0, n % 3, 0, n % 2, 1000.5 * n, 1, 0, 0, 0] for n in range(30)]
    rows += [[None] * 9 + [0, 0, 0, 1], [33, 2, 0, 1, 1, 4, 1, None, 9000, 0, 0, 1, 0], [33, -1, 7] + [0] * 10]
    made = openpyxl.Workbook()
    made.active.append(CENSUS_HEADER.split(","))
    with (tmp_path / "census.csv").open("w", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(CENSUS_HEADER.split(","))
        for row in rows:
            made.active.append(row)
            writer.writerow(row)
    made.save(tmp_path / "census.xlsx")
    job = Job(programme=PROGRAMME, today=DAY, columns=CENSUS)
    found = [recommend_file(job, tmp_path / f"census.{e}", tmp_path / f"{e}.csv") for e in ("csv", "xlsx")]
    assert (tmp_path / "csv.csv").read_bytes() == (tmp_path / "xlsx.csv").read_bytes()
    assert found[0].answered == found[1].answered == 32
    assert [r["row"] for r in table(found[1].rejected_file)] == ["33", "33"]
    assert [r["cell"] for r in table(found[1].rejected_file)] == ["B34", "C34"]


# -- an ugly workbook --------------------------------------------------------------------------------------------------


def ugly(sheet):
    """What a mentor sends: a title over all columns, a header of two rows, dates as text, a total at the bottom."""
    rows = [
        ["DATA PESERTA JAKPRENEUR 2026"],
        ["Dicetak 21 November 2026"],
        [],
        ["participant", "Izin", None, "staff", "monthly_profit", "training_certificate_on", "kecamatan", None],
        [None, "nib", "sku"],
        ["31-001", "ya", "tidak", 2, 5_000_000, datetime(2026, 1, 31), "31.71.01", "rajin"],
        ["31-002", True, False, "3", 5000000.0, "2026-02-28", "31.71.02"],
        [],
        ["31-003", "ya", "ya", 1, "5 juta", "31/01/2026", 31.71],
        ["31-004", 1, 0, 0.5, "Rp 5.000.000", datetime(2026, 1, 31, 9, 30), None],
        ["JUMLAH", None, None, "=SUM(D6:D10)", 99_000_000],
        [None, None, None, None, "Jakarta, 21 November 2026"],
    ]
    for row in rows:
        sheet.append(row)
    sheet.merge_cells("A1:H1")
    for block in ("A4:A5", "B4:C4", "D4:D5", "E4:E5", "F4:F5", "G4:G5"):
        sheet.merge_cells(block)
    sheet.row_dimensions[7].hidden = True
    for column in range(1, 60):
        sheet.cell(40, column).number_format = "0.00"


def test_an_ugly_workbook_is_read_as_far_as_it_is_certain(book, run):
    found, answers, rejected = run(book([], ugly))
    assert [row["participant"] for row in answers] == ["31-001", "31-002"]
    assert (found.sheet, found.header_row, found.blank, found.unnamed) == ("Data", 5, 1, ("H",))
    assert [(r["row"], r["line"], r["cell"], r["field"], r["value"]) for r in rejected] == [
        ("3", "9", "E9", "monthly_profit", "5 juta"),
        ("3", "9", "F9", "training_certificate_on", "31/01/2026"),
        ("3", "9", "G9", "kecamatan", "31.71"),
        ("4", "10", "D10", "staff", "0.5"),
        ("4", "10", "E10", "monthly_profit", "Rp 5.000.000"),
        ("5", "11", "A11", "participant", "JUMLAH"),
        ("6", "12", "A12", "participant", ""),
        ("6", "12", "E12", "monthly_profit", "Jakarta, 21 November 2026"),
    ]
    assert "adds up other rows" in rejected[5]["remedy"]


def test_the_command_line_tells_the_sheet_the_columns_and_the_cells(book, tmp_path):
    def change(sheet):
        ugly(sheet)
        sheet.parent.create_sheet("Rekap")
        sheet.parent.create_sheet("Rahasia").sheet_state = "hidden"

    source = book([], change)
    result = CliRunner().invoke(cli, ["recommend", str(source)], prog_name="kail")
    assert result.exit_code == 3
    said = " ".join(result.stdout.split())
    for words in (
        "Sheet read: Data, its header in row 5.",
        "6 read, 2 answered, 4 rejected",
        "(first in E9)",
        "Columns that hold something under no name, so not read: H",
        "Other sheets, not read: Rekap.",
        "Hidden sheets, not read: Rahasia.",
    ):
        assert words in said
    assert openpyxl.load_workbook(tmp_path / "people.kail.xlsx").active.max_row == 3
    result = CliRunner().invoke(cli, ["explain", str(source), "--row", "3", "--sheet", "Data"], prog_name="kail")
    assert result.exit_code == 2
    assert "row 3 (row 9 of the sheet) cannot be read" in result.stderr
    assert "E9 monthly_profit = '5 juta'" in result.stderr
    result = CliRunner().invoke(cli, ["explain", str(source), "--row", "1", "--sheet", "data"], prog_name="kail")
    assert result.stdout.startswith("Participant 31-001")


def test_dates_as_text_are_read_in_the_format_that_the_map_declares(book, run, tmp_path):
    path = tmp_path / "map.toml"
    path.write_text(
        '[map]\nname = "m"\nparticipant = "Nama Usaha"\nas_of = "Tanggal"\nas_of_format = "%d/%m/%Y"\n[[column]]\n'
        'from = "Sertifikat"\nto = "training_certificate_on"\ndate_format = "%d/%m/%Y"\n'
    )
    rows = [
        ["Nama\nUsaha ", "Tanggal", "Sertifikat", "Ket"],
        ["a", "01/11/2026", "31/01/2026"],
        ["b", date(2026, 11, 2), date(2026, 1, 31)],
        ["c", "2026-11-02", "31 Jan 2026"],
    ]
    found, answers, rejected = run(book(rows), Job(programme=PROGRAMME, today=DAY, columns=path))
    assert [(row["participant"], row["as_of"]) for row in answers] == [("a", "2026-11-01"), ("b", "2026-11-02")]
    assert [r["cell"] for r in rejected] == ["B4", "C4"]
    assert found.ignored == ("Ket",)


# -- the header --------------------------------------------------------------------------------------------------------


def test_the_first_sheet_in_sight_that_has_a_header_is_read(book):
    def change(sheet):
        other = sheet.parent.create_sheet("Petunjuk", 0)
        other.append(["Isi lembar Data. Kolom:", "participant"])
        hidden = sheet.parent.create_sheet("Lama", 0)
        hidden.append(HEADER)
        hidden.append(["old"])
        hidden.sheet_state = "veryHidden"

    path = book([HEADER, ["a", "ya"]], change)
    with open_sheet(path, [*SIGNALS, "participant"]) as sheet:
        assert (sheet.name, sheet.others, sheet.hidden) == ("Data", ("Petunjuk",), ("Lama",))
        assert [row.cells["participant"] for row in sheet.rows] == ["a"]
    assert cells(path, name="Lama")[0]["participant"] == "old"
    with pytest.raises(FileProblem, match="no sheet 'X'") as error:
        cells(path, name="X")
    assert "'Data'" in error.value.remedy("en")


def test_a_sheet_without_a_header_names_what_was_searched_and_what_was_expected(book):
    with pytest.raises(FileProblem, match="A1:C50 of sheet 'Data'") as error:
        cells(book([["nothing", "of", "use"]] * 60))
    assert "at least 2 of: " in error.value.remedy("en")
    with pytest.raises(FileProblem, match="no sheet in sight that holds anything"):
        cells(book([]))
    with pytest.raises(FileProblem, match="its sheet is empty"):
        cells(book([]), name="Data")


def test_one_name_is_no_header_and_the_best_row_wins(book):
    rows = [["participant", "Jakpreneur"], ["participant", "nib"], ["participant", "nib", "staff"], ["a", "ya", 1]]
    assert cells(book(rows)) == [{"participant": "a", "nib": "ya", "staff": 1}]
    with pytest.raises(FileProblem, match="no header"):
        cells(book([["participant", "nothing"], ["a", 1]]))


def test_a_header_that_names_a_column_twice_is_refused_with_both_cells(book):
    with pytest.raises(FileProblem, match=r"'nib' more than once \(B2, D2\)"):
        cells(book([["Judul"], ["participant", "nib", "staff", " nib "], ["a"]]))


def test_a_misspelt_column_is_named_with_the_nearest(book, run):
    with pytest.raises(ProgrammeError, match="Did you mean monthly_profit"):
        run(book([["participant", "nib", "monthly_proft"], ["a", "ya", 1]]))


def test_a_header_merged_downwards_names_its_column_and_rows_below_it_are_data(book):
    def change(sheet):
        sheet.merge_cells("A1:A2")
        sheet.merge_cells("B1:B2")

    assert cells(book([["participant", "nib"], [], ["a", "ya"]], change)) == [{"participant": "a", "nib": "ya"}]


# -- merged cells ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("block", "rejected"),
    [
        ("B2:B3", ["B2", "B3"]),  # one value for two people
        ("C3:D3", ["C3", "D3"]),  # one value for two questions
        ("D4:E4", []),  # the second column has no name: the value is that of the first
        ("E2:F4", []),  # nobody reads these columns
    ],
)
def test_merged_cells_are_refused_unless_their_value_is_certain(book, run, block, rejected):
    rows = [HEADER, ["a", "ya", 1, 100], ["b", "ya", 2, 200], ["c", "ya", 3, 300]]
    _, answers, found = run(book(rows, lambda sheet: sheet.merge_cells(block)))
    assert [row["cell"] for row in found] == rejected
    assert len(answers) == 3 - len({row["line"] for row in found})
    assert all(row["value"] == block and "Unmerge" in row["remedy"] for row in found)


def test_merged_cells_in_empty_rows_and_below_the_table_harm_nobody(book, run):
    _, answers, rejected = run(book([HEADER, ["a", "ya"], [], []], lambda sheet: sheet.merge_cells("A3:D9")))
    assert (len(answers), rejected) == (1, [])


# -- cells -------------------------------------------------------------------------------------------------------------


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


# -- what is no workbook, or a hostile one -----------------------------------------------------------------------------

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
    assert error.value.remedy("en")
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
        ([text_row(1, *HEADER), '<row r="2"><c r="XFD2"><v>1</v></c></row>'], "XFD2 of sheet 'Data' lies beyond the 2,000"),
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


# -- writing -----------------------------------------------------------------------------------------------------------


def written(path, rows):
    output = WorkbookOutput(path)
    output.write(rows)
    output.close()
    output.close()
    return path


def answer(**values):
    return tuple(values.get(name) for name in ANSWER)


def test_a_workbook_of_answers_has_a_bold_frozen_header_and_values_of_their_kind(tmp_path, book, run):
    run(book([HEADER, ["a", "ya"]]), target="a.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "a.xlsx").active
    assert sheet.parent.sheetnames == ["Kail"]
    assert [cell.value for cell in sheet[1]] == list(ANSWER)
    assert all(cell.font.bold for cell in sheet[1])
    assert sheet.freeze_panes == "A2"
    found = dict(zip(ANSWER, (cell.value for cell in sheet[2]), strict=True))
    assert found["participant"] == "a"
    assert isinstance(found["provisional"], bool)
    assert isinstance(found["interventions"], str)
    assert found["as_of"] == "2026-11-21"
    path = written(tmp_path / "b.xlsx", [answer(interventions=["x", "y"], path_cost_idr=5_000_000, score=-3)])
    sheet = openpyxl.load_workbook(path).active
    found = dict(zip(ANSWER, (cell.value for cell in sheet[2]), strict=True))
    assert (found["interventions"], found["path_cost_idr"], found["score"]) == ("x;y", 5_000_000, -3)


DANGEROUS = ["=1+1", "+62812", "-x", "@SUM(A1)", "\tx", "\r=1", "\n=1", "=cmd|' /C calc'!A0", "{=1}", "#N/A", "="]


def test_no_text_in_a_workbook_is_a_formula(tmp_path):
    path = written(tmp_path / "a.xlsx", [answer(participant=text, interventions=[text]) for text in DANGEROUS])
    with zipfile.ZipFile(path) as made:
        xml = made.read("xl/worksheets/sheet1.xml").decode()
        styles = made.read("xl/styles.xml").decode()
    assert "<f>" not in xml
    assert "<f " not in xml
    assert 't="e"' not in xml
    assert 'quotePrefix="1"' in styles
    sheet = openpyxl.load_workbook(path).active
    for row, text in enumerate(DANGEROUS, 2):
        cell = sheet.cell(row, 1)
        assert cell.data_type != "f"
        assert cell.quotePrefix or not text.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "#"))


def test_what_a_workbook_gives_back_is_what_was_written(tmp_path):
    texts = [*DANGEROUS, "a\0b", "\ud800", "\x1f", "_x0041_", "x" * 40_000, "peserta ﷺ 😀", " a ", ""]
    path = written(tmp_path / "a.xlsx", [answer(participant=text) for text in texts])
    with zipfile.ZipFile(path) as made:
        assert made.testzip() is None
    found = [row["participant"] for row in cells(path, list(ANSWER))]
    shown = [text.replace("\0", "�").replace("\ud800", "�").replace("\x1f", "�") for text in texts if text]
    shown = [text if len(text) < 40_000 else text[:32_766] + "…" for text in shown]
    assert found == [text for text in shown if text.strip()]


@given(st.text(st.characters(exclude_categories=[]), max_size=20))
def test_any_text_can_be_written(text):
    made = openpyxl.Workbook()
    made.active["A1"].value = as_xml_text(text) or None
    made.active["A1"].data_type = "s"
    made.save(io.BytesIO())


def test_more_answers_than_a_worksheet_holds_are_refused_and_the_old_file_stays(book, run, tmp_path, monkeypatch):
    source = book([HEADER, *([f"p{n}", "ya"] for n in range(5))])
    run(source, target="a.xlsx")
    before = (tmp_path / "a.xlsx").read_bytes()
    monkeypatch.setattr(outputs, "MOST_ROWS", 5)
    with pytest.raises(FileProblem, match="holds 5 rows") as error:
        run(source, target="a.xlsx")
    assert ".parquet" in error.value.remedy("en")
    assert (tmp_path / "a.xlsx").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.xlsx", "people.xlsx"]
