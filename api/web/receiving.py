"""Receiving: a form with files, read while it arrives; each file goes sealed, piece by piece, into a staged one.

The framework's own reading keeps a file in clear in the temporary folder, where it stays for ever when the server is killed.
Here everything is bounded while it is read, and what was staged is gone when the request is over, however it ends, but for
what somebody keeps.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from anyio import CapacityLimiter, to_thread
from anyio.lowlevel import RunVar
from litestar import Request
from multipart import MultipartError, MultipartSegment, PushMultipartParser, parse_options_header

from api.record import deadlines
from api.record.refusals import Refused, Trouble
from api.record.staging import Incoming, Staged
from api.record.unavailable import Unavailable
from api.web.bulkheads import ANSWER_SECONDS

MOST_PARTS: Final = 64
MOST_HEADERS: Final = 8
LONGEST_HEADER: Final = 2_048
"""In bytes; it holds a file's name, of which a character may take nine when it is written with signs of percent."""
LONGEST_NAME: Final = 100
LONGEST_FIELD: Final = 16 * 1024
"""Of a field that is no file, in bytes."""
MOST_BESIDE: Final = 256 * 1024
"""Bytes of a request beside its largest file: all the rest together."""
MEGABYTE: Final = 1_000_000
_LONGEST_BOUNDARY: Final = 200
_STEP: Final = 64 * 1024
_THREADS: Final = 4
_MOST_WAITING: Final = 40
"""Uploads that may wait for one of the threads: where the disk stands still, the others are told so at once."""
_WRITING: Final[RunVar[CapacityLimiter]] = RunVar("kail_receiving")


@dataclass(frozen=True, repr=False)
class Uploaded:
    """A file that was sent: what its sender calls it, its bytes, its SHA-256 in hex, and where it is staged."""

    name: str
    size: int
    sha256: str
    staged: Staged


@dataclass(repr=False)
class Upload:
    """What was sent: fields that are no files (a text, or a list where one stands more than once) and files, by name."""

    fields: dict[str, str | list[str]] = field(default_factory=dict)
    files: dict[str, Uploaded] = field(default_factory=dict)
    _incoming: list[Incoming] = field(default_factory=list)
    _kept: bool = False

    def digest(self) -> bytes:
        """What equal names and contents have in common, whatever parted them on their way."""
        parts: list[Any] = [*self.fields.items(), *((name, one.name, one.sha256) for name, one in self.files.items())]
        return hashlib.sha256(repr(parts).encode()).digest()

    def keep(self, kept: bool = True) -> None:
        """Let the staged files stay when the request is over; until then no sweep takes them."""
        self._kept = kept

    def close(self) -> None:
        """Let go of what is kept, and take away all the rest."""
        for incoming in self._incoming:
            incoming.let_go() if self._kept else incoming.discard()


def receiving(**most: int | None) -> Callable[..., AsyncGenerator[Upload, None]]:
    """Make the dependency `upload` of a handler: what is sent as multipart/form-data, received before the handler begins.

    `most`: which files there may be, each with its most bytes; None is as much as the settings allow.

    Raises (when it is asked):
        Refused: 413 for too much, 400 for what is no such form.
    """

    async def receive(request: Request[Any, Any, Any]) -> AsyncGenerator[Upload, None]:
        settings = request.app.state.settings
        allowed = {name: settings.upload_bytes if one is None else one for name, one in most.items()}
        reading = _Reading(settings.data, _boundary(request), allowed)
        try:
            await _read(request, reading)
            deadlines.renew(ANSWER_SECONDS)  # what it took to seal a large file is no delay of the answer
            yield reading.upload
        finally:
            reading.upload.close()

    return receive


def _boundary(request: Request[Any, Any, Any]) -> str:
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    boundary: str = options.get("boundary", "")
    if kind != "multipart/form-data" or not 0 < len(boundary) <= _LONGEST_BOUNDARY:
        raise _unreadable("content-type")
    return boundary


