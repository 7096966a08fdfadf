"""The cage: a stranger's file is read in a fresh child process with limits, never in the server itself.

A parser can be made to take all the memory and time there is, and no check of a file before finds every way. So the child
(`caged.py`) bounds itself by what the system has for it, and a clock here bounds it once more. What is read comes back
through a pipe as cells, row by row; whoever asked makes participants of them. Where a child is stopped by a limit, that is
a `FileProblem` like any other, and nothing else has happened. How many children run at once is whose files they are to
say: uploads are read by the one worker of jobs, one after the other.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from time import monotonic
from typing import Any, Final, Protocol

import api
from api.files.packing import BadFrame, Unpacker, frame, receive, unpack, unpack_problem
from api.files.rows import FileProblem, Known, Row, Sheet
from api.files.sheets import open_sheet
from api.files.sources import Source, opened, pack_source, size_of
from matcher.programme.reading import ProgrammeError, ProgrammeProblem
from training_data.columns import table_of

log = logging.getLogger("kail")
MEGABYTE: Final = 1_000_000
OF_CAGE: Final = ("cage_memory", "cage_time", "cage_output", "cage_lost")
"""The codes of what stops a file in the cage, whatever stands in it."""
_COMMAND: Final = (sys.executable, "-P", "-W", "ignore", "-m", "api.files.caged")
_KEPT: Final = ("PATH", "PYTHONPATH", "LANG", "LC_ALL", "TZ", "SYSTEMROOT")
"""What a child is told of the environment; where the database is and how one gets in is none of its business."""
_OURS: Final = str(Path(api.__file__).parent.parent)
"""Where the running Kail lies: the child must be the same one, from wherever the server was started."""
_QUIET: Final = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"}


class Reader(Protocol):
    """Who reads files: this process, or a cage."""

    def open_sheet(self, source: Source, known: Known, timezone: str, name: str | None) -> Sheet:
        """Open a file as `sheets.open_sheet` does."""

    def read_table(self, source: Source) -> dict[str, Any]:
        """Read a column map's table as `training_data.columns.read_table` does."""


class InProcess:
    """Reads files here and now, without limits: for one's own files, on the command line."""

    def open_sheet(self, source: Source, known: Known, timezone: str, name: str | None) -> Sheet:
        """Open a file."""
        return open_sheet(source, known, timezone, name)

    def read_table(self, source: Source) -> dict[str, Any]:
        """Read a column map's table."""
        return table_of(source.name, lambda: opened(source))


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one file may take: bytes of memory (address space), CPU seconds, seconds that the server waits for it, bytes of
    what is read.

    None is no limit. `more_seconds`: what each million bytes of the file adds to both kinds of seconds, so that a large
    honest file gets the time that it needs, and a small one that takes long is stopped early. `bounded`: whether the rows
    and cells of a workbook are counted before it is opened.
    """

    memory: int | None = None
    cpu_seconds: int | None = None
    seconds: int | None = None
    output: int | None = None
    more_seconds: float = 0
    bounded: bool = False

    def for_size(self, size: int) -> Limits:
        """The limits of a file of so many bytes."""
        more = int(self.more_seconds * size / MEGABYTE)
        cpu, clock = (one and one + more for one in (self.cpu_seconds, self.seconds))
        return replace(self, cpu_seconds=cpu, seconds=clock)


UPLOADS: Final = Limits(
    memory=512 * MEGABYTE, cpu_seconds=30, seconds=90, output=512 * MEGABYTE, more_seconds=1, bounded=True
)
"""300,000 rows of 25 columns take some 13 CPU seconds and 100 MB of output; as Parquet they may be five megabytes."""


def limits_memory() -> bool:
    """Whether this system can limit the memory of one process; macOS takes the wish and does not grant it."""
    return sys.platform.startswith(("linux", "freebsd"))


@dataclass(frozen=True)
class Cage:
    """Reads each file in a child of its own, within limits."""

    limits: Limits = UPLOADS

    def open_sheet(self, source: Source, known: Known, timezone: str, name: str | None) -> Sheet:
        """Open a file; its rows come while it is read. Close it, or the child runs on until its clock ends.

        Raises:
            FileProblem: if the file cannot be read at all, or not within the limits; the rows may raise it too.
        """
        child = _Child(source, self.limits)
        try:
            asked = {"source": pack_source(source), "known": list(known), "timezone": timezone, "name": name}
            opened = child.ask("sheet", asked)
            with child.trusted():
                sheet = Sheet(**{field: unpack(value) for field, value in opened["sheet"].items()}, handle=child)
                sheet.seen = set(sheet.headers or ())
                sheet.rows = _rows(child, sheet, Unpacker(opened["letters"]))
        except BaseException:
            child.close()
            raise
        return sheet

    def read_table(self, source: Source) -> dict[str, Any]:
        """Read a column map's table.

        Raises:
            ProgrammeError: if it is none.
            FileProblem: if it cannot be read within the limits.
        """
        child = _Child(source, self.limits)
        try:
            answer = child.ask("table", {"source": pack_source(source)})
            with child.trusted():
                table: dict[str, Any] = unpack(answer["table"])
            return table
        finally:
            child.close()


def _rows(child: _Child, sheet: Sheet, unpacker: Unpacker) -> Iterator[Row]:
    while "row" in (answer := child.answer()):
        with child.trusted():
            row = unpacker.row(answer["row"])
        yield row
    with child.trusted():
        sheet.seen, sheet.blank, sheet.unnamed = set(answer["seen"]), answer["blank"], dict.fromkeys(answer["unnamed"])


class Clock(threading.Thread):
    """Ends what is waited for too long. What is done between two waits counts for nobody."""

    def __init__(self, seconds: float, end: Callable[[], None]) -> None:
        super().__init__(daemon=True)
        self._seconds, self._end, self._over = seconds, end, threading.Event()
        self._waited, self._since = 0.0, 0.0

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Count the time of one wait."""
        self._since = monotonic()
        try:
            yield
        finally:
            waited = self._waited + monotonic() - self._since
            self._since, self._waited = 0.0, waited

    def run(self) -> None:
        """Look, whenever the time could be up."""
        while (left := self._seconds - self.waited) > 0:
            if self._over.wait(left):
                return
        self._end()

    def stop(self) -> None:
        """Nobody waits any more."""
        self._over.set()

    @property
    def waited(self) -> float:
        """Seconds of all waits so far."""
        waited, since = (
            self._waited,
            self._since,
        )  # in this order: of a wait that ends meanwhile too little, never twice
        return waited + (monotonic() - since if since else 0.0)


