"""The child in the cage: bounds itself, reads one file, sends what stands in it, and ends. Started by `cage.py` alone.

It knows neither the record nor the programme, writes no file, and tells nobody but the server what it read.
"""

from __future__ import annotations

import errno
import io
import logging
import os
import signal
import sys
import traceback
from itertools import chain
from typing import IO, Any, Final

from api.files.packing import BadFrame, Packer, frame, pack, pack_problem, receive
from api.files.rows import FileProblem
from api.files.sheets import open_sheet
from api.files.sources import opened, unpack_source
from matcher.programme.reading import ProgrammeError
from training_data.columns import table_of

log = logging.getLogger("kail")
_GRACE: Final = 5
_BURST: Final = 64 * 1024
_NICENESS: Final = 5
_DEATH_SIGNAL: Final = 1  # PR_SET_PDEATHSIG
_NO_MEMORY: Final = ("out of memory", "malloc", "bad_alloc", "cannot allocate", "MemoryError")


class Output:
    """Where answers go, with a count of how much there may be."""

    def __init__(self, to: IO[bytes], most: int | None) -> None:
        self.to, self.left = to, most

    def send(self, answer: dict[str, Any]) -> None:
        """Send an answer.

        Raises:
            TooMuch: if it is more than may be sent.
        """
        try:
            sent = frame(answer)
        except BadFrame:
            raise TooMuch from None
        if self.left is not None:
            self.left -= len(sent)
            if self.left < 0:
                raise TooMuch
        self.to.write(sent)


class Pipe(io.FileIO):
    """The pipe to the server. The alarm runs while this process works, not while the server does something with a row."""

    def write(self, content: Any) -> int:
        """Write what there is room for."""
        left = signal.alarm(0) if hasattr(signal, "alarm") else 0
        try:
            return super().write(content)
        finally:
            if left:
                signal.alarm(left)


class TooMuch(Exception):
    """More stands in a file than may be sent."""


def main() -> None:
    """Do what is asked, and say how it ended."""
    asked, answers = open(0, "rb"), io.BufferedWriter(Pipe(1, "wb"), _BURST)  # noqa: SIM115 - they end with the process
    sys.stdout = sys.stderr  # what anything prints is no answer
    sys.excepthook = lambda *_: None  # an error that cannot even be told has a message too, which may hold a cell
    try:
        _end_with_the_server()
        request = receive(asked)
        limits = request["limits"]
        bound(**{name: limits[name] for name in ("memory", "cpu_seconds", "seconds")})
        output = Output(answers, limits["output"])
        try:
            send_table(request, output) if request["what"] == "table" else send_sheet(request, output)
        except Exception as error:
            answer = told(error)
            del error
            answers.write(frame(answer))
        answers.flush()
    except (EOFError, BrokenPipeError):  # the server has ended, or wants no more
        os._exit(0)


def _end_with_the_server() -> None:
    """Be ended when whoever started this one is, even killed. Elsewhere than on Linux the clock ends it."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_DEATH_SIGNAL, signal.SIGKILL)


def bound(memory: int | None, cpu_seconds: int | None, seconds: int | None) -> None:
    """Set the limits of this process, as far as the system has such."""
    if hasattr(os, "nice"):
        os.nice(_NICENESS)
    if seconds and hasattr(signal, "alarm"):
        signal.alarm(seconds + _GRACE)  # should the server be gone by then
    try:
        import resource
    except ImportError:  # Windows
        return
    wanted = {"RLIMIT_CORE": 0, "RLIMIT_FSIZE": 0}
    wanted |= {"RLIMIT_AS": memory} if memory else {}
    wanted |= {"RLIMIT_CPU": cpu_seconds} if cpu_seconds else {}
    for name, most in wanted.items():
        try:
            hard = most + _GRACE if name == "RLIMIT_CPU" else most  # at the soft one it is told, at the hard one killed
            resource.setrlimit(getattr(resource, name), (most, hard))
        except (AttributeError, ValueError, OSError):  # a system that knows no such limit, or a lower one is set
            continue


def send_table(request: dict[str, Any], output: Output) -> None:
    """Send the table of a column map."""
    source = unpack_source(request["source"])
    output.send({"table": pack(table_of(source.name, lambda: opened(source)))})


def send_sheet(request: dict[str, Any], output: Output) -> None:
    """Send what a sheet is called and has as columns, then its rows, then what was seen meanwhile."""
    source, known, bounded = (
        unpack_source(request["source"]),
        dict.fromkeys(request["known"]),
        request["limits"]["bounded"],
    )
    with open_sheet(source, known, request["timezone"], request["name"], bounded=bounded) as sheet:
        fields = ("headers", "size", "name", "header_row", "others", "hidden", "twice", "written")
        opened = {field: pack(getattr(sheet, field)) for field in fields}
        rows, packer = iter(sheet.rows), Packer()
        first = next(rows, None)
        output.send({"sheet": opened, "letters": dict(first.letters) if first else {}})
        for row in chain([first] if first else [], rows):
            output.send({"row": packer.row(row)})
        output.send({"seen": sorted(sheet.seen), "blank": sheet.blank, "unnamed": list(sheet.unnamed)})


def told(error: Exception) -> dict[str, Any]:
    """How an error is told to the server; of an unforeseen one kind and place are logged, since its text may hold a cell."""
    if isinstance(error, TooMuch):
        return {"limit": "output"}
    if is_memory(error):
        return {"limit": "memory"}
    if isinstance(error, FileProblem):
        return {"problem": pack_problem(error)}
    if isinstance(error, ProgrammeError):
        return {"wrong": [[pack(part) for part in (one.file, one.entry, one.message)] for one in error.problems]}
    where = "".join(traceback.format_tb(error.__traceback__))
    log.error("%s in a child that reads a file\n%s", type(error).__name__, where)
    return {"failed": True}


def is_memory(error: BaseException | None) -> bool:
    """Whether an error, or one that it came of, is that there was no more memory."""
    while error is not None:
        if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM):
            return True
        if not isinstance(error, FileProblem | ProgrammeError) and any(sign in str(error) for sign in _NO_MEMORY):
            return True
        error = error.__cause__ or error.__context__
    return False


if __name__ == "__main__":
    main()
