"""`kail export`: a file of training rows with its manifest, and everything that keeps it from being written."""

import errno
import json
import os
import stat
import subprocess
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from api.approvals import service as approvals
from api.outcomes import service
from api.record.approvals import APPROVALS
from matcher.programme.loading import load_programme
from models.dataset import FEWEST_ROWS
from tests.api.approvals.two import lets_stand, noted
from tests.api.commands.test_record import run
from tests.installation import installation
from tests.training_sets import Training, made
from training_data.schema import read_rows


@pytest.fixture
def training(kail, monkeypatch):
    monkeypatch.setattr("api.record.live.utc_now", kail.clock)
    training = Training(kail)
    training.assess(training.agreeing())
    training.forward(days=1)
    return training


@pytest.fixture
def kail(tmp_path, url):
    with installation(tmp_path / "data", url) as found:
        yield found


def exported(kail, output, *more, login="analyst", known_at="2026-12-01"):
    where = ["--data", kail.settings.data, *(["--database", kail.settings.database] if kail.settings.database else [])]
    return run("export", "--known-at", known_at, "-o", output, "--as", login, *where, *more)


def test_a_file_and_its_manifest_are_written_for_nobody_else_of_the_machine_to_read(training, tmp_path):
    for name in ("rows.csv", "rows.parquet", "rows.csv.gz"):
        told = exported(training.kail, tmp_path / name)
        assert told.exit_code == 0, told.output
        assert "1 row of 1 person" in told.output
        manifest = tmp_path / f"{name}.manifest.json"
        assert json.loads(manifest.read_text())["rows"] == 1
        assert [stat.S_IMODE((tmp_path / one).stat().st_mode) for one in (name, manifest.name)] == [0o600] * 2
        assert len(read_rows(tmp_path / name, load_programme())) == 1
    assert (tmp_path / "rows.csv").read_bytes() == made(training.kail, "2026-12-01").content
    assert noted(training.kail, "asked_for_job")[0].account_id == training.kail.actors["analyst"].account_id


def test_it_waits_for_an_operator_where_there_is_one_and_is_written_by_the_same_command_then(training, tmp_path):
    kail, output = training.kail, tmp_path / "rows.csv"
    lets_stand(kail, "operator")
    told = exported(kail, output, "--outcome", "funded")
    assert (told.exit_code, output.exists()) == (2, False)
    assert "Nothing was written" in told.output
    again = exported(kail, output, "--outcome", "funded")
    assert "waits" in again.output
    with kail.record.read() as tx:
        [waiting] = tx.all(select(APPROVALS))
    approvals.approve(kail.record, kail.actors["operator"], waiting.id, kail.live.rules)
    assert exported(kail, tmp_path / "other.csv").exit_code == 2  # everything was not approved
    told = exported(kail, output, "--outcome", "funded")
    assert told.exit_code == 0, told.output
    assert output.exists()
    assert waiting.id in noted(kail, "asked_for_job")[0].detail


@pytest.mark.parametrize(
    ("login", "known_at", "name", "said"),
    [
        ("nobody", "2026-12-01", "rows.csv", "no active account signs in by that name"),
        ("mentor", "2026-12-01", "rows.csv", "neither an analyst nor an operator"),
        ("lender", "2026-12-01", "rows.csv", "neither an analyst nor an operator"),
        ("analyst", "2026-12-02", "rows.csv", "is not over yet"),
        ("analyst", "2031-12-02", "rows.csv", "is not over yet"),
        ("analyst", "2026-01-01", "rows.csv", "no participants yet"),
        ("other_analyst", "2026-12-01", "rows.csv", "no participants in this organisation"),
        ("analyst", "yesterday", "rows.csv", "does not match the format"),
        ("analyst", "2026-02-30", "rows.csv", "does not match the format"),
        ("analyst", "2026-12-01", "rows.xlsx", "this ending is not known"),
        ("analyst", "2026-12-01", "there.csv", "this file exists"),
        ("analyst", "2026-12-01", "said.csv", "this file exists"),
        ("analyst", "2026-12-01", "nowhere/rows.csv", "there is no such folder"),
    ],
)
def test_what_keeps_it_from_being_written_is_said_and_nothing_is(training, tmp_path, login, known_at, name, said):
    folder = tmp_path / "out"
    folder.mkdir()
    for there in ("there.csv", "said.csv.manifest.json"):
        (folder / there).write_text("mine")
    told = exported(training.kail, folder / name, login=login, known_at=known_at)
    assert told.exit_code == 2
    assert said in told.output
    assert "Traceback" not in told.output
    assert sorted(path.name for path in folder.iterdir()) == ["said.csv.manifest.json", "there.csv"]
    assert {path.read_text() for path in folder.iterdir()} == {"mine"}
    assert noted(training.kail, "read_for_training") == []


