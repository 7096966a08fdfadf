"""Paths: from today to a named product, the steps after which its conditions are met and it is affordable.

The answer is the steps; or what makes it impossible; or a question, with the steps that hold if its answer is good.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final, NamedTuple

from matcher.facts.declines import Bar, day_after
from matcher.facts.participant import Known, day_after_months, value_of_role
from matcher.message import Message
from matcher.money import Terms, money_of, terms_of
from matcher.paths.search import Found, Question, Search
from matcher.programme.compiled import ProductRule
from matcher.programme.criteria import Criterion
from matcher.programme.masks import places
from matcher.programme.rules import Rules
from matcher.reach import Outlook
from matcher.standing import at_amount

ROUND_IDR: Final = 100_000
"""Our choice: a person asks for round sums, so a smaller amount is said in full hundreds of thousands."""


class PathStep(NamedTuple):
    """One step of a path: something to do (an intervention's id) or waiting, from one day to another."""

    kind: str  # do, wait, ask_less
    intervention: str
    begins: date
    ends: date
    days: int
    cost_idr: int
    reason: Message | None = None


@dataclass(frozen=True)
class Path:
    """The way to a goal. Exactly one of the forms: `steps` alone, `impossible`, `ask`, or no goal with `why`."""

    goal: str | None
    why: Message | None = None
    impossible: tuple[Criterion, ...] = ()
    impossible_because: tuple[Message, ...] = ()
    ask: str = ""
    ask_message: Message | None = None
    steps: tuple[PathStep, ...] = ()
    days: int | None = None
    cost_idr: int | None = None
    lender_days: int | None = None
    assumed: tuple[str, ...] = ()
    shortfall_idr: int | None = None
    shortfall_months: int | None = None
    planned_idr: int | None = None
    alternatives: tuple[Alternative, ...] = ()


class Alternative(NamedTuple):
    """A product that would be cheaper a year, or larger, than the goal; `path` has what stands before it."""

    product: str
    cheaper: bool
    larger: bool
    path: Path


def path_to(view: Outlook, product: ProductRule) -> Path:
    """The cheapest path to a product: in days where the cash allows it, else in rupiah with the shortfall.

    To a product that a lender declined it holds what mends that, or says what the lender waits for.
    """
    rules, goal = view.rules, product.entry.id
    if view.wants is False:
        return Path(None, why=Message("no_goal_wants_none"))
    if not product.suggested:
        because = Message(f"availability_{product.availability}", {"product": goal, "as_of": product.entry.as_of})
        return Path(goal, impossible_because=(because,))
    lasting = product.conditions_mask & view.standing.lasting
    if view.money.asked_idr == 0 and not product.is_grant:
        lasting &= ~rules.amount_conditions
        if not lasting:
            return Path(goal, impossible_because=(Message("asked_nothing"),))
    if lasting:
        return Path(goal, impossible=_stating(product, lasting))
    bars = view.barred.get(product.index, ())
    mending = _mending(rules, bars)
    if mending is None:
        return Path(goal, impossible_because=_why_barred(product, bars))
    planned = planned_amount(view, product)
    known = at_amount(rules, product, view.known, planned)
    holds = optimistic(rules, known, view.reach.interventions)
    found, assumes_capacity = _search(view, product, known, holds, mending)
    if found is None and bars and not product.conditions_mask & view.standing.failed:
        return Path(goal, impossible_because=_why_barred(product, bars))
    if found is None:
        terms = view.terms[product.index]
        if terms.reachable is False:
            reason = Message("unaffordable", {"max_idr": terms.max_affordable_idr or 0})
            return Path(goal, impossible_because=(reason,))
        return Path(goal, impossible=_stating(product, view.standing.failed))
    return _told(view, product, known, found, assumes_capacity)


def _mending(rules: Rules, bars: Sequence[Bar]) -> tuple[int, ...] | None:
    """The clauses that lift the bars of a product: what their interventions change. None where a path cannot be exact.

    A day to wait for and a figure of the lender's own are no tests of the day, and a check that only tells something
    lifts a bar by its answer: of these it is said what they wait for.
    """
    clauses: list[int] = []
    for bar in bars:
        step = rules.intervention_ids.get(bar.decline.intervention)
        if bar.lacks != ("intervention",) or step is None or step.reveals:
            return None
        clauses += [1 << place for place in places(step.changes)]
    return tuple(dict.fromkeys(clauses))


def _why_barred(product: ProductRule, bars: Sequence[Bar]) -> tuple[Message, ...]:
    """What the lenders who declined a product still wait for, each said once."""
    said: list[Message] = []
    for bar in bars:
        said += [reason for reason in _waits_for(product.entry.id, bar) if reason not in said]
    return tuple(said)


def _waits_for(product: str, bar: Bar) -> list[Message]:
    """What a decline still waits for, each in a message."""
    one, about = bar.decline, {"product": product}
    if not bar.lacks:
        return [Message("declined_for_good", about)]
    said = []
    if "until" in bar.lacks and one.until is not None:
        said.append(Message("declined_until", {**about, "on": day_after(one.until)}))
    if "signal" in bar.lacks:
        said.append(Message("declined_more", {**about, "signal": one.signal, "choice": (one.signal, one.at_least)}))
    if "intervention" in bar.lacks:
        said.append(Message("declined_first", {**about, "intervention": one.intervention}))
    if "anew" in bar.lacks:
        said.append(Message("declined_anew", {**about, "intervention": one.intervention}))
    return said


def _stating(product: ProductRule, conditions: int) -> tuple[Criterion, ...]:
    """The criteria of a product that are among some conditions, a bit mask of their places."""
    stated = zip(product.criteria, product.conditions, strict=True)
    return tuple([rule.criterion for rule, place in stated if conditions >> place & 1])


def planned_amount(view: Outlook, product: ProductRule) -> int | None:
    """The amount a path is planned for: what is asked, affordable and in the band; without capacity as if there were."""
    planned = view.terms[product.index].planned_idr
    if planned and view.terms[product.index].reachable is not False:
        return planned
    later = [terms.planned_idr for _, terms in _terms_without_instalments(view, product) if terms.planned_idr]
    if later or planned:
        return max(later) if later else planned
    bounds = (value_of_role(view.rules, view.known, "amount_asked"), product.entry.max_amount_idr)
    asked = bounds[0]
    return None if asked is None else min(bound for bound in bounds if bound is not None)


def _search(
    view: Outlook, product: ProductRule, known: Known, holds: int, mending: tuple[int, ...]
) -> tuple[Found | None, bool]:
    """Search with the capacity as it is; without any, search again as if next month's figure were good."""
    rules = view.rules
    terms = view.terms[product.index]
    affordable = 1 << len(rules.tests)
    if terms.reachable is not False:
        holds |= affordable
    question = Question(
        goal=(*product.goal, *mending, affordable),
        holds=holds,
        allowed=view.reach.interventions,
        costs=view.costs,
        cash=view.cash,
        gains=_capacity_gains(view, product, affordable),
    )
    found = _cheapest(rules, known, question)
    if found is None and terms.reachable is False and view.money.free_known and view.money.free_idr <= 0:
        return _cheapest(rules, known, replace(question, holds=holds | affordable)), True
    return found, False


def _cheapest(rules: Rules, known: Known, question: Question) -> Found | None:
    found = Search(rules, known, question).find()
    if found is None and question.cash is not None:
        found = Search(rules, known, replace(question, cash=None, rupiah_first=True)).find()
    return found


def optimistic(rules: Rules, known: Known, reached: int) -> int:
    """The tests that hold if unknown answers are good, leaving out those that a check within reach would tell."""
    told = 0
    for place in places(reached):
        told |= rules.interventions[place].reveal_add
    unknown = rules.all_tests & ~(known.yes | known.no)
    return known.yes | (unknown & ~told)


def _capacity_gains(view: Outlook, product: ProductRule, affordable: int) -> dict[int, int]:
    """Which interventions make the product affordable by themselves: those that lower the present instalments."""
    if view.terms[product.index].reachable is not False:
        return {}
    return {place: affordable for place, _ in _terms_without_instalments(view, product)}


def _terms_without_instalments(view: Outlook, product: ProductRule) -> list[tuple[int, Terms]]:
    """Interventions that lower the present instalments enough, each with the product's terms after it."""
    rules, signal = view.rules, view.rules.roles.get("monthly_instalments")
    found = []
    for intervention in rules.interventions:
        for effect in (*intervention.entry.sets, *intervention.entry.requests):
            if signal is not None and effect.signal == signal and effect.op in ("to", "at_most"):
                place = rules.position[signal]
                low, high = list(view.known.low), list(view.known.high)
                low[place] = high[place] = min(int(effect.value), low[place]) if low[place] == high[place] else 0
                changed = replace(view.known, low=low, high=high)
                terms = terms_of(product, changed, money_of(rules, changed))
                if terms.reachable is not False:
                    found.append((intervention.index, terms))
    return found


def _told(view: Outlook, product: ProductRule, known: Known, found: Found, assumes_capacity: bool) -> Path:
    rules, entry, money = view.rules, product.entry, view.money
    terms = view.terms[product.index]
    assumed = _assumed(rules, found.assumed, known)
    assumed += [s for s in _money_unknown(view, product, assumes_capacity) if s not in assumed]
    lender_silent = not product.is_grant and terms.annuity is None
    ask = next(iter(assumed), "")
    message = Message("ask_lender_price", {"product": entry.id}) if lender_silent and not assumed else None
    if assumes_capacity:
        message = Message("ask_next_month", {"on": next_month(rules)})
        ask = rules.roles.get("monthly_profit", "")
    short = found.cost - view.cash if view.cash is not None and found.cost > view.cash else None
    if view.cash is None and found.cost and "cash_at_hand" in rules.roles:
        assumed.append(rules.roles["cash_at_hand"])
    return Path(
        goal=entry.id,
        ask=ask,
        ask_message=message,
        steps=_steps(view, product, found),
        days=found.days,
        cost_idr=found.cost,
        lender_days=entry.lender_days.value if entry.lender_days else None,
        assumed=tuple(assumed),
        shortfall_idr=short,
        shortfall_months=-(-short // money.free_idr) if short and money.free_known and money.free_idr > 0 else None,
        planned_idr=planned_amount(view, product),
    )


def _assumed(rules: Rules, clauses: Sequence[int], known: Known) -> list[str]:
    """The signals of clauses that hold only if an unknown answer is good."""
    assumed: list[str] = []
    for clause in clauses:
        asked = clause & rules.all_tests
        assumed += [s for s in rules.signals_in(asked & ~known.no or asked) if s not in assumed]
    return assumed


def _money_unknown(view: Outlook, product: ProductRule, assumes_capacity: bool) -> list[str]:
    """The signals of money that the answer rests on and nobody gave."""
    roles: list[str] = []
    terms, entry = view.terms[product.index], product.entry
    priced = terms.affordable == "unknown" and terms.annuity is not None
    if priced or entry.min_amount_idr is not None or entry.max_amount_idr is not None:
        roles.append("amount_asked")
    if priced and not assumes_capacity:
        roles += ["monthly_profit", "monthly_instalments", "household_need"]
    return [
        view.rules.roles[r] for r in roles if r in view.rules.roles and value_of_role(view.rules, view.known, r) is None
    ]


def _steps(view: Outlook, product: ProductRule, found: Found) -> tuple[PathStep, ...]:
    rules, today = view.rules, view.rules.day
    steps: list[PathStep] = []
    day = 0
    for move in found.moves:
        step = rules.interventions[move.intervention]
        if move.begins > day:
            steps.append(_wait(today, day, move.begins, Message("wait_for_step", {"intervention": step.entry.id})))
        begins, ends = today + timedelta(days=move.begins), today + timedelta(days=move.ends)
        kind = "wait" if step.entry.kind == "wait" else "do"
        steps.append(PathStep(kind, step.entry.id, begins, ends, step.days, view.costs[step.index]))
        day = move.ends
    if found.days > day:
        steps.append(_wait(today, day, found.days, _waited_for(view, product)))
    asked = value_of_role(rules, view.known, "amount_asked")
    planned = planned_amount(view, product)
    if asked is not None and planned is not None and 0 < planned < asked and rules.ask_less:
        end = today + timedelta(days=found.days)
        round_ = planned // ROUND_IDR * ROUND_IDR
        amount = round_ if round_ >= max(product.entry.min_amount_idr or 0, ROUND_IDR) else planned
        reason = Message("ask_amount", {"amount_idr": amount})
        steps.append(PathStep("ask_less", rules.ask_less.entry.id, end, end, 0, 0, reason))
    return tuple(steps)


def _waited_for(view: Outlook, product: ProductRule) -> Message:
    """Name the condition that time alone brings."""
    for rule in product.criteria:
        unmet = [clause for clause in rule.clauses if not clause & view.known.yes]
        if _ticks(view, unmet):
            return Message("wait_for", {"criterion": rule.criterion})
    return Message("wait_for_goal")


def _ticks(view: Outlook, clauses: Sequence[int]) -> bool:
    clocks = 0
    for tests in view.rules.clock_tests:
        clocks |= tests
    return any(clause & clocks & view.known.no for clause in clauses)


def _wait(today: date, day: int, until: int, reason: Message) -> PathStep:
    return PathStep("wait", "", today + timedelta(days=day), today + timedelta(days=until), until - day, 0, reason)


def next_month(rules: Rules) -> date:
    """The day on which next month's figure is looked at."""
    return date.fromordinal(day_after_months(rules.day, 1))
