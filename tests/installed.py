"""The command `kail` as people have it: the one that dev.py writes and the one that pip writes; started, asked, ended.

No network and no build backend: dev.py's is written into a folder with this checkout's packages; pip's comes of a wheel that
is packed here of what pyproject.toml says, and installed by pip itself. Both find the packages that Kail needs where this
test found them.
"""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import os
import signal
import socket
import subprocess
import sys
import sysconfig
import time
import tomllib
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

import dev
from dev import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PACKAGES = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
START_SECONDS = 120
END_SECONDS = 10


def by_dev(root: Path) -> Path:
    """Install Kail into a folder as dev.py does, but for what it loads; return the command."""
    root.mkdir()
    for package in PACKAGES:
        (root / package).symlink_to(ROOT / package)
    _make_venv(root / ".venv")
    dev.write_launcher(root / ".venv")
    return root / ".venv" / "bin" / "kail"


def by_pip(root: Path) -> Path:
    """Install Kail into a folder with pip; return the command. Nothing of the checkout is found from there."""
    root.mkdir()
    _make_venv(root / ".venv")
    pip = [sys.executable, "-m", "pip", "--python", root / ".venv" / "bin" / "python"]
    options = ["--no-index", "--no-deps", "--no-compile", "--disable-pip-version-check", "--quiet"]
    subprocess.run([*pip, "install", *options, _make_wheel(root)], check=True)
    return root / ".venv" / "bin" / "kail"


def missing_for_pip() -> str:
    """Why `by_pip` cannot be done here; "" if it can."""
    return "" if importlib.util.find_spec("pip") else "this Python has no pip"


def _make_venv(venv: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    [site_packages] = venv.glob("lib/python*/site-packages")
    (site_packages / "what_kail_needs.pth").write_text(f"{sysconfig.get_path('purelib')}\n", encoding="utf-8")


def _make_wheel(folder: Path) -> Path:
    """Pack what pyproject.toml names, with its scripts, as the format of wheels says (PEP 427)."""
    project = PROJECT["project"]
    name = f"{project['name']}-{project['version']}"
    scripts = "".join(f"{script} = {entry}\n" for script, entry in project["scripts"].items())
    files = {
        path.relative_to(ROOT).as_posix(): path.read_bytes()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    about = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    files[f"{name}.dist-info/METADATA"] = about.encode()
    files[f"{name}.dist-info/WHEEL"] = (
        b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    )
    files[f"{name}.dist-info/entry_points.txt"] = f"[console_scripts]\n{scripts}".encode()
    record = f"{name}.dist-info/RECORD"
    lines = [f"{path},sha256={_digest(content)},{len(content)}\n" for path, content in files.items()]
    files[record] = "".join([*lines, f"{record},,\n"]).encode()
    wheel = folder / f"{name}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as packed:
        for path, content in files.items():
            packed.writestr(path, content)
    return wheel


def _digest(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


# --- started, asked, ended --------------------------------------------------------------------------------------------


@dataclass
class Service:
    """A service that runs: its first process, its address, and the file of its log."""

    process: subprocess.Popen[bytes]
    address: str
    log: Path

    def processes(self) -> set[int]:
        """The numbers of all processes that it has started, and that they have."""
        listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
        parents = {int(pid): int(parent) for pid, parent in (line.split() for line in listed.splitlines())}
        found, todo = set[int](), [self.process.pid]
        while todo:
            of = todo.pop()
            children = {pid for pid, parent in parents.items() if parent == of}
            found, todo = found | children, [*todo, *children]
        return found

    def end(self) -> float:
        """Ask it to end; return the seconds that it took.

        Raises:
            TimeoutExpired: if it did not end in time; then it is killed, with all that it started.
        """
        started, since = self.processes(), time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(END_SECONDS)
        finally:
            if self.process.poll() is None:
                for pid in (self.process.pid, *started):
                    os.kill(pid, signal.SIGKILL)
                self.process.wait()
        return time.monotonic() - since


def free_port() -> int:
    """A port that nobody holds."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(
    kail: Path, folder: Path, *options: object, environment: Mapping[str, str] | None = None
) -> Iterator[Service]:
    """Start `kail serve` on a free port, from a folder in which its log is kept; it is ended at last, if it was not."""
    port = free_port()
    log = folder / f"log-{port}"
    command = [kail, "serve", "--port", str(port), *map(str, options)]
    with log.open("wb") as written:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=written, stderr=subprocess.STDOUT)
    service = Service(process, f"http://127.0.0.1:{port}", log)
    try:
        _wait_for(service)
        yield service
    finally:
        if process.poll() is None:
            service.end()


def _wait_for(service: Service) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and service.process.poll() is None:
        try:
            assert httpx.get(f"{service.address}/health").status_code == 200
            return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError(f"the service did not answer:\n{service.log.read_text(errors='replace')}")
