"""What OpenAPI says of the record's endpoints: of each what is sent and what is answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from litestar.openapi.spec import OpenAPI

from api.accounts.service import SCOPES
from api.accounts.tables import ROLES
from api.assessments.disagreement import CODES, DECISIONS
from api.consents.texts import CHANNELS, PURPOSES, TEXTS
from api.participants.evidence import MOST_FACTS
from api.web.openapi import DAY, LANGUAGE, TEXT, TRUTH, WHOLE, Schema, codes, listed, or_null, ref, table
from matcher.programme.entries import PROOFS


class Route(NamedTuple):
    """What an endpoint is sent (None: nothing), what it answers, and with which status."""

    sent: Schema | None
    answered: Schema
    status: int = 200


def _named(description: str = "", optional: tuple[str, ...] = (), **properties: Schema) -> Schema:
    return table(description, properties, optional)


ID: Final[Schema] = {
    "type": "string",
    "description": "an id; whatever is not yours is answered like what does not exist",
}
MOMENT: Final[Schema] = {"type": "string", "format": "date-time", "description": "in UTC"}
VERSION: Final[Schema] = {"type": "integer", "description": "counts changes; a change needs the one that was read"}
ANYTHING: Final[Schema] = {}
OBJECT: Final[Schema] = {"type": "object"}
NIK: Final[Schema] = {"type": "string", "description": "16 digits; blanks, dots and dashes are left out"}
PHONE: Final[Schema] = {"type": "string", "description": "0812... and +62812... are the same"}
LENDER: Final[Schema] = {"type": "string", "description": "of a referral alone: the lender's organisation"}
CHANNEL: Final = codes(*CHANNELS)
AGREED: Final[Mapping[str, Schema]] = {
    "channel": CHANNEL,
    "said_on": DAY | {"description": "today where it is left out"},
    "text_version": codes(*TEXTS) | {"description": "the text they were shown; the current one where it is left out"},
}
AT_REGISTRATION: Final = tuple(purpose for purpose in PURPOSES if purpose != "referral")
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
}
NOT_ALWAYS: Final = ("name", "nik", "phone", "own_id")
STANDING: Final = _named(
    "A consent in the ledger.",
    seq=WHOLE,
    purpose=codes(*PURPOSES),
    recipient={"type": "string", "description": 'a lender\'s organisation; "" for none'},
    given=TRUTH,
    text_version=TEXT,
    channel=CHANNEL,
    said_on=DAY,
    expires_on=or_null(DAY),
    recorded_at=MOMENT,
    account_id=or_null(ID),
    hash=TEXT,
)
SIGNAL: Final = _named("What is said of a signal.", ("proof",), value=ANYTHING, on=DAY, proof=codes(*PROOFS))
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
CHANGE: Final = _named(
    "What changed, in words.", kind=TEXT, id=TEXT, gained=or_null(TRUTH), text=TEXT, why=listed(TEXT)
)
ENTRY: Final = _named(
    "Somebody to see.",
    participant=ID,
    name=TEXT,
    tier=or_null(TEXT),
    next=or_null(_named(id=TEXT, name=TEXT)),
    rank=listed(WHOLE),
    why=listed(TEXT),
)
OBJECTION: Final = _named(
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
)
DISAGREEMENT: Final = _named(
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
ACCOUNT: Final = _named(id=ID, login=TEXT, name=TEXT, role=codes(*ROLES), active=TRUTH, version=VERSION)
KEY: Final = _named(
    id=ID,
    name=TEXT,
    scopes=listed(codes(*SCOPES)),
    created_at=MOMENT,
    expires_at=MOMENT,
    revoked_at=or_null(MOMENT),
)
AUDITED: Final = _named(
    seq=WHOLE,
    at=MOMENT,
    account_id=or_null(ID),
    organisation_id=or_null(ID),
    action=TEXT,
    kind=TEXT,
    object_id=TEXT,
    detail=OBJECT,
    hash=TEXT,
)
PROBLEM: Final = _named(row=or_null(WHOLE), line=or_null(WHOLE), cell=TEXT, field=TEXT, value=ANYTHING, remedy=TEXT)
CORE: Final = OBJECT | {"description": "what was decided, as ids, numbers and codes"}
ONCE: Final = {"type": "boolean", "description": "nobody can read it again"}
NEW_VERSION: Final = _named(version=VERSION)

ROUTES: Final[Mapping[str, Route]] = {
    # coming in
    "POST /api/v1/session": Route(_named(login=TEXT, password=TEXT), _named(id=ID, name=TEXT, role=codes(*ROLES))),
    "DELETE /api/v1/session": Route(None, _named(signed_out=TRUTH)),
    "GET /api/v1/me": Route(None, _named(id=ID, name=TEXT, role=codes(*ROLES), organisation=TEXT, organisation_id=ID)),
    "POST /api/v1/me/password": Route(_named(old=TEXT, new=TEXT), _named(changed=TRUTH)),
    "GET /api/v1/me/keys": Route(None, _named(keys=listed(KEY))),
    "POST /api/v1/me/keys": Route(
        _named(name=TEXT, scopes=listed(codes(*SCOPES)), expires_on=DAY), _named(id=ID, key=TEXT, told_once=ONCE), 201
    ),
    "DELETE /api/v1/me/keys/{key_id}": Route(None, _named(revoked=TRUTH)),
    # accounts
    "GET /api/v1/accounts": Route(None, _named(accounts=listed(ACCOUNT))),
    "POST /api/v1/accounts": Route(
        _named(login=TEXT, name=TEXT, role=codes(*ROLES)), _named(id=ID, login=TEXT, password=TEXT, told_once=ONCE), 201
    ),
    "PATCH /api/v1/accounts/{account_id}": Route(
        _named("", ("role", "active"), version=VERSION, role=codes(*ROLES), active=TRUTH), NEW_VERSION
    ),
    "POST /api/v1/accounts/{account_id}/password": Route(None, _named(password=TEXT, told_once=ONCE)),
    # participants
    "GET /api/v1/participants": Route(None, _named(participants=listed(table("", PERSON, NOT_ALWAYS)))),
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
        _named(text=TEXT), _named(participants=listed(table("", PERSON, NOT_ALWAYS)))
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
        _named(
            '"" takes a NIK or phone away.', ("name", "nik", "phone"), version=VERSION, name=TEXT, nik=NIK, phone=PHONE
        ),
        NEW_VERSION,
    ),
    "POST /api/v1/participants/{person_id}/mentor": Route(_named(mentor_id=ID, version=VERSION), NEW_VERSION),
    "GET /api/v1/participants/{person_id}/evidence": Route(
        None,
        _named(
            evidence=listed(
                _named(
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
                )
            )
        ),
    ),
    "POST /api/v1/participants/{person_id}/evidence": Route(
        _named(
            "",
            ("said_by", "version"),
            signals={
                "type": "object",
                "description": "signals as in RecommendationRequest: a value, or {value, on, proof}; null takes back",
                "minProperties": 1,
                "maxProperties": MOST_FACTS,
            },
            said_by=TEXT,
            version=VERSION,
        ),
        _named(new=WHOLE, version=VERSION),
        201,
    ),
    "GET /api/v1/participants/{person_id}/consents": Route(
        None, _named(ledger=listed(STANDING), standing=listed(STANDING))
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
        _named(number=WHOLE, version=VERSION),
        201,
    ),
    "GET /api/v1/participants/{person_id}/export": Route(
        None, _named("Everything held, by table.", participant=ID, exported_at=MOMENT, held=OBJECT)
    ),
    "POST /api/v1/participants/{person_id}/erasure": Route(_named(version=VERSION), _named(erased=WHOLE)),
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
        _named(rows=WHOLE, taken=WHOLE, registered=WHOLE, facts=WHOLE, problems=listed(PROBLEM), rejected_rows=WHOLE),
    ),
    # assessments
    "GET /api/v1/work-list": Route(
        None,
        _named(
            on=DAY,
            entries=listed(ENTRY),
            waiting=WHOLE,
            left_out=_named(no_consent=WHOLE, objection=WHOLE, seen_this_week=WHOLE),
        ),
    ),
    "POST /api/v1/participants/{person_id}/assessments": Route(
        _named("", ("goal",), goal=TEXT | {"description": "a product"}), _named(id=ID, digest=TEXT, core=CORE), 201
    ),
    "GET /api/v1/participants/{person_id}/assessments": Route(None, _named(assessments=listed(table("", TOLD)))),
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
        _named(
            same=TRUTH,
            versions=_named(then=OBJECT, now=or_null(OBJECT)),
            difference=listed(CHANGE),
            values=listed(_named(place=TEXT, then=ANYTHING, now=ANYTHING)),
            digest=TEXT,
        ),
    ),
    "GET /api/v1/assessments/{assessment_id}/changes": Route(
        None, _named(since=or_null(MOMENT), before=or_null(ID), changes=listed(CHANGE))
    ),
    "POST /api/v1/assessments/{assessment_id}/override": Route(
        _named("`note` is wanted with the code other.", ("note",), chosen=TEXT, code=codes(*CODES), note=TEXT),
        _named(id=ID),
        201,
    ),
    "POST /api/v1/assessments/{assessment_id}/objection": Route(_named(words=TEXT), _named(id=ID), 201),
    "GET /api/v1/objections": Route(None, _named(objections=listed(OBJECTION))),
    "POST /api/v1/objections/{objection_id}/decision": Route(
        _named(decision=codes(*DECISIONS), reason=TEXT), _named(decided=codes(*DECISIONS))
    ),
    "GET /api/v1/disagreements": Route(None, _named(disagreements=listed(DISAGREEMENT))),
    "GET /api/v1/switches/randomise-ties": Route(None, _named(on=TRUTH)),
    "PUT /api/v1/switches/randomise-ties": Route(_named(on=TRUTH), _named(on=TRUTH)),
    "GET /api/v1/audit": Route(None, _named(entries=listed(AUDITED))),
}
"""Method and path of every endpoint of the record."""

_MULTIPART: Final = ("POST /api/v1/imports",)


def describe(document: OpenAPI) -> None:
    """Put what is known of the record's endpoints in place of what the framework reads off their handlers."""
    for name, route in ROUTES.items():
        method, path = name.split(" ")
        operation: Any = getattr((document.paths or {})[path], method.lower())
        operation.parameters = [*(operation.parameters or []), LANGUAGE]
        if route.sent is not None:
            kind = "multipart/form-data" if name in _MULTIPART else "application/json"
            required = bool(route.sent["required"])
            operation.request_body = {"required": required, "content": {kind: {"schema": route.sent}}}
        operation.responses = {
            str(route.status): {"description": "Done", "content": {"application/json": {"schema": route.answered}}},
            "default": {
                "description": "Not done, and nothing of it; every problem at once",
                "content": {"application/problem+json": {"schema": ref("Problem")}},
            },
        }
