"""The client against a server that listens: a bank's day by key, and what it does when the connection breaks."""

from __future__ import annotations

from datetime import date

import httpx
import pytest

from api.client import (
    Busy,
    Client,
    Conflict,
    Invalid,
    KailError,
    Known,
    NotAllowed,
    NotFound,
    NotSignedIn,
    Quota,
    Reason,
    Referral,
    Unreachable,
    Waits,
)
from api.record.answered import ANSWERS
from tests.api.accounts.test_guard import an_api_key
from tests.api.approvals.two import lets_stand
from tests.api.test_a_mentors_day import running
from tests.referring import PRODUCT, Referring

ALL = ("me", "read", "decide", "report")


@pytest.fixture
def referring(kail):
    return Referring(kail)


@pytest.fixture
def address(kail):
    with running(kail.app) as address:
        yield address


def key_of(kail, login, *scopes):
    return an_api_key(kail, login, *scopes)[1]["authorization"].partition(" ")[2]


@pytest.fixture
def bank(referring, address):
    with Client(address, key_of(referring.kail, "officer", *ALL), sleep=lambda seconds: None) as client:
        yield client


def test_a_banks_day(referring, bank):
    kail = referring.kail
    assert bank.me()["organisation_id"] == referring.bank
    first, second, third = (referring.sent(referring.trader(name=name)) for name in ("Bu Ani", "Bu Ida", "Bu Umi"))

    # what is new, by a cursor that is kept
    new = list(bank.changes(at_once=2))
    assert [(one.referral, one.move) for one in new] == [(one.id, "send") for one in (first, second, third)]
    assert list(bank.changes(new[-1].cursor)) == []
    assert sorted(str(one.name) for one in bank.queue(sort="queued_at", turn="lender")) == [
        "Bu Ani",
        "Bu Ida",
        "Bu Umi",
    ]

    # each pack, and an answer
    ani = bank.referral(first.id)
    assert ani.pack is not None
    assert ani.pack["person"]["name"] == "Bu Ani"
    assert (ani.state, ani.version, "accept" in ani.moves) == ("sent", 2, True)
    asked = bank.ask_more(bank.take_up(ani), ["KTP"], note="Yang terbaru")
    assert (asked.state, asked.version) == ("more_asked", 4)
    held = bank.hold(Known(second.id, 2), ["hold_survey"])
    assert bank.resume(held).state == "in_review"
    declined = bank.decline(Known(third.id, 2), [Reason("books", more=3), "incomplete"])
    assert isinstance(declined, Referral)
    assert declined.state == "declined"
    assert bank.declined() == {"books": 1, "incomplete": 1}
    bank.note(second.id, "Selamat pagi")
    assert bank.still_lives(second.id, "still_in_review").state == "in_review"

    # quotas and room
    [quota] = [one for one in bank.quotas("2026-12") if one.product == PRODUCT]
    assert bank.set_quota(quota, most=1, most_idr=None) == 1
    bank.say_room(PRODUCT, "weeks", 2)
    [room] = [one for one in bank.rooms() if one.product == PRODUCT]
    assert (room.answer, room.weeks, room.said_at) == ("weeks", 2, kail.clock.now)

    # money
    accepted = bank.accept(bank.referral(second.id), 4_000_000)
    assert (accepted.state, accepted.amount_idr, accepted.quota_month) == ("accepted", 4_000_000, "2026-12")
    paid = bank.disburse(accepted, 3_000_000, date(2026, 12, 1))
    assert bank.default(paid, date(2026, 12, 1), 90).state == "not_repaid"
    repaid = bank.repay(bank.referral(second.id), date(2026, 12, 1), 100)
    assert repaid.state == "repaid"
    history = [one.move for one in bank.referral(second.id).events]
    assert history == [
        "draft",
        "send",
        "hold",
        "resume",
        "note",
        "still_lives",
        "accept",
        "disburse",
        "default",
        "repay",
    ]

    # all of it came as changes
    moves = [one.move for one in bank.changes(new[-1].cursor)]
    assert moves == ["take_up", "ask_more", "hold", "resume", "decline", "note", "still_lives", "accept", "disburse",
                     "default", "repay"]  # fmt: skip


