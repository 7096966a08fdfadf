"""Words: both languages say everything, no sentence is missing and none is dead."""

from __future__ import annotations

import ast
import dataclasses
import re
import string
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.facts.participant import ParticipantError, read_participant
from matcher.message import Message
from matcher.programme.criteria import Criterion
from matcher.programme.entries import AVAILABILITIES, KINDS, UNITS
from matcher.programme.loading import load_programme
from matcher.programme.reading import SIGNAL_OPERATORS
from matcher.programme.rules import rules_on
from matcher.recommend import recommend
from tests.conftest import ROOT
from tests.strategies import raw_signals, read
from words.speaking import Speaker
from words.wording import MONTHS, OPERATORS, REMEDIES, SENTENCES, UNIT_NAMES, YES_NO

TODAY = date(2026, 11, 21)
LANGUAGES = ("id", "en")
PROGRAMMES = (load_programme(), load_programme(ROOT / "tests" / "programmes" / "warmi"))
RULES = tuple(rules_on(programme, TODAY) for programme in PROGRAMMES)
RAW = tuple(raw_signals(rules) for rules in RULES)
MATCHER = {path: path.read_text(encoding="utf-8") for path in sorted((ROOT / "matcher").rglob("*.py"))}
FEWER = settings(max_examples=max(50, settings().max_examples // 5))

# Codes put together at run time: the beginning of the f-string and every ending it can have.
ENDINGS = {"availability_": [name for name in AVAILABILITIES if name != "running"]}


def fields(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}


# -- the codes that the code uses --------------------------------------------------------------------------------------


def codes_of(expression: ast.expr, function: ast.AST) -> Iterator[str]:
    """Every code that the first argument of Message may be: written out, chosen, looked up, or put together."""
    if isinstance(expression, ast.Constant) and isinstance(expression.value, str):
        yield expression.value
    elif isinstance(expression, ast.IfExp):
        yield from codes_of(expression.body, function)
        yield from codes_of(expression.orelse, function)
    elif isinstance(expression, ast.Subscript):
        assert isinstance(expression.value, ast.Dict)
        for value in expression.value.values:
            yield from codes_of(value, function)
    elif isinstance(expression, ast.JoinedStr):
        beginning = expression.values[0]
        assert isinstance(beginning, ast.Constant)
        yield from (beginning.value + ending for ending in ENDINGS[beginning.value])
    else:
        assert isinstance(expression, ast.Name), ast.unparse(expression)
        assigned = [
            node.value
            for node in ast.walk(function)
            if isinstance(node, ast.Assign)
            and any(isinstance(t, ast.Name) and t.id == expression.id for t in node.targets)
        ]
        assert assigned, f"where does {expression.id} come from?"
        for value in assigned:
            yield from codes_of(value, function)


def messages() -> Iterator[tuple[str, ast.Call, str]]:
    """Every call of Message in the matcher: its place, the call, and one code that it may have."""
    for path, text in MATCHER.items():
        functions = [n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
        for function in functions:
            for node in ast.walk(function):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Message":
                    for code in codes_of(node.args[0], function):
                        yield f"{path.name}:{node.lineno}", node, code


def test_every_message_of_the_code_has_its_sentence():
    used = [(place, code) for place, _, code in messages()]
    assert len(used) > 60
    assert [(place, code) for place, code in used if code not in SENTENCES] == []


def test_every_message_brings_the_arguments_that_its_sentence_names():
    lacking = []
    for place, call, code in messages():
        given_ = call.args[1] if len(call.args) > 1 else ast.Dict([], [])
        if isinstance(given_, ast.Dict) and None not in given_.keys:
            keys = {key.value for key in given_.keys if isinstance(key, ast.Constant)}
            if not fields(SENTENCES[code]["id"]) <= keys:
                lacking.append((place, code))
    assert lacking == []


def test_a_remedy_belongs_to_a_sentence_and_fills_no_other_places_than_a_message_brings():
    assert set(REMEDIES) <= set(SENTENCES)
    assert all(fields(remedy["id"]) == fields(remedy["en"]) for remedy in REMEDIES.values())
    for raw in ({"nibb": 1, "shoe_size": 1, "any_permit": True}, {"nib": {"on": 1, "proof": "x", "y": 1}, "age": "x"}):
        with pytest.raises(ParticipantError) as caught:
            read_participant(rules_on(PROGRAMMES[0], date(2026, 11, 21)), raw)
        for problem in caught.value.problems:
            assert all(Speaker(PROGRAMMES[0], language).remedy(problem.message) for language in LANGUAGES)


def test_no_sentence_is_dead():
    paths = [
        path for folder in ("matcher", "api") for path in (ROOT / folder).rglob("*") if path.suffix in (".py", ".html")
    ]
    said = "\n".join(path.read_text(encoding="utf-8") for path in paths if path.name != "wording.py")
    built = {beginning + ending for beginning, endings in ENDINGS.items() for ending in endings}
    dead = [code for code in SENTENCES if code not in built and not re.search(rf"[\"']{code}[\"']", said)]
    assert dead == []


# -- the sentences -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", SENTENCES)
def test_a_sentence_says_the_same_in_both_languages(code):
    sentence = SENTENCES[code]
    assert set(sentence) == set(LANGUAGES)
    assert all(sentence[language].strip() == sentence[language] != "" for language in LANGUAGES)
    assert fields(sentence["id"]) == fields(sentence["en"])


def test_operators_units_months_and_yes_and_no_are_complete():
    assert set(OPERATORS) == {*SIGNAL_OPERATORS, "not_passed"}
    for operator, words in OPERATORS.items():
        assert set(words) == set(LANGUAGES)
        wanted = set() if operator in ("passed", "not_passed") else {"value"}
        assert all(fields(words[language]) == wanted for language in LANGUAGES)
    for language in LANGUAGES:
        assert set(UNIT_NAMES[language]) == {*UNITS, ""}
        assert all(UNIT_NAMES[language][unit] for unit in UNITS)
        assert len(set(MONTHS[language])) == 12
        assert set(YES_NO[language]) == {True, False}
    assert set(UNIT_NAMES) == set(MONTHS) == set(YES_NO) == set(LANGUAGES)


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
        ("people", 12, "12", "12"),
    ],
)
def test_an_argument_is_written_by_what_it_is(kind, value, id_, en):
    assert Speaker(PROGRAMMES[0], "id").word(kind, value) == id_
    assert en is None or Speaker(PROGRAMMES[0], "en").word(kind, value) == en


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
    assert Speaker(PROGRAMMES[0], "en").value(name, value) == en


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
        assert not any(mark in text[language] for language in LANGUAGES for mark in ("{", "}", "  ", "TODO")), where


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
    speaker = Speaker(programme, language)
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
        speaker = Speaker(rules.programme, language)
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
    assert Speaker(PROGRAMMES[0], "en").say(found.tier.reasons[-1]) == (
        "So we begin with a greeting, with a programme and a date to talk again."
    )
