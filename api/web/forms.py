"""Forms: what somebody sent, a JSON object or the fields of a page, read field by field with every trouble at once."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from api.record.refusals import Refused, Trouble
from api.web.strict_json import Body, UnreadableBody, read_json
from matcher.facts.participant import as_date
from words.speaking import Named

LONGEST: int = 200
_KINDS = {"code": "why", "consents": "purpose", "scopes": "scope"}
"""Of a field that is not called like its codes: their kind."""
_NO_TEXT = {False: ("Cc", "Cs", "Cn"), True: ("Cs",)}  # half a character cannot be written, not even hashed


class Form:
    """Fields being read. Ask for each one, then call `done`; a field nobody asked for is a trouble too.

    An empty field of a page is one that was not filled in.
    """

    def __init__(self, fields: Any, *, from_page: bool = False) -> None:
        self.troubles: list[Trouble] = []
        self.asked: list[str] = []
        self.from_page = from_page
        self.fields: Mapping[str, Any] = fields if isinstance(fields, Mapping) else {}
        if not isinstance(fields, Mapping):
            self.troubles.append(Trouble("body", "no_object"))

    @classmethod
    def of_json(cls, body: bytes) -> Form:
        """Read a JSON body; an empty one has no fields."""
        try:
            read = read_json(body) if body.strip() else Body({})
        except UnreadableBody:
            raise Refused(400, Trouble("body", "no_json")) from None
        form = cls(read.value)
        for name in dict.fromkeys(read.twice):
            form.trouble(name[:100], "twice")
        return form

    def trouble(self, name: str, code: str, value: Any = None, **args: Any) -> None:
        """Note that something is wrong with a field."""
        self.troubles.append(Trouble(name, code, value, name=name, **args))

    def has(self, name: str) -> bool:
        """Whether a field that may be left out was sent."""
        self.asked.append(name)
        return name in self.fields

    def raw(self, name: str) -> Any:
        """A field as it was sent; None where it was not."""
        self.asked.append(name)
        value = self.fields.get(name)
        return None if self.from_page and value == "" else value

    def text(self, name: str, *, wanted: bool = True, most: int = LONGEST, secret: bool = False) -> str:
        """A text without blanks around it (a secret keeps them); "" where it was not sent."""
        value = self.raw(name)
        if value is None or value == "":
            if wanted:
                self.trouble(name, "wanted")
            return ""
        if not isinstance(value, str):
            self.trouble(name, "no_text")
            return ""
        text = value if secret else unicodedata.normalize("NFC", value).strip()
        if len(text) > most:
            self.trouble(name, "too_long", most=most)
        elif any(unicodedata.category(mark) in _NO_TEXT[secret] and mark not in "\n\r\t" for mark in text):
            self.trouble(name, "bad_characters")
        elif wanted and not text:
            self.trouble(name, "wanted")
        return text

    def choice(self, name: str, allowed: Collection[str], default: str | None = None, *, kind: str = "") -> str:
        """One of some codes; `kind`: theirs, where the field is not called like it."""
        value = self.raw(name)
        if value is None and default is not None:
            return default
        if value is None:
            self.trouble(name, "wanted")
        elif not isinstance(value, str) or value not in allowed:
            self.trouble(name, "no_choice", as_sent(value), allowed=self._named(kind or name, allowed))
        else:
            return value
        return next(iter(allowed))

    def choices(self, name: str, allowed: Sequence[str], *, wanted: bool = True) -> tuple[str, ...]:
        """Some of the codes, each once, in the order of `allowed`."""
        value = self.raw(name)
        given = [value] if self.from_page and isinstance(value, str) else value
        if given is None and not wanted:
            return ()
        if not isinstance(given, list) or (wanted and not given):
            self.trouble(name, "no_list" if given else "wanted")
            return ()
        for one in given:
            if one not in allowed:
                self.trouble(name, "no_choice", as_sent(one), allowed=self._named(name, allowed))
        return tuple(code for code in allowed if code in given)

    def ids(self, name: str, most: int) -> tuple[str, ...]:
        """Some ids, each once, such as those of the rows of a list that were ticked."""
        value = self.raw(name)
        given = [value] if self.from_page and isinstance(value, str) else value
        if not given:
            self.trouble(name, "none_chosen")
        elif not isinstance(given, list) or not all(isinstance(one, str) and len(one) <= LONGEST for one in given):
            self.trouble(name, "no_list")
        elif len(set(given)) > most:
            self.trouble(name, "many_chosen", most=most)
        else:
            return tuple(dict.fromkeys(given))
        return ()

    def _named(self, name: str, codes: Iterable[str]) -> list[Any]:
        """Codes as whoever sent something reads them: on a page by their names."""
        return [Named(_KINDS.get(name, name), code) for code in codes] if self.from_page else list(codes)

    def number(self, name: str) -> int:
        """A whole number; of a page, digits."""
        value = self.raw(name)
        if self.from_page and isinstance(value, str) and re.fullmatch(r"\d{1,9}", value):
            return int(value)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        self.trouble(name, "wanted" if value is None else "no_whole_number")
        return 0

    def yes_no(self, name: str, default: bool | None = None) -> bool:
        """True or false."""
        value = self.raw(name)
        if self.from_page and value in ("true", "false"):
            return bool(value == "true")
        if value is None and default is not None:
            return default
        if not isinstance(value, bool):
            self.trouble(name, "wanted" if value is None else "no_yes_no")
        return value is True

    def day(self, name: str, default: date | None = None) -> date | None:
        """An ISO date."""
        value = self.raw(name)
        if value is None:
            return default
        found = as_date(value) if isinstance(value, str) else None
        if found is None:
            self.trouble(name, "no_day", as_sent(value))
        return found

    def done(self) -> None:
        """Refuse what was wrong.

        Raises:
            Refused: 400, with every trouble.
        """
        for name in self.fields:
            if name not in self.asked:
                self.trouble(str(name)[:100], "unknown_field", allowed=", ".join(dict.fromkeys(self.asked)))
        if self.troubles:
            raise Refused(400, *self.troubles)


def read_before(before: str) -> int | None:
    """The number before which a list goes on; None for its begin.

    Raises:
        Refused: 400.
    """
    form = Form({"before": before}, from_page=True)
    number = form.number("before") if form.has("before") and before else None
    form.done()
    return number


def as_sent(value: Any) -> str:
    """A wrong value as its sender wrote it: a text as it is, a number as JSON, of a list or an object the brackets."""
    if isinstance(value, (list, Mapping)):
        return "[...]" if isinstance(value, list) else "{...}"
    return value if isinstance(value, str) else json.dumps(value, default=lambda one: type(one).__name__)
