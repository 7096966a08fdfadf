"""The routes of assessments, disagreements and the work list: who answers them, and what OpenAPI says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from api.assessments import endpoints, oversight_pages, pages
from api.assessments.disagreement import CODES, DECISIONS, LISTED, WAITING
from api.web.listing import paged, parameters_of
from api.web.openapi import (
    ANYTHING,
    DAY,
    ID,
    MOMENT,
    OBJECT,
    TEXT,
    TRUTH,
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

ENDPOINTS: Final[tuple[Any, ...]] = endpoints.HANDLERS
PAGES: Final[tuple[Any, ...]] = (*pages.HANDLERS, *oversight_pages.HANDLERS)

VERSIONS: Final[Mapping[str, Schema]] = {
    "as_of": DAY,
    "programme_digest": TEXT,
    "model_version": TEXT,
    "model_digest": TEXT,
    "kail_version": TEXT,
    "propensity": or_null({"type": "number"}, "null: chosen by no lot"),
}
TOLD: Final[Mapping[str, Schema]] = {
    "id": ID,
    "at": MOMENT,
    "as_of": DAY,
    "cause": codes("asked", "rescreened"),
    "propensity": or_null({"type": "number"}, "null: chosen by no lot"),
    "versions": OBJECT,
    "tier": TEXT,
    "provisional": TRUTH,
    "next": TEXT | {"description": "the intervention that comes first"},
    "rank": listed(WHOLE),
    "goal": or_null(TEXT),
    "offered": listed(TEXT),
    "question": or_null(TEXT),
    "stale": listed(TEXT),
    "talk_again_on": or_null(DAY),
}
CHANGE: Final = named("What changed, in words.", kind=TEXT, id=TEXT, gained=or_null(TRUTH), text=TEXT, why=listed(TEXT))
ENTRY: Final = named(
    "Somebody to see.",
    participant=ID,
    name=TEXT,
    tier=or_null(TEXT),
    next=or_null(named(id=TEXT, name=TEXT)),
    rank=listed(WHOLE),
    why=listed(TEXT),
)
OBJECTION: Final = named(
    id=ID,
    assessment_id=ID,
    participant_id=ID,
    account_id=ID,
    at=MOMENT,
    words=TEXT,
    decided_at=or_null(MOMENT),
    decided_by=or_null(ID),
    decision=or_null(codes(*DECISIONS)),
    reason=or_null(TEXT),
    answer_by=MOMENT,
    overdue=TRUTH,
)
DISAGREEMENT: Final = named(
    "",
    ("suggested", "chosen", "code", "decision"),
    kind=codes("override", "objection"),
    id=ID,
    at=MOMENT,
    suggested=TEXT,
    chosen=TEXT,
    code=codes(*CODES),
    decision=or_null(codes(*DECISIONS)),
    **VERSIONS,
)
CORE: Final = OBJECT | {"description": "what was decided, as ids, numbers and codes"}

SAID: Final[Mapping[str, Route]] = {
    "GET /api/v1/work-list": Route(
        None,
        named(
            on=DAY,
            entries=listed(ENTRY),
            waiting=WHOLE,
            left_out=named(no_consent=WHOLE, objection=WHOLE, seen_this_week=WHOLE),
        ),
    ),
    "POST /api/v1/participants/{person_id}/assessments": Route(
        named("", ("goal",), goal=TEXT | {"description": "a product"}), named(id=ID, digest=TEXT, core=CORE), 201
    ),
    "GET /api/v1/participants/{person_id}/assessments": Route(None, named(assessments=listed(table("", TOLD)))),
    "GET /api/v1/assessments/{assessment_id}": Route(
        None,
        table(
            "`same` and `answer` are null without consent or while an objection waits, `answer` where `same` is false too.",
            {
                **TOLD,
                "inputs": OBJECT,
                "core": CORE,
                "same": or_null(TRUTH),
                "answer": or_null(ref("Recommendation")),
            },
        ),
    ),
    "GET /api/v1/assessments/{assessment_id}/replay": Route(
        None,
        named(
            same=TRUTH,
            versions=named(then=OBJECT, now=or_null(OBJECT)),
            difference=listed(CHANGE),
            values=listed(named(place=TEXT, then=ANYTHING, now=ANYTHING)),
            digest=TEXT,
        ),
    ),
    "GET /api/v1/assessments/{assessment_id}/changes": Route(
        None, named(since=or_null(MOMENT), before=or_null(ID), changes=listed(CHANGE))
    ),
    "POST /api/v1/assessments/{assessment_id}/override": Route(
        named("`note` is wanted with the code other.", ("note",), chosen=TEXT, code=codes(*CODES), note=TEXT),
        named(id=ID),
        201,
    ),
    "POST /api/v1/assessments/{assessment_id}/objection": Route(named(words=TEXT), named(id=ID), 201),
    "GET /api/v1/objections": Route(None, paged(OBJECTION), parameters=parameters_of(WAITING)),
    "POST /api/v1/objections/{objection_id}/decision": Route(
        named(decision=codes(*DECISIONS), reason=TEXT), named(decided=codes(*DECISIONS))
    ),
    "GET /api/v1/disagreements": Route(None, paged(DISAGREEMENT), parameters=parameters_of(LISTED)),
    "GET /api/v1/switches/randomise-ties": Route(None, named(on=TRUTH)),
    "PUT /api/v1/switches/randomise-ties": Route(named(on=TRUTH), named(on=TRUTH)),
}
"""What OpenAPI says of every endpoint, by method and path."""
