"""Reading input: every kind of bad value is refused in words, all at once; nothing is guessed."""

import math
from collections import Counter
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.entries import Programme
from matcher.participant import Fact, Participant, ParticipantError, know, read_participant
from matcher.rules import rules_on
from matcher.words import Speaker
from tests.strategies import raw_signals

DAY = date(2026, 11, 21)

BAD = {
    "text with a unit": ("monthly_profit", "Rp5.000.000", "not_a_number_text"),
    "a number as text": ("monthly_profit", "5000000", "not_a_number_text"),
    "thousands with dots": ("monthly_profit", "5.000.000", "not_a_number_text"),
    "no number at all": ("monthly_profit", [5], "not_a_number"),
    "true for a number": ("training_hours", True, "not_a_number"),
    "NaN": ("monthly_profit", math.nan, "not_finite"),
    "infinity": ("monthly_profit", math.inf, "not_finite"),
    "minus infinity": ("monthly_profit", -math.inf, "not_finite"),
    "a part of a rupiah": ("monthly_profit", 0.5, "not_whole"),
    "negative money": ("monthly_revenue", -1, "out_of_range_money"),
    "negative months": ("months_of_books", -1, "out_of_range"),
    "far too many": ("training_hours", 10**30, "out_of_range"),
    "a huge float": ("training_hours", 1e300, "out_of_range"),
    "a date in the future": ("training_certificate_on", "2026-11-22", "future_date"),
    "no such day": ("training_certificate_on", "2026-02-30", "no_date"),
    "a date the other way round": ("training_certificate_on", "31-12-2025", "no_date"),
    "a number for a date": ("training_certificate_on", 20251231, "no_date"),
    "a week for a date": ("training_certificate_on", "2025-W01-1", "no_date"),
    "yes in words": ("nib", "ya", "not_yes_no"),
    "one for yes": ("nib", 1, "not_yes_no"),
    "an unknown code": ("purpose", "modal_kerja", "unknown_code"),
    "a list for a choice": ("purpose", ["investment"], "unknown_code_near"),
    "one code for a list": ("existing_credit", "kur", "not_a_list"),
    "an unknown code in a list": ("existing_credit", ["kur", "kurr"], "unknown_code_near"),
    "a list in a list": ("existing_credit", [["kur"]], "unknown_code_near"),
    "a signal that is worked out": ("any_permit", True, "derived_signal"),
    "an unknown signal": ("xyzzy", 1, "unknown_signal"),
    "a misspelt signal": ("monthly_proffit", 1, "unknown_signal_near"),
    "no value": ("nib", {"on": "2026-01-01"}, "value_missing"),
    "an unknown proof": ("nib", {"value": True, "proof": "hearsay"}, "unknown_proof"),
    "a proof that is a list": ("nib", {"value": True, "proof": ["seen"]}, "unknown_proof"),
    "a key that is not known": ("nib", {"value": True, "sources": "x"}, "unknown_key"),
    "true on a day to come": ("nib", {"value": True, "on": "2026-11-22"}, "future_date"),
    "true on no day": ("nib", {"value": True, "on": "yesterday"}, "no_date"),
    "a table in a table": ("nib", {"value": {"value": True}}, "not_yes_no"),
}


@pytest.fixture
def refused(okoce: Programme) -> Callable[..., list[tuple[str, str]]]:
    """Reads signals that cannot be read and returns (field, code) of every problem; each can be said in both languages."""

    def read(**signals: Any) -> list[tuple[str, str]]:
        with pytest.raises(ParticipantError) as error:
            read_participant(rules_on(okoce, DAY), signals)
        for language in ("id", "en"):
            speaker = Speaker(okoce, language)
            assert all(speaker.say(problem.message).strip() for problem in error.value.problems)
        return [(problem.field, problem.message.code) for problem in error.value.problems]

    return read


@pytest.mark.parametrize(("signal", "value", "code"), BAD.values(), ids=BAD)
def test_a_bad_value_is_refused_with_its_reason(refused: Any, signal: str, value: Any, code: str):
    [(field, found)] = refused(**{signal: value})
    assert field.split(".")[0] == signal
    assert found == code