def test_the_other_moves_and_many_at_once(referring, bank):
    one, two, three = (referring.sent() for _ in range(3))
    accepted = bank.accept(Known(one.id, 2), 1_000_000)
    assert bank.fall_through(accepted, ["changed_mind"]).state == "fell_through"
    taken = bank.take_back(bank.accept(Known(two.id, 2), 1_000_000), ["incomplete"])
    assert isinstance(taken, Referral)
    assert taken.state == "declined"
    many = bank.move_many([Known(three.id, 2), Known("f" * 24, 1)], "take_up")
    assert (many.done, [one["status"] for one in many.refused]) == ((three.id,), [404])
    paid = bank.disburse(bank.accept(Known(three.id, 3), 1_000_000), 1_000_000, date(2026, 12, 1))
    assert bank.undo_payment(paid, ["wrong_person"]).state == "entered_in_error"
    four = referring.sent()
    assert bank.mark_error(Known(four.id, 2), ["sent_twice"]).state == "entered_in_error"


def test_a_door_shut_for_good_waits_for_a_second_officer(referring, bank):
    for login in ("officer", "officer2"):
        lets_stand(referring.kail, login)
    sent = referring.sent()
    waits = bank.decline(Known(sent.id, 2), [Reason("untrue", "Surat palsu")])
    assert isinstance(waits, Waits)
    assert (waits.state, waits.object_id) == ("waiting", sent.id)
    assert bank.referral(sent.id).state == "sent"


def test_what_is_refused_is_an_exception_that_names_every_problem(referring, bank, address):
    kail, sent = referring.kail, referring.sent()
    with pytest.raises(Invalid, match=r"documents: .* \| amount_idr: ") as wrong:
        bank.move(Known(sent.id, 2), "ask_more", amount_idr=5)
    assert [one.field for one in wrong.value.problems] == ["documents", "amount_idr"]
    assert wrong.value.status == 400
    assert all(one.message for one in wrong.value.problems)
    with pytest.raises(Conflict):
        bank.accept(Known(sent.id, 1), 1_000_000)
    with pytest.raises(NotFound):
        bank.referral("f" * 24)
    with pytest.raises(Invalid, match="no cursor of ours"):
        list(bank.changes("nonsense"))
    with pytest.raises(Invalid, match="month"):
        bank.set_quota(Quota(PRODUCT, "2020-01", None, None, 0, 0, 0, None), most=1, most_idr=None)
    with Client(address, key_of(kail, "officer", "read")) as reader, pytest.raises(NotAllowed, match="scope decide"):
        reader.accept(Known(sent.id, 2), 1_000_000)
    with Client(address, "kail_nobody") as nobody, pytest.raises(NotSignedIn):
        nobody.me()
    with Client(address, key_of(kail, "rival", *ALL)) as rival:
        assert (list(rival.changes()), list(rival.queue())) == ([], [])
        with pytest.raises(NotFound):
            rival.referral(sent.id)


def test_a_banks_clock_an_hour_ahead_is_told_which_day_it_is(referring, bank):
    """At half past eleven in the evening in Jakarta the bank's clock says that it is tomorrow."""
    kail = referring.kail
    sent = referring.sent()
    accepted = bank.accept(Known(sent.id, 2), 1_000_000)
    kail.clock.forward(hours=14.5)
    with pytest.raises(Invalid) as wrong:
        bank.disburse(accepted, 1_000_000, date(2026, 12, 2))
    [problem] = wrong.value.problems
    assert (problem.field, problem.value) == ("on", "2026-12-02")
    assert problem.remedy
    assert bank.disburse(accepted, 1_000_000, date(2026, 12, 1)).state == "disbursed"


class _Breaking(httpx.BaseTransport):
    """Breaks the connection before or after a request arrived, a number of times."""

    def __init__(self, times, *, arrives):
        self.true, self.left, self.arrives, self.keys = httpx.HTTPTransport(), times, arrives, []

    def handle_request(self, request):
        self.keys.append(request.headers.get("idempotency-key"))
        if self.left == 0:
            return self.true.handle_request(request)
        self.left -= 1
        if self.arrives:
            self.true.handle_request(request).close()
        raise httpx.ReadError("the connection broke")

    def close(self):
        self.true.close()


