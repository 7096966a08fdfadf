"""A Catalogue holds the sentences of one language, read from the .po files of its folder into memory by Babel.

Nothing is compiled or written. Catalogues are checked against each other when a programme is loaded, so that no answer
finds out that a sentence is missing.
"""

from __future__ import annotations

import gettext
import re
import string
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Final, NamedTuple

from babel import Locale, UnknownLocaleError
from babel.messages.catalog import Catalog
from babel.messages.catalog import Message as Entry
from babel.messages.pofile import PoFileError, read_po

LOCALE: Final = Path(__file__).parent / "locale"
"""One folder for each language."""


class CatalogueProblem(NamedTuple):
    """One mistake in the catalogues: file, entry, what is wrong, what to do. In English: it may be about any language."""

    file: str
    entry: str
    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.file}: {self.entry}: {self.what}. {self.remedy}"


class CatalogueError(Exception):
    """Catalogues that cannot be used; `problems` names every mistake found."""

    def __init__(self, problems: Iterable[CatalogueProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))

    def said(self, language: str) -> str:
        """Every problem, in English: the catalogue of another language may be the one that is wrong."""
        return str(self)


class Sentence(NamedTuple):
    """What one code says: its forms (one, or one for each plural form of the language) and where it stands."""

    forms: tuple[str, ...]
    plural: bool
    file: str

    def arguments(self) -> frozenset[str]:
        """The names of the arguments that it speaks of.

        Raises:
            ValueError: if a brace is left open, or an argument has more than its name.
        """
        return frozenset().union(*map(_arguments, self.forms))


@dataclass(frozen=True)
class Catalogue:
    """The sentences of a language, by kind and code. `locale`: how it writes dates and numbers."""

    language: str
    locale: Locale
    plural_form: Callable[[int], int]
    sentences: Mapping[tuple[str, str], Sentence]
    kinds: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def sentence(self, kind: str, code: str, number: int | None = None) -> str:
        """The sentence of a code, in the form that goes with a number.

        Raises:
            KeyError: if there is none.
        """
        found = self.sentences[kind, code]
        if not found.plural or number is None:
            return found.forms[-1]
        return found.forms[min(self.plural_form(abs(number)), len(found.forms) - 1)]

    def codes(self, kind: str) -> tuple[str, ...]:
        """The codes of a kind, in the order of the file."""
        return self.kinds.get(kind, ())

    def __contains__(self, key: tuple[str, str]) -> bool:
        return key in self.sentences


def languages() -> tuple[str, ...]:
    """The languages that have a folder."""
    return tuple(sorted(folder.name for folder in LOCALE.iterdir() if any(folder.glob("*.po"))))


@lru_cache(maxsize=64)
def catalogue(language: str) -> Catalogue:
    """Read the catalogues of a language.

    Raises:
        CatalogueError: naming file, entry and remedy of every mistake.
    """
    problems: list[CatalogueProblem] = []
    sentences: dict[tuple[str, str], Sentence] = {}
    first: Catalog | None = None
    for path in sorted((LOCALE / language).glob("*.po")):
        name = f"{language}/{path.name}"
        read = _read(path, name, problems)
        if read is None:
            continue
        wrong = list(_header(name, language, read, first or read))
        problems += wrong
        first = first or (None if wrong else read)
        for entry in read:
            if entry.id:
                _take(sentences, entry, name, read.num_plurals, problems)
    if first is None and not problems:
        problems.append(_no_language(language))
    if problems or first is None or first.locale is None:
        raise CatalogueError(problems)
    kinds: dict[str, list[str]] = {}
    for kind, code in sentences:
        kinds.setdefault(kind, []).append(code)
    listed = {kind: tuple(codes) for kind, codes in kinds.items()}
    return Catalogue(language, first.locale, gettext.c2py(first.plural_expr), sentences, listed)


def check_catalogues(wanted: Iterable[str]) -> None:
    """See that every language wanted has its catalogues, and that they say the same codes with the same arguments.

    Raises:
        CatalogueError: naming file, entry and remedy of every mistake.
    """
    problems: list[CatalogueProblem] = []
    found = []
    for language in wanted:
        try:
            found.append(catalogue(language))
        except CatalogueError as error:
            problems += error.problems
    for other in found[1:]:
        problems += _differences(found[0], other)
    if problems:
        raise CatalogueError(problems)


def _no_language(language: str) -> CatalogueProblem:
    return CatalogueProblem(
        "words/locale", language, "there is no such language",
        f"Add the folder words/locale/{language} with every catalogue, or name one of: {', '.join(languages())}.",
    )  # fmt: skip


def _read(path: Path, name: str, problems: list[CatalogueProblem]) -> Catalog | None:
    """Read one file. Babel forgives much; what it forgives would be said to people, so each line is looked at first."""
    try:
        content = path.read_bytes()
        wrong = list(_lines(content.decode("utf-8"), name))
        problems += wrong
        return None if wrong else read_po(BytesIO(content), abort_invalid=True)
    except UnicodeDecodeError as error:
        problems.append(CatalogueProblem(name, "the file", f"byte {error.start} is no UTF-8", "Save it as UTF-8."))
    except OSError as error:
        problems.append(CatalogueProblem(name, "the file", f"it cannot be read ({error.strerror})", "Look at it."))
    except PoFileError as error:
        problems.append(CatalogueProblem(name, f"line {error.lineno + 1}", str(error), "Mend that line."))
    except (UnknownLocaleError, LookupError, ValueError) as error:
        problems.append(CatalogueProblem(name, "the header", str(error), "Copy the header of another file."))
    return None


