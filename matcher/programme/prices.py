"""Prices: from a flat, margin or effective rate to one instalment and the yearly rate it amounts to.

The yearly rate is instalments a year times the internal rate of one instalment, what Indonesian banks call "efektif".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from matcher.programme.entries import Price, Product

INSTALMENTS_A_YEAR: Final[Mapping[str, int]] = {"month": 12, "two_weeks": 26, "week": 52}


@dataclass(frozen=True, slots=True)
class Annuity:
    """What a loan of one rupiah costs: `instalment` each time, `monthly` a month, `yearly_rate` as a fraction."""

    instalment: float
    monthly: float
    yearly_rate: float


def tenors(product: Product) -> dict[str, int]:
    """The number of instalments for each purpose, working capital first; empty where no source states a tenor."""
    a_year = INSTALMENTS_A_YEAR[product.instalment_every]
    months = product.tenor_months
    if product.instalments is not None:
        return dict.fromkeys(("working_capital", "investment"), product.instalments)
    if not months:
        return {}
    found = {}
    for purpose in ("working_capital", "investment"):
        stated = months.get(purpose) or months.get("any") or next(iter(months.values()))
        found[purpose] = round(stated * a_year / 12)
    return found


def annuity(price: Price, product: Product, instalments: int) -> Annuity:
    """Work out a stated price over a number of equal instalments.

    Effective: the annuity formula, r / (1 - (1 + r)^-n) with r the rate of one instalment. Flat and margin: interest on
    the first principal for the whole term (`flat_total`: the percentage is of the whole term already).
    """
    a_year = INSTALMENTS_A_YEAR[product.instalment_every]
    rate = price.rate_percent / 100
    if price.basis == "effective":
        one = rate / a_year
        each = 1 / instalments if one == 0 else one / (1 - (1 + one) ** -instalments)
        return Annuity(each, each * a_year / 12, rate)
    total = rate if price.basis == "flat_total" else rate * instalments / a_year
    each = (1 + total) / instalments
    return Annuity(each, each * a_year / 12, internal_rate(each, instalments) * a_year)


def internal_rate(instalment: float, count: int) -> float:
    """The rate of one instalment at which `count` instalments are worth one rupiah; found by halving, to 1e-15."""
    low, high = 0.0, 10.0
    if instalment * count <= 1:
        return 0.0
    while high - low > 1e-15 * max(1.0, high):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        worth = instalment * (1 - (1 + middle) ** -count) / middle
        low, high = (middle, high) if worth > 1 else (low, middle)
    return (low + high) / 2
