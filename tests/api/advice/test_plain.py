"""Plain answers: they say nothing else than the full ones, only less, and list as met only what runs."""

import tomllib
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.advice.answer import answer, versions_of
from api.advice.plain import plain_answer
from matcher.facts.declines import Decline
from matcher.facts.participant import know, read_participant
from matcher.message import Message
from matcher.programme.rules import rules_on
from matcher.recommend import decide
from tests.conftest import ROOT
from tests.strategies import participants
from words.speaking import speaker

CASES = sorted((ROOT / "tests" / "cases").glob("*.toml"))
DAY = date(2026, 11, 21)


@pytest.fixture(scope="session")
def both(live):
    """Answer about a participant, plain and in full."""

    def both(participant, language="en", goal=None):
        rules, versions = rules_on(live.programme, participant.as_of), versions_of(live.programme, live.scorecard)
        known = know(rules, participant)
        found = decide(rules, known, goal=goal, scorecard=live.scorecard)
        full = answer(rules, participant, found, language, versions)
        return plain_answer(rules, participant, known, found, language, versions), full

    return both


@pytest.fixture
def product(live, both):
    """One product in the plain answer to signals."""

    def product(name, signals):
        plain, _ = both(read_participant(live.rules, signals))
        return next(one for one in plain["products"] if one["id"] == name)

    return product


def test_every_worked_case_says_in_plain_what_it_says_in_full(live, both, conforms):
    for case in CASES:
        table = tomllib.loads(case.read_text(encoding="utf-8"))
        participant = read_participant(rules_on(live.programme, table["as_of"]), table["signals"])
        for language in ("id", "en"):
            plain, full = both(participant, language, table.get("goal"))
            conforms(plain, "PlainRecommendation")
            agree(plain, full)


