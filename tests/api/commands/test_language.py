"""Whatever a command says, it says in the language asked; its help stays English."""

import click
import pytest

from api.commands.main import cli
from matcher.programme.loading import OKOCE


def commands(group=cli, before=()):
    """The name of every command, with the group it is in, and the command."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, (*before, name))
        else:
            yield " ".join((*before, name)), command


@pytest.fixture
def mistaken(tmp_path):
    """A copy of the programme that names a step which does not exist."""
    for path in OKOCE.glob("*.toml"):
        text = path.read_text(encoding="utf-8")
        (tmp_path / path.name).write_text(text.replace('step = "P1"', 'step = "P9"'), encoding="utf-8")
    return tmp_path


def test_every_command_takes_a_language():
    found = dict(commands())
    assert {"serve", "programme check", "train", "account add", "keys rotate"} <= set(found)
    without = [name for name, command in found.items() if "language" not in {one.name for one in command.params}]
    assert without == []


def test_the_mistakes_of_a_programme_are_named_in_the_language_asked(kail, mistaken):
    said = kail("programme", "check", mistaken, "--language", "id")
    assert said.exit_code == 2
    first, second, *_ = said.stderr.splitlines()
    assert (first.split()[0], first.split()[2]) == ("kail:", "masalah:")
    assert second == (
        "signals.toml: signal registered: step menyebut 'P9', yang tidak ada. Pilih salah satu: P1, P2, P3, P4, P5, P6, P7."
    )


def test_an_environment_variable_sets_the_language_for_good(kail, mistaken, monkeypatch):
    monkeypatch.setenv("KAIL_LANGUAGE", "id")
    assert "masalah:" in kail("programme", "check", mistaken).stderr
    assert "problems:" in kail("programme", "check", mistaken, "--language", "en").stderr
    assert kail("programme", "check", OKOCE).stdout.splitlines()[1].startswith("Sidik: ")


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("serve", "--programme", "nowhere"), "nowhere: folder ini tidak ada."),
        (("serve", "--model", "nothing-1"), "tidak ada kartu skor 'nothing-1'; sebut sebuah berkas, atau salah satu"),
        (("audit", "verify", "--data", "nowhere"), "nowhere bukan folder data Kail."),
        (("keys", "rotate", "--data", "nowhere"), "nowhere bukan folder data Kail."),
        (("rescreen", "--data", "nowhere"), "nowhere bukan folder data Kail."),
        (("account", "add", " ", "--role", "mentor", "--organisation", "x", "--data", "nowhere"), "LOGIN terdiri dari"),
        (("cohort", "-n", 5, "-o", "people.doc"), "people.doc: akhiran nama ini tidak dikenal."),
        (("train", "--check", "nothing-1"), "tidak ada kartu skor 'nothing-1'"),
        (("train", "-o", ".", "--version", "a/b"), "'a/b' bukan nama untuk sebuah versi"),
        (("train", "--rows", "rows.doc", "--check", "funded-synthetic-1"), "rows.doc: namanya harus diakhiri .parquet"),
    ],
)
def test_why_nothing_was_done_is_said_in_the_language_asked(kail, tmp_path, monkeypatch, command, said):
    monkeypatch.chdir(tmp_path)
    result = kail(*command, "--language", "id")
    assert result.exit_code == 2
    assert said in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_what_a_demo_and_an_account_are_told_comes_in_the_language_asked(kail, tmp_path):
    data = ("--data", tmp_path / "data", "--language", "id")
    assert "BUATAN (sintetis): 3 orang yang tidak pernah hidup" in kail("demo", "-n", 3, *data).stdout
    added = kail("account", "add", "budi", "--role", "mentor", "--organisation", "Koja", *data)
    assert "Kata sandinya berlaku 7 hari dan hanya ditampilkan sekali ini" in added.stdout
    assert "catatan, 0 cacat" in kail("audit", "verify", *data).stdout
    assert kail("keys", "rotate", *data).stdout.startswith("Kunci induk 2 membungkus")


def test_help_stays_english(kail, monkeypatch):
    monkeypatch.setenv("KAIL_LANGUAGE", "id")
    assert "Learn a scorecard from training rows" in kail("train", "--help").stdout
