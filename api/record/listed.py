"""Listed: a list a page at a time, sorted and filtered, of rows of the database or of values in memory.

A `Listing` says what may be asked of a list, a `View` what is asked, a `Page` is what there is to see. A page begins after a
mark or ends before one: the row at the edge of the page before, by what it is sorted by and its id. So whatever comes and
goes meanwhile, what does not change is seen once, and page 800 costs what page 1 does: an offset would lose and repeat rows,
and goes over all that it skips. The price is that nobody can go to page 7 at once; a filter is the way there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import ge, gt, le, lt
from typing import Any, ClassVar, Final, Generic, NamedTuple, TypeVar, cast

from sqlalchemy import Column, ColumnElement, Row, Select, and_, func, literal_column, or_, select

from api.record.transaction import Transaction

T = TypeVar("T")
PAGE_ROWS: Final = 25
MOST_COUNTED: Final = 1_000
"""Rows that are counted; of more it is said that there are more. Counting further takes longer than reading the page."""
WHOLE, MOMENT, WORDS = "whole", "moment", "words"
"""What the values are that a list may be sorted by."""

# -- what may be asked -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ListColumn:
    """A column of a list. `shown`: text, moment, day, rupiah, whole, or of a code its kind.

    `sorts`: what its values are, where a list may be sorted by them; they are never null. `hidden`: they are not to stand
    in an address, being names; then the mark of a row is its id alone.
    """

    key: str
    shown: str = "text"
    sorts: str = ""
    hidden: bool = False


@dataclass(frozen=True)
class Choice:
    """A filter by one of some codes; `kind` is theirs in the catalogues."""

    key: str
    codes: tuple[str, ...]
    kind: str
    asks: ClassVar = "code"

    def sql(self, column: ColumnElement[Any], wanted: Any) -> ColumnElement[bool]:
        """Whether a row fits, in SQL."""
        return cast("ColumnElement[bool]", column == wanted)

    def fits(self, value: Any, wanted: Any) -> bool:
        """Whether a value fits."""
        return bool(value == wanted)


@dataclass(frozen=True)
class Between:
    """A filter of whole numbers: from, to, or both; None is no bound."""

    key: str
    asks: ClassVar = "bounds"

    def sql(self, column: ColumnElement[Any], wanted: tuple[int | None, int | None]) -> ColumnElement[bool]:
        """Whether a row fits, in SQL."""
        low, high = wanted
        return and_(*([] if low is None else [column >= low]), *([] if high is None else [column <= high]))

    def fits(self, value: int, wanted: tuple[int | None, int | None]) -> bool:
        """Whether a value fits."""
        low, high = wanted
        return (low is None or value >= low) and (high is None or value <= high)


@dataclass(frozen=True)
class Word:
    """A filter by part of a text, of whatever case (on SQLite of a to z).

    It stands in the address, so it is never one by what is about somebody.
    """

    key: str
    asks: ClassVar = "word"

    def sql(self, column: ColumnElement[Any], wanted: str) -> ColumnElement[bool]:
        """Whether a row fits, in SQL."""
        return func.lower(column).contains(wanted.lower(), autoescape=True)

    def fits(self, value: str, wanted: str) -> bool:
        """Whether a value fits."""
        return wanted.lower() in value.lower()


Filter = Choice | Between | Word


@dataclass(frozen=True)
class Listing:
    """What may be asked of a list; `sort`: how it is sorted where nothing is asked, with a minus before it from the last."""

    columns: tuple[ListColumn, ...]
    sort: str
    filters: tuple[Filter, ...] = ()

    def __post_init__(self) -> None:
        """See that no list is filtered by words that are not to stand in an address."""
        hidden = {column.key for column in self.columns if column.hidden}
        assert not [one for one in self.filters if isinstance(one, Word) and one.key in hidden]

    def orders(self) -> list[str]:
        """Every order that it may be sorted in."""
        return [sign + column.key for column in self.columns if column.sorts for sign in ("", "-")]

    def column(self, key: str) -> ListColumn:
        """A column by its key."""
        return next(column for column in self.columns if column.key == key)


class Mark(NamedTuple):
    """The edge of a page: a row by its id and what it is sorted by. `before`: whether the page asked for ends there."""

    id: str
    value: Any = None
    before: bool = False


@dataclass(frozen=True)
class View:
    """What is asked of a list: an order, what has to fit, and where the page begins or ends; None is the list's begin."""

    listing: Listing
    sort: str = ""
    wanted: Mapping[str, Any] = field(default_factory=dict)
    mark: Mark | None = None

    @property
    def order(self) -> str:
        """The order asked for, or the list's own."""
        return self.sort or self.listing.sort

    @property
    def by(self) -> ListColumn:
        """The column that it is sorted by."""
        return self.listing.column(self.order.removeprefix("-"))

    @property
    def descends(self) -> bool:
        """Whether what is largest or latest comes first."""
        return self.order.startswith("-")

    @property
    def takes_larger(self) -> bool:
        """Whether a page has what is larger than its mark, and is taken in that order."""
        return self.descends == (self.mark is not None and self.mark.before)


