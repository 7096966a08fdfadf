"""Lists in addresses: what is asked of one is read and written again, and a page of it answered as JSON or shown.

`?sort=-amount&page=...` and a field for each filter. What is unknown in an address is left alone, as everywhere; a value of
ours that cannot be read is refused with every other (400), and a page shows the list with what was wrong beside it. The
value of `page` is a mark: after.ID.VALUE or before.ID.VALUE. No name, NIK or phone stands in an address, so none filters.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final, TypeVar
from urllib.parse import parse_qsl

from litestar import Response

from api.record.listed import (
    MOMENT,
    MOST_COUNTED,
    WHOLE,
    Between,
    Choice,
    Filter,
    ListColumn,
    Listing,
    Mark,
    Page,
    View,
)
from api.record.refusals import Refused
from api.web.asking import Asking, answer_json
from api.web.errors import language_of
from api.web.forms import Form
from api.web.openapi import TEXT, Schema, codes, listed, named, or_null, parameter
from api.web.typed import NOTHING, Typed

T = TypeVar("T")
PICKED: Final = "picked"
"""The field of the ids that were ticked; in an address: all of the page are."""
_MARK: Final = re.compile(r"(after|before)\.([A-Za-z0-9_-]{1,64})\.(.{0,1000})", re.DOTALL)
_NUMBER: Final = re.compile(r"[0-9]{1,15}")
_WHOLE: Final = re.compile(r"-?[0-9]{1,15}")
_MOMENT: Final = "%Y%m%dT%H%M%S.%f"
_LONGEST_WORD: Final = 60

# -- reading -----------------------------------------------------------------------------------------------------------


def fields_asked(request: Asking) -> dict[str, str]:
    """The fields of an address; of one that stands there more than once the last counts."""
    sent = request.scope["query_string"].decode("latin-1")
    return dict(parse_qsl(sent, keep_blank_values=True))


def read_view(listing: Listing, fields: Mapping[str, str]) -> View:
    """What is asked of a list.

    Raises:
        Refused: 400, with every value that cannot be read.
    """
    view, refused = _read(listing, fields, on_page=False)
    if refused:
        raise refused
    return view


def view_of(request: Asking, listing: Listing) -> View:
    """What the address of a request asks of a list.

    Raises:
        Refused: 400, with every value that cannot be read.
    """
    return read_view(listing, fields_asked(request))


def view_on_page(request: Asking, listing: Listing, typed: Typed = NOTHING) -> tuple[View, Typed]:
    """As `view_of`, for a page: it shows what could be read, with what could not beside it. `typed`: of its other forms."""
    fields = fields_asked(request)
    view, refused = _read(listing, fields, on_page=True)
    if refused is None or typed is not NOTHING:
        return view, typed
    kept = {name: value for name, value in fields.items() if name in _fields_of(listing)}
    return view, Typed.after(refused, kept, language_of(request))


def _fields_of(listing: Listing) -> list[str]:
    bounds = [f"{one.key}_{side}" for one in listing.filters if isinstance(one, Between) for side in ("from", "to")]
    return ["sort", "page", *(one.key for one in listing.filters), *bounds]


def _read(listing: Listing, fields: Mapping[str, str], *, on_page: bool) -> tuple[View, Refused | None]:
    sent = {name: value if name == "page" else value.strip() for name, value in fields.items()}
    form = Form({name: value for name, value in sent.items() if value}, from_page=on_page)
    read = {one.key: _wanted(form, one) for one in listing.filters}
    wanted = {key: value for key, value in read.items() if value is not None}
    sort = form.raw("sort") or ""
    if sort and sort not in listing.orders():
        form.trouble("sort", "no_choice", sort, allowed=listing.orders())
        sort = ""
    view = View(listing, "" if sort == listing.sort else sort, wanted)
    view = replace(view, mark=_mark(form, view.by))
    return view, Refused(400, *form.troubles) if form.troubles else None


def _wanted(form: Form, one: Filter) -> Any:
    """What a filter is asked for; None for everything, and for what cannot be read."""
    if isinstance(one, Between):
        bounds = _whole(form, f"{one.key}_from"), _whole(form, f"{one.key}_to")
        return None if bounds == (None, None) else bounds
    before = len(form.troubles)
    if isinstance(one, Choice):
        asked = form.choice(one.key, one.codes, "", kind=one.kind)
    else:
        asked = form.text(one.key, wanted=False, most=_LONGEST_WORD)
    return asked if asked and len(form.troubles) == before else None


def _whole(form: Form, name: str) -> int | None:
    sent = form.raw(name)
    if sent is None:
        return None
    digits = re.sub(r"[\s.]", "", sent)  # Rp5.000.000 as it is written here
    if not _NUMBER.fullmatch(digits):
        form.trouble(name, "no_whole_number")
        return None
    return int(digits)


def _mark(form: Form, by: ListColumn) -> Mark | None:
    sent = form.raw("page")
    if sent is None:
        return None
    try:
        written = _MARK.fullmatch(sent)
        if written is None:
            raise ValueError
        return Mark(written[2], None if by.hidden else _value(by.sorts, written[3]), written[1] == "before")
    except ValueError:
        form.trouble("page", "no_page_mark")
        return None


def _value(sorts: str, written: str) -> Any:
    if sorts == WHOLE:
        if not _WHOLE.fullmatch(written):
            raise ValueError
        return int(written)
    return datetime.strptime(written, _MOMENT).replace(tzinfo=UTC) if sorts == MOMENT else written


# -- writing -----------------------------------------------------------------------------------------------------------


def write_mark(view: View, mark: Mark | None) -> str:
    """A mark as an address has it; "" for none."""
    if mark is None:
        return ""
    value = "" if view.by.hidden else mark.value
    if isinstance(value, datetime):
        value = f"{value.astimezone(UTC):{_MOMENT}}"
    return f"{'before' if mark.before else 'after'}.{mark.id}.{value}"


def write_view(view: View) -> dict[str, str]:
    """What is asked of a list as the fields of an address, without where its page begins."""
    asked = {"sort": view.sort}
    for one in view.listing.filters:
        wanted = view.wanted.get(one.key)
        if isinstance(one, Between):
            low, high = wanted or (None, None)
            asked |= {
                f"{one.key}_{side}": str(bound) for side, bound in (("from", low), ("to", high)) if bound is not None
            }
        else:
            asked[one.key] = wanted or ""
    return {name: value for name, value in asked.items() if value}


def answer_page(page: Page[T], written: Callable[[T], Any] = lambda row: row) -> Response[bytes]:
    """Answer with a page as JSON; `next` is what to ask for as `page`, null at the end."""
    items = [written(row) for row in page.rows]
    return answer_json({"items": items, "total": page.total, "next": write_mark(page.view, page.next) or None})


@dataclass(frozen=True)
class Shown:
    """A page as a template shows it. `path`: where it is read; `all_chosen`: everything on it is to be ticked."""

    page: Page[Any]
    path: str
    all_chosen: bool = False

    @property
    def fields(self) -> dict[str, str]:
        """What is asked, without where the page begins."""
        return write_view(self.page.view)

    @property
    def here(self) -> dict[str, str]:
        """What is asked, with where the page begins."""
        return self.fields | {"page": write_mark(self.page.view, self.page.view.mark)}

    @property
    def next(self) -> dict[str, str]:
        """What the next page is asked for by; nothing at the end."""
        return self.fields | {"page": write_mark(self.page.view, self.page.next)} if self.page.next else {}

    @property
    def previous(self) -> dict[str, str]:
        """What the page before is asked for by; nothing at the begin."""
        return self.fields | {"page": write_mark(self.page.view, self.page.previous)} if self.page.previous else {}

    def turned(self, column: ListColumn) -> dict[str, str]:
        """What the list is asked for by, sorted by a column; by the one that it is sorted by, the other way round."""
        view = self.page.view
        order = column.key if view.order == f"-{column.key}" else f"-{column.key}"
        if view.by != column:  # words from A, moments and amounts from the latest and the largest
            order = f"-{column.key}" if column.sorts in (WHOLE, MOMENT) else column.key
        return write_view(replace(view, sort="" if order == view.listing.sort else order))

    def bound(self, key: str, side: int) -> str:
        """A bound that is asked for, as it stands in its field."""
        bound = (self.page.view.wanted.get(key) or (None, None))[side]
        return "" if bound is None else str(bound)


def show(request: Asking, page: Page[Any], path: str) -> Shown:
    """A page as a template shows it; `path`: where it is read."""
    return Shown(page, path, fields_asked(request).get(PICKED) == "page")


# -- OpenAPI -----------------------------------------------------------------------------------------------------------


def paged(inner: Schema) -> Schema:
    """A page of a list."""
    total = {"type": "integer", "description": f"of all that fits; {MOST_COUNTED + 1} is more than {MOST_COUNTED}"}
    return named(items=listed(inner), total=total, next=or_null(TEXT, "the list is at its end"))


def parameters_of(listing: Listing) -> tuple[Schema, ...]:
    """The parameters by which a list is asked for."""
    orders = f"With a minus the largest or latest first; {listing.sort} where it is left out."
    found = [parameter("sort", orders, codes(*listing.orders()))]
    found.append(parameter("page", "The `next` of the page before; the begin where it is left out.", TEXT))
    for one in listing.filters:
        if isinstance(one, Between):
            found += [parameter(f"{one.key}_{side}", "A whole number.", TEXT) for side in ("from", "to")]
        else:
            found.append(parameter(one.key, "Only these.", codes(*one.codes) if isinstance(one, Choice) else TEXT))
    return tuple(found)