_LINE: Final = re.compile(r'(?:(msgctxt|msgid|msgid_plural|msgstr|msgstr\[[0-9]\])\s+)?"((?:[^"\\]|\\.)*)"')


def _lines(text: str, name: str) -> Iterator[CatalogueProblem]:
    """Every line that is neither blank nor a comment nor a keyword with one closed text; and entries that stand twice."""
    if text.startswith("\ufeff"):
        yield CatalogueProblem(name, "the file", "it begins with a byte order mark", "Save it as UTF-8 without one.")
        return
    seen: set[tuple[str, str]] = set()
    context = ""
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        found = _LINE.fullmatch(line.strip())
        if found is None:
            what, remedy = "it is no keyword with one text in quotes", 'Mend that line, such as msgstr "...".'
            yield CatalogueProblem(name, f"line {number}", what, remedy)
        elif found[1] == "msgctxt":
            context = found[2]
        elif found[1] == "msgid":
            key, context = (context, found[2]), ""
            if key in seen:
                yield CatalogueProblem(name, " ".join(key).strip(), "it stands twice", "Keep one of them.")
            seen.add(key)


def _header(name: str, language: str, read: Catalog, first: Catalog) -> Iterator[CatalogueProblem]:
    """What is wrong with the header of a file: its language, how plurals are told, and that all files of a folder agree."""
    if read.locale is None or read.locale.language != language.partition("_")[0]:
        remedy = f'Write "Language: {language}\\n" in the header.'
        yield CatalogueProblem(name, "the header", f"it does not name the language {language}", remedy)
        return
    if (read.locale, read.plural_expr, read.num_plurals) != (first.locale, first.plural_expr, first.num_plurals):
        yield CatalogueProblem(name, "the header", "it is not that of the other files", "Copy theirs.")
    try:
        forms = {gettext.c2py(read.plural_expr)(number) for number in range(201)}
    except (ValueError, ArithmeticError) as error:
        yield CatalogueProblem(name, "the header", f"its Plural-Forms cannot be used ({error})", "Mend them.")
    else:
        if not forms <= set(range(read.num_plurals)):
            yield CatalogueProblem(name, "the header", "its Plural-Forms name more forms than nplurals", "Mend them.")


def _take(
    sentences: dict[tuple[str, str], Sentence], entry: Entry, file: str, plurals: int, problems: list[CatalogueProblem]
) -> None:
    plural = not isinstance(entry.id, str)
    code = entry.id if isinstance(entry.id, str) else entry.id[0]
    forms = (entry.string,) if isinstance(entry.string, str) else tuple(entry.string or ())
    key = (entry.context or "", code)
    where = f"{key[0]} {code}".strip()
    if key in sentences:
        what = f"it stands in {sentences[key].file} already"
        problems.append(CatalogueProblem(file, where, what, "Keep one of them."))
    if entry.fuzzy:
        problems.append(CatalogueProblem(file, where, "it is marked fuzzy", "Look at the text, then remove the mark."))
    if not forms or not all(form.strip() for form in forms):
        problems.append(CatalogueProblem(file, where, "it says nothing", "Translate msgstr."))
    elif plural and len(forms) != plurals:
        what = f"it has {len(forms)} forms, and the language {plurals}"
        problems.append(CatalogueProblem(file, where, what, "Write msgstr[0] and so on, one for each."))
    sentence = Sentence(forms, plural, file)
    try:
        sentence.arguments()
    except ValueError as error:
        problems.append(CatalogueProblem(file, where, str(error), "Write an argument as {name}, a brace as {{ or }}."))
    else:
        sentences[key] = sentence


def _differences(one: Catalogue, other: Catalogue) -> Iterator[CatalogueProblem]:
    """Codes that only one of two languages says, and arguments that only one of them speaks of."""
    for first, second in ((one, other), (other, one)):
        for key in first.sentences.keys() - second.sentences.keys():
            file = first.sentences[key].file
            missing = f"{second.language}/{file.partition('/')[2]}"
            yield CatalogueProblem(
                missing, " ".join(key).strip(), f"it is missing, but stands in {file}", "Add it, or remove it there."
            )
    for key in sorted(one.sentences.keys() & other.sentences.keys()):
        said, again = one.sentences[key], other.sentences[key]
        for name in sorted(said.arguments() ^ again.arguments()):
            has, lacks = (said, again) if name in said.arguments() else (again, said)
            what, remedy = f"{{{name}}} stands only in {has.file}", f"Say {{{name}}} in both, or in neither."
            yield CatalogueProblem(lacks.file, " ".join(key).strip(), what, remedy)


def _arguments(form: str) -> Iterator[str]:
    for _, name, spec, conversion in string.Formatter().parse(form):
        if name is not None:
            if not name.isidentifier() or spec or conversion:
                raise ValueError(f"{{{name}}} is no argument with a name alone")
            yield name
