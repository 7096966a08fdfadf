"""Checks of training rows: everything that cannot be true together, gathered, each with its remedy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import numpy as np

from matcher.facts.columns import ask_columns
from matcher.facts.following import contradictions
from matcher.facts.participant import contradiction
from matcher.message import Message
from matcher.programme.entries import Programme
from training_data.rows import Bools, Ints, Rows, intervals, rows_by_day, window_end
from words.telling import teller_of

MOST_TOLD: Final = 20
NEEDED: Final = (
    "participant as_of product amount_asked referred_on funded disbursed_on kept observed_until source"
).split()
"""The columns that a file must have; a signal or group without a column is unknown in every row."""


@dataclass(frozen=True, slots=True)
class RowProblem:
    """One thing wrong: the row (from 1; 0 is the header), the column, the value, and what to do as a message."""

    row: int
    field: str
    value: Any
    message: Message


class RowsError(ValueError):
    """Rows that cannot be used; `problems` names every row, field, value and remedy. As a string it is in English."""

    def __init__(self, programme: Programme, problems: Sequence[RowProblem]) -> None:
        self.programme, self.problems = programme, tuple(problems)
        super().__init__(self.said("en"))

    def said(self, language: str) -> str:
        """How many problems there are, and the first of them."""
        says = teller_of(self.programme, language)
        told = "; ".join(
            says.sentence("", "row_problem", row=p.row, field=p.field, remedy=says.with_remedy(p.message))
            for p in self.problems[:MOST_TOLD]
        )
        more = "; …" if len(self.problems) > MOST_TOLD else ""
        return says.sentence("", "rows_problems", count=len(self.problems), told=told + more)


def check_rows(rows: Rows) -> list[RowProblem]:
    """Everything in the rows that cannot be true together, each with its row, field, value and remedy."""
    problems: list[RowProblem] = []
    for wrong, field, code in _impossible(rows):
        _add(rows, problems, np.flatnonzero(wrong), field, Message(f"row_{code}"))
    standing = np.flatnonzero(_in_days(rows))
    _check_signals(rows, standing, problems)
    return sorted(problems, key=lambda problem: problem.row)


def _impossible(rows: Rows) -> list[tuple[Bools, str, str]]:
    is_known = {name: rows.known(name) for name in NEEDED if name != "participant"}
    referred, disbursed = is_known["referred_on"], is_known["disbursed_on"]
    asks_nothing = ~is_known["amount_asked"] | (rows["amount_asked"] <= 0)
    in_time = disbursed & (rows["disbursed_on"] <= window_end(rows["referred_on"]))
    ended = is_known["funded"] | is_known["kept"]
    suggested, shown = rows.known("suggested"), rows.known("shown")
    more_than_nothing = shown | rows.known("chosen") | rows.known("propensity")
    first = np.where(suggested & shown, rows["suggested"], 0)
    not_shown = suggested & shown & (np.where(shown, rows["shown"], 0) >> first & 1 == 0)
    twice = _twice(rows) & referred
    return [
        (np.array([not name for name in rows.participant], np.bool_), "participant", "participant"),
        (~is_known["as_of"], "as_of", "as_of"),
        (is_known["as_of"] & ~_in_days(rows), "as_of", "as_of_outside"),
        (~is_known["source"], "source", "source"),
        (referred & ~is_known["product"], "product", "product"),
        (referred & asks_nothing, "amount_asked", "amount_asked"),
        (referred & (rows["as_of"] > rows["referred_on"]), "as_of", "as_of_late"),
        (disbursed & (~referred | (rows["disbursed_on"] < rows["referred_on"])), "disbursed_on", "disbursed"),
        (is_known["funded"] & ~referred, "funded", "funded_who"),
        (is_known["funded"] & referred & ((rows["funded"] == 1) != in_time), "funded", "funded"),
        (is_known["kept"] & ~disbursed, "kept", "kept"),
        (ended & ~is_known["observed_until"], "observed_until", "observed"),
        (disbursed & is_known["observed_until"] & (rows["observed_until"] < rows["disbursed_on"]), "observed_until",
         "observed_early"),
        (more_than_nothing & ~suggested, "suggested", "suggested"),
        (not_shown, "shown", "shown"),
        (rows.known("referral") & ~referred, "referral", "referral"),
        (twice, "participant", "twice"),
    ]  # fmt: skip


def _twice(rows: Rows) -> Bools:
    """Where a referral (participant, product, day, and which of theirs it is) stands in an earlier row already."""
    first: dict[tuple[str, int, int, int], int] = {}
    names = ("product", "referred_on", "referral")
    keys = zip(rows.participant, *(rows[name].tolist() for name in names), strict=True)
    return np.array([first.setdefault(key, place) != place for place, key in enumerate(keys)], dtype=np.bool_)


def _in_days(rows: Rows) -> Bools:
    """Where `as_of` is a day on which the programme stands."""
    first, last = rows.programme.valid_from, rows.programme.valid_to or date.max
    found: Bools = (rows["as_of"] >= first.toordinal()) & (rows["as_of"] <= last.toordinal())
    return found


def _check_signals(rows: Rows, standing: Ints, problems: list[RowProblem]) -> None:
    """What follows from other signals, as `read_participant` checks them, and dates after `as_of`."""
    chosen = rows.take(standing)
    for inside, rules in rows_by_day(chosen):
        low, high = intervals(rules, chosen.take(inside))
        known, places = low == high, standing[inside]
        columns = ask_columns(rules, low, high)
        for name, signal in rules.signals.items():
            at = rules.position[name]
            if signal.kind == "date" and not signal.future and not signal.derived:
                _add(rows, problems, places[known[at] & (columns.low[at] > rules.today)], name, Message("row_future"))
        for one, wrong in contradictions(rules, columns.low, columns.high):
            if wrong.any():
                _add(rows, problems, places[wrong], one.signal.id, contradiction(one))


def _add(rows: Rows, problems: list[RowProblem], places: Ints, field: str, message: Message) -> None:
    if len(places):
        values = rows.participant if field == "participant" else rows.values(field)
        problems += [RowProblem(place + 1, field, values[place], message) for place in places.tolist()]
