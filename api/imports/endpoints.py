"""The endpoint of imports: a sheet of participants, sent as a file."""

from __future__ import annotations

from typing import Final

from litestar import Response, post
from litestar.di import NamedDependency

from api.imports.uploads import RECEIVED, take
from api.record.live import Live
from api.web.asking import Asking, answer_json, in_thread
from api.web.receiving import Upload


@post("/api/v1/imports", status_code=202, request_max_body_size=None, dependencies=RECEIVED)
@in_thread
def post_import(
    request: Asking,
    upload: NamedDependency[Upload],
    live: NamedDependency[Live],
) -> Response[bytes]:
    """Have a sheet imported: the parts file, consents (comma-separated), channel, said_on, columns (a column map), sheet.

    It is a job from then on; the answer says which.
    """
    job = take(request, upload, live)
    response = answer_json({"id": job}, 202)
    response.headers["location"] = f"/api/v1/jobs/{job}"
    return response


HANDLERS: Final = (post_import,)
