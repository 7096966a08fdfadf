"""The routes of participants, their evidence and consents: who answers them, and what OpenAPI says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from api.consents.forms import AT_REGISTRATION
from api.consents.openapi import AGREED, LENDER, STANDING
from api.consents.purposes import PURPOSES
from api.participants import endpoints, evidence_pages, pages
from api.participants.evidence import MOST_FACTS
from api.participants.people import LISTED
from api.web.listing import paged, parameters_of
from api.web.openapi import (
    ANYTHING,
    APPROVAL,
    DAY,
    ID,
    MOMENT,
    NEW_VERSION,
    OBJECT,
    TEXT,
    TRUTH,
    VERSION,
    WHOLE,
    Route,
    Schema,
    codes,
    listed,
    named,
    or_null,
    ref,
    table,
)
from matcher.programme.entries import PROOFS

ENDPOINTS: Final[tuple[Any, ...]] = endpoints.HANDLERS
PAGES: Final[tuple[Any, ...]] = (*pages.HANDLERS, *evidence_pages.HANDLERS)

NIK: Final[Schema] = {"type": "string", "description": "16 digits; blanks, dots and dashes are left out"}
PHONE: Final[Schema] = {"type": "string", "description": "0812... and +62812... are the same"}
PERSON: Final[Mapping[str, Schema]] = {
    "id": ID,
    "name": TEXT,
    "nik": TEXT,
    "phone": TEXT,
    "own_id": TEXT,
    "mentor_id": ID,
    "version": VERSION,
    "objection_waits": TRUTH,
    "created_at": MOMENT,
    "erased_by": or_null(MOMENT) | {"description": "by when, since they took back that they are kept; else null"},
}
NOT_ALWAYS: Final = ("name", "nik", "phone", "own_id")
SIGNAL: Final = named(
    "What is said of a signal.", ("proof", "sure"), value=ANYTHING, on=DAY, proof=codes(*PROOFS), sure=TRUTH
)
SAID: Final[Mapping[str, Route]] = {
    "GET /api/v1/participants": Route(None, paged(table("", PERSON, NOT_ALWAYS)), parameters=parameters_of(LISTED)),
    "POST /api/v1/participants": Route(
        table(
            "Somebody new.",
            {
                "name": TEXT,
                "nik": NIK,
                "phone": PHONE,
                "own_id": TEXT,
                "consents": listed(codes(*AT_REGISTRATION)) | {"description": "record has to be among them"},
                **AGREED,
            },
            ("nik", "phone", "own_id", "said_on", "text_version"),
        ),
        table("", PERSON, NOT_ALWAYS),
        201,
    ),
    "POST /api/v1/participants/search": Route(
        named(text=TEXT), named(participants=listed(table("", PERSON, NOT_ALWAYS)))
    ),
    "GET /api/v1/participants/{person_id}": Route(
        None,
        table(
            "A participant; an operator sees no signals.",
            {
                **PERSON,
                "consents": listed(STANDING),
                "signals": {"type": "object", "additionalProperties": SIGNAL},
            },
            (*NOT_ALWAYS, "signals"),
        ),
    ),
    "PATCH /api/v1/participants/{person_id}": Route(
        named(
            '"" takes a NIK or phone away.', ("name", "nik", "phone"), version=VERSION, name=TEXT, nik=NIK, phone=PHONE
        ),
        NEW_VERSION,
    ),
    "POST /api/v1/participants/{person_id}/mentor": Route(
        named(mentor_id=ID, version=VERSION), NEW_VERSION, waits=True
    ),
    "GET /api/v1/participants/{person_id}/evidence": Route(
        None,
        named(
            evidence=listed(
                named(
                    "A fact; value null takes back what was said for that day.",
                    signal=TEXT,
                    value=ANYTHING,
                    on=DAY,
                    proof=TEXT,
                    said_by=TEXT,
                    known_at=MOMENT,
                    place=WHOLE,
                    account_id=or_null(ID),
                    id=ID,
                    sure=TRUTH,
                )
            )
        ),
    ),
    "POST /api/v1/participants/{person_id}/evidence": Route(
        named(
            "",
            ("said_by", "version"),
            signals={
                "type": "object",
                "description": "signals as in RecommendationRequest: a value, or {value, on, proof, sure}; null takes back",
                "minProperties": 1,
                "maxProperties": MOST_FACTS,
            },
            said_by=TEXT,
            version=VERSION,
        ),
        named(new=WHOLE, version=VERSION, doubts=listed(ref("Doubt"))),
        201,
    ),
    "GET /api/v1/participants/{person_id}/consents": Route(
        None, named(ledger=listed(STANDING), standing=listed(STANDING))
    ),
    "POST /api/v1/participants/{person_id}/consents": Route(
        table(
            "Given, or taken back.",
            {
                "purpose": codes(*PURPOSES),
                "given": TRUTH,
                "recipient": LENDER,
                "expires_on": DAY,
                **AGREED,
            },
            ("recipient", "expires_on", "said_on", "text_version"),
        ),
        named(number=WHOLE, version=VERSION),
        201,
    ),
    "GET /api/v1/withdrawals": Route(
        None,
        named(
            withdrawals=listed(
                named("", participant=ID, name=TEXT, mentor_id=ID, withdrawn_at=MOMENT, erased_by=MOMENT),
            )
        ),
    ),
    "GET /api/v1/participants/{person_id}/export": Route(
        None, named("Everything held, by table.", participant=ID, exported_at=MOMENT, held=OBJECT)
    ),
    "POST /api/v1/participants/{person_id}/export": Route(None, APPROVAL, 202),
    "POST /api/v1/participants/{person_id}/erasure": Route(named(version=VERSION), named(erased=WHOLE), waits=True),
}
"""What OpenAPI says of every endpoint, by method and path."""
