"""Sources: where a file is read from. A path, or a staged file, which lies sealed and is unsealed piece by piece."""

from __future__ import annotations

from pathlib import Path
from typing import IO, Any

from api.record.sealed_files import open_sealed
from api.record.staging import Staged

Source = Path | Staged
"""Both have a `name`, as its sender calls it, and by its `suffix` it is known what kind of file it is."""


def opened(source: Source) -> IO[bytes]:
    """Open a file for reading from any place.

    Raises:
        OSError: if that cannot be done.
        Tampered: if it was sealed and is not what was; so may every reading.
    """
    return source.open("rb") if isinstance(source, Path) else open_sealed(source.path, source.key, source.id)


def size_of(source: Source) -> int:
    """About how many bytes it has; 0 where there is no such file."""
    path = source if isinstance(source, Path) else source.path
    try:
        return path.stat().st_size
    except OSError:
        return 0


def called(source: Source) -> Path | str:
    """What a problem of the file as a whole calls it."""
    return source if isinstance(source, Path) else source.name


def pack_source(source: Source) -> dict[str, str]:
    """A source as JSON can hold it, with its key."""
    if isinstance(source, Path):
        return {"path": str(source)}
    return {"path": str(source.path), "id": source.id, "key": source.key.hex(), "name": source.name}


def unpack_source(packed: dict[str, Any]) -> Source:
    """What `pack_source` packed."""
    path = Path(packed["path"])
    return Staged(path, packed["id"], bytes.fromhex(packed["key"]), packed["name"]) if "key" in packed else path
