"""Catalogues: every language says everything, with the same arguments; what is wrong is named with file and remedy."""

import re
import shutil

import pytest

from words import catalogues
from words.catalogues import LOCALE, CatalogueError, catalogue, check_catalogues, languages

FILES = sorted(path.name for path in (LOCALE / "id").glob("*.po"))


@pytest.fixture
def locale(tmp_path, monkeypatch):
    """A copy of the catalogues that a test may spoil."""
    shutil.copytree(LOCALE, tmp_path / "locale")
    monkeypatch.setattr(catalogues, "LOCALE", tmp_path / "locale")
    catalogue.cache_clear()
    yield tmp_path / "locale"
    catalogue.cache_clear()


def spoil(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def told(*wanted):
    with pytest.raises(CatalogueError) as error:
        check_catalogues(wanted)
    return str(error.value)


def test_every_language_that_has_a_folder_says_everything_with_the_same_arguments():
    assert set(languages()) == {"id", "en"}
    check_catalogues(languages())
    assert [path.name for path in sorted((LOCALE / "en").glob("*.po"))] == FILES


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("{step} sudah selesai", "sudah selesai", r"id/answers\.po: step_done: \{step\} stands only in en/answers\.po\. Say"),
        ("{step} sudah selesai", "{step} {x}", r"en/answers\.po: step_done: \{x\} stands only in id/answers\.po\. Say"),
        ("{step} sudah selesai", "{step sudah", r"id/answers\.po: step_done: .*Write an argument as \{name\}"),
        ("{step} sudah selesai", "{step!r} sudah", r"id/answers\.po: step_done: .*no argument with a name alone"),
        ("{step} sudah selesai", "{step:>9} sudah", r"id/answers\.po: step_done: .*no argument with a name alone"),
        ("{step} sudah selesai", "{} sudah", r"id/answers\.po: step_done: .*no argument with a name alone"),
        ("{step} sudah selesai", "", r"id/answers\.po: step_done: it says nothing\. Translate"),
        ('msgid "step_done"', 'msgid "stepp_done"', r"id/answers\.po: step_done: it is missing, but stands in en/answers\.po"),
        ('msgid "step_done"', 'msgid "stepp_done"', r"en/answers\.po: stepp_done: it is missing, but stands in id/answers\.po"),
        ('msgid "step_done"', 'msgctxt "page"\nmsgid "save"', r"page save: it stands in id/answers\.po already\. Keep one"),
        ('msgid "step_done"', 'msgidx "step_done"', r"id/answers\.po: line \d+: .*Mend that line"),
        ("belum diketahui\"", "belum diketahui", r"id/answers\.po: line \d+: .*Mend that line"),
        ('msgstr "belum diketahui"', "msgstr belum diketahui", r"id/answers\.po: line \d+: .*Mend that line"),
        ('"belum diketahui"', '"belum diketahui" xx', r"id/answers\.po: line \d+: .*Mend that line"),
        ('msgid "unknown"', '#, fuzzy\nmsgid "unknown"', r"id/answers\.po: unknown: it is marked fuzzy\. Look"),
        ('msgid "step_done"', 'msgid "unknown"', r"id/answers\.po: unknown: it stands twice\. Keep one"),
        ("belum diketahui", " ", r"id/answers\.po: unknown: it says nothing\. Translate"),
        ("Language: id", "Language: en", r"id/answers\.po: the header: it does not name the language id\. Write"),
        ('"Language: id\\n"\n', "", r"id/answers\.po: the header: it does not name the language id\. Write"),
        ("plural=0", "plural=(n !=", r"id/answers\.po: the header: .*(Mend them|Copy the header)"),
        ("plural=0", "plural=n/0", r"id/answers\.po: the header: .*(Mend them|Copy the header)"),
        ("plural=0", "plural=n", r"id/answers\.po: the header: .*Mend them"),
        ("charset=utf-8", "charset=bogus-9", r"id/answers\.po: the header: .*Copy the header"),
        ('msgid ""', '\ufeffmsgid ""', r"id/answers\.po: the file: it begins with a byte order mark\. Save"),
        ("nplurals=1", "nplurals=2", r"id/answers\.po: unit days: it says nothing\. Translate"),
        ('"Language: id', '"Language: xx_YY', r"id/answers\.po: the header: it does not name the language id\. Write"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_by_file_entry_and_remedy(locale, old, new, problem):
    spoil(locale / "id" / "answers.po", old, new)
    assert re.search(problem, told("id", "en"))


def test_all_mistakes_are_named_at_once(locale):
    spoil(locale / "id" / "answers.po", "{step} sudah selesai", "sudah selesai")
    spoil(locale / "en" / "refusals.po", "{name} stands twice.", "It stands twice.")
    found = told("id", "en")
    assert "id/answers.po: step_done" in found
    assert "en/refusals.po: twice" in found


def test_a_language_without_a_folder_is_named_with_those_there_are(locale):
    assert re.search(r"words/locale: su: there is no such language\. Add the folder words/locale/su .*: en, id\.", told("id", "su"))  # fmt: skip


def test_a_file_that_is_no_utf_8_is_named(locale):
    (locale / "en" / "rows.po").write_bytes(b'msgid ""\nmsgstr ""\n\nmsgid "a"\nmsgstr "\xff"\n')
    assert "en/rows.po: the file: byte" in told("id", "en")


def test_a_folder_in_the_place_of_a_file_is_named(locale):
    (locale / "en" / "x.po").mkdir()
    assert "en/x.po: the file: it cannot be read" in told("id", "en")


def test_a_new_folder_is_a_new_language(locale):
    shutil.copytree(locale / "id", locale / "jv")
    for path in (locale / "jv").glob("*.po"):
        spoil(path, "Language: id", "Language: jv")
    check_catalogues(["id", "en", "jv"])
    assert languages() == ("en", "id", "jv")
