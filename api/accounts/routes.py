"""The routes of accounts: who answers them, and what OpenAPI says is sent and answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from api.accounts import endpoints, operator_pages, pages
from api.accounts.api_keys import SCOPES
from api.accounts.service import LISTED
from api.accounts.tables import ROLES
from api.web.listing import paged, parameters_of
from api.web.openapi import (
    DAY,
    ID,
    MOMENT,
    NEW_VERSION,
    ONCE,
    TEXT,
    TRUTH,
    VERSION,
    Route,
    Schema,
    codes,
    listed,
    named,
    or_null,
    table,
)

ENDPOINTS: Final[tuple[Any, ...]] = endpoints.HANDLERS
PAGES: Final[tuple[Any, ...]] = (*pages.HANDLERS, *operator_pages.HANDLERS)

ACCOUNT: Final = named(id=ID, login=TEXT, name=TEXT, role=codes(*ROLES), active=TRUTH, version=VERSION)
KEY: Final = named(
    id=ID,
    name=TEXT,
    scopes=listed(codes(*SCOPES)),
    created_at=MOMENT,
    expires_at=MOMENT,
    revoked_at=or_null(MOMENT),
)

ME: Final[Mapping[str, Schema]] = {
    "id": ID,
    "name": TEXT,
    "role": codes(*ROLES),
    "synthetic": TRUTH | {"description": "a sandbox: all that it shows is about people who never lived"},
    "must_change_password": TRUTH | {"description": "somebody else made it: nothing else is answered before"},
}

SAID: Final[Mapping[str, Route]] = {
    "POST /api/v1/session": Route(named(login=TEXT, password=TEXT), table("", ME)),
    "DELETE /api/v1/session": Route(None, named(signed_out=TRUTH)),
    "GET /api/v1/me": Route(None, table("", {**ME, "organisation": TEXT, "organisation_id": ID})),
    "POST /api/v1/me/password": Route(named(old=TEXT, new=TEXT), named(changed=TRUTH)),
    "GET /api/v1/me/keys": Route(None, named(keys=listed(KEY))),
    "POST /api/v1/me/keys": Route(
        named(name=TEXT, scopes=listed(codes(*SCOPES)), expires_on=DAY), named(id=ID, key=TEXT, told_once=ONCE), 201
    ),
    "DELETE /api/v1/me/keys/{key_id}": Route(None, named(revoked=TRUTH)),
    "GET /api/v1/accounts": Route(None, paged(ACCOUNT), parameters=parameters_of(LISTED)),
    "POST /api/v1/accounts": Route(
        named(login=TEXT, name=TEXT, role=codes(*ROLES)),
        named(id=ID, login=TEXT, password=TEXT, told_once=ONCE),
        201,
        waits=True,
    ),
    "PATCH /api/v1/accounts/{account_id}": Route(
        named("", ("role", "active"), version=VERSION, role=codes(*ROLES), active=TRUTH), NEW_VERSION, waits=True
    ),
    "POST /api/v1/accounts/{account_id}/password": Route(None, named(password=TEXT, told_once=ONCE), waits=True),
}
"""What OpenAPI says of every endpoint, by method and path."""