async def _read(request: Request[Any, Any, Any], reading: _Reading) -> None:
    """Read the request to its end, as long as there is room on the disk.

    What is worked out and written is done in a thread, a step of some 64 KiB at a time."""
    limiter = _WRITING.get(None)
    if limiter is None:
        _WRITING.set(limiter := CapacityLimiter(_THREADS))
    announced = request.content_length
    if announced is not None:
        reading.count(announced)
    held, total, space = bytearray(), 0, request.app.state.space
    async for content in request.stream():
        reading.count(total := total + len(content))
        if space is not None and space.is_short():
            raise Unavailable("disk_full")
        held += content
        while len(held) >= _STEP or (not content and held):  # an empty one is the end
            step = bytes(held[:_STEP])
            del held[:_STEP]
            if limiter.statistics().tasks_waiting >= _MOST_WAITING:
                raise Unavailable("busy")
            await to_thread.run_sync(reading.take, step, limiter=limiter)
    await to_thread.run_sync(reading.end, limiter=limiter)


def _unreadable(name: str = "body") -> Refused:
    return Refused(400, Trouble(name, "bad_multipart", parts=MOST_PARTS))


def _too_large(name: str, most: int) -> Refused:
    if most < MEGABYTE:
        return Refused(413, Trouble(name, "upload_large_kb", name=name, most=most // 1024))
    return Refused(413, Trouble(name, "upload_large", name=name, most=most // MEGABYTE))


class _Reading:
    """A form being read: its parts as they come."""

    def __init__(self, data: Path, boundary: str, most: Mapping[str, int]) -> None:
        self.data, self.most, self.upload = data, most, Upload()
        with _in_words():
            self.parser = PushMultipartParser(
                boundary,
                max_header_size=LONGEST_HEADER,
                max_header_count=MOST_HEADERS,
                max_segment_count=MOST_PARTS,
            )
        self.part: _Field | _File | None = None

    def count(self, total: int) -> None:
        """See that a body may have so many bytes."""
        largest = max(self.most, key=lambda name: self.most[name])
        if total > self.most[largest] + MOST_BESIDE:
            raise _too_large(largest, self.most[largest])

    def take(self, content: bytes) -> None:
        """Read what comes next."""
        with _in_words():
            for event in self.parser.parse(content):
                if isinstance(event, MultipartSegment):
                    self.part = self._begin(event.name or "", event.filename)
                elif self.part is None:
                    continue
                elif event is None:
                    self.part.end(self.upload)
                else:
                    self.part.take(bytes(event))

    def end(self) -> None:
        """See that all has come."""
        with _in_words():
            self.parser.close()

    def _begin(self, name: str, filename: str | None) -> _Field | _File | None:
        if len(name) > LONGEST_NAME:
            raise _unreadable()
        if filename is None:
            return _Field(name)
        if not filename:  # where no file was chosen a browser sends an empty one without a name
            return None
        if name not in self.most:
            raise Refused(400, Trouble(name, "unknown_field", name=name, allowed=", ".join(self.most)))
        if name in self.upload.files:
            raise Refused(400, Trouble(name, "twice", name=name))
        incoming = Incoming(self.data, filename)
        self.upload._incoming.append(incoming)
        return _File(name, incoming, self.most[name])


@contextmanager
def _in_words() -> Iterator[None]:
    """Refuse in words what the parser refuses."""
    try:
        yield
    except MultipartError:
        raise _unreadable() from None


class _Field:
    """A part that is no file."""

    def __init__(self, name: str) -> None:
        self.name, self.content = name, bytearray()

    def take(self, content: bytes) -> None:
        """Keep what comes next."""
        self.content += content
        if len(self.content) > LONGEST_FIELD:
            raise Refused(400, Trouble(self.name, "too_long", name=self.name, most=LONGEST_FIELD))

    def end(self, upload: Upload) -> None:
        """Put the field beside the others."""
        try:
            text = self.content.decode("utf-8")
        except UnicodeDecodeError:
            raise Refused(400, Trouble(self.name, "bad_characters", name=self.name)) from None
        before = upload.fields.get(self.name)
        if before is None:
            upload.fields[self.name] = text
        else:
            upload.fields[self.name] = [*(before if isinstance(before, list) else [before]), text]


class _File:
    """A part that is a file."""

    def __init__(self, name: str, incoming: Incoming, most: int) -> None:
        self.name, self.incoming, self.most = name, incoming, most
        self.size, self.hash = 0, hashlib.sha256()

    def take(self, content: bytes) -> None:
        """Seal what comes next."""
        self.size += len(content)
        if self.size > self.most:
            raise _too_large(self.name, self.most)
        self.hash.update(content)
        self.incoming.writer.write(content)

    def end(self, upload: Upload) -> None:
        """Put the file beside the others."""
        self.incoming.end()
        file = self.incoming.file
        upload.files[self.name] = Uploaded(file.name, self.size, self.hash.hexdigest(), file)
