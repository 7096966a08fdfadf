#!/usr/bin/env python3
"""Set Kail up, run it, test it. Needs Python 3.11 or newer with pip; installs only into .venv beside it.

    python3 dev.py run      start Kail on http://127.0.0.1:8000
    python3 dev.py test     check format, lint and types, then run the tests
    python3 dev.py lock     pin the dependencies anew, after a change in pyproject.toml

`run` and `test` first make .venv from the hash-pinned lock files (a minute on the first start, nothing after that).
From then on `.venv/bin/kail` is the command line of Kail. To start afresh, delete .venv.

The package index is pip's own setting: PIP_INDEX_URL for a mirror, PIP_CERT for a company certificate, and
PIP_NO_INDEX=1 with PIP_FIND_LINKS=FOLDER for a machine without network are all respected.
"""

# An old Python must get as far as the refusal below: everything in this file parses on Python 3.6, and nothing above
# the refusal needs more than 3.6 to run.
import argparse
import contextlib
import hashlib
import importlib.util
import json
import os
import platform
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path


def refusal(version: "tuple[int, ...]", system: str) -> str:
    """Why this Python or system cannot run Kail, with the remedy; empty when it can."""
    if version < (3, 11):
        found = ".".join(str(part) for part in version[:3])
        return (
            f"Kail needs Python 3.11 or newer; this is Python {found}.\n"
            "  Remedy: install a newer Python and name it, for example: python3.11 dev.py run"
        )
    if system == "nt":
        return "dev.py runs on Linux and macOS.\n  Remedy: on Windows run it inside WSL."
    return ""


if __name__ == "__main__" and refusal(tuple(sys.version_info[:3]), os.name):
    sys.exit("dev.py: " + refusal(tuple(sys.version_info[:3]), os.name))

ROOT = Path(__file__).resolve().parent
RUNTIME, DEV = "requirements.lock", "requirements-dev.lock"  # DEV holds all of RUNTIME at the same versions