@settings(max_examples=max(50, settings().max_examples // 10))
@given(data=st.data())
def test_whoever_asks_plain_and_full_agree(live, both, conforms, data):
    rules = rules_on(live.programme, data.draw(st.sampled_from([DAY, date(2018, 10, 1), date(2020, 2, 1)])))
    plain, full = both(
        data.draw(participants(rules)), goal=data.draw(st.none() | st.sampled_from([*rules.product_ids]))
    )
    conforms(plain, "PlainRecommendation")
    agree(plain, full)


def agree(plain, full):
    """See that a plain answer says what the full one says, of what it has room for."""
    synthetic = [speaker(language).say(Message("synthetic")) for language in ("id", "en")]  # of the score, left out
    assert plain["notices"] == [notice for notice in full["notices"] if notice not in synthetic]
    for name in ("tier", "steps", "path", "questions", "versions"):
        assert plain[name] == full[name]
    assert plain["interventions"][:3] == full["interventions"][:3]
    assert plain["interventions"][3:] == [{"id": one["id"], "name": one["name"]} for one in full["interventions"][3:]]
    for short, long in zip(plain["products"], full["products"], strict=True):
        if long["availability"] != "running":
            assert short == {"id": long["id"], "status": long["availability"]}
        elif "name" not in short:
            assert short == {"id": long["id"], "status": long["status"]}
            met = (
                long["status"] == "conditions_met" and not long["offered"] and long["affordable"]["answer"] != "unknown"
            )
            assert met or long["status"] == "not_for_you"
        else:
            assert {name: short[name] for name in short if name != "open"} == {
                name: long[name] for name in short if name != "open"
            }
            assert long["status"] != "not_for_you"
            open_agrees(short["open"], long)


def open_agrees(first, long):
    if long["unmet"]:
        assert first == {"criterion": long["unmet"][0]["criterion"], "question": None}
    elif long["questions"]:
        assert first["question"] == long["questions"][0]
    elif long["status"] == "ask":
        assert first["criterion"] in long["notices"]
    else:
        assert first is None


def test_an_offered_product_says_what_it_costs_a_month(product, a_trader):
    kur = product("kur_super_mikro", a_trader())
    assert kur["offered"]
    assert (kur["status"], kur["instalment_idr"], kur["instalment_every"]) == ("conditions_met", 152_110, "month")
    assert kur["affordable"] == {"answer": "yes", "missing_from": None}
    assert kur["open"] is None


def test_what_is_lacking_comes_first_and_no_answer_would_settle_it(product, a_trader):
    kur = product("kur_super_mikro", a_trader(nib=False, sku=False))
    assert (kur["status"], kur["open"]) == ("not_yet", {"criterion": "NIB or SKU (one is enough)", "question": None})


def test_of_what_is_asked_the_condition_stands_with_its_own_question(product, a_trader):
    """Mekaar is for women, and asks whether there is a group: the first of the two is shown with the first question."""
    asked = product("pnm_mekaar", a_trader())["open"]
    assert asked["criterion"] == "Woman or man: Woman"
    assert asked["question"]["signal"] == "gender"
    asked = product("pnm_mekaar", a_trader(gender="woman"))["open"]
    assert asked["question"]["signal"] == "lending_group"


def test_a_condition_that_another_answer_has_met_is_not_the_open_one(product, a_trader):
    """KUR Kecil wants an NIB or an SKU, which the SKU settles; what is open is the NIB that it wants besides."""
    kur = product("kur_kecil", a_trader(amount_asked=150_000_000, nib=None, sku=True))
    assert kur["open"]["question"]["signal"] == "nib"
    assert kur["open"]["criterion"] == "NIB (business number)"


def test_a_register_that_we_do_not_hold_is_what_is_open(product, a_trader):
    pena = product("kemensos_pena", a_trader(age=40, social_register=["pkh_bpnt"]))
    assert pena["status"] == "ask"
    assert pena["open"]["criterion"].startswith("For active PKH or BPNT recipients")
    assert pena["open"]["question"] is None


def test_where_only_money_is_open_the_product_is_told(product, a_trader):
    kur = product("kur_super_mikro", a_trader(monthly_profit=None))
    assert (kur["status"], kur["offered"]) == ("conditions_met", False)
    assert kur["affordable"] == {"answer": "unknown", "missing_from": "participant"}


@pytest.mark.parametrize("changes", [{"monthly_profit": 1_500_000}, {"wants_capital": False, "amount_asked": 0}])
def test_what_is_met_and_cannot_be_carried_or_is_not_wanted_is_not_told(product, a_trader, changes):
    assert product("kur_super_mikro", a_trader(**changes)) == {"id": "kur_super_mikro", "status": "conditions_met"}


def test_nothing_that_does_not_run_stands_as_met(live, both, a_trader):
    plain, full = both(read_participant(live.rules, a_trader()))
    met = {one["id"] for one in full["products"] if one["status"] == "conditions_met"}
    assert {"kur_pmi", "bankdki_monas25"} <= met  # else this shows nothing
    running = {name for name, rule in live.rules.product_ids.items() if rule.suggested}
    assert {one["id"] for one in plain["products"] if one["status"] == "conditions_met"} <= running


def test_a_lenders_no_is_told_with_its_reason_and_its_last_day(live, both, conforms):
    somebody = read_participant(live.rules, {"business_running": True, "wants_capital": True})
    full_of_people = Decline(("kur_super_mikro",), "at_capacity", DAY, until=date(2026, 12, 1))
    unheard_of = Decline(("kur_mikro",), "gone", DAY, signal="months_of_books", at_least=3)
    for language, says, plainly in (
        ("id", "Ini bukan tentang Anda; coba lagi bulan depan", "Pemberi modal belum bisa memberikannya."),
        ("en", "It is not about you; try again next month", "The lender cannot give it yet."),
    ):
        plain, full = both(replace(somebody, declines=(full_of_people, unheard_of)), language)
        conforms(plain, "PlainRecommendation")
        conforms(full, "Recommendation")
        for said in (plain, full):
            declined = {one["id"]: one["declined"] for one in said["products"] if one.get("declined")}
            assert says in declined["kur_super_mikro"].pop("says")
            assert declined == {
                "kur_super_mikro": {"reason": "at_capacity", "until": "2026-12-01"},
                "kur_mikro": {"reason": "gone", "says": plainly, "until": None},
            }
        assert any("2 December 2026" in said or "2 Desember 2026" in said for said in plain["notices"])


def test_what_mends_a_lenders_no_names_the_product_and_the_reason(live, both):
    somebody = read_participant(live.rules, {"business_running": True, "wants_capital": True, "months_of_books": 0})
    short = Decline(("kur_mikro",), "books", DAY, signal="months_of_books", at_least=3, starts_with="siapik_books")
    for language, why in (
        ("id", "Untuk membuka lagi KUR Mikro. Jawaban pemberi modal: Catatan usaha terlalu pendek."),
        ("en", "To open KUR Mikro (government-backed micro loan) again. The lender's answer: Books too short."),
    ):
        plain, _ = both(replace(somebody, declines=(short,)), language, goal="kur_mikro")
        assert why in {one["id"]: one["rank_reason"] for one in plain["interventions"][:3]}["siapik_books"]
        assert len(plain["path"]["impossible"]) == 1
        assert "KUR Mikro" in plain["path"]["impossible"][0]
