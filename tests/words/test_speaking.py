"""A speaker writes numbers, days and moments as its language does, and words in the form that goes with a number."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from matcher.message import Message
from words.speaking import Named, SaidError, speaker

ID, EN = speaker("id"), speaker("en")
JAKARTA = ZoneInfo("Asia/Jakarta")


@pytest.mark.parametrize(
    ("value", "id_", "en"), [(1, "1 hari", "1 day"), (0, "0 hari", "0 days"), (1200, "1.200 hari", "1,200 days")]
)
def test_a_word_follows_its_number(value, id_, en):
    assert (ID.counted("days", value), EN.counted("days", value)) == (id_, en)


def test_a_sentence_follows_its_count():
    assert EN.sentence("page", "more_questions", count=1) == "1 more question"
    assert EN.sentence("page", "more_questions", count=2) == "2 more questions"
    assert ID.sentence("page", "more_questions", count=2) == "2 pertanyaan lagi"


@pytest.mark.parametrize(
    ("value", "places", "how", "id_", "en"),
    [
        (6.5, 4, {}, "6,5", "6.5"),
        (25, 4, {}, "25", "25"),
        (Decimal("-12.3"), 1, {"fixed": True, "signed": True}, "-12,3", "-12.3"),
        (Decimal(12), 1, {"fixed": True, "signed": True}, "+12,0", "+12.0"),
        (Decimal("1234.56"), 1, {}, "1.234,6", "1,234.6"),
    ],
)
def test_a_number_with_places_is_written_as_the_language_does(value, places, how, id_, en):
    assert (ID.decimal(value, places, **how), EN.decimal(value, places, **how)) == (id_, en)


def test_no_unit_is_said_twice():
    """An argument named days is written "3 days": the sentence must not say days once more."""
    for says in (ID, EN):
        for unit in says.catalogue.codes("unit"):
            nouns = "|".join(form.replace("{number} ", "") for form in says.catalogue.sentences["unit", unit].forms)
            twice = re.compile(rf"\{{{unit}\}} (?:{nouns})\b")
            said = says.catalogue.sentences
            assert [key for key, one in said.items() if any(map(twice.search, one.forms))] == []


def test_a_moment_is_written_where_it_is_read():
    noon = datetime(2026, 11, 28, 17, 5, tzinfo=UTC)
    assert ID.moment(noon, JAKARTA) == "29 November 2026, 00.05"
    assert EN.moment(noon, JAKARTA) == "29 November 2026, 00:05"


def test_an_argument_is_what_it_is_whatever_it_is_called():
    """What somebody typed is never taken for a code of ours."""
    assert EN.word("role", "mentor") == "mentor"
    assert EN.word("role", Named("role", "mentor")) == "Mentor"
    assert EN.word("allowed", [Named("role", "mentor"), "stale", 3]) == "Mentor, stale, 3"
    assert EN.word("step", Message("none")) == "none"
    assert EN.word("on", date(2026, 2, 1)) == "1 February 2026"
    assert EN.say(Message("unknown_field", {"name": "{x}", "allowed": "a"})) == "{x} is not known here."


def test_a_code_without_a_name_is_shown_as_it_is():
    assert EN.name("action", "never_heard_of") == "never_heard_of"


def test_an_error_says_itself_in_any_language_and_is_english_as_a_string():
    error = SaidError("key_file_open", file="kail.key")
    assert str(error) == "kail.key may be read by others. Run chmod 600 kail.key, then start again."
    assert (
        ID.with_remedy(error.message)
        == "kail.key bisa dibaca orang lain. Jalankan chmod 600 kail.key, lalu mulai lagi."
    )
