"""The command line, as an analyst meets it."""

import logging
import re
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

import training_data.columns
from api.commands import main
from api.record.live import go_live
from api.settings import Settings
from matcher.programme.loading import OKOCE
from matcher.programme.loading import load_programme as real_load
from tests.conftest import ROOT

WARMI = ROOT / "tests" / "programmes" / "warmi"
MAP = Path(training_data.columns.__file__).parent / "kenya_census.toml"
HEADER = "age,businessage,bankaccount,credit,employees,employeesnumber,loan,gender,tprofit,sec0,sec1,sec2,sec3"


@pytest.fixture
def kail():
    """Run a command in this process; give its exit code and what it said on both channels."""

    def run(*arguments):
        result = CliRunner().invoke(main.cli, [str(argument) for argument in arguments], prog_name="kail")
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


# -- recommend ---------------------------------------------------------------------------------------------------------


def test_a_census_goes_through_its_map_into_parquet(kail, census, tmp_path):
    result = kail("recommend", census, "--columns", MAP, "-o", tmp_path / "out.parquet", "--as-of", "2026-11-21")
    assert result.exit_code == 0
    assert "Rows: 20 read, 20 answered, 0 rejected." in result.stdout
    assert "Answered for 21 November 2026." in result.stdout
    assert "Kail (fishing rod)" in result.stdout
    assert re.search(r"20  Do you want capital now", result.stdout)
    assert "tprofit (KES)" in result.stdout
    assert "not read (3): credit, employees, loan" in result.stdout
    assert result.stderr == ""
    found = pq.read_table(tmp_path / "out.parquet")
    assert found.num_rows == 20
    assert found["participant"].to_pylist()[:2] == ["1", "2"]
    assert not (tmp_path / "out.rejected.csv").exists()


def test_without_an_output_the_answers_stand_beside_the_input_in_its_format(kail, people, tmp_path):
    result = kail("recommend", people)
    assert result.exit_code == 3
    assert (tmp_path / "people.kail.csv").read_text().count("\n") == 3
    assert "dua" in (tmp_path / "people.kail.rejected.csv").read_text()
    assert "people.kail.rejected.csv" in result.stdout
    assert "3 read, 2 answered, 1 rejected" in result.stdout
    assert "staff: " in result.stdout


def test_the_summary_and_the_remedies_come_in_indonesian(kail, people, tmp_path):
    result = kail("recommend", people, "--language", "id")
    assert "Baris: 3 dibaca, 2 dijawab, 1 ditolak." in result.stdout
    assert "harus angka saja" in (tmp_path / "people.kail.rejected.csv").read_text()


def test_people_that_stand_twice_are_said_with_their_rows_before_the_figures(kail, tmp_path):
    ids = ["Ani", "Budi", "Ani", "3173 0123 4567 8901", "3173-0123-4567-8901", "3173 0123 4567 8901", *["Cici"] * 6]
    (tmp_path / "p.csv").write_text("participant,nib\n" + "".join(f"{name},ya\n" for name in ids))
    said = " ".join(kail("recommend", tmp_path / "p.csv").stdout.split())
    assert "Note: participants that stand more than once: 3." in said
    assert "Ani: 1, 3; (a long number): 4, 6; Cici: 7, 8, 9, 10, …" in said
    assert "3173" not in said
    assert said.index("Ani: 1") < said.index("Tiers")
    assert "more than once" not in kail("recommend", tmp_path / "p.csv", "--language", "id").stdout
    (tmp_path / "p.csv").write_text("participant,nib\na,ya\nb,ya\n")
    assert "more than once" not in kail("recommend", tmp_path / "p.csv").stdout


