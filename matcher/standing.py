"""Standing: how the published conditions of the day's products stand for one participant, each said once for all of them.

Status speaks of published conditions alone. A term that no source states is no condition.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from matcher.facts.participant import Known
from matcher.programme.compiled import ProductRule
from matcher.programme.masks import met, places, truth_of
from matcher.programme.rules import Rules

STATUSES: Final = ("conditions_met", "ask", "not_yet", "not_for_you")


class Standing(NamedTuple):
    """How the day's distinct conditions stand for one participant, as bit masks of their places in `Rules.conditions`.

    `failed`; `lasting`: those of them that nothing can change; `open`: unknown.
    """

    failed: int
    open: int
    lasting: int


def standing_of(rules: Rules, known: Known, possible: int, which: Sequence[int] | None = None) -> Standing:
    """How every distinct condition of the day's products stands, or those in the places `which`.

    `possible`: tests that can still come to hold.
    """
    failed = open_ = lasting = 0
    yes, no, changed = known.yes, known.no, possible | ~known.no
    for place in range(len(rules.conditions)) if which is None else which:
        condition = rules.conditions[place]
        truth = truth_of(condition.clauses, yes, no)
        if truth is None:
            open_ |= 1 << place
        elif not truth:
            failed |= 1 << place
            can_change = (
                rules.ask_less is not None if condition.ceiling is not None else met(condition.clauses, changed)
            )
            lasting |= (not can_change) << place
    return Standing(failed, open_, lasting)


def status_of(product: ProductRule, standing: Standing) -> str:
    """The status of a product's published conditions: a permanent failure beats a changeable one, that an unknown."""
    asked = product.conditions_mask
    if asked & standing.failed:
        return "not_for_you" if asked & standing.lasting else "not_yet"
    if asked & standing.open or product.entry.register or product.availability == "lead_only":
        return "ask"
    return "conditions_met"


def unknown_tests(clauses: tuple[int, ...], known: Known) -> int:
    """The tests whose answer would settle the clauses that are still open."""
    mask = 0
    for clause in clauses:
        if not clause & known.yes:
            mask |= clause & ~known.no
    return mask


def at_amount(rules: Rules, product: ProductRule, known: Known, amount: int | None) -> Known:
    """What is known if that amount is asked of the product; None changes nothing."""
    if not product.amount_tests or amount is None:
        return known
    yes, no = known.yes & ~product.amount_tests, known.no & ~product.amount_tests
    for number in places(product.amount_tests):
        holds, _ = rules.tests[number].truth(amount, amount, rules.today)
        yes, no = (yes | 1 << number, no) if holds else (yes, no | 1 << number)
    return replace(known, yes=yes, no=no)


def asking(rules: Rules, known: Known, amount: int | None) -> Known:
    """What is known if that amount is asked: a smaller one than asked may lie in another band. None changes nothing."""
    place = rules.role("amount_asked")
    if amount is None or place is None or known.low[place] == known.high[place] == amount:
        return known
    yes, no = known.yes, known.no
    for number in rules.tests_about[place]:
        test = rules.tests[number]
        if test.op != "known":
            holds, _ = test.truth(amount, amount, rules.today)
            bit = 1 << number
            yes, no = (yes | bit, no & ~bit) if holds else (yes & ~bit, no | bit)
    return replace(known, yes=yes, no=no)
