"""What a lender's own system asks, beside what its officers do: what changed since a cursor."""

from __future__ import annotations

from typing import Any, Final

from litestar import Response, get
from litestar.params import FromQuery

from api.referrals import changes
from api.web.asking import Asking, answer_json, in_thread, look_up


@get("/api/v1/referrals/changes")
@in_thread
def get_changes(request: Asking, since: FromQuery[str] = "", limit: FromQuery[str] = "") -> Response[bytes]:
    """List what changed of the asking lender's referrals after a cursor, the earliest first; nothing of a person."""
    found, cursor, more = look_up(request, changes.since, since, limit)
    return answer_json({"changes": [one.told for one in found], "next": cursor, "more": more})


HANDLERS: Final[tuple[Any, ...]] = (get_changes,)
