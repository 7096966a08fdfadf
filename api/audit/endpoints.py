"""The endpoint of the audit: an operator reads who saw and changed what in the organisation."""

from __future__ import annotations

from typing import Final

from litestar import Response, get
from litestar.params import FromQuery

from api.audit.service import entries
from api.web.asking import Asking, actor_of, answer_json, in_thread, record_of
from api.web.forms import Form


@get("/api/v1/audit")
@in_thread
def get_audit(request: Asking, about: FromQuery[str] = "", before: FromQuery[str] = "") -> Response[bytes]:
    """List entries, the latest first: about one id, or before a number."""
    with record_of(request).read() as tx:
        found = entries(tx, actor_of(request).organisation_id, about, read_before(before))
    return answer_json({"entries": found})


def read_before(before: str) -> int | None:
    """The number before which entries are asked for; None for the latest.

    Raises:
        Refused: 400.
    """
    form = Form({"before": before}, from_page=True)
    number = form.number("before") if before else None
    form.asked.append("before")
    form.done()
    return number


HANDLERS: Final = (get_audit,)
