"""Whether a workbook gives the same answers as the CSV it was made from, and how long the reading takes.

    python benchmarks/spreadsheets.py [--quick] [--census FILE]

FILE is the baseline census that training_data/columns/kenya_census.toml describes (CC BY 4.0; its address is in that map).
Without it, and with none at ../shared/data, made-up rows of the same shape stand in and the output says so. --quick takes
the first 300 rows.

Then a sheet of 20,000 rows by 25 columns as people write it: how long it takes to read it into typed columns with all
problems, beside the library alone.
"""

from __future__ import annotations

import argparse
import csv
import random
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import training_data.columns  # noqa: E402 - after the path is set
from api.advice.batch import Summary, recommend_file  # noqa: E402
from api.advice.participant_rows import Job, open_job  # noqa: E402
from matcher.programme.loading import load_programme  # noqa: E402

CENSUS = ROOT.parent / "shared" / "data" / "kenya_mentor_rct" / "dandora_baseline_census.csv"
MAP = Path(training_data.columns.__file__).parent / "kenya_census.toml"
ROWS = 3_292


def figure(name: str, value: float, goal: str, met: bool) -> None:
    print(f"figure {name} {value:g} {goal} {'met' if met else 'short'}")


def made_up() -> list[list[str]]:
    """Rows in the shape of the census: nobody of them ever lived."""
    draw = random.Random(1)
    header = "age businessage bankaccount credit employeesnumber loan gender tprofit sec0 sec1 sec2 sec3".split()
    rows = []
    for _ in range(ROWS):
        sector = draw.randrange(4)
        few = [draw.randrange(18, 70), draw.randrange(30), *(draw.randrange(2) for _ in range(2)), draw.randrange(4)]
        money = [draw.randrange(2), draw.choice([0, 1, ""]), draw.choice([draw.randrange(40_000), ""])]
        rows.append([*few, *money, *(int(place == sector) for place in range(4))])
    return [header, *([str(cell) for cell in row] for row in rows)]


def as_typed(text: str) -> int | float | str | None:
    """A cell of a CSV as Excel would take it in."""
    try:
        number = float(text)
    except ValueError:
        return text or None
    return int(number) if number.is_integer() else number


def write(folder: Path, rows: list[list[str]]) -> None:
    """The same rows as census.csv and census.xlsx, numbers as numbers."""
    with (folder / "census.csv").open("w", encoding="utf-8", newline="") as handle:
        csv.writer(handle).writerows(rows)
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Census")
    for row in rows:
        sheet.append([as_typed(cell) for cell in row])
    book.save(folder / "census.xlsx")


def run(folder: Path, ending: str) -> tuple[Summary, float, list[str]]:
    """Answer one of the two; give the summary, the seconds and all lines written, answers and rejected rows."""
    job = Job(programme=load_programme(), today=date(2026, 11, 21), columns=MAP)
    start = time.perf_counter()
    found = recommend_file(job, folder / f"census.{ending}", folder / f"{ending}.jsonl")
    seconds = time.perf_counter() - start
    lines = found.output.read_text(encoding="utf-8").splitlines()
    if found.rejected:
        with found.rejected_file.open(encoding="utf-8", newline="") as handle:
            lines += [str((row["row"], row["field"], row["remedy"])) for row in csv.DictReader(handle)]
    return found, seconds, lines


def people(rows: int) -> list[list[Any]]:
    """A sheet as people write it, of nobody: sums, days, answers and places in many spellings."""
    draw = random.Random(2)
    ways = {
        "Omzet": ("Rp 1.500.000", "1,5 jt", "500rb", 2_000_000), "Laba": ("500.000", "1.250.000", "750 ribu", "-"),
        "Cicilan": (0, 250_000, "Rp 300.000"), "NIB": ("Ada", "Belum", "v", "tidak ada"), "Halal": ("ya", "tidak", "proses"),
        "Kec.": ("Cipayung", "Kec. Tebet", "Koja"), "Lama usaha": ("2 tahun 3 bulan", "18 bulan", "1 th"),
        "Tgl sertifikat": ("17 Agustus 2024", "2024-05-01", "31/12/2023"), "Karyawan": (1, 2, "3 orang"),
        "Jenis usaha": ("kuliner", "Jasa", "Makanan dan minuman"), "L/P": ("L", "P"), "Usia": (31, "42 tahun", 55),
    }  # fmt: skip
    names = ["ID", *ways, *(f"Catatan {n}" for n in range(24 - len(ways)))]
    body = [[f"P{n}", *(draw.choice(few) for few in ways.values()), *["rajin"] * (24 - len(ways))] for n in range(rows)]
    return [names, *body]


def typed_columns(folder: Path, rows: int) -> None:
    """The figure of reading into typed columns: our reading divided by the library's."""
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Peserta")
    for row in people(rows):
        sheet.append(row)
    book.save(folder / "people.xlsx")
    alone, ours = [], []
    for _ in range(3):
        start = time.perf_counter()
        read = openpyxl.load_workbook(folder / "people.xlsx", data_only=True)
        cells = sum(1 for row in read.active.iter_rows(values_only=True) for _ in row)
        alone.append(time.perf_counter() - start)
        start = time.perf_counter()
        job = Job(programme=load_programme(), today=date(2026, 11, 21))
        with open_job(job, folder / "people.xlsx") as (opened, readings):
            columns: dict[str, list[Any]] = {column.signal.id: [] for column in readings.columns.columns}
            problems = 0
            for one in opened.rows:
                found, wrong = readings.signals(one.cells, job.today)
                problems += len(wrong)
                for name, column in columns.items():
                    column.append(found.get(name))
        ours.append(time.perf_counter() - start)
    ratio = min(ours) / min(alone)
    print(
        f"{rows} rows, {cells} cells: the library {min(alone):.2f} s, typed columns {min(ours):.2f} s, {problems} problems"
    )
    figure("typed_columns_to_library", round(ratio, 2), "<=5", ratio <= 5)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="the first 300 rows, for a first look")
    parser.add_argument("--census", type=Path, default=CENSUS, metavar="FILE", help="the census as CSV")
    options = parser.parse_args()
    if options.census.is_file():
        with options.census.open(encoding="utf-8-sig", newline="") as handle:
            rows = list(csv.reader(handle))
        print(f"census: {len(rows) - 1} rows, {len(rows[0])} columns")
    elif options.census != CENSUS:
        parser.error(f"{options.census}: there is no such file")
    else:
        rows = made_up()
        print("census: not here, so MADE-UP rows of its shape; name it with --census FILE")
    rows = rows[:301] if options.quick else rows
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder, rows)
        text, text_seconds, text_lines = run(folder, "csv")
        book, book_seconds, book_lines = run(folder, "xlsx")
        typed_columns(folder, 1_000 if options.quick else 20_000)
    different = sum(one != other for one, other in zip(text_lines, book_lines, strict=False))
    different += abs(len(text_lines) - len(book_lines))
    print(f"csv: {text.answered} answered, {text.rejected} rejected; xlsx: {book.answered}, {book.rejected}")
    figure("census_rows_different", different, "0", different == 0)
    figure("csv_seconds", round(text_seconds, 2), "-", True)
    figure("xlsx_seconds", round(book_seconds, 2), "-", True)


if __name__ == "__main__":
    main()
