"""Consequences: what a lender's no shuts, until when, and that a door is shut for good by two officers alone."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from api.participants.declines import declines_of
from api.record.approvals import Waits
from api.record.refusals import Refused
from api.referrals.said import Why
from matcher.facts.declines import Decline
from tests.api.approvals.two import Two, lets_stand
from tests.referring import PRODUCT, Referring

TODAY = date(2026, 12, 1)


@pytest.fixture
def referring(small_kail):
    return Referring(small_kail)


def declined(referring, *reasons):
    """What a decline for these reasons shuts."""
    sent = referring.sent()
    referring.move("officer", sent, "decline", reasons=reasons)
    with referring.kail.record.read() as tx:
        return declines_of(tx, sent.participant_id)


def test_too_few_months_of_books_shut_it_until_there_are_so_many_more_than_she_had(referring):
    [decline] = declined(referring, Why("books", more=5))
    assert decline == Decline((PRODUCT,), "books", TODAY, None, "months_of_books", 3 + 5, "", "siapik_books")


def test_without_a_number_as_many_more_as_the_programme_says(referring):
    [decline] = declined(referring, "books")
    reason = next(one for one in referring.rules.referrals.reasons if one.id == "books")
    assert decline.at_least == 3 + reason.consequence.more


def test_a_paper_shuts_it_until_it_is_there(referring):
    [decline] = declined(referring, "tax_number")
    assert (decline.intervention, decline.until, decline.signal) == ("npwp", None, "")


def test_what_is_parked_opens_by_itself(referring):
    [decline] = declined(referring, "unverifiable")
    assert decline.until == TODAY + timedelta(days=30)


def test_at_capacity_is_about_the_lender_and_asks_nothing_of_her(referring):
    [decline] = declined(referring, "at_capacity")
    assert decline == Decline((PRODUCT,), "at_capacity", TODAY, TODAY + timedelta(days=30))
    assert next(one for one in referring.rules.referrals.reasons if one.id == "at_capacity").about == "lender"


def test_what_is_only_incomplete_shuts_nothing(referring):
    assert declined(referring, "incomplete") == ()


def test_several_reasons_each_shut_what_they_say(referring):
    assert {one.reason for one in declined(referring, "incomplete", "books", "tax_number")} == {"books", "tax_number"}


def test_where_it_is_not_this_lender_all_that_they_lend_is_shut(referring):
    [decline] = declined(referring, "domicile")
    assert set(decline.products) == {
        one.entry.id for one in referring.rules.products if one.entry.provider == "KUR (program nasional)"
    }
    assert decline.until == TODAY + timedelta(days=365)


def for_good(referring):
    return next(one.id for one in referring.rules.referrals.reasons if one.for_good)


def test_a_door_is_shut_for_good_by_two_officers_and_not_by_one(referring):
    kail, sent = referring.kail, referring.sent()
    code = for_good(referring)
    with pytest.raises(Refused) as refused:  # both officers are new
        referring.move("officer", sent, "decline", reasons=(Why(code, "Alasan"),))
    assert [trouble.code for trouble in refused.value.troubles] == ["second_officer"]
    lets_stand(kail, "officer")
    lets_stand(kail, "officer2")
    waits = referring.move("officer", sent, "decline", reasons=(Why(code, "Alasan"),))
    assert isinstance(waits, Waits)
    assert referring.as_seen("officer", sent).state == "sent"
    assert "Alasan" not in str(waits.approval)
    with kail.client() as client:
        two = Two(kail, client)
        approve = f"/approvals/{waits.approval.id}/approve"
        assert two.send("officer", "POST", approve).status_code == 409  # one's own
        assert two.send("rival", "POST", approve).status_code == 404
        assert two.send("operator", "POST", approve).status_code == 404
        assert [one["id"] for one in two.send("officer2", "GET", "/approvals").json()["approvals"]] == [
            waits.approval.id
        ]
        done = two.send("officer2", "POST", approve)
        assert (done.status_code, done.json()["state"]) == (200, "done"), done.text
    found = referring.as_seen("mentor", sent)
    assert (found.state, found.events[-1].said["texts"]) == ("declined", {code: "Alasan"})
    with kail.record.read() as tx:
        [decline] = declines_of(tx, sent.participant_id)
    assert (decline.reason, decline.until) == (code, None)


def test_what_changed_meanwhile_is_not_shut(referring):
    kail, sent = referring.kail, referring.sent()
    lets_stand(kail, "officer")
    lets_stand(kail, "officer2")
    waits = referring.move("officer", sent, "decline", reasons=(Why(for_good(referring), "Alasan"),))
    referring.move("officer", sent, "take_up")
    with kail.client() as client:
        answer = Two(kail, client).send("officer2", "POST", f"/approvals/{waits.approval.id}/approve")
    assert answer.status_code == 409
    assert referring.as_seen("mentor", sent).state == "in_review"
