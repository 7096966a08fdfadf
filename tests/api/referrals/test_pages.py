"""The pages of referrals, as people use them: referred in four taps, a queue, many at once; read like every other page."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select

from api.referrals.tables import QUOTAS, REFERRALS
from tests.reading import Reader, errors_of, field, read
from tests.referring import PRODUCT, PROVIDER, Referring

NIK, PHONE = "3174097612345098", "6281234567890"
LANGUAGES = ("id", "en")


@pytest.fixture
def referring(small_kail):
    return Referring(small_kail)


class Visitor:
    """Somebody with a browser: follows links, fills in forms as they stand and counts each as a tap."""

    def __init__(self, client):
        self.client, self.taps, self.addresses = client, 0, []

    def open(self, address, **more):
        self.page = self.client.get(address, **more)
        return self._seen()

    def _seen(self):
        self.addresses += [str(one.url) for one in (*self.page.history, self.page)]
        return read(self.page, self.page.status_code)

    def tap(self, ending):
        """Follow the first link whose address holds that."""
        self.taps += 1
        reader = Reader(self.page.text)
        links = [a["href"] for tag, a in reader.tags if tag == "a" and ending in a["href"]]
        return self.open(links[0])

    def send(self, ending, **typed):
        """Send the first form whose address holds that, as it stands but for what is typed."""
        self.taps += 1
        form = next(
            one for one in re.findall(r"<form method=\"post\".*?</form>", self.page.text, re.DOTALL)
            if ending in re.search(r'action="([^"]*)"', one)[1]
        )  # fmt: skip
        sent = {}
        for tag, a in Reader(form).tags:
            if tag == "input" and (a.get("type") not in ("checkbox", "radio") or "checked" in a) and a.get("name"):
                sent[a["name"]] = a.get("value", "")
        for name, options in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', form, re.DOTALL):
            chosen = re.search(r'value="([^"]*)" selected', options) or re.search(r'value="([^"]*)"', options)
            sent[name] = chosen[1]
        action = re.search(r'action="([^"]*)"', form)[1].replace("&amp;", "&")
        self.page = self.client.post(action, data=sent | typed)
        return self._seen()


@pytest.mark.parametrize("agreed", [True, False], ids=["agreed before", "asked now"])
def test_somebody_is_referred_in_at_most_four_taps_from_their_page(referring, agreed):
    """Refer, the product that is offered, one of two lenders, send: with the consent asked where they stand."""
    person = referring.trader(agrees=agreed, nik=NIK)
    with referring.kail.client("mentor") as client:
        visitor = Visitor(client)
        visitor.open(f"/participants/{person}")
        visitor.tap(f"/participants/{person}/refer")
        if f"lender={referring.bank}" not in visitor.page.text and "lender_id" not in visitor.page.text:
            visitor.tap(f"product={PRODUCT}")
        visitor.tap(f"lender={referring.bank}")
        shown = visitor.send("/refer", **({} if agreed else {"agrees": "true"}))
        assert "/referrals/" in str(visitor.page.url)
        assert "Bu Ani" in shown.text
    assert visitor.taps <= 4
    with referring.kail.record.read() as tx:
        assert [row.state for row in tx.all(select(REFERRALS.c.state))] == ["sent"]
    assert [
        one
        for one in visitor.addresses
        if re.search(rf"ani|{NIK}|{PHONE}|0812", urlsplit(one).query + urlsplit(one).path, re.I)
    ] == []


def test_what_the_mentor_is_shown_beforehand_is_what_the_lender_sees(referring):
    person = referring.trader(nik=NIK)
    address = f"/participants/{person}/refer?product={PRODUCT}&lender={referring.bank}"

    def pack_in(text):
        return Reader(re.search(r'<section class="pack".*?</section>', text, re.DOTALL)[0]).text.split(" ", 5)[5]

    with referring.kail.client("mentor") as client:
        before = client.get(address)
        read(before)
    sent = referring.sent(person)
    with referring.kail.client("officer") as client:
        after = client.get(f"/referrals/{sent.id}")
        read(after)
    for value in ("Bu Ani", NIK):
        assert value in before.text
        assert value in after.text
    shown, seen = (set(re.findall(r"<(?:td|th)[^>]*>(.*?)</(?:td|th)>", one.text)) for one in (before, after))
    assert shown
    assert shown <= seen


def test_a_refused_form_keeps_what_was_typed(referring):
    person = referring.trader(agrees=False)
    with referring.kail.client("mentor") as client:
        visitor = Visitor(client)
        visitor.open(f"/participants/{person}/refer?product={PRODUCT}&lender={referring.bank}")
        page = visitor.send("/refer", amount_idr="3.500.000", said_on="2026-11-30", channel="phone")
        assert visitor.page.status_code == 409  # nobody agreed
        assert (field(page, "amount_idr"), field(page, "said_on")) == ("3.500.000", "2026-11-30")
        assert 'value="phone" selected' in visitor.page.text
        page = visitor.send("/refer", amount_idr="tiga juta", agrees="true")
        assert errors_of(visitor.page) == ["amount_idr"]
        assert field(page, "amount_idr") == "tiga juta"
        assert 'name="agrees" value="true" checked' in visitor.page.text
    sent = referring.sent()
    with referring.kail.client("officer") as client:
        visitor = Visitor(client)
        visitor.open(f"/referrals/{sent.id}")
        page = visitor.send("/moves/decline", reasons=["books", "other"], **{"more.books": "5"})
        assert visitor.page.status_code == 400  # the other one needs words
        assert 'value="books" checked' in visitor.page.text
        assert field(page, "more.books") == "5"
        assert "text.other" not in read(visitor.page, 400).text
        visitor.send("/notes", note="x" * 1001)
        assert "x" * 1001 in visitor.page.text


def test_a_lender_sees_its_queue_filters_it_and_works_through_it(referring):
    sent = [referring.sent(amount=amount) for amount in (2_000_000, 3_000_000, 4_000_000)]
    with referring.kail.client("officer") as client:
        visitor = Visitor(client)
        page = visitor.open("/referrals")
        assert all(f"/referrals/{one.id}" in visitor.page.text for one in sent)
        assert [word for word in page.text.split() if word == "Bu"]
        visitor.open("/referrals?amount_idr_from=3000000&sort=-amount_idr")
        found = re.findall(r'href="/referrals/([0-9a-f]{24})', visitor.page.text)
        assert found == [sent[2].id, sent[1].id]
        visitor.tap(f"/referrals/{sent[2].id}")
        visitor.send("/moves/take_up")
        visitor.send("/moves/accept")
        visitor.tap(f"/referrals/{sent[2].id}")  # the way back from the next one
        assert re.search(r"Disetujui", visitor.page.text)
    with referring.kail.client("mentor") as client:
        read(client.get("/referrals"))
        assert "Disetujui" in client.get(f"/referrals/{sent[2].id}").text


def test_many_are_done_at_once_and_the_one_that_is_refused_stops_no_other(referring):
    sent = [referring.sent() for _ in range(3)]
    ids = [one.id for one in sent]
    with referring.kail.client("officer") as client:
        visitor = Visitor(client)
        visitor.open("/referrals")
        visitor.page = client.post("/referrals", data={"picked": ids, "act": "decline"})
        visitor._seen()
        assert visitor.page.text.count('name="picked"') == 3
        wrong = visitor.send("/referrals/moves/decline", picked=ids, reasons=["other"])
        assert visitor.page.status_code == 400
        assert 'value="other" checked' in visitor.page.text
        assert wrong
        referring.move("officer2", sent[0], "take_up")  # meanwhile
        visitor.send("/referrals/moves/decline", picked=ids, reasons=["books", "at_capacity"])
        assert visitor.page.status_code == 409
        states = [referring.as_seen("officer", one).state for one in sent]
        assert states == ["in_review", "declined", "declined"]
        visitor.open("/referrals")
        visitor.page = client.post("/referrals", data={"picked": ids[0], "act": "hold"})
        visitor.send("/referrals/moves/hold", picked=ids[0], reasons=["hold_survey"])
        assert (visitor.page.status_code, visitor.page.url.path) == (200, "/referrals")
    assert errors_of_empty(referring, {"act": "decline"}) == ["picked"]


def errors_of_empty(referring, form):
    with referring.kail.client("officer") as client:
        return errors_of(client.post("/referrals", data=form))


def test_a_lender_sets_its_quota_and_its_room_on_a_page(referring):
    with referring.kail.client("officer") as client:
        visitor = Visitor(client)
        visitor.open("/lending")
        visitor.send("/lending/quotas", product=PRODUCT, most="20", most_idr="100.000.000")
        assert visitor.page.status_code == 200
        visitor.open("/lending")
        quota = {"product": PRODUCT, "month": "2026-12", "version": "1", "most_idr": ""}
        refused = client.post("/lending/quotas", data=quota | {"most": "dua"})
        assert errors_of(refused) == ["most"]
        refused = client.post("/lending/rooms", data={"product": PRODUCT, "answer": "weeks", "weeks": "99"})
        assert errors_of(refused) == ["weeks"]
    with referring.kail.record.read() as tx:
        assert [(row.most, row.most_idr) for row in tx.all(select(QUOTAS))] == [(20, 100_000_000)]


def test_every_page_is_in_order_in_both_languages_and_no_address_names_anybody(referring):
    kail, person = referring.kail, referring.trader(nik=NIK)
    sent, other = referring.sent(person), referring.sent()
    draft = referring.draft(referring.trader())
    asked = referring.move("officer", referring.sent(), "ask_more", documents=("NIB", "Foto warung"))
    gone = referring.sent()
    referring.agrees(gone.participant_id, referring.bank, given=False)
    no = referring.move("officer", other, "decline", reasons=("books", "at_capacity"), note="Maaf")
    refer = f"/participants/{person}/refer"
    paths = {
        "mentor": ["/work-list", f"/participants/{person}", refer, f"{refer}?product={PRODUCT}", "/referrals",
                   f"{refer}?product={PRODUCT}&lender={referring.other_bank}",
                   *(f"/referrals/{one.id}" for one in (sent, no, draft, asked, gone))],
        "officer": ["/referrals", "/lending", "/approvals", "/account", "/referrals?turn=lender&soon=soon",
                    "/referrals?complete_from=abc", *(f"/referrals/{one.id}" for one in (sent, no, asked, gone))],
        "operator": ["/referrals", "/lenders", f"/referrals/{sent.id}", "/audit"],
    }  # fmt: skip
    for login, some in paths.items():
        with kail.client(login) as client:
            for path in some:
                for language in LANGUAGES:
                    answer = client.get(path, params={"language": language} if "?" not in path else None)
                    page = read(answer, 400 if path.endswith("abc") else 200)
                    for tag, a in page.tags:
                        address = a.get("href", "") + a.get("action", "") + a.get("src", "")
                        assert not re.search(rf"Bu.?Ani|{NIK}|{PHONE}", address, re.I), (path, tag, address)
                    assert login != "operator" or path == "/audit" or "Bu Ani" not in answer.text


def test_an_operator_binds_a_lender_on_a_page(referring):
    with referring.kail.client("operator") as client:
        visitor = Visitor(client)
        visitor.open("/lenders")
        visitor.send(f"/lenders/{referring.bank}", providers=[PROVIDER, "Bank Siapa"])
        assert visitor.page.status_code == 400
        visitor.open("/lenders")
        visitor.send(f"/lenders/{referring.other_bank}", providers=[])
        assert visitor.page.status_code == 200
        found = client.get("/api/v1/lenders").json()["lenders"]
        assert [one["name"] for one in found] == ["Bank Satu"]
