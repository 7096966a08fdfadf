"""The command line run in this process, and small files for it to read."""

import pytest
from click.testing import CliRunner

from api.commands.main import cli

HEADER = "age,businessage,bankaccount,credit,employees,employeesnumber,loan,gender,tprofit,sec0,sec1,sec2,sec3"


@pytest.fixture
def kail():
    """Run a command in this process; give its exit code and what it said on both channels."""

    def run(*arguments):
        result = CliRunner().invoke(cli, [str(argument) for argument in arguments], prog_name="kail")
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        assert "Traceback" not in result.output
        return result

    return run


@pytest.fixture
def census(tmp_path):
    """Twenty made-up businesses in the shape of the Dandora census."""
    rows = [f"{20 + n},{n % 6},{n % 2},1,0,{n % 3},0,{n % 2},{1000 * n},1,0,0,0" for n in range(18)]
    rows += [",,,,,,,,,0,0,0,1", "33,2,0,1,1,4,1,1,9000,0,0,1,0"]
    path = tmp_path / "census.csv"
    path.write_text("\n".join([HEADER, *rows]) + "\n")
    return path


@pytest.fixture
def people(tmp_path):
    path = tmp_path / "people.csv"
    path.write_text("participant,business_running,wants_capital,staff\na,ya,ya,2\nb,ya,tidak,dua\nc,,ya,1\n")
    return path
