"""Figures of a lender: what each published condition costs, by its packs and the matcher's own conditions."""

from __future__ import annotations

import pytest

from api.referrals.figures import costs_of, known_then
from matcher.programme.masks import truth_of
from tests.api.referrals.test_eyes import Asker
from tests.reading import read
from tests.referring import PRODUCT, Referring

GROUP, PERMIT, ARREARS, AMOUNT = (
    "business_age_months at_least 6", "nib is true", "arrears_idr at_most 0", "amount_asked at_most 10000000",
)  # fmt: skip
YOUNG = {"business_age_months": 4, "months_of_books": 3}
LACKING = [
    ({}, None),
    (YOUNG, GROUP),
    ({"business_age_months": 2, "months_of_books": 1}, ""),  # not by one step
    ({"nib": False}, PERMIT),
    ({"nib": None, "sku": None}, PERMIT),  # unknown, and dropped
    ({"arrears_idr": 80_000}, ARREARS),
    ({"arrears_idr": 180_000}, ""),
    ({"nib": False, "arrears_idr": 80_000}, ""),  # two at once
]


@pytest.fixture
def referring(kail):
    return Referring(kail)


def figures(referring, login="officer"):
    with referring.kail.record.look() as tx:
        found, _ = costs_of(tx, referring.kail.actors[login], referring.rules)
    [one] = [costs for costs in found if costs.product == PRODUCT]
    return one, {cost.condition.criterion.key: cost.more for cost in one.conditions if cost.more}


def test_a_condition_costs_those_who_lack_it_alone_and_meet_it_one_step_easier(referring):
    for signals, _ in LACKING:
        referring.sent(referring.trader(signals=signals))
    referring.sent(referring.trader(signals={"amount_asked": 15_000_000}), amount=15_000_000)
    found, more = figures(referring)
    assert (found.counted, found.met, found.otherwise) == (len(LACKING) + 1, 1, 0)
    wanted = {GROUP: 1, PERMIT: 2, ARREARS: 1, AMOUNT: 1}
    assert {key: next(many for name, many in more.items() if key in name) for key in wanted} == wanted
    assert sum(more.values()) == 5


def test_what_is_counted_is_what_may_be_opened_today(referring):
    sent = referring.sent(referring.trader(signals={"nib": False}))
    kept = referring.sent(referring.trader(signals={"nib": False}))
    referring.move("officer", kept, "decline", reasons=("permit",))  # whatever became of it
    wrong = referring.sent(referring.trader(signals={"nib": False}))
    referring.move("officer", wrong, "mark_error", reasons=("wrong_person",))
    assert [*figures(referring)[1].values()] == [2]
    referring.agrees(sent.participant_id, referring.bank, given=False)
    assert [*figures(referring)[1].values()] == [1]
    assert figures(referring, "rival")[0].counted == 0
    referring.kail.clock.forward(days=40)  # another quarter
    assert figures(referring)[0].counted == 0


def test_time_that_has_passed_since_changes_nothing(referring):
    referring.sent(referring.trader(signals={"business_age_months": 2, "months_of_books": 1}))
    referring.kail.clock.forward(days=30)  # within the quarter: she would have three months by now, her pack says two
    assert figures(referring)[1] == {}


def test_what_the_facts_of_a_pack_say_is_what_its_conditions_say(referring):
    """Where they can: what followed from facts that no condition asks about stands in no pack."""
    states = {"met": True, "unmet": False, "assumed": True}
    for signals, _ in LACKING:
        sent = referring.sent(referring.trader(signals=signals))
        pack = referring.as_seen("officer", sent).pack
        known = known_then(referring.rules, pack)
        for rule, told in zip(referring.rules.product_ids[PRODUCT].criteria, pack["conditions"], strict=True):
            truth = truth_of(rule.clauses, known.yes, known.no)
            assert truth in (None, states.get(told["state"])), (rule.criterion.key, told)


def test_the_page_and_json_say_the_same_and_name_nobody(referring):
    referring.sent(referring.trader(signals=YOUNG))
    no = referring.sent(referring.trader(signals={"nib": False}))
    referring.move("officer", no, "decline", reasons=("permit",))
    with referring.kail.client() as client:
        ask = Asker(referring.kail, client)
        told = ask("officer", "GET", "/api/v1/lending/figures", params={"language": "en"}).json()
        page = read(ask("officer", "GET", "/lending/figures", params={"language": "en"})).text
        assert told["declined"] == [{"reason": "permit", "count": 1}]
        [one] = [one for one in told["products"] if one["product"] == PRODUCT]
        held = [cost for cost in one["conditions"] if cost["more"]]
        assert sorted(cost["relaxed"] is None for cost in held) == [False, True]
        for cost in held:
            assert f"+1 {cost['condition']} → {cost['relaxed'] or 'without this condition'}" in page
        assert "Bu Ani" not in page + str(told)
        assert told["since"] == "2026-10-01"
        assert "Business permit: 1" in page
        assert ask("rival", "GET", "/api/v1/lending/figures").json()["declined"] == []
