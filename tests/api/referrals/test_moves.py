"""Moves: exactly the programme's transitions, by whom it allows, with what each asks for; of two at once one wins."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import delete, select, update

from api.record.refusals import Refused
from api.referrals import service
from api.referrals.said import Said, Why
from api.referrals.stored import find
from api.referrals.tables import DECLINES, REFERRALS
from tests.chains import faults_in
from tests.referring import PRODUCT, Referring

TODAY = date(2026, 12, 1)
LOGINS = {"mentor": "mentor", "lender": "officer", "operator": "operator"}


@pytest.fixture
def referring(small_kail):
    return Referring(small_kail)


@pytest.fixture
def on_both(kail):
    return Referring(kail)


def codes(refused):
    return [(trouble.field, trouble.code) for trouble in refused.value.troubles]


def what_it_asks(rules, rule, today):
    """Something legal to say with a transition."""
    said = Said()
    if rule.reasons:
        reason = next(one for one in rules.referrals.reasons if one.kind == rule.reasons and not one.for_good)
        said = replace(said, reasons=(Why(reason.id, "because" if reason.needs_text else ""),))
    if "documents" in rule.asks:
        said = replace(said, documents=("NIB",))
    if "amount" in rule.asks:
        said = replace(said, amount_idr=5_000_000)
    if "day" in rule.asks:
        said = replace(said, on=today)
    said = replace(said, days_late=0) if "repayment" in rule.asks else said
    return {name: value for name, value in vars(said).items() if name != "shown"}


def test_a_referral_goes_to_the_lender_and_comes_back_with_a_decision(on_both):
    sent = on_both.sent()
    assert (sent.state, sent.version, sent.agreed, sent.complete) == ("sent", 2, True, 77)
    assert sent.pack["person"] == {"name": "Bu Ani", "phone": "6281234567890", "nik": None}
    taken = on_both.move("officer", sent, "take_up")
    accepted = on_both.move("officer2", taken, "accept")
    assert (accepted.state, accepted.quota_month) == ("accepted", "2026-12")
    paid = on_both.move("officer", accepted, "disburse", amount_idr=5_000_000, on=date(2026, 12, 1))
    assert [one.move for one in paid.events] == ["draft", "send", "take_up", "accept", "disburse"]
    assert [one.side for one in paid.events] == ["mentor", "mentor", "lender", "lender", "lender"]
    assert on_both.as_seen("mentor", sent).state == "disbursed"
    assert faults_in(on_both.kail.record) == {}


@pytest.mark.parametrize("login", LOGINS)
def test_every_pair_of_a_state_and_a_role_makes_exactly_the_transitions_of_the_table(referring, login):
    """All that the programme does not allow is refused, and leaves the referral as it was."""
    rules, today = referring.rules, date(2026, 12, 1)
    sent = referring.sent()
    for state in rules.referrals.states:
        for rule in rules.referrals.transitions:
            if not rule.begins:
                continue
            with referring.kail.record.write() as tx:
                tx.run(
                    update(REFERRALS).values(
                        state=state.id, version=7, due_at=None, quota_month=None, quota_idr=9_000_000
                    )
                )
            allowed = login in rule.by and state.id in rule.begins
            try:
                after = referring.move(
                    LOGINS[login], replace(sent, version=7), rule.id, **what_it_asks(rules, rule, today)
                )
                assert allowed, (state.id, rule.id)
                assert after.state == rule.to
                with referring.kail.record.read() as tx:
                    assert tx.one(select(REFERRALS.c.quota_month))[0] == ("2026-12" if "quota" in rule.asks else None)
            except Refused as refused:
                assert not allowed, (state.id, rule.id, refused)
                assert refused.status in (403, 409)
                with referring.kail.record.read() as tx:
                    assert tx.one(select(REFERRALS.c.state, REFERRALS.c.version)) == (state.id, 7)
            with referring.kail.record.write() as tx:
                tx.run(delete(DECLINES))


def test_nothing_leaves_without_a_consent_that_names_what_goes_out(referring):
    person = referring.trader(agrees=False)
    draft = referring.draft(person)
    with pytest.raises(Refused) as refused:
        referring.move("mentor", draft, "send")
    assert (refused.value.status, codes(refused)) == (409, [("consent", "no_consent_referral")])
    referring.agrees(person, referring.bank, text_version="2026-11")  # which named nothing that would do
    with pytest.raises(Refused):
        referring.move("mentor", draft, "send")
    referring.agrees(person, referring.other_bank)
    with pytest.raises(Refused):
        referring.move("mentor", draft, "send")
    referring.agrees(person, referring.bank)
    assert referring.move("mentor", draft, "send").state == "sent"


def test_a_consent_that_is_taken_back_ends_it_at_the_next_request(on_both):
    sent = on_both.sent()
    on_both.agrees(sent.participant_id, on_both.bank, given=False)
    closed = on_both.as_seen("officer", sent)
    assert (closed.state, closed.pack, closed.events) == ("withdrawn", None, ())
    with pytest.raises(Refused) as refused:
        on_both.move("officer", sent, "take_up")
    assert refused.value.status == 409
    assert on_both.as_seen("mentor", sent).state == "withdrawn"


def test_a_decision_without_a_reason_is_refused_with_all_that_is_wrong(referring):
    sent = referring.sent()
    for reasons, code in (
        ((), "give_reasons"),
        (("cash_flow", "cash_flow"), "give_reasons"),
        (("none_such",), "no_choice"),
        (("other",), "reason_needs_text"),
        ((Why("at_capacity", more=3),), "no_more_of_it"),
    ):
        with pytest.raises(Refused) as refused:
            referring.move("officer", sent, "decline", reasons=reasons)
        assert (refused.value.status, [trouble.code for trouble in refused.value.troubles]) == (400, [code])
    with pytest.raises(Refused) as refused:
        referring.move("officer", sent, "decline", amount_idr=1, documents=("KTP",))
    assert codes(refused) == [
        ("reasons", "give_reasons"),
        ("documents", "not_asked_here"),
        ("amount_idr", "not_asked_here"),
    ]
    assert referring.as_seen("officer", sent).state == "sent"


def test_the_other_lender_and_another_mentor_are_told_that_there_is_nothing(referring):
    sent = referring.sent()
    for login in ("rival", "other_mentor", "mentor2", "lender", "other_operator", "analyst"):
        with pytest.raises(Refused) as refused:
            referring.as_seen(login, sent)
        assert (refused.value.status, refused.value.troubles[0].code) == (404, "not_found")


def test_a_draft_is_seen_by_no_lender(referring):
    draft = referring.draft(referring.trader())
    with pytest.raises(Refused) as refused:
        referring.as_seen("officer", draft)
    assert refused.value.status == 404


def test_whoever_read_an_older_version_is_refused(referring):
    sent = referring.sent()
    referring.move("officer", sent, "take_up")
    with pytest.raises(Refused) as refused:
        referring.move("officer2", sent, "accept")
    assert codes(refused) == [("version", "stale")]


def test_the_same_product_is_asked_for_once_at_a_time(referring):
    sent = referring.sent()
    with pytest.raises(Refused) as refused:
        referring.draft(sent.participant_id)
    assert codes(refused) == [("product", "referred_already")]
    referring.agrees(sent.participant_id, referring.other_bank)
    assert referring.sent(sent.participant_id, referring.other_bank).state == "sent"


def test_something_may_be_said_while_it_is_under_way_and_not_after(referring):
    sent = referring.sent()
    with referring.writing("officer") as (tx, actor, rules):
        said = service.say_something(tx, actor, rules, sent.id, "Mohon foto warung")
    assert said.events[-1].said == {"note": "Mohon foto warung"}
    assert referring.as_seen("mentor", sent).events[-1].said == {"note": "Mohon foto warung"}
    referring.move("mentor", referring.as_seen("mentor", sent), "withdraw", reasons=("too_slow",))
    with pytest.raises(Refused), referring.writing("officer") as (tx, actor, rules):
        service.say_something(tx, actor, rules, sent.id, "?")


def test_what_time_has_ended_is_over_at_the_next_request(referring):
    sent = referring.sent()
    referring.kail.clock.forward(days=400)
    with referring.kail.record.read() as tx:
        assert find(tx, referring.kail.actors["mentor"], referring.rules, sent.id).state == "expired"
    with pytest.raises(Refused) as refused:
        referring.move("officer", sent, "accept")
    assert codes(refused) == [("move", "not_from_this_state")]
    assert timedelta(0) < sent.due_at - sent.since < timedelta(days=400)


def test_the_product_is_one_that_the_lender_lends(referring):
    person = referring.trader()
    for product, lender, field in (
        ("no_such_product", referring.bank, "product"),
        (PRODUCT, referring.kail.actors["mentor"].organisation_id, "lender_id"),
        ("kemensos_pena", referring.bank, "lender_id"),
    ):
        with pytest.raises(Refused) as refused:
            referring.draft(person, lender, product=product)
        assert (refused.value.status, refused.value.troubles[0].field) == (400, field)


def test_a_consent_that_goes_and_comes_back_revives_nothing(on_both):
    sent = on_both.sent()
    person = sent.participant_id
    on_both.kail.clock.forward(minutes=1)
    on_both.agrees(person, on_both.bank, given=False)
    on_both.kail.clock.forward(minutes=1)
    on_both.agrees(person, on_both.bank)
    closed = on_both.as_seen("officer", sent)
    assert (closed.state, closed.pack, closed.amount_idr, closed.area) == ("withdrawn", None, 0, "")
    again = on_both.sent(person)  # a new one may be sent, and is another one
    assert on_both.as_seen("officer", again).state == "sent"
    assert on_both.as_seen("officer", sent).state == "withdrawn"
    on_both.agrees(person, on_both.bank, text_version="2026-11")  # a text that names less ends it as well
    assert on_both.as_seen("officer", again).state == "withdrawn"


def test_what_is_sent_is_what_the_mentor_was_shown(referring):
    person = referring.trader()
    draft = referring.draft(person)
    with referring.kail.record.write() as tx:
        asked = (referring.kail.actors["mentor"], referring.rules, person, PRODUCT, referring.bank, None)
        shown = service.look_ahead(tx, *asked).shown
    referring.kail.evidence(person, monthly_profit=2_900_000)
    for wrong in (shown, ""):
        with pytest.raises(Refused) as refused:
            referring.move("mentor", draft, "send", shown=wrong)
        assert codes(refused) == [("shown", "changed_since_shown")]
    assert referring.move("mentor", draft, "send").state == "sent"


def test_repayment_is_written_down_also_when_the_consent_is_gone(on_both):
    sent = on_both.sent()
    paid = on_both.move("officer", on_both.move("officer", sent, "accept"), "disburse", amount_idr=4_000_000, on=TODAY)
    assert (paid.amount_idr, paid.quota_idr) == (4_000_000, 4_000_000)
    on_both.kail.clock.forward(minutes=1)
    on_both.agrees(sent.participant_id, on_both.bank, given=False)
    repaid = on_both.move("officer", paid, "repay", on=TODAY, days_late=3)
    assert (repaid.state, repaid.pack) == ("repaid", None)
    history = on_both.as_seen("mentor", sent).events
    assert (history[-1].said["days_late"], history[-1].said["on"]) == (3, TODAY)


def test_no_more_is_paid_than_was_accepted_and_a_payment_is_undone_by_the_lender_alone(referring):
    accepted = referring.move("officer", referring.sent(), "accept", amount_idr=1_000_000)
    with pytest.raises(Refused) as refused:
        referring.move("officer", accepted, "disburse", amount_idr=100_000_000, on=TODAY)
    assert codes(refused) == [("amount_idr", "more_than_accepted")]
    paid = referring.move("officer", accepted, "disburse", amount_idr=1_000_000, on=TODAY)
    with pytest.raises(Refused) as refused:
        referring.move("mentor", paid, "mark_error", reasons=("sent_twice",))
    assert refused.value.status == 409
    undone = referring.move("officer", paid, "undo_payment", reasons=("sent_twice",))
    assert (undone.state, undone.quota_month, undone.pack) == ("entered_in_error", None, None)


def test_who_cannot_be_read_by_anybody_writes_no_words(referring):
    sent = referring.sent()
    for login, said in (
        ("operator", {"reasons": (Why("error_other", "Salah"),)}),
        ("operator", {"reasons": ("sent_twice",), "note": "x"}),
    ):
        with pytest.raises(Refused) as refused:
            referring.move(login, sent, "mark_error", **said)
        assert codes(refused) == [("reasons", "no_words_here")]
    assert referring.move("operator", sent, "mark_error", reasons=("sent_twice",)).state == "entered_in_error"


def test_an_operator_sees_how_it_stands_and_nothing_of_the_person(referring):
    sent = referring.sent()
    referring.move("officer", sent, "decline", reasons=("cash_flow",))
    seen = referring.as_seen("operator", sent)
    assert (seen.state, seen.amount_idr, seen.area, seen.complete, seen.pack) == ("declined", 0, "", 0, None)
    assert all(one.reasons == () and one.said == {} for one in seen.events)
    accepted = referring.move("officer", referring.sent(), "accept", amount_idr=2_000_000)
    paid = referring.move("officer", accepted, "disburse", amount_idr=2_000_000, on=TODAY)
    assert all(one.said == {} for one in referring.as_seen("operator", paid).events)
