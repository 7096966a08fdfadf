"""The routes of outcomes: who answers them, and what OpenAPI says is sent and answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from api.outcomes import endpoints, pages
from api.outcomes.forms import ALL
from api.outcomes.reports import COLUMNS
from api.web.openapi import DAY, ID, TEXT, Route, codes, named, table
from training_data.schema import ENDINGS, OUTCOMES

ENDPOINTS: Final[tuple[Any, ...]] = endpoints.HANDLERS
PAGES: Final[tuple[Any, ...]] = pages.HANDLERS

SAID: Final[Mapping[str, Route]] = {
    "POST /api/v1/training-sets": Route(
        named(
            "What was known at the end of a day that is over; without an outcome everything.",
            known_at=DAY,
            outcome=codes(ALL, *OUTCOMES),
            ending=codes(*ENDINGS),
            optional=("outcome", "ending"),
        ),
        named("The job that makes it: GET /api/v1/jobs/{job_id} tells how far it is, its result the manifest.", id=ID),
        202,
    ),
    "POST /api/v1/outcomes": Route(
        table(
            f"A sheet of what was paid out and back, by its columns {', '.join(COLUMNS)}; each row is a transition.",
            {"file": {"type": "string", "format": "binary", "description": "CSV or XLSX"}, "sheet": TEXT},
            ("sheet",),
        ),
        named("The job that imports it: GET /api/v1/jobs/{job_id} tells how far it is.", id=ID),
        202,
        sent_as="multipart/form-data",
    ),
}
"""What OpenAPI says of every endpoint, by method and path."""
