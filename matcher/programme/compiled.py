"""What entries become on one day: criteria as clauses over numbered tests, effects as tests made true and false."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from matcher.programme.criteria import Criterion
from matcher.programme.entries import Doubt, Intervention, Price, Product, Signal, Step, Tier
from matcher.programme.masks import Clauses, union
from matcher.programme.prices import Annuity


@dataclass(frozen=True)
class Rule:
    """A criterion with its clauses and the signals they ask about."""

    criterion: Criterion
    clauses: Clauses
    signals: tuple[str, ...] = ()


@dataclass(frozen=True)
class Condition:
    """A product's condition apart from the product; `ceiling`: it is the largest amount, in whole rupiah."""

    clauses: Clauses
    ceiling: int | None
    signals: tuple[str, ...]


@dataclass(frozen=True)
class Follow:
    """What follows for the signal in a place from `sources`: `value` where `when` holds, or at least what `other` is.

    `when`: of each clause one of these tests must hold. `bits`: of two sets, the bit of each code that both have, in the
    other one and in this; None for numbers.
    """

    signal: Signal
    place: int
    sources: tuple[str, ...]
    when: tuple[tuple[int, ...], ...]
    value: int | None
    conflict: bool
    other: int = -1
    bits: tuple[tuple[int, int], ...] | None = None


class DoubtRule(NamedTuple):
    """A doubt with the places of its signals: one where it is a floor (`below`), else two."""

    entry: Doubt
    places: tuple[int, ...]
    below: int
    times_percent: int
    plus: int


@dataclass(frozen=True)
class StepRule:
    """A step with its compiled evidence."""

    step: Step
    done: Clauses
    under_way: Clauses


@dataclass(frozen=True, eq=False)
class InterventionRule:
    """An intervention with its compiled needs and effects; `add` and `delete` are tests made true and false.

    `evidence_rank`: what studies found on its own outcome, 0 positive, 1 nothing yet, 2 no effect found.
    """

    entry: Intervention
    index: int
    needs: tuple[Rule, ...]
    need_clauses: Clauses
    changes: int
    reveals: int
    add: int
    delete: int
    reveal_add: int
    clocks: tuple[tuple[int, str, int], ...]
    cost_signal: int | None
    starts: tuple[int, ...]
    days: int
    cost: int
    touches: tuple[StepRule, ...]
    evidence_rank: int
    profit_study: str


@dataclass(frozen=True)
class PriceRule:
    """A price that can be computed: its condition, and what one rupiah costs for each purpose."""

    price: Price
    when: Clauses
    annuities: dict[str, Annuity]


@dataclass(frozen=True, eq=False)
class ProductRule:
    """A product with what it inherits from its scheme, its compiled conditions and its prices, cheapest first.

    `conditions`: the place of each of its criteria among the distinct conditions of the day, `Rules.conditions`.
    `is_grant`: nothing is to be repaid. `suggested`: it can be suggested on this day.
    """

    entry: Product
    index: int
    availability: str
    criteria: tuple[Rule, ...]
    conditions: tuple[int, ...]
    goal: Clauses
    prices: tuple[PriceRule, ...]
    stated_prices: tuple[Price, ...]
    notices: tuple[tuple[Any, Clauses], ...]
    amount_tests: int
    is_grant: bool
    suggested: bool

    @cached_property
    def conditions_mask(self) -> int:
        """The places of its conditions as a bit mask."""
        return union(1 << place for place in self.conditions)


@dataclass(frozen=True)
class TierRule:
    """A tier with its rule: each part is a compiled criterion, an extra rule, or an any/all group of such."""

    tier: Tier
    parts: tuple[Any, ...]
