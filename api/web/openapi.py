"""OpenAPI: the building blocks of which every noun says what its endpoints are sent and what they answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, NamedTuple

from litestar.openapi.spec import OpenAPI, Operation, SecurityScheme

from api.record.answered import KEPT, KEY_FIELD
from api.record.approvals import STATES
from api.web.once import LONGEST_KEY, NOT_ONCE
from words.catalogues import languages

Schema = dict[str, Any]
HOUR: Final = timedelta(hours=1)

TEXT: Final[Schema] = {"type": "string"}
TRUTH: Final[Schema] = {"type": "boolean"}
WHOLE: Final[Schema] = {"type": "integer"}
RUPIAH: Final[Schema] = {"type": "integer", "description": "whole rupiah"}
DAY: Final[Schema] = {"type": "string", "format": "date"}


# -- schemas -----------------------------------------------------------------------------------------------------------


def ref(name: str) -> Schema:
    """Point to a schema of the document."""
    return {"$ref": f"#/components/schemas/{name}"}


def listed(inner: Schema) -> Schema:
    """A list."""
    return {"type": "array", "items": inner}


def or_null(inner: Schema, why: str = "") -> Schema:
    """Something or null; `why` says what null means."""
    return {"anyOf": [inner, {"type": "null"}]} | ({"description": why} if why else {})


def codes(*allowed: str) -> Schema:
    """One of some codes."""
    return {"type": "string", "enum": list(allowed)}


def table(description: str, properties: Mapping[str, Schema], optional: tuple[str, ...] = ()) -> Schema:
    """An object with exactly these fields."""
    return {
        "type": "object",
        "description": description,
        "properties": dict(properties),
        "required": [name for name in properties if name not in optional],
        "additionalProperties": False,
    }


def named(description: str = "", optional: tuple[str, ...] = (), **properties: Schema) -> Schema:
    """An object with exactly these fields, where their names are words of Python's."""
    return table(description, properties, optional)


PROBLEM: Final = table(
    "RFC 9457, with every problem found at once.",
    {
        "type": TEXT,
        "title": TEXT,
        "status": WHOLE,
        "detail": TEXT,
        "problems": listed(
            table("", {"field": TEXT, "value": {}, "message": TEXT, "remedy": TEXT}),
        ),
    },
)
"""What every refusal is; stands in the document as Problem."""


# -- operations --------------------------------------------------------------------------------------------------------


def parameter(name: str, description: str, schema: Schema) -> Schema:
    """A parameter of the address, which may be left out."""
    return {"name": name, "in": "query", "required": False, "description": description, "schema": schema}


LANGUAGE: Final = parameter(
    "language", "Language of every text; the programme's first where it is left out.", codes(*languages())
)

ONCE_KEY: Final[Schema] = {
    "name": KEY_FIELD,
    "in": "header",
    "required": False,
    "description": f"Of your choice and hard to guess. What is sent again under it within {KEPT // HOUR} hours is done once "
    "and answered alike; 422 for another request under it. What was refused may be sent again.",
    "schema": {"type": "string", "pattern": f"^[!-~]{{1,{LONGEST_KEY}}}$"},
}
"""The header by which a request is done once."""


def answers(good: Schema, **problems: str) -> dict[str, Any]:
    """The answers of an endpoint: the good one's schema, and of each refusal, named like `_400`, when it comes."""
    content = {"application/problem+json": {"schema": ref("Problem")}}
    return {"200": {"description": "The answer", "content": {"application/json": {"schema": good}}}} | {
        code.removeprefix("_"): {"description": text, "content": content} for code, text in problems.items()
    }


def documented(**fields: Any) -> type[Operation]:
    """Return an Operation with these fields in place of what the framework reads off the handler."""

    @dataclass
    class Documented(Operation):
        def __post_init__(self) -> None:
            for name, value in fields.items():
                setattr(self, name, value)

    return Documented


# -- endpoints of the record -------------------------------------------------------------------------------------------

ID: Final[Schema] = {
    "type": "string",
    "description": "an id; whatever is not yours is answered like what does not exist",
}
MOMENT: Final[Schema] = {"type": "string", "format": "date-time", "description": "in UTC"}
VERSION: Final[Schema] = {"type": "integer", "description": "counts changes; a change needs the one that was read"}
ANYTHING: Final[Schema] = {}
OBJECT: Final[Schema] = {"type": "object"}
ONCE: Final = {"type": "boolean", "description": "nobody can read it again"}
NEW_VERSION: Final = named(version=VERSION)


APPROVAL: Final = named(
    "An act that waits for a second person, or what became of it.",
    id=ID,
    kind=TEXT,
    object_id=ID,
    given=OBJECT,
    state=codes(*STATES),
    asked_by=ID,
    asked_at=MOMENT,
    ends_at=MOMENT,
    decided_by=or_null(ID, "not decided; or done by one alone, or ended by itself"),
    decided_at=or_null(MOMENT),
    same_browser=TRUTH | {"description": "asked for and approved in one browser, so perhaps by one person"},
)


BY_SESSION: Final = "The cookie that signing in sets."
BY_KEY: Final = "An API key of a lender. It acts as its account, where it has the scope that an endpoint names."


class Route(NamedTuple):
    """What an endpoint is sent (None: nothing) and as what, what it answers and as what, and with which status.

    `parameters`: what its address may ask for, beside the language.

    `waits`: whether it may answer 202 with an approval instead, since a second person has to say yes first.
    """

    sent: Schema | None
    answered: Schema
    status: int = 200
    sent_as: str = "application/json"
    answered_as: str = "application/json"
    waits: bool = False
    parameters: tuple[Schema, ...] = ()


def describe(document: OpenAPI, routes: Mapping[str, Route]) -> None:
    """Put what is known of endpoints, by "METHOD /path", in place of what the framework reads off their handlers."""
    for name, route in routes.items():
        method, path = name.split(" ")
        operation: Any = getattr((document.paths or {})[path], method.lower())
        once = [] if method == "GET" or name in NOT_ONCE else [ONCE_KEY]
        operation.parameters = [*(operation.parameters or []), *route.parameters, LANGUAGE, *once]
        if route.sent is not None:
            content = {route.sent_as: {"schema": route.sent}}
            operation.request_body = {"required": bool(route.sent["required"]), "content": content}
        operation.responses = {
            str(route.status): {"description": "Done", "content": {route.answered_as: {"schema": route.answered}}},
            "default": {
                "description": "Not done, and nothing of it; every problem at once",
                "content": {"application/problem+json": {"schema": ref("Problem")}},
            },
        }
        if route.waits:
            waiting = {
                "description": "Not done before a second person approves",
                "content": {"application/json": {"schema": APPROVAL}},
            }
            operation.responses["202"] = waiting


def describe_doors(document: OpenAPI, needs: Mapping[str, tuple[str, ...]], open_to_all: Callable[[str], bool]) -> None:
    """Say of every endpoint by what one comes in: a session or, where a key may, a key with one of the scopes it `needs`."""
    assert document.components is not None
    document.components.security_schemes = {
        "session": SecurityScheme(type="apiKey", security_scheme_in="cookie", name="*", description=BY_SESSION),
        "key": SecurityScheme(type="http", scheme="bearer", description=BY_KEY),
    }
    for path, item in (document.paths or {}).items():
        for method in ("get", "post", "put", "patch", "delete"):
            operation, name = getattr(item, method), f"{method.upper()} {path}"
            if operation is not None and not open_to_all(name):
                operation.security = [{"session": []}, *({"key": [one]} for one in needs.get(name, ()))]
