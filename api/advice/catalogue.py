"""The catalogue: a programme on one day as JSON in one language, with everything that a form needs."""

from __future__ import annotations

from api.advice.answer import Table, closes, figure_from, price, sources
from matcher.programme.compiled import ProductRule, Rule
from matcher.programme.entries import PROOFS, Doubt, Evidence, Intervention, Signal, Step, Tier
from matcher.programme.reading import Dated
from matcher.programme.rules import Rules
from words.telling import Teller, teller


def catalogue(rules: Rules, language: str) -> Table:
    """Put a programme into words: a table of texts, numbers and ISO dates, ready for JSON."""
    t = teller(rules, language)
    programme = rules.programme
    return {
        "id": programme.id,
        "name": t.text(programme.name),
        "about": t.text(programme.about),
        "digest": programme.digest,
        "as_of": rules.day.isoformat(),
        "language": language,
        "languages": list(programme.languages),
        "steps": [_step(t, rule.step, rules) for rule in rules.steps],
        "signals": [_signal(t, signal) for signal in rules.signals.values()],
        "doubts": [_doubt(t, rule.entry) for rule in rules.doubts],
        "interventions": [_intervention(t, rule.entry, rule.needs) for rule in rules.interventions],
        "products": [_product(t, rule) for rule in rules.products],
        "tiers": [_tier(t, rule.tier) for rule in rules.tiers],
        "tier_notice": t.text(programme.tier_notice),
        "affordability": {"share_percent": programme.share_percent},
        "goal": {"horizon_days": programme.horizon_days},
        "talk_again": {"days": programme.talk_again_days},
    }


def _origin(t: Teller, entry: Dated) -> Table:
    return {"source": sources(entry.source), "our_choice": t.text(entry.our_choice) if entry.our_choice else None}


def _needs(t: Teller, rules: tuple[Rule, ...]) -> list[Table]:
    return [{"text": t.criterion(rule.criterion), "signals": list(rule.signals)} for rule in rules]


def _step(t: Teller, step: Step, rules: Rules) -> Table:
    order = [o for o in step.order if o.holds_on(rules.day)]
    return {
        "id": step.id,
        "name": t.text(step.name),
        "about": t.text(step.about),
        "evidence": t.text(step.evidence),
        "order": [{"after": list(o.after), "hard": o.hard} | _origin(t, o) for o in order],
    } | _origin(t, step)


def _doubt(t: Teller, doubt: Doubt) -> Table:
    bounds = {"below": doubt.below or None, "times_percent": None, "plus": None}
    if doubt.other:
        bounds |= {"times_percent": doubt.times_percent, "plus": doubt.plus}
    named = {"id": doubt.id, "label": t.text(doubt.label), "text": t.text(doubt.text), "signal": doubt.signal}
    return named | {"other": doubt.other or None} | bounds | _origin(t, doubt)


def _signal(t: Teller, signal: Signal) -> Table:
    counted = signal.kind in ("number", "money")
    return {
        "id": signal.id,
        "step": signal.step or None,
        "kind": signal.kind,
        "label": t.text(signal.label),
        "question": t.text(signal.question) if signal.question else None,
        "unit": signal.unit or None,
        "minimum": signal.minimum if counted else None,
        "maximum": signal.maximum if counted else None,
        "missing_codes": list(signal.missing_codes),
        "codes": [{"code": code, "label": t.text(label)} for code, label in signal.values.items()],
        "proof": list(signal.proof or PROOFS),
        "direction": signal.direction,
        "stale_after_days": signal.stale_after_days,
        "asked": signal.asked,
        "future": signal.future,
        "scored": signal.scored,
        "protected": signal.protected,
        "derived": bool(signal.derived),
    } | _origin(t, signal)


def _intervention(t: Teller, entry: Intervention, needs: tuple[Rule, ...]) -> Table:
    return {
        "id": entry.id,
        "step": entry.step or None,
        "kind": entry.kind,
        "tier": entry.tier,
        "name": t.text(entry.name),
        "about": t.text(entry.about),
        "provider": t.text(entry.provider),
        "needs": _needs(t, needs),
        "otherwise": t.text(entry.otherwise) if entry.otherwise else None,
        "days": entry.days.value,
        "days_from": figure_from(t, entry.days),
        "cost_idr": None if entry.cost_idr.signal else entry.cost_idr.value,
        "cost_from": figure_from(t, entry.cost_idr),
        "starts_on": [day.isoformat() for day in entry.starts_on],
        "evidence": [_evidence(t, e) for e in entry.evidence],
    } | _origin(t, entry)


def _evidence(t: Teller, e: Evidence) -> Table:
    return {
        "study": e.study,
        "outcome": e.outcome,
        "finding": e.finding,
        "effect": e.effect or None,
        "standard_error": e.standard_error or None,
        "text": t.text(e.text),
        "url": e.url,
        "date": e.date.isoformat(),
    }


def _product(t: Teller, rule: ProductRule) -> Table:
    entry = rule.entry
    return {
        "id": entry.id,
        "name": t.text(entry.name),
        "provider": entry.provider,
        "kind": entry.kind,
        "form": list(entry.form),
        "scheme": entry.scheme or None,
        "availability": rule.availability,
        "as_of": entry.as_of or None,
        "confidence": entry.confidence,
        "tier": entry.tier,
        "min_amount_idr": entry.min_amount_idr,
        "max_amount_idr": entry.max_amount_idr,
        "amount_per": entry.amount_per,
        "group_size": entry.group_size,
        "tenor_months": dict(entry.tenor_months),
        "instalment_every": entry.instalment_every,
        "prices": [price(t, one) for one in entry.prices],
        "criteria": _needs(t, rule.criteria),
        "register": t.text(entry.register) if entry.register else None,
        "group_lending": entry.group_lending,
        "joint_liability": entry.joint_liability,
        "closes": closes(t, entry),
        "lender_days": entry.lender_days.value if entry.lender_days else None,
        "terms_unknown": [t.text(t.rules.programme.terms[term]) for term in entry.terms_unknown],
        "notices": [t.text(text) for text, when in rule.notices if not when],
    } | _origin(t, entry)


def _tier(t: Teller, tier: Tier) -> Table:
    return {
        "id": tier.id,
        "name": t.text(tier.name),
        "offers": t.text(tier.offers),
        "programme": tier.programme or None,
    } | _origin(t, tier)
