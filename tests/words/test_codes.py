"""No code without a sentence, no sentence without a code: read off the sources, so that nothing has to be run."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from matcher.programme.entries import AVAILABILITIES, UNITS
from matcher.programme.reading import SIGNAL_OPERATORS
from tests.conftest import ROOT
from words.catalogues import catalogue

SAID = catalogue("id")
FOLDERS = ("matcher", "words", "training_data", "models", "api")
SOURCES = {path: path.read_text(encoding="utf-8") for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")}
TEMPLATES = {path: path.read_text(encoding="utf-8") for path in (ROOT / "api" / "web" / "templates").glob("*.html")}

# Who says a code: the name of what is called, the place of the code among its arguments, and the code's kind.
CALLS = {
    "Message": (0, ""),
    "SaidError": (0, ""),
    "KeyProblem": (0, ""),
    "DayError": (0, ""),
    "ScorecardError": (0, ""),
    "RegistryError": (0, ""),
    "DatasetError": (0, ""),
    "CompileError": (0, ""),
    "OutcomeError": (0, ""),
    "RowsFileError": (0, ""),
    "problem": (0, ""),
    "Unavailable": (0, ""),
    "Trouble": (1, ""),
    "trouble": (1, ""),
    "FileProblem": (1, ""),
    "Failure": (0, "terminal"),
}
SAY = {"commands": "terminal", "changes.py": "change", "work_list.py": "work_list"}  # say("code") in these
# Codes put together at run time: the beginning of the f-string and every ending it can have.
BUILT = {
    "availability_": [name for name in AVAILABILITIES if name != "running"],
    "known_": ["nik", "own_id"],
    "no_consent_": ["record", "recommendation"],
    "cell_": ["unstored", "error", "digits", "date"],
    "row_": None,  # of training rows: checks.py writes the endings out
}


def codes_of(expression: ast.expr, function: ast.AST) -> Iterator[str]:
    """Every code that an argument may be: written out, chosen, looked up, or put together."""
    if isinstance(expression, ast.Constant) and isinstance(expression.value, str):
        yield expression.value
    elif isinstance(expression, ast.IfExp):
        yield from codes_of(expression.body, function)
        yield from codes_of(expression.orelse, function)
    elif isinstance(expression, ast.Subscript) and isinstance(expression.value, ast.Dict):
        for value in expression.value.values:
            yield from codes_of(value, function)
    elif isinstance(expression, ast.JoinedStr):
        beginning = expression.values[0]
        assert isinstance(beginning, ast.Constant), ast.unparse(expression)
        for ending in BUILT[beginning.value] or ():
            yield beginning.value + ending
    elif isinstance(expression, ast.BinOp):
        for first in codes_of(expression.left, function):
            yield from (first + second for second in codes_of(expression.right, function))
    elif isinstance(expression, ast.Name):
        for node in ast.walk(function):
            names = node.targets if isinstance(node, ast.Assign) else []
            if any(isinstance(name, ast.Name) and name.id == expression.id for name in names):
                yield from codes_of(node.value, function)


def functions(tree: ast.Module) -> list[ast.AST]:
    """Every function of a module, and what stands outside of them, each as a tree of its own."""
    found = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    outside = [
        node for node in tree.body if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    ]
    return [*found, ast.Module(outside, [])]


def said_by_python() -> Iterator[tuple[str, str, str]]:
    """Place, kind and code of everything that the sources say."""
    for path, text in SOURCES.items():
        for function in functions(ast.parse(text)):
            for node in ast.walk(function):
                if isinstance(node, ast.Call):
                    for kind, code in said_by(node, function, path):
                        yield f"{path.name}:{node.lineno}", kind, code


def called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def said_by(call: ast.Call, function: ast.AST, path: Path) -> Iterator[tuple[str, str]]:
    name = called(call)
    if name in ("sentence", "name") and len(call.args) >= 2 and isinstance(call.args[0], ast.Constant):
        kind = call.args[0].value
        yield from ((kind, code) for code in codes_of(call.args[1], function))
    elif name == "say" and (kind := SAY.get(path.name) or SAY.get(path.parent.name)) and call.args:
        yield from ((kind, code) for code in codes_of(call.args[0], function))
    elif name == "note" and path.parent.name == "programme":  # self.note(file, entry, code)
        yield from (("", code) for code in codes_of(call.args[2], function))
    elif name in CALLS and len(call.args) > CALLS[name][0]:
        place, kind = CALLS[name]
        yield from ((kind, code) for code in codes_of(call.args[place], function))


def said_by_templates() -> Iterator[tuple[str, str, str]]:
    for path, text in TEMPLATES.items():
        for code in re.findall(r"""\b_\(\s*["'](\w+)["']""", text):
            yield path.name, "page", code
        for code in re.findall(r"labels\.(\w+)", text):
            yield path.name, "field", code


USED = [*said_by_python(), *said_by_templates()]


def test_no_code_is_without_a_sentence():
    assert len(USED) > 500
    assert sorted({one for one in USED if one[1:] not in SAID}) == []


def test_no_sentence_is_without_a_code():
    """A code is said by a call above, or stands in the sources as a text (a table of codes, a name of a field)."""
    written = {
        node.value
        for text in SOURCES.values()
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    templates = "\n".join(TEMPLATES.values())
    written |= {*re.findall(r"""["'](\w+)["']""", templates), *re.findall(r", (\w+)=", templates)}
    built = {beginning + ending for beginning, endings in BUILT.items() for ending in endings or written}
    pages = {path.stem for path in TEMPLATES}
    used = {one[1:] for one in USED}
    dead = [
        (kind, code)
        for kind, code in SAID.sentences
        if (kind, code) not in used
        and code not in written | built
        and not (kind == "title" and code in pages)
        and not (kind == "menu" and f"/{code.replace('_', '-')}" in written)
    ]
    assert dead == []


def test_a_remedy_belongs_to_a_sentence_and_says_no_more_than_that_is_given():
    for code in SAID.codes("remedy"):
        assert ("", code) in SAID, code


def brought_by(call: ast.Call) -> set[str | None]:
    """The names of the arguments that stand beside a code; with None among them where some stand elsewhere."""
    if called(call) != "Message":
        of_trouble = {"Trouble": {"value"}, "trouble": {"value", "name"}}.get(called(call), set())
        return {keyword.arg for keyword in call.keywords} | of_trouble
    given = call.args[1] if len(call.args) > 1 else ast.Dict([], [])
    if not isinstance(given, ast.Dict):
        return {None}
    return {key.value if isinstance(key, ast.Constant) else None for key in given.keys}


def test_what_a_message_brings_is_what_its_sentence_needs():
    """Where the arguments stand written out beside the code."""
    lacking = []
    for path, text in SOURCES.items():
        for function in functions(ast.parse(text)):
            for node in ast.walk(function):
                told = isinstance(node, ast.Call) and called(node) not in ("sentence", "name")
                if told and None not in (brought := brought_by(node)):
                    for kind, code in said_by(node, function, path):
                        if kind == "":
                            needed = SAID.sentences["", code].arguments()
                            if ("remedy", code) in SAID:
                                needed |= SAID.sentences["remedy", code].arguments()
                            if not needed <= brought:
                                lacking.append((f"{path.name}:{node.lineno}", code, needed - brought))
    assert lacking == []


def test_every_operator_and_unit_has_its_words():
    assert set(SAID.codes("operator")) == {*SIGNAL_OPERATORS, "not_passed"}
    assert set(UNITS) <= set(SAID.codes("unit"))
    assert {*UNITS, "rupiah"} == set(SAID.codes("unit_name"))


PAIR = re.compile(r"""["']id["']\s*:\s*.{0,400}?["']en["']\s*:""", re.S)


@pytest.mark.parametrize("path", [*SOURCES, *TEMPLATES], ids=lambda path: str(path.relative_to(ROOT)))
def test_no_pair_of_sentences_is_left_outside_the_catalogues(path):
    """Principle: a third language is a folder. Remedy: put the sentence into words/locale and say its code."""
    text = SOURCES.get(path) or TEMPLATES[path]
    assert not PAIR.search(text)
    assert not re.search(r"""language\s*==\s*["']""", text)
