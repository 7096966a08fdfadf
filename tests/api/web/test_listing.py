"""Lists a page at a time: every row once, whatever is sorted, filtered, added or taken away; and any address is answered."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Column, Index, Integer, MetaData, String, Table, delete, insert, select, text, update

from api.record import listed
from api.record.database import Moment
from api.record.listed import (
    MOMENT,
    WHOLE,
    WORDS,
    Between,
    Choice,
    ListColumn,
    Listing,
    View,
    Word,
    page_in,
    page_of,
    plain,
)
from api.record.refusals import Refused
from api.web.listing import read_view, write_mark, write_view
from tests.conftest import EXAMPLES

METADATA = MetaData()
THINGS = Table(
    "things",
    METADATA,
    Column("id", String(24), primary_key=True),
    Column("amount", Integer, nullable=False),
    Column("at", Moment, nullable=False),
    Column("name", String(60), nullable=False),
    Column("state", String(10), nullable=False),
    Index("ix_things_amount", "amount", "id"),
)
STATES = ("new", "seen", "over")
LISTED = Listing(
    (
        ListColumn("amount", "rupiah", WHOLE),
        ListColumn("at", "moment", MOMENT),
        ListColumn("name", sorts=WORDS, hidden=True),
        ListColumn("word", sorts=WORDS),
        ListColumn("state", "thing"),
    ),
    "-at",
    (Choice("state", STATES, "thing"), Between("amount"), Word("word")),
)
BY = {
    "amount": THINGS.c.amount,
    "at": THINGS.c.at,
    "name": THINGS.c.name,
    "word": THINGS.c.name,
    "state": THINGS.c.state,
}
READ = {key: lambda one, name=column.name: one[name] for key, column in BY.items()}
MORNING = datetime(2026, 11, 21, 2, tzinfo=UTC)
WORD = st.text("abAB%_.\\ ", max_size=4)
THING = st.builds(
    lambda amount, hours, name, state: {
        "amount": amount,
        "at": MORNING + timedelta(hours=hours),
        "name": name,
        "state": state,
    },
    st.integers(-2, 3) | st.just(2**31 - 1),
    st.integers(-2, 2),
    WORD,
    st.sampled_from(STATES),
)
BOUND = st.none() | st.integers(0, 3)
ASKED = st.fixed_dictionaries(
    {
        "sort": st.sampled_from(["", *LISTED.orders()]),
        "state": st.sampled_from(["", *STATES]),
        "amount_from": BOUND,
        "amount_to": BOUND,
        "word": st.just("") | WORD,
    }
).map(lambda asked: {name: str(value) for name, value in asked.items() if value not in (None, "")})


@pytest.fixture
def few_rows(monkeypatch):
    """Pages of three rows, so that few rows have many pages."""
    monkeypatch.setattr(listed, "PAGE_ROWS", 3)


@pytest.fixture
def things(kail, few_rows):
    """A table of things in either database; `things(rows)` puts these into it, with ids, in place of all others."""
    with kail.record.write() as tx:
        METADATA.create_all(tx.sql)

    def put(rows):
        numbered = [{"id": f"{number:024x}", **row} for number, row in enumerate(rows)]
        with kail.record.write() as tx:
            tx.run(delete(THINGS))
            if numbered:
                tx.sql.execute(insert(THINGS), numbered)
        return numbered

    put.kail = kail
    return put


def fits(row, asked):
    return (
        asked.get("state", row["state"]) == row["state"]
        and int(asked.get("amount_from", -9)) <= row["amount"] <= int(asked.get("amount_to", 2**40))
        and asked.get("word", "").strip().lower() in row["name"].lower()
    )


def in_order(rows, view):
    return sorted(rows, key=lambda row: (READ[view.by.key](row), row["id"]), reverse=view.descends)


def as_there(kail):
    """Rows in the order that the database puts them into: how it compares texts is its own affair."""

    def in_its_order(rows, view):
        order = [one.desc() if view.descends else one.asc() for one in (BY[view.by.key], THINGS.c.id)]
        with kail.record.read() as tx:
            place = {row.id: number for number, row in enumerate(tx.all(select(THINGS.c.id).order_by(*order)))}
        return sorted(rows, key=lambda row: place[row["id"]])

    return in_its_order


def read_there(kail, view):
    with kail.record.read() as tx:
        page = page_in(tx, select(THINGS), BY, THINGS.c.id, view)
    return page.of([plain(row) for row in page.rows])


def turned_over(read, asked, between=lambda: None):
    """All pages that come one after another, each asked for by the address that the one before gave."""
    pages, address = [], dict(asked)
    while True:
        pages.append(read(read_view(LISTED, address)))
        if pages[-1].next is None:
            return pages
        address = write_view(pages[-1].view) | {"page": write_mark(pages[-1].view, pages[-1].next)}
        between()


def check_pages(read, rows, asked, in_order):
    view = read_view(LISTED, asked)
    pages = turned_over(read, asked)
    wanted = [row for row in rows if fits(row, asked)]
    assert [row for page in pages for row in page.rows] == in_order(wanted, view)
    assert {page.total for page in pages} == {len(wanted)}
    assert all(len(page.rows) == 3 for page in pages[:-1])
    before = pages[-1]
    for page in reversed(pages[:-1]):
        address = write_view(before.view) | {"page": write_mark(before.view, before.previous)}
        before = read(read_view(LISTED, address))
        assert (before.rows, before.next) == (page.rows, page.next)
    assert before.previous is None


def test_every_row_is_once_on_the_pages_in_order_forwards_and_back(things):
    @settings(max_examples=EXAMPLES // 4)  # each is some twenty transactions
    @given(st.lists(THING, max_size=14), ASKED)
    def check(rows, asked):
        there = things(rows)
        check_pages(lambda view: read_there(things.kail, view), there, asked, as_there(things.kail))

    check()


def test_every_value_in_memory_is_once_on_the_pages_in_order_forwards_and_back(few_rows):
    @given(st.lists(THING, max_size=14), ASKED)
    def check(rows, asked):
        there = [{"id": f"{number:024x}", **row} for number, row in enumerate(rows)]
        check_pages(lambda view: page_of(there, READ, lambda one: one["id"], view), there, asked, in_order)

    check()


def test_whatever_comes_and_goes_between_two_pages_what_stays_is_seen_once(things):
    @settings(max_examples=EXAMPLES // 8)  # each is some thirty transactions
    @given(st.lists(THING, min_size=4, max_size=14), ASKED, st.data())
    def check(rows, asked, data):
        stay = {row["id"]: row for row in things(rows)}
        new = iter(range(1000, 2000))
        hidden = asked.get("sort", "").removeprefix("-") == "name"

        def happens():
            gone, changed = (data.draw(st.sampled_from(sorted(stay) or [""])) for _ in range(2))
            with things.kail.record.write() as tx:
                tx.run(insert(THINGS).values(id=f"{next(new):024x}", **data.draw(THING)))
                if not hidden:  # a row that is gone has no name to go on after
                    tx.run(delete(THINGS).where(THINGS.c.id == gone))
                    tx.run(update(THINGS).where(THINGS.c.id == changed).values(data.draw(THING)))
            if not hidden:
                stay.pop(gone, None)
                stay.pop(changed, None)

        pages = turned_over(lambda view: read_there(things.kail, view), asked, happens)
        seen = [row["id"] for page in pages for row in page.rows]
        for number, row in stay.items():
            assert seen.count(number) == fits(row, asked)

    check()


def test_blanks_at_the_end_of_what_a_list_is_sorted_by_are_part_of_the_mark(things):
    there = things(
        [{"amount": 1, "at": MORNING, "name": name, "state": "new"} for name in ("a", "a ", "a  ", " b", "b")]
    )
    for order in ("word", "-word"):
        check_pages(lambda view: read_there(things.kail, view), there, {"sort": order}, as_there(things.kail))


def test_where_the_row_of_a_hidden_mark_is_gone_the_list_begins_anew(things):
    things([{"amount": 1, "at": MORNING, "name": name, "state": "new"} for name in "abcdefgh"])
    first = read_there(things.kail, read_view(LISTED, {"sort": "name"}))
    where = {"sort": "name", "page": write_mark(first.view, first.next)}
    assert "c" not in where["page"].replace(first.next.id, "").removeprefix("after")
    with things.kail.record.write() as tx:
        tx.run(delete(THINGS).where(THINGS.c.id == first.next.id))
    assert [row["name"] for row in read_there(things.kail, read_view(LISTED, where)).rows] == ["a", "b", "d"]


def test_of_more_rows_than_are_counted_it_is_said_that_there_are_more(things, monkeypatch):
    monkeypatch.setattr(listed, "MOST_COUNTED", 5)
    things([{"amount": 1, "at": MORNING, "name": "", "state": "new"}] * 5)
    assert not read_there(things.kail, View(LISTED)).has_more
    things([{"amount": 1, "at": MORNING, "name": "", "state": "new"}] * 9)
    page = read_there(things.kail, View(LISTED))
    assert (page.total, page.has_more) == (6, True)


def test_a_page_far_back_is_entered_by_the_index_and_sorts_nothing(small_kail):
    """What makes page 800 as quick as the first; that it is so is seen in the plan, not on a watch."""
    statements = []
    with small_kail.record.write() as tx:
        METADATA.create_all(tx.sql)
        rows = [{"id": f"{n:024x}", "amount": n, "at": MORNING, "name": "", "state": "new"} for n in range(50)]
        tx.sql.execute(insert(THINGS), rows)
    with small_kail.record.read() as tx:
        true = tx.sql.execute

        class Watched:
            def execute(self, statement, *more):
                statements.append(statement)
                return true(statement, *more)

        watched = replace(tx, sql=Watched())
        first = page_in(watched, select(THINGS), BY, THINGS.c.id, read_view(LISTED, {"sort": "-amount"}))
        view = replace(first.view, mark=first.next)
        page_in(watched, select(THINGS), BY, THINGS.c.id, view)
        said = str(statements[2].compile(tx.sql.engine, compile_kwargs={"literal_binds": True}))
        plan = " ".join(row.detail for row in true(text(f"EXPLAIN QUERY PLAN {said}")))
    assert "SEARCH things USING INDEX ix_things_amount (amount<?)" in plan
    assert "TEMP B-TREE" not in plan


# -- addresses ---------------------------------------------------------------------------------------------------------


@given(asked=ASKED)
def test_an_address_is_read_as_it_was_written(asked):
    view = read_view(LISTED, asked)
    assert read_view(LISTED, write_view(view)) == view


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"sort": "secret"}, ["sort"]),
        ({"sort": "--amount", "state": "x", "amount_from": "1,5", "amount_to": "9" * 16}, ["state", "amount_from", "amount_to", "sort"]),
        ({"word": "x" * 61}, ["word"]),
        ({"page": "2"}, ["page"]),
        ({"sort": "amount", "page": "after.1.x"}, ["page"]),
        ({"page": "before.1.20269921T020000.000000"}, ["page"]),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_with_all_of_it(fields, wrong):
    with pytest.raises(Refused) as refused:
        read_view(LISTED, fields)
    assert refused.value.status == 400
    assert [trouble.field for trouble in refused.value.troubles] == wrong


def test_no_list_is_filtered_by_what_is_not_to_stand_in_an_address():
    with pytest.raises(AssertionError):
        replace(LISTED, filters=(Word("name"),))


def test_what_is_unknown_or_empty_is_left_alone_and_dots_in_an_amount_are_read():
    view = read_view(LISTED, {"done": "x", "language": "en", "state": " ", "amount_from": "5.000.000", "page": ""})
    assert view == View(LISTED, wanted={"amount": (5_000_000, None)})


PATHS = {
    "operator": ["/accounts", "/api/v1/accounts", "/objections", "/api/v1/objections", "/disagreements",
                 "/api/v1/disagreements", "/jobs", "/api/v1/jobs", "/audit"],
    "mentor": ["/participants", "/api/v1/participants"],
}  # fmt: skip
NAMES = st.sampled_from(["sort", "page", "of_role", "of_state", "of_kind", "picked", "language", "before", "x"])
EDGE = st.builds(
    "{}.{}.{}".format, st.sampled_from(["after", "before", ""]), st.text("abf0-", max_size=3), st.text(max_size=8)
)
VALUES = (
    st.text(max_size=12)
    | EDGE
    | st.sampled_from(
        ["name", "-login", "asked_at", "after.a.20261121T020000.000000", "before.f.00010101T000000.000000"]
    )
)


def test_any_address_of_a_list_is_answered_or_refused_never_failed_at(kail):
    kail.participant()
    with kail.client() as client:
        headers = {login: kail.headers(login) for login in PATHS}
        everywhere = [(login, path) for login, paths in PATHS.items() for path in paths]

        @given(st.sampled_from(everywhere), st.lists(st.tuples(NAMES, VALUES), max_size=4))
        def check(where, asked):
            login, path = where
            sent = urlencode([(name, value.encode("utf-8", "surrogatepass")) for name, value in asked])
            answer = client.get(f"{path}?{sent}", headers=headers[login])
            assert answer.status_code in (200, 400) or (b"%00" in sent.encode() and answer.status_code == 404)

        check()
