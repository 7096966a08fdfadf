"""The fixture of the tests that make mistakes in a programme."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.matcher.programme.mistakes import WARMI


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of warmi to make mistakes in."""
    return Path(shutil.copytree(WARMI, tmp_path / "warmi"))
