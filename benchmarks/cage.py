"""How long reading a stranger's file takes in the cage, beside reading the same file in process.

    python benchmarks/cage.py [--quick]

2,000 honest rows of each kind of file are read as an import reads them, into participants, in alternating rounds; the
figure is that of the kind that fares worst. The same without making participants is shown for comparison: there the
start of the child is most of the time. --quick takes three rounds in place of nine.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from statistics import median

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from api.advice.participant_rows import Job, open_job, read_row  # noqa: E402 - after the path is set
from api.files.cage import Cage, InProcess, Reader  # noqa: E402
from matcher.programme.loading import load_programme  # noqa: E402

ROWS = 2_000
MOST = 3
PROGRAMME = load_programme()
WHOLE = {"business_age_months": 24, "monthly_profit": 3_000_000, "monthly_instalments": 0, "household_need": 1_500_000}
YES = dict.fromkeys(("registered", "ktp_dki", "wants_business", "business_running", "nib", "wants_capital"), True)


def write(folder: Path) -> list[Path]:
    """The same 2,000 people, whom nobody ever saw, in every kind of file."""
    rows = [{"participant": f"p{n}", **YES, **WHOLE, "amount_asked": 1_000_000 + n * 1_000} for n in range(ROWS)]
    header = list(rows[0])
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Peserta")
    sheet.append(header)
    for row in rows:
        sheet.append(list(row.values()))
    book.save(folder / "people.xlsx")
    table = pa.Table.from_pylist(rows)
    pq.write_table(table, folder / "people.parquet")
    lines = [",".join(header), *(",".join(map(str, row.values())) for row in rows)]
    (folder / "people.csv").write_text("\n".join(lines).lower() + "\n", encoding="utf-8")
    (folder / "people.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return [folder / f"people.{ending}" for ending in ("csv", "jsonl", "parquet", "xlsx")]


def seconds(path: Path, reader: Reader, as_participants: bool) -> float:
    """How long reading takes."""
    start = time.perf_counter()
    job = Job(programme=PROGRAMME, today=date(2026, 11, 21), reader=reader)
    with open_job(job, path) as (sheet, columns):
        for row in sheet.rows:
            if as_participants:
                read_row(job, columns, row)
    if row.number != ROWS:
        raise SystemExit(f"{path.name}: {row.number} rows were read, not {ROWS}")
    return time.perf_counter() - start


def ratio(path: Path, rounds: int, as_participants: bool) -> float:
    """The cage's median time in those of reading in process."""
    here, there = [], []
    for _ in range(rounds):
        here.append(seconds(path, InProcess(), as_participants))
        there.append(seconds(path, Cage(), as_participants))
    what = "participants" if as_participants else "cells alone"
    found = median(there) / median(here)
    print(
        f"{path.suffix:<9} {what:<13} in process {median(here):.3f} s, in the cage {median(there):.3f} s, {found:.2f} times"
    )
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="three rounds, for a first look")
    rounds = 3 if parser.parse_args().quick else 9
    with tempfile.TemporaryDirectory() as name:
        paths = write(Path(name))
        for path in paths:
            seconds(path, InProcess(), as_participants=True)  # what is imported only once
            ratio(path, rounds, as_participants=False)
        worst = max(ratio(path, rounds, as_participants=True) for path in paths)
    print(f"figure cage_to_in_process {worst:.2f} <={MOST} {'met' if worst <= MOST else 'short'}")


if __name__ == "__main__":
    main()
