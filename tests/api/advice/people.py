"""Files of participants of every kind, and what became of them read back."""

import csv
import json
from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq

from api.advice.participant_rows import Job
from matcher.programme.loading import load_programme

PROGRAMME = load_programme()
DAY = date(2026, 11, 21)
JOB = Job(programme=PROGRAMME, today=DAY)
PEOPLE = [
    {
        "participant": "a",
        "business_running": True,
        "wants_capital": True,
        "staff": 2,
        "existing_credit": ["kur", "house"],
    },
    {"participant": "b", "business_running": False, "sector": "food", "existing_credit": []},
    {"participant": "c", "monthly_profit": -1_000_000, "training_certificate_on": "2026-01-31"},
    {"participant": "d", "wants_capital": True, "amount_asked": 5_000_000, "business_running": True, "ktp_dki": True},
]
"""The same four people go through every format."""


def in_cell(value):
    if isinstance(value, list):
        return ";".join(value) or "none"
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def write_csv(path, rows, delimiter=",", encoding="utf-8"):
    names = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", encoding=encoding, newline="") as handle:
        writer = csv.writer(handle, delimiter=delimiter)
        writer.writerow(names)
        writer.writerows([in_cell(row.get(name)) for name in names] for row in rows)
    return path


def write_jsonl(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def write_parquet(path, rows):
    names = list(dict.fromkeys(name for row in rows for name in row))
    pq.write_table(pa.Table.from_pylist([{name: row.get(name) for name in names} for row in rows]), path)
    return path


def answers_in(path):
    if not path.exists():
        return []
    if path.suffix == ".parquet":
        return pq.read_table(path).to_pylist()
    text = path.read_text(encoding="utf-8")
    return (
        [json.loads(line) for line in text.splitlines()]
        if path.suffix == ".jsonl"
        else list(csv.DictReader(text.splitlines()))
    )


def rejected_in(path):
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines())) if path.exists() else []
