"""A consent for a lender is for the referral that it was given for, and for what was shown of that; not for another one."""

from __future__ import annotations

import pytest

from api.record.refusals import Refused
from tests.api.referrals.test_pages import Visitor
from tests.reading import read
from tests.referring import PRODUCT, Referring


@pytest.fixture
def referring(kail):
    return Referring(kail)


def test_a_second_referral_to_the_same_lender_takes_a_consent_of_its_own(referring):
    first = referring.sent()
    person = first.participant_id
    referring.kail.clock.forward(days=1)
    referring.move("officer", first, "decline", reasons=("incomplete",))  # shuts nothing
    referring.kail.evidence(person, existing_credit=[], staff=3)
    draft = referring.draft(person)
    with pytest.raises(Refused) as refused:
        referring.move("mentor", draft, "send")
    assert [(one.field, one.code) for one in refused.value.troubles] == [("consent", "consent_for_another")]
    assert referring.as_seen("mentor", draft).state == "drafted"
    assert referring.as_seen("officer", first).pack is not None  # what was sent stays open: that was agreed to
    referring.agrees(person, referring.bank)
    assert referring.move("mentor", draft, "send").state == "sent"


def test_what_was_asked_for_is_sent_under_the_same_consent(referring):
    first = referring.sent()
    referring.kail.clock.forward(days=2)
    asked = referring.move("officer", first, "ask_more", documents=("NIB",))
    referring.kail.clock.forward(days=2)
    assert referring.move("mentor", asked, "answer").state == "in_review"


def test_another_lender_is_another_consent_and_needs_none_twice(referring):
    first = referring.sent()
    referring.kail.clock.forward(days=1)
    referring.agrees(first.participant_id, referring.other_bank)
    assert referring.sent(first.participant_id, referring.other_bank).state == "sent"


def test_the_page_asks_once_more_where_the_consent_was_for_another_referral(referring):
    first = referring.sent()
    referring.kail.clock.forward(days=1)
    referring.move("officer", first, "decline", reasons=("incomplete",))
    address = f"/participants/{first.participant_id}/refer?product={PRODUCT}&lender={referring.bank}"
    with referring.kail.client("mentor") as client:
        mentor = Visitor(client)
        mentor.open(address)
        assert 'name="agrees"' in mentor.page.text
        mentor.send("/refer")
        assert mentor.page.status_code == 409
        read(mentor.page, 409)
        mentor.send("/refer", agrees="true")
        assert "/referrals/" in str(mentor.page.url)
