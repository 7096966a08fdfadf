"""Workbooks of answers."""

import io
import zipfile

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.files import outputs
from api.files.outputs import ANSWER, WorkbookOutput, as_xml_text
from api.files.rows import FileProblem
from tests.api.files.workbook_parts import HEADER, cells
from words.speaking import speaker


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
    assert ".parquet" in speaker("en").remedy(error.value.message)
    assert (tmp_path / "a.xlsx").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.xlsx", "people.xlsx"]
