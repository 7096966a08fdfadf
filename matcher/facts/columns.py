"""Columns: the same facts, tests and money as for one participant, for many at once in numpy arrays.

Two participants are in the same situation when everything a decision looks at is equal: which tests hold, what clocks
stand at, which prices and amounts are within reach. A situation is decided once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from matcher.facts.participant import Known, Participant, growing_since, intervals
from matcher.lenders import capacity
from matcher.programme.compiled import ProductRule, TierRule
from matcher.programme.criteria import UNKNOWN_HIGH, UNKNOWN_LOW
from matcher.programme.masks import places
from matcher.programme.rules import Rules

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
UNKNOWN = np.int64(-1)


@dataclass
class Columns:
    """low..high per signal, shape (signals, rows); yes and no per test, shape (tests, rows); stale signals per row."""

    low: Ints
    high: Ints
    yes: Bools
    no: Bools
    stale: list[frozenset[str]]
    since: list[dict[int, tuple[int, int]]]

    @property
    def rows(self) -> int:
        """How many participants there are."""
        return int(self.low.shape[1])

    def known_of(self, row: int) -> Known:
        """What is known of one row, as for one participant."""
        yes, no = (_mask(truths[:, row]) for truths in (self.yes, self.no))
        return Known(self.low[:, row].tolist(), self.high[:, row].tolist(), yes, no, self.stale[row], self.since[row])


def _mask(truths: Bools) -> int:
    return int.from_bytes(np.packbits(truths, bitorder="little").tobytes(), "little")


def know_columns(rules: Rules, participants: Sequence[Participant]) -> Columns:
    """Work out what is known of many participants of the same day; see `matcher.facts.participant.know`."""
    rows = [intervals(rules, participant) for participant in participants]
    shape = (len(rows), len(rules.position))
    low = np.array([row[0] for row in rows], dtype=np.int64).reshape(shape).T.copy()
    high = np.array([row[1] for row in rows], dtype=np.int64).reshape(shape).T.copy()
    since = [growing_since(rules, p, row[1]) for p, row in zip(participants, rows, strict=True)]
    return ask_columns(rules, low, high, [row[2] for row in rows], since)


def ask_columns(
    rules: Rules,
    low: Ints,
    high: Ints,
    stale: list[frozenset[str]] | None = None,
    since: list[dict[int, tuple[int, int]]] | None = None,
) -> Columns:
    """Ask every test of intervals of shape (signals, rows), which are filled in place where a value is implied."""
    rows = low.shape[1]
    tests = (len(rules.tests), rows)
    columns = Columns(
        low, high, np.zeros(tests, bool), np.zeros(tests, bool), stale or [frozenset()] * rows, since or [{}] * rows
    )
    _ask(rules, columns, range(len(rules.tests)))
    for place, cases in rules.implied:
        open_ = low[place] != high[place]
        for when, value, _ in cases:
            yes, _ = truth_columns(when, columns)
            found = open_ & yes & (low[place] <= value) & (value <= high[place])
            low[place][found] = high[place][found] = value
            open_ &= ~found
        _ask(rules, columns, rules.tests_about[place])
    _doubt_ends(rules, columns)
    return columns


def _doubt_ends(rules: Rules, columns: Columns) -> None:
    """Make end days unknown that have passed although what should have ended still goes on."""
    doubtful: dict[int, Bools] = {}
    for place, wait in rules.endings:
        over, _ = truth_columns(wait.need_clauses, columns)
        goes_on = columns.no[list(places(wait.changes))].any(axis=0)
        doubtful[place] = doubtful.get(place, False) | (over & goes_on)
    names = list(rules.position)
    for place, rows in doubtful.items():
        if rows.any():
            columns.low[place][rows], columns.high[place][rows] = UNKNOWN_LOW, UNKNOWN_HIGH
            _ask(rules, columns, rules.tests_about[place])
            columns.stale = [
                stale | {names[place]} if doubted else stale for stale, doubted in zip(columns.stale, rows, strict=True)
            ]


def _ask(rules: Rules, columns: Columns, which: Sequence[int]) -> None:
    for number in which:
        place = rules.test_signals[number]
        truths = rules.tests[number].truth(columns.low[place], columns.high[place], rules.today)
        columns.yes[number], columns.no[number] = truths


def truth_columns(clauses: Sequence[int], columns: Columns) -> tuple[Bools, Bools]:
    """Kleene's answer of clauses for every row: (known to hold, known not to)."""
    yes, no = np.ones(columns.rows, bool), np.zeros(columns.rows, bool)
    for clause in clauses:
        chosen = [n for n in range(clause.bit_length()) if clause >> n & 1]
        yes &= columns.yes[chosen].any(axis=0)
        no |= columns.no[chosen].all(axis=0)
    return yes, no


