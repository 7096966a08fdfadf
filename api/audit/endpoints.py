"""The endpoint of the audit: an operator reads who saw and changed what in the organisation."""

from __future__ import annotations

import json
from typing import Final

from litestar import Response, get
from litestar.params import FromQuery
from sqlalchemy import select

from api.audit.tables import AUDIT
from api.forms import Form
from api.web import Asking, actor_of, answer_json, in_thread, record_of

MOST: Final = 200


@get("/api/v1/audit")
@in_thread
def get_audit(request: Asking, about: FromQuery[str] = "", before: FromQuery[str] = "") -> Response[bytes]:
    """List entries, the latest first: about one id, or before a number."""
    form = Form({"before": before}, from_page=True)
    number = form.number("before") if before else None
    form.asked.append("before")
    form.done()
    asked = select(AUDIT).where(AUDIT.c.organisation_id == actor_of(request).organisation_id)
    if about:
        asked = asked.where(AUDIT.c.object_id == about)
    if number is not None:
        asked = asked.where(AUDIT.c.seq < number)
    with record_of(request).read() as tx:
        rows = tx.all(asked.order_by(AUDIT.c.seq.desc()).limit(MOST))
    return answer_json({"entries": [{**row._mapping, "detail": json.loads(row.detail)} for row in rows]})


HANDLERS: Final = (get_audit,)
