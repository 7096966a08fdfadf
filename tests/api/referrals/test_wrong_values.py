"""Wrong values: whatever stands in whatever place of a body about a referral is refused, and breaks and changes nothing."""

from __future__ import annotations

import json
import logging

import pytest
from sqlalchemy import select, update

from api.referrals.tables import QUOTAS, REFERRALS
from tests.api.test_secrecy import WRONG, logged
from tests.referring import PRODUCT, Referring

NUMBERS = [10**13, 10**18, 10**30, -1, -(10**30), 0.5]
QUOTA = {"product": PRODUCT, "month": "2026-12", "version": 0, "most": 5, "most_idr": None}


@pytest.fixture
def referring(kail):
    return Referring(kail)


class Sender:
    """Sends bodies as somebody; before each a referral lies with the lender again."""

    def __init__(self, referring, client):
        self.kail, self.client, self.sent = referring.kail, client, referring.sent()
        self.headers = {login: self.kail.headers(login) for login in ("mentor", "officer", "operator")}

    def __call__(self, login, method, path, body):
        with self.kail.record.write() as tx:
            tx.run(update(REFERRALS).values(state="sent", version=2, quota_month=None))
        self.client.cookies.clear()
        headers = self.headers[login] | {"content-type": "application/json"}
        content = json.dumps(body).encode()
        answer = self.client.request(method, f"/api/v1{path}", content=content, headers=headers)
        assert answer.status_code < 500, (path, body, answer.text)
        return answer


@pytest.fixture
def send(referring):
    with referring.kail.client() as client:
        yield Sender(referring, client)


def wrong_of(one):
    """Bodies of transitions with something wrong in them, with the transition."""
    right = {"version": 2}
    for value in WRONG:
        yield "ask_more", right | {"documents": [value]}
        yield "ask_more", right | {"documents": value}
        yield "ask_more", right | {"documents": ["NIB"], "note": value}
        yield "decline", right | {"reasons": [value]}
        yield "decline", right | {"reasons": [{"code": value}]}
        yield "decline", right | {"reasons": [{"code": "other", "text": value}]}
        yield "decline", right | {"reasons": [{"code": "books", "more": value}]}
        yield "accept", right | {"amount_idr": value}
        yield "accept", right | {"version": value}
    for number in NUMBERS:
        yield "accept", right | {"amount_idr": number}
        yield "decline", right | {"reasons": [{"code": "books", "more": number}]}
    yield "ask_more", right | {"documents": ["NIB"] * 11}
    yield "ask_more", right | {"documents": ["x" * 201]}
    yield "decline", right | {"reasons": ["books", "permit", "sector", "group", "amount"]}
    yield "decline", right | {"reasons": ["books"] * 60}


def test_a_wrong_value_anywhere_in_a_transition_is_a_refusal(send, caplog):
    caplog.set_level(logging.DEBUG)
    for name, body in wrong_of(send.sent):
        send("officer", "POST", f"/referrals/{send.sent.id}/moves/{name}", body)
        many = {field: value for field, value in body.items() if field != "version"}
        some = [{"id": send.sent.id, "version": body["version"]}]
        send("officer", "POST", f"/referrals/moves/{name}", many | {"referrals": some})
    assert "Traceback" not in logged(caplog)


def test_many_that_are_none_are_a_refusal(send):
    for value in WRONG:
        for given in (value, [value], [{"id": value, "version": 2}], [{"id": send.sent.id, "version": value}]):
            send("officer", "POST", "/referrals/moves/take_up", {"referrals": given})
    too_many = [{"id": f"{number:024d}", "version": 1} for number in range(26)]
    assert send("officer", "POST", "/referrals/moves/take_up", {"referrals": too_many}).status_code == 400
    assert send("officer", "POST", "/referrals/moves/take_up", {}).status_code == 400


def test_an_amount_that_is_none_is_a_refusal(referring, send):
    person = referring.trader()
    asked = {"product": PRODUCT, "lender_id": referring.bank}
    for value in [0, *(one for one in WRONG if one is not None), *NUMBERS]:
        for path in ("/referrals", "/referrals/preview"):
            answer = send("mentor", "POST", f"/participants/{person}{path}", asked | {"amount_idr": value})
            assert answer.status_code == 400, (path, value, answer.text)


def test_a_quota_or_room_that_is_none_is_a_refusal_and_leaves_what_was_set(referring, send):
    for name in QUOTA:
        for value in [*WRONG, *NUMBERS]:
            if value is None and name.startswith("most"):
                continue  # no bound
            answer = send("officer", "PUT", "/quotas", QUOTA | {name: value})
            assert answer.status_code in (400, 409), (name, value, answer.text)
    for month in ("2026-11", "2026-13", "2027-00", "2026-1x", "2027-1", "2028-01", "99999", "2026/12"):
        assert send("officer", "PUT", "/quotas", QUOTA | {"month": month}).status_code == 400, month
    for value in [*WRONG, *NUMBERS, 53]:
        send("officer", "PUT", "/rooms", {"product": PRODUCT, "answer": "weeks", "weeks": value})
    with referring.kail.record.read() as tx:
        assert tx.all(select(QUOTAS)) == []


def test_a_lender_that_is_none_is_a_refusal_and_nobody_stops_lending_by_a_body_that_says_nothing(referring, send):
    for body in ({}, *({"providers": value} for value in WRONG if value != []), {"providers": ["Bank Siapa"]}):
        answer = send("operator", "PUT", f"/lenders/{referring.bank}", body)
        assert answer.status_code == 400, (body, answer.text)
    assert send("mentor", "GET", "/lenders", {}).json()["lenders"][1]["providers"]
    assert send("operator", "PUT", f"/lenders/{'f' * 24}", {"providers": []}).status_code == 404
