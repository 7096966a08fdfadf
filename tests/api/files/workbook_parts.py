"""Workbooks taken apart and put together by hand, and what Kail reads of them."""

import csv
import re
import zipfile
from datetime import date

from api.advice.participant_rows import Job
from api.files.sheets import open_sheet
from matcher.programme.loading import load_programme

PROGRAMME = load_programme()
DAY = date(2026, 11, 21)
JOB = Job(programme=PROGRAMME, today=DAY)
HEADER = ["participant", "nib", "staff", "monthly_profit"]
SIGNALS = [signal.id for signal in PROGRAMME.signals if not signal.derived]
LINKS = "xl____rels___workbook__xml__rels"
TYPES = "[Content_Types]__xml"
SHEET = "xl___worksheets___sheet1__xml"
TEXTS = "xl___sharedStrings__xml"
STYLES = "xl___styles__xml"


def table(path):
    if not path.exists() or path.suffix != ".csv":
        return []
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


def cells(path, known=(*SIGNALS, "participant", "as_of"), name=None):
    """What is read from a workbook: the cells of every row."""
    with open_sheet(path, known, name=name) as sheet:
        return [row.cells for row in sheet.rows]


def places(rejected):
    return [(row["row"], row["line"], row["cell"], row["field"]) for row in rejected]


def with_parts(path, **changes):
    """Rewrite parts of a workbook; a change is new content or a function of the old. `name__ending` for name.ending."""
    changes = {
        name.replace("____", "/_").replace("___", "/").replace("__", "."): change for name, change in changes.items()
    }
    with zipfile.ZipFile(path) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    for name, change in changes.items():
        parts[name] = change(parts[name]) if callable(change) else change
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name, content in parts.items():
            new.writestr(name, content)
    return path


def with_shared_texts(path, change=lambda xml: xml):
    """Make the texts of a workbook shared ones, as Excel writes them."""
    space = "http://schemas.openxmlformats.org"
    texts = []

    def share(found):
        texts.append(f"<si><t>{found[1]}</t></si>")
        return f't="s"><v>{len(texts) - 1}</v></c>'

    def sheet(xml):
        return re.sub(r't="inlineStr"><is><t>(.*?)</t></is></c>', share, xml.decode()).encode()

    kind = f"{space}/officeDocument/2006/relationships/sharedStrings"
    link = f'<Relationship Id="t" Type="{kind}" Target="sharedStrings.xml"/>'
    with_parts(path, **{SHEET: sheet})
    xml = f'<sst xmlns="{space}/spreadsheetml/2006/main">{"".join(texts)}</sst>'.encode()
    links = {LINKS: lambda xml: xml.replace(b"</Relationships>", f"{link}</Relationships>".encode())}
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    part = f'<Override PartName="/xl/sharedStrings.xml" ContentType="{kind}"/></Types>'
    links[TYPES] = lambda xml: xml.replace(b"</Types>", part.encode())
    return with_parts(path, **links, **{TEXTS: change(xml)})


def sheet_of(*rows, merged=""):
    """The XML of a worksheet."""
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return f'<worksheet xmlns="{space}"><sheetData>{"".join(rows)}</sheetData>{merged}</worksheet>'.encode()


def text_row(number, *texts):
    inner = "".join(f'<c t="inlineStr"><is><t>{text}</t></is></c>' for text in texts)
    return f'<row r="{number}">{inner}</row>'