def test_when_nothing_can_be_answered_the_exit_code_is_two(kail, tmp_path):
    (tmp_path / "p.csv").write_text("staff\ndua\n")
    result = kail("recommend", tmp_path / "p.csv")
    assert result.exit_code == 2
    assert "no row could be answered" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nothing.csv"], "there is no such file"),
        (["people.csv", "--columns", "nothing.toml"], "cannot be read"),
        (["people.csv", "--goal", "kur_micro"], "kur_mikro"),
        (["people.csv", "--as-of", "2099-01-01"], "after today"),
        (["people.csv", "--as-of", "31-12-2026"], "%Y-%m-%d"),
        (["people.csv", "--programme", "nowhere"], "no such folder"),
        (["people.csv", "--model", "nothing.json"], "there is no scorecard 'nothing.json'"),
        (["people.csv", "--model", "people.csv"], "is no JSON"),
        (["people.csv", "-o", "a.doc"], "End the output's name in one of"),
        (["people.csv", "-o", "people.csv"], "overwrite the input"),
        (["people.csv", "--language", "fr"], "'id', 'en'"),
    ],
)
def test_every_error_is_one_clear_message_with_exit_code_two(kail, people, monkeypatch, arguments, said):
    monkeypatch.chdir(people.parent)
    result = kail("recommend", *arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stdout == ""
    assert [path.name for path in people.parent.iterdir()] == ["people.csv"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nothing.csv"], "kail: nothing.csv: berkas ini tidak ada.\n  Caranya: Periksa nama dan foldernya."),
        (["people.csv", "--as-of", "2099-01-01"], "kail: --as-of 2099-01-01: "),
        (["people.csv", "--goal", "kur_micro"], "bukan produk pada"),
    ],
)
def test_why_a_file_cannot_be_used_comes_in_the_language_asked(kail, people, monkeypatch, arguments, said):
    monkeypatch.chdir(people.parent)
    result = kail("recommend", *arguments, "--language", "id")
    assert result.exit_code == 2
    assert said in result.stderr
    assert "Remedy" not in result.stderr


def test_a_header_that_is_no_signal_says_how_to_go_on(kail, census):
    result = kail("recommend", census)
    assert result.exit_code == 2
    assert "column 'businessage': it is no signal" in result.stderr
    assert "business_age_months" in result.stderr
    assert "(columns)" in result.stderr


def test_one_strange_column_is_one_problem_with_one_remedy(kail, tmp_path):
    (tmp_path / "p.csv").write_text("participant,monthly_proft\na,1\n")
    said = kail("recommend", tmp_path / "p.csv").stderr
    assert said.startswith("kail: 1 problem:\n")
    assert len(said.splitlines()) == 2
    assert "Did you mean monthly_profit" in said
    assert "? Or write a column map and name it (columns)" in said


def test_what_nobody_foresaw_is_still_a_message(kail, people, monkeypatch):
    monkeypatch.setattr("api.advice.batch.recommend_file", lambda *_: 1 / 0)
    result = kail("recommend", people)
    assert result.exit_code == 2
    assert "unexpected ZeroDivisionError" in result.stderr
    assert "KAIL_TRACE=1" in result.stderr


# -- explain -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "en",
            ["Participant a, on", "Tier: ", "To ask", "What to do, in order", "from synthetic data", "The way"],
        ),
        (
            "id",
            [
                "Peserta a, pada",
                "Tingkat: ",
                "Yang perlu ditanyakan",
                "Yang bisa dilakukan",
                "data buatan (sintetis)",
                "Jalan",
            ],
        ),
    ],
)
def test_explain_says_everything_about_one_row_in_plain_words(kail, people, language, words):
    result = kail("explain", people, "--row", 1, "--language", language)
    assert result.exit_code == 0
    assert [word for word in words if word not in result.stdout] == []
    assert "kur_super_mikro" not in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 110


@pytest.mark.parametrize("command", [["recommend"], ["explain", "--row", 1]])
def test_without_a_model_there_is_no_score(kail, people, command):
    result = kail(command[0], people, *command[1:], "--model", "none")
    assert result.exit_code in (0, 3)
    assert "ynthetic" not in result.stdout


def test_a_file_says_in_every_row_what_its_score_rests_on(kail, people, tmp_path):
    kail("recommend", people, "-o", tmp_path / "answers.csv")
    lines = (tmp_path / "answers.csv").read_text(encoding="utf-8").splitlines()
    assert len(lines) > 1
    assert all("funded-synthetic-1@" in line and "(synthetic)" in line for line in lines[1:])


def test_explain_follows_the_goal_and_the_day_that_were_asked(kail, people):
    result = kail("explain", people, "--row", 3, "--goal", "kur_mikro", "--as-of", "2026-11-21")
    assert "on 21 November 2026" in result.stdout
    assert "The way to KUR Mikro" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--row", "2"], "staff = 'dua'"),
        (["--row", "9"], "no row 9"),
        (["--row", "0"], "0 is not in the range"),
        (["--row", "1", "--goal", "nothing"], "it is no product"),
    ],
)
def test_explain_says_why_it_cannot(kail, people, arguments, said):
    result = kail("explain", people, *arguments)
    assert result.exit_code == 2
    assert said in result.stderr


# -- programme check ---------------------------------------------------------------------------------------------------


