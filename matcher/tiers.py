"""Tiers: a three-valued rule decides what is offered. The rules are a programme's own choice and say so.

Where only the participant's answers are missing the tier is provisional: the lower tier is given, with the questions
that would lift it. A lender's silence counts as no.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from matcher.facts.participant import Known
from matcher.message import Message
from matcher.paths.search import Question, Search
from matcher.programme.compiled import ProductRule, Rule
from matcher.programme.entries import ASKED
from matcher.programme.masks import met, places, truth_of
from matcher.programme.rules import Rules
from matcher.reach import Outlook, costs
from matcher.standing import at_amount, unknown_tests


@dataclass(frozen=True)
class TierAnswer:
    """The tier given, whether an answer could lift it, why, and (in the lowest) the programme and when to talk again."""

    tier: str
    provisional: bool
    reasons: tuple[Message, ...]
    questions: tuple[str, ...]
    programme: str = ""
    talk_again_on: date | None = None


@dataclass(frozen=True)
class Answer:
    """The truth of one part of a rule with the reasons and the signals that would settle it."""

    truth: bool | None
    reasons: tuple[Message, ...] = ()
    questions: tuple[str, ...] = ()


def tier_of(view: Outlook, *, goal: str | None = None, held_back: bool = False) -> TierAnswer:
    """Return the tier.

    `goal`: the product that the path leads to; among products that give the same answer it is the one to name.
    `held_back`: a scorecard trained on real outcomes keeps the highest tier closed.
    """
    questions: list[str] = []
    against: list[Message] = []
    programme = view.rules.programme
    for place, rule in enumerate(view.rules.tiers):
        if not rule.parts:
            again = view.rules.day + timedelta(days=programme.talk_again_days)
            reasons = (*against, Message("tier_lowest"))
            return TierAnswer(
                rule.tier.id, bool(questions), reasons, in_order(view.rules, questions), rule.tier.programme, again
            )
        answer = _all([_part(view, part, goal) for part in rule.parts])
        if answer.truth and held_back and place == 0:
            answer = Answer(False, (Message("tier_held_back"),))
        if answer.truth:
            reasons = (*answer.reasons, *against)
            return TierAnswer(rule.tier.id, bool(questions), reasons, in_order(view.rules, questions))
        code = "tier_open" if answer.truth is None else "tier_not"
        against += [Message(code, {"tier": rule.tier.id, "reason": reason}) for reason in answer.reasons]
        if answer.truth is None:
            questions += [q for q in answer.questions if q not in questions]
    raise AssertionError("the loader lets no programme pass whose last tier has a rule")


def bare_tier(view: Outlook, *, held_back: bool = False) -> TierAnswer:
    """The tier of `tier_of` with its programme, and nothing else: not even whether an answer could lift it.

    After one part that is not known to hold no other is looked at, which spares most people most of the work.
    """
    for place, rule in enumerate(view.rules.tiers):
        open_ = not (held_back and place == 0)
        if not rule.parts or (open_ and all(_holds(view, part) for part in rule.parts)):
            return TierAnswer(rule.tier.id, False, (), (), "" if rule.parts else rule.tier.programme)
    raise AssertionError("the loader lets no programme pass whose last tier has a rule")


def _holds(view: Outlook, part: Any) -> bool:
    """Whether one part of a rule is known to hold."""
    if isinstance(part, Rule):
        return met(part.clauses, view.known.yes)
    kind, value = part
    if kind in ("any", "all"):
        parts = (_holds(view, inner) for inner in value)
        return any(parts) if kind == "any" else all(parts)
    if kind == "capacity_above":
        return _capacity_above(view, value).truth is True
    if kind == "product_in_reach":
        return not _missing_money(view) and any(
            _open_to_all(view, product) and _surely_reached(view, product, value) for product in view.rules.products
        )
    return _intervention_open(view, value).truth is True


def _surely_reached(view: Outlook, product: ProductRule, settings: Mapping[str, Any]) -> bool:
    """Whether `_reach` is known to hold but for money that nobody told."""
    terms = view.terms[product.index]
    if terms.planned_idr is not None and terms.planned_idr < _least(product, settings):
        return False
    known = at_amount(view.rules, product, view.known, terms.planned_idr)
    allowed = view.rules.of_kinds(tuple(settings["kinds"]))
    return _may_be_found(view, product.goal, known.yes, allowed) and _found(
        view, known, _at_the_worst(view, product, known, settings)
    )


def _least(product: ProductRule, settings: Mapping[str, Any]) -> int:
    return max(product.entry.min_amount_idr or 1, int(settings["min_amount_idr"]))


def _at_the_worst(view: Outlook, product: ProductRule, known: Known, settings: Mapping[str, Any]) -> Question:
    """What is lacking of a product, with every unknown answer bad and every unknown cost without end."""
    allowed, dear = view.rules.of_kinds(tuple(settings["kinds"])), costs(view.rules, view.known, optimistic=False)
    return Question(product.goal, known.yes, allowed, dear, view.cash or 0, settings["max_days"], ticking=False)


def in_order(rules: Rules, questions: Iterable[str]) -> tuple[str, ...]:
    """Questions by when they are asked: wanting first, then the amount, personal ones last; else as they came."""
    return tuple(sorted(questions, key=lambda name: ASKED.index(rules.signals[name].asked)))


def _part(view: Outlook, part: Any, goal: str | None) -> Answer:
    if isinstance(part, Rule):
        truth = truth_of(part.clauses, view.known.yes, view.known.no)
        code = {True: "criterion_met", False: "criterion_unmet", None: "criterion_open"}[truth]
        questions = () if truth is not None else tuple(view.rules.signals_in(unknown_tests(part.clauses, view.known)))
        return Answer(truth, (Message(code, {"criterion": part.criterion}),), questions)
    kind, value = part
    if kind in ("any", "all"):
        answers = [_part(view, inner, goal) for inner in value]
        return _any(answers) if kind == "any" else _all(answers)
    if kind == "capacity_above":
        return _capacity_above(view, value)
    return _product_in_reach(view, value, goal) if kind == "product_in_reach" else _intervention_open(view, value)


def _all(answers: Iterable[Answer]) -> Answer:
    answers = list(answers)
    if any(a.truth is False for a in answers):
        return Answer(False, _reasons(a for a in answers if a.truth is False))
    open_ = [a for a in answers if a.truth is None]
    return Answer(None if open_ else True, _reasons(open_ or answers), _questions(open_))


def _any(answers: Iterable[Answer]) -> Answer:
    answers = list(answers)
    if any(a.truth for a in answers):
        return Answer(True, _reasons(a for a in answers if a.truth))
    open_ = [a for a in answers if a.truth is None]
    return Answer(None if open_ else False, _reasons(open_ or answers), _questions(open_))


def _reasons(answers: Iterable[Answer]) -> tuple[Message, ...]:
    return tuple(reason for answer in answers for reason in answer.reasons)


def _questions(answers: Iterable[Answer]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(q for answer in answers for q in answer.questions))


def _capacity_above(view: Outlook, least: int) -> Answer:
    total, known = view.money.free_idr, view.money.free_known
    if not known:
        roles = ("monthly_profit", "monthly_instalments", "household_need")
        names = [view.rules.roles[role] for role in roles if role in view.rules.roles]
        unknown = tuple(n for n in names if not _is_known(view, n))
        return Answer(None, (Message("capacity_open"),), unknown)
    code = "capacity_met" if total > least else "capacity_unmet"
    return Answer(total > least, (Message(code, {"capacity_idr": total}),))


def _is_known(view: Outlook, name: str) -> bool:
    place = view.rules.position[name]
    return view.known.low[place] == view.known.high[place]


def _intervention_open(view: Outlook, settings: Mapping[str, Any]) -> Answer:
    rules, yes, no = view.rules, view.known.yes, view.known.no
    for name in settings.get("after", ()):
        first = rules.intervention_ids.get(name)
        if first is not None and truth_of(first.need_clauses, yes, no) is not False:
            yes, no = (yes | first.add) & ~first.delete, no & ~first.add
    open_: list[str] = []
    unknown = False
    for step in rules.interventions:
        if step.entry.kind not in settings["kinds"]:
            continue
        truth = truth_of(step.need_clauses, yes, no)
        if truth:
            return Answer(True, (Message("intervention_open", {"intervention": step.entry.id}),))
        if truth is None:
            unknown = True
            for clause in step.need_clauses:
                if not clause & yes:
                    open_ += [s for s in rules.signals_in(clause & ~no) if s not in open_]
    if unknown:
        return Answer(None, (Message("intervention_unknown"),), tuple(open_))
    return Answer(False, (Message("intervention_none"),))


def _product_in_reach(view: Outlook, settings: Mapping[str, Any], goal: str | None) -> Answer:
    """Whether one and the same credit product is affordable and lacks nothing but what is quick and paid from cash.

    The goal's own product is looked at first, so that tier and path name the same one where they can.
    """
    open_: Answer | None = None
    products = [p for p in view.rules.products if _open_to_all(view, p)]
    for product in sorted(
        products, key=lambda p: (p.entry.id != goal, view.terms[p.index].rate, bool(p.entry.scheme), p.index)
    ):
        truth, questions = _reach(view, product, settings)
        if truth:
            planned = view.terms[product.index].planned_idr
            reason = Message("product_in_reach", {"product": product.entry.id, "planned_idr": planned})
            return Answer(True, (reason,))
        if truth is None and open_ is None:
            open_ = Answer(None, (Message("product_open", {"product": product.entry.id}),), questions)
    if open_ is None:
        declined = [view.rules.products[place] for place in view.barred]
        for product in [one for one in declined if _priced_for_all(view, one)]:
            if _reach(view, product, settings)[0]:
                return Answer(False, (Message("product_declined", {"product": product.entry.id}),))
    asked = view.rules.role("amount_asked")
    too_little = asked is not None and view.known.high[asked] < settings["min_amount_idr"]
    code = "product_asked_less" if too_little else "product_none"
    return open_ or Answer(False, (Message(code, {"least_idr": settings["min_amount_idr"]}),))


def _open_to_all(view: Outlook, product: ProductRule) -> bool:
    """Whether a credit product may carry a tier: running, no register of others, a price, and no lender's no against it.

    A tier says what is offered. One that rested on a declined product alone would offer a referral that cannot be made;
    the next lower one offers what mends the no. The price: a lender who is only full lowers a tier for a while, without
    a word about the person, where nothing else is in reach; the reason then says that it is the lender's no.
    """
    return product.index not in view.barred and _priced_for_all(view, product)


def _priced_for_all(view: Outlook, product: ProductRule) -> bool:
    if product.is_grant or not product.suggested or product.entry.register:
        return False
    if view.money.sharia_only and "sharia" not in product.entry.form:
        return False
    return view.terms[product.index].annuity is not None


def _reach(view: Outlook, product: ProductRule, settings: Mapping[str, Any]) -> tuple[bool | None, tuple[str, ...]]:
    rules, terms = view.rules, view.terms[product.index]
    if terms.planned_idr is not None and terms.planned_idr < _least(product, settings):
        return False, ()
    known = at_amount(rules, product, view.known, terms.planned_idr)
    unknown = rules.all_tests & ~(known.yes | known.no)
    allowed = rules.of_kinds(tuple(settings["kinds"]))
    if not _may_be_found(view, product.goal, known.yes | unknown, allowed):
        return False, ()
    best = Question(
        product.goal, known.yes | unknown, allowed, view.costs, view.cash, settings["max_days"], ticking=False
    )
    sure = _found(
        view, known, _at_the_worst(view, product, known, settings)
    )  # what can be done at the worst can be done at the best
    if not sure and not _found(view, known, best):
        return False, ()
    questions = _missing_money(view)
    if sure and not questions:
        return True, ()
    if not sure:
        for clause in product.goal:
            if not clause & known.yes:
                questions += [s for s in rules.signals_in(clause & ~known.no) if s not in questions]
        if view.cash is None and "cash_at_hand" in rules.roles and not questions:
            questions.append(rules.roles["cash_at_hand"])
    return None, tuple(questions)


def _may_be_found(view: Outlook, goal: Sequence[int], holds: int, allowed: int) -> bool:
    """Whether every clause that does not hold yet has an intervention that brings it about."""
    makers = view.rules.achievers
    for clause in goal:  # noqa: SIM110 - asked of every product of everybody
        if not clause & holds and not makers(clause) & allowed:
            return False
    return True


def _found(view: Outlook, known: Known, question: Question) -> bool:
    left = [clause for clause in question.goal if not clause & question.holds]
    if not left or one_step_does(view.rules, question, left):
        return True
    possible = _may_be_found(view, question.goal, question.holds, question.allowed)
    return possible and Search(view.rules, known, question).find() is not None


def one_step_does(rules: Rules, question: Question, left: list[int]) -> bool:
    """Whether one intervention brings about all that is left: most often it does, and no search is needed.

    The question must let no time pass (`ticking` false): of clocks nothing is asked here.
    """
    holds, days, cash = question.holds, question.days, question.cash
    for place in places(rules.achievers(left[0]) & question.allowed):
        step = rules.interventions[place]
        in_time = not step.starts and (days is None or step.days <= days)
        if in_time and (cash is None or question.costs[place] <= cash) and met(step.need_clauses, holds):
            if met(question.goal, (holds & ~step.delete) | (step.add & ~step.reveal_add)):
                return True
    return False


def _missing_money(view: Outlook) -> list[str]:
    roles = ["amount_asked"]
    if not view.money.free_known:
        roles += ["monthly_profit", "monthly_instalments", "household_need"]
    names = [view.rules.roles[role] for role in roles if role in view.rules.roles]
    return [name for name in names if not _is_known(view, name)]
