"""Once: a request that writes has one effect and one answer under its key, however often it is sent.

A program sends `Idempotency-Key`; every form of a page has a token of its own, made when the page was shown. What is
refused leaves no trace of its key. A form that is sent again with something else in it (Back, changed, sent) is another
one, with a program that is a mistake: 422. Without a key everything is as it comes.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from litestar import Request, Response
from markupsafe import Markup
from sqlalchemy import Connection

from api.record.answered import KEY_FIELD, Act, Answer
from api.record.joined import Joined
from api.record.refusals import Refused, Trouble
from api.record.transaction import Record, Transaction
from api.web.receiving import Upload

FIELD: Final = "once"
"""The field of a form that holds its token."""
LONGEST_KEY: Final = 255
LOOKS: Final = "looks, and every look is noted"
NOT_ONCE: Final[Mapping[str, str]] = {
    "POST /api/v1/recommendations": "stores nothing",
    "POST /api/v1/session": "opens a session each time",
    "POST /sign-in": "opens a session each time",
    "DELETE /api/v1/session": "ends the session that could ask again",
    "POST /sign-out": "ends the session that could ask again",
    "POST /api/v1/me/password": "ends the session that could ask again; tries are counted, refused or not",
    "POST /account/password": "ends the session that could ask again; tries are counted, refused or not",
    "POST /api/v1/participants/{person_id}/referrals/preview": LOOKS,
    "POST /api/v1/participants/search": LOOKS,
    "POST /participants": LOOKS,
    "POST /referrals": LOOKS,
}
"""The routes that know no keys, by method and path, and why: all others that are no GET do."""
_KEY: Final = re.compile(rf"[!-~]{{1,{LONGEST_KEY}}}")
_TOKEN: Final = re.compile(r"[\w-]{22}", re.ASCII)
_TOKEN_OF_A_BODY: Final = re.compile(rf"(?:^|&){FIELD}=({_TOKEN.pattern})(?:&|$)".encode("ascii"))


@dataclass(frozen=True, repr=False)
class Keyed:
    """A key, and what was sent with it: a body, or the digest of a form with files."""

    key: str
    sent: bytes
    from_page: bool


class Repeated(Exception):
    """What was asked for has been done already, and answered."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        super().__init__(f"answered {answer.status}")


def hidden_token() -> Markup:
    """The hidden field of a form, with a new token."""
    return Markup('<input type="hidden" name="{}" value="{}">').format(FIELD, secrets.token_urlsafe(16))


async def keyed(request: Request[Any, Any, Any], given: Mapping[str, Any]) -> Keyed | None:
    """The key of a request that writes, given what its handler is given; None where it has none or knows none.

    Raises:
        Refused: 400 for a header that is no key.
    """
    path = request.scope["path_template"]
    if request.app.state.record is None or f"{request.method} {path}" in NOT_ONCE:
        return None
    if path.startswith("/api/"):
        found = request.headers.getall(KEY_FIELD, [])
        if not found:
            return None
        if len(found) > 1 or not _KEY.fullmatch(found[0]):
            raise Refused(400, Trouble(KEY_FIELD, "bad_once_key", longest=LONGEST_KEY))
        return Keyed(found[0], await _sent(request, given), from_page=False)
    if "upload" in given:
        token = given["upload"].fields.pop(FIELD, "")  # not of the form itself
        known = isinstance(token, str) and _TOKEN.fullmatch(token)
        return Keyed(token, await _sent(request, given), from_page=True) if known else None
    sent = await _sent(request, given)
    match = _TOKEN_OF_A_BODY.search(sent)
    return Keyed(match[1].decode("ascii"), sent, from_page=True) if match else None


async def _sent(request: Request[Any, Any, Any], given: Mapping[str, Any]) -> bytes:
    if "upload" in given:
        upload: Upload = given["upload"]
        return upload.digest()
    body: bytes = given["body"] if "body" in given else await request.body()
    return body


def once(request: Request[Any, Any, Any], keyed: Keyed, work: Callable[[], Response[Any]]) -> Response[Any]:
    """Do a handler's work, unless it was done under this key: then answer as it was answered.

    The work is one transaction, which keeps the answer. Whoever asks at the same time waits for the writer of their
    organisation, and then finds the answer.
    """
    record: Record = request.app.state.record
    act = _act(request, keyed)

    def look(sql: Connection) -> None:
        if answer := act.answer(Transaction(sql, record.clock(), record.keys, record.vault, record.logs)):
            raise Repeated(answer)

    joined = Joined(record.database, look)
    request.state.joined = replace(record, database=joined)
    try:
        with record.database.read() as sql:
            look(sql)
        response = work()
        if joined.is_open and (response.status_code or 200) < 400:
            answer = _rendered(request, response)
            with request.state.joined.write(*joined.organisations) as tx:
                act.keep(tx, answer)
            response = _response(answer)
        joined.commit()
        return response
    except Repeated as repeated:
        return _response(repeated.answer)
    finally:
        joined.undo()


def _act(request: Request[Any, Any, Any], keyed: Keyed) -> Act:
    """What a request asks for: a form is known by what stands in it, too."""
    asked = hashlib.sha256(request.scope["query_string"]).hexdigest() + hashlib.sha256(keyed.sent).hexdigest()
    name = [request.state.actor.account_id, request.method, request.scope["path"], keyed.key]
    return Act([*name, asked] if keyed.from_page else name, asked)


def _rendered(request: Request[Any, Any, Any], response: Response[Any]) -> Answer:
    """An answer as it goes out."""
    assert not response.cookies, "a cookie is nothing to keep: the route belongs in NOT_ONCE"
    made = response.to_asgi_response(None, request)
    headers = [(name, value) for name, value in made.headers.items() if name != "content-length"]
    return Answer(made.status_code, headers, bytes(made.body))


def _response(answer: Answer) -> Response[bytes]:
    headers = dict(answer.headers)
    kind = headers.pop("content-type", None)
    return Response(answer.body, status_code=answer.status, headers=headers, media_type=kind)