def test_a_programme_in_order_says_so(kail):
    result = kail("programme", "check", OKOCE)
    assert result.exit_code == 0
    assert "in order. 7 steps" in result.stdout
    assert real_load().digest in result.stdout


def test_a_programme_with_mistakes_names_them_all_at_once(kail, tmp_path):
    for path in OKOCE.glob("*.toml"):
        text = path.read_text(encoding="utf-8")
        (tmp_path / path.name).write_text(text.replace('step = "P1"', 'step = "P9"'), encoding="utf-8")
    result = kail("programme", "check", tmp_path)
    assert result.exit_code == 2
    assert re.search(r"^kail: \d+ problems:", result.stderr)
    assert "signals.toml: signal registered: step names 'P9'" in result.stderr
    assert "interventions.toml" in result.stderr


# -- help --------------------------------------------------------------------------------------------------------------


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


# -- serve -------------------------------------------------------------------------------------------------------------


def test_a_port_that_is_taken_is_said_plainly(kail):
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        result = kail("serve", "--port", holder.getsockname()[1])
    assert result.exit_code == 2
    assert "Address already in use" in result.stderr
    assert "--port" in result.stderr


def test_a_programme_that_does_not_load_is_said_before_the_server_starts(kail, tmp_path):
    (tmp_path / "programme").mkdir()
    result = kail("serve", "--data", tmp_path)
    assert result.exit_code == 2
    assert "signals.toml" in result.stderr


def test_the_server_believes_no_proxy_and_is_told_its_settings_by_the_environment(kail, tmp_path, monkeypatch):
    told = {}
    monkeypatch.setattr("uvicorn.run", lambda app, **keys: told.update(keys, app=app))
    monkeypatch.setattr(main, "check_port", lambda *_: None)
    for name in ("KAIL_HOST", "KAIL_PORT", "KAIL_WORKERS", "KAIL_PROGRAMME", "KAIL_DATA", "KAIL_MODEL"):
        monkeypatch.setenv(name, "")  # so that they are put back afterwards
    assert kail("serve", "--port", 8123, "--workers", 3, "--data", tmp_path / "new").exit_code == 0
    assert (told["app"], told["factory"], told["workers"], told["port"]) == ("api.app:from_environment", True, 3, 8123)
    assert told["proxy_headers"] is False
    assert main.os.environ["KAIL_DATA"] == str(tmp_path / "new")
    assert (tmp_path / "new").is_dir()


def test_a_programme_can_be_named_for_the_service_as_for_files(kail, tmp_path, monkeypatch):
    monkeypatch.setattr("uvicorn.run", lambda app, **keys: None)
    monkeypatch.setattr(main, "check_port", lambda *_: None)
    for name in ("KAIL_HOST", "KAIL_PORT", "KAIL_WORKERS", "KAIL_PROGRAMME", "KAIL_DATA", "KAIL_MODEL"):
        monkeypatch.setenv(name, "")
    assert kail("serve", "--programme", WARMI).exit_code == 0
    assert go_live(Settings.from_environment(main.os.environ)).programme.id == "warmi"
    result = kail("serve", "--programme", tmp_path / "nowhere")
    assert result.exit_code == 2
    assert "there is no such folder" in result.stderr
    assert "--programme DIR" in kail("serve", "--help").stdout


def test_the_access_log_has_no_query():
    arguments = ("1.2.3.4:5", "GET", "/people?nik=317", "1.1", 200)
    record = logging.LogRecord("uvicorn.access", logging.INFO, "", 0, '%s - "%s %s HTTP/%s" %d', arguments, None)
    assert main.WithoutQuery().filter(record)
    assert record.getMessage() == '1.2.3.4:5 - "GET /people HTTP/1.1" 200'
    assert main.log_config()["handlers"]["access"]["filters"] == ["without_query"]


@pytest.mark.parametrize("workers", [1, 2])
def test_the_service_starts_answers_and_stops(tmp_path, workers):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "api.commands.main", "serve", "--port", str(port), "--workers", str(workers)]
    with (tmp_path / "log").open("w+") as log:
        service = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT)
        try:
            status = first_answer(f"http://127.0.0.1:{port}/health?nik=317", service)
        finally:
            service.terminate()
            service.wait(20)
        log.seek(0)
        written = log.read()
    assert status == 200
    assert "/health" in written
    assert "317" not in written
    assert "Traceback" not in written


def first_answer(address, service, patience=120.0):
    end = time.monotonic() + patience
    while time.monotonic() < end and service.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=5) as answer:
                return answer.status
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the service did not answer")


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
