"""Lenders: silence is never a no, and every "not yet" names what changes it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.facts.participant import know
from matcher.lenders import Change, Match, Unmet
from matcher.programme.criteria import Criterion
from matcher.programme.entries import Effect
from matcher.programme.rules import Rules
from matcher.recommend import recommend
from tests.matcher.word_by_word import FEWER, HALF, ask, capacity, drawn, kleene, of_role, the, value, values
from tests.strategies import read

BADNESS = {"conditions_met": 0, "ask": 0, "not_yet": 1, "not_for_you": 2}


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


def changes(match: Match) -> set[str]:
    return {change.intervention or change.kind for unmet in match.unmet for change in unmet.changed_by}


@pytest.mark.parametrize(
    ("product", "signals", "status", "named"),
    [
        ("kur_mikro", {"amount_asked": 200_000_000}, "not_yet", "ask_for_less"),
        ("kur_mikro", {"amount_asked": 1_000_000}, "not_for_you", None),  # asking for more is never a step
        ("kur_mikro", {"arrears_idr": 1_000}, "not_yet", "clear_arrears"),
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
