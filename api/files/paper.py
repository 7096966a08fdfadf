"""Paper: a piece of a page as a PDF of A4 pages, black on white, which any printer prints.

What is printed is what the page says, since the same template wrote it: there are no second words that could differ. It
knows the few tags that our templates use. A character for which the font has no shape is written by its number, [U+4E2D],
so that nobody's name vanishes; what is written from right to left is printed letter by letter as it was typed.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from threading import Lock
from typing import Any, Final
from unicodedata import category, normalize
from xml.sax.saxutils import escape

FONTS: Final = Path(__file__).parent / "fonts"
PLAIN, BOLD = "DejaVuSans", "DejaVuSans-Bold"
MOST_CHARACTERS: Final = 200_000
"""Of a piece of a page, tags and all: some fifty pages. Ours are a tenth of that."""
_READING: Final = Lock()
_MILLIMETRE: Final = 72 / 25.4
_EDGE: Final = 18  # millimetres
_SIDES: Final = ("TOP", "BOTTOM", "LEFT", "RIGHT")
_BLOCKS: Final = {"h1": "h1", "h2": "h2", "h3": "h2", "p": "p", "li": "li", "dt": "dt", "dd": "dd", "td": "td"}
_INLINE: Final = {"strong": "b", "b": "b"}
_PASSED: Final = {"section", "ul", "ol", "dl", "table", "tbody", "tr", "span", "em"}


class NoPaper(ValueError):
    """A mistake of ours: a template has a tag that cannot be printed, or far too much of it."""


def paper_of(html: str, head: str, foot: Callable[[int, int], str]) -> bytes:
    """A piece of a page as a PDF. `head`: on top of every page, and what the file is called; `foot`: of page i of n.

    The same piece gives the same bytes.

    Raises:
        NoPaper: for a tag that it does not know, or more than MOST_CHARACTERS.
    """
    from reportlab.platypus import SimpleDocTemplate

    if len(html) > MOST_CHARACTERS:
        raise NoPaper(f"{len(html)} characters")
    reader = _Reader()
    reader.feed(html)
    reader.close()
    out, edge = io.BytesIO(), _EDGE * _MILLIMETRE
    margins = {"leftMargin": edge, "rightMargin": edge, "topMargin": edge * 1.3, "bottomMargin": edge * 1.2}
    size = (210 * _MILLIMETRE, 297 * _MILLIMETRE)
    document = SimpleDocTemplate(out, pagesize=size, title=head, author="Kail", creator="Kail", invariant=1, **margins)
    document.build(reader.story, canvasmaker=_numbering(shown(head), foot))
    return out.getvalue()


def shown(text: str) -> str:
    """A text as the font can show it: composed, and what it has no shape for by its number."""
    with _READING:
        known = _fonts()
    return "".join(
        " " if one in "\t\r\n" else one if ord(one) in known and category(one)[0] != "C" else f"[U+{ord(one):04X}]"
        for one in normalize("NFC", text)
    )


@cache
def _fonts() -> frozenset[int]:
    """Read the two fonts, once for a process, and say which characters both have."""
    from reportlab.pdfbase.pdfmetrics import registerFont, registerFontFamily
    from reportlab.pdfbase.ttfonts import TTFont

    both = [TTFont(name, str(FONTS / f"{name}.ttf")) for name in (PLAIN, BOLD)]
    for font in both:
        registerFont(font)
    registerFontFamily(PLAIN, normal=PLAIN, bold=BOLD, italic=PLAIN, boldItalic=BOLD)
    known = frozenset.intersection(*(frozenset(font.face.charToGlyph) for font in both))
    return frozenset(one for one in known if one < 2**16)  # the library says larger ones wrongly to who copies the text


@cache
def _styles() -> dict[str, Any]:
    from reportlab.lib.enums import TA_RIGHT
    from reportlab.lib.styles import ParagraphStyle

    def style(name: str, size: float, before: float, after: float, font: str = PLAIN, **more: Any) -> Any:
        spaced = {"spaceBefore": before, "spaceAfter": after, "leading": size * 1.35}
        return ParagraphStyle(name, fontName=font, fontSize=size, **spaced, **more)

    return {
        "h1": style("h1", 15, 0, 4, BOLD),
        "h2": style("h2", 10.5, 10, 3, BOLD, keepWithNext=1),
        "p": style("p", 9, 2, 2),
        "li": style("li", 9, 1, 1, leftIndent=12, bulletIndent=2),
        "dt": style("dt", 9, 0, 0),
        "dd": style("dd", 9, 0, 0, BOLD),
        "td": style("td", 9, 0, 0),
        "right": style("right", 9, 0, 0, alignment=TA_RIGHT),
    }


class _Reader(HTMLParser):
    """Turns tags into what is laid out on pages, in order."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.story: list[Any] = []
        self.block, self.said = "", [""]
        self.rows: list[list[Any]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _BLOCKS:
            self.block, self.said = tag, []
        elif tag in _INLINE:
            self.said.append(f"<{_INLINE[tag]}>")
        elif tag not in _PASSED:
            raise NoPaper(tag)
        if tag in ("dt", "tr"):
            self.rows.append([])

    def handle_data(self, data: str) -> None:
        if self.block:
            self.said.append(escape(shown(data)))
        elif data.strip():
            raise NoPaper(f"{len(data)} characters outside any block")

    def handle_endtag(self, tag: str) -> None:
        if tag in _INLINE:
            self.said.append(f"</{_INLINE[tag]}>")
        elif tag in ("dl", "table"):
            self._table(0.32 if tag == "dl" else 0.7)
        elif tag in _BLOCKS:
            self._block(tag)
            self.block = ""

    def _block(self, tag: str) -> None:
        from reportlab.platypus import Paragraph

        is_sum = tag == "td" and self.rows[-1]
        style = _styles()["right" if is_sum else _BLOCKS[tag]]
        said = Paragraph("".join(self.said), style, bulletText="•" if tag == "li" else None)
        if tag in ("dt", "dd", "td"):
            self.rows[-1].append(said)
        else:
            self.story.append(said)

    def _table(self, first: float) -> None:
        """Lay out rows of two cells; `first`: how much of the width the first has."""
        from reportlab.platypus import Table

        width = (210 - 2 * _EDGE) * _MILLIMETRE - 12
        if self.rows:
            lines = [("LINEBELOW", (0, 0), (-1, -1), 0.25, (0.6, 0.6, 0.6)), ("VALIGN", (0, 0), (-1, -1), "TOP")]
            pads = [(f"{side}PADDING", (0, 0), (-1, -1), size) for side, size in zip(_SIDES, (2, 2, 0, 0), strict=True)]
            self.story.append(Table(self.rows, colWidths=[width * first, width * (1 - first)], style=[*lines, *pads]))
        self.rows = []


def _numbering(head: str, foot: Callable[[int, int], str]) -> type[Any]:
    """A canvas that knows at the end how many pages there are, and then writes above and below each."""
    from reportlab.pdfgen.canvas import Canvas

    class Numbering(Canvas):  # type: ignore[misc]  # the library publishes no types
        def __init__(self, *given: Any, **more: Any) -> None:
            super().__init__(*given, **more)
            self.pages: list[dict[str, Any]] = []

        def showPage(self) -> None:
            self.pages.append(dict(self.__dict__))
            self._startPage()

        def save(self) -> None:
            for number, page in enumerate(self.pages, 1):
                self.__dict__.update(page)
                self.setFont(PLAIN, 7.5)
                self.drawString(_EDGE * _MILLIMETRE + 6, 284 * _MILLIMETRE, head)
                self.drawString(_EDGE * _MILLIMETRE + 6, 11 * _MILLIMETRE, shown(foot(number, len(self.pages))))
                super().showPage()
            super().save()

    return Numbering
