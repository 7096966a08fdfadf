"""Reading an upload: its fields and its staged files, which become a job."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from litestar.di import Provide
from sqlalchemy.exc import SQLAlchemyError

from api.consents.forms import read_agreement
from api.imports.service import ask_for
from api.record.jobs import files_wanted
from api.record.live import Live
from api.record.unavailable import Unavailable
from api.web.asking import Asking, ask
from api.web.errors import language_of
from api.web.forms import Form
from api.web.receiving import Upload, receiving
from training_data.columns import MOST_BYTES

RECEIVED: Final = {"upload": Provide(receiving(file=None, columns=MOST_BYTES))}
"""The dependency of a handler that takes uploads."""
FILES: Final = ("file", "columns")


def take(request: Asking, upload: Upload, live: Live) -> str:
    """Have the file `file` of an upload imported for whoever asks, read with the column map `columns` if there is one.

    Returns the id of the job that does it.

    Raises:
        Refused: 400 for what is wrong beside the files; 409 where too many jobs of one's own wait.
    """
    fields: dict[str, Any] = dict(upload.fields)
    if isinstance(fields.get("consents"), str):
        fields["consents"] = [part.strip() for part in fields["consents"].split(",") if part.strip()]
    form = Form(fields)
    agreed, sheet = read_agreement(form, live.today), form.text("sheet", wanted=False)
    if "file" not in upload.files:
        form.trouble("file", "wanted")
    form.done()
    most_rows = request.app.state.settings.upload_rows
    more: dict[str, Any] = {"language": language_of(request), "today": live.today, "most_rows": most_rows}
    given = upload.files["file"], upload.files.get("columns"), agreed
    return hand_over(request, upload, partial(ask_for, sheet=sheet, **more), *given)


def hand_over(request: Asking, upload: Upload, ask_for: Callable[..., str], *given: Any) -> str:
    """Ask for the job that a use case enqueues, to which the files of an upload belong from then on; return its id."""
    upload.keep()  # before the row: a file that no job wants is swept away, a job without its file is lost
    try:
        return ask(request, ask_for, *given)
    except BaseException:
        upload.keep(_is_wanted(request, upload))
        raise


def _is_wanted(request: Asking, upload: Upload) -> bool:
    """Whether a job came to be after all: a connection may be lost after the commit. Who cannot find out keeps the files."""
    try:
        with request.app.state.record.read() as tx:
            return not files_wanted(tx).isdisjoint(one.staged.id for one in upload.files.values())
    except (SQLAlchemyError, Unavailable):
        return True