def test_a_disk_that_fills_or_a_command_that_is_stopped_leaves_nothing_behind(training, tmp_path, monkeypatch):
    folder = tmp_path / "out"
    folder.mkdir()
    real = os.fsync
    for error in (OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()):
        for good in (0, 1):  # the first file, and the second
            left = [good]

            def full(handle, left=left, error=error):
                if not left[0]:
                    raise error
                left[0] -= 1
                real(handle)

            monkeypatch.setattr(os, "fsync", full)
            told = exported(training.kail, folder / "rows.csv")
            monkeypatch.setattr(os, "fsync", real)
            assert told.exit_code != 0
            assert "Traceback" not in told.output
            assert list(folder.iterdir()) == []
    assert exported(training.kail, folder / "rows.csv").exit_code == 0
    assert sorted(path.name for path in folder.iterdir()) == ["rows.csv", "rows.csv.manifest.json"]


def test_a_file_that_somebody_made_meanwhile_stays_theirs(training, tmp_path, monkeypatch):
    for theirs in ("rows.csv", "rows.csv.manifest.json"):
        folder = tmp_path / theirs
        folder.mkdir()
        make = service.make

        def meanwhile(*given, folder=folder, theirs=theirs, make=make):
            (folder / theirs).write_text("mine")
            return make(*given)

        monkeypatch.setattr(service, "make", meanwhile)
        told = exported(training.kail, folder / "rows.csv")
        monkeypatch.setattr(service, "make", make)
        assert told.exit_code == 2
        assert "this file exists" in told.output
        assert [(path.name, path.read_text()) for path in folder.iterdir()] == [(theirs, "mine")]


def test_the_installed_command_writes_rows_that_the_installed_command_trains_on(tmp_path, kail_by_dev):
    """What an analyst types, by the true clock: referrals of more than a year ago, and a scorecard learnt from them."""
    data = tmp_path / "data"
    with installation(data) as kail:
        kail.clock.now = datetime(2025, 6, 2, 2, tzinfo=UTC)
        training = Training(kail, moves_clock=False)
        for number in range(FEWEST_ROWS):
            books = {"months_of_books": 3 + number % 9}
            person = training.agreeing(name=f"Bu {number}", signals=books, agrees=False)
            training.agrees(person, training.bank, text_version="2026-11-29", said_on=training.today)
            sent = training.sent(person)
            if number % 3:
                training.paid_out(sent)
    known = ["--known-at", "2026-07-01", "--outcome", "funded", "-o", "rows.parquet"]
    told = installed(kail_by_dev, tmp_path, "export", *known, "--data", data, "--as", "analyst")
    assert told.returncode == 0, told.stderr
    assert f"rows.parquet: {FEWEST_ROWS} rows of {FEWEST_ROWS} people" in told.stdout
    train = ["train", "--rows", "rows.parquet", "--outcome", "funded", "-o", "models"]
    told = installed(kail_by_dev, tmp_path, *train, "--version", "funded-2026-1")
    assert told.returncode == 0, told.stderr
    manifest = json.loads((tmp_path / "models" / "funded-2026-1" / "manifest.json").read_text())
    assert manifest["training_data"]["basis"] == "outcomes"
    assert manifest["training_data"]["rows"] == FEWEST_ROWS


def installed(kail, folder, *arguments):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("KAIL_")}
    return subprocess.run([kail, *arguments], cwd=folder, capture_output=True, text=True, check=False, env=environment)
