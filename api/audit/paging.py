"""Paging over all chains and logs: a mark says where a list goes on, in the order of moments, then of chains and numbers."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Row, Table, and_, or_

from api.record.refusals import Refused, Trouble

_WRITTEN: Final = re.compile(r"(\d{8}T\d{6}\.\d{6})\.([a-z]{1,20})\.([0-9a-f]{0,24})\.(\d{1,15})", re.ASCII)
_MOMENT: Final = "%Y%m%dT%H%M%S.%f"


class Mark(NamedTuple):
    """The place of an entry among all: its moment, its table, its chain and its number there."""

    at: datetime
    table: str
    chain: str
    seq: int

    def __str__(self) -> str:
        return f"{self.at.astimezone(UTC):{_MOMENT}}.{self.table}.{self.chain}.{self.seq}"


def mark_of(table: Table, row: Row[Any]) -> Mark:
    """The mark of an entry."""
    return Mark(row.at, table.name, row.chain, row.seq)


def read_mark(before: str) -> Mark | None:
    """The mark before which a list goes on; None for its begin.

    Raises:
        Refused: 400.
    """
    if not before:
        return None
    try:
        written = _WRITTEN.fullmatch(before)
        if written is None:
            raise ValueError
        at = datetime.strptime(written[1], _MOMENT).replace(tzinfo=UTC)
    except ValueError:
        raise Refused(400, Trouble("before", "no_mark", before)) from None
    return Mark(at, written[2], written[3], int(written[4]))


def is_before(table: Table, mark: Mark) -> ColumnElement[bool]:
    """Whether an entry of a table comes before a mark, in SQL."""
    if table.name == mark.table:
        earlier = or_(table.c.chain < mark.chain, and_(table.c.chain == mark.chain, table.c.seq < mark.seq))
        return or_(table.c.at < mark.at, and_(table.c.at == mark.at, earlier))
    return table.c.at <= mark.at if table.name < mark.table else table.c.at < mark.at
