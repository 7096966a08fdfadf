"""Reading an upload: its fields and its staged files, and what becomes of them."""

from __future__ import annotations

from typing import Any, Final

from litestar.di import Provide

from api.advice.participant_rows import Job
from api.consents.forms import read_agreement
from api.files.cage import Cage
from api.imports.service import Imported, import_sheet
from api.record.live import Live
from api.web.asking import Asking, actor_of, record_of
from api.web.errors import language_of
from api.web.forms import Form
from api.web.receiving import Upload, receiving
from training_data.columns import MOST_BYTES

RECEIVED: Final = {"upload": Provide(receiving(file=None, columns=MOST_BYTES))}
"""The dependency of a handler that takes uploads."""
FILES: Final = ("file", "columns")


def take(request: Asking, upload: Upload, live: Live) -> Imported:
    """Import the file `file` of an upload for whoever asks, read with the column map `columns` if there is one.

    Raises:
        Refused: 400, or 409 if this file was imported before.
    """
    fields: dict[str, Any] = dict(upload.fields)
    if isinstance(fields.get("consents"), str):
        fields["consents"] = [part.strip() for part in fields["consents"].split(",") if part.strip()]
    form = Form(fields)
    agreed, sheet = read_agreement(form, live.today), form.text("sheet", wanted=False)
    if "file" not in upload.files:
        form.trouble("file", "wanted")
    form.done()
    columns = upload.files.get("columns")
    job = Job(
        programme=live.programme,
        today=live.today,
        columns=columns.staged if columns else None,
        sheet=sheet or None,
        language=language_of(request),
        reader=Cage(),
    )
    return import_sheet(record_of(request), actor_of(request), job, upload.files["file"], agreed)