@pytest.mark.parametrize("arrives", [True, False])
def test_a_connection_that_breaks_leaves_one_effect(referring, address, arrives):
    kail, sent = referring.kail, referring.sent()
    breaking, slept = _Breaking(2, arrives=arrives), []
    with Client(address, key_of(kail, "officer", *ALL), transport=breaking, sleep=slept.append) as bank:
        accepted = bank.accept(Known(sent.id, 2), 2_000_000)
    assert (accepted.state, accepted.version) == ("accepted", 3)
    assert len(set(breaking.keys)) == 1
    assert len(breaking.keys) == 3
    assert slept == [1.0, 2.0]
    events = [one.move for one in referring.as_seen("officer", sent).events]
    assert events.count("accept") == 1
    with kail.record.read() as tx:
        assert len(tx.all(ANSWERS.select())) == 1


def test_a_connection_that_never_comes_is_told_as_such(address):
    for tries in (1, 3):
        breaking = _Breaking(99, arrives=False)
        with (
            Client(address, "kail_x", transport=breaking, tries=tries, sleep=lambda seconds: None) as bank,
            pytest.raises(Unreachable, match="ReadError at /me"),
        ):
            bank.me()
        assert len(breaking.keys) == tries


def test_who_is_told_to_come_back_does_so_after_as_long_as_was_said():
    answers = [httpx.Response(503, headers={"retry-after": "7"}, json={"title": "Busy"}), httpx.Response(200, json={})]
    slept = []
    transport = httpx.MockTransport(lambda request: answers.pop(0))
    with Client("https://kail.example", "kail_x", transport=transport, sleep=slept.append) as bank:
        assert bank.me() == {}
    assert slept == [7.0]
    transport = httpx.MockTransport(lambda request: httpx.Response(502, text="<html>a proxy</html>"))
    with (
        Client("https://kail.example", "kail_x", transport=transport, sleep=slept.append, tries=2) as bank,
        pytest.raises(Busy, match="HTTP 502"),
    ):
        bank.me()
    transport = httpx.MockTransport(lambda request: httpx.Response(500, text="?"))
    with Client("https://kail.example", "kail_x", transport=transport) as bank, pytest.raises(KailError) as wrong:
        bank.me()
    assert wrong.value.status == 500


@pytest.mark.parametrize(
    ("status", "headers", "content", "kind"),
    [
        (200, {}, b"<html>a proxy</html>", Unreachable),
        (200, {}, b"[1]", Unreachable),
        (200, {}, b"", Unreachable),
        (200, {"content-encoding": "gzip"}, b"no gzip", Unreachable),
        (302, {"location": "https://elsewhere.example/"}, b"", KailError),
        (400, {}, b'{"problems": null}', Invalid),
        (400, {}, b'{"problems": ["x", 1, {"field": "a"}]}', Invalid),
        (400, {}, b'{"problems": 7, "title": null}', Invalid),
        (503, {"retry-after": "\u00b2".encode("latin-1")}, b"[]", Busy),
    ],
)
def test_whatever_stands_between_us_answers_it_is_an_exception_of_ours(status, headers, content, kind):
    def answered(request):
        return httpx.Response(status, headers=headers, stream=httpx.ByteStream(content))

    transport = httpx.MockTransport(answered)
    with (
        Client("https://kail.example", "kail_x", transport=transport, sleep=lambda seconds: None) as bank,
        pytest.raises(kind),
    ):
        bank.me()


def test_a_key_is_not_sent_in_clear():
    for address in ("http://kail.example", "ftp://kail.example", "kail.example"):
        with pytest.raises(ValueError, match="in clear"):
            Client(address, "kail_x")
    Client("http://127.0.0.1:8000", "kail_x").close()


def test_each_write_has_a_key_of_its_own(referring, address):
    referral = referring.sent()
    counting = _Breaking(0, arrives=True)
    with Client(address, key_of(referring.kail, "officer", *ALL), transport=counting) as bank:
        taken = bank.take_up(Known(referral.id, 2))
        bank.note(taken.id, "Satu")
        bank.note(taken.id, "Satu")
    assert len(set(counting.keys)) == 3
    events = [one.move for one in referring.as_seen("officer", referral).events]
    assert events.count("note") == 2