def test_every_problem_is_reported_at_once(refused: Any):
    singles = {signal: (value, code) for signal, value, code in BAD.values()}
    found = refused(**{signal: value for signal, (value, _) in singles.items()})
    assert sorted((field.split(".")[0], code) for field, code in found) == sorted(
        (s, c) for s, (_, c) in singles.items()
    )


def test_the_value_is_given_back_with_the_remedy(okoce: Programme):
    with pytest.raises(ParticipantError) as error:
        read_participant(rules_on(okoce, DAY), {"months_of_books": -1, "nibb": True})
    low, near = error.value.problems
    assert (low.value, Speaker(okoce, "en").say(low.message)) == (-1, "Months of books must be from 0 to 600.")
    assert "Did you mean nib?" in Speaker(okoce, "en").say(near.message)


def test_a_refusal_never_repeats_the_value_in_its_own_text(okoce: Programme):
    with pytest.raises(ParticipantError) as error:
        read_participant(rules_on(okoce, DAY), {"monthly_profit": "3174012345678901"})
    assert "3174012345678901" not in str(error.value)


GOOD = {
    "nothing": (None, None),
    "an empty text": ("", None),
    "a missing code": (999, None),
    "a missing code in a table": ({"value": 999, "on": "2026-01-01"}, None),
    "nothing in a table": ({"value": None}, None),
    "a whole float": (12.0, Fact(12)),
    "a table": ({"value": 12, "on": "2026-01-01", "proof": "seen"}, Fact(12, date(2026, 1, 1), "seen")),
    "a table with a date": ({"value": 12, "on": date(2026, 1, 1)}, Fact(12, date(2026, 1, 1))),
    "a moment": ({"value": 12, "on": datetime(2026, 1, 1, 8, 30)}, Fact(12, date(2026, 1, 1))),
    "empty keys": ({"value": 12, "on": "", "proof": None}, Fact(12)),
}


@pytest.mark.parametrize(("raw", "fact"), GOOD.values(), ids=GOOD)
def test_what_can_be_read_is_read(okoce: Programme, raw: Any, fact: Fact | None):
    participant = read_participant(rules_on(okoce, DAY), {"training_hours": raw})
    assert participant.facts.get("training_hours") == fact


def test_codes_keep_the_programmes_order_and_stand_once(a_participant: Any):
    assert a_participant(existing_credit=["kur", "consumer", "kur"]).facts["existing_credit"].value == [
        "consumer",
        "kur",
    ]


def test_a_choice_of_numbers_may_be_sent_as_numbers(a_participant: Any):
    assert a_participant(slik_class=3).facts["slik_class"].value == "3"


# -- contradictions ----------------------------------------------------------------------------------------------------


def test_a_business_younger_than_its_books_is_a_contradiction(refused: Any, a_participant: Any):
    assert refused(business_age_months=3, months_of_books=8) == [("business_age_months", "less_than")]
    assert a_participant(business_age_months=8, months_of_books=8)


def test_an_amount_contradicts_wanting_no_capital(refused: Any, a_participant: Any):
    assert refused(wants_capital=False, amount_asked=1) == [("wants_capital", "contradicts")]
    assert a_participant(wants_capital=False, amount_asked=0)


def test_a_certificate_date_contradicts_having_no_certificate(refused: Any):
    found = refused(training_certificate=False, training_certificate_on="2025-01-01")
    assert found == [("training_certificate", "contradicts")]


def test_contradictions_are_reported_all_at_once(refused: Any):
    found = refused(business_age_months=3, months_of_books=8, wants_capital=False, amount_asked=1)
    assert Counter(code for _, code in found) == {"less_than": 1, "contradicts": 1}


# -- what is then known ------------------------------------------------------------------------------------------------


def known_of(okoce: Programme, name: str, participant: Participant) -> tuple[int, int]:
    rules = rules_on(okoce, participant.as_of)
    known, place = know(rules, participant), rules.position[name]
    return known.low[place], known.high[place]


def test_months_of_books_are_a_least_age_of_business(okoce: Programme, a_participant: Any):
    assert known_of(okoce, "business_age_months", a_participant(months_of_books=8))[0] == 8


