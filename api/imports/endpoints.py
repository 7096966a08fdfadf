"""The endpoint of imports: a sheet of participants, sent as a file."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Final

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.enums import RequestEncodingType
from litestar.params import Body

from api.imports.uploads import MOST_BYTES, take
from api.record.live import Live
from api.web.asking import Asking, answer_json, in_thread


@post("/api/v1/imports", status_code=200, request_max_body_size=MOST_BYTES)
@in_thread
def post_import(
    request: Asking,
    data: Annotated[dict[str, Any], Body(media_type=RequestEncodingType.MULTI_PART)],
    live: NamedDependency[Live],
) -> Response[bytes]:
    """Import a sheet: the parts file, consents (comma-separated), channel, said_on, columns (a column map), sheet."""
    return answer_json(asdict(take(request, data, live)))


HANDLERS: Final = (post_import,)