class _Child:
    """A child process that reads one file, until it is closed."""

    def __init__(self, source: Source, limits: Limits) -> None:
        self.name, self.limits = source.name, limits.for_size(size_of(source))
        self.out_of_time, self.closed = False, False
        environment = {name: os.environ[name] for name in _KEPT if name in os.environ} | _QUIET
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, (_OURS, environment.get("PYTHONPATH", ""))))
        try:
            self.process = subprocess.Popen(_COMMAND, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        except OSError:  # the system has no process, memory or handle left
            raise FileProblem(self.name, "cage_lost") from None
        self.clock = Clock(self.limits.seconds or threading.TIMEOUT_MAX, self._time_is_up)
        try:
            if self.limits.seconds:
                self.clock.start()
        except RuntimeError:  # it has no thread left
            self.close()
            raise FileProblem(self.name, "cage_lost") from None

    def ask(self, what: str, asked: dict[str, Any]) -> Any:
        """Tell the child what to read and within which limits; return its first answer."""
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(frame({"what": what, **asked, "limits": asdict(self.limits)}))
            self.process.stdin.flush()
        except (OSError, BadFrame):
            raise self._lost() from None
        return self.answer()

    def answer(self) -> Any:
        """The next thing that the child sends.

        Raises:
            FileProblem, ProgrammeError: what the child found wrong, or that it is no more.
        """
        assert self.process.stdout is not None
        try:
            with self.clock.waiting():
                answer = receive(self.process.stdout)
        except (EOFError, OSError, ValueError, BadFrame):
            raise self._lost() from None
        with self.trusted():
            problem = self._problem(answer)
        if problem is not None:
            raise problem
        return answer

    def _problem(self, answer: Any) -> Exception | None:
        """What an answer says is wrong, if it does."""
        if "failed" in answer:
            return self._lost()
        if "limit" in answer:
            return self._stopped_by(answer["limit"])
        if "problem" in answer:
            return unpack_problem(answer["problem"])
        if "wrong" in answer:
            wrong = [[unpack(part) for part in one] for one in answer["wrong"]]
            return ProgrammeError(ProgrammeProblem(*one) for one in wrong)
        return None

    @contextmanager
    def trusted(self) -> Iterator[None]:
        """Take an answer for what a child sends; where it is something else, the child is lost."""
        try:
            yield
        except (LookupError, TypeError, ValueError, ArithmeticError, AttributeError, RecursionError):
            raise self._lost() from None

    def _lost(self) -> FileProblem:
        """Why there is nothing more to come."""
        self._kill()
        code = self.process.wait()
        if self.out_of_time or code == -getattr(signal, "SIGALRM", 0):
            return self._stopped_by("seconds")
        return self._stopped_by("cpu_seconds" if code == -getattr(signal, "SIGXCPU", 0) else "")

    def _stopped_by(self, limit: str) -> FileProblem:
        name = self.name
        if limit == "memory":
            return FileProblem(name, "cage_memory", most=(self.limits.memory or 0) // MEGABYTE)
        if limit == "output":
            return FileProblem(name, "cage_output", most=(self.limits.output or 0) // MEGABYTE)
        if limit in ("seconds", "cpu_seconds"):
            return FileProblem(name, "cage_time", most=asdict(self.limits)[limit])
        return FileProblem(name, "cage_lost")

    def _time_is_up(self) -> None:
        self.out_of_time = True
        self._kill()

    def _kill(self) -> None:
        self.process.kill()

    def close(self) -> None:
        """End the child."""
        if self.closed:
            return
        self.closed = True
        self.clock.stop()
        self._kill()
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            try:
                pipe.close()
            except OSError:  # what was not sent before the child ended
                log.debug("a child that reads a file ended before it was asked")
        self.process.wait()
