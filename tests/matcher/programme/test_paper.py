"""PROGRAMME.md describes every key that is read and every value it may have, and none that is not.

Principle: a programme is written by somebody who reads no code. Remedy: write the key into the table of its file, in plain
words, or take it out. What is read is seen while the two programmes are loaded, so that no list has to be kept.
"""

import ast
import re
from collections import defaultdict

import pytest

from matcher.programme.entries import PROOFS, TENORS
from matcher.programme.loading import FILES, OKOCE, load_programme
from matcher.programme.reading import SIGNAL_OPERATORS, TIER_RULES, Entry
from matcher.programme.referrals import ASKS, MOVERS
from tests.conftest import ROOT
from tests.matcher.programme.mistakes import WARMI

PAPER = (ROOT / "PROGRAMME.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## `?([^\n`]+)`?\n(.*?)(?=^## |\Z)", PAPER, re.DOTALL | re.MULTILINE))
SHARED = SECTIONS["In every file"] + SECTIONS["Criteria"]
READS = {"take", "choice", "text", "texts", "tables", "table_of", "criteria", "criterion"}
"""The methods of an Entry whose first argument is a key."""


@pytest.fixture(scope="module")
def asked():
    """What the loader asks of the entries of two programmes: the keys of each file, and the values that it allows."""
    keys, values = defaultdict(set), defaultdict(set)
    choice, close = Entry.choice, Entry.close

    def noted_choice(entry, key, allowed, *more, **named):
        values[entry.file].update(allowed)
        return choice(entry, key, allowed, *more, **named)

    def noted_close(entry):
        keys[entry.file] |= entry.known
        return close(entry)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Entry, "choice", noted_choice)
        patch.setattr(Entry, "close", noted_close)
        for folder in (OKOCE, WARMI):
            load_programme(folder)
    keys["tiers.toml"] |= TIER_RULES.keys() | {key for settings in TIER_RULES.values() for key in settings}
    keys["products.toml"] |= set(TENORS)
    keys["Criteria"] = set(SIGNAL_OPERATORS)
    values["signals.toml"] |= set(PROOFS)
    values["referrals.toml"] |= {*ASKS, *MOVERS}
    return keys, values


def words(text):
    """Every word that stands in backticks."""
    return {word for span in re.findall(r"`([^`]+)`", text) for word in re.findall(r"[A-Za-z_](?:[\w-]*\w)?", span)}


@pytest.mark.parametrize("file", ["Criteria", *(f"{name}.toml" for name in FILES)])
def test_every_key_and_value_of_a_file_is_described(asked, file):
    keys, values = asked
    lacking = sorted((keys[file] | values[file]) - words(SECTIONS[file] + SHARED))
    assert not lacking, f"PROGRAMME.md, {file}: say what these are: {', '.join(lacking)}"


def test_no_key_is_described_that_is_not_read(asked):
    keys, _ = asked
    for file in [f"{name}.toml" for name in FILES]:
        first = re.findall(r"^\| (.+?) \|", SECTIONS[file], re.MULTILINE)
        strange = sorted({name for cell in first for name in words(cell)} - keys[file] - {"evidence", "prices"})
        assert not strange, f"PROGRAMME.md, {file}: take out {', '.join(strange)}, or mend the name: nothing reads it"
    shared = {name for cell in re.findall(r"^\| (.+?) \|", SHARED, re.MULTILINE) for name in words(cell)}
    strange = sorted(shared - set().union(*keys.values()))
    assert not strange, f"PROGRAMME.md: take out {', '.join(strange)}, or mend the name: nothing reads it"


def test_the_two_programmes_use_every_key_that_the_loader_can_ask_for(asked):
    """Without this a key that is read only where something else stands could hide from the tests above."""
    keys, _ = asked
    written = set()
    for name in ("reading", "building", "doubts", "parts", "referrals"):
        tree = ast.parse((ROOT / "matcher" / "programme" / f"{name}.py").read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in READS:
                written |= {arg.value for arg in node.args[:1] if isinstance(arg, ast.Constant)}
    assert len(written) > 70
    unused = sorted(written - set().union(*keys.values()))
    assert not unused, f"Let tests/programmes/warmi use {', '.join(unused)}, so that they are read once."
