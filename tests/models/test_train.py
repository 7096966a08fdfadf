"""Training from the command line: progress, figures, digests, refusals."""

import re
import shutil

import numpy as np
import pytest
from click.testing import CliRunner

from api.commands.main import cli
from models import train
from models.registry import ARTIFACTS, load_scorecard
from training_data.schema import Rows, rows_for, write_rows
from words.catalogues import languages
from words.speaking import speaker


@pytest.fixture
def kail():
    def run(*arguments):
        result = CliRunner().invoke(cli, ["train", *map(str, arguments)], prog_name="kail")
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    return run


@pytest.fixture
def rows_file(sample, tmp_path):
    rows = rows_for(sample, "funded").take(np.arange(700))
    write_rows(tmp_path / "rows.parquet", rows)
    return tmp_path / "rows.parquet"


def test_a_new_version_is_written_and_trains_again_to_the_same_digest(kail, rows_file, rules, tmp_path):
    result = kail("--rows", rows_file, "--outcome", "funded", "-o", tmp_path / "mine", "--version", "mine-1")
    assert result.exit_code == 0, result.stderr
    for words in ("SYNTHETIC", "AUC on rows not seen", "before rounding", "Digest: ", "Written: "):
        assert words in result.stdout
    assert load_scorecard("mine-1", rules, tmp_path / "mine").outcome == "funded"
    again = kail("--rows", rows_file, "-o", tmp_path / "mine", "--check", "mine-1")
    assert (again.exit_code, again.stdout.splitlines()[-1]) == (0, "Equal: mine-1 has the same digest.")
    taken = kail("--rows", rows_file, "-o", tmp_path / "mine", "--version", "mine-1")
    assert taken.exit_code == 2
    assert "exists already" in taken.stderr


def test_what_was_trained_and_why_a_check_differs_come_in_the_language_asked(kail, rows_file, tmp_path):
    made = kail("--rows", rows_file, "-o", tmp_path / "mine", "--version", "mine-1", "--language", "id")
    first, rows, auc, parity, digest, written = made.stdout.splitlines()
    assert first.startswith("BUATAN (sintetis): ")
    assert rows.startswith("mine-1: funded, 700 baris, ")
    assert re.fullmatch(r"AUC pada baris yang belum dilihat: 0,\d{3} \(0,\d{3} sampai 0,\d{3}\)\.", auc)
    assert re.search(
        r"sebelum pembulatan \(paling banyak 1e-9\), 0,\d{4} poin sesudahnya \(paling banyak 0,05\)\.$", parity
    )
    assert digest.startswith("Sidik: ")
    assert written.startswith("Ditulis: ")
    other = kail("--rows", rows_file, "--check", "funded-synthetic-1", "--language", "id")
    assert "dipelajari dari baris lain. Caranya: sebut barisnya sendiri dengan --rows" in other.stderr


def test_every_stage_has_its_words_in_every_language():
    for language in languages():
        assert set(speaker(language).names("stage")) == set(train.STAGES)


def test_a_check_against_other_rows_differs_and_says_why(kail, rows_file):
    result = kail("--rows", rows_file, "--check", "funded-synthetic-1")
    assert result.exit_code == 2
    assert "learnt from other rows" in result.stderr


def test_a_check_of_a_changed_manifest_differs(kail, tmp_path):
    shutil.copytree(ARTIFACTS / "kept-synthetic-1", tmp_path / "kept-synthetic-1")
    manifest = tmp_path / "kept-synthetic-1" / "manifest.json"
    text = manifest.read_text(encoding="utf-8")
    digest = text.split('"scorecard.json": "')[1][:64]
    manifest.write_text(text.replace(digest, "0" * 64), encoding="utf-8")
    result = kail("-o", tmp_path, "--check", "kept-synthetic-1")
    assert result.exit_code == 2
    assert "The same rows gave other points" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "give -o DIR and --version NAME, or --check VERSION"),
        (["--check", "nothing-1"], "one of these versions: funded-synthetic-1, kept-synthetic-1"),
        (["--rows", "nothing.parquet", "--check", "funded-synthetic-1"], "nothing.parquet"),
        (["--outcome", "repaid"], "'funded', 'kept'"),
    ],
)
def test_what_cannot_be_trained_is_said_in_words(kail, arguments, said):
    result = kail(*arguments)
    assert result.exit_code == 2
    assert said in result.stderr


def test_rows_of_real_outcomes_get_bands_of_people_not_seen(sample):
    rows = rows_for(sample, "funded")
    rows = rows.take(np.arange(900))
    real = Rows(rows.programme, rows.participant, {**rows.columns, "source": np.ones(len(rows), dtype=np.int64)})
    stages = []
    found = train.train(real, "funded", "real-1", stages.append)
    assert stages == list(train.STAGES)
    table = found.compiled.table
    assert table["basis"] == "outcomes"
    assert sum(band["people"] for band in table["bands"]) == len(rows)
    assert "recorded outcomes" in train.card("real-1", found.dataset, found.compiled, found.evaluation, ())
    assert not any(line.startswith("SYNTHETIC") for line in train.report(found))
