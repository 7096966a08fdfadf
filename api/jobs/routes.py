"""The routes of jobs: who answers them, and what OpenAPI says is sent and answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from api.jobs import endpoints, pages
from api.jobs.kinds import ASKED, KINDS
from api.record.jobs import LISTED, STATES
from api.web.listing import paged, parameters_of
from api.web.openapi import ANYTHING, ID, MOMENT, OBJECT, TEXT, TRUTH, WHOLE, Route, codes, listed, named, or_null

ENDPOINTS: Final[tuple[Any, ...]] = endpoints.HANDLERS
PAGES: Final[tuple[Any, ...]] = pages.HANDLERS

JOB: Final = named(
    id=ID,
    kind=codes(*KINDS),
    name=TEXT,
    state=codes(*STATES),
    stopping=TRUTH,
    asked_at=MOMENT,
    ended_at=or_null(MOMENT),
    done=WHOLE,
    total=or_null(WHOLE, "not known yet"),
    ahead=WHOLE,
    result=or_null(OBJECT, "it is not over"),
    pieces=listed(ANYTHING),
    file=or_null(TEXT, "there is none, or not yet"),
)
"""A job as it is answered; `result` has `problems` and, by its kind, what came out."""

SAID: Final[Mapping[str, Route]] = {
    "GET /api/v1/jobs": Route(None, paged(JOB), parameters=parameters_of(LISTED)),
    "POST /api/v1/jobs": Route(named(kind=codes(*ASKED), keep=TRUTH, optional=("keep",)), JOB, 202),
    "GET /api/v1/jobs/{job_id}": Route(None, JOB),
    "POST /api/v1/jobs/{job_id}/cancel": Route(None, JOB),
    "GET /api/v1/jobs/{job_id}/file": Route(None, TEXT, answered_as="text/csv"),
}
"""What OpenAPI says of every endpoint, by method and path."""
