"""An answer: a Recommendation as JSON in one language. The service and the command line give the same one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from api import __version__
from matcher.facts.declines import Decline
from matcher.facts.doubts import Doubted
from matcher.facts.participant import Participant
from matcher.interventions import Suggestion
from matcher.lenders import Change, Match, Unmet
from matcher.message import Message
from matcher.money import Terms
from matcher.paths.path import Alternative, Path, PathStep
from matcher.programme.criteria import Criterion
from matcher.programme.entries import Figure, Price, Product, Programme
from matcher.programme.rules import Rules
from matcher.recommend import Recommendation
from matcher.scorecard import Readiness, Scorecard
from matcher.tiers import TierAnswer
from words.telling import Teller, teller

Table = dict[str, Any]


def versions_of(programme: Programme, scorecard: Scorecard | None) -> Table:
    """Return what an answer was made with, so that it can be made again."""
    model = scorecard and {"version": scorecard.version, "digest": scorecard.digest, "basis": scorecard.basis}
    return {"programme": {"id": programme.id, "digest": programme.digest}, "model": model, "kail": __version__}


def answer(
    rules: Rules, participant: Participant, recommendation: Recommendation, language: str, versions: Mapping[str, Any]
) -> Table:
    """Put a recommendation into words: a table of texts, numbers and ISO dates, ready for JSON."""
    told = Telling(teller(rules, language), rules, participant, recommendation)
    return {
        "tier": told.tier(recommendation.tier),
        **told.readiness(recommendation.readiness),
        "steps": told.steps(),
        "interventions": [told.intervention(one) for one in recommendation.interventions],
        "products": [told.product(one) for one in recommendation.products],
        "path": told.path(recommendation.path),
        "doubts": [doubt(told.t, one) for one in recommendation.doubts],
        "questions": [told.full_question(name) for name in recommendation.questions],
        "notices": [told.say(notice) for notice in recommendation.notices],
        "versions": {**versions, "as_of": participant.as_of.isoformat()},
    }


def sources(entries: Iterable[Mapping[str, Any]]) -> list[Table]:
    """Return where something comes from: address, day, and a note where the address is not the whole story."""
    return [
        {"url": s["url"], "date": s["date"].isoformat()} | ({"note": s["note"]} if s["note"] else {}) for s in entries
    ]


def figure_from(t: Teller, figure: Figure) -> str:
    """Say whose figure this is."""
    if figure.signal:
        return t.say(Message("figure_signal", {"signal": figure.signal}))
    said = [t.say(Message("figure_source", {"url": s["url"], "on": s["date"]})) for s in figure.source]
    if figure.our_choice:
        said.append(t.say(Message("figure_choice", {"why": t.text(figure.our_choice)})))
    return " ".join(said)


def price(t: Teller, entry: Price) -> Table:
    """Return a price as stated."""
    code = "price_total" if entry.basis == "flat_total" else "price"
    rate = t.decimal(entry.rate_percent, 4)
    text = t.text(entry.text) if entry.text else t.say(Message(code, {"rate": rate, "basis": Message(entry.basis)}))
    table = {"rate_percent": entry.rate_percent, "basis": entry.basis, "text": text, "source": sources(entry.source)}
    return table


def closes(t: Teller, entry: Product) -> list[Table]:
    """Return the products that taking this one would bar; "*" is every other credit."""
    other = t.say(Message("all_other_credit"))
    return [{"id": one, "name": other if one == "*" else t.word("product", one)} for one in entry.closes]


def affordable(terms: Terms) -> Table:
    """Return whether an instalment fits, and whose answer is missing."""
    return {"answer": terms.affordable, "missing_from": terms.missing_from or None}


def doubt(t: Teller, given: Doubted) -> Table:
    """Return a doubt in words, with the values that are to be confirmed or corrected."""
    signals = [
        {"signal": name, "label": t.word("signal", name), "value": value} for name, value in given.open_values().items()
    ]
    return {"id": given.id, "text": t.doubt(given), "signals": signals}


class Telling:
    """One recommendation being put into words, part by part."""

    def __init__(self, t: Teller, rules: Rules, participant: Participant, recommendation: Recommendation) -> None:
        self.t, self.rules, self.participant, self.recommendation = t, rules, participant, recommendation
        self.say = t.say

    # -- questions -----------------------------------------------------------------------------------------------------

    def question(self, name: str) -> Table:
        return {"signal": name, "question": self.t.question(name, self.recommendation.stale)}

    def asked(self, names: Iterable[str]) -> list[Table]:
        return [self.question(name) for name in names]

    def full_question(self, name: str) -> Table:
        table = self.question(name) | {"still_so": name in self.recommendation.stale}
        values = self.rules.signals[name].values
        if values:
            table["choices"] = [{"code": code, "label": self.t.text(label)} for code, label in values.items()]
        return table

    # -- tier, readiness, steps ----------------------------------------------------------------------------------------

    def tier(self, given: TierAnswer) -> Table:
        entry = next(rule.tier for rule in self.rules.tiers if rule.tier.id == given.tier)
        talk_again = given.talk_again_on and {
            "programme": {"id": given.programme, "name": self.t.word("intervention", given.programme)},
            "on": given.talk_again_on.isoformat(),
        }
        return {
            "tier": given.tier,
            "name": self.t.text(entry.name),
            "offers": self.t.text(entry.offers),
            "provisional": given.provisional,
            "reasons": list(dict.fromkeys(self.say(reason) for reason in given.reasons)),
            "questions": self.asked(given.questions),
            "talk_again": talk_again,
            "notice": self.t.text(self.rules.programme.tier_notice),
        }

    def readiness(self, given: Readiness | None) -> Table:
        why = self.recommendation.why_no_readiness
        if given is None:
            return {"readiness": None, "why_no_readiness": self.say(why) if why else None}
        why = given.why_no_probability
        return {
            "readiness": {
                "basis": given.basis,
                "outcome": given.outcome,
                "score": given.score,
                "base": given.base,
                "low": given.low,
                "high": given.high,
                "probability": given.probability,
                "why_no_probability": self.say(why) if why else None,
                "contributions": [
                    {
                        "signal": c.signal,
                        "value": c.value,
                        "points": c.points,
                        "text": self._points(c.signal, c.value, c.points),
                    }
                    for c in given.contributions
                ],
            },
            "why_no_readiness": None,
        }

    def _points(self, signal: str, value: Any, points: int) -> str:
        written = self.t.decimal(Decimal(points) / 1000, 1, fixed=True, signed=True)
        args = {"signal": signal, "text_value": self.t.value(signal, value), "points": written}
        return self.say(Message("contribution", args))

    def steps(self) -> list[Table]:
        statuses = self.recommendation.steps
        return [
            {"step": name, "name": self.t.word("step", name), "status": status} for name, status in statuses.items()
        ]

    # -- interventions -------------------------------------------------------------------------------------------------

    def intervention(self, given: Suggestion) -> Table:
        entry = self.rules.intervention_ids[given.id].entry
        return {
            "id": entry.id,
            "name": self.t.text(entry.name),
            "about": self.t.text(entry.about),
            "tier": entry.tier,
            "rank_reason": self.say(given.rank_reason),
            "completes": [{"step": step, "name": self.t.word("step", step)} for step in given.completes],
            "days": given.days,
            "days_from": figure_from(self.t, entry.days),
            "cost_idr": given.cost_idr,
            "cost_from": figure_from(self.t, entry.cost_idr),
            "evidence": [
                {
                    "study": e.study,
                    "finding": e.finding,
                    "text": self.t.text(e.text),
                    "url": e.url,
                    "date": e.date.isoformat(),
                }
                for e in entry.evidence
            ],
            "evidence_note": None if entry.evidence else self.say(Message("no_evidence")),
            "otherwise": self.t.text(entry.otherwise) if entry.otherwise else None,
            "questions": self.asked(given.questions),
        }

    # -- products ------------------------------------------------------------------------------------------------------

    def product(self, found: Match) -> Table:
        entry = self.rules.product_ids[found.id].entry
        terms, rate = found.terms, found.terms.annuity
        return {
            "id": found.id,
            "name": self.t.text(entry.name),
            "provider": entry.provider,
            "tier": found.tier,
            "form": list(found.form),
            "availability": found.availability,
            "as_of": entry.as_of or None,
            "confidence": entry.confidence,
            "status": found.status,
            "offered": found.offered,
            "declined": self.declined(found.declined),
            "unmet": [self.unmet(entry, one) for one in found.unmet],
            "questions": self.asked(found.questions),
            "terms_unknown": [self.t.text(self.rules.programme.terms[term]) for term in found.terms_unknown],
            "affordable": affordable(terms),
            "effective_rate_percent": round(rate.yearly_rate * 100, 2) if rate else None,
            "prices": [price(self.t, one) for one in found.prices],
            "instalment_idr": terms.instalment_idr,
            "instalment_every": entry.instalment_every,
            "max_affordable_idr": terms.max_affordable_idr,
            "closes": closes(self.t, entry),
            "joint_liability": self.say(Message("joint_liability")) if entry.joint_liability else None,
            "amount_per": entry.amount_per,
            "notices": self.notices(entry, found),
            "source": sources(entry.source),
        }

    def declined(self, given: Decline | None) -> Table | None:
        """A lender's no that bars a product today: the reason, what is said of it, and its last day where it has one."""
        if given is None:
            return None
        said = [reason.says for reason in self.rules.programme.referrals.reasons if reason.id == given.reason]
        says = self.t.text(said[-1]) if said else self.say(Message("declined"))
        return {"reason": given.reason, "says": says, "until": given.until and given.until.isoformat()}

    def notices(self, entry: Product, found: Match) -> list[str]:
        said = [self.t.text(notice) for notice in found.notices]
        if entry.register:
            said.insert(0, self.t.text(entry.register))
        if found.availability != "running":
            args = {"product": entry.id, "as_of": entry.as_of}
            said.insert(0, self.say(Message(f"availability_{found.availability}", args)))
        return [*said, self.say(Message("confirmed_never", {"as_of": entry.as_of}))]

    def unmet(self, entry: Product, given: Unmet) -> Table:
        criterion = given.criterion
        need = self.t.need(criterion)
        if self.is_floor(criterion):
            need = self.say(Message("for_larger_amounts", {"need": need}))
        return {
            "criterion": self.t.criterion(criterion),
            "need": need,
            "have": self.have(given.have, labelled=criterion.kind != "signal" or self.t.is_form(criterion)),
            "changed_by": [self.change(one) for one in given.changed_by],
        }

    def is_floor(self, criterion: Criterion) -> bool:
        """Whether a condition is a product's smallest amount."""
        return criterion.signal == self.rules.roles.get("amount_asked") and criterion.op == "at_least"

    def have(self, values: Mapping[str, Any], *, labelled: bool) -> str:
        if not labelled:
            return "".join(self.t.value(name, value) for name, value in values.items())
        said = ({"signal": name, "text_value": self.t.value(name, value)} for name, value in values.items())
        return "; ".join(self.say(Message("have_one", args)) for args in said)

    def change(self, given: Change) -> Table:
        table: Table = {"kind": given.kind, "id": given.intervention or None, "name": self.say(Message("wait"))}
        table |= {"days": None, "cost_idr": None, "amount_idr": given.amount_idr}
        if not given.intervention:
            return table | {"text": self.say(Message("change_time"))}
        rule = self.rules.intervention_ids[given.intervention]
        table["name"] = self.t.text(rule.entry.name)
        if given.kind == "ask_less":
            return table | {"text": self.say(Message("change_ask_less", {"amount_idr": given.amount_idr}))}
        cost = self._cost(rule.entry.cost_idr)
        code = "change_do" if cost is not None else "change_do_unpriced"
        text = self.say(Message(code, {"intervention": rule.entry.id, "days": rule.days, "cost_idr": cost or 0}))
        return table | {"days": rule.days, "cost_idr": cost, "text": text}

    def _cost(self, figure: Figure) -> int | None:
        """A cost that is a signal's value: what the participant said it is, if that still holds."""
        if not figure.signal:
            return figure.value
        doubted = {name for one in self.recommendation.doubts for name in one.signals}
        fact = (
            None if figure.signal in self.recommendation.stale | doubted else self.participant.facts.get(figure.signal)
        )
        return fact.value if fact else None

    # -- path ----------------------------------------------------------------------------------------------------------

    def path(self, way: Path) -> Table:
        if way.goal is None:
            return {"goal": None, "why": self.say(way.why) if way.why else None}
        goal = {"goal": way.goal, "goal_name": self.t.word("product", way.goal)}
        if way.days is None:
            said = [self.impossible(c) for c in way.impossible] + [self.say(m) for m in way.impossible_because]
            return goal | {"impossible": said or [self.say(Message("no_way"))]}
        return (
            goal
            | self.ask(way)
            | {
                "steps": [self.path_step(step) for step in way.steps],
                "days": way.days,
                "cost_idr": way.cost_idr,
                "lender_days": way.lender_days,
                "lender_days_note": self._lender_days(way.lender_days),
                "assumed": self.asked(way.assumed),
                "shortfall_idr": way.shortfall_idr,
                "shortfall_months": way.shortfall_months,
                "alternatives": [self.alternative(one) for one in way.alternatives],
            }
        )

    def alternative(self, one: Alternative) -> Table:
        """A product that would be cheaper or larger than the goal, with what stands before it."""
        terms = next(found.terms for found in self.recommendation.products if found.id == one.product)
        rate = round(terms.annuity.yearly_rate * 100, 2) if terms.annuity else None
        args = {"product": one.product, "rate": self.t.decimal(rate or 0, 2), "amount_idr": one.path.planned_idr}
        larger = "alternative_both" if one.cheaper else "alternative_larger"
        code = larger if one.larger else "alternative_cheaper"
        return {
            "product": one.product,
            "name": self.t.word("product", one.product),
            "text": self.say(Message(code, args)),
            "effective_rate_percent": rate,
            "amount_idr": one.path.planned_idr,
            "assumed": self.asked(one.path.assumed),
            "steps": [self.brief_step(step) for step in one.path.steps],
            "days": one.path.days,
            "cost_idr": one.path.cost_idr,
        }

    def impossible(self, criterion: Criterion) -> str:
        if self.is_floor(criterion):
            return self.say(Message("impossible_amount", {"need": self.t.need(criterion)}))
        return self.say(Message("impossible", {"criterion": criterion}))

    def ask(self, way: Path) -> Table:
        if not way.ask and way.ask_message is None:
            return {}
        then = Message(("ask_all_then" if len(way.assumed) > 1 else "ask_then") + ("" if way.steps else "_nothing"))
        if way.ask:
            return {"ask": self.question(way.ask) | {"text": self.say(way.ask_message or then)}}
        return {"ask": {"signal": None, "question": self.say(way.ask_message or then), "text": self.say(then)}}

    def path_step(self, step: PathStep) -> Table:
        entry = self.rules.intervention_ids[step.intervention].entry if step.intervention else None
        text = self.say(step.reason) if step.reason else self.t.text(entry.about) if entry else ""
        return {
            "kind": step.kind,
            "id": step.intervention or None,
            "name": self.t.text(entry.name) if entry else self.say(Message("wait")),
            "begins": step.begins.isoformat(),
            "ends": step.ends.isoformat(),
            "days": step.days,
            "cost_idr": step.cost_idr,
            "otherwise": self.t.text(entry.otherwise) if entry and entry.otherwise else None,
            "text": text,
        }

    def brief_step(self, step: PathStep) -> Table:
        """One step of an alternative: what it is, and what it takes."""
        told = self.path_step(step)
        return {name: told[name] for name in ("kind", "id", "name", "days", "cost_idr")}

    def _lender_days(self, days: int | None) -> str:
        return self.say(Message("lender_days_unknown") if days is None else Message("lender_days", {"days": days}))
