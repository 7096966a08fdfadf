"""The routes of imports: who answers them, and what OpenAPI says is sent and answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from api.consents.forms import AT_REGISTRATION
from api.consents.openapi import AGREED
from api.imports import endpoints, pages
from api.web.openapi import ID, TEXT, Route, named, table

ENDPOINTS: Final[tuple[Any, ...]] = endpoints.HANDLERS
PAGES: Final[tuple[Any, ...]] = pages.HANDLERS

SAID: Final[Mapping[str, Route]] = {
    "POST /api/v1/imports": Route(
        table(
            "A sheet of participants.",
            {
                "file": {"type": "string", "format": "binary", "description": "CSV or XLSX"},
                "columns": {"type": "string", "format": "binary", "description": "a column map, TOML"},
                "sheet": TEXT,
                "consents": TEXT | {"description": f"separated by commas: {', '.join(AT_REGISTRATION)}"},
                **AGREED,
            },
            ("columns", "sheet", "said_on", "text_version"),
        ),
        named("The job that imports it: GET /api/v1/jobs/{job_id} tells how far it is.", id=ID),
        202,
        sent_as="multipart/form-data",
    ),
}
"""What OpenAPI says of every endpoint, by method and path."""
