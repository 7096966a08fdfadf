"""A training row: what was known of one participant on one day, the referral that followed, and how it ended.

A row has these columns, in this order (`fields` lists them for a programme):

    participant      who; a pseudonym, never a name or a NIK
    as_of            the day on which the signals were true; never after the referral
    <signal>         one column for each signal of the programme that is not derived; empty is unknown
    disability, religion   with the programme's protected signals the groups: for evaluation, never inputs of a score
    suggested        the intervention that was suggested first, by the last recommendation before the referral
    shown            all that were suggested with it, as a set
    chosen           what was done in its place, or it; empty: nobody said which
    propensity       the chance that it had to come first, above 0 and at most 1; empty: no lot was drawn
    product          the product that was asked for (amount_asked is a signal and must be known where somebody was referred)
    referral         which of the participant's referrals it is, from 1 in the order in which they were sent
    referred_on      the day of the referral; empty: not referred
    funded           whether the referral for credit was disbursed within twelve months
    disbursed_on     the day of the loan; empty: none
    kept             whether the loan was never 90 days late in its first twelve months
    observed_until   the last day on which we know how things stood
    source           synthetic or outcomes

In memory every column but `participant` is an array of int64, encoded as the matcher does (yes/no 1/0, dates ordinals, a
choice its place, choices a bit mask, a share in millionths), with MISSING for what is unknown. In a file they are
true/false, ISO dates, codes, lists of codes (in CSV "a;b", and "none" for the empty list) and decimals. Format 2, in the
metadata of a Parquet file. To upgrade: a new number, and for the old one a function in `UPGRADES` that turns its columns
into new ones.

Format 1 knew nothing of what was suggested: that is unknown in all its rows. A CSV file says no format; what it has no
column for is unknown.
"""

from __future__ import annotations

import gzip
import io
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from matcher.facts.participant import as_date, read_value
from matcher.message import Message
from matcher.programme.entries import Programme
from training_data.checks import NEEDED, RowProblem, RowsError, check_rows
from training_data.columns.cells import NO, NONE, YES
from training_data.rows import (
    MISSING,
    OUTCOMES,
    RELIGIONS,
    SHARE,
    SOURCES,
    WINDOW_MONTHS,
    Bools,
    Field,
    Ints,
    Rows,
    fields,
    fields_by_name,
    groups,
    join_rows,
    known_by_day,
    rows_for,
    window_end,
)
from words.speaking import SaidError

__all__ = [
    "ENDINGS", "FORMAT", "MISSING", "OUTCOMES", "RELIGIONS", "SOURCES", "WINDOW_MONTHS", "Bools", "Field", "Ints",
    "RowProblem", "Rows", "RowsError", "RowsFileError", "check_rows", "fields", "groups", "join_rows", "known_by_day",
    "pack_rows", "read_rows", "rows_for", "window_end", "write_rows",
]  # fmt: skip

FORMAT: Final = 2
ENDINGS: Final = (".parquet", ".csv", ".csv.gz")
_FORMAT_KEY: Final = b"kail_training_rows"
_ARROW: Final = {
    "text": pa.string(),
    "yes_no": pa.bool_(),
    "number": pa.int64(),
    "money": pa.int64(),
    "date": pa.date32(),
    "choice": pa.string(),
    "choices": pa.list_(pa.string()),
    "share": pa.float64(),
}


class RowsFileError(SaidError):
    """A file that is none of training rows, as which it can neither be read nor written."""


def write_rows(path: Path, rows: Rows) -> None:
    """Write rows to .parquet, .csv or .csv.gz; the same rows give the same bytes under the same pyarrow.

    Raises:
        RowsFileError: if the name has another ending.
        OSError: if the file cannot be written.
    """
    content = pack_rows(path, rows)
    path.write_bytes(content)


