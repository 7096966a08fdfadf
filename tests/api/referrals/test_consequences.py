"""Consequences: what a lender's no shuts, until when, and that a door is shut for good by two officers alone."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from api.record.approvals import Waits
from api.record.refusals import Refused
from api.referrals.declines import declines_by, declines_of
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
        return declines_by(tx, sent.participant_id, referring.bank)


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
        [decline] = declines_by(tx, sent.participant_id, referring.bank)
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


def test_a_no_of_one_lender_shuts_no_other_one(referring):
    sent = referring.sent()
    referring.move("officer", sent, "decline", reasons=("at_capacity",))
    with referring.kail.record.read() as tx:
        assert declines_of(tx, referring.rules, sent.participant_id) == ()  # the other bank lends it too
    referring.agrees(sent.participant_id, referring.other_bank)
    assert referring.sent(sent.participant_id, referring.other_bank).state == "sent"
    with pytest.raises(Refused) as refused:
        referring.sent(sent.participant_id)
    assert [trouble.code for trouble in refused.value.troubles] == ["declined_before"]


def test_what_every_lender_of_it_refused_is_not_recommended_until_it_is_mended(referring):
    sent = referring.sent()
    referring.move("officer", sent, "decline", reasons=("tax_number",))
    referring.agrees(sent.participant_id, referring.other_bank)
    other = referring.sent(sent.participant_id, referring.other_bank)
    referring.move("rival", other, "decline", reasons=("tax_number",))
    with referring.kail.record.read() as tx:
        assert [one.products for one in declines_of(tx, referring.rules, sent.participant_id)] == [(PRODUCT,)] * 2
    kail = referring.kail
    with kail.client("mentor") as client:

        def asked():
            answer = client.post(f"/api/v1/participants/{sent.participant_id}/assessments").json()
            return answer["core"]["products"][PRODUCT]["status"], answer["core"]["interventions"][0][0]

        assert asked() == ("not_yet", "npwp")
        kail.evidence(sent.participant_id, npwp=True)
        assert asked()[0] == "conditions_met"


def test_no_more_is_asked_for_than_can_be_come_to(referring):
    sent = referring.sent()
    for code, more in (("books", 999_999_999_999), ("books", 31), ("time_in_business", 999_999)):
        with pytest.raises(Refused) as refused:
            referring.move("officer", sent, "decline", reasons=(Why(code, more=more),))
        assert (refused.value.status, refused.value.troubles[0].code) == (400, "too_much_more")
    assert referring.as_seen("officer", sent).state == "sent"


def test_a_no_that_was_a_mistake_is_taken_back_by_the_lender_and_by_nobody_else(referring):
    for login, left in (("mentor", 1), ("officer", 0)):
        sent = referring.sent()
        referring.move("officer", sent, "decline", reasons=("at_capacity",))
        declined = referring.as_seen(login, sent)
        referring.move(login, declined, "mark_error", reasons=("sent_twice",))
        with referring.kail.record.read() as tx:
            assert len(declines_by(tx, sent.participant_id, referring.bank)) == left


def test_what_one_officer_asks_another_to_approve_is_told_to_nobody_else(referring):
    kail, sent = referring.kail, referring.sent()
    lets_stand(kail, "officer")
    lets_stand(kail, "officer2")
    referring.move("officer", sent, "decline", reasons=(Why(for_good(referring), "Alasan"),))
    assert [one.move for one in referring.as_seen("officer2", sent).events][-1] == "asked_for_good"
    for login in ("mentor", "operator"):
        assert "asked_for_good" not in [one.move for one in referring.as_seen(login, sent).events]


def test_a_no_for_what_is_held_as_done_is_said_back_and_bars_until_it_is_known_anew(referring):
    """Kail holds the NIB as there. Both lenders want it all the same, and nothing is recommended until somebody looked."""
    kail = referring.kail
    person = referring.trader()
    kail.clock.forward(days=10)
    for login, bank in (("officer", referring.bank), ("rival", referring.other_bank)):
        referring.agrees(person, bank)
        sent = referring.sent(person, bank)
        with kail.client(login) as client:
            page = client.get(f"/referrals/{sent.id}", params={"language": "en"}).text
        assert "The pack says NIB (business number): yes." in page  # said back to the officer before they answer
        referring.move(login, sent, "decline", reasons=("permit",))
    with kail.client("mentor") as client:

        def asked():
            told = client.post(f"/api/v1/participants/{person}/assessments", params={"language": "en"}).json()
            return told["core"]["products"][PRODUCT]["status"], "declined_anew" in str(told["core"])

        assert asked() == ("not_yet", True)
        kail.evidence(person, nib=True)
        assert asked() == ("conditions_met", False)


def test_what_each_reason_shuts_stands_beside_it_where_an_officer_chooses(referring):
    sent = referring.sent()
    with referring.kail.client("officer") as client:
        page = client.get(f"/referrals/{sent.id}", params={"language": "en"}).text
        many = client.post("/referrals", data={"picked": [sent.id], "act": "decline"}, params={"language": "en"}).text
    for said in ("Shuts it for 30 days.", "Shuts nothing.", "for good.", "3 months more of: Months of books"):
        assert said in page
        assert said in many
    form = page.partition("/moves/hold")[2].partition("</form>")[0]
    assert "Shuts" not in form
