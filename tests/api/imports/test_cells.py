"""Cells: the rows that are kept between the cage and the record come back as they were, from any place on."""

from __future__ import annotations

from datetime import date
from secrets import token_bytes, token_hex

from hypothesis import given, settings
from hypothesis import strategies as st

from api.files.rows import Row
from api.imports.cells import BLOCK, CellsWriter, read_cells
from api.record.sealed_files import SealedWriter
from api.record.staging import staged
from matcher.message import Message
from tests.conftest import EXAMPLES
from training_data.columns import CellProblem

TEXTS = st.text(st.characters(codec=None), max_size=8)
VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-(10**20), 10**20), st.floats(allow_nan=False), TEXTS, st.lists(TEXTS, max_size=2),
    st.dates(), st.datetimes().map(lambda one: one.replace(fold=0)), st.times().map(lambda one: one.replace(fold=0)), st.timedeltas(), st.decimals(allow_nan=False, allow_infinity=False),
)  # fmt: skip
NAMES = st.lists(st.sampled_from(["a", "b", "ñ", "nik", ""]), max_size=4, unique=True)
CELLS = NAMES.flatmap(lambda names: st.fixed_dictionaries(dict.fromkeys(names, VALUES)))
FEW = st.lists(st.tuples(CELLS, st.booleans()), min_size=1, max_size=7)
"""Rows to be repeated, so that many of them come of few draws: cells, and whether something was wrong when they were read."""


def a_row(number, cells, wrong):
    problems = (CellProblem("a", number, Message("many_strange", {"count": number, "names": "x"})),) if wrong else ()
    return Row(number, number + 1, cells, problems, {"a": "A", "ñ": "AA"})


@settings(max_examples=EXAMPLES // 4)  # each is some hundreds of rows
@given(few=FEW, many=st.integers(1, 3 * BLOCK + 5), data=st.data())
def test_rows_that_were_kept_come_back_as_they_were_from_any_place_on(tmp_path_factory, few, many, data):
    rows = [a_row(number, *few[number % len(few)]) for number in range(1, many + 1)]
    headers = data.draw(st.one_of(st.none(), st.just(("a", "ñ"))))
    table = data.draw(
        st.one_of(st.none(), st.just({"map": {"name": "x", "as_of": date(2026, 11, 21)}, "column": [{}]}))
    )
    file = staged(tmp_path_factory.getbasetemp(), token_hex(16), token_bytes(32), "x")
    file.path.parent.mkdir(exist_ok=True)
    try:
        with SealedWriter(file.path, file.key, file.id) as to:
            writer = CellsWriter(to, headers, table)
            for row in rows:
                writer.write(row)
        with read_cells(file) as cells:
            assert (cells.headers, cells.table) == (headers, table)
            every = list(cells.rows(0))
            assert same(rows, [row for row, _ in every])
        for count in {0, many, *data.draw(st.lists(st.integers(0, many), max_size=6)), BLOCK, 2 * BLOCK} & {
            *range(many + 1)
        }:
            with read_cells(file) as cells:
                assert list(cells.rows(count, every[count - 1][1] if count else 0)) == every[count:], count
    finally:
        file.path.unlink()


def same(rows, found):
    """Whether they are equal, also in the kinds of their cells, where True is 1."""
    return repr(rows) == repr(found)