def test_a_stale_answer_is_unknown(okoce: Programme, a_participant: Any):
    fresh, stale = ({"arrears_idr": {"value": 0, "on": on}} for on in ("2026-10-22", "2026-10-21"))
    assert known_of(okoce, "arrears_idr", a_participant(**fresh)) == (0, 0)
    low, high = known_of(okoce, "arrears_idr", a_participant(**stale))
    assert low < high
    assert know(rules_on(okoce, DAY), a_participant(**stale)).stale == {"arrears_idr"}


@pytest.mark.parametrize(
    ("on", "months"), [("2026-11-21", 5), ("2026-10-22", 5), ("2026-10-21", 6), ("2025-11-21", 17), ("2026-08-31", 7)]
)
def test_a_running_business_grows_older_by_calendar_months(okoce: Programme, a_participant: Any, on: str, months: int):
    age = {"value": 5, "on": on}
    found = known_of(okoce, "business_age_months", a_participant(business_running=True, business_age_months=age))
    assert found == (months, months)


def test_an_age_grows_on_the_last_day_of_a_shorter_month(okoce: Programme, a_participant: Any):
    age = {"value": 5, "on": "2026-01-31"}

    def on_day(day: date) -> int:
        return known_of(
            okoce, "business_age_months", a_participant(day, business_running=True, business_age_months=age)
        )[0]

    assert [on_day(date(2026, 2, 27)), on_day(date(2026, 2, 28)), on_day(date(2026, 3, 30))] == [5, 6, 6]


def test_an_amount_above_zero_means_yes(okoce: Programme, a_participant: Any):
    assert known_of(okoce, "wants_capital", a_participant(amount_asked=1)) == (1, 1)
    low, high = known_of(okoce, "wants_capital", a_participant(amount_asked=0))
    assert low < high


def test_silence_is_never_a_no_a_zero_or_a_mean(okoce: Programme, a_participant: Any):
    rules = rules_on(okoce, DAY)
    known = know(rules, a_participant())
    assert all(low < high for low, high in zip(known.low, known.high, strict=True))
    assert [rules.tests[n] for n in range(len(rules.tests)) if known.no >> n & 1 and rules.tests[n].op != "known"] == []


@pytest.mark.parametrize("day", [date(2018, 10, 1), DAY], ids=str)
def test_whatever_is_sent_is_read_or_refused_in_words(okoce: Programme, day: date):
    rules = rules_on(okoce, day)
    anything = st.recursive(
        st.one_of(
            st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.dates(), st.binary(max_size=3)
        ),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(["value", "on", "proof", "x"]), inner)
        ),
        max_leaves=4,
    )
    names = st.one_of(st.sampled_from(list(rules.signals)), st.text(max_size=12))

    @given(st.dictionaries(names, anything, max_size=6))
    def read(raw: dict[str, Any]) -> None:
        try:
            participant = read_participant(rules, raw)
        except ParticipantError as error:
            assert error.problems
            speakers = [Speaker(okoce, language) for language in ("id", "en")]
            assert all(speaker.say(problem.message) for problem in error.problems for speaker in speakers)
        else:
            assert set(participant.facts) <= set(raw)

    read()


def test_random_participants_reach_what_they_are_drawn_for(okoce: Programme):
    """Unknown, stale and contradicting answers, dates and certificates about to be too old."""
    rules = rules_on(okoce, DAY)
    seen: Counter[str] = Counter()

    @given(raw_signals(rules))
    def draw(raw: dict[str, Any]) -> None:
        seen["examples"] += 1
        try:
            participant = read_participant(rules, raw)
        except ParticipantError as error:
            seen.update(problem.message.code for problem in error.problems)
            return
        known = know(rules, participant)
        seen["an unknown"] += any(low < high for low, high in zip(known.low, known.high, strict=True))
        seen["nobody at all"] += not participant.facts
        seen["stale"] += bool(known.stale)
        certificate = participant.facts.get("training_certificate_on")
        seen["a closing window"] += certificate is not None and (DAY - certificate.value).days in (729, 730, 731)
        ends = participant.facts.get("credit_ends_on")
        seen["a day to come"] += ends is not None and ends.value > DAY

    draw()
    if seen["examples"] >= 200:
        wanted = ("an unknown", "stale", "a closing window", "a day to come", "less_than", "contradicts")
        assert [kind for kind in wanted if not seen[kind]] == []