def pack_rows(path: Path, rows: Rows) -> bytes:
    """What `write_rows` writes into a file of that name.

    Raises:
        RowsFileError: if the name has another ending.
    """
    _check_ending(path)
    table, file = _to_table(rows), io.BytesIO()
    if path.suffix == ".parquet":
        pq.write_table(table, file, compression="zstd")
    elif path.suffix == ".gz":
        # mtime 0 and no name: a gzip header would otherwise carry the hour, and two equal runs would differ.
        with gzip.GzipFile("", "wb", mtime=0, fileobj=file) as packed:
            pa_csv.write_csv(_as_text(table), packed)
    else:
        pa_csv.write_csv(_as_text(table), file)
    return file.getvalue()


def read_rows(path: Path, programme: Programme) -> Rows:
    """Read rows from .parquet, .csv or .csv.gz, and check each cell and what the cells say together.

    Raises:
        RowsError: with every problem found.
        RowsFileError: if the file is no such file, or of another format.
        OSError: if it cannot be read.
    """
    table = _read_table(path)
    known = fields_by_name(programme)
    problems = [
        RowProblem(0, name, None, Message("row_column_missing")) for name in NEEDED if name not in table.column_names
    ]
    for place, name in enumerate(table.column_names):
        if name not in known:
            problems.append(RowProblem(0, name, None, Message("row_column_unknown")))
        elif name in table.column_names[:place]:
            problems.append(RowProblem(0, name, None, Message("row_column_twice")))
    if problems:
        raise RowsError(programme, problems)
    columns = {
        name: _encode(programme, known[name], table.column(name), problems)
        for name in table.column_names
        if name != "participant"
    }
    participant = [name or "" for name in table.column("participant").cast(pa.string()).to_pylist()]
    rows = Rows(programme, participant, columns)
    if not problems:
        problems = check_rows(rows)
    if problems:
        raise RowsError(programme, sorted(problems, key=lambda problem: problem.row))
    return rows


def _to_table(rows: Rows) -> pa.Table:
    about = fields(rows.programme)
    arrays = [
        pa.array(rows.participant, pa.string()) if field.kind == "text" else _decoded(field, rows[field.name])
        for field in about
    ]
    schema = pa.schema([(field.name, _ARROW[field.kind]) for field in about], {_FORMAT_KEY: str(FORMAT).encode()})
    return pa.Table.from_arrays(arrays, schema=schema)


def _decoded(field: Field, column: Ints) -> pa.Array:
    """A column as written; each distinct value is decoded once."""
    unique, which = np.unique(column, return_inverse=True)
    written = [None if value == MISSING else field.decode(value) for value in unique.tolist()]
    return pa.array(written, _ARROW[field.kind]).take(pa.array(which))


def _as_text(table: pa.Table) -> pa.Table:
    """Lists as "a;b", and the empty list as "none"."""
    columns = [_joined(column) if pa.types.is_list(column.type) else column for column in table.columns]
    return pa.Table.from_arrays(columns, names=table.column_names)


