"""Packing: rows, their cells and problems as JSON between the server and the child that reads a stranger's file.

A text, a number, a yes or no and an empty cell stand as they are; everything else is a pair of what it is and its parts. It
is JSON and never pickle: whatever a broken reader may send back is then a value, and no code. Each thing sent is one frame:
four bytes that tell its length, then its JSON in ASCII.
"""

from __future__ import annotations

import json
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import PurePath
from typing import IO, Any, Final

from api.files.rows import FileProblem, Row
from matcher.message import Message
from training_data.columns import CellProblem

LARGEST_FRAME: Final = 16_000_000
_LENGTH: Final = 4


class BadFrame(Exception):
    """What came through a pipe is nothing that is sent there."""


def frame(thing: Any) -> bytes:
    """One thing as it is sent.

    Raises:
        BadFrame: if it is too large.
    """
    sent = json.dumps(thing, separators=(",", ":")).encode("ascii")
    if len(sent) > LARGEST_FRAME:
        raise BadFrame("too large")
    return len(sent).to_bytes(_LENGTH, "big") + sent


def receive(from_: IO[bytes]) -> Any:
    """Wait for one thing and read it.

    Raises:
        EOFError: if the other side has ended.
        BadFrame: if it is too large or no JSON.
    """
    length = int.from_bytes(_exactly(from_, _LENGTH), "big")
    if length > LARGEST_FRAME:
        raise BadFrame("too large")
    try:
        return json.loads(_exactly(from_, length))
    except (ValueError, RecursionError):
        raise BadFrame("no JSON") from None


def _exactly(from_: IO[bytes], length: int) -> bytes:
    found = from_.read(length)
    if len(found) < length:
        raise EOFError
    return found


# -- values ------------------------------------------------------------------------------------------------------------


def pack(value: Any) -> Any:
    """A value of a cell or an argument of a message, as JSON can hold it; of a kind that nobody reads, its text."""
    kind = type(value)
    if value is None or kind in (str, bool, int, float):
        return value
    if isinstance(value, Message):
        return ["message", value.code, {name: pack(one) for name, one in value.args.items()}]
    if isinstance(value, dict):
        return ["dict", [[pack(name), pack(one)] for name, one in value.items()]]
    if isinstance(value, list | tuple):
        return ["list" if isinstance(value, list) else "tuple", [pack(one) for one in value]]
    if kind in (date, datetime, time):
        return [kind.__name__, value.isoformat()]
    if kind is Decimal:
        return ["decimal", str(value)]
    if kind is bytes:
        return ["bytes", value.hex()]
    if kind is timedelta:
        return ["timedelta", [value.days, value.seconds, value.microseconds]]
    return str(value)


def unpack(packed: Any) -> Any:
    """What `pack` packed.

    Raises:
        KeyError, TypeError, ValueError: if it is something else.
    """
    if not isinstance(packed, list):
        return packed
    kind, parts, *rest = packed
    if kind == "message":
        return Message(parts, {name: unpack(one) for name, one in rest[0].items()})
    return _UNPACK[kind](parts)


_UNPACK: Final[dict[str, Any]] = {
    "dict": lambda parts: {unpack(name): unpack(one) for name, one in parts},
    "list": lambda parts: [unpack(one) for one in parts],
    "tuple": lambda parts: tuple(unpack(one) for one in parts),
    "date": date.fromisoformat,
    "datetime": datetime.fromisoformat,
    "time": time.fromisoformat,
    "decimal": Decimal,
    "bytes": bytes.fromhex,
    "timedelta": lambda parts: timedelta(*parts),
}


# -- rows and problems -------------------------------------------------------------------------------------------------


class Packer:
    """Packs rows one after another; the names of columns are sent where they are other than those of the row before."""

    def __init__(self) -> None:
        self.names: list[str] | None = None

    def row(self, row: Row) -> list[Any]:
        """A row without the letters of its columns, which are the sheet's."""
        names = list(row.cells)
        changed = names if names != self.names else None
        self.names = names
        problems = [[one.field, pack(one.value), pack(one.message)] for one in row.problems]
        return [row.number, row.line, changed, [pack(cell) for cell in row.cells.values()], problems]


class Unpacker:
    """Unpacks what a Packer packed, in the same order."""

    def __init__(self, letters: dict[str, str]) -> None:
        self.names: list[str] = []
        self.letters = letters

    def row(self, packed: Any) -> Row:
        """One row."""
        number, line, names, cells, problems = packed
        self.names = self.names if names is None else names
        found = dict(zip(self.names, map(unpack, cells), strict=True))
        wrong = tuple(CellProblem(field, unpack(value), unpack(message)) for field, value, message in problems)
        return Row(number, line, found, wrong, self.letters)


def pack_problem(problem: FileProblem) -> list[Any]:
    """A problem of a file, with what it was called."""
    path = str(problem.path) if isinstance(problem.path, PurePath) else problem.path
    return [pack(path), pack(problem.message)]


def unpack_problem(packed: Any) -> FileProblem:
    """What `pack_problem` packed."""
    path, message = (unpack(one) for one in packed)
    return FileProblem(path, message.code, **message.args)
