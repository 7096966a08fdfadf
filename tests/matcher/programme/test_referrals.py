"""Referrals as the programme states them: what stands on a day, and every mistake named with file, entry and remedy."""

from __future__ import annotations

from datetime import date

import pytest

from matcher.programme.entries import Consequence
from matcher.programme.loading import load_programme
from matcher.programme.referrals import FORM_C1
from matcher.programme.rules import rules_on
from tests.matcher.programme.mistakes import Mistake, assert_is_named, change, problems

LOST = """[[state]]
id = "lost"
name = { id = "x", en = "x" }
turn = "mentor"
hl7 = "draft"
our_choice = { id = "x", en = "x" }

[[state]]
id = "brought\""""
FIRST_STATE = '[[state]]\nid = "brought"'
MORE = 'consequence = { kind = "more", signal = "months_of_tally", more = 3, starts_with = "tally_book" }'
STALL = 'intervention = "stall_permit"'
MISTAKES = {
    # entries
    "an unknown turn": Mistake(
        "referrals", 'turn = "lender"', 'turn = "lendre"', "state brought", "turn is 'lendre'", "Did you mean lender?"
    ),
    "an unknown status": Mistake(
        "referrals", 'hl7 = "requested"', 'hl7 = "request"', "state brought", "hl7 is 'request'", "Did you mean requested?"
    ),
    "nowhere to begin": Mistake(
        "referrals", "begins = []\n", "", "transition speak_of", "begins is missing", "Add begins."
    ),
    "a reason of no kind": Mistake(
        "referrals", 'kind = "decline"\nabout', 'kind = "declined"\nabout', "reason short_tally", "kind is 'declined'",
        "Did you mean decline?",
    ),
    "parked without days": Mistake(
        "referrals", MORE, 'consequence = { kind = "parked" }', "reason short_tally", "days is missing", "Add days."
    ),
    "a key of another consequence": Mistake(
        "referrals", "more = 3,", 'more = 3, intervention = "tally_book",', "reason short_tally consequence",
        "a consequence more has no intervention", "Remove intervention, or choose another kind.",
    ),
    # names
    "an unknown state after its days": Mistake(
        "referrals", 'then = "faded"', 'then = "fade"', "state brought", "then names 'fade'", "Did you mean faded?"
    ),
    "an unknown state to begin in": Mistake(
        "referrals", 'begins = ["brought"]', 'begins = ["bruoght"]', "transition promise", "begins names 'bruoght'",
        "Did you mean brought?",
    ),
    "an unknown state to come to": Mistake(
        "referrals", 'to = "refused"', 'to = "refuse"', "transition refuse", "to names 'refuse'", "Did you mean refused?"
    ),
    "an unknown mover": Mistake(
        "referrals", 'by = ["kail"]', 'by = ["kial"]', "transition fade", "by names 'kial'", "Did you mean kail?"
    ),
    "nobody who does it": Mistake("referrals", 'by = ["kail"]', "by = []", "transition fade", "by is missing", "Add by."),
    "an unknown thing to give": Mistake(
        "referrals", '"consent", "pack"', '"consents", "pack"', "transition bring", "asks names 'consents'",
        "Did you mean consent?",
    ),
    "an unknown signal": Mistake(
        "referrals", '"months_of_tally", more', '"months_of_tallies", more', "reason short_tally",
        "signal names 'months_of_tallies'", "Did you mean months_of_tally?",
    ),
    "an unknown intervention to start with": Mistake(
        "referrals", 'starts_with = "tally_book"', 'starts_with = "tally_boko"', "reason short_tally",
        "starts_with names 'tally_boko'", "Did you mean tally_book?",
    ),
    "something that is never suggested to start with": Mistake(
        "referrals", 'starts_with = "tally_book"', 'starts_with = "loan_runs_out"', "reason short_tally",
        "starts with loan_runs_out, a wait", "Name an intervention that can be suggested.",
    ),
    "an unknown intervention first": Mistake(
        "referrals", STALL, 'intervention = "stall_permits"', "reason no_stall", "intervention names 'stall_permits'",
        "Did you mean stall_permit?",
    ),
    # what does not fit together
    "the same transition twice on one day": Mistake(
        "referrals", 'id = "promise"', 'id = "refuse"', "refuse", "stands twice on the same days", "other dates"
    ),
    "the same reason twice": Mistake(
        "referrals", 'id = "no_stall"', 'id = "short_tally"', "short_tally", "stands twice on the same days", "other dates"
    ),
    "a state that follows and nobody brings it": Mistake(
        "referrals", 'by = ["kail"]', 'by = ["operator"]', "state brought", "goes on as faded, where kail has no way",
        "with by = ['kail']",
    ),
    "reasons that are not there": Mistake(
        "referrals", 'reasons = "decline"', 'reasons = "hold"', "transition refuse", "of the kind hold, and there is none",
        "at least one reason with kind = 'hold'",
    ),
    "an end that is left": Mistake(
        "referrals", 'begins = ["brought", "promised"]', 'begins = ["brought", "faded"]', "transition refuse",
        "begins in faded, which has ended", "Take it out of begins",
    ),
    "a loan that is refused afterwards": Mistake(
        "referrals", 'begins = ["brought", "promised"]', 'begins = ["brought", "handed_over"]', "transition refuse",
        "begins in handed_over, which has ended", "marked as an error",
    ),
    "no beginning": Mistake(
        "referrals", "begins = []", 'begins = ["promised"]', "file", "no transition makes a referral", "begins = []"
    ),
    "a draft that asks for something": Mistake(
        "referrals", 'to = "spoken_of"', 'to = "spoken_of"\nasks = ["day"]', "transition speak_of", "or asks for something",
        'by = ["mentor"]',
    ),
    "nothing that sends it": Mistake(
        "referrals", '"consent", "pack"', '"consent"', "file", "no transition that sends", '"pack"'
    ),
    "an end without consent that is no transition": Mistake(
        "referrals", '"unsay"\nfacts', '"unsays"\nfacts', "file", "ends_without_consent names 'unsays'", "Did you mean unsay?"
    ),
    "an end without consent by somebody": Mistake(
        "referrals", '"unsay"\nfacts', '"bring"\nfacts', "file", "names bring, which is not by kail", 'by = ["kail"]'
    ),
    "a fact that is no signal": Mistake(
        "referrals", "facts = []", 'facts = ["months_of_tally", "no_such"]', "file", "facts names 'no_such'", ""
    ),
    "two beginnings": Mistake(
        "referrals", 'begins = ["promised"]', "begins = []", "file", "begin in several states: handed_over, spoken_of",
        "to one of them",
    ),
    "a state that nothing reaches": Mistake(
        "referrals", FIRST_STATE, LOST, "state lost", "is never come to", "Write a transition"
    ),
    "a state that nothing leaves": Mistake(
        "referrals", FIRST_STATE, LOST, "state lost", "is never left", "ends = true"
    ),
    "a state that lasts no day": Mistake(
        "referrals", "days = { value = 12", "days = { value = 0", "state brought days", "is 0", "Stay within 1 to 3650"
    ),
    "days of silence that are a signal": Mistake(
        "referrals", "quiet_days = { value = 5", 'quiet_days = { signal = "purse", value = 5', "quiet_days",
        "days is a signal", "Write days.value.",
    ),
    "more of what is no number": Mistake(
        "referrals", '"months_of_tally", more', '"joined", more', "reason short_tally", "more of joined, a yes_no",
        "a number or money",
    ),
    "no more at all": Mistake(
        "referrals", "more = 3", "more = 0", "reason short_tally", "more is 0", "Write a number from 1 to 240"
    ),
    "a reason that the form does not print": Mistake(
        "referrals", "form_c1 = [10]", "form_c1 = [25]", "reason short_tally", "form_c1 holds 25", "from 1 to 24"
    ),
    "for good, and not": Mistake(
        "referrals", "form_c1 = [10]", "for_good = true", "reason short_tally", "its consequence is not", "without days"
    ),
    "shut for good without saying so": Mistake(
        "referrals", "for_good = true\n", "", "reason not_our_valley", "without a number of days", "write for_good = true"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named_with_file_entry_and_remedy(folder, name):
    assert_is_named(folder, MISTAKES[name])


def test_a_state_that_follows_needs_days(folder):
    change(folder, "referrals", "days = { value = 12, ", "# days = { value = 12, ")
    (problem,) = problems(folder)
    assert (problem.entry, problem.what) == ("state brought", "goes on as faded without a number of days")
    assert problem.remedy == "Add days, or remove then."


def test_every_mistake_is_named_at_once(folder):
    change(folder, "referrals", "more = 3", "more = 0")
    change(folder, "referrals", 'to = "refused"', 'to = "nowhere"')
    change(folder, "referrals", "form_c1 = [24]", "form_c1 = [0, true]")
    found = [(problem.entry, problem.what) for problem in problems(folder)]
    assert found == [
        ("transition refuse", "to names 'nowhere', which does not exist"),
        ("reason short_tally", "more is 0"),
        ("reason no_stall", "form_c1 holds 0"),
        ("reason no_stall", "form_c1 holds True"),
        ("state refused", "is never come to"),
    ]


def test_first_something_that_changes_nothing_would_never_end(folder):
    change(folder, "referrals", STALL, 'intervention = "courtyard_visit"')
    (problem,) = problems(folder)
    assert problem.what == "waits for courtyard_visit, which changes nothing"


# -- what stands on a day ----------------------------------------------------------------------------------------------


def test_rules_hold_only_what_stands_on_their_day(folder):
    change(
        folder, "referrals", 'id = "purse_empty"', 'id = "purse_empty"\nvalid_from = 2026-01-01\nvalid_to = 2026-06-30'
    )
    programme = load_programme(folder)
    assert len(programme.referrals.reasons) == 4
    for day, stands in ((date(2025, 12, 31), 0), (date(2026, 1, 1), 1), (date(2026, 6, 30), 1), (date(2026, 7, 1), 0)):
        referrals = rules_on(programme, day).referrals
        assert sum(reason.id == "purse_empty" for reason in referrals.reasons) == stands
        assert len(referrals.states) == len(programme.referrals.states)


def test_one_transition_may_follow_another_of_its_id(folder):
    change(folder, "referrals", 'id = "promise"', 'id = "promise"\nvalid_to = 2026-06-30')
    change(folder, "referrals", 'id = "give_back"', 'id = "promise"\nvalid_from = 2026-07-01')
    programme = load_programme(folder)
    for day, to in ((date(2026, 6, 30), "promised"), (date(2026, 7, 1), "given_back")):
        assert [t.to for t in rules_on(programme, day).referrals.transitions if t.id == "promise"] == [to]


# -- OK OCE ------------------------------------------------------------------------------------------------------------


def test_of_jakarta_only_what_is_told_after_a_payment_follows_an_end(okoce):
    states = {state.id: state for state in okoce.referrals.states}
    told = {t.id for t in okoce.referrals.transitions if any(states[name].ends for name in t.begins)}
    assert told == {"mark_error", "undo_payment", "repay", "default"}
    assert {state.id for state in states.values() if not state.ends} == set().union(
        *(t.begins for t in okoce.referrals.transitions if t.id == "end_consent")
    )


def test_of_jakarta_every_refusal_by_somebody_asks_for_a_reason(okoce):
    asked = {t.id: t.reasons for t in okoce.referrals.transitions if t.reasons}
    assert asked == {
        "hold": "hold", "decline": "decline", "withdraw": "withdrawal", "take_back": "decline",
        "fall_through": "fell_through", "mark_error": "error", "undo_payment": "error",
    }  # fmt: skip


def test_of_jakarta_every_reason_of_decline_stands_on_the_form(okoce):
    declines = [reason for reason in okoce.referrals.reasons if reason.kind == "decline"]
    assert len(declines) == 27
    assert all(reason.form_c1 for reason in declines)
    assert FORM_C1 == 24


def test_of_jakarta_what_is_about_the_lender_asks_nothing_of_the_participant(okoce):
    for reason in okoce.referrals.reasons:
        if reason.about == "lender":
            assert reason.consequence.kind in ("parked", "not_this_lender", "none"), reason.id
            assert reason.consequence.starts_with == "", reason.id
    (full,) = [reason for reason in okoce.referrals.reasons if reason.id == "at_capacity"]
    assert full.about == "lender"


def test_a_reason_without_a_consequence_bars_nothing(okoce):
    (incomplete,) = [reason for reason in okoce.referrals.reasons if reason.id == "incomplete"]
    assert incomplete.consequence == Consequence()