def _joined(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.if_else(pc.equal(pc.list_value_length(column), 0), "none", pc.binary_join(column, ";"))


def _check_ending(path: Path) -> None:
    if not path.name.endswith(ENDINGS):
        raise RowsFileError("rows_ending", file=path.name, endings=ENDINGS)


def _read_table(path: Path) -> pa.Table:
    _check_ending(path)
    try:
        with path.open("rb") as file:
            if path.suffix == ".parquet":
                return _of_our_format(path, pq.read_table(file))
            return _read_csv(gzip.decompress(file.read()) if path.suffix == ".gz" else file.read())
    except (pa.ArrowInvalid, gzip.BadGzipFile, EOFError) as error:
        raise RowsFileError("rows_unreadable", file=path.name, error=str(error)) from None


def _of_our_format(path: Path, table: pa.Table) -> pa.Table:
    written = (table.schema.metadata or {}).get(_FORMAT_KEY, str(FORMAT).encode()).decode(errors="replace")
    if written == str(FORMAT):
        return table
    if written not in UPGRADES:
        raise RowsFileError("rows_format", file=path.name, found=written, format=FORMAT)
    return UPGRADES[written](table)


def _from_1(table: pa.Table) -> pa.Table:
    """Nothing was said of what was suggested, nor which of several referrals one was."""
    new = {"suggested": "choice", "shown": "choices", "chosen": "choice", "propensity": "share", "referral": "number"}
    for name, kind in new.items():
        if name not in table.column_names:
            table = table.append_column(name, pa.nulls(len(table), _ARROW[kind]))
    return table


UPGRADES: Final[Mapping[str, Callable[[pa.Table], pa.Table]]] = {"1": _from_1}
"""By the number of an earlier format, what makes its columns those of this one."""


def _read_csv(content: bytes) -> pa.Table:
    """Every cell as text, the empty ones null: what a cell means is for its signal to say, not for a guess at types."""
    header = pa_csv.open_csv(pa.BufferReader(content)).schema.names
    as_text = pa_csv.ConvertOptions(
        column_types=dict.fromkeys(header, pa.string()), strings_can_be_null=True, null_values=[""]
    )
    return pa_csv.read_csv(pa.BufferReader(content), convert_options=as_text)


def _encode(programme: Programme, field: Field, column: pa.ChunkedArray, problems: list[RowProblem]) -> Ints:
    """A column of a file as integers: each distinct cell is read once."""
    if pa.types.is_list(column.type) or pa.types.is_large_list(column.type):
        column = _joined(column)
    cells = column.combine_chunks().dictionary_encode()
    which = np.asarray(cells.indices.fill_null(-1), dtype=np.int64)
    encoded = [MISSING] * (len(cells.dictionary) + 1)  # the last one is for the empty cell, place -1
    for place, raw in enumerate(cells.dictionary.to_pylist()):
        value, wrong = _read_cell(programme, field, raw)
        encoded[place] = value
        if wrong is not None:
            rows = np.flatnonzero(which == place).tolist()
            problems += [RowProblem(row + 1, field.name, raw, wrong) for row in rows]
    return np.array(encoded, dtype=np.int64)[which]


def _read_cell(programme: Programme, field: Field, raw: Any) -> tuple[int, Message | None]:
    """One cell as its integer, or MISSING with the remedy where it cannot be read."""
    if raw == "" or (isinstance(raw, float) and math.isnan(raw)):
        return MISSING, None
    value = _parse(field, raw)
    if field.signal is not None:
        value, problem = read_value(field.signal, value)
        if problem is not None:
            return MISSING, problem
        return (MISSING if value is None else field.signal.encode(value)), None
    if field.kind == "yes_no" and isinstance(value, bool):
        return int(value), None
    if field.kind == "date" and (day := as_date(value)):
        return day.toordinal(), None
    if field.kind == "choice" and value in field.codes:
        return field.codes.index(value), None
    if field.kind == "choices" and isinstance(value, list) and set(value) <= set(field.codes):
        return field.encode(value), None
    if field.kind == "number" and isinstance(value, int | float) and 1 <= value < 10**9 and value == int(value):
        return int(value), None
    if field.kind == "share" and isinstance(value, int | float) and 1 <= round(value * SHARE) <= SHARE:
        return field.encode(value), None
    known = {"yes_no": "true, false", "date": "YYYY-MM-DD", "number": "1, 2, 3, ...", "share": "0.000001 ... 1"}
    allowed = known.get(field.kind, ", ".join(field.codes))
    return MISSING, Message("row_cell", {"allowed": allowed})


def _parse(field: Field, raw: Any) -> Any:
    """What a text means by the kind of its column; anything else stays as it is, for the check to refuse."""
    if not isinstance(raw, str):
        return raw
    text = raw.strip()
    if field.kind == "yes_no":
        return True if text.lower() in YES else False if text.lower() in NO else raw
    if field.kind in ("number", "money"):
        return int(text) if text.lstrip("-").isdecimal() and len(text) < 20 else raw
    if field.kind == "choices":
        return [] if text.lower() in NONE else [code.strip() for code in text.split(";")]
    if field.kind == "share":
        return _decimal(text)
    return text


def _decimal(text: str) -> float | str:
    try:
        return found if math.isfinite(found := float(text)) else text
    except ValueError:
        return text
