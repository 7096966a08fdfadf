"""How long reading a stranger's file takes in the cage, beside reading the same file in process.

    python benchmarks/cage.py [--quick] [--large]

2,000 honest rows of each kind of file are read as an import reads them, into participants, in alternating rounds; the
figure is that of the kind that fares worst. The same without making participants is shown for comparison: there the
start of the child is most of the time. --quick takes three rounds in place of nine.

--large instead: 300,000 rows of 25 columns as CSV, JSON lines and Parquet, sealed, and as many rows of a workbook as may be
sent, each read through the cage within the limits of an upload: its seconds, and the child's CPU seconds and peak of memory.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from statistics import median

import openpyxl
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from api.advice.participant_rows import Job, open_job, read_row  # noqa: E402 - after the path is set
from api.files.cage import UPLOADS, Cage, InProcess, Reader  # noqa: E402
from api.files.workbook_check import MOST_CELLS  # noqa: E402
from api.record.staging import Incoming, Staged  # noqa: E402
from matcher.programme.loading import load_programme  # noqa: E402

ROWS = 2_000
MOST = 3
LARGE_ROWS, LARGE_COLUMNS = 300_000, 25
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


# -- large files -------------------------------------------------------------------------------------------------------


def large_table(rows: int, columns: int) -> pa.Table:
    """People whom nobody ever saw, with numbers, yes and no, and short words in turn."""
    kinds = (
        lambda n: f"P{n:07d}",
        lambda n: 1_000_000 + n,
        lambda n: n % 3 == 0,
        lambda n: f"{n % 97} usaha",
        lambda n: n % 60,
    )
    return pa.table({f"column_{c}": [kinds[c % len(kinds)](n) for n in range(rows)] for c in range(columns)})


def large_files(folder: Path) -> list[Staged]:
    """The same rows in every kind of file that may hold them, sealed."""
    table, found = large_table(LARGE_ROWS, LARGE_COLUMNS), []
    pq.write_table(table, folder / "large.parquet")
    pa_csv.write_csv(table, folder / "large.csv")
    with (folder / "large.jsonl").open("w", encoding="utf-8") as file:
        for batch in table.to_batches(10_000):
            file.writelines(f"{json.dumps(row)}\n" for row in batch.to_pylist())
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Peserta")
    sheet.append(table.column_names)
    for row in table.slice(0, MOST_CELLS // LARGE_COLUMNS - 1).to_pylist():
        sheet.append(list(row.values()))
    book.save(folder / "large.xlsx")
    for ending in ("csv", "jsonl", "parquet", "xlsx"):
        incoming = Incoming(folder, f"large.{ending}")
        with (folder / f"large.{ending}").open("rb") as file:
            while block := file.read(1 << 20):
                incoming.writer.write(block)
        incoming.end()
        incoming.let_go()
        found.append(incoming.file)
    return found


def read_large(file: Staged) -> None:
    """Read a file through the cage and say what it took."""
    start, count = time.perf_counter(), 0
    names = [f"column_{c}" for c in range(LARGE_COLUMNS)]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with Cage().open_sheet(file, names, "Asia/Jakarta", None) as sheet:
        for _ in sheet.rows:
            count += 1
        status = Path(f"/proc/{sheet.handle.process.pid}/status")
        peak = status.read_text().partition("VmHWM:")[2].split()[0] if status.exists() else "0"
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    wanted = LARGE_ROWS if file.suffix != ".xlsx" else MOST_CELLS // LARGE_COLUMNS - 1
    size, took = file.path.stat().st_size / 1e6, time.perf_counter() - start
    print(f"{file.suffix:<9} {count} rows, {size:.0f} MB: {took:.1f} s, CPU {cpu:.1f} s, peak {int(peak) / 1e3:.0f} MB")
    kind = file.suffix[1:]
    allowed = UPLOADS.for_size(file.path.stat().st_size)
    figure(f"large_{kind}_rows", count, f">={wanted}", count >= wanted)
    figure(
        f"large_{kind}_cpu_of_allowed",
        round(cpu / (allowed.cpu_seconds or 1), 2),
        "<=0.75",
        cpu <= 0.75 * (allowed.cpu_seconds or 1),
    )


def figure(name: str, value: object, goal: str, met: bool) -> None:
    """One figure, as all benchmarks print them."""
    print(f"figure {name} {value} {goal} {'met' if met else 'short'}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="three rounds, for a first look")
    parser.add_argument("--large", action="store_true", help="files of 300,000 rows instead")
    asked = parser.parse_args()
    rounds = 3 if asked.quick else 9
    with tempfile.TemporaryDirectory() as name:
        if asked.large:
            for file in large_files(Path(name)):
                read_large(file)
            return
        paths = write(Path(name))
        for path in paths:
            seconds(path, InProcess(), as_participants=True)  # what is imported only once
            ratio(path, rounds, as_participants=False)
        worst = max(ratio(path, rounds, as_participants=True) for path in paths)
    figure("cage_to_in_process", f"{worst:.2f}", f"<={MOST}", worst <= MOST)


if __name__ == "__main__":
    main()
