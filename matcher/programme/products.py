"""The products of one day: what each inherits from its scheme, its conditions and its prices, compiled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from matcher.programme.compiled import Condition, PriceRule, ProductRule, Rule
from matcher.programme.compiling import Compiler
from matcher.programme.criteria import Criterion
from matcher.programme.entries import Product, Programme
from matcher.programme.masks import union
from matcher.programme.prices import annuity, tenors


def products_on(
    programme: Programme, day: date, compiler: Compiler, roles: Mapping[str, str]
) -> tuple[tuple[ProductRule, ...], tuple[Condition, ...]]:
    """Return the products of a day, and the distinct conditions that they state; `roles`: the signal of each role."""
    found = _Products(day, compiler, roles)
    products = tuple(found.product(place, entry) for place, entry in enumerate(_of_the_day(programme, day)))
    return products, tuple(found.conditions)


def _of_the_day(programme: Programme, day: date) -> list[Product]:
    chosen: dict[str, Product] = {}
    for entry in programme.products:
        if entry.valid_from is None or entry.valid_from <= day:
            chosen[entry.id] = entry  # the loader refuses overlaps; a later row of the same id replaces an ended one
    return [_inherit(entry, chosen.get(entry.scheme)) for entry in chosen.values()]


def _inherit(entry: Product, scheme: Product | None) -> Product:
    if scheme is None:
        return entry
    asked = {tuple(sorted(set(c.signals()))) for c in entry.criteria}
    inherited = tuple(c for c in scheme.criteria if tuple(sorted(set(c.signals()))) not in asked)
    return replace(
        entry,
        min_amount_idr=scheme.min_amount_idr if entry.min_amount_idr is None else entry.min_amount_idr,
        max_amount_idr=scheme.max_amount_idr if entry.max_amount_idr is None else entry.max_amount_idr,
        tenor_months=entry.tenor_months or scheme.tenor_months,
        prices=entry.prices or scheme.prices,
        criteria=entry.criteria + inherited,
        closes=entry.closes or scheme.closes,
    )


class _Products:
    """Products being compiled; `conditions` are the distinct ones met so far, each with its place."""

    def __init__(self, day: date, compiler: Compiler, roles: Mapping[str, str]) -> None:
        self.day, self.compiler, self.roles = day, compiler, roles
        self.amount = roles.get("amount_asked", "")
        self.conditions: dict[Condition, int] = {}

    def product(self, place: int, entry: Product) -> ProductRule:
        compiler = self.compiler
        criteria = compiler.rules((*entry.criteria, *self._own_criteria(entry)))
        goal = tuple(
            clause
            for rule in criteria
            if not (rule.criterion.kind == "signal" and rule.criterion.signal == self.amount)
            for clause in rule.clauses
        )
        prices = [
            PriceRule(
                price, compiler.clauses(price.when), {t: annuity(price, entry, n) for t, n in tenors(entry).items()}
            )
            for price in entry.prices
            if price.basis != "unstated" and tenors(entry)
        ]
        availability = self._availability(entry)
        amount_tests = union(1 << number for number, test in enumerate(compiler.tests) if test.signal == self.amount)
        return ProductRule(
            entry=entry,
            index=place,
            availability=availability,
            criteria=criteria,
            conditions=tuple(self._condition(rule) for rule in criteria),
            goal=goal,
            prices=tuple(sorted(prices, key=lambda p: next(iter(p.annuities.values())).yearly_rate)),
            stated_prices=entry.prices,
            notices=tuple((n.text, compiler.clauses(n.when)) for n in entry.notices),
            amount_tests=amount_tests & union(goal),
            is_grant=entry.kind == "grant",
            suggested=availability == "running",
        )

    def _availability(self, entry: Product) -> str:
        if entry.availability not in ("running", "historical", "closed"):
            return entry.availability
        if entry.valid_to is None or self.day <= entry.valid_to:
            return "running"
        return "historical" if entry.availability == "running" else entry.availability

    def _condition(self, rule: Rule) -> int:
        criterion = rule.criterion
        is_ceiling = criterion.signal == self.roles.get("amount_asked") and criterion.op == "at_most"
        condition = Condition(rule.clauses, criterion.value if is_ceiling else None, rule.signals)
        return self.conditions.setdefault(condition, len(self.conditions))

    def _own_criteria(self, entry: Product) -> list[Criterion]:
        """The conditions that a product's other terms amount to: amount band, form, lending group."""
        criteria = []
        if entry.min_amount_idr is not None and "amount_asked" in self.roles:
            criteria.append(Criterion("signal", self.roles["amount_asked"], "at_least", entry.min_amount_idr))
        if entry.max_amount_idr is not None and "amount_asked" in self.roles:
            criteria.append(Criterion("signal", self.roles["amount_asked"], "at_most", entry.max_amount_idr))
        if entry.kind == "credit" and "sharia" not in entry.form and "sharia_only" in self.roles:
            criteria.append(Criterion("signal", self.roles["sharia_only"], "is", False, unknown_meets=True))
        if entry.group_lending and "lending_group" in self.roles:
            criteria.append(Criterion("signal", self.roles["lending_group"], "is", True))
        return criteria
