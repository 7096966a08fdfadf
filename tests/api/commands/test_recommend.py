"""`kail recommend` and `kail explain`, as an analyst meets them."""

import json
import re
import shutil
import tomllib
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import training_data.columns
from api.files.cage import limits_memory
from tests.api.files.hostile import parquet_bomb
from tests.conftest import ROOT

MAP = Path(training_data.columns.__file__).parent / "kenya_census.toml"

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
        (["people.csv", "--language", "fr"], "'en', 'id'"),
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


def test_a_column_that_nobody_knows_is_left_out_and_said_with_the_nearest(kail, tmp_path):
    (tmp_path / "p.csv").write_text("participant,monthly_proft,nib\na,1,ada\n")
    result = kail("recommend", tmp_path / "p.csv")
    assert result.exit_code == 0
    assert "Left out: monthly_proft: nobody knows it; is monthly_profit meant?" in result.stdout
    assert "nib: “ada” read as yes" in result.stdout


def test_a_file_of_strange_columns_alone_is_one_problem_with_one_remedy(kail, tmp_path):
    (tmp_path / "p.csv").write_text("colour,size\nred,1\n")
    result = kail("recommend", tmp_path / "p.csv")
    assert result.exit_code == 2
    assert "no column is known: colour, size" in result.stderr
    assert "Remedy: Name the columns as people call them" in result.stderr


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


def test_explain_says_what_would_be_cheaper_and_what_stands_before_it(kail, tmp_path):
    case = ROOT / "tests" / "cases" / "the_offer_and_the_path_agree.toml"
    signals = tomllib.loads(case.read_text(encoding="utf-8"))["signals"]
    path = tmp_path / "one.jsonl"
    path.write_text(json.dumps({"participant": "a", **signals}) + "\n", encoding="utf-8")
    said = kail("explain", path, "--row", 1, "--language", "en").stdout
    beside = said[said.index("What would be cheaper or larger") :]
    assert said.index("The way to KUR Mikro") < said.index("What would be cheaper or larger")
    assert beside.splitlines()[1].endswith("would cost less: 6% a year.")
    assert "    ? What does the business sell or make?" in beside
    assert "    = 0 days, free" in beside


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


def test_a_language_that_the_programme_does_not_speak_is_refused_before_anything_is_done(kail, tmp_path, monkeypatch):
    folder = tmp_path / "english"
    shutil.copytree(ROOT / "tests" / "programmes" / "warmi", folder)
    for path in folder.glob("*.toml"):
        text = re.sub(
            r'\bid = "[^"]*", (?=en = )|^[\w.]+\.id = "[^"]*"\n(?=[\w.]+\.en = )',
            "",
            path.read_text("utf-8"),
            flags=re.M,
        )
        path.write_text(text.replace('languages = ["id", "en"]', 'languages = ["en"]'), "utf-8")
    (tmp_path / "people.csv").write_text("participant\na\n", encoding="utf-8")
    result = kail("recommend", tmp_path / "people.csv", "--programme", folder, "--language", "id")
    assert result.exit_code == 2
    assert "tidak berbicara bahasa id.\n  Caranya: sebut --language dengan salah satu dari en." in result.stderr
    assert not (tmp_path / "people.kail.csv").exists()
    monkeypatch.setenv("KAIL_LANGUAGE", "xx")
    result = kail("recommend", tmp_path / "people.csv", "--programme", folder)
    assert result.exit_code == 2
    assert "KAIL_LANGUAGE is xx, and there is no such language" in result.stderr


def test_what_reading_may_take_can_be_limited(kail, census, tmp_path):
    same = ("--columns", MAP, "--as-of", "2026-11-21", "-o")
    assert kail("recommend", census, *same, tmp_path / "a.csv").exit_code == 0
    assert kail("recommend", census, *same, tmp_path / "b.csv", "--memory", "512MB").exit_code == 0
    assert (tmp_path / "b.csv").read_text() == (tmp_path / "a.csv").read_text()
    for size in ("much", "12", "-1GB"):
        result = kail("recommend", census, "--memory", size)
        assert result.exit_code == 2
        assert "such as 512MB" in result.stderr


@pytest.mark.skipif(not limits_memory(), reason="this system limits no memory")
def test_a_file_that_takes_more_memory_than_it_may_is_told_of_and_nothing_is_done(kail, tmp_path):
    path = tmp_path / "people.parquet"
    path.write_bytes(parquet_bomb())
    result = kail("recommend", path, "--memory", "500MB", "--language", "id")
    assert result.exit_code == 2
    assert "memori lebih dari 500 MB" in result.stderr
    assert list(tmp_path.iterdir()) == [path]
