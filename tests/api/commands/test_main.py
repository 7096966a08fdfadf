"""The command line as a whole: its help, what it loads, and how it ends."""

import subprocess
import sys

import pytest

from tests.conftest import ROOT


@pytest.mark.parametrize(
    "command", [[], ["recommend"], ["explain"], ["programme"], ["programme", "check"], ["serve"]], ids=" ".join
)
def test_help_teaches(kail, command):
    result = kail(*command, "--help")
    assert result.exit_code == 0
    assert command == ["programme"] or "kail " in result.stdout.partition("\n")[2]


def test_help_gives_the_exit_codes_and_where_the_answers_go(kail):
    said = kail("recommend", "--help").stdout
    assert "people.kail.csv" in said
    assert "Exit code: 0 all rows answered, 3 some rows rejected, 2 nothing done." in said


def test_serving_loads_nothing_that_trains_and_no_parquet():
    code = (
        "import sys, api.commands.main, api.app; print({'sklearn', 'joblib', 'pyarrow', 'openpyxl'} & {*sys.modules})"
    )
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout == "set()\n"


def test_python_dash_m_works_and_a_closed_pipe_is_no_error(people):
    command = f"{sys.executable} -m api.commands.main explain {people} --row 1 | head -1"
    result = subprocess.run(command, shell=True, cwd=ROOT, capture_output=True, text=True, check=True)
    assert result.stdout.startswith("Participant a")
    assert result.stderr == ""
