"""Lists as pages: sorted, filtered and turned over without a script, in each language; and many rows chosen at once."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from api.accounts import service as accounts
from api.accounts.operator_pages import AUDIT_LISTED
from api.accounts.passwords import Password
from api.assessments import disagreement
from api.audit.tables import LOOKS
from api.participants import people
from api.record import jobs
from api.record.listed import MOMENT, Between, ListColumn, Listing, Page, View, Word
from api.record.refusals import Refused, Trouble
from api.web.forms import Form
from api.web.frame import Says
from api.web.listing import Shown
from api.web.typed import NOTHING, Typed
from tests.reading import errors_of, field, read
from words.catalogues import catalogue, languages

LISTINGS = (accounts.LISTED, jobs.LISTED, disagreement.LISTED, disagreement.WAITING, people.LISTED, AUDIT_LISTED)


@pytest.mark.parametrize("language", languages())
def test_every_column_order_and_filter_of_a_list_has_its_words(language):
    said = catalogue(language)
    for listing in LISTINGS:
        for column in listing.columns:
            assert ("column", column.key) in said, column.key
        for one in listing.filters:
            assert ("field", one.key) in said, one.key
            assert all((one.kind, code) in said for code in one.codes)


def add_accounts(kail, count, role="mentor"):
    with kail.record.write() as tx:
        home = kail.actors["operator"].organisation_id
        for number in range(count):
            accounts.add_account(tx, home, f"m{number:03}", f"Bu {number:03}", role, Password("x", "x"))


def links(response, rel):
    return [a["href"] for tag, a in read(response).tags if tag == "a" and a.get("rel") == rel]


def names(response):
    return re.findall(r"Bu \d{3}", read(response).text)


def test_a_filter_and_an_order_survive_turning_over_there_and_back_in_the_language(small_kail):
    add_accounts(small_kail, 60)
    with small_kail.client("operator") as client:
        first = client.get("/accounts?language=en&of_role=mentor&sort=-name")
        [where] = links(first, "next")
        assert {"language=en", "of_role=mentor", "sort=-name"} <= set(where.partition("?")[2].split("&"))
        assert "Bu" not in where
        assert "62 in all" in read(first).text
        second = client.get(where)
        [back], [onwards] = links(second, "prev"), links(second, "next")
        third = client.get(onwards)
        assert links(third, "next") == []
        assert names(first) + names(second) + names(third) == [f"Bu {n:03}" for n in reversed(range(60))]
        assert names(client.get(back)) == names(first)
        assert '<option value="-name" selected>' in third.text
        assert '<option value="mentor" selected>' in third.text.partition('id="sort"')[0]


def test_a_list_that_fits_on_a_page_has_no_links_to_others(small_kail):
    with small_kail.client("operator") as client:
        answer = client.get("/accounts")
    assert links(answer, "next") == links(answer, "prev") == []


def test_a_page_shows_the_list_beside_what_could_not_be_read(small_kail):
    with small_kail.client("operator") as client:
        answer = client.get("/accounts?of_role=king&sort=name")
        assert errors_of(answer, 400) == ["of_role"]
        assert '<details class="controls" open>' in answer.text
        assert "Pendamping, Pemberi modal, Analis, Operator." in read(answer, 400).text
        refused = client.get("/api/v1/accounts?of_role=king&language=en").json()["problems"]
        assert [problem["remedy"] for problem in refused] == ["Choose one of mentor, lender, analyst, operator."]
        assert "Mentor2" in answer.text
        assert client.get("/accounts?page=2").status_code == 400
        assert field(read(client.get("/accounts?of_role=king&login=evil"), 400), "login") == ""


def test_a_mentors_page_says_whom_it_shows_to_those_who_look_after_it(small_kail):
    persons = {f"Bu {n:03}": small_kail.participant(name=f"Bu {n:03}") for n in range(28)}
    with small_kail.client("mentor") as client:
        first = client.get("/participants")
        assert names(first) == sorted(persons)[:25]
        second = client.get(links(first, "next")[0])
        assert names(second) == sorted(persons)[25:]
        found = client.get("/api/v1/participants", params={"sort": "-name"}).json()
        assert (len(found["items"]), found["total"]) == (25, 28)
        rest = client.get("/api/v1/participants", params={"sort": "-name", "page": found["next"]}).json()
    assert [one["name"] for one in [*found["items"], *rest["items"]]] == sorted(persons, reverse=True)
    assert rest["next"] is None
    with small_kail.record.read() as tx:
        looks = small_kail.record.logs.find(tx.sql, select(LOOKS.c.detail).where(LOOKS.c.action == "listed"))
    assert sorted(row.detail.count(",") + 1 for row in looks) == [3, 3, 25, 25]


def test_only_objections_of_a_page_are_opened_and_noted(small_kail, monkeypatch):
    monkeypatch.setattr("api.record.listed.PAGE_ROWS", 2)
    with small_kail.client("mentor") as client:
        for number in range(3):
            person = small_kail.participant(name=f"Bu {number:03}")
            made = client.post(f"/api/v1/participants/{person}/assessments").json()["id"]
            client.post(f"/api/v1/assessments/{made}/objection", json={"words": f"No {number}."})
            small_kail.clock.forward(minutes=1)
    with small_kail.client("operator") as client:
        first = client.get("/objections")
        assert re.findall(r"No \d", first.text) == ["No 0", "No 1"]
        second = client.get(links(first, "next")[0])
        assert re.findall(r"No \d", second.text) == ["No 2"]
        again = client.post(
            re.findall(r'action="(/objections[^"]+)"', second.text)[0].replace("&amp;", "&"), data={"reason": "Sudah"}
        )
        assert again.status_code == 400
        assert re.findall(r"No \d|Sudah", again.text) == ["No 2", "Sudah"]
    with small_kail.record.read() as tx:
        looks = small_kail.record.logs.find(tx.sql, select(LOOKS.c.detail).where(LOOKS.c.action == "saw_objections"))
    assert sorted(row.detail.count(",") + 1 for row in looks) == [1, 2]


def test_bounds_and_words_that_were_asked_for_stand_in_their_fields_and_what_is_wrong_beside_them(small_kail):
    listing = Listing((ListColumn("at", "moment", MOMENT),), "-at", (Between("amount"), Word("word")))
    sent = {"amount_from": "5.000.000", "amount_to": "many", "word": "<kur>"}
    view = View(listing, wanted={"amount": (5_000_000, None), "word": "<kur>"})
    assert Shown(Page(view, [], 0, None, None), "/queue").fields == {"amount_from": "5000000", "word": "<kur>"}
    typed = Typed.after(Refused(400, Trouble("amount_to", "no_whole_number")), sent, "en")
    says, template = (
        Says(small_kail.live.rules, "en"),
        '{% import "listing.html" as l with context %}{{ l.controls(shown) }}',
    )
    for known, bounds in ((NOTHING, ["5000000", ""]), (typed, ["5.000.000", "many"])):
        given = {**says.given, "typed": known, "shown": Shown(Page(view, [], 0, None, None), "/queue")}
        page = small_kail.app.template_engine.engine.from_string(template).render(given)
        assert re.findall(r'name="amount_\w+"[^>]*? value="([^"]*)" inputmode="numeric"', page) == bounds
        assert 'value="&lt;kur&gt;"' in page
        assert ('id="amount_to-wrong"' in page) == (known is typed)
    assert '<option value="-at" selected>Time: latest first</option>' in page


# -- choosing many -----------------------------------------------------------------------------------------------------

CHOOSING = """{% import "listing.html" as l with context %}<h1>x</h1>{{ l.table(shown, chooses=true, name="login") }}
{{ l.choosing(shown, "/queue/decide", [("accept", "Terima"), ("refuse", "Tolak")]) }}{{ l.pages(shown) }}"""


@pytest.fixture
def chooser(small_kail):
    """A list of three rows of which many can be chosen, as a page would have it."""
    rows = [{"id": one * 24, "name": f"Bu {one}", "login": f"<{one}>"} for one in "abc"]

    def written(typed=NOTHING, all_chosen=False, **wanted):
        says = Says(small_kail.live.rules, "en")
        shown = Shown(Page(View(accounts.LISTED, "-name", wanted), rows, 3, None, None), "/queue", all_chosen)
        template = small_kail.app.template_engine.engine.from_string(CHOOSING)
        return template.render({**says.given, "title": "Queue", "once": "", "typed": typed, "shown": shown})

    return written


def ticked(page):
    return [value[0] for value in re.findall(r'value="(\w{24})" form="choosing" checked', page)]


def test_boxes_belong_to_one_form_whose_buttons_say_what_is_done_and_whose_address_says_where_one_was(chooser):
    page = chooser(of_role="mentor")
    assert ticked(page) == []
    assert page.count('form="choosing"') == 3
    assert 'action="/queue/decide?language=en&amp;sort=-name&amp;of_role=mentor"' in page
    assert re.findall(r'name="act" value="(\w+)"', page) == ["accept", "refuse"]
    assert "Choose &lt;a&gt;" in page
    assert 'aria-sort="descending"' in page


def test_all_of_a_page_are_chosen_by_a_link_and_none_by_another(chooser):
    assert "picked=page" in chooser()
    page = chooser(all_chosen=True)
    assert ticked(page) == ["a", "b", "c"]
    assert "picked=page" not in page


def test_what_was_ticked_is_kept_after_a_refusal_which_is_said_beside_the_buttons(chooser):
    form = Form({"picked": ["b" * 24, "c" * 24]}, from_page=True)
    form.trouble("picked", "many_chosen", most=1)
    with pytest.raises(Refused) as refused:
        form.done()
    page = chooser(Typed.after(refused.value, form.fields, "en"))
    assert ticked(page) == ["b", "c"]
    assert "Choose 1 at most." in page
    assert ticked(chooser(Typed.after(refused.value, {"picked": "b" * 24}, "en"))) == ["b"]


@pytest.mark.parametrize(
    ("sent", "read_as", "wrong"),
    [
        ("a", ("a",), []),
        (["b", "a", "b"], ("b", "a"), []),
        (None, (), ["none_chosen"]),
        ("", (), ["none_chosen"]),
        ([], (), ["none_chosen"]),
        (["a", 1], (), ["no_list"]),
        ({"a": 1}, (), ["no_list"]),
        (["a", "b", "c"], (), ["many_chosen"]),
        (["x" * 300], (), ["no_list"]),
    ],
)
@pytest.mark.parametrize("from_page", [True, False])
def test_ids_are_read_each_once_and_no_more_than_may_be_chosen(sent, read_as, wrong, from_page):
    if from_page is False and isinstance(sent, str) and sent:
        read_as, wrong = (), ["no_list"]
    form = Form({"picked": sent}, from_page=from_page)
    assert form.ids("picked", 2) == read_as
    assert [trouble.code for trouble in form.troubles] == wrong
