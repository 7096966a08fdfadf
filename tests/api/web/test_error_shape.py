"""Every refusal has one shape, whichever address gives it and for whatever reason.

Principle: a program that can read one refusal can read all. Remedy: raise `Refused` with `Trouble`s, or `Refusal`, and let
`api/web/errors.py` answer; nothing else makes an answer of 400 or more.
"""

from __future__ import annotations

import sqlite3

from sqlalchemy.exc import OperationalError

from api.record.refusals import Refused, Trouble
from api.web.errors import KINDS
from api.web.openapi import PROBLEM
from tests.api.accounts.test_guard import EXPECTED, LETTER, address, session

SHAPE = {"type", "title", "status", "detail", "problems"}
ENTRY = {"field", "value", "message", "remedy"}
ADDRESSES = sorted(name for name in EXPECTED if "/api/v1/" in name)
JSON = {"content-type": "application/json"}
NOT_WHAT_IS_WANTED = [
    ({"zzz": "1"}, b"{}", JSON),
    ({"language": "en"}, b"", {}),
    ({"language": "xx"}, b'{"zzz": [1], "version": "one"}', JSON),
    ({}, b"{", JSON),
    ({}, b"[]", JSON),
    ({}, b"x=1", {"content-type": "application/x-www-form-urlencoded"}),
    ({}, b"{}", {"content-type": "text/plain"}),
    ({}, b"--x", {"content-type": "multipart/form-data; boundary=x"}),
    ({}, b'"' + b"x" * 21 * 1024 * 1024 + b'"', JSON),
]


def kind_of(answer, about):
    """The kind of a refusal, whose shape is looked at; "" of an answer that is none."""
    if answer.status_code < 400:
        return ""
    assert answer.headers["content-type"] == "application/problem+json", about
    assert answer.headers["cache-control"] == "no-store", about
    body = answer.json()
    assert set(body) == SHAPE, (about, body)
    assert body["status"] == answer.status_code, about
    assert all(isinstance(body[name], str) and body[name] for name in ("type", "title", "detail")), (about, body)
    for entry in body["problems"]:
        assert set(entry) == ENTRY, (about, entry)
        assert all(isinstance(entry[name], str) for name in ("field", "message", "remedy")), (about, entry)
        assert entry["message"], (about, entry)
        assert entry["remedy"], (about, entry)
    return body["type"].removeprefix("urn:kail:problem:")


def test_every_refusal_of_every_address_has_one_shape(small_kail):
    refused: dict[str, set[str]] = {name: set() for name in ADDRESSES}
    with small_kail.client() as client:
        for login in ("", *(name for name in LETTER if name != "mentor2")):
            for name in ADDRESSES:
                method, path = address(name)
                allowed = EXPECTED[name] == "*" or (login and LETTER[login] in EXPECTED[name])
                for query, content, headers in NOT_WHAT_IS_WANTED if allowed else NOT_WHAT_IS_WANTED[:1]:
                    headers = headers | (session(small_kail, login) if login else {})
                    client.cookies.clear()
                    answer = client.request(method, path, params=query, content=content, headers=headers)
                    assert answer.status_code < 500, (name, answer.text)
                    refused[name].add(kind_of(answer, (name, login, query, content[:20])))
    without = [name for name, kinds in refused.items() if not kinds - {""}]
    assert not without, f"Nothing was refused, so nothing was seen of {', '.join(without)}"


class Broken:
    """A record of which every use fails with an error."""

    def __init__(self, error):
        self.error = error

    def read(self):
        raise self.error

    write = read


def test_every_kind_of_error_has_that_shape(small_kail, monkeypatch):
    mentor, lender = (session(small_kail, login) for login in ("mentor", "lender"))
    person = f"/api/v1/participants/{small_kail.participant()}"
    asked = [
        ("not-found", "GET", "/nowhere", {}, None),
        ("not-found", "GET", "/static/nothing.css", {}, None),
        ("not-found", "GET", "/schema/nothing", {}, None),
        ("method-not-allowed", "PUT", "/api/v1/session", {}, {}),
        ("signed-out", "GET", "/api/v1/me", {}, None),
        ("not-allowed", "GET", person, lender, None),
        ("conflict", "PATCH", person, mentor, {"version": 99, "name": "Bu Ani"}),
        ("invalid-request", "PATCH", person, mentor, {"version": "one"}),
        ("too-large", "POST", "/api/v1/recommendations", {}, {"signals": {}, "x": "x" * 2_000_000}),
        ("unsupported-media-type", "POST", "/api/v1/recommendations", {"content-type": "text/plain"}, {}),
        ("", "POST", f"{person}/assessments", mentor | {"idempotency-key": "k"}, {}),
        ("other-request", "POST", f"{person}/assessments", mentor | {"idempotency-key": "k"}, {"goal": "kur-kecil"}),
        *[("", "POST", "/api/v1/session", {}, {"login": "mentor", "password": "guessed"})] * 10,
        ("too-many-tries", "POST", "/api/v1/session", {}, {"login": "mentor", "password": "guessed"}),
    ]
    seen = set()
    with small_kail.client() as client:

        def ask(kind, method, path, headers, body):
            client.cookies.clear()
            answer = client.request(method, path, headers=headers, **({} if body is None else {"json": body}))
            found = kind_of(answer, (method, path))
            assert found == kind or not kind, (path, answer.text)
            seen.add(found)

        for one in asked:
            ask(*one)
        for kind, error in (
            ("internal", RuntimeError("3175011234567890")),
            ("internal", OperationalError(None, None, sqlite3.OperationalError("no such table: people"))),
            ("busy", OperationalError(None, None, sqlite3.OperationalError("disk I/O error"))),
            ("too-slow", Refused(408, Trouble("body", "too_slow"))),
            ("busy", OperationalError(None, None, sqlite3.OperationalError("database is locked"))),
        ):
            monkeypatch.setattr(small_kail.app.state, "record", Broken(error))
            ask(kind, "GET", "/api/v1/me", mentor, None)
    assert seen - {""} == {kind for kind, _ in KINDS.values()}


def test_the_document_promises_that_shape_and_no_other():
    entry = PROBLEM["properties"]["problems"]["items"]
    assert set(PROBLEM["properties"]) == set(PROBLEM["required"]) == SHAPE
    assert set(entry["properties"]) == set(entry["required"]) == ENTRY
    assert PROBLEM["additionalProperties"] is entry["additionalProperties"] is False
