"""The routes of referrals: who answers them, and what OpenAPI says is sent and answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from api.referrals import endpoints, files, lending_pages, pages, systems
from api.referrals.changes import AT_ONCE, MOST_AT_ONCE
from api.referrals.lenders import ANSWERS
from api.referrals.service import MOST_DOCUMENTS, MOST_REASONS
from api.web.listing import paged
from api.web.openapi import (
    DAY,
    ID,
    MOMENT,
    PROBLEM,
    RUPIAH,
    TEXT,
    TRUTH,
    WHOLE,
    Route,
    Schema,
    codes,
    listed,
    named,
    or_null,
    parameter,
    table,
)

ENDPOINTS: Final[tuple[Any, ...]] = (*endpoints.HANDLERS, *files.ENDPOINTS, *systems.HANDLERS)
PAGES: Final[tuple[Any, ...]] = (*pages.HANDLERS, *lending_pages.HANDLERS, *files.PAGES)

_SIDE: Final = codes("mentor", "lender", "operator", "kail")
_CODE: Final[Schema] = {"type": "string", "description": "a code of the programme, matcher/programmes/*/referrals.toml"}
_SAID: Final[Schema] = {
    "type": "object",
    "description": "What was said, sealed: texts and more by reason, documents, note, amount_idr, on, days_late.",
}
PACK: Final[Schema] = {
    "type": "object",
    "description": "What the lender is sent: person, evidence with proof and age, steps proven, conditions met and open, "
    "the sum of the instalment, consent. No score and no tier.",
}
EVENT: Final = named(
    "Something that was done.",
    at=MOMENT,
    side=_SIDE,
    mine=TRUTH,
    move=_CODE,
    state=_CODE,
    reasons=listed(_CODE),
    said=_SAID,
)
REFERRAL: Final = named(
    "A referral as it is now.",
    id=ID,
    participant=or_null(ID, "whoever asks is a lender"),
    lender_id=ID,
    product=TEXT,
    amount_idr=or_null(RUPIAH, "not said, or erased"),
    area=or_null(TEXT, "not known, or nothing was sent yet"),
    state=_CODE,
    turn=codes("mentor", "lender", "nobody"),
    is_over=TRUTH,
    version=WHOLE,
    drafted_at=MOMENT,
    sent_at=or_null(MOMENT),
    since=MOMENT,
    due_at=or_null(MOMENT, "it is not over by itself"),
    asks_whether_it_lives=TRUTH,
    agreed=TRUTH,
    complete_percent=or_null(WHOLE, "nothing was sent yet"),
    quota_month=or_null(TEXT, "it takes no place of a quota"),
    moves=listed(_CODE),
    pack=or_null(PACK, "nothing was sent yet, it is closed, or a lender changed something: GET shows it"),
    events=listed(EVENT),
)
CURSOR: Final[Schema] = {"type": "string", "description": "a place in the order of a lender's own changes"}
CHANGE: Final = named(
    "Something that was done with a referral. state, version: those after it. Nothing of a person: GET the referral.",
    id=ID,
    referral=ID,
    product=TEXT,
    move=_CODE,
    state=_CODE,
    version=WHOLE,
    at=MOMENT,
    cursor=CURSOR,
)
ASKED: Final = named(
    "amount_idr: left out, what they said that they need.",
    ("amount_idr",),
    product=TEXT,
    lender_id=ID,
    amount_idr=RUPIAH,
)
REASON: Final = named(
    "more: of a reason that asks for more of a number, how much.", ("text", "more"), code=_CODE, text=TEXT, more=WHOLE
)
SHOWN: Final[Schema] = {
    "type": "string",
    "description": "stands for the pack that was shown; what sends a pack takes it, and is refused where that changed since",
}
SAID_WITH: Final[Mapping[str, Schema]] = {
    "reasons": {"type": "array", "items": {"anyOf": [_CODE, REASON]}, "maxItems": MOST_REASONS},
    "documents": {"type": "array", "items": TEXT, "maxItems": MOST_DOCUMENTS},
    "note": TEXT,
    "amount_idr": RUPIAH,
    "on": DAY,
    "days_late": WHOLE,
    "shown": SHOWN,
}
MOVE: Final = table(
    "Beside the version what the transition asks for. A key needs the scope `report` for a move that tells what "
    "became of what was accepted, `decide` for any other; `moves` of a referral names those that it may make.",
    {"version": WHOLE, **SAID_WITH},
    tuple(SAID_WITH),
)
LINE: Final = table(
    "name: of whom, null where it is closed.",
    {name: REFERRAL["properties"][name] for name in endpoints.LINE}
    | {"name": or_null(TEXT, "the consent is gone, or an operator asks"), "lender": TEXT},
)
PARAMETERS: Final = (
    parameter("sort", "product, amount_idr, area, complete or queued_at; with a minus from the last.", TEXT),
    parameter("page", "The `next` of the page before; the begin where it is left out.", TEXT),
    parameter("turn", "Whose turn it is.", codes("mentor", "lender", "nobody")),
    parameter("soon", "Only what ends by itself within a week.", codes("soon")),
    parameter("state", "Only these.", _CODE),
    parameter("product", "Only these.", TEXT),
    parameter("area", "Only these.", TEXT),
    *(
        parameter(name, "A whole number.", TEXT)
        for name in ("amount_idr_from", "amount_idr_to", "complete_from", "complete_to")
    ),
)
ROOM: Final = named(
    product=TEXT,
    answer=or_null(codes(*ANSWERS), "nothing was said"),
    weeks=or_null(WHOLE),
    said_at=or_null(MOMENT),
)
QUOTA: Final = named(
    "taken, taken_idr: what is promised of it by now.",
    product=TEXT,
    month=TEXT,
    most=or_null(WHOLE, "no bound"),
    most_idr=or_null(RUPIAH, "no bound"),
    taken=WHOLE,
    taken_idr=RUPIAH,
    version=WHOLE,
    left=or_null(WHOLE, "no bound"),
)
COST: Final = named(
    "more: how many more referrals would meet all conditions.",
    condition=TEXT,
    relaxed=or_null(TEXT, "it is dropped"),
    more=WHOLE,
)
COSTS: Final = named(
    "otherwise: made under conditions that are no longer those of today, and not counted.",
    product=TEXT,
    counted=WHOLE,
    met=WHOLE,
    otherwise=WHOLE,
    conditions=listed(COST),
)
FIGURES: Final = named(
    "Of this quarter, since its first day. left_out: there are more referrals than were counted.",
    since=DAY,
    declined=listed(named(reason=_CODE, count=WHOLE)),
    products=listed(COSTS),
    left_out=TRUTH,
)
LENDER: Final = named(id=ID, name=TEXT, providers=listed(TEXT))

SAID: Final[Mapping[str, Route]] = {
    "POST /api/v1/participants/{person_id}/referrals/preview": Route(
        ASKED, named(pack=PACK, shown=SHOWN, complete_percent=WHOLE, room=ROOM)
    ),
    "POST /api/v1/participants/{person_id}/referrals": Route(ASKED, REFERRAL, 201),
    "GET /api/v1/participants/{person_id}/referrals": Route(None, named(referrals=listed(REFERRAL))),
    "GET /api/v1/referrals": Route(None, paged(LINE), parameters=PARAMETERS),
    "POST /api/v1/referrals/moves/{move}": Route(
        table(
            MOVE["description"],
            {"referrals": listed(named(id=ID, version=WHOLE)), **SAID_WITH},
            tuple(SAID_WITH),
        ),
        named(
            done=listed(ID),
            waits=listed(ID),
            refused=listed(named(id=ID, status=WHOLE, problems=PROBLEM["properties"]["problems"])),
        ),
    ),
    "GET /api/v1/referrals/changes": Route(
        None,
        named(
            "next: the cursor to ask with the next time. more: whether there is more already.",
            changes=listed(CHANGE),
            next=CURSOR,
            more=TRUTH,
        ),
        parameters=(
            parameter("since", "A cursor; what came after it. The begin where it is left out.", TEXT),
            parameter("limit", f"At most so many, {AT_ONCE}; up to {MOST_AT_ONCE}.", TEXT),
        ),
    ),
    "GET /api/v1/referrals/{referral_id}": Route(None, REFERRAL),
    "GET /api/v1/referrals/{referral_id}/pack.pdf": Route(None, TEXT, answered_as="application/pdf"),
    "POST /api/v1/referrals/{referral_id}/moves/{move}": Route(MOVE, REFERRAL, waits=True),
    "POST /api/v1/referrals/{referral_id}/notes": Route(named(note=TEXT), REFERRAL),
    "POST /api/v1/referrals/{referral_id}/still-lives": Route(named("", ("text",), reason=_CODE, text=TEXT), REFERRAL),
    "GET /api/v1/quotas": Route(None, named(quotas=listed(QUOTA))),
    "PUT /api/v1/quotas": Route(
        named(
            "null or left out: no bound.",
            ("most", "most_idr"),
            product=TEXT,
            month=TEXT,
            version=WHOLE,
            most=or_null(WHOLE),
            most_idr=or_null(RUPIAH),
        ),
        named(version=WHOLE),
    ),
    "GET /api/v1/rooms": Route(None, named(rooms=listed(ROOM))),
    "PUT /api/v1/rooms": Route(
        named("", ("weeks",), product=TEXT, answer=codes(*ANSWERS), weeks=or_null(WHOLE)),
        named(product=TEXT, answer=TEXT, weeks=or_null(WHOLE)),
    ),
    "GET /api/v1/lending/figures": Route(None, FIGURES),
    "GET /api/v1/lenders": Route(None, named(lenders=listed(LENDER))),
    "PUT /api/v1/lenders/{organisation_id}": Route(
        named(providers=listed(TEXT)), table("", {"id": ID, "providers": listed(TEXT)})
    ),
}
"""What OpenAPI says of every endpoint, by method and path."""
