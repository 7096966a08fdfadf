"""Sealed files: a file that lies on the disk in pieces of 64 KiB, each encrypted under the one key that this file has.

A piece is bound to the file's id, to its number and to being the last one, so whatever is changed, cut off, put elsewhere,
swapped or taken from another file is `Tampered`. Nothing is ever written in clear. To read somewhere in the middle costs the
decryption of one piece.
"""

from __future__ import annotations

import errno
import io
import os
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from api.record.crypto import Tampered

PIECE: Final = 64 * 1024
_TAG: Final = 16
_STORED: Final = PIECE + _TAG


def _place(file_id: str, number: int, last: bool) -> tuple[bytes, bytes]:
    """The nonce of a piece, and what it is bound to. A key seals one file once, so its pieces' numbers never come again."""
    return number.to_bytes(12, "big"), f"sealed_file:{file_id}:{number}:{'last' if last else 'more'}".encode()


class SealedWriter:
    """Writes a new file that only its owner may read. As a context; left by an error, nothing is left of the file.

    `key`: 32 bytes that have sealed nothing before.

    Raises:
        FileExistsError: if the file is there already.
    """

    def __init__(self, path: Path, key: bytes, file_id: str) -> None:
        self.path, self._id, self._cipher = path, file_id, AESGCM(key)
        self._held, self._number = bytearray(), 0
        self._file = os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb", buffering=0)

    def fileno(self) -> int:
        """The handle that the system knows the file by."""
        return self._file.fileno()

    def write(self, content: bytes) -> int:
        """Add something to the file; return how much."""
        self._held += content
        while len(self._held) > PIECE:  # a full piece waits for more: it may be the last
            self._seal(bytes(self._held[:PIECE]), last=False)
            del self._held[:PIECE]
        return len(content)

    def _seal(self, content: bytes, last: bool) -> None:
        nonce, place = _place(self._id, self._number, last)
        rest = memoryview(self._cipher.encrypt(nonce, content, place))
        while rest:
            rest = rest[self._file.write(rest) :]
        self._number += 1

    def close(self) -> None:
        """Write the last piece and wait until the disk has all of it."""
        if self._file.closed:
            return
        try:
            self._seal(bytes(self._held), last=True)
            self._held.clear()
            os.fsync(self._file.fileno())
        except BaseException:
            self.abandon()
            raise
        self._file.close()

    def abandon(self) -> None:
        """Take the file away again."""
        self._held.clear()
        self._file.close()
        self.path.unlink(missing_ok=True)

    def __enter__(self) -> SealedWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.close() if kind is None else self.abandon()


class SealedReader(io.RawIOBase):
    """Reads a sealed file as if it lay in clear, from any place. Use it by `open_sealed`, which buffers.

    Raises:
        OSError: if there is no such file.
        Tampered: if it was changed or is another one; so may every reading.
    """

    def __init__(self, path: Path, key: bytes, file_id: str) -> None:
        super().__init__()
        self._id, self._cipher = file_id, AESGCM(key)
        self._at, self._number, self._content = 0, -1, b""
        self._file = path.open("rb", buffering=0)
        try:
            stored = os.fstat(self._file.fileno()).st_size
            self._pieces = max(-(-stored // _STORED), 1)
            self.size = stored - self._pieces * _TAG
            self._load(self._pieces - 1)  # so that a file whose end is not its own is known before any of it is used
        except BaseException:
            self.close()
            raise

    def _load(self, number: int) -> None:
        if number == self._number:
            return
        nonce, place = _place(self._id, number, number == self._pieces - 1)
        self._file.seek(number * _STORED)
        stored = self._file.read(_STORED)
        try:
            self._content, self._number = self._cipher.decrypt(nonce, stored, place), number
        except (InvalidTag, ValueError):  # ValueError: shorter than a tag
            raise Tampered(f"{self._id} cannot be read: it was changed or is another file") from None

    def readinto(self, buffer: Any) -> int:
        """Read what fits, at most up to the end of a piece."""
        room = memoryview(buffer).cast("B")
        if self._at >= self.size or not len(room):
            return 0
        number, start = divmod(self._at, PIECE)
        self._load(number)
        found = self._content[start : start + len(room)]
        room[: len(found)] = found
        self._at += len(found)
        return len(found)

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def tell(self) -> int:
        """Where the next reading begins, in bytes of the content."""
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to another place; nothing is read yet."""
        at = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self.size}[whence]
        if at < 0:
            # as a file in clear does: zipfile asks whether it is one
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        self._at = at
        return at

    def close(self) -> None:
        """Close the file and forget what was read."""
        self._content, self._number = b"", -1
        self._file.close()
        super().close()


def open_sealed(path: Path, key: bytes, file_id: str) -> io.BufferedReader:
    """Open a sealed file for reading.

    Raises:
        OSError: if there is no such file.
        Tampered: if it was changed or is another one; so may every reading.
    """
    return io.BufferedReader(SealedReader(path, key, file_id), PIECE)