def situations(rules: Rules, columns: Columns, extra: Sequence[Any] = ()) -> tuple[Ints, Ints]:
    """Group rows that every decision treats alike: (a row of each situation, the situation of each row)."""
    parts = [np.packbits(columns.yes, axis=0).T, np.packbits(columns.no, axis=0).T]
    numbers = [_clocks(rules, columns), *_wishes(rules, columns), *_money(rules, columns), *extra]
    table = np.vstack([np.atleast_2d(np.asarray(part, dtype=np.int64)) for part in numbers]).T
    parts.append(np.ascontiguousarray(table).view(np.uint8).reshape(columns.rows, -1))
    keys = np.ascontiguousarray(np.hstack(parts))
    packed = keys.view(np.dtype((np.void, keys.shape[1]))).ravel()
    _, first, which = np.unique(packed, return_index=True, return_inverse=True)
    return first.astype(np.int64), which.astype(np.int64)


def _clocks(rules: Rules, columns: Columns) -> Ints:
    """What stands at a date or grows: paths depend on the value itself, not only on which tests hold."""
    places = [rules.position[name] for name in rules.clock_signals] + rules.cost_signals
    growing = [rules.position[name] for name in rules.clock_signals if rules.signals[name].grows]
    began = [[ago for place in growing for ago in since.get(place, (0, 0))] for since in columns.since]
    days = np.array(began, dtype=np.int64).reshape(columns.rows, -1).T
    return np.vstack([columns.low[places], columns.high[places], days])


def _wishes(rules: Rules, columns: Columns) -> list[Ints]:
    """The answers that decisions read directly, and whether each sum of money is known at all."""
    found = []
    for role in ("came_for", "purpose", "sharia_only", "wants_capital", "business_running", "wants_business"):
        place = rules.role(role)
        if place is not None:
            found += [columns.low[place], columns.high[place]]
    for signal in rules.signals.values():
        place = rules.position[signal.id]
        found.append((columns.low[place] == columns.high[place]).astype(np.int64))
    for name in sorted({name for stale in columns.stale for name in stale}):
        found.append(np.array([name in stale for stale in columns.stale], dtype=np.int64))
    cash = rules.role("cash_at_hand")
    if cash is not None:
        found.append(columns.low[cash])
    return found


def _money(rules: Rules, columns: Columns) -> list[Ints]:
    free, known = capacity(rules, columns.low, columns.high)
    free, known = np.broadcast_to(free, columns.rows), np.broadcast_to(known, columns.rows)
    asked = _asked(rules, columns)
    found: list[Ints] = [known.astype(np.int64), (free > 0).astype(np.int64)]
    settings = [s for tier in rules.tiers for s in _settings(tier)]
    found += [(free > value).astype(np.int64) for kind, value in settings if kind == "capacity_above"]
    least_in_reach = [value["min_amount_idr"] for kind, value in settings if kind == "product_in_reach"]
    for product in rules.products:
        found += _product_money(rules, product, columns, free, known, asked, least_in_reach)
    return found + _instalments_that_may_end(rules, columns)


def _settings(tier: TierRule) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    todo = list(tier.parts)
    while todo:
        part = todo.pop()
        if isinstance(part, tuple):
            todo += part[1] if part[0] in ("any", "all") else ()
            found += [part] if part[0] not in ("any", "all") else []
    return found


def _asked(rules: Rules, columns: Columns) -> Ints:
    place = rules.role("amount_asked")
    if place is None:
        return np.full(columns.rows, UNKNOWN)
    return np.where(columns.low[place] == columns.high[place], columns.low[place], UNKNOWN)


