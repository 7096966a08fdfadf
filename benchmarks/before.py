"""A commit before, checked out into a folder of its own, to be run beside the code of now in the same run."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COMMIT = "a8a1401"
"""Before imports were jobs and everybody was re-screened in pages."""


@contextmanager
def checked_out(folder: Path, commit: str = COMMIT) -> Iterator[Path]:
    """Check a commit out into a folder that is not there yet; it is taken away at the end."""
    git = ["git", "-C", str(ROOT), "worktree"]
    subprocess.run([*git, "add", "--quiet", "--detach", str(folder), commit], check=True)
    try:
        yield folder
    finally:
        subprocess.run([*git, "remove", "--force", str(folder)], check=True)
