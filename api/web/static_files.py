"""Static files: a name that the system cannot hold is a name that is not there, never an error of ours."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any, Final

import anyio
from litestar import Router
from litestar.file_system import BaseLocalFileSystem, FileSystemAdapter
from litestar.static_files import create_static_files_router
from litestar.types import PathType
from litestar.types.file_types import FileInfo

NO_SUCH_NAME: Final = frozenset({errno.ENAMETOOLONG, errno.ENOTDIR, errno.EINVAL, errno.EILSEQ, errno.ELOOP})
"""What a system answers to a name that is too long, goes on below a file, or holds what no name may hold."""


class Names(BaseLocalFileSystem):
    """The local files, asked for by names that strangers chose."""

    async def info(self, path: PathType, **kwargs: Any) -> FileInfo:
        """Tell of a file what the system knows.

        Raises:
            FileNotFoundError: also for a name that cannot be one.
        """
        try:
            found = await anyio.Path(path).stat()
        except ValueError:  # a NUL, or what is no Unicode: it does not even get to the system
            raise FileNotFoundError from None
        except OSError as error:
            if error.errno in NO_SUCH_NAME:
                raise FileNotFoundError from None
            raise
        return await FileSystemAdapter.parse_stat_result(path=path, result=found)


def static_files(path: str, folder: Path) -> Router:
    """Serve the files of a folder below a path."""
    return create_static_files_router(path=path, directories=[folder], file_system=Names(), include_in_schema=False)
