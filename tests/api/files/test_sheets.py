"""Sheets as people keep them: the same answers as from a CSV, wherever the table stands and whatever lies about."""

import csv
import string
from datetime import date, datetime
from pathlib import Path

import openpyxl
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import training_data.columns
from api.advice.batch import recommend_file
from api.advice.participant_rows import Job
from api.commands.main import cli
from api.files.rows import FileProblem
from api.files.sheets import open_sheet
from tests.api.files.workbook_parts import (
    DAY,
    HEADER,
    JOB,
    PROGRAMME,
    SIGNALS,
    cells,
    table,
)
from words.speaking import speaker

CENSUS = Path(training_data.columns.__file__).parent / "kenya_census.toml"


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
        ["31-003", "ya", "ya", 1, "lima juta", "31/02/2026", 31.71],
        ["31-004", 1, 0, 0.5, "USD 5.000", datetime(2026, 1, 31, 9, 30), None],
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
        ("3", "9", "E9", "monthly_profit", "lima juta"),
        ("3", "9", "F9", "training_certificate_on", "31/02/2026"),
        ("3", "9", "G9", "kecamatan", "31.71"),
        ("4", "10", "D10", "staff", "0.5"),
        ("4", "10", "E10", "monthly_profit", "USD 5.000"),
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
    assert "E9 monthly_profit = 'lima juta'" in result.stderr
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
        ["c", "besok", "31 Jan"],
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
    with pytest.raises(FileProblem, match="no sheet “X”") as error:
        cells(path, name="X")
    assert "'Data'" in speaker("en").remedy(error.value.message)


def test_a_sheet_without_a_header_names_what_was_searched_and_what_was_expected(book):
    with pytest.raises(FileProblem, match="A1:C50 of sheet “Data”") as error:
        cells(book([["nothing", "of", "use"]] * 60))
    assert "at least 2 of: " in speaker("en").remedy(error.value.message)
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
    with pytest.raises(FileProblem, match=r"“nib” more than once \(B2, D2\)"):
        cells(book([["Judul"], ["participant", "nib", "staff", " nib "], ["a"]]))


def test_a_misspelt_column_is_named_with_the_nearest(book, run):
    found, answers, _ = run(book([["participant", "nib", "monthly_proft"], ["a", "ya", 1]]))
    assert [row["participant"] for row in answers] == ["a"]
    assert str(found.left_out["monthly_proft"].args["near"].code) == "monthly_profit"


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