def price_columns(rules: Rules, product: ProductRule, columns: Columns) -> tuple[Ints, npt.NDArray[np.float64]]:
    """For every row the place of the dearest price that may hold (-1: none) and its rupiah a month for one rupiah."""
    chosen, monthly = np.full(columns.rows, UNKNOWN), np.full(columns.rows, np.nan)
    sharia, investment = _is(rules, columns, "sharia_only", 1), _is_investment(rules, columns)
    for place, price in enumerate(product.prices):
        form = price.price.form
        if product.entry.form == ("sharia",):
            in_form = np.full(columns.rows, form in ("", "sharia"))
        else:
            in_form = np.where(sharia, form == "sharia", form in ("", "conventional"))
        holds = in_form & ~truth_columns(price.when, columns)[1]
        chosen[holds] = place
        each = {purpose: annuity.monthly for purpose, annuity in price.annuities.items()}
        monthly[holds] = np.where(investment, each["investment"], each["working_capital"])[holds]
    return chosen, monthly


def _is(rules: Rules, columns: Columns, role: str, value: int) -> Bools:
    place = rules.role(role)
    if place is None:
        return np.zeros(columns.rows, bool)
    found: Bools = (columns.low[place] == columns.high[place]) & (columns.low[place] == value)
    return found


def _is_investment(rules: Rules, columns: Columns) -> Bools:
    name = rules.roles.get("purpose")
    codes = rules.signals[name].codes if name else {}
    return _is(rules, columns, "purpose", codes["investment"]) if "investment" in codes else _is(rules, columns, "", 0)


def most_affordable(monthly: npt.NDArray[np.float64], free: Ints, known: Bools) -> Ints:
    """The largest affordable amount in whole rupiah for every row, -1 where unknown."""
    with np.errstate(invalid="ignore"):
        amount = np.floor(free / monthly)
    amount = np.where(np.isnan(amount), UNKNOWN, np.clip(np.nan_to_num(amount), 0, float(UNKNOWN_HIGH)))
    return np.where(known, np.where(free <= 0, 0, amount), UNKNOWN).astype(np.int64)


def _product_money(
    rules: Rules,
    product: ProductRule,
    columns: Columns,
    free: Ints,
    known: Bools,
    asked: Ints,
    least_in_reach: Sequence[int],
) -> list[Ints]:
    """All that decisions take from a product's money: the price, affordability, the planned amount against bounds."""
    chosen, monthly = price_columns(rules, product, columns)
    cap = most_affordable(monthly, free, known)
    if product.is_grant:
        cap = np.full(columns.rows, UNKNOWN)
    most = product.entry.max_amount_idr if product.entry.max_amount_idr is not None else UNKNOWN_HIGH
    wish = np.where(asked < 0, cap, np.where(cap < 0, asked, np.minimum(asked, cap)))
    planned = np.where(wish < 0, UNKNOWN, np.minimum(wish, most))
    bounds = [max(product.entry.min_amount_idr or 1, 1)]
    bounds += [max(bounds[0], least) for least in least_in_reach]
    found = [chosen, np.sign(cap) + (cap > 0), (asked > cap) & (cap >= 0) & (asked >= 0), wish > most, planned > 0]
    found += [planned >= bound for bound in bounds] + [np.minimum(asked, most) >= bounds[0], planned < asked]
    for number in [n for n in range(len(rules.tests)) if product.amount_tests >> n & 1]:
        found.append(rules.tests[number].truth(planned, planned, rules.today)[0])
    return [np.asarray(column, dtype=np.int64) for column in found]


def _instalments_that_may_end(rules: Rules, columns: Columns) -> list[Ints]:
    """Where present instalments may end on a path, capacity then depends on the sums themselves."""
    place = rules.role("monthly_instalments")
    if place is None:
        return []
    ends = (columns.low[place] != columns.high[place]) | (columns.low[place] > 0)
    roles = ("monthly_profit", "household_need", "monthly_instalments", "amount_asked")
    found = [rules.role(role) for role in roles]
    return [np.where(ends, columns.low[p], 0) for p in found if p is not None]
