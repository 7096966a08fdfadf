"""`GET /ready`: whether whoever is sent here now is served. The database is asked, the room on the disk looked at.

The database is asked by one thread, whoever asks here and however often: within a second, and again a second later.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any, Final

from litestar import HttpMethod, Response, route
from sqlalchemy import text

from api.record import deadlines
from api.record.space import Space
from api.record.transaction import Record
from api.record.unavailable import Unavailable, why_unavailable
from api.web.asking import Asking, answer_json
from api.web.bulkheads import Bulkhead
from api.web.errors import COME_BACK, language_of, log_unexpected
from api.web.openapi import LANGUAGE, TEXT, answers, codes, documented, listed, table
from words.speaking import speaker

WITHIN: Final = 1.0
"""Seconds in which the database must answer, and for which its answer is remembered."""
_ASK_SECONDS: Final = 3.0
"""How long its one thread waits for it: connecting takes up to two."""
_ASKING: Final = Bulkhead("ready", 1, 0)


class Readiness:
    """What is known of how ready this process is."""

    def __init__(self, record: Record | None, space: Space | None) -> None:
        self._record, self._space = record, space
        self._asked: asyncio.Task[str] | None = None
        self._known, self._known_at = "", float("-inf")

    async def troubles(self, request: Asking) -> list[str]:
        """The codes of what is in the way; none if nothing is."""
        found = [await self._database(request)]
        if self._space is not None and self._space.is_short():
            found.append("disk_full")
        return [code for code in found if code]

    async def _database(self, request: Asking) -> str:
        if self._record is None or time.monotonic() - self._known_at < WITHIN:
            return self._known
        if self._asked is None or self._asked.done():
            self._asked = asyncio.create_task(self._ask(self._record, request))
        await asyncio.wait({self._asked}, timeout=WITHIN)
        if not self._asked.done():
            return "database_away"
        return self._asked.result()

    async def _ask(self, record: Record, request: Asking) -> str:
        deadlines.start(_ASK_SECONDS)
        try:
            await _ASKING.run(lambda: _look(record))
            code = ""
        except Exception as error:
            why = why_unavailable(error)
            if why is None:
                log_unexpected(request, error)
            code = "busy" if why is not None and why.code == "busy" else "database_away"
        self._known, self._known_at = code, time.monotonic()
        return code


def _look(record: Record) -> None:
    with record.read() as tx:
        tx.sql.execute(text("SELECT 1 FROM accounts LIMIT 1")).first()
    with record.vault.store.read() as sql:
        sql.execute(text("SELECT 1 FROM person_keys LIMIT 1")).first()


READY_DOCS: Final = documented(
    summary="Ready",
    description="Whether the database answers within a second, and there is room on the disk to write.",
    parameters=[LANGUAGE],
    responses=answers(
        table(
            "",
            {
                "status": codes("ready", "not_ready"),
                "troubles": listed(table("", {"code": TEXT, "message": TEXT, "remedy": TEXT})),
            },
        ),
        _503="The same, with what is in the way; retry-after says when to ask again",
    ),
)


@route("/ready", http_method=[HttpMethod.GET, HttpMethod.HEAD], operation_class=READY_DOCS)
async def get_ready(request: Asking) -> Response[bytes]:
    """Say whether the database answers and there is room to write."""
    readiness: Readiness = request.app.state.readiness
    troubles = await readiness.troubles(request)
    said = {"status": "not_ready" if troubles else "ready", "troubles": _told(troubles, language_of(request))}
    answer = answer_json(said, 503 if troubles else 200)
    if troubles:
        answer.headers.update(COME_BACK)
    return answer


def _told(codes: list[str], language: str) -> list[dict[str, Any]]:
    says = speaker(language)
    messages = {code: Unavailable(code).message for code in codes}
    return [
        {"code": code, "message": says.say(message), "remedy": says.remedy(message)}
        for code, message in messages.items()
    ]
