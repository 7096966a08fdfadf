"""What the property tests draw from: participants of a programme. `tests.small_programmes` draws whole programmes.

They lean towards the edges: values beside the figures that rules ask for, dates beside the day on which a door opens or
closes, signals nobody answered, answers too old to count.
"""

from __future__ import annotations

import itertools
import random
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st

from matcher.facts.declines import Decline
from matcher.facts.participant import Participant, ParticipantError, read_participant
from matcher.programme.compiled import ProductRule
from matcher.programme.criteria import Criterion
from matcher.programme.rules import Rules


def figures(rules: Rules) -> dict[str, set[int]]:
    """The figures that the programme's rules name, by signal."""
    found: dict[str, set[int]] = {name: set() for name in rules.signals}
    programme = rules.programme
    todo = [
        c for s in programme.signals for c in (*s.derived, *([s.grows.while_] if s.grows and s.grows.while_ else ()))
    ]
    todo += [c for i in programme.interventions for c in i.needs] + [c for s in programme.steps for c in s.done]
    todo += [c for p in programme.products for c in p.criteria]
    while todo:
        criterion = todo.pop()
        todo += criterion.parts
        if criterion.kind == "signal" and type(criterion.value) is int:
            found[criterion.signal].add(criterion.value)
    for product in programme.products:
        amounts = {a for a in (product.min_amount_idr, product.max_amount_idr) if a is not None}
        found.get(rules.roles.get("amount_asked", ""), set()).update(amounts)
    return found


def values_of(rules: Rules, name: str, near: set[int]) -> list[Any]:
    """Legal values of one signal, most of them beside a figure that some rule asks for."""
    signal = rules.signals[name]
    if signal.kind == "yes_no":
        return [False, True]
    if signal.kind == "choice":
        return list(signal.values)
    if signal.kind == "choices":
        codes = list(signal.values)
        return [[], *([code] for code in codes), *(list(pair) for pair in itertools.pairwise(codes))]
    if signal.kind == "date":
        last = 400 if signal.future else 0
        ages = sorted({age + more for age in near | {0, 400} for more in (-1, 0, 1, 40) if age + more >= -last})
        return [rules.day - timedelta(days=age) for age in ages]
    beside = sorted({figure + more for figure in near | {0} for more in (-1, 0, 1)})
    beside += [1, 3, 12, 36] if signal.kind == "number" else [200_000, 1_000_000, 3_000_000, 8_000_000, 30_000_000]
    return [v for v in beside if signal.minimum <= v <= signal.maximum and v not in signal.missing_codes]


def participants(rules: Rules, ready: dict[str, Any] | None = None) -> st.SearchStrategy[Participant]:
    """Participants of a programme on the rules' day, without contradictions."""
    return raw_signals(rules, ready or (JAKARTA if rules.programme.id == "okoce" else None)).map(
        lambda raw: read(rules, raw)
    )


READY = {
    "business_running": True,
    "wants_business": True,
    "wants_capital": True,
    "amount_asked": 5_000_000,
    "monthly_profit": 8_000_000,
    "monthly_instalments": 0,
    "household_need": 0,
}
"""By role: somebody a lender would look at. On top of it comes what is drawn."""
JAKARTA = {
    **READY,
    "arrears_idr": 0,
    "existing_credit": [],
    "productive_credit_ever": [],
    "kur_lender": "none",
    "slik_class": "none",
    "business_age_months": 24,
    "nib": True,
    "age": 35,
}
"""The same in Jakarta."""


SURE = 170
"""From which byte on a number that is drawn was confirmed."""


def raw_signals(rules: Rules, ready: dict[str, Any] | None = None) -> st.SearchStrategy[dict[str, Any]]:
    """Signals as a participant sends them: some left out, dated, too old, confirmed, some that contradict each other.

    One draw of bytes for a whole participant: sixty draws would take ten times as long. Two bytes a signal, of which
    the first says whether it is answered and how old the answer is, the second which answer; all zero is nobody.
    Every third participant begins as `ready` (by signal), which else is READY.
    """
    near = figures(rules)
    fields = []
    for name, signal in rules.signals.items():
        if not signal.derived:
            stale = signal.stale_after_days or 400
            ages = [None] if signal.kind == "date" else [None] * 12 + [0, 1, 30, stale, stale + 1]
            fields.append((name, values_of(rules, name, near[name]), ages))
    base = ready or {rules.roles[role]: value for role, value in READY.items() if role in rules.roles}

    def signals(answered: int, drawn: bytes) -> dict[str, Any]:
        raw = dict(base) if answered in (20, 61) else {}
        for (name, values, ages), how, which in zip(fields, drawn[::2], drawn[1::2], strict=True):
            if 0 < how <= answered:
                age = ages[how % len(ages)]
                value = values[which % len(values)]
                said = {} if age is None else {"on": rules.day - timedelta(days=age)}
                said |= {"sure": True} if which >= SURE and rules.signals[name].kind in ("number", "money") else {}
                raw[name] = {"value": value, **said} if said else value
        return raw

    size = 2 * len(fields)
    return st.builds(signals, st.sampled_from([60, 150, 230, 255, 20, 61]), st.binary(min_size=size, max_size=size))


