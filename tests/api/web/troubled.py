"""A PostgreSQL server that can be frozen, stopped and started again, and a service that keeps its record there."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from tests.installation import _program, _runuser, installation, postgresql


@dataclass
class Server:
    """A server, by the folder that it lives in."""

    folder: Path

    def freeze(self) -> None:
        """Let all its processes stand still, as on a machine that hangs."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def stop(self) -> None:
        self._control("-m", "immediate", "stop")

    def start(self) -> None:
        options = (self.folder / "data" / "postmaster.opts").read_text().partition(" ")[2]
        options = re.sub(r'"-D" "[^"]*"', "", options).replace('"', "'")
        self._control("-l", str(self.folder / "log"), "-o", options, "start")

    def _control(self, *what: str) -> None:
        owner = [_runuser(), "-u", "postgres", "--"] if os.geteuid() == 0 else []
        command = [*owner, _program("pg_ctl"), "-D", self.folder / "data", "-w", *what]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=self.folder)

    def _signal(self, number: int) -> None:
        first = int((self.folder / "data" / "postmaster.pid").read_text().split()[0])
        listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
        family = [int(pid) for pid, parent in map(str.split, listed.splitlines()) if int(parent) == first]
        for pid in (first, *family):
            with suppress(ProcessLookupError):  # ended meanwhile
                os.kill(pid, number)


@contextmanager
def own_server() -> Iterator[tuple[Server, str]]:
    """Start a server for one test; yield it and the address of its first database, which is empty."""
    with postgresql() as address:
        url = address.format("postgres")
        server = Server(Path(parse_qs(urlsplit(url).query)["host"][0]))
        try:
            yield server, url
        finally:
            server.thaw()


@contextmanager
def an_installation(folder: Path, url: str = "") -> Iterator[tuple[str, str]]:
    """Make a record with a participant; yield a cookie of their mentor and the participant's id."""
    with installation(folder, url) as made:
        made.clock.now = datetime.now(UTC)
        cookie, person = made.headers("mentor")["cookie"], made.participant()
    yield cookie, person
