"""A lender is told which fact is still doubtful and which was confirmed; no condition is met by a doubtful one."""

from __future__ import annotations

import pytest

from api.participants.gate import RECOMMENDATION, may
from api.referrals.figures import known_then
from api.referrals.pack import pack_of
from tests.referring import PRODUCT, Referring

ODD = {"monthly_profit": 9_000_000, "monthly_revenue": 3_000_000}


@pytest.fixture
def referring(small_kail):
    return Referring(small_kail)


def pack(referring, person):
    with referring.kail.record.read() as tx:
        actor = referring.kail.actors["mentor"]
        who = may(tx, actor, person, RECOMMENDATION)
        return pack_of(tx, actor, who, referring.rules, PRODUCT, referring.bank, None).pack


def profit(found):
    return next(one for one in found["evidence"] if one["signal"] == "monthly_profit")


def test_a_pack_marks_what_is_doubtful_and_its_sum_is_not_known(referring):
    person = referring.trader(signals=ODD)
    found = pack(referring, person)
    assert profit(found)["doubted"] is True
    assert found["affordability"]["left_idr"] is None
    sure = {name: {"value": value, "sure": True} for name, value in ODD.items()}
    referring.kail.evidence(person, **sure)
    found = pack(referring, person)
    assert (profit(found)["sure"], "doubted" in profit(found)) == (True, False)
    assert found["affordability"]["monthly_profit_idr"] == 9_000_000


def test_what_was_confirmed_in_a_pack_is_known_where_it_is_counted(referring):
    small = {"monthly_profit": {"value": 20_000, "sure": True}}
    rules, place = referring.rules, referring.rules.position["monthly_profit"]
    for signals, expected in ((small, 20_000), ({"monthly_profit": 20_000}, None)):
        found = known_then(rules, pack(referring, referring.trader(signals=signals)))
        assert (found.low[place] if found.low[place] == found.high[place] else None) == expected
