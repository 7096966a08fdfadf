"""Products: an unknown is never a no, and what is not yet met names what changes it, and it does."""

from collections import Counter
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.entries import Programme
from matcher.lenders import Match, Unmet
from matcher.participant import Participant
from matcher.recommend import recommend
from matcher.rules import rules_on
from tests.conftest import EXAMPLES
from tests.matcher.brute_force import Amount, State, World, months_after
from tests.strategies import participants

DAYS = (date(2018, 10, 1), date(2019, 6, 1), date(2026, 11, 21))
MONEY = ("amount_asked", "monthly_profit", "monthly_instalments", "household_need")
NEVER = ("not_for_you", "not_yet")


def matches(rules: Any, participant: Participant) -> dict[str, Match]:
    return {match.id: match for match in recommend(rules, participant).products}


@pytest.mark.parametrize("day", DAYS, ids=str)
def test_making_an_answer_unknown_never_counts_as_no(okoce: Programme, day: date):
    rules = rules_on(okoce, day)
    implied = {signal.id for signal in rules.signals.values() if signal.implied}
    dropped: Counter[str] = Counter()

    @settings(max_examples=max(EXAMPLES // 2, 50))
    @given(participants(rules), st.data())
    def for_a_participant(participant: Participant, data: st.DataObject) -> None:
        names = sorted(set(participant.facts) - implied)
        if not names:
            return
        name = data.draw(st.sampled_from(names))
        before = matches(rules, participant)
        after = matches(rules, participant.with_facts(**{name: None}))
        for product, known in before.items():
            unknown = after[product]
            failed = [unmet.criterion for unmet in known.unmet]
            assert [unmet.criterion for unmet in unknown.unmet if unmet.criterion not in failed] == []
            if known.status not in NEVER:
                assert unknown.status not in NEVER
            dropped[known.status, unknown.status] += 1
            if name in MONEY and known.terms.affordable != "no":
                assert unknown.terms.affordable != "no"

    for_a_participant()
    if day == DAYS[-1] and dropped.total() >= 200 * len(rules.products):
        assert dropped["conditions_met", "ask"]


@pytest.mark.parametrize("day", DAYS, ids=str)
def test_conditions_are_met_only_where_every_one_of_them_is_known_to_hold(okoce: Programme, day: date):
    rules, world = rules_on(okoce, day), World(okoce, day)
    seen: Counter[str] = Counter()

    @settings(max_examples=max(EXAMPLES // 2, 50))
    @given(participants(rules))
    def for_a_participant(participant: Participant) -> None:
        state = world.start(participant.facts, checks=False)
        for match in matches(rules, participant).values():
            product = rules.product_ids[match.id]
            truths = [world.truth_of_all([rule.criterion])(state, world.today) for rule in product.criteria]
            seen[match.status] += 1
            if match.status == "conditions_met":
                assert all(truths)
                assert match.questions == ()
            elif match.status == "ask":
                assert False not in truths
                assert match.questions or product.entry.register or product.availability == "lead_only"
            else:
                failed = [
                    rule.criterion for rule, truth in zip(product.criteria, truths, strict=True) if truth is False
                ]
                assert [unmet.criterion for unmet in match.unmet] == failed
            if match.offered:
                assert (match.status, match.terms.affordable, match.availability) == (
                    "conditions_met",
                    "yes",
                    "running",
                )

    for_a_participant()
    if day == DAYS[-1]:
        assert all(seen[status] for status in ("conditions_met", "ask", "not_yet", "not_for_you"))


# -- what changes it -----------------------------------------------------------------------------------------------------


def changed(world: World, state: State, unmet: Unmet) -> bool:
    """Whether doing what is named, and waiting where that is named, makes the condition no longer unmet."""
    holds = world.truth_of_all([unmet.criterion])
    entries = {entry.id: entry for entry in world.interventions}
    day, waits = world.today, False
    for change in unmet.changed_by:
        if change.kind == "ask_less":
            place = world.place[world.roles["amount_asked"]]
            state = (*state[:place], Amount(change.amount_idr, change.amount_idr), *state[place + 1 :])
        elif change.intervention:
            day += entries[change.intervention].days.value
            state = world.after(entries[change.intervention], state, day)
        else:
            waits = True
        if holds(state, day) is not False:
            return True
    days = set(range(day, day + 40)) | {months_after(day, months) + 1 for months in range(1, 960)}
    days |= {value for value in state if type(value) is int and value > day}
    return waits and any(holds(state, later) is not False for later in sorted(days))


@pytest.mark.parametrize("day", DAYS, ids=str)
def test_what_is_not_yet_met_names_what_changes_it_and_it_does(okoce: Programme, day: date):
    rules, world = rules_on(okoce, day), World(okoce, day)
    kinds: Counter[str] = Counter()

    @settings(max_examples=max(EXAMPLES // 2, 50))
    @given(participants(rules))
    def for_a_participant(participant: Participant) -> None:
        state = world.start(participant.facts, checks=False)
        for match in matches(rules, participant).values():
            for unmet in match.unmet:
                kinds.update(change.kind for change in unmet.changed_by)
                if match.status == "not_yet":
                    assert unmet.changed_by
                if unmet.changed_by:
                    assert changed(world, state, unmet), (match.id, unmet)
            if match.status == "not_for_you":
                assert any(not unmet.changed_by for unmet in match.unmet)

    for_a_participant()
    if day == DAYS[-1]:
        assert all(kinds[kind] for kind in ("intervention", "wait", "ask_less"))


# -- each by itself ----------------------------------------------------------------------------------------------------

READY = {
    "applicant": "person",
    "wants_business": True,
    "business_running": True,
    "business_age_months": 24,
    "wants_capital": True,
    "amount_asked": 5_000_000,
    "monthly_profit": 3_000_000,
    "monthly_instalments": 0,
    "household_need": 0,
    "nib": True,
    "arrears_idr": 0,
    "slik_class": "1",
    "existing_credit": [],
    "productive_credit_ever": [],
    "kur_lender": "none",
    "age": 40,
    "social_register": [],
}


@pytest.fixture
def seen_by(okoce: Programme, a_participant: Any) -> Any:
    """Looks at one product with the eyes of one participant."""

    def look(product: str, **signals: Any) -> Match:
        participant = a_participant(**{**READY, **signals})
        return matches(rules_on(okoce, participant.as_of), participant)[product]

    return look


def test_a_womens_product_is_not_for_a_man_and_is_asked_of_whoever_did_not_say(seen_by: Any):
    assert seen_by("pnm_mekaar", gender="man").status == "not_for_you"
    assert seen_by("pnm_mekaar").status == "ask"


def test_more_than_the_band_is_changed_by_asking_for_less_and_less_than_it_by_nothing(seen_by: Any):
    above = seen_by("kur_super_mikro", amount_asked=12_000_000)
    assert [(c.kind, c.amount_idr) for u in above.unmet for c in u.changed_by] == [("ask_less", 10_000_000)]
    below = seen_by("kur_mikro", amount_asked=10_000_000)
    assert (below.status, [unmet.changed_by for unmet in below.unmet]) == ("not_for_you", [()])


def test_without_capacity_nothing_is_affordable_not_even_less(seen_by: Any):
    found = seen_by("kur_super_mikro", monthly_profit=0)
    assert (found.terms.affordable, found.terms.max_affordable_idr, found.offered) == ("no", 0, False)


def test_a_lender_who_names_no_price_leaves_affordability_unknown_and_blocks_nothing(seen_by: Any):
    found = seen_by("umi_pip", sku=True)
    assert (found.terms.affordable, found.terms.missing_from, found.status) == ("unknown", "lender", "conditions_met")
    assert not found.offered


def test_who_wants_no_capital_is_offered_none(seen_by: Any):
    assert seen_by("kur_super_mikro", arrears_idr=0).offered
    assert not seen_by("kur_super_mikro", wants_capital=False, amount_asked=0).offered


def test_sharia_only_keeps_a_product_with_a_sharia_form_its_price_unknown_unless_stated(seen_by: Any):
    found = seen_by("kur_super_mikro", sharia_only=True)
    assert (found.status, found.terms.affordable, found.terms.missing_from) == ("conditions_met", "unknown", "lender")


@pytest.mark.parametrize("product", ["kur_super_mikro", "kur_mikro", "pegadaian_kur_syariah"])
def test_the_yearly_rate_is_the_one_at_which_the_instalments_are_worth_the_loan(seen_by: Any, product: str):
    annuity = seen_by(product).terms.annuity
    months = range(1, 37)
    assert sum(annuity.monthly / (1 + annuity.yearly_rate / 12) ** month for month in months) == pytest.approx(1)