@dataclass(frozen=True)
class Page(Generic[T]):
    """What there is to see: rows, how many there are of all (at most one more than are counted), and the marks beside it."""

    view: View
    rows: Sequence[T]
    total: int
    previous: Mark | None
    next: Mark | None

    @property
    def has_more(self) -> bool:
        """Whether there are more than are counted."""
        return self.total > MOST_COUNTED

    def of(self, rows: Sequence[Any]) -> Page[Any]:
        """The same page with something else in place of its rows."""
        return replace(cast("Page[Any]", self), rows=rows)


# -- rows of the database ----------------------------------------------------------------------------------------------


def page_in(
    tx: Transaction, asked: Select[Any], by: Mapping[str, Any], number: ColumnElement[Any], view: View
) -> Page[Row[Any]]:
    """The page of a statement. `by`: of each key to sort or filter by its column; `number`: the column of ids.

    The order is total, since the id comes last; an index on what is asked for, what it is sorted by and the id answers it.
    """
    value = by[view.by.key]
    assert not (isinstance(value, Column) and value.nullable), f"{view.by.key} may be null"
    values = asked.with_only_columns(value, maintain_column_froms=True)
    view = _known(view, lambda mark: tx.one(values.where(number == mark.id)))
    fits = [one.sql(by[one.key], view.wanted[one.key]) for one in view.listing.filters if one.key in view.wanted]
    kept = asked.where(*fits)
    order = [one.asc() if view.takes_larger else one.desc() for one in (value, number)]
    some = kept.add_columns(value.label("sorted_by"), number.label("marked_by")).order_by(*order)
    if view.mark:
        further, from_it = (gt, ge) if view.takes_larger else (lt, le)
        edge, last = view.mark.value, view.mark.id
        # The first is where an index is entered; with the alternative alone it would be read from its begin.
        some = some.where(from_it(value, edge), or_(further(value, edge), further(number, last)))
    rows = tx.all(some.limit(PAGE_ROWS + 1))
    counted: Select[Any] = kept.with_only_columns(literal_column("1"), maintain_column_froms=True).limit(
        MOST_COUNTED + 1
    )
    total = tx.sql.execute(select(func.count()).select_from(counted.subquery())).scalar_one()
    return _page(view, rows, total, lambda row: Mark(row.marked_by, row.sorted_by))


def plain(row: Row[Any]) -> dict[str, Any]:
    """What a statement asked for, without what its page needed."""
    return {name: value for name, value in row._mapping.items() if name not in ("sorted_by", "marked_by")}


# -- values in memory --------------------------------------------------------------------------------------------------


def page_of(
    values: Sequence[T], by: Mapping[str, Callable[[T], Any]], number: Callable[[T], str], view: View
) -> Page[T]:
    """The page of values that are in memory already, such as names that had to be opened to be sorted."""
    read = by[view.by.key]
    known = {number(one): (read(one),) for one in values}
    view = _known(view, lambda mark: known.get(mark.id))
    wanted = [(one, by[one.key], view.wanted[one.key]) for one in view.listing.filters if one.key in view.wanted]
    kept = [one for one in values if all(how.fits(of(one), what) for how, of, what in wanted)]
    rows = sorted(kept, key=lambda one: (read(one), number(one)), reverse=not view.takes_larger)
    if view.mark:
        further, edge = gt if view.takes_larger else lt, (view.mark.value, view.mark.id)
        rows = [one for one in rows if further((read(one), number(one)), edge)]
    return _page(view, rows[: PAGE_ROWS + 1], len(kept), lambda one: Mark(number(one), read(one)))


def _known(view: View, find: Callable[[Mark], Sequence[Any] | None]) -> View:
    """Look up a hidden value of a mark; where its row is gone the list begins anew."""
    if view.mark is None or not view.by.hidden:
        return view
    found = find(view.mark)
    return replace(view, mark=view.mark._replace(value=found[0]) if found else None)


def _page(view: View, rows: Sequence[Any], total: int, mark: Callable[[Any], Mark]) -> Page[Any]:
    """Put the rows that were read into the list's order; one more than a page has says that it goes on."""
    goes_on, shown = len(rows) > PAGE_ROWS, list(rows[:PAGE_ROWS])
    if back := view.mark is not None and view.mark.before:
        shown.reverse()
    has_previous, has_next = (goes_on, True) if back else (view.mark is not None, goes_on)
    previous = mark(shown[0])._replace(before=True) if shown and has_previous else None
    return Page(view, shown, total, previous, mark(shown[-1]) if shown and has_next else None)
