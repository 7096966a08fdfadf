"""Sheets as people write them: known truths in every spelling, header, order, separator, encoding and layout, read back.

What comes in is the truth, or is asked, or refused; never a value that is another one.
"""

from __future__ import annotations

import csv
import io
import random
from collections import Counter, defaultdict
from datetime import date

import openpyxl
import pytest

from api.advice.participant_rows import Job, open_job
from matcher.facts.participant import read_value
from matcher.programme.loading import load_programme
from tests.api.files.spellings import COLUMNS, ONE, STRANGE, TWO, a_column
from tests.conftest import EXAMPLES

PROGRAMME = load_programme()
SIGNALS = {signal.id: signal for signal in PROGRAMME.signals}
JOB = Job(programme=PROGRAMME, today=date(2026, 11, 29))
FILES = 10_000 if EXAMPLES >= 20_000 else 200
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16")
TITLES = (["DAFTAR PESERTA KECAMATAN CONTOH"], ["Per 31 Agustus 2026"], [])


def a_sheet(draw):
    """The header, the cells (texts with their truths) of each row, and what stands above and below."""
    rows = draw.randint(2, 9)
    chosen = list({column.signal: column for column in draw.sample(COLUMNS, draw.randint(3, 8))}.values())
    headers = ["ID Peserta", *(draw.choice(column.headers) for column in chosen)]
    columns = [a_column(draw, column, rows) for column in chosen]
    if draw.random() < 0.4:
        headers.insert(1, draw.choice(STRANGE))
        columns.insert(0, None)
        chosen.insert(0, None)
    lines = [
        [f"P{row}", *("catatan" if column is None else column[row].text for column in columns)] for row in range(rows)
    ]
    above = [[*title] for title in TITLES[: draw.randint(1, 3)]] if draw.random() < 0.3 else []
    below = [["TOTAL PESERTA", *["9"] * (len(headers) - 1)]] if draw.random() < 0.2 else []
    return headers, chosen, columns, lines, above, below


def written(draw, folder, number, headers, lines, above, below):
    """The sheet as a file of one kind or another."""
    table = [*above, headers, *lines, *below]
    if draw.random() < 0.2:
        book = openpyxl.Workbook()
        for row, cells in enumerate(table, 1):
            for column, text in enumerate(cells, 1):
                if text:
                    cell = book.active.cell(row, column)
                    typed = row > len(above) + 1 and text.isdecimal() and len(text) < 12 and draw.random() < 0.5
                    cell.value, cell.data_type = (int(text), "n") if typed else (text, "s")
        path = folder / f"{number}.xlsx"
        book.save(path)
        return path
    text = io.StringIO()
    width = len(headers)
    writer = csv.writer(text, delimiter=draw.choice(",;\t|"))
    writer.writerows([*row, *[""] * (width - len(row))] for row in table)
    path = folder / f"{number}.csv"
    path.write_bytes(text.getvalue().encode(draw.choice(ENCODINGS)))
    return path


def read(path):
    """What each row of a file became: values by signal, and the headers of cells that ask."""
    with open_job(JOB, path) as (sheet, readings):
        for row in sheet.rows:
            if row.cells:
                found, problems = readings.signals(row.cells, JOB.today)
                yield found, {problem.field for problem in problems}


def test_what_comes_in_is_the_truth_or_is_asked(tmp_path, capsys):
    shares: dict[tuple[str, str], Counter] = defaultdict(Counter)
    wrong = []
    for number in range(FILES):
        draw = random.Random(number)
        headers, chosen, columns, lines, above, below = a_sheet(draw)
        path = written(draw, tmp_path, number, headers, lines, above, below)
        found = list(read(path))
        path.unlink()
        assert len(found) == len(lines), (number, "rows")
        for place, (values, asked) in enumerate(found):
            for header, column, texts in zip(headers[-len(chosen) :], chosen, columns, strict=True):
                if column is None:
                    continue
                text = texts[place]
                value = values.get(column.signal)
                refused = value is not None and read_value(SIGNALS[column.signal], value)[1] is not None
                became = "asked" if header in asked else "refused" if refused else "read"
                shares[text.spelling, text.readings][became] += 1
                if became == "read" and (text.readings == TWO or value != text.truth):
                    wrong.append((number, header, text, value, [one.text for one in texts]))
    with capsys.disabled():
        print()
        for (spelling, readings), count in sorted(shares.items()):
            total = count.total()
            print(f"  {spelling:<20} {readings}  " + "  ".join(f"{k} {count[k] / total:.1%}" for k in ("read", "asked", "refused")) + f"  of {total}")  # fmt: skip
    assert wrong == []
    certain = sum((count for (_, readings), count in shares.items() if readings == ONE), Counter())
    assert certain["read"] >= 0.95 * certain.total()
    assert certain["asked"] <= 0.02 * certain.total()


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16-le"])
def test_names_with_accents_come_through_other_encodings(tmp_path, encoding):
    mark = b"\xff\xfe" if encoding == "utf-16-le" else b""
    (tmp_path / "a.csv").write_bytes(mark + "ID;Nama;NIB\nCafé;Bu “Tini”;ada\n".encode(encoding))
    with open_job(JOB, tmp_path / "a.csv") as (sheet, _):
        (row,) = sheet.rows
        assert row.cells == {"ID": "Café", "Nama": "Bu “Tini”", "NIB": "ada"}
        assert sheet.written == (("Windows-1252", "Café") if encoding == "cp1252" else ())
