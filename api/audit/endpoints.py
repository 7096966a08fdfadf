"""The endpoint of the audit: an operator reads who saw and changed what in the organisation."""

from __future__ import annotations

from typing import Final

from litestar import Response, get
from litestar.params import FromQuery

from api.audit.paging import read_mark
from api.audit.service import entries
from api.web.asking import Asking, answer_json, in_thread, look_up


@get("/api/v1/audit")
@in_thread
def get_audit(request: Asking, about: FromQuery[str] = "", before: FromQuery[str] = "") -> Response[bytes]:
    """List entries, the latest first: about one id, or before the mark of one."""
    return answer_json({"entries": look_up(request, entries, about, read_mark(before))})


HANDLERS: Final = (get_audit,)
