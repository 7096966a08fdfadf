"""Reading an upload: its fields, its files kept under names of our own, and what becomes of them."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from litestar.datastructures import UploadFile

from api.advice.participant_rows import Job
from api.consents.forms import read_agreement
from api.files.cage import Cage
from api.imports.service import Imported, import_sheet
from api.record.live import Live
from api.web.asking import Asking, actor_of, record_of
from api.web.errors import language_of
from api.web.forms import Form

MOST_BYTES: Final = 20 * 1024 * 1024
_ENDING: Final = re.compile(r"\.[a-z0-9]{1,9}")
FILES: Final = ("file", "columns")


def take(request: Asking, parts: Mapping[str, Any], live: Live) -> Imported:
    """Import the part `file` of an upload for whoever asks, read with the column map `columns` if there is one.

    Raises:
        Refused: 400, or 409 if this file was imported before.
    """
    files = {name: parts[name] for name in FILES if isinstance(parts.get(name), UploadFile)}
    fields = {name: value for name, value in parts.items() if name not in files}
    if isinstance(fields.get("consents"), str):
        fields["consents"] = [part.strip() for part in fields["consents"].split(",") if part.strip()]
    form = Form(fields)
    agreed, sheet = read_agreement(form, live.today), form.text("sheet", wanted=False)
    if "file" not in files:
        form.trouble("file", "wanted")
    form.done()
    with tempfile.TemporaryDirectory() as folder:
        paths = {name: _keep(upload, Path(folder), name) for name, upload in files.items()}
        job = Job(
            programme=live.programme,
            today=live.today,
            columns=paths.get("columns"),
            sheet=sheet or None,
            language=language_of(request),
            reader=Cage(),
        )
        called = {path.name: files[name].filename for name, path in paths.items()}
        return import_sheet(record_of(request), actor_of(request), job, paths["file"], agreed, called=called)


def _keep(upload: UploadFile, folder: Path, name: str) -> Path:
    """Write an upload under a name of our own; only the ending is the sender's."""
    ending = Path(upload.filename or "").suffix.lower()
    path = folder / f"{name}{ending if _ENDING.fullmatch(ending) else ''}"
    upload.file.seek(0)
    with path.open("wb") as file:
        shutil.copyfileobj(upload.file, file)
    return path