class Failure(Exception):
    """What went wrong; `remedy` is what the person can do about it."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"{problem}\n  Remedy: {remedy}")


# --- set-up -----------------------------------------------------------------------------------------------------------


def set_up(root: Path, lock: str) -> None:
    """Give `root` a .venv with everything in `lock`; instant when it has one already."""
    with one_set_up_at_a_time(root):
        found = state(root, lock)
        if found == "ready":
            return
        started = time.monotonic()
        # The stamp goes first and comes back last: killed in between, the next start finds none and begins afresh.
        (root / ".venv" / "kail-stamp.json").unlink(missing_ok=True)
        if found == "make":
            make_venv(root / ".venv")
        install(root, lock)
        write_launcher(root / ".venv")
        write_stamp(root, lock)
        say(f"{lock} installed into .venv in {time.monotonic() - started:.0f} s")


def state(root: Path, lock: str) -> str:
    """'ready', 'add' (a sound .venv lacks only this lock's packages) or 'make' (none, half-made or out of date)."""
    venv = root / ".venv"
    try:
        held = json.loads((venv / "kail-stamp.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return "make"
    sound = (venv / "bin" / "python").exists() and all(held[name] == fingerprint(root, name) for name in held)
    if not sound:
        return "make"
    return "ready" if lock in held else "add"


def fingerprint(root: Path, lock: str) -> str:
    """Digest of all that a .venv depends on: this file, the lock, the Python and the place (scripts name it)."""
    digest = hashlib.sha256(f"{platform.python_version()}\n{base_python()}\n{root}\n".encode())
    for name in ("dev.py", lock):
        digest.update((root / name).read_bytes())
    return digest.hexdigest()


def write_stamp(root: Path, lock: str) -> None:
    held = {name: fingerprint(root, name) for name in {RUNTIME, lock}}
    partial = root / ".venv" / "kail-stamp.partial"
    partial.write_text(json.dumps(held), encoding="utf-8")
    partial.replace(root / ".venv" / "kail-stamp.json")


@contextlib.contextmanager
def one_set_up_at_a_time(root: Path) -> Iterator[None]:
    """Hold a lock on dev.py itself, so `run` and `test` started together do not both build .venv. No file is left."""
    import fcntl  # absent on Windows, where the refusal above must still work

    with open(root / "dev.py", "rb+") as handle:
        os.set_inheritable(handle.fileno(), True)  # a pip that outlives a killed dev.py keeps the lock until it ends
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another set-up is at work; waiting for it ...")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def base_python() -> str:
    """The Python that environments are made from, also when dev.py itself was started by one inside .venv."""
    return str(getattr(sys, "_base_executable", None) or sys.executable)


def make_venv(venv: Path) -> None:
    say("making .venv anew: it is half-made or out of date ..." if venv.exists() else "making .venv ...")
    lacking = missing_for_venv()
    if lacking:
        raise Failure(
            f"this Python ({base_python()}) has {lacking}, so it cannot make .venv.",
            "on Debian or Ubuntu apt install python3-venv python3-pip, on Fedora dnf install python3-pip; then again.",
        )
    made = subprocess.run(venv_command(venv), capture_output=True, text=True, check=False)
    if made.returncode != 0:
        output = made.stdout + made.stderr
        raise Failure(f"python -m venv failed:\n{output.strip()}", remedy_for(output))


def missing_for_venv() -> str:
    """Name what this Python lacks to make a .venv that pip can fill; empty when it lacks nothing."""
    if importlib.util.find_spec("venv") is None:
        return "no venv module"
    return "" if has_ensurepip() or importlib.util.find_spec("pip") else "neither ensurepip nor pip"


def has_ensurepip() -> bool:
    """False on Debian and Ubuntu without python3-venv."""
    return importlib.util.find_spec("ensurepip") is not None


def venv_command(venv: Path) -> list[str]:
    """--clear empties what a killed set-up left; without ensurepip the .venv is made without a pip of its own."""
    return [base_python(), "-m", "venv", "--clear", *([] if has_ensurepip() else ["--without-pip"]), str(venv)]


def pip_command(venv: Path) -> list[str]:
    """The pip inside .venv or, where it was made without one, the pip of this Python working on .venv."""
    python = str(venv / "bin" / "python")
    if any(venv.glob("lib/python*/site-packages/pip")):
        return [python, "-m", "pip"]
    return [sys.executable, "-m", "pip", "--python", python]


def install(root: Path, lock: str) -> None:
    """Install exactly what `lock` pins: every file checked against its hash, wheels only, so nothing is compiled."""
    say(f"installing {lock}, about {(root / lock).read_text(encoding='utf-8').count('==')} packages ...")
    options = ["--require-hashes", "--only-binary=:all:", "--no-user", "--no-input", "--progress-bar=off"]
    command = [*pip_command(root / ".venv"), "install", *options, "-r", str(root / lock)]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    environment.pop("PIP_QUIET", None)  # its lines are our progress
    piped = subprocess.PIPE
    with subprocess.Popen(
        command, env=environment, stdout=piped, stderr=subprocess.STDOUT, text=True, errors="replace", close_fds=False
    ) as pip:
        assert pip.stdout is not None
        lines = [show_progress(line) for line in pip.stdout]
    show_progress("")
    if pip.returncode != 0:
        output = "".join(lines)
        raise Failure(f"pip could not install {lock}:\n{output[-3000:].strip()}", remedy_for(output))


def show_progress(line: str) -> str:
    """On a terminal, overwrite one line with what pip is at; elsewhere stay silent. Gives the line back."""
    if sys.stdout.isatty():
        text = line.partition(" (from ")[0].strip()[: shutil.get_terminal_size().columns - 3]
        print(f"\r\x1b[K  {text}" if text else "\r\x1b[K", end="", flush=True)
    return line


REMEDIES = {
    ("no such option: --python",): (
        "pip 22.3 or newer is needed: on Debian or Ubuntu apt install python3-venv, or upgrade pip; then again."
    ),
    ("No space left on device", "Disk quota exceeded"): (
        "free about 1 GB on this disk, or on the one that TMPDIR or PIP_CACHE_DIR names, then again."
    ),
    ("CERTIFICATE_VERIFY_FAILED", "certificate verify failed"): (
        "name your network's certificate file in PIP_CERT, then again."
    ),
    ("DO NOT MATCH THE HASHES",): (
        "the index served another file than the lock pins. Try without PIP_FIND_LINKS, PIP_INDEX_URL and "
        "PIP_EXTRA_INDEX_URL; if it stays so, do not install it and tell whoever runs the index."
    ),
    ("NewConnectionError", "NameResolutionError", "name resolution", "ConnectTimeout", "timed out", "ProxyError"): (
        "the package index cannot be reached. Check the network and HTTPS_PROXY, name a mirror in PIP_INDEX_URL, or "
        "install from a folder of wheels with PIP_NO_INDEX=1 PIP_FIND_LINKS=FOLDER; then again."
    ),
    ("Permission denied", "Read-only file system"): "make the project folder yours to write, then again.",
    ("No matching distribution found",): (
        "no ready-made package fits this Python and system, or PIP_NO_INDEX hides it. Python 3.11, 3.12 and 3.13 on "
        "64-bit Linux (glibc) and macOS have all of them."
    ),
}


def remedy_for(output: str) -> str:
    """What a person can do about a failed venv or pip, read off what it printed."""
    for signs, remedy in REMEDIES.items():
        if any(sign in output for sign in signs):
            return remedy
    return "the lines above say why; if they do not help, delete .venv and start again."


def write_launcher(venv: Path) -> None:
    """Make the project importable and give .venv a `kail` command, with no build and no network.

    One line in a .pth file does what an editable install would, without a build backend. The launcher is sh first and
    Python second, as pip's own are, because a #! line can hold neither a space nor a long path. As in pip's own nothing
    but the import stands outside the main guard: each process of `kail serve --workers 2` reads the launcher again.
    """
    (site_packages,) = venv.glob("lib/python*/site-packages")
    (site_packages / "kail.pth").write_text(f"{venv.parent}\n", encoding="utf-8")
    launcher = venv / "bin" / "kail"
    python = shlex.quote(str(venv / "bin" / "python"))
    launcher.write_text(
        f"#!/bin/sh\n'''exec' {python} \"$0\" \"$@\"\n' '''\n"
        "import sys\n\nfrom api.commands.main import main\n\n"
        'if __name__ == "__main__":\n    sys.exit(main())\n',
        encoding="utf-8",
    )
    launcher.chmod(0o755)


# --- commands ---------------------------------------------------------------------------------------------------------


def run(options: argparse.Namespace) -> int:
    """Set up, then become the server: this process is replaced, so signals and the exit code are the server's own."""
    command = serve_command(options)
    set_up(ROOT, RUNTIME)
    if not options.empty and not (options.data / "kail.sqlite").exists():
        say(f"filling {options.data} with people who never lived, to try things on (--empty leaves that out) ...")
        if subprocess.call([*kail(), "demo", "--data", str(options.data.absolute())], cwd=ROOT) != 0:
            raise Failure("the demo could not be made.", "see above; or start without it: python3 dev.py run --empty")
    say(f"starting on http://{options.host}:{options.port} (stop it with Ctrl-C)")
    os.chdir(ROOT)
    os.execv(command[0], command)


def serve_command(options: argparse.Namespace) -> list[str]:
    command = [*kail(), "serve", "--host", options.host, "--port", str(options.port)]
    return [*command, "--workers", str(options.workers), "--data", str(options.data.absolute())]


def kail() -> list[str]:
    """Kail's own command in .venv: the one that people type, so that there is one way to start it."""
    return [str(ROOT / ".venv" / "bin" / "kail")]


def test(options: argparse.Namespace) -> int:
    """Run every stage even when one fails, so that one run shows all there is to repair."""
    set_up(ROOT, DEV)
    environment = {**os.environ, "KAIL_EXAMPLES": examples(options.hard, os.environ)}
    results = []
    for name, arguments, remedy in stages(options.pytest):
        say(f"{name}: {shlex.join(arguments)}")
        started = time.monotonic()
        code = subprocess.call([str(ROOT / ".venv" / "bin" / "python"), "-m", *arguments], cwd=ROOT, env=environment)
        results.append((name, code, time.monotonic() - started, remedy))
    for name, code, seconds, remedy in results:
        say(f"{name:<6} {'passed' if code == 0 else 'FAILED'} {seconds:6.1f} s{'' if code == 0 else f'  {remedy}'}")
    return 1 if any(code for _, code, _, _ in results) else 0


def stages(pytest_arguments: Sequence[str]) -> list[tuple[str, list[str], str]]:
    """Name, module with its arguments, and what to do when it fails."""
    return [
        ("format", ["ruff", "format", "--check", "."], "Remedy: .venv/bin/ruff format ."),
        ("lint", ["ruff", "check", "."], "Remedy: .venv/bin/ruff check --fix . and repair what is left"),
        ("types", ["mypy"], "Remedy: repair the lines named above; .venv/bin/mypy runs this stage alone"),
        (
            "tests",
            # One more than there are cores: some tests wait, for a clock or a disk.
            ["pytest", "-n", str((os.cpu_count() or 1) + 1), "--dist", "worksteal", *pytest_arguments],
            "Remedy: .venv/bin/pytest --lf runs what failed",
        ),
    ]


def examples(hard: bool, environment: Mapping[str, str]) -> str:
    """How many examples each property test tries."""
    return "20000" if hard else environment.get("KAIL_EXAMPLES", "500")


def lock(options: argparse.Namespace) -> int:
    """Write both lock files from pyproject.toml: names, versions and hashes, no address. The one command needing uv."""
    uv = shutil.which("uv")
    if uv is None:
        raise Failure("pinning needs uv, which is not on the PATH.", "pipx install uv (or pip install uv in a venv)")
    command = [uv, "pip", "compile", "--quiet", "pyproject.toml", "--universal", "--python-version", "3.11"]
    # fewest: one version of a package for all Pythons, so that an answer does not depend on which of them computes it.
    command += ["--fork-strategy", "fewest", "--generate-hashes", "--annotation-style", "line"]
    command += ["--custom-compile-command", "python3 dev.py lock", *(["--upgrade"] if options.upgrade else [])]
    for wanted in (["-o", RUNTIME], ["--group", "dev", "--constraint", RUNTIME, "-o", DEV]):
        if subprocess.call([*command, *wanted], cwd=ROOT) != 0:
            raise Failure("uv could not pin the dependencies.", "repair what uv says above, then again.")
        say(f"wrote {wanted[-1]}")
    return 0


# --- command line -----------------------------------------------------------------------------------------------------


def parser() -> argparse.ArgumentParser:
    whole = argparse.ArgumentParser(
        prog="dev.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = whole.add_subparsers(metavar="run | test | lock", required=True)

    def add(command: Callable[[argparse.Namespace], int], description: str) -> argparse.ArgumentParser:
        one = commands.add_parser(command.__name__, description=description, allow_abbrev=False)
        one.set_defaults(command=command)
        return one

    one = add(
        run, "Set up .venv if needed and start Kail; the first time with a demo, whose passwords are printed once."
    )
    one.add_argument("--host", default="127.0.0.1", help="address to listen on; 0.0.0.0 is all (default: %(default)s)")
    one.add_argument("--port", type=port_number, default=8000, help="default: %(default)s")
    one.add_argument("--workers", type=int, default=1, metavar="N", help="processes that answer (default: %(default)s)")
    one.add_argument(
        "--data", type=Path, default=ROOT / "data", metavar="DIR", help="the record's folder; default: data"
    )
    one.add_argument("--empty", action="store_true", help="begin without the demo: no people, no accounts")
    one = add(
        test,
        "Set up .venv with the development tools, then check format, lint and types and run the tests. Arguments that "
        "dev.py does not know go to pytest, with paths from the project folder: python3 dev.py test tests/matcher -x",
    )
    one.add_argument("--hard", action="store_true", help="property tests try 20000 examples each, not 1000 (slow)")
    one = add(lock, f"Pin what pyproject.toml asks for in {RUNTIME} and {DEV}; pins that still fit stay. Needs uv.")
    one.add_argument("--upgrade", action="store_true", help="take the newest release of everything that fits")
    return whole


def port_number(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"a port is a whole number from 1 to 65535; got {text}")
    return int(text)


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    whole = parser()
    options, unknown = whole.parse_known_args(arguments)
    if unknown and options.command is not test:
        whole.error(f"unknown: {shlex.join(unknown)}")
    options.pytest = [argument for argument in unknown if argument != "--"]
    return options


def say(text: str) -> None:
    print(f"dev.py: {text}", flush=True)


def main(arguments: Sequence[str]) -> int:
    options = parse(arguments)
    try:
        return int(options.command(options))
    except Failure as failure:
        print(f"dev.py: {failure}", file=sys.stderr)
    except OSError as problem:
        print(f"dev.py: {problem}\n  Remedy: {remedy_for(str(problem))}", file=sys.stderr)
    except KeyboardInterrupt:
        print("\ndev.py: interrupted; the next start takes it up again.", file=sys.stderr)
        return 130
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
