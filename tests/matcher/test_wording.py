"""Every text exists in both languages: the programmes' own, and every sentence that the matcher can say."""

import ast
import string
import tomllib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher import wording
from matcher.entries import AVAILABILITIES
from matcher.participant import Participant
from matcher.programme import FILES, OKOCE, load_programme
from matcher.recommend import recommend
from matcher.rules import rules_on
from matcher.words import Message, Speaker
from tests.conftest import EXAMPLES
from tests.strategies import participants

ROOT = Path(__file__).parents[2]
FOLDERS = {"okoce": OKOCE, "warmi": ROOT / "tests" / "programmes" / "warmi"}
LANGUAGES = ("id", "en")
TEXTS = {
    "name",
    "about",
    "label",
    "question",
    "provider",
    "evidence",
    "offers",
    "our_choice",
    "otherwise",
    "register",
    "text",
}


def tables(value: Any, key: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every table in a file with the key under which it stands."""
    if isinstance(value, dict):
        yield key, value
        for name, inner in value.items():
            yield from tables(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from tables(inner, key)


@pytest.mark.parametrize("folder", FOLDERS.values(), ids=FOLDERS)
@pytest.mark.parametrize("file", FILES)
def test_every_text_of_a_programme_is_there_in_both_languages(folder: Path, file: str):
    content = tomllib.loads((folder / f"{file}.toml").read_text(encoding="utf-8"))
    wrong = [
        (key, table)
        for key, table in tables(content)
        if "en" in table or (key in TEXTS and not {"signal", "id"} <= table.keys() and "study" not in table)
        if set(table) != set(LANGUAGES) or not all(isinstance(t, str) and t.strip() for t in table.values())
    ]
    assert wrong == []


# -- the matcher's own sentences ---------------------------------------------------------------------------------------


def fields(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}


@pytest.mark.parametrize("code", wording.SENTENCES)
def test_a_sentence_has_the_same_fields_in_both_languages(code: str):
    sentence = wording.SENTENCES[code]
    assert set(sentence) == set(LANGUAGES)
    assert all(text.strip() for text in sentence.values())
    assert fields(sentence["id"]) == fields(sentence["en"])


@pytest.mark.parametrize("table", ["OPERATORS", "UNIT_NAMES", "YES_NO", "MONTHS"])
def test_the_small_words_are_there_in_both_languages(table: str):
    words = getattr(wording, table)
    if table == "OPERATORS":
        assert all(fields(both["id"]) == fields(both["en"]) for both in words.values())
    else:
        assert set(words) == set(LANGUAGES)
        assert len(words["id"]) == len(words["en"])


def codes_in(node: ast.expr | None, function: ast.AST) -> set[str]:
    """Every text that an expression can be; a name stands for whatever the function may have put there."""
    if isinstance(node, ast.Constant):
        return {node.value} if isinstance(node.value, str) else set()
    if isinstance(node, ast.IfExp):
        return codes_in(node.body, function) | codes_in(node.orelse, function)
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Dict):
        return {code for value in node.value.values for code in codes_in(value, function)}
    if isinstance(node, ast.JoinedStr):
        start = "".join(part.value for part in node.values if isinstance(part, ast.Constant))
        return {start + one for one in AVAILABILITIES if one != "running"}  # availability_...: the only made-up code
    if isinstance(node, ast.Name):
        assigned = [a.value for a in ast.walk(function) if isinstance(a, ast.Assign) and _names(a, node.id)]
        return {code for value in assigned for code in codes_in(value, function)}
    return set()


def _names(assign: ast.Assign, name: str) -> bool:
    return any(isinstance(target, ast.Name) and target.id == name for target in assign.targets)


def messages() -> Iterator[tuple[str, int, set[str], ast.Call]]:
    """Every message that the matcher makes: the file, the line, the codes it may have, and the call."""
    for path in sorted((ROOT / "matcher").glob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
        for function in functions:
            for node in ast.walk(function):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Message":
                    code = node.args[0] if node.args else next(k.value for k in node.keywords if k.arg == "code")
                    yield path.name, node.lineno, codes_in(code, function), node


MESSAGES = list(messages())


@pytest.mark.parametrize(
    ("codes", "call"), [row[2:] for row in MESSAGES], ids=[f"{file}:{line}" for file, line, *_ in MESSAGES]
)
def test_every_message_the_matcher_makes_has_a_sentence_with_its_arguments(codes: set[str], call: ast.Call):
    assert codes
    for code in codes:
        assert code in wording.SENTENCES
        table = call.args[1] if len(call.args) > 1 else None
        if table is None:
            assert fields(wording.SENTENCES[code]["id"]) == set()
        elif isinstance(table, ast.Dict) and all(isinstance(key, ast.Constant) for key in table.keys):
            assert fields(wording.SENTENCES[code]["id"]) <= {
                key.value for key in table.keys if isinstance(key, ast.Constant)
            }


def test_there_are_messages():
    assert len(MESSAGES) > 40


def said(value: Any) -> Iterator[Message]:
    """Every message anywhere in an answer."""
    if isinstance(value, Message):
        yield value
        for inner in value.args.values():
            yield from said(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from said(inner)
    elif hasattr(value, "__dataclass_fields__"):
        for name in value.__dataclass_fields__:
            yield from said(getattr(value, name))


@pytest.mark.parametrize("name", FOLDERS)
def test_whatever_is_answered_can_be_said_in_both_languages(name: str):
    programme = load_programme(FOLDERS[name])
    rules = rules_on(programme, date(2026, 11, 21))
    speakers = [Speaker(programme, language) for language in LANGUAGES]

    @settings(max_examples=max(EXAMPLES // 10, 20))
    @given(participants(rules), st.data())
    def for_a_participant(participant: Participant, data: st.DataObject) -> None:
        goals = data.draw(st.lists(st.sampled_from(list(rules.product_ids)), max_size=2))
        answers = [recommend(rules, participant, goal=goal) for goal in (None, *goals)]
        for answer in answers:
            for message in said(answer):
                texts = [speaker.say(message) for speaker in speakers]
                assert all(text.strip() and "{" not in text for text in texts)
            for unmet in (unmet for match in answer.products for unmet in match.unmet):
                for speaker in speakers:
                    assert speaker.criterion(unmet.criterion)
                    assert all(speaker.value(signal, value) for signal, value in unmet.have.items())

    for_a_participant()
