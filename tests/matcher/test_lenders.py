"""Lenders: silence is never a no, every "not yet" names what changes it, and money is computed again from scratch."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.facts.participant import Known, know, read_participant
from matcher.lenders import Change, Match, Unmet
from matcher.programme.compiled import ProductRule
from matcher.programme.criteria import Criterion
from matcher.programme.entries import Effect, Price, Product
from matcher.programme.loading import load_programme
from matcher.programme.prices import annuity, internal_rate, tenors
from matcher.programme.rules import Rules, rules_on
from matcher.recommend import Recommendation, recommend
from tests.conftest import ROOT
from tests.strategies import raw_signals, read

OKOCE = load_programme()
WARMI = load_programme(ROOT / "tests" / "programmes" / "warmi")
DAYS = (date(2018, 10, 1), date(2019, 6, 1), date(2024, 12, 1), date(2026, 11, 21))
ALL_RULES = [rules_on(OKOCE, day) for day in DAYS] + [rules_on(WARMI, DAYS[3])]
TODAY, VALLEY = ALL_RULES[3], ALL_RULES[4]
RAW = [raw_signals(rules) for rules in ALL_RULES]
HALF = Fraction(1, 2)
BADNESS = {"conditions_met": 0, "ask": 0, "not_yet": 1, "not_for_you": 2}
A_YEAR = {"month": 12, "two_weeks": 26, "week": 52}
FEWER = settings(
    max_examples=max(50, settings().max_examples // 5)
)  # drawing all answers of one participant costs most


@st.composite
def drawn(draw: st.DrawFn) -> tuple[Rules, dict[str, Any]]:
    place = draw(st.integers(0, len(ALL_RULES) - 1))
    return ALL_RULES[place], draw(RAW[place])


def value(rules: Rules, known: Known, name: str) -> Any:
    place = rules.position[name]
    return rules.signals[name].decode(known.low[place]) if known.low[place] == known.high[place] else None


def values(rules: Rules, known: Known) -> dict[str, Any]:
    """What is known as written; None: unknown; (least, most) of a number or a set of which only bounds are known."""
    found = {name: value(rules, known, name) for name in rules.signals}
    for name, signal in rules.signals.items():
        place = rules.position[name]
        if found[name] is None and known.low[place] >= signal.minimum:
            found[name] = (known.low[place], known.high[place])
        elif found[name] is None and signal.kind == "choices":
            found[name] = ([code for code, bit in signal.codes.items() if known.low[place] & bit], list(signal.values))
    return found


def kleene(rules: Rules, criterion: Criterion, given_: dict[str, Any], day: date, negate: bool = False) -> Fraction:
    """Read a criterion word by word: 0, 1/2 or 1, all being the least and any the greatest. Silence that meets gives 1."""
    inner = None
    if criterion.kind == "step":
        inner = next(rule.step.done for rule in rules.steps if rule.step.id == criterion.signal)
    elif criterion.kind == "signal" and rules.signals[criterion.signal].derived:
        inner = rules.signals[criterion.signal].derived
        negate ^= criterion.value is False
    if inner is None and criterion.kind == "signal":
        answer = leaf(criterion, given_[criterion.signal], day)
        answer = 1 - answer if negate else answer
    else:
        parts = [part for part in (criterion.parts if inner is None else inner) if part.holds_on(rules.day)]
        answers = [kleene(rules, part, given_, day, negate) for part in parts]
        every = (criterion.kind != "any") != negate
        answer = (min if every else max)(answers) if answers else Fraction(1)
    return Fraction(1) if criterion.unknown_meets and answer == HALF else answer


def leaf(criterion: Criterion, value: Any, day: date) -> Fraction:
    """The answer of one question, before its unknown counts as met."""
    op, want = criterion.op, criterion.value
    if isinstance(value, tuple):
        ends = [leaf(criterion, end, day) for end in value]
        return ends[0] if ends[0] == ends[1] and op != "is" else HALF
    if value is None:
        return HALF
    holds = {
        "is": lambda: value == want,
        "is_not": lambda: value != want,
        "one_of": lambda: value in want,
        "at_least": lambda: value >= want,
        "at_most": lambda: value <= want,
        "includes": lambda: bool(set(value) & set(want)),
        "excludes": lambda: not set(value) & set(want),
        "within_days": lambda: timedelta(0) <= day - value <= timedelta(days=want),
        "passed": lambda: (value <= day) is want,
    }
    return Fraction(int(holds[op]()))


def of_role(rules: Rules, known: Known, role: str) -> Any:
    return value(rules, known, rules.roles[role]) if role in rules.roles else None


def capacity(rules: Rules, known: Known) -> int | None:
    """The share of what is left of a month, or None."""
    roles = [role for role in ("monthly_profit", "monthly_instalments", "household_need") if role in rules.roles]
    sums = [of_role(rules, known, role) for role in roles]
    return (
        None if None in sums else math.floor(Fraction(rules.programme.share_percent, 100) * (2 * sums[0] - sum(sums)))
    )


# -- silence -----------------------------------------------------------------------------------------------------------


@FEWER
@given(drawn(), st.data())
def test_forgetting_an_answer_closes_no_product(case, data):
    rules, raw = case
    more = read(rules, raw)
    if not more.facts:
        return
    forgotten = data.draw(st.sampled_from(sorted(more.facts)))
    less = more.with_facts(**{forgotten: None})
    knew, knows = know(rules, more), know(rules, less)
    followed_instead = (value(rules, knows, name) not in (None, value(rules, knew, name)) for name in rules.signals)
    if value(rules, knows, forgotten) is not None or any(followed_instead):
        return  # something else follows where the answer no longer stands against it; that is not silence
    before = {match.id: match for match in recommend(rules, more).products}
    for match in recommend(rules, less).products:
        assert BADNESS[match.status] <= BADNESS[before[match.id].status]
        unmet = [unmet.criterion for unmet in before[match.id].unmet]
        assert all(one.criterion in unmet for one in match.unmet)


@FEWER
@given(drawn())
def test_a_status_follows_from_what_is_known_of_each_condition(case):
    rules, raw = case
    participant = read(rules, raw)
    known = know(rules, participant)
    given_ = values(rules, known)
    for match in recommend(rules, participant).products:
        product = rules.product_ids[match.id]
        answers = [kleene(rules, rule.criterion, given_, rules.day) for rule in product.criteria]
        unmet = [rule.criterion for rule, answer in zip(product.criteria, answers, strict=True) if answer == 0]
        assert [one.criterion for one in match.unmet] == unmet
        if unmet:
            assert match.status in ("not_yet", "not_for_you")
        elif HALF in answers or product.entry.register or product.availability == "lead_only":
            assert match.status == "ask"
        else:
            assert match.status == "conditions_met"
        assert not match.questions or HALF in answers
        assert all(given_[name] is None or isinstance(given_[name], tuple) for name in match.questions)


# -- what changes an unmet condition -----------------------------------------------------------------------------------


def after(rules: Rules, given_: dict[str, Any], effects: tuple[Effect, ...], day: date) -> dict[str, Any]:
    """What is known once the effects have come about on a day."""
    found = dict(given_)
    for effect in effects:
        had = found[effect.signal]
        if effect.value == "done":
            found[effect.signal] = day
        elif effect.op == "adds":
            found[effect.signal] = [*(had or []), *effect.value]
        elif effect.op == "at_least" and isinstance(had, int):
            found[effect.signal] = max(had, effect.value)
        elif effect.op == "at_most" and isinstance(had, int):
            found[effect.signal] = min(had, effect.value)
        else:
            found[effect.signal] = effect.value
    return found


def grown(rules: Rules, given_: dict[str, Any], days: int) -> dict[str, Any]:
    """What is known some days later, if nothing but time passes; months of 31 days, so that each is surely full."""
    found = dict(given_)
    for name, signal in rules.signals.items():
        grows, had = signal.grows, found[name]
        if grows and isinstance(had, (int, tuple)):
            if grows.while_ is None or kleene(rules, grows.while_, given_, rules.day) != 0:
                units = days // (31 if grows.every == "month" else 366)
                ends = had if isinstance(had, tuple) else (had, had)
                low, high = (min(end + units, signal.maximum) for end in ends)
                found[name] = low if low == high else (low, high)
    return found


def windows(criterion: Criterion) -> set[int]:
    """The days for which the dates of a condition count."""
    own = {criterion.value} if criterion.op == "within_days" else {0}
    return own.union(*(windows(part) for part in criterion.parts))


def moments(rules: Rules, criterion: Criterion, given_: dict[str, Any]) -> Iterator[int]:
    """Days from today on which a condition may come to hold: after some months, and about every date known."""
    yield from (0, 31, 31 * 6, *range(366, 366 * 30, 366), 366 * 70)
    for known in given_.values():
        if isinstance(known, date):
            for days in windows(criterion):
                away = (known - rules.day).days
                yield from (max(away + days + more, 0) for more in (0, 1))


def can_hold(rules: Rules, criterion: Criterion, given_: dict[str, Any], *, with_time: bool) -> bool:
    days = moments(rules, criterion, given_) if with_time else [0]
    return any(
        kleene(rules, criterion, grown(rules, given_, day), rules.day + timedelta(days=day)) == 1 for day in days
    )


def followed(rules: Rules, unmet: Unmet, given_: dict[str, Any]) -> bool:
    """Whether doing everything that is named, and waiting where waiting is named, makes the condition hold."""
    with_time = any(change.kind == "wait" for change in unmet.changed_by)
    for change in unmet.changed_by:
        if change.kind == "ask_less":
            given_ = {**given_, rules.roles["amount_asked"]: change.amount_idr}
        elif change.intervention:
            entry = rules.intervention_ids[change.intervention].entry
            given_ = after(rules, given_, (*entry.sets, *entry.requests), rules.day)
    return can_hold(rules, unmet.criterion, given_, with_time=with_time)


def one_is_enough(unmet: Unmet) -> bool:
    """Whether the condition is a single question, so that each change by itself settles it."""
    return unmet.criterion.kind == "signal" and len(unmet.have) == 1


@FEWER
@given(drawn())
def test_every_not_yet_names_for_each_unmet_condition_something_that_changes_it(case):
    rules, raw = case
    participant = read(rules, raw)
    given_ = values(rules, know(rules, participant))
    for match in recommend(rules, participant).products:
        for unmet in match.unmet:
            assert match.status == "not_for_you" or unmet.changed_by
            if not unmet.changed_by:
                continue
            if one_is_enough(unmet):
                waiting = tuple(change for change in unmet.changed_by if change == Change("wait"))
                doing = [change for change in unmet.changed_by if change not in waiting]
                for change in doing or waiting:
                    assert followed(rules, unmet._replace(changed_by=(change, *waiting)), given_), change
            elif match.status == "not_yet":
                assert followed(rules, unmet, given_), unmet


@FEWER
@given(drawn())
def test_what_is_not_for_you_fails_on_something_that_neither_doing_nor_waiting_changes(case):
    rules, raw = case
    participant = read(rules, raw)
    given_ = values(rules, know(rules, participant))
    for match in recommend(rules, participant).products:
        if match.status == "not_for_you":
            lasting = [unmet for unmet in match.unmet if not unmet.changed_by or not one_is_enough(unmet)]
            assert lasting
            alone = [unmet for unmet in lasting if not unmet.changed_by]
            assert not any(can_hold(rules, unmet.criterion, given_, with_time=True) for unmet in alone)


def the(found: Recommendation, name: str) -> Match:
    return next(match for match in found.products if match.id == name)


def changes(match: Match) -> set[str]:
    return {change.intervention or change.kind for unmet in match.unmet for change in unmet.changed_by}


def ask(**signals: Any) -> Recommendation:
    return recommend(TODAY, read_participant(TODAY, signals))


@pytest.mark.parametrize(
    ("product", "signals", "status", "named"),
    [
        ("kur_mikro", {"amount_asked": 200_000_000}, "not_yet", "ask_for_less"),
        ("kur_mikro", {"amount_asked": 1_000_000}, "not_for_you", None),  # asking for more is never a step
        ("kur_mikro", {"arrears_idr": 1}, "not_yet", "clear_arrears"),
        ("kur_mikro", {"slik_class": "5", "arrears_idr": 0}, "not_yet", "settle_slik"),
        ("kur_super_mikro", {"nib": False, "sku": False, "business_running": True}, "not_yet", "nib"),
        ("btpn_syariah_pmd", {"gender": "man"}, "not_for_you", None),
        # too young for 24 months even if it ran all along, which nobody said: waiting may bring it
        ("koinworks_koinbisnis", {"business_age_months": {"value": 0, "on": date(2025, 10, 17)}}, "not_yet", "wait"),
        ("lpdb_koperasi_merah_putih", {"applicant": "person"}, "not_for_you", None),
        ("kur_super_mikro", {"applicant": "cooperative"}, "not_for_you", None),
        ("pnm_mekaar", {"lending_group": False, "wants_capital": True}, None, "form_lending_group"),
    ],
)
def test_what_can_change_and_what_cannot(product, signals, status, named):
    match = the(ask(**signals), product)
    assert status is None or match.status == status
    assert named is None or named in changes(match)


@pytest.mark.parametrize("signals", [{}, {"slik_class": "none"}, {"slik_class": "1"}, {"slik_class": "2"}])
def test_an_unknown_or_a_fair_credit_record_lowers_no_status(signals):
    for match in ask(**signals).products:
        assert all("slik_class" not in set(unmet.criterion.signals()) for unmet in match.unmet)
        assert "slik_class" not in match.questions


# -- what is offered ---------------------------------------------------------------------------------------------------


@FEWER
@given(drawn())
def test_only_what_is_met_running_and_affordable_is_offered_and_no_credit_without_capacity(case):
    rules, raw = case
    participant = read(rules, raw)
    known = know(rules, participant)
    free, wants, asked = (
        capacity(rules, known),
        of_role(rules, known, "wants_capital"),
        of_role(rules, known, "amount_asked"),
    )
    for match in recommend(rules, participant).products:
        product = rules.product_ids[match.id]
        offered = (
            match.status == "conditions_met"
            and match.terms.affordable == "yes"
            and match.availability == "running"
            and wants is not False
        )
        assert match.offered == offered
        if product.is_grant:
            assert match.terms.affordable == "yes"
            assert match.terms.instalment_idr is None
            continue
        if free is not None and free <= 0:
            assert not match.offered
            assert match.terms.affordable == "no" or asked == 0
            assert match.terms.max_affordable_idr == 0
        if free is None or (match.terms.annuity is None and free > 0):
            assert match.terms.affordable == "unknown"
            assert match.terms.max_affordable_idr is None
            assert match.terms.missing_from == ("lender" if match.terms.annuity is None else "participant")


# -- money -------------------------------------------------------------------------------------------------------------


def exact_instalment(price: Price, product: Product, count: int) -> Fraction:
    """One of `count` equal instalments of a loan of one rupiah, in whole fractions."""
    rate, a_year = Fraction(str(price.rate_percent)) / 100, A_YEAR[product.instalment_every]
    if price.basis == "effective":
        one = rate / a_year
        return Fraction(1, count) if one == 0 else one * (1 + one) ** count / ((1 + one) ** count - 1)
    if price.basis == "flat_total":
        return (1 + rate) / count
    return (1 + rate * Fraction(count, a_year)) / count


def may_hold(rules: Rules, product: ProductRule, given_: dict[str, Any], price: Price) -> bool:
    """Whether a stated price can be computed, is for the form wanted, and is not known to be for others."""
    sharia = given_.get(rules.roles.get("sharia_only", "")) is True or product.entry.form == ("sharia",)
    if product.entry.form == ("sharia",):
        in_form = price.form in ("", "sharia")
    else:
        in_form = price.form == "sharia" if sharia else price.form in ("", "conventional")
    return in_form and price.basis != "unstated" and all(kleene(rules, c, given_, rules.day) > 0 for c in price.when)


def instalments_of(rules: Rules, product: ProductRule, given_: dict[str, Any]) -> int:
    entry = product.entry
    if entry.instalments:
        return entry.instalments
    investment = given_.get(rules.roles.get("purpose", "")) == "investment"
    months = entry.tenor_months.get("investment" if investment else "working_capital") or entry.tenor_months["any"]
    return round(months * A_YEAR[entry.instalment_every] / 12)


@FEWER
@given(drawn())
def test_the_largest_affordable_amount_is_affordable_and_ten_thousand_more_is_not(case):
    rules, raw = case
    participant = read(rules, raw)
    known = know(rules, participant)
    given_, free, asked = values(rules, known), capacity(rules, known), of_role(rules, known, "amount_asked")
    for match in recommend(rules, participant).products:
        product, terms = rules.product_ids[match.id], match.terms
        entry = product.entry
        prices = [price for price in entry.prices if may_hold(rules, product, given_, price)]
        timed = bool(entry.instalments or entry.tenor_months)
        assert (terms.annuity is not None) == (bool(prices) and timed and not product.is_grant)
        if terms.annuity is None:
            continue
        count = instalments_of(rules, product, given_)
        each = max(exact_instalment(price, entry, count) for price in prices)  # the dearest counts
        monthly = each * A_YEAR[entry.instalment_every] / 12
        assert math.isclose(terms.annuity.instalment, each, rel_tol=1e-12)
        if asked:
            assert abs(terms.instalment_idr - math.ceil(asked * each)) <= 1
        if free is None:
            continue
        most = terms.max_affordable_idr
        if free <= 0:
            assert most == 0
            continue
        assert abs(most - math.floor(free / monthly)) <= 1
        assert (most - 1) * monthly <= free < (most + 10_000) * monthly
        if asked is not None:
            assert terms.affordable == ("yes" if asked <= most else "no")


PRICES = st.builds(
    lambda rate, basis: Price(rate, basis, "", (), {}, ()),
    st.sampled_from([0.0, 0.5, 3.0, 6.0, 7.5, 12.0, 18.0, 25.0, 30.0, 120.0]),
    st.sampled_from(["effective", "flat", "flat_total", "margin"]),
)
EVERY = st.sampled_from(sorted(A_YEAR))


@given(PRICES, EVERY, st.integers(1, 120))
def test_an_instalment_and_its_yearly_rate_are_those_of_an_exact_computation(price, every, count):
    product = replace(TODAY.products[0].entry, instalment_every=every, instalments=count)
    found, exact = annuity(price, product, count), exact_instalment(price, product, count)
    assert math.isclose(found.instalment, exact, rel_tol=1e-11)
    assert math.isclose(found.monthly, exact * A_YEAR[every] / 12, rel_tol=1e-11)
    if price.basis == "effective":
        assert found.yearly_rate == price.rate_percent / 100
    one = Fraction(found.yearly_rate) / A_YEAR[every]
    worth = exact * count if one == 0 else exact * (1 - (1 + one) ** -count) / one
    assert math.isclose(worth, 1, rel_tol=1e-9)


@given(st.floats(0.001, 2), st.integers(1, 200))
def test_at_the_internal_rate_the_instalments_are_worth_what_was_lent(instalment, count):
    rate = internal_rate(instalment, count)
    if instalment * count <= 1:
        assert rate == 0
        return
    worth = math.fsum(instalment / (1 + rate) ** number for number in range(1, count + 1))
    assert math.isclose(worth, 1, rel_tol=1e-9)


@pytest.mark.parametrize(
    ("every", "months", "count"), [("month", 36, 36), ("month", 18, 18), ("week", 12, 52), ("two_weeks", 12, 26)]
)
def test_a_tenor_is_counted_in_instalments(every, months, count):
    entry = replace(TODAY.products[0].entry, instalment_every=every, tenor_months={"any": months}, instalments=None)
    assert tenors(entry) == {"working_capital": count, "investment": count}
    assert tenors(replace(entry, instalments=50)) == {"working_capital": 50, "investment": 50}
    assert tenors(replace(entry, tenor_months={})) == {}


def test_worked_prices():
    # KUR: 6 % efektif over 36 months. Rp5,000,000 costs Rp152,110 a month; Rp300,000 a month carries Rp9,861,304.
    money = {"monthly_profit": 2_000_000, "monthly_instalments": 0, "household_need": 1_400_000}
    kur = the(ask(**money, amount_asked=5_000_000, purpose="working_capital"), "kur_super_mikro").terms
    assert (kur.instalment_idr, kur.max_affordable_idr) == (152_110, 9_861_304)
    # Sixty months for tools: the instalment is smaller and the amount larger.
    tools = the(ask(**money, amount_asked=5_000_000, purpose="investment"), "kur_super_mikro").terms
    assert (tools.instalment_idr, tools.max_affordable_idr) == (96_665, 15_517_668)
    # Mekaar: 25 % of the whole in 50 weeks is Rp25,000 a week for a million, Rp108,333 a month.
    mekaar = the(ask(**money, amount_asked=2_000_000), "pnm_mekaar").terms
    assert (mekaar.instalment_idr, mekaar.max_affordable_idr) == (50_000, 2_769_230)
    assert 0.4 < mekaar.annuity.yearly_rate < 0.6


def test_an_earlier_kur_makes_the_next_one_dearer_and_silence_counts_as_the_dearer():
    dear = the(ask(productive_credit_ever=["kur"]), "kur_mikro").terms.annuity.yearly_rate
    cheap = the(ask(productive_credit_ever=[]), "kur_mikro").terms.annuity.yearly_rate
    unknown = the(ask(), "kur_mikro").terms.annuity.yearly_rate
    assert (cheap, dear, unknown) == (0.06, 0.09, 0.09)


def test_of_two_sources_the_dearer_counts_and_both_are_shown():
    # Flat 18 % over a year is dearer than effective 24 %.
    match = the(recommend(VALLEY, read_participant(VALLEY, {})), "valley_flat")
    assert [price.rate_percent for price in match.prices] == [18, 24]
    assert math.isclose(match.terms.annuity.instalment, 1.18 / 12)


def test_who_wants_sharia_alone_gets_no_price_that_is_stated_for_another_form():
    found = ask(sharia_only=True, amount_asked=5_000_000)
    assert the(found, "kur_super_mikro").terms.annuity is None
    assert the(found, "kur_super_mikro").terms.missing_from == "lender"
    assert the(found, "pegadaian_kur_syariah").terms.annuity is not None
    assert the(found, "kur_mikro").status == "not_for_you"
