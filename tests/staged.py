"""Files staged as an upload stages them, for tests that send none."""

from __future__ import annotations

import hashlib
from pathlib import Path

from api.record.staging import Incoming, Staged
from api.web.receiving import Uploaded


def stage(data: Path, content: bytes, name: str) -> Staged:
    """A staged file in a data folder, which stays there."""
    incoming = Incoming(data, name)
    incoming.writer.write(content)
    incoming.end()
    incoming.let_go()
    return incoming.file


def upload(data: Path, content: bytes, name: str) -> Uploaded:
    """The same as a handler is given it."""
    return Uploaded(name, len(content), hashlib.sha256(content).hexdigest(), stage(data, content, name))
