"""Mistakes in files are said with file, entry and remedy, and quote what stands there as it stands there."""

from __future__ import annotations

import ast
from datetime import date

import pytest

from matcher.message import Message
from matcher.programme.loading import load_programme
from matcher.programme.reading import ProgrammeError, ProgrammeProblem
from tests.conftest import ROOT
from training_data.columns import plain_map
from words.catalogues import languages
from words.mistakes import mistakes, say_mistakes


def one(code, entry="signal nib", **args):
    return ProgrammeError([ProgrammeProblem("signals.toml", entry, Message(code, args))])


def told(error):
    """What is said of one mistake, in Indonesian and in English."""
    return [say_mistakes(error, language).splitlines()[1] for language in ("id", "en")]


@pytest.mark.parametrize(
    ("code", "args", "en"),
    [
        ("key_kind", {"key": "a", "value": "x", "kinds": ("boolean", "date")},
         "a is 'x'. Write true or false or a date such as 2018-10-01, without quotes."),
        ("key_kind", {"key": "a", "value": True, "kinds": ("integer",)}, "a is True. Write a whole number."),
        ("amounts", {"least": None, "most": 5_000_000}, "amounts from None to 5000000. Put them in order, above zero."),
        ("dates_reversed", {"start": date(2020, 1, 1), "end": date(2019, 12, 31)},
         "valid_to 2019-12-31 is before valid_from 2020-01-01. Put the dates in order."),
        ("key_stray", {"key": "aa", "hint": None}, "aa is not a key of this entry. Remove it."),
        ("key_stray", {"key": "aa", "hint": Message("did_you_mean", {"near": ["a"]})},
         "aa is not a key of this entry. Remove it. Did you mean a?"),
        ("header_missing", {"hint": Message("did_you_mean", {"near": ["a", "b"]})},
         "the map reads it, but this file has no such column. Did you mean a or b?"),
        ("map_value", {"key": "values.a", "value": 9, "signal": "age",
                       "allowed": Message("allowed_number", {"least": 17, "most": 5_000})},
         "values.a is 9, which age cannot be. Write one of: a whole number from 17 to 5000."),
        ("origin_missing", {}, "nothing says where this comes from. Add source = [{ url, date }] or our_choice."),
    ],
)  # fmt: skip
def test_what_stands_in_a_file_is_quoted_as_it_stands_there(code, args, en):
    assert told(one(code, **args))[1] == f"signals.toml: signal nib: {en}"


def test_a_mistake_is_said_in_the_language_asked():
    wrong = one("key_kind", key="a", value=5, kinds=("string", "array"))
    assert told(wrong)[0] == "signals.toml: signal nib: a berisi 5. Tulis teks atau daftar."
    assert told(one("role_missing", "file", role="applicant"))[0].startswith("signals.toml: seluruh berkas: tidak ada")


def test_all_mistakes_are_counted_and_stand_each_on_its_line():
    error = ProgrammeError([*one("values_missing").problems, *one("origin_missing").problems])
    assert say_mistakes(error, "en").startswith("2 problems:\nsignals.toml: signal nib: has no values. Add values = [{")
    assert len(say_mistakes(error, "id").splitlines()) == 3
    assert say_mistakes(one("values_missing"), "en").startswith("1 problem:\n")
    assert say_mistakes(error, "id").startswith("2 masalah:\n")


def test_a_column_of_a_sheet_is_called_a_column_in_every_language():
    with pytest.raises(ProgrammeError) as caught:
        plain_map(load_programme(), ("monthly_proft", "zzz"), "people.csv")
    first, last = mistakes(caught.value, "id")
    assert first == (
        "people.csv", "kolom 'monthly_proft'", "ini bukan data yang dikenal program ini",
        "Mungkin maksudnya monthly_profit atau monthly_revenue atau months_of_books?",
    )  # fmt: skip
    assert last.remedy.startswith("Hapus, atau betulkan namanya. Atau tulis peta kolom")


def test_to_whoever_reads_a_trace_a_mistake_is_a_place_and_a_code():
    assert str(one("key_missing", key="id")) == "signals.toml: signal nib: key_missing(key='id')"


@pytest.mark.parametrize("language", languages())
def test_nothing_is_left_open_or_said_twice(language):
    for mistake in mistakes(one("key_choice", key="a", value="b", allowed=("c", "d"), hint=None), language):
        assert mistake.remedy.endswith("c, d.")
        assert "  " not in " ".join(mistake)


MATCHER = [*(ROOT / "matcher").rglob("*.py"), ROOT / "training_data" / "columns" / "maps.py"]


@pytest.mark.parametrize("path", MATCHER, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_matcher_raises_and_notes_codes_never_sentences(path):
    """Principle: a third language is a folder. Remedy: put the sentence into words/locale and raise its code."""
    sentences = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        call = node.exc if isinstance(node, ast.Raise) else node
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") != "AssertionError":
            noted = isinstance(node, ast.Raise) or getattr(call.func, "attr", "") in ("problem", "note")
            texts = [text for value in call.args for text in ast.walk(value)] if noted else []
            sentences += [ast.unparse(call) for text in texts if _is_sentence(text)]
    assert sentences == []


def _is_sentence(node: ast.AST) -> bool:
    """Whether a text has three words or more; the place of an entry ("tier kail") has fewer."""
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value.split()) > 2
