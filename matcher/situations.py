"""Situations: rows that no decision could tell apart, so that each distinct one is decided once.

Two participants are in the same situation when everything a decision looks at is equal: which tests hold, what clocks
stand at, which prices and amounts are within reach.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from matcher.facts.columns import Bools, Columns, Ints, truth_columns
from matcher.money import capacity
from matcher.programme.compiled import ProductRule, TierRule
from matcher.programme.criteria import UNKNOWN_HIGH
from matcher.programme.rules import Rules

UNKNOWN = np.int64(-1)


def situations(rules: Rules, columns: Columns, extra: Sequence[Any] = ()) -> tuple[Ints, Ints]:
    """Group rows that every decision treats alike: (a row of each situation, the situation of each row)."""
    parts = [np.packbits(columns.yes, axis=0).T, np.packbits(columns.no, axis=0).T]
    numbers = [
        _clocks(rules, columns),
        *_wishes(rules, columns),
        *_money(rules, columns),
        *_bars(columns),
        *_doubts(columns),
        *extra,
    ]
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


def _bars(columns: Columns) -> list[Ints]:
    """Which declines bar, and what each waits for."""
    return _numbered(columns, columns.bars)


def _doubts(columns: Columns) -> list[Ints]:
    """Which signals are doubtful: they are asked first."""
    names = {row: frozenset(name for one in some for name in one.signals) for row, some in columns.doubts.items()}
    return _numbered(columns, names)


def _numbered(columns: Columns, found: Mapping[int, Any]) -> list[Ints]:
    """A number for each row that has something: rows with the same have the same, those without have 0."""
    if not found:
        return []
    numbers: dict[Any, int] = {}
    column = np.zeros(columns.rows, dtype=np.int64)
    for row, some in found.items():
        column[row] = numbers.setdefault(some, len(numbers) + 1)
    return [column]


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
