"""Every sentence stands in both languages and fills the same places."""

import string
from datetime import date

import pytest

from api.web.page_words import PAGE
from api.web.words import OWN, PROBLEMS, REMEDIES, teller
from matcher.message import Message
from matcher.programme.criteria import Criterion
from words.wording import SENTENCES


def places(sentence):
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


@pytest.mark.parametrize("sentences", [OWN, REMEDIES, PAGE, SENTENCES])
def test_both_languages_fill_the_same_places(sentences):
    for code, both in sentences.items():
        assert set(both) == {"id", "en"}, code
        assert places(both["id"]) == places(both["en"]), code
        assert both["id"].strip(), code
        assert both["en"].strip(), code


def test_no_sentence_of_ours_hides_one_of_the_matchers():
    assert set(OWN) & set(SENTENCES) == set()


def test_a_remedy_belongs_to_a_sentence_and_fills_no_other_places_than_are_given():
    assert set(REMEDIES) <= set(OWN)


def test_every_problem_has_title_and_detail_in_both_languages():
    for kind in PROBLEMS.values():
        assert set(kind["title"]) == set(kind["detail"]) == {"id", "en"}


def test_a_floor_of_one_rupiah_more_is_said_as_more_than(live):
    floor = Criterion("signal", "amount_asked", "at_least", 10_000_001)
    assert teller(live.rules, "id").need(floor) == "lebih dari Rp10.000.000"
    assert teller(live.rules, "en").need(floor) == "more than Rp10,000,000"


def test_that_something_is_so_is_said_by_its_name_alone(live):
    t = teller(live.rules, "en")
    assert t.criterion(Criterion("signal", "business_running", "is", True)) == "Business is running"
    assert t.criterion(Criterion("signal", "business_running", "is", False)) == "Business is running: no"


def test_a_message_may_hold_another(live):
    message = Message("not_an_object", {"sent": Message("list")})
    assert teller(live.rules, "en").say(message) == "This must be a JSON object, not a list."


def test_days_are_written_out(live):
    assert (
        teller(live.rules, "id").say(Message("future_as_of", {"today": date(2026, 8, 1)})).endswith("1 Agustus 2026.")
    )
