"""A language that nobody speaks: every sentence of ours in ⟦marks⟧, every text of a programme in ⦃others⦄.

What a person reads outside of all marks is a sentence that stands in the code.
"""

from __future__ import annotations

import re
import shutil
import tomllib
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from babel.dates import get_month_names
from babel.messages.pofile import read_po, write_po

from matcher.programme.loading import OKOCE
from tests.conftest import ROOT

LANGUAGE = "jv"  # Babel knows how it writes dates and numbers
PAIR = re.compile(r'\{ *id = ("(?:[^"\\]|\\.)*"), *en = "(?:[^"\\]|\\.)*" *\}')
LINE = re.compile(r'^([\w.]+)\.id = ("(?:[^"\\]|\\.)*")$', re.M)


def make_words(folder: Path) -> Path:
    """A copy of the package `words` with one folder more, to be put before ours on the path; return that path."""
    shutil.copytree(ROOT / "words", folder / "words", ignore=shutil.ignore_patterns("__pycache__"))
    locale = folder / "words" / "locale"
    (locale / LANGUAGE).mkdir()
    for path in (locale / "id").glob("*.po"):
        with path.open("rb") as file:
            catalogue = read_po(file)
        for entry in catalogue:
            if entry.id:
                forms = [entry.string] if isinstance(entry.string, str) else entry.string
                marked = [f"⟦{form}⟧" for form in forms]
                entry.string = marked[0] if isinstance(entry.string, str) else tuple(marked)
        target = locale / LANGUAGE / path.name
        with target.open("wb") as file:
            write_po(file, catalogue)
        written = re.sub(r'"Language: id', f'"Language: {LANGUAGE}', target.read_text(encoding="utf-8"))
        target.write_text(written, encoding="utf-8")
    return folder


def make_programme(folder: Path) -> Path:
    """OK OCE in that language, which is its first one."""

    def marked(quoted: str) -> str:
        return f'"⦃{quoted[1:-1]}⦄"'

    shutil.copytree(OKOCE, folder)
    for path in folder.glob("*.toml"):
        text = path.read_text(encoding="utf-8")
        text = PAIR.sub(lambda m: f"{m[0][:-1].rstrip()}, {LANGUAGE} = {marked(m[1])} }}", text)
        text = LINE.sub(lambda m: f"{m[0]}\n{m[1]}.{LANGUAGE} = {marked(m[2])}", text)
        path.write_text(text.replace('languages = ["id", "en"]', f'languages = ["{LANGUAGE}", "id", "en"]'), "utf-8")
    return folder


def names_in(folder: Path) -> set[str]:
    """What a programme writes once for all languages: ids, names of providers, what studies found, sources."""

    def texts(thing: Any) -> Iterator[str]:
        if isinstance(thing, dict):
            for value in thing.values() if LANGUAGE not in thing else ():
                yield from texts(value)
        elif isinstance(thing, list):
            for value in thing:
                yield from texts(value)
        elif isinstance(thing, str):
            yield thing

    tables = (tomllib.loads(path.read_text(encoding="utf-8")) for path in folder.glob("*.toml"))
    return {text for table in tables for text in texts(table) if len(text) > 2}


MARKED = re.compile(r"⟦[^⟦⟧⦃⦄]*⟧|⦃[^⟦⟧⦃⦄]*⦄")
MONTHS = "|".join([*get_month_names("wide", locale=LANGUAGE).values(), *get_month_names("wide", locale="id").values()])
DAY = re.compile(rf"\b\d{{1,2}} (?:{MONTHS}) \d{{4}}(?:, \d\d[:.]\d\d)?")
ADDRESS = re.compile(r"https?://\S+")
DIGEST = re.compile(r"\b[0-9a-f]{8,}\b")


def outside(text: str, *known: str) -> str:
    """The letters of a text that stand in no mark, in no date and no address, and are not known: a name, a path."""
    before = None
    while before != text:  # from the inside out
        before, text = text, MARKED.sub(" ", text)
    text = DIGEST.sub(" ", ADDRESS.sub(" ", DAY.sub(" ", text)))
    if known:
        said = "|".join(re.escape(one) for one in sorted(known, key=len, reverse=True) if one)
        text = re.sub(rf"(?<!\w)(?:{said})(?!\w)", " ", text)
    return " ".join(re.findall(r"[^\W\d_]{2,}", text))


class Visible(HTMLParser):
    """What a person reads or hears of a page: its text and the attributes that are shown or read out."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.text: list[str] = []
        self.links: list[str] = []
        self.forms: list[tuple[str, list[str]]] = []
        self._hidden = 0
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self._hidden += tag == "code"  # a command to paste
        self.text += [given[name] for name in ("aria-label", "alt", "title", "placeholder") if given.get(name)]
        if tag == "a" and given.get("href", "").startswith("/"):
            self.links.append(given["href"])
        if tag == "form":
            self.forms.append((given["action"], []))
        if tag in ("input", "select", "textarea") and self.forms and given.get("name"):
            self.forms[-1][1].append(given["name"])

    def handle_endtag(self, tag):
        self._hidden -= tag == "code"

    def handle_data(self, data):
        if not self._hidden:
            self.text.append(data)
