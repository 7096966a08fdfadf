"""Whatever a programme asks and the matcher answers can be said, in every language of the programme."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.facts.participant import read_participant
from matcher.message import Message
from matcher.programme.criteria import Criterion
from matcher.programme.entries import KINDS
from matcher.programme.loading import load_programme
from matcher.programme.rules import rules_on
from matcher.recommend import recommend
from tests.conftest import ROOT
from tests.strategies import raw_signals, read
from words.telling import teller, teller_of

TODAY = date(2026, 11, 21)
LANGUAGES = ("id", "en")
PROGRAMMES = (load_programme(), load_programme(ROOT / "tests" / "programmes" / "warmi"))
RULES = tuple(rules_on(programme, TODAY) for programme in PROGRAMMES)
RAW = tuple(raw_signals(rules) for rules in RULES)
FEWER = settings(max_examples=max(50, settings().max_examples // 5))


@pytest.mark.parametrize(
    ("kind", "value", "id_", "en"),
    [
        ("amount_idr", 5_000_000, "Rp5.000.000", "Rp5,000,000"),
        ("amount_idr", -250_000, "-Rp250.000", "-Rp250,000"),
        ("amount_idr", 0, "Rp0", "Rp0"),
        ("as_of", date(2026, 8, 1), "1 Agustus 2026", "1 August 2026"),
        ("as_of", "2023-09-04", "4 September 2023", "4 September 2023"),
        ("as_of", "2024-05", "Mei 2024", "May 2024"),
        ("as_of", "2019", "2019", "2019"),
        ("as_of", "2019-13", "2019-13", "2019-13"),
        ("as_of", "", "tanpa tanggal", "undated"),
        ("signal", "months_of_books", "Lama punya pembukuan", "Months of books"),
        ("other_signal", "nib", "NIB (nomor induk berusaha)", "NIB (business number)"),
        ("choice", ("came_for", "buyers"), "Cari pembeli", "To find buyers"),
        (
            "reason",
            Message("no_goal_too_far", {"days": 180}),
            "Tidak ada kredit yang bisa dicapai dalam 180 hari.",
            None,
        ),
        ("allowed", ["a", "b"], "a, b", "a, b"),
        ("people", 12, "12 orang", "12 people"),
        ("people", 1, "1 orang", "1 person"),
        ("count", 12_000, "12.000", "12,000"),
    ],
)
def test_an_argument_is_written_by_what_it_is(kind, value, id_, en):
    assert teller_of(PROGRAMMES[0], "id").word(kind, value) == id_
    assert en is None or teller_of(PROGRAMMES[0], "en").word(kind, value) == en


@pytest.mark.parametrize(
    ("name", "value", "en"),
    [
        ("nib", True, "yes"),
        ("nib", None, "not known yet"),
        ("months_of_books", 3, "3 months"),
        ("monthly_profit", -1_000, "-Rp1,000"),
        ("existing_credit", [], "none"),
        ("existing_credit", ["kur", "house"], "KUR, House loan"),
        ("slik_class", "none", "No credit record"),
        ("credit_ends_on", date(2027, 3, 31), "31 March 2027"),
    ],
)
def test_a_value_is_written_by_its_kind(name, value, en):
    assert teller_of(PROGRAMMES[0], "en").value(name, value) == en


# -- the programmes ----------------------------------------------------------------------------------------------------


def texts(thing: Any, where: str = "") -> Iterator[tuple[str, Mapping[str, str]]]:
    """Every text of a programme: whatever is a table of languages, wherever it stands."""
    if dataclasses.is_dataclass(thing) and not isinstance(thing, type):
        for field in dataclasses.fields(thing):
            yield from texts(getattr(thing, field.name), f"{where}/{getattr(thing, 'id', '')}.{field.name}")
    elif isinstance(thing, Mapping) and set(thing) & set(LANGUAGES):
        yield where, thing
    elif isinstance(thing, Mapping):
        for key, value in thing.items():
            yield from texts(value, f"{where}[{key}]")
    elif isinstance(thing, (list, tuple)):
        for place, value in enumerate(thing):
            yield from texts(value, f"{where}[{place}]")


@pytest.mark.parametrize("programme", PROGRAMMES, ids=lambda programme: programme.id)
def test_every_text_of_a_programme_says_something_in_both_languages(programme):
    found = list(texts(programme))
    assert len(found) > 100
    for where, text in found:
        assert set(text) == set(LANGUAGES), where
        assert all(text[language].strip() == text[language] != "" for language in LANGUAGES), where
        plain = {language: re.sub(r"{(value|thousand|other)}", "", said) for language, said in text.items()}
        assert not any(mark in plain[language] for language in LANGUAGES for mark in ("{", "}", "TODO")), where
        assert not any("  " in text[language] for language in LANGUAGES), where


def criteria(thing: Any) -> Iterator[Criterion]:
    if isinstance(thing, Criterion):
        yield thing
    if dataclasses.is_dataclass(thing) and not isinstance(thing, type):
        for field in dataclasses.fields(thing):
            yield from criteria(getattr(thing, field.name))
    elif isinstance(thing, (list, tuple)):
        for value in thing:
            yield from criteria(value)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("programme", PROGRAMMES, ids=lambda programme: programme.id)
def test_every_criterion_of_a_programme_can_be_said(programme, language):
    speaker = teller_of(programme, language)
    spoken = [c for c in criteria(programme) if c.kind in ("signal", "step")]
    assert len(spoken) > 20
    for criterion in spoken:
        said = [speaker.criterion(criterion), speaker.need(criterion)]
        assert all(sentence and "{" not in sentence for sentence in said)


@pytest.mark.parametrize("programme", PROGRAMMES, ids=lambda programme: programme.id)
def test_every_kind_of_signal_is_asked_in_words(programme):
    assert {signal.kind for signal in programme.signals} <= set(KINDS)
    for signal in programme.signals:
        assert signal.derived or all(signal.question[language].endswith((".", "?")) for language in LANGUAGES), (
            signal.id
        )


# -- whatever is answered can be said ----------------------------------------------------------------------------------


def said_of(thing: Any) -> Iterator[Message]:
    """Every message anywhere in an answer."""
    if isinstance(thing, Message):
        yield thing
    elif isinstance(thing, (list, tuple)):
        for value in thing:
            yield from said_of(value)
    elif dataclasses.is_dataclass(thing) and not isinstance(thing, type):
        for field in dataclasses.fields(thing):
            yield from said_of(getattr(thing, field.name))


@FEWER
@given(st.sampled_from([0, 1]), st.data())
def test_every_message_of_an_answer_can_be_said_in_both_languages(which, data):
    rules = RULES[which]
    goals = [None, *(product.entry.id for product in rules.products)]
    found = recommend(rules, read(rules, data.draw(RAW[which])), goal=data.draw(st.sampled_from(goals)))
    for language in LANGUAGES:
        speaker = teller(rules, language)
        for message in said_of(found):
            said = speaker.say(message)
            assert said
            assert not re.search(r"[{}]|\bNone\b|Message\(|Criterion\(", said)
        for match in found.products:
            for unmet in match.unmet:
                assert speaker.criterion(unmet.criterion)
                assert all(speaker.value(name, value) for name, value in unmet.have.items())


def test_a_greeting_is_said_as_we_would_say_it():
    found = recommend(RULES[0], read_participant(RULES[0], {}))
    assert teller_of(PROGRAMMES[0], "en").say(found.tier.reasons[-1]) == (
        "So we begin with a greeting, with a programme and a date to talk again."
    )
