"""Paper: what a piece of a page says stands in the PDF, whatever characters it has; the same piece gives the same bytes."""

import io
import sys
from concurrent.futures import ThreadPoolExecutor
from html import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from api.files.paper import MOST_CHARACTERS, NoPaper, paper_of, shown
from tests.conftest import EXAMPLES


def foot(page, pages):
    return f"Halaman {page} dari {pages}"


def written(html, head="Kepala"):
    return paper_of(html, head, foot)


def read_paper(content):
    """The text of each page."""
    return [page.extract_text() for page in PdfReader(io.BytesIO(content)).pages]


def words_in(content):
    return " ".join(" ".join(read_paper(content)).split())


NAMES = [
    "Şükrü Nguyễn Đặng", "D'Souza <b>&amp;</b>", "Ørjan Łukasz", "Ελένη", "Наталья", "مرحبا", "שלום",
    "李小龙", "\U0001f600", "na\u0308ive", "a\x00b", "a\u202eb", "\u200b", "x" * 400, "", "\ud83d", "Rp1.000 \u2212 5",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_no_name_vanishes_and_none_stops_the_paper(name):
    html = f"<dl><dt>Nama</dt><dd>{escape(name)}</dd></dl>".encode("utf-8", "replace").decode()
    found = "".join(words_in(written(html)).split())
    wanted = "".join(shown(name.encode("utf-8", "replace").decode()).split())
    assert wanted in found or wanted[::-1] in found  # what reads it turns what is written from right to left


@given(st.text(max_size=60))
@settings(max_examples=max(EXAMPLES // 20, 25), deadline=None)
def test_any_text_becomes_characters_that_the_font_has(text):
    said = shown(text)
    assert said == shown(said)
    for one in text:
        if one.isalnum():
            assert one in said or f"[U+{ord(one):04X}]" in said or shown(one) != one


def test_every_page_says_what_it_is_and_which_of_how_many():
    pages = read_paper(written("<h1>Judul</h1>" + "<p>Kalimat yang cukup panjang.</p>" * 120, "Kail · x1"))
    assert len(pages) > 2
    for number, page in enumerate(pages, 1):
        assert "Kail · x1" in page
        assert f"Halaman {number} dari {len(pages)}" in page


def test_a_heading_stands_above_what_it_is_about_and_a_page_is_a4():
    html = "<p>Baris</p>" * 38 + "<h2>Judul di ujung</h2><p>Isinya</p>"
    reader = PdfReader(io.BytesIO(written(html)))
    assert [round(float(side)) for side in reader.pages[0].mediabox] == [0, 0, 595, 842]
    for page in reader.pages:
        text = page.extract_text()
        assert ("Judul di ujung" in text) == ("Isinya" in text)


def test_what_is_written_at_once_is_what_is_written_alone():
    pieces = [f"<h1>Judul {n}</h1>" + f"<p>Nomor <strong>{n}</strong> {chr(192 + n)}</p>" * 30 for n in range(12)]
    alone = [written(one) for one in pieces]
    with ThreadPoolExecutor(6) as threads:
        assert list(threads.map(written, pieces * 2)) == alone * 2


def test_it_says_nothing_of_itself_that_could_be_about_somebody():
    reader = PdfReader(io.BytesIO(written("<p>Bu Ani</p>", "Kail · KUR · 4711")))
    assert reader.metadata.title == "Kail · KUR · 4711"
    assert "Ani" not in str(dict(reader.metadata))


@pytest.mark.parametrize(
    "html",
    ["<table><tr><td>a</td></tr></table><form></form>", "<blink>a</blink>", "kata", "<p>a</p>" * MOST_CHARACTERS],
)
def test_what_cannot_be_printed_is_a_mistake_of_ours(html):
    with pytest.raises(NoPaper):
        written(html)


def test_serving_loads_the_library_with_the_first_paper():
    import subprocess

    code = "import sys, api.app; sys.exit('reportlab' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
