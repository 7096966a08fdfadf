"""`kail serve --check`: the whole service is started, asked and ended, and what was found is said."""

import shutil
import socket
import subprocess

import pytest

from tests.conftest import ROOT
from tests.installed import free_port

IN_ORDER = """\
In order: the service starts and answers.
In order: the service is ready.
In order: the home page.
In order: a recommendation for somebody of whom nothing is known.
In order: the record opens, and a key that was never made is refused.
Everything is in order; the service has been stopped again.
"""


def check(command, folder, *options, environment=None, port=None):
    """Run the installed command with --check; return the exit code and what it printed on either channel."""
    arguments = [command, "serve", "--check", "--port", str(port or free_port()), *map(str, options)]
    done = subprocess.run(
        arguments, cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert "Traceback" not in done.stdout
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("workers", [1, 2])
def test_a_service_in_order_says_so_and_the_port_is_free_again(kail_by_dev, tmp_path, workers):
    port = free_port()
    for _ in range(2):  # the second time on the record that the first has made
        assert check(kail_by_dev, tmp_path, "--workers", workers, "--data", "data", port=port) == (0, IN_ORDER, "")


def test_all_addresses_and_another_programme_without_a_record_in_another_language(kail_by_dev, tmp_path):
    options = ("--host", "0.0.0.0", "--programme", ROOT / "tests" / "programmes" / "warmi", "--language", "id")
    code, said, wrong = check(kail_by_dev, tmp_path, *options)
    assert (code, said.splitlines()[-1], wrong) == (0, "Semua beres; layanan sudah dihentikan lagi.", "")
    assert len(said.splitlines()) == 5  # no record, so nothing of it


def without_a_page(api):
    (api / "web" / "templates" / "home.html").unlink()


def without_a_start(api):
    (api / "app.py").write_text("", encoding="utf-8")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (without_a_page, "NOT in order: the home page. GET / answered 500 where 200 and its content were to come."),
        (without_a_start, "NOT in order: the service starts and answers. GET /health did not answer: "),
    ],
)
def test_a_service_that_is_not_in_order_says_what_is_wrong(kail_by_dev, tmp_path, monkeypatch, spoil, said):
    shutil.copytree(ROOT / "api", tmp_path / "api", ignore=shutil.ignore_patterns("__pycache__"))
    spoil(tmp_path / "api")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    code, printed, wrong = check(kail_by_dev, tmp_path)
    assert code == 2
    assert said in printed
    assert "the service is not in order; it has been stopped again.\n  Remedy: " in wrong


def test_a_wrong_programme_a_busy_port_and_a_broken_key_are_refused_before_anything_starts(kail, tmp_path):
    (tmp_path / "mine").mkdir()
    assert refusal(kail("serve", "--check", "--programme", tmp_path / "mine")).count("signals.toml") > 0
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        assert "Address already in use" in refusal(kail("serve", "--check", "--port", holder.getsockname()[1]))
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "kail.key").write_text("torn in two", encoding="utf-8")
    assert "kail.key" in refusal(kail("serve", "--check", "--data", tmp_path / "data"))


def refusal(result):
    assert result.exit_code == 2
    assert result.stdout == ""
    return result.stderr
