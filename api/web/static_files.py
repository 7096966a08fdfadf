"""Static files: few and small, so they are read once at the start and answered from memory, whatever else is going on."""

from __future__ import annotations

import hashlib
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path
from typing import Any

from litestar import HttpMethod, Response, Router, route
from litestar.exceptions import NotFoundException
from litestar.params import FromPath


@dataclass(frozen=True)
class StaticFile:
    """A file's content, its type and the headers it goes out with."""

    content: bytes
    kind: str
    headers: Mapping[str, str]


def static_files(path: str, folder: Path) -> Router:
    """Serve the files of a folder below a path; whatever else is asked for there is not there."""
    files = {f"/{file.relative_to(folder).as_posix()}": _read(file) for file in folder.rglob("*") if file.is_file()}

    @route("/{file_path:path}", http_method=[HttpMethod.GET, HttpMethod.HEAD], sync_to_thread=False)
    def get_file(file_path: FromPath[str]) -> Response[Any]:
        """Answer with a file."""
        file = files.get(file_path)
        if file is None:
            raise NotFoundException
        return Response(file.content, media_type=file.kind, headers=dict(file.headers))

    return Router(path, route_handlers=[get_file], include_in_schema=False)


def _read(file: Path) -> StaticFile:
    content = file.read_bytes()
    headers = {
        "content-disposition": f'inline; filename="{file.name}"',
        "last-modified": formatdate(file.stat().st_mtime, usegmt=True),
        "etag": f'"{hashlib.sha256(content).hexdigest()[:32]}"',
    }
    return StaticFile(content, mimetypes.guess_type(file.name)[0] or "application/octet-stream", headers)
