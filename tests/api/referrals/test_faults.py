"""Faults and repetition: an error at any statement leaves a referral as it was; what is sent again has one effect."""

from __future__ import annotations

import logging

import pytest
from sqlalchemy import func, select

from api.referrals.tables import EVENTS, REFERRALS
from tests.api.test_faults import Faults, dump, tells_nothing
from tests.api.web.test_once import KEY
from tests.referring import PRODUCT, Referring

DAY = "2026-12-01"


class Story:
    """A referral over HTTP: every use case in an order in which each is possible, as (name, who, path, body)."""

    def __init__(self, kail, client):
        self.kail, self.client, self.referring = kail, client, Referring(kail)
        self.ids = {"person": self.referring.trader()}
        self.headers = {login: kail.headers(login) for login in ("mentor", "officer", "officer2")}

    def steps(self):
        asked = {"product": PRODUCT, "lender_id": self.referring.bank}
        no = {"reasons": [{"code": "books", "more": 5}, {"code": "other", "text": "Alasan"}], "note": "Maaf"}
        paid = {"amount_idr": 4_000_000, "on": DAY}
        yield "draft", "mentor", "/participants/{person}/referrals", asked
        yield "send", "mentor", "/referrals/{one}/moves/send", {}
        yield "note", "officer", "/referrals/{one}/notes", {"note": "Selamat pagi"}
        yield "ask_more", "officer", "/referrals/{one}/moves/ask_more", {"documents": ["NIB"]}
        yield "answer", "mentor", "/referrals/{one}/moves/answer", {}
        yield "accept", "officer", "/referrals/{one}/moves/accept", {"amount_idr": 4_000_000}
        yield "disburse", "officer", "/referrals/{one}/moves/disburse", paid
        self.agrees_anew()
        yield "draft", "mentor", "/participants/{person}/referrals", asked
        yield "send", "mentor", "/referrals/{one}/moves/send", {}
        yield "withdraw", "mentor", "/referrals/{one}/moves/withdraw", {"reasons": ["too_slow"], "note": "Maaf"}
        self.agrees_anew()
        yield "draft", "mentor", "/participants/{person}/referrals", asked
        yield "send", "mentor", "/referrals/{one}/moves/send", {}
        yield "decline", "officer", "/referrals/{one}/moves/decline", no

    def agrees_anew(self):
        """A consent is for one referral."""
        self.kail.clock.forward(seconds=1)
        self.referring.agrees(self.ids["person"], self.referring.bank)

    def send(self, login, path, body, **headers):
        self.client.cookies.clear()
        return self.client.post(f"/api/v1{path.format(**self.ids)}", json=body, headers=self.headers[login] | headers)

    def with_version(self, path, body):
        """What is sent with a transition: the version of the referral, too."""
        if "/moves/" not in path:
            return body
        with self.kail.record.read() as tx:
            row = tx.one(select(REFERRALS).where(REFERRALS.c.id == self.ids["one"]))
        shown = {} if row.state not in ("drafted", "more_asked") else {"shown": self.referring.shown(row)}
        return body | {"version": row.version} | shown

    def remember(self, name, answer):
        assert answer.status_code in (200, 201), (name, answer.text)
        if name == "draft":
            self.ids["one"] = answer.json()["id"]


@pytest.fixture
def story(kail):
    with kail.client() as client:
        yield Story(kail, client)


@pytest.mark.parametrize("key", [{}, {KEY: "one"}], ids=["without a key", "with a key"])
@pytest.mark.parametrize("step", [1, -1], ids=["statement", "commit"])
def test_a_fault_anywhere_changes_nothing_and_is_told(story, caplog, step, key):
    caplog.set_level(logging.DEBUG)
    kail, tried = story.kail, {}
    faults = Faults(kail.record.database)
    for place, (name, login, path, body) in enumerate(story.steps()):
        before, at, body = dump(kail.record), 0, story.with_version(path, body)
        own = {header: f"{value}-{place}" for header, value in key.items()}
        while True:
            at += step
            with faults.planted(at):
                answer = story.send(login, path, body, **own)
            if (faults.count if step > 0 else faults.commits) < abs(at):
                break
            assert answer.status_code >= 500, (name, at, answer.text)
            assert dump(kail.record) == before, (name, at)
            tells_nothing([answer.text])
        story.remember(name, answer)
        assert dump(kail.record) != before
        tried[name] = abs(at) - 1
    assert min(tried.values()) >= (8 if step > 0 else 1), tried
    tells_nothing([caplog.text])


def test_each_use_case_is_done_once_under_a_key_and_answered_alike(story):
    for place, (name, login, path, body) in enumerate(story.steps()):
        key, body = {KEY: f"k-{place}"}, story.with_version(path, body)
        refused = story.send(login, path, body | {"zzz": 1}, **key)
        assert refused.status_code == 400  # and did not burn the key
        first = story.send(login, path, body, **key)
        after = dump(story.kail.record)
        again = story.send(login, path, body, **key)
        assert (again.status_code, again.content) == (first.status_code, first.content), name
        other = story.send(login, path, body | {"note": "Lain"}, **key)
        assert (other.status_code, other.json()["type"]) == (422, "urn:kail:problem:other-request"), name
        assert dump(story.kail.record) == after, name
        story.remember(name, first)


def test_a_form_sent_twice_refers_once_and_moves_once(kail):
    referring = Referring(kail)
    person = referring.trader()
    form = {"product": PRODUCT, "lender_id": referring.bank, "amount_idr": "4.000.000"}
    form |= {"channel": "paper", "said_on": DAY, "text_version": "2026-11-29", "once": "a" * 22}
    form |= {"shown": referring.shown_of(person, amount=4_000_000)}
    with kail.client("mentor") as client:
        first, again = (
            client.post(f"/participants/{person}/refer", data=form, follow_redirects=False) for _ in range(2)
        )
    assert first.status_code == again.status_code == 303
    assert first.headers["location"] == again.headers["location"]
    address = first.headers["location"].partition("?")[0]
    with kail.client("officer") as client:
        taken = {"version": "2", "once": "b" * 22}
        shown = {
            client.post(f"{address}/moves/take_up", data=taken, follow_redirects=False).headers["location"]
            for _ in range(3)
        }
    assert len(shown) == 1
    with kail.record.read() as tx:
        assert tx.one(select(func.count()).select_from(REFERRALS))[0] == 1
        assert [row.move for row in tx.all(select(EVENTS.c.move).order_by(EVENTS.c.place))] == [
            "draft",
            "send",
            "take_up",
        ]
