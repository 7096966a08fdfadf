"""dev.py's own decisions. No test here needs a network, makes an environment or leaves a file behind."""

import ast
import importlib.util
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import dev

ROOT = Path(dev.__file__).parent


@pytest.fixture
def project(tmp_path):
    """A project folder with two locks and the outside of a .venv, but no stamp: as a killed set-up leaves it."""
    for name in ("dev.py", dev.RUNTIME, dev.DEV):
        (tmp_path / name).write_text(f"# {name}\n", encoding="utf-8")
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "python").touch()
    return tmp_path


# --- which Python -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [(2, 7, 18), (3, 8, 18), (3, 10, 13)])
def test_an_old_python_is_refused_with_its_version_and_a_remedy(version):
    message = dev.refusal(version, "posix")
    assert ".".join(map(str, version)) in message
    assert "Remedy" in message


@pytest.mark.parametrize("version", [(3, 11, 0), (3, 13, 0), (3, 14, 1), (4, 0, 0)])
def test_a_new_python_is_not_refused(version):
    assert dev.refusal(version, "posix") == ""


def test_windows_is_refused_with_a_remedy():
    assert "WSL" in dev.refusal((3, 13, 0), "nt")


def test_old_pythons_can_read_the_file_far_enough_to_print_the_refusal():
    ast.parse((ROOT / "dev.py").read_text(encoding="utf-8"), feature_version=(3, 7))


# --- the stamp --------------------------------------------------------------------------------------------------------


def test_a_folder_without_venv_has_one_made(tmp_path):
    assert dev.state(tmp_path, dev.RUNTIME) == "make"


def test_a_half_made_venv_is_made_anew(project):
    assert dev.state(project, dev.RUNTIME) == "make"


def test_a_damaged_stamp_counts_as_none(project):
    (project / ".venv" / "kail-stamp.json").write_text('{"requirements.lo', encoding="utf-8")
    assert dev.state(project, dev.RUNTIME) == "make"


def test_a_stamped_venv_is_ready(project):
    dev.write_stamp(project, dev.RUNTIME)
    assert dev.state(project, dev.RUNTIME) == "ready"


def test_the_tools_are_added_to_a_venv_that_runs_kail(project):
    dev.write_stamp(project, dev.RUNTIME)
    assert dev.state(project, dev.DEV) == "add"


def test_a_venv_with_the_tools_also_runs_kail(project):
    dev.write_stamp(project, dev.DEV)
    assert [dev.state(project, name) for name in (dev.RUNTIME, dev.DEV)] == ["ready", "ready"]


@pytest.mark.parametrize("name", [dev.RUNTIME, dev.DEV, "dev.py"])
def test_a_changed_lock_or_dev_py_makes_the_venv_anew(project, name):
    dev.write_stamp(project, dev.DEV)
    (project / name).write_text("changed", encoding="utf-8")
    assert dev.state(project, dev.DEV) == "make"


def test_another_python_makes_the_venv_anew(project, monkeypatch):
    dev.write_stamp(project, dev.RUNTIME)
    monkeypatch.setattr("platform.python_version", lambda: "3.99.0")
    assert dev.state(project, dev.RUNTIME) == "make"


def test_a_moved_project_makes_the_venv_anew(project):
    dev.write_stamp(project, dev.RUNTIME)
    moved = project.rename(project.with_name("moved"))
    assert dev.state(moved, dev.RUNTIME) == "make"


def test_a_venv_whose_python_is_gone_is_made_anew(project):
    dev.write_stamp(project, dev.RUNTIME)
    (project / ".venv" / "bin" / "python").unlink()
    assert dev.state(project, dev.RUNTIME) == "make"


def test_a_failed_install_leaves_no_stamp(project, monkeypatch):
    def fails(root, lock):
        raise dev.Failure("pip could not install", "free some disk")

    dev.write_stamp(project, dev.RUNTIME)
    monkeypatch.setattr(dev, "install", fails)
    with pytest.raises(dev.Failure, match="free some disk"):
        dev.set_up(project, dev.DEV)
    assert dev.state(project, dev.RUNTIME) == "make"


# --- venv and pip -----------------------------------------------------------------------------------------------------


def test_with_ensurepip_the_venv_has_its_own_pip(project, monkeypatch):
    monkeypatch.setattr(dev, "has_ensurepip", lambda: True)
    assert "--without-pip" not in dev.venv_command(project / ".venv")
    (project / ".venv/lib/python3.11/site-packages/pip").mkdir(parents=True)
    assert dev.pip_command(project / ".venv") == [str(project / ".venv/bin/python"), "-m", "pip"]


def test_without_ensurepip_the_pip_outside_fills_the_venv(project, monkeypatch):
    monkeypatch.setattr(dev, "has_ensurepip", lambda: False)
    assert dev.missing_for_venv() == ""
    assert "--without-pip" in dev.venv_command(project / ".venv")
    assert dev.pip_command(project / ".venv") == [
        sys.executable, "-m", "pip", "--python", str(project / ".venv/bin/python"),
    ]  # fmt: skip


def test_without_ensurepip_and_pip_the_remedy_names_the_packages(project, monkeypatch):
    monkeypatch.setattr(dev, "has_ensurepip", lambda: False)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "pip" else name)
    with pytest.raises(dev.Failure, match="apt install python3-venv python3-pip"):
        dev.make_venv(project / ".venv")


