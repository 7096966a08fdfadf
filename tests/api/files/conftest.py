"""A workbook made from rows, and what Kail answers for one."""

import openpyxl
import pytest

from api.advice.batch import recommend_file
from tests.api.files.workbook_parts import JOB, table


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