def read(rules: Rules, raw: dict[str, Any]) -> Participant:
    """Read raw signals, leaving out what contradicts the rest."""
    while True:
        try:
            return read_participant(rules, raw)
        except ParticipantError as error:
            fields = {problem.field for problem in error.problems}
            if not fields & raw.keys():
                raise
            raw = {name: value for name, value in raw.items() if name not in fields}


# -- what lenders declined ---------------------------------------------------------------------------------------------


def declines(rules: Rules) -> st.SearchStrategy[tuple[Decline, ...]]:
    """What lenders declined: over and not over yet, for figures and interventions, and of what is no longer there."""
    numbers = [name for name, signal in rules.signals.items() if signal.kind in ("number", "money")]
    running = [product.entry.id for product in rules.products if product.suggested]
    days = [rules.day + timedelta(days=more) for more in (-40, -1, 0, 1, 90)]
    steps = ["", "gone", *rules.intervention_ids]
    one = st.builds(
        Decline,
        products=st.lists(st.sampled_from([*running, "gone"]), min_size=1, max_size=4).map(tuple),
        reason=st.sampled_from([reason.id for reason in rules.referrals.reasons] + ["gone"]),
        on=st.sampled_from(days[:4]),
        until=st.sampled_from([None, *days]),
        signal=st.sampled_from(["", "", "gone", *numbers]),
        at_least=st.sampled_from([None, 1, 3, 12, 500_000]),
        intervention=st.sampled_from(["", *steps]),
        starts_with=st.sampled_from(steps),
    )
    return st.lists(one, max_size=3).map(tuple)


# -- near the conditions of products -----------------------------------------------------------------------------------


def near_conditions(rules: Rules) -> st.SearchStrategy[dict[str, Any]]:
    """Signals of people near the conditions of a running product: all of them met, or all but a few.

    Sums lie about what the instalment would take, and some answers are left out or are others.
    """
    near = figures(rules)
    fields = [name for name, signal in rules.signals.items() if not signal.derived]
    values = {name: values_of(rules, name, near[name]) for name in fields}
    return st.binary(min_size=8, max_size=8).map(lambda drawn: _near(rules, values, random.Random(drawn)))


def _near(rules: Rules, values: dict[str, list[Any]], pick: random.Random) -> dict[str, Any]:
    running = [product for product in rules.products if product.suggested]
    free = [product for product in running if not product.entry.register and (product.prices or product.is_grant)]
    product = pick.choice(free if free and pick.random() < 0.7 else running)
    raw: dict[str, Any] = {rules.roles["business_running"]: True, rules.roles["wants_capital"]: True}
    for rule in product.criteria:
        _meet(rules, rule.criterion, values, pick, raw)
    raw |= _money(rules, product, raw.get(rules.roles["amount_asked"]), pick)
    for name in pick.sample(sorted(values), pick.choice([0, 2, 6, 15])):
        raw.setdefault(name, pick.choice(values[name]))
    for name in pick.sample(sorted(raw), min(len(raw), pick.choice([0, 0, 0, 1, 2]))):
        del raw[name]
    for name in pick.sample(sorted(raw), min(len(raw), pick.choice([0, 0, 0, 1, 2]))):
        raw[name] = pick.choice(values[name])
    return raw


def _meet(
    rules: Rules, criterion: Criterion, values: dict[str, list[Any]], pick: random.Random, raw: dict[str, Any]
) -> None:
    """Answer a criterion with a value that meets it, most of them beside its figure, if it is not answered yet."""
    name, op, wanted = criterion.signal, criterion.op, criterion.value
    inner = rules.signals[name].derived if criterion.kind == "signal" else ()
    if criterion.kind == "step":
        inner = next((rule.step.done for rule in rules.steps if rule.step.id == name), ())
    parts = [pick.choice(criterion.parts)] if criterion.kind == "any" else [*criterion.parts, *inner]
    for part in parts:
        _meet(rules, part, values, pick, raw)
    if parts or (name in raw and not isinstance(raw[name], int)):
        return
    meets = {
        "is": lambda value: value == wanted,
        "is_not": lambda value: value != wanted,
        "one_of": lambda value: value in wanted,
        "at_least": lambda value: value >= wanted,
        "at_most": lambda value: value <= wanted,
        "includes": lambda value: bool(set(value) & set(wanted)),
        "excludes": lambda value: not set(value) & set(wanted),
        "within_days": lambda value: 0 <= (rules.day - value).days <= wanted,
        "passed": lambda value: (value <= rules.day) is wanted,
    }[op]
    if name not in raw or not meets(raw[name]):
        raw[name] = pick.choice([value for value in values[name] if meets(value)] or values[name])


def _money(rules: Rules, product: ProductRule, amount: int | None, pick: random.Random) -> dict[str, Any]:
    """Sums of a month that leave about what the product's instalment takes."""
    annuity = next(iter(product.prices[-1].annuities.values())) if product.prices else None
    each = int((amount or 5_000_000) * annuity.monthly) if annuity else 300_000
    paying, need = pick.choice([0, 0, 400_000]), pick.choice([0, 1_000_000])
    left = int(each * pick.choice([0.5, 0.98, 1.02, 1.3, 3, 3]) * 100 / rules.programme.share_percent)
    sums = {"monthly_profit": left + paying + need, "monthly_instalments": paying, "household_need": need}
    return {rules.roles[role]: value for role, value in sums.items() if role in rules.roles}
