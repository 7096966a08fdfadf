"""Reading an upload of a lender: a sheet of outcomes, which becomes a job."""

from __future__ import annotations

from functools import partial
from typing import Final

from litestar.di import Provide

from api.imports.uploads import hand_over
from api.outcomes.importing import ask_for
from api.web.asking import Asking
from api.web.errors import language_of
from api.web.forms import Form
from api.web.receiving import Upload, receiving

RECEIVED: Final = {"upload": Provide(receiving(file=None))}
"""The dependency of a handler that takes uploads."""


def take(request: Asking, upload: Upload) -> str:
    """Have the file `file` of an upload imported for whoever asks; return the id of the job that does it.

    Raises:
        Refused: 400 for what is wrong beside the file; 409 where too many jobs of one's own wait.
    """
    form = Form(upload.fields)
    sheet = form.text("sheet", wanted=False)
    if "file" not in upload.files:
        form.trouble("file", "wanted")
    form.done()
    more = {"language": language_of(request), "most_rows": request.app.state.settings.upload_rows}
    return hand_over(request, upload, partial(ask_for, sheet=sheet, **more), upload.files["file"])
