"""Changes: what a lender's system asks since a cursor. Nothing is skipped, whoever writes; nothing of a person is in it."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import inspect, select

from api.participants import rights
from api.record.transaction import attach_record
from api.referrals import service, sweeping
from api.referrals.changes import changes_of
from api.referrals.tables import EVENTS
from tests.api.accounts.test_guard import an_api_key
from tests.referring import Referring

FIELDS = {"id", "referral", "product", "move", "state", "version", "at", "cursor"}


@pytest.fixture
def referring(kail):
    return Referring(kail)


def asked(kail, login="officer", status=200, **query):
    _, key = an_api_key(kail, login, "read")
    with kail.client() as client:
        answer = client.get("/api/v1/referrals/changes", params={"language": "en", **query}, headers=key)
    assert answer.status_code == status, answer.text
    return answer.json()


def moves(found):
    return [(one["move"], one["state"], one["version"]) for one in found["changes"]]


def test_a_lender_learns_of_everything_since_it_was_sent_and_of_nothing_before(referring):
    kail = referring.kail
    sent = referring.sent()
    referring.move("officer", sent, "take_up")
    with referring.writing("mentor") as (tx, actor, rules):
        service.say_something(tx, actor, rules, sent.id, "Selamat pagi")
    found = asked(kail)
    assert moves(found) == [("send", "sent", 2), ("take_up", "in_review", 3), ("note", "in_review", 3)]
    assert all(set(one) == FIELDS for one in found["changes"])
    assert {one["referral"] for one in found["changes"]} == {sent.id}
    assert (found["next"], found["more"]) == (found["changes"][-1]["cursor"], False)
    again = asked(kail, since=found["next"])
    assert again == {"changes": [], "next": found["next"], "more": False}
    referring.draft(referring.trader())  # a draft is the mentor's own
    assert asked(kail, since=found["next"])["changes"] == []


def test_a_cursor_goes_through_all_of_it_a_few_at_a_time(referring):
    for _ in range(3):
        sent = referring.sent()
        referring.move("officer", sent, "take_up")
    seen, cursor, more = [], "", True
    while more:
        found = asked(referring.kail, since=cursor, limit=2)
        seen, cursor, more = [*seen, *found["changes"]], found["next"], found["more"]
    assert [one["move"] for one in seen] == ["send", "take_up"] * 3
    assert len({one["id"] for one in seen}) == 6


def test_two_lenders_never_see_each_others_changes(referring):
    kail, person = referring.kail, referring.trader()
    ours = referring.sent(person)
    referring.agrees(person, referring.other_bank)
    theirs = referring.sent(person, referring.other_bank)
    assert {one["referral"] for one in asked(kail)["changes"]} == {ours.id}
    assert {one["referral"] for one in asked(kail, "rival")["changes"]} == {theirs.id}
    assert asked(kail, "lender")["changes"] == []  # of an organisation that lends nothing


@pytest.mark.parametrize("cursor", ["x", "-1", "1.5", "1e3", " 1", "١", "9" * 30, "' or 1=1", "null"])
def test_a_cursor_of_nonsense_is_refused_with_what_to_do(referring, cursor):
    refused = asked(referring.kail, status=400, since=cursor)["problems"][0]
    assert refused["field"] == "since"
    assert "is no cursor of ours" in refused["message"]
    assert "leave since out" in refused["remedy"]


def test_a_cursor_that_is_ahead_of_everything_is_refused_since_something_would_be_skipped(referring):
    referring.sent()
    refused = asked(referring.kail, status=400, since="2", limit="0")["problems"]
    assert [one["field"] for one in refused] == ["since", "limit"]
    assert "put back from an older copy" in refused[0]["message"]


def test_what_time_or_a_lost_consent_ends_comes_as_a_change_once_it_is_written_down(referring):
    kail, person = referring.kail, referring.trader()
    left, ended = referring.sent(person), referring.sent()
    cursor = asked(kail)["next"]
    referring.agrees(person, referring.bank, given=False)
    sweeping.sweep(kail.record, kail.live)
    found = asked(kail, since=cursor)
    assert [(one["referral"], *move) for one, move in zip(found["changes"], moves(found), strict=True)] == [
        (left.id, "end_consent", "withdrawn", 3)
    ]
    kail.clock.forward(days=14)
    sweeping.sweep(kail.record, kail.live)
    found = asked(kail, since=found["next"])
    assert (ended.id, "expired") in [(one["referral"], one["state"]) for one in found["changes"]]


def test_nothing_of_a_person_is_in_it_and_an_erasure_leaves_it_in_order(referring):
    kail, person = referring.kail, referring.trader(name="Bu Rahasia")
    referring.sent(person)
    before = asked(kail)
    assert "Rahasia" not in str(before)
    assert person not in str(before)
    with kail.record.write() as tx:
        version = rights.may(tx, kail.actors["mentor"], person, rights.RIGHTS).version
    with kail.client("mentor") as client:
        assert client.post(f"/api/v1/participants/{person}/erasure", json={"version": version}).is_success
    sweeping.sweep(kail.record, kail.live)
    assert asked(kail)["changes"][0] == before["changes"][0]


def test_whoever_sees_a_number_sees_every_smaller_one_with_writers_side_by_side(referring):
    """Mentors of two organisations send at once, through two records as two workers have them, while a reader follows."""
    kail, each = referring.kail, 8
    drafts = {
        login: [referring.draft(referring.trader(login, name=f"Bu {n}"), login=login) for n in range(each)]
        for login in ("mentor", "mentor2", "other_mentor")
    }
    shown = {one.id: referring.shown(one) for some in drafts.values() for one in some}
    second = attach_record(kail.settings.data, kail.settings.database, kail.clock, kail.record.keys)
    over, seen, cursor = threading.Event(), [], 0

    def send(login, record):
        from api.referrals.said import Said

        for one in drafts[login]:
            with record.write(one.organisation_id, one.lender_id) as tx:
                said = Said(shown=shown[one.id])
                service.move(tx, kail.actors[login], kail.live.rules, one.id, "send", 1, said)

    def follow():
        nonlocal cursor
        last = False
        while not last:
            last = over.is_set()
            with second.read() as tx:
                found = changes_of(tx, referring.bank, cursor, 3)
            seen.extend(one.number for one in found)
            cursor = seen[-1] if seen else 0
            last = last and not found

    try:
        reader = threading.Thread(target=follow)
        reader.start()
        with ThreadPoolExecutor(3) as pool:
            records = (kail.record, second, second)
            list(pool.map(send, drafts, records))
        over.set()
        reader.join()
    finally:
        over.set()
        second.close()
    assert seen == list(range(1, 3 * each + 1))


def test_what_there_was_before_is_numbered_in_the_order_in_which_it_happened(referring):
    first, second = referring.sent(), referring.sent()
    referring.kail.clock.forward(minutes=1)
    referring.move("officer", second, "take_up")
    with referring.writing("mentor") as (tx, actor, rules):
        service.say_something(tx, actor, rules, first.id, "Selamat pagi")
    referring.kail.clock.forward(minutes=1)
    referring.move("officer", first, "take_up")
    with referring.kail.record.read() as tx:
        before = tx.all(select(EVENTS).order_by(EVENTS.c.id))
    database = referring.kail.record.database
    database.migrate("0012")
    assert "number" not in {column["name"] for column in inspect(database.engine).get_columns(EVENTS.name)}
    database.migrate()
    with referring.kail.record.read() as tx:
        after = tx.all(select(EVENTS).order_by(EVENTS.c.id))
    for old, new in zip(before, after, strict=True):
        assert (old.lender_id, old.version) == (new.lender_id, new.version)
    taken = {row.referral_id: row.number for row in after if row.move == "take_up"}
    assert taken[second.id] < taken[first.id] == len([row for row in after if row.number])