@pytest.mark.parametrize(
    ("printed", "remedy"),
    [
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "free about 1 GB"),
        ("Failed to establish a new connection: [Errno -3] Temporary failure in name resolution", "PIP_INDEX_URL"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.", "another file"),
        ("SSLError(1, '[SSL: CERTIFICATE_VERIFY_FAILED]')", "PIP_CERT"),
        ("no such option: --python", "pip 22.3 or newer"),
        ("ERROR: No matching distribution found for pyarrow==25.0.1", "no ready-made package"),
        ("something nobody has seen", "delete .venv"),
    ],
)
def test_what_pip_prints_becomes_a_remedy(printed, remedy):
    assert remedy in dev.remedy_for(printed)


def test_the_launcher_finds_kail_from_any_folder_and_a_path_with_spaces(tmp_path, monkeypatch):
    monkeypatch.delenv("PYTHONPATH", raising=False)  # what it names comes before what the launcher's folder has
    root = tmp_path / "it's a folder"
    (root / "api" / "commands").mkdir(parents=True)
    (root / "api" / "commands" / "main.py").write_text(
        "def main():\n    import sys\n    print(sys.argv[1:])\n", encoding="utf-8"
    )
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", root / ".venv"], check=True)
    dev.write_launcher(root / ".venv")
    answer = subprocess.run([root / ".venv/bin/kail", "a b", "c"], cwd="/", capture_output=True, text=True, check=True)
    assert answer.stdout == "['a b', 'c']\n"
    read_again = "import runpy, sys; runpy.run_path(sys.argv[1], run_name='__mp_main__')"  # as spawned processes do
    python, kail = root / ".venv/bin/python", root / ".venv/bin/kail"
    again = subprocess.run([python, "-c", read_again, kail], cwd="/", capture_output=True, text=True, check=True)
    assert again.stdout == ""


# --- commands ---------------------------------------------------------------------------------------------------------


def test_run_passes_its_options_to_the_server_with_an_absolute_data_folder(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    options = dev.parse(["run", "--port", "8080", "--workers", "2", "--data", "d"])
    command, *rest = dev.serve_command(options)
    assert command == str(ROOT / ".venv" / "bin" / "kail")
    assert rest == [
        "serve", "--host", "127.0.0.1", "--port", "8080",
        "--workers", "2", "--data", str(tmp_path / "d"),
    ]  # fmt: skip


def test_arguments_dev_py_does_not_know_go_to_pytest():
    assert dev.parse(["test", "--hard", "tests/matcher", "-k", "unknown"]).pytest == ["tests/matcher", "-k", "unknown"]


@pytest.mark.parametrize("arguments", [["run", "--prot", "1"], ["run", "--port", "70000"], ["run", "--port", "x"]])
def test_run_refuses_what_it_does_not_know(arguments, capsys):
    with pytest.raises(SystemExit, match="2"):
        dev.parse(arguments)
    assert arguments[-1] in capsys.readouterr().err


def test_hard_means_more_examples_and_a_number_already_set_is_kept():
    assert [dev.examples(True, {}), dev.examples(False, {}), dev.examples(False, {"KAIL_EXAMPLES": "50"})] == [
        "20000", "500", "50",
    ]  # fmt: skip


def test_every_stage_runs_even_when_the_first_fails(monkeypatch, capsys):
    monkeypatch.setattr(dev, "set_up", lambda root, lock: None)
    monkeypatch.setattr(subprocess, "call", lambda command, **_: 1 if "format" in command else 0)
    assert dev.main(["test"]) == 1
    verdicts = [line.split()[2] for line in capsys.readouterr().out.splitlines() if " s" in line]
    assert verdicts == ["FAILED", "passed", "passed", "passed"]


# --- the locks --------------------------------------------------------------------------------------------------------


def pins(name):
    text = (ROOT / name).read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]
    return {line.split(" --hash")[0].strip(): line.count("--hash=sha256:") for line in lines}


def test_the_tools_lock_holds_all_of_the_runtime_lock():
    runtime, tools = ({pin.partition(" ;")[0] for pin in pins(name)} for name in (dev.RUNTIME, dev.DEV))
    assert runtime <= tools


@pytest.mark.parametrize("name", [dev.RUNTIME, dev.DEV])
def test_a_lock_holds_names_versions_and_hashes_but_no_address(name):
    assert all(re.fullmatch(r"[a-z0-9-]+==[^ ]+( ; .+)?", pin) for pin in pins(name))
    assert all(hashes > 0 for hashes in pins(name).values())
    assert "://" not in (ROOT / name).read_text(encoding="utf-8")


def test_the_locks_pin_all_that_pyproject_asks_for():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    runtime, tools = ({pin.partition("==")[0] for pin in pins(name)} for name in (dev.RUNTIME, dev.DEV))
    asked = [
        {re.match(r"[a-z0-9-]+", one)[0] for one in wanted}
        for wanted in (project["project"]["dependencies"], project["dependency-groups"]["dev"])
    ]
    assert (asked[0] - runtime, asked[1] - tools) == (set(), set()), "run: python3 dev.py lock"


def test_the_stamp_is_plain_json(project):
    dev.write_stamp(project, dev.DEV)
    assert json.loads((project / ".venv" / "kail-stamp.json").read_text(encoding="utf-8")).keys() == {
        dev.RUNTIME, dev.DEV,
    }  # fmt: skip
