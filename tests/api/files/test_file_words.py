"""What is said of files that cannot be used: every code in both languages, and none that nothing raises."""

import ast
import string

import pytest

from api.files.file_words import FILE_PROBLEMS
from api.files.rows import FileProblem
from api.files.sheets import MAGIC
from tests.conftest import ROOT

API = ROOT / "api"


def raised():
    """The code of every FileProblem in the sources and what it is given; those chosen by how a file begins too."""
    found = [(code, set()) for code in MAGIC.values()]
    for path in API.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "FileProblem":
                if isinstance(node.args[1], ast.Constant):
                    found.append((node.args[1].value, {keyword.arg for keyword in node.keywords}))
                else:
                    assert (path.name, ast.unparse(node.args[1])) == ("sheets.py", "code")
    return found


def places(sentence):
    return {(name, conversion) for _, name, _, conversion in string.Formatter().parse(sentence) if name}


def test_every_code_that_is_raised_has_words_and_every_code_with_words_is_raised():
    assert {code for code, _ in raised()} == set(FILE_PROBLEMS)


def test_every_code_is_given_what_its_words_need():
    for code, given in raised():
        needed = {name for both in FILE_PROBLEMS[code] for name, _ in places(both["en"])}
        assert given == needed, code


@pytest.mark.parametrize("code", FILE_PROBLEMS)
def test_what_and_remedy_stand_in_both_languages_and_fill_the_same_places(code):
    for both in FILE_PROBLEMS[code]:
        assert set(both) == {"id", "en"}
        assert places(both["id"]) == places(both["en"])
        assert both["id"].strip()
        assert both["id"] != both["en"] or code == "wrong_day"  # whose words are the matcher's own
    what, remedy = FILE_PROBLEMS[code]
    for language in ("id", "en"):
        assert not what[language].endswith(".")  # the full stop comes with the sentence around it
        assert code == "wrong_day" or remedy[language].endswith((".", "?"))


def test_a_problem_tells_itself_in_either_language_and_is_english_as_a_string():
    problem = FileProblem("people.csv", "too_many_columns", count=3000, most=2000)
    assert problem.what("id") == "baris judulnya punya 3.000 kolom"
    assert problem.remedy("id") == "Sisakan paling banyak 2.000 kolom. Benarkah baris pertama berisi judul kolom?"
    assert str(problem) == problem.said("en") == (
        "people.csv: the header has 3,000 columns.\n"
        "  Remedy: Keep at most 2,000; is the first line really the header?"
    )  # fmt: skip
    assert problem.said("id").startswith("people.csv: baris judulnya punya 3.000 kolom.\n  Caranya: Sisakan")


def test_what_stands_in_braces_in_a_file_is_repeated_as_it_is():
    problem = FileProblem("{x}.xlsx", "no_such_sheet", name="{name}", names="'{0}'")
    assert problem.said("id") == "{x}.xlsx: lembar '{name}' tidak ada.\n  Caranya: Sebut salah satu lembarnya: '{0}'."


def test_what_is_given_may_have_both_languages():
    problem = FileProblem("p.xlsx", "no_such_sheet", name="X", names={"id": "tidak ada", "en": "none"})
    assert problem.remedy("id").endswith(": tidak ada.")
    assert problem.remedy("en").endswith(": none.")
