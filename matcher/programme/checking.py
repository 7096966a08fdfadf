"""Checking a programme as a whole: references, codes, ranges, dates that overlap, effects that go the wrong way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from matcher.message import Message
from matcher.programme.compiled import Follow
from matcher.programme.compiling import Compiler
from matcher.programme.consequences import circle, clashes, consequences
from matcher.programme.criteria import Criterion
from matcher.programme.doubts import check_doubts
from matcher.programme.entries import (
    INTERVENTION_KINDS,
    PROOFS,
    Effect,
    Intervention,
    Product,
    Programme,
    Signal,
)
from matcher.programme.noting import Notes
from matcher.programme.reading import TIER_RULES, ProgrammeProblem
from matcher.programme.referrals import check_referrals

_OPERATORS_OF = {
    "yes_no": ("is",),
    "number": ("is", "at_least", "at_most"),
    "money": ("is", "at_least", "at_most"),
    "choice": ("is", "is_not", "one_of"),
    "choices": ("includes", "excludes"),
    "date": ("within_days", "passed"),
}
_EFFECTS_OF = {
    "yes_no": ("to", "known"),
    "number": ("to", "at_least", "at_most", "known"),
    "money": ("to", "at_least", "at_most", "known"),
    "choice": ("to", "known"),
    "choices": ("to", "adds", "known"),
    "date": ("to", "known"),
}
_NEEDED_ROLES = ("business_running", "wants_capital", "amount_asked", "monthly_profit")


def check(programme: Programme) -> list[ProgrammeProblem]:
    """Return every problem that only shows when the entries are read together."""
    return _Check(programme).run()


class _Check(Notes):
    def __init__(self, programme: Programme) -> None:
        super().__init__()
        self.programme = programme
        self.signals = {signal.id: signal for signal in programme.signals}
        self.steps = {step.id for step in programme.steps}
        self.tiers = {tier.id for tier in programme.tiers}
        self.interventions = {i.id: i for i in programme.interventions}
        self.products = {product.id for product in programme.products}

    def run(self) -> list[ProgrammeProblem]:
        programme = self.programme
        for name, value, least, most in (
            ("affordability share_percent", programme.share_percent, 1, 100),
            ("goal horizon_days", programme.horizon_days, 1, 3650),
            ("talk_again days", programme.talk_again_days, 1, 3650),
        ):
            if not least <= value <= most:
                self.note("tiers", name, "setting_range", value=value, least=least, most=most)
        for file, entries in (
            ("steps", programme.steps),
            ("signals", programme.signals),
            ("interventions", programme.interventions),
            ("products", programme.products),
            ("tiers", programme.tiers),
        ):
            self.overlaps(file, entries)
        for signal in programme.signals:
            self._signal(signal)
        self._roles()
        self._derived_circles()
        for step in programme.steps:
            where = f"step {step.id}"
            self._criteria("steps", where, (*step.done, *step.under_way))
            for order in step.order:
                for name in order.after:
                    self.known("steps", where, "after", name, self.steps)
        for intervention in programme.interventions:
            self._intervention(intervention)
        for product in programme.products:
            self._product(product)
        self._costs()
        self._tier_rules()
        self._consequences()
        self.problems.extend(check_doubts(programme.doubts, self.signals))
        self.problems.extend(check_referrals(programme.referrals, self.signals, self.interventions))
        return self.problems

    def _costs(self) -> None:
        """A cost that is a signal must not change on the way, or it would depend on the order of the steps."""
        for entry in self.programme.interventions:
            for other in self.programme.interventions:
                touched = {effect.signal for effect in (*other.sets, *other.reveals, *other.requests)}
                if other.id != entry.id and entry.cost_idr.signal and entry.cost_idr.signal in touched:
                    touching = {"signal": entry.cost_idr.signal, "other": entry.id}
                    self.note("interventions", f"intervention {other.id}", "cost_changed", **touching)

    # -- signals -------------------------------------------------------------------------------------------------------

    def _signal(self, signal: Signal) -> None:
        where = f"signal {signal.id}"
        if signal.step:
            self.known("signals", where, "step", signal.step, self.steps)
        if signal.kind in ("choice", "choices") and not signal.values:
            self.note("signals", where, "values_missing")
        if signal.minimum > signal.maximum:
            self.note("signals", where, "range_reversed", minimum=signal.minimum, maximum=signal.maximum)
        if max(abs(signal.minimum), abs(signal.maximum)) > 10**15:
            self.note("signals", where, "range_wide")
        if signal.stale_after_days is not None and signal.stale_after_days < 1:
            self.note("signals", where, "stale_after_days", value=signal.stale_after_days)
        if signal.direction not in (-1, 0, 1) or (signal.direction and signal.kind in ("choice", "choices", "date")):
            self.note("signals", where, "direction", value=signal.direction)
        if signal.protected and signal.scored:
            self.note("signals", where, "protected_scored")
        for proof in signal.proof:
            self.known("signals", where, "proof", proof, PROOFS)
        for missing in signal.missing_codes:
            if not isinstance(missing, int):
                self.note("signals", where, "missing_code", value=missing)
        self._signal_links(signal, where)

    def _signal_links(self, signal: Signal, where: str) -> None:
        if signal.grows:
            if signal.kind != "number":
                self.note("signals", where, "grows_no_number")
            if signal.grows.while_:
                self._criteria("signals", where, (signal.grows.while_,))
                for name in signal.grows.while_.signals():
                    asked = self.signals.get(name)
                    if asked and name != signal.id and (asked.grows or asked.kind == "date"):
                        self.note("signals", where, "grows_while", signal=name)
        self._criteria("signals", where, signal.derived)
        if signal.derived and signal.kind != "yes_no":
            self.note("signals", where, "derived_kind")
        for stated in signal.follows:
            self._criteria("signals", where, stated.when)
            if signal.kind == "date" and stated.to == "done":
                self.note("signals", where, "follows_done")
            elif not stated.at_least:
                self._value("signals", where, signal, "to", stated.to)
            elif self.known("signals", where, "at_least", stated.at_least, self.signals):
                self._bound(signal, self.signals[stated.at_least], where)

    def _bound(self, signal: Signal, other: Signal, where: str) -> None:
        if other.kind != signal.kind or other.unit != signal.unit or signal.kind not in ("number", "money", "choices"):
            self.note("signals", where, "bound_kind", other=other.id)
        elif signal.kind == "choices" and not signal.values.keys() & other.values.keys():
            self.note("signals", where, "bound_codes", other=other.id)
        elif signal.kind != "choices" and other.minimum > signal.maximum:
            self.note("signals", where, "bound_range", other=other.id, least=other.minimum, most=signal.maximum)

    def _consequences(self) -> None:
        """What follows from what: without circles, and never two things at once. Only where each can be compiled."""
        if any(problem.file in ("signals.toml", "steps.toml") for problem in self.problems):
            return
        steps = {step.id: step for step in self.programme.steps}
        compiler = Compiler(self.signals, steps, self.programme.valid_from)
        found = consequences(compiler)
        for name, follows in found.items():
            signal, where = self.signals[name], f"signal {name}"
            way = circle(found, name)
            if way:
                self.note("signals", where, "follows_circle", way=way)
            for one, other in clashes(compiler, follows):
                both = {"one": _said(signal, one), "other": _said(signal, other)}
                self.note("signals", where, "follows_twice", **both)

    def _roles(self) -> None:
        roles = [signal.role for signal in self.signals.values() if signal.role]
        for role in sorted(set(roles)):
            if roles.count(role) > 1:
                self.note("signals", "file", "role_twice", role=role)
        for role in _NEEDED_ROLES:
            if role not in roles:
                self.note("signals", "file", "role_missing", role=role)

    def _derived_circles(self) -> None:
        def leads_to(name: str, seen: frozenset[str]) -> bool:
            if name in seen:
                return True
            parts = self.signals[name].derived if name in self.signals else ()
            below = {inner for part in parts for inner in part.signals() if inner in self.signals}
            return any(leads_to(inner, seen | {name}) for inner in below if self.signals[inner].derived)

        for signal in self.signals.values():
            if signal.derived and leads_to(signal.id, frozenset()):
                self.note("signals", f"signal {signal.id}", "derived_circle")

    # -- criteria ------------------------------------------------------------------------------------------------------

    def _criteria(self, file: str, entry: str, criteria: Iterable[Criterion]) -> None:
        for criterion in criteria:
            if criterion.kind == "step":
                self.known(file, entry, "step", criterion.signal, self.steps)
            elif criterion.kind == "signal" and self.known(file, entry, "signal", criterion.signal, self.signals):
                signal = self.signals[criterion.signal]
                if criterion.op not in _OPERATORS_OF[signal.kind]:
                    asked = {"operator": criterion.op, "signal": signal.id, "kind": signal.kind}
                    self.note(file, entry, "operator_unfit", **asked, allowed=_OPERATORS_OF[signal.kind])
                else:
                    self._value(file, entry, signal, criterion.op, criterion.value)
            self._criteria(file, entry, criterion.parts)

    def _value(self, file: str, entry: str, signal: Signal, op: str, value: Any) -> None:
        asked = {"signal": signal.id, "operator": op, "value": value}
        if op == "passed" or (signal.kind == "yes_no" and op in ("is", "to")):
            if not isinstance(value, bool):
                self.note(file, entry, "value_yes_no", **asked)
        elif op == "within_days":
            if isinstance(value, bool) or not isinstance(value, int) or value < 0:
                self.note(file, entry, "value_days", **asked)
        elif signal.kind in ("number", "money"):
            if isinstance(value, bool) or not isinstance(value, int):
                self.note(file, entry, "value_whole", **asked)
            elif not signal.minimum <= value <= signal.maximum:
                self.note(file, entry, "value_range", **asked, least=signal.minimum, most=signal.maximum)
        elif signal.kind in ("choice", "choices"):
            codes = value if isinstance(value, list) else [value]
            listed = signal.kind == "choices" or op == "one_of"
            if listed != isinstance(value, list):
                self.note(file, entry, "value_list" if listed else "value_code", **asked)
            for code in codes:
                self.known(file, entry, signal.id, str(code), signal.values)
        elif signal.kind == "date" and value != "done" and not isinstance(value, date):
            self.note(file, entry, "value_date", **asked)

    # -- interventions -------------------------------------------------------------------------------------------------

    def _intervention(self, entry: Intervention) -> None:
        where = f"intervention {entry.id}"
        self.known("interventions", where, "tier", entry.tier, self.tiers)
        if entry.step:
            self.known("interventions", where, "step", entry.step, self.steps)
        self._criteria("interventions", where, entry.needs)
        came_for = next((s for s in self.signals.values() if s.role == "came_for"), None)
        for code in entry.serves:
            self.known("interventions", where, "serves", code, came_for.values if came_for else ())
        for effect in (*entry.sets, *entry.reveals, *entry.requests):
            if self.known("interventions", where, "effect", effect.signal, self.signals):
                self._effect(where, self.signals[effect.signal], effect)
        if entry.cost_idr.signal and self.known(
            "interventions", where, "cost_idr", entry.cost_idr.signal, self.signals
        ):
            if self.signals[entry.cost_idr.signal].kind != "money":
                self.note("interventions", where, "cost_no_money", signal=entry.cost_idr.signal)
        if entry.days.signal:
            self.note("interventions", where, "days_signal")
        if any(not isinstance(day, date) for day in entry.starts_on):
            self.note("interventions", where, "starts_on")

    def _effect(self, where: str, signal: Signal, effect: Effect) -> None:
        if effect.op not in _EFFECTS_OF[signal.kind]:
            done = {"operator": effect.op, "signal": signal.id, "kind": signal.kind}
            self.note("interventions", where, "effect_unfit", **done, allowed=_EFFECTS_OF[signal.kind][:-1])
            return
        if effect.op == "known":
            return
        if signal.derived or signal.role in ("monthly_profit", "household_need"):
            self.note("interventions", where, "effect_not_set", signal=signal.id)
        self._value("interventions", where, signal, effect.op, effect.value)
        wrong = {1: "at_most", -1: "at_least"}.get(signal.direction)
        backwards = effect.op == wrong or (
            effect.op == "to" and signal.kind == "yes_no" and signal.direction == (1 if effect.value is False else -1)
        )
        if backwards or (effect.op == "to" and signal.direction and signal.kind in ("number", "money")):
            self.note("interventions", where, "effect_backwards", signal=signal.id)

    # -- products and tiers --------------------------------------------------------------------------------------------

    def _product(self, entry: Product) -> None:
        where = f"product {entry.id}"
        self.known("products", where, "tier", entry.tier, self.tiers)
        allowed = ("grant",) if entry.kind == "grant" else ("conventional", "sharia")
        if not entry.form or any(form not in allowed for form in entry.form):
            code = "form_of_grant" if entry.kind == "grant" else "form_of_credit"
            self.note("products", where, code, value=entry.form)
        if entry.availability in ("historical", "closed") and entry.valid_to is None:
            self.note("products", where, "over_without_last_day", availability=entry.availability)
        if entry.scheme:
            self.known("products", where, "scheme", entry.scheme, self.products)
        for name in entry.closes:
            if name != "*":
                self.known("products", where, "closes", name, self.products)
        for name in entry.terms_unknown:
            self.known("products", where, "terms_unknown", name, self.programme.terms)
        self._criteria("products", where, entry.criteria)
        for price in entry.prices:
            self._criteria("products", where, price.when)
        for notice in entry.notices:
            self._criteria("products", where, notice.when)
        least, most = entry.min_amount_idr, entry.max_amount_idr
        if (least or 0) < 0 or (most is not None and most < max(least or 0, 1)):
            self.note("products", where, "amounts", least=least, most=most)
        if any(price.rate_percent < 0 or price.rate_percent > 1000 for price in entry.prices):
            self.note("products", where, "rate_range")
        for name, count in (("instalments", entry.instalments), ("group_size", entry.group_size)):
            if count is not None and not 1 <= count <= 10_000:
                self.note("products", where, "count_range", key=name, value=count)
        if entry.group_lending and "lending_group" not in [s.role for s in self.signals.values()]:
            self.note("products", where, "lending_group_missing")

    def _tier_rules(self) -> None:
        tiers = self.programme.tiers
        if not tiers or tiers[-1].rule or not tiers[-1].programme:
            self.note("tiers", "file", "last_tier")
        for tier in tiers[:-1]:
            if not tier.rule:
                self.note("tiers", f"tier {tier.id}", "tier_no_rule")
            self._rule_parts(f"tier {tier.id}", tier.rule)
        for tier in tiers:
            if tier.programme:
                self.known("tiers", f"tier {tier.id}", "programme", tier.programme, self.interventions)

    def _rule_parts(self, where: str, criteria: Iterable[Criterion]) -> None:
        for criterion in criteria:
            keys = set(TIER_RULES.get(criterion.kind, ()))
            if criterion.kind == "capacity_above":
                if isinstance(criterion.value, bool) or not isinstance(criterion.value, int):
                    self.note("tiers", where, "capacity_above", value=criterion.value)
            elif not keys:
                self._rule_parts(where, criterion.parts)
                if not criterion.parts:
                    self._criteria("tiers", where, (criterion,))
            elif not isinstance(criterion.value, dict) or not keys - {"after"} <= set(criterion.value) <= keys:
                self.note("tiers", where, "tier_rule", key=criterion.kind, value=criterion.value, allowed=sorted(keys))
            else:
                self._settings(where, criterion.value)

    def _settings(self, where: str, settings: Mapping[str, Any]) -> None:
        """The settings of a rule that only a tier may state."""
        for key, value in settings.items():
            if key not in ("kinds", "after"):
                if isinstance(value, bool) or not isinstance(value, int):
                    self.note("tiers", where, "key_kind", key=key, value=value, kinds=("integer",))
            elif not isinstance(value, list):
                self.note("tiers", where, "key_kind", key=key, value=value, kinds=("array",))
            else:
                among = INTERVENTION_KINDS if key == "kinds" else self.interventions
                for name in value:
                    self.known("tiers", where, key, str(name), among)


def _said(signal: Signal, follow: Follow) -> Message | str:
    """What follows, as the programme writes it."""
    if follow.value is None:
        return Message("follows_bound", {"other": follow.sources[0]})
    return repr(signal.decode(follow.value))
