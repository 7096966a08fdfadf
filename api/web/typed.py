"""What was typed into the form of a page: read, and where it is refused shown again with everything that is wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl

from litestar import Response

from api.record.refusals import Refused, Trouble
from api.web import errors
from api.web.asking import Asking, take_back
from api.web.forms import Form
from api.web.once import FIELD
from words.speaking import speaker

Fields = Mapping[str, Any]
MOST_FIELDS: Final = 500
NEVER_KEPT: Final = ("password", "old", "new", "confirm")
_TOO_LONG: Final = 8000


@dataclass(frozen=True)
class Typed:
    """What somebody typed into a form, and everything that was wrong with it."""

    fields: Fields = field(default_factory=dict)
    problems: Sequence[Mapping[str, Any]] = ()
    status: int = 200

    @classmethod
    def after(cls, refused: Refused, fields: Fields, language: str) -> Typed:
        """What to show again after a refusal; passwords and confirmations are never kept."""
        kept = {name: value for name, value in fields.items() if name not in NEVER_KEPT}
        return cls(kept, problems_of(refused, language), refused.status)

    def value(self, name: str, otherwise: Any = "") -> str:
        """What was typed into a field."""
        value = self.fields.get(name, otherwise)
        return value[-1] if isinstance(value, list) else str(value)

    def ticked(self, name: str, code: str) -> bool:
        """Whether a box or an option was chosen."""
        value = self.fields.get(name)
        return code in value if isinstance(value, list) else code == value

    def wrong(self, name: str) -> list[Mapping[str, Any]]:
        """The problems of a field."""
        return [p for p in self.problems if p["field"] == name or p["field"].startswith(f"{name}.")]


NOTHING: Final = Typed()


def problems_of(refused: Refused, language: str) -> list[Mapping[str, Any]]:
    """The problems of a refusal, each field under the name that the page gives it."""
    named = speaker(language).name
    said = [
        Trouble(t.field, t.code, t.value, **{**t.args, "name": named("field", t.field)}).said(language)
        for t in refused.troubles
    ]
    return [*refused.already_told, *said]


def fields_of(body: bytes) -> dict[str, Any]:
    """Read the fields of a form: a text, or a list of texts where a field stands more than once.

    Raises:
        Refused: 400 if that is no form of ours.
    """
    found: dict[str, Any] = {}
    try:
        pairs = parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict")
    except ValueError:
        raise Refused(400, Trouble("body", "bad_form")) from None
    for name, sent in pairs:
        text = sent.replace("\r\n", "\n")[:_TOO_LONG]
        before = found.get(name)
        found[name] = text if before is None else [*(before if isinstance(before, list) else [before]), text]
    found.pop(FIELD, None)  # not of the form itself
    return found


def attempt(
    request: Asking,
    sent: bytes | Fields,
    work: Callable[[Form], Response[Any]],
    again: Callable[[Typed], Response[Any]],
) -> Response[Any]:
    """Do what a form asks; where it is refused, show the form again with what was typed and all that is wrong.

    `sent`: a body, or the fields read from one.

    Raises:
        Refused: 403 and 404, which no other input would mend; 400 for what is no form of ours.
    """
    fields = fields_of(sent) if isinstance(sent, bytes) else sent
    try:
        return work(Form(fields, from_page=True))
    except Refused as refused:
        if refused.status in (403, 404):
            raise
        take_back(request)
        answer = again(Typed.after(refused, fields, errors.language_of(request)))
        answer.headers.update(errors.headers_of_refusal(refused))
        return answer
