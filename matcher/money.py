"""Money: what a month leaves for instalments, what each product costs, and whether that is affordable.

Capacity is our own choice of a share of what is left of an ordinary month's profit. Where sources conflict the dearest
price counts; a price that cannot be computed is unknown, and so is whatever rests on an answer that nobody gave.
"""

from __future__ import annotations

import math
from typing import Any, Final, NamedTuple

from matcher.facts.participant import Known, value_of_role
from matcher.programme.compiled import PriceRule, ProductRule
from matcher.programme.criteria import UNKNOWN_HIGH
from matcher.programme.masks import truth_of
from matcher.programme.prices import Annuity
from matcher.programme.rules import Rules

AFFORDABLE: Final = ("yes", "unknown", "no")


class Money(NamedTuple):
    """A participant's money: rupiah a month that can go to instalments and whether they are known, and what is wanted."""

    free_idr: int
    free_known: bool
    asked_idr: int | None
    purpose: str
    sharia_only: bool


class Terms(NamedTuple):
    """What one product means in money for one participant; None is unknown.

    `price`: the dearest price that may hold. `planned_idr`: the smaller of what is asked and what is affordable.
    `reachable`: whether some amount that is asked or less, and in the band, is affordable.
    """

    affordable: str
    missing_from: str
    annuity: Annuity | None
    instalment_idr: int | None
    max_affordable_idr: int | None
    planned_idr: int | None
    reachable: bool | None

    @property
    def rate(self) -> float:
        """The yearly rate as a fraction, without end where it is unknown."""
        return self.annuity.yearly_rate if self.annuity else math.inf


def capacity(rules: Rules, low: Any, high: Any) -> tuple[Any, Any]:
    """Return (rupiah a month that can go to instalments, whether it is known); integers or equal-length arrays.

    The share (tiers.toml, our choice) of profit less present instalments less the household need.
    """
    total: Any = 0
    known: Any = True
    for role, sign in (("monthly_profit", 1), ("monthly_instalments", -1), ("household_need", -1)):
        place = rules.role(role)
        if place is None:
            continue
        is_known = low[place] == high[place]
        known = known & is_known
        total = total + sign * low[place] * is_known
    return (rules.programme.share_percent * total) // 100, known


def money_of(rules: Rules, known: Known) -> Money:
    """Work out once what the terms of every product ask of a participant."""
    free, is_known = capacity(rules, known.low, known.high)
    asked = value_of_role(rules, known, "amount_asked")
    sharia_only = value_of_role(rules, known, "sharia_only") == 1
    return Money(int(free), bool(is_known), asked, _purpose(rules, known), sharia_only)


def terms_of(product: ProductRule, known: Known, money: Money) -> Terms:
    """Work out a product's price, instalment and affordability."""
    asked = money.asked_idr
    most = product.entry.max_amount_idr if product.entry.max_amount_idr is not None else UNKNOWN_HIGH
    least = max(product.entry.min_amount_idr or 1, 1)
    if product.is_grant:
        planned = None if asked is None else min(asked, most)
        return Terms("yes", "", None, None, None, planned, True)
    price = price_for(product, known, sharia=money.sharia_only)
    annuity = price.annuities[money.purpose] if price else None
    cap = None
    if money.free_known:
        cap = 0 if money.free_idr <= 0 else math.floor(money.free_idr / annuity.monthly) if annuity else None
    wish = cap if asked is None else asked if cap is None or asked < cap else cap
    planned = wish if wish is None or wish < most else most
    reachable = None if asked is None or cap is None else True
    if (most if planned is None else planned) < least:
        reachable = False
    answer, missing = _affordable(asked, cap, annuity is not None)
    instalment = math.ceil(asked * annuity.instalment) if annuity and asked else None
    return Terms(answer, missing, annuity, instalment, cap, planned, reachable)


def _affordable(asked: int | None, cap: int | None, priced: bool) -> tuple[str, str]:
    if cap is not None and asked is not None:
        return ("yes" if asked <= cap else "no"), ""
    if cap == 0:
        return "no", ""
    return "unknown", "participant" if priced else "lender"


def _purpose(rules: Rules, known: Known) -> str:
    """Working capital, unless the purpose is known to be investment."""
    value = value_of_role(rules, known, "purpose")
    if value is None:
        return "working_capital"
    code = rules.signals[rules.roles["purpose"]].decode(value)
    return "investment" if code == "investment" else "working_capital"


def price_for(product: ProductRule, known: Known, *, sharia: bool) -> PriceRule | None:
    """The dearest computable price that is not known to be for others; None where none is stated."""
    for price in reversed(product.prices):  # cheapest first
        if price_in_form(product, price, sharia) and truth_of(price.when, known.yes, known.no) is not False:
            return price
    return None


def price_in_form(product: ProductRule, price: PriceRule, sharia: bool) -> bool:
    """Whether a price is stated for the form wanted; a price for one form alone says nothing of the other."""
    if product.entry.form == ("sharia",):
        return price.price.form in ("", "sharia")
    return price.price.form == "sharia" if sharia else price.price.form in ("", "conventional")
