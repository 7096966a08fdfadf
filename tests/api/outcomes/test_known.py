"""What a training set knows: a referral as it was when it was sent, an end that was told by the day, and nothing later."""

from datetime import timedelta

import pytest

from api.assessments import switches
from api.assessments.disagreement import override
from api.assessments.stored import find_assessment
from tests.referring import READY
from tests.training_sets import PRODUCT, Training, made


@pytest.fixture
def training(small_kail):
    return Training(small_kail)


@pytest.fixture
def on_both(kail):
    return Training(kail)


def test_a_referral_is_a_row_of_the_day_on_which_it_was_sent(training):
    person = training.agreeing()
    assessment = training.assess(person)
    sent = training.sent(person)
    day = training.today.isoformat()
    training.forward(days=1)
    found = made(training.kail, day)
    [line] = found.lines
    assert (line["as_of"], line["referred_on"], line["product"], line["referral"]) == (day, day, PRODUCT, "1")
    assert (line["amount_asked"], line["months_of_books"], line["nib"]) == ("5000000", "3", "true")
    assert (line["suggested"], line["chosen"], line["propensity"]) == ("referral", "referral", "")
    assert "referral" in line["shown"].split(";")
    assert (line["funded"], line["disbursed_on"], line["kept"]) == ("", "", "")
    assert (line["observed_until"], line["source"]) == (day, "outcomes")
    for name in (person, assessment, sent.id, "Ani", "81234567890"):
        assert name not in found.content.decode()
    assert found.manifest["rows"] == found.manifest["people"] == 1


def test_a_fact_learnt_after_the_sending_is_not_in_the_row_nor_is_a_correction(training):
    person = training.agreeing()
    sent = training.sent(person)
    before = training.today
    training.forward(hours=1)
    on = before.isoformat()
    training.learns(person, months_of_books={"value": 9, "on": on}, nib={"value": False, "on": on}, halal=True)
    training.learns(person, amount_asked={"value": 1_000_000, "on": on})
    training.move("officer", sent, "accept", amount_idr=4_000_000)
    training.forward(days=3)
    [line] = made(training.kail, before + (training.today - before) / 2).lines
    assert (line["months_of_books"], line["nib"], line["halal"], line["amount_asked"]) == ("3", "true", "", "5000000")


@pytest.mark.parametrize(("sure", "written"), [(False, ""), (True, "30000")])
def test_a_value_that_is_doubted_is_unknown_until_it_was_confirmed(training, sure, written):
    person = training.agreeing(signals={"monthly_profit": 30_000})
    training.assess(person)
    confirmed_on = training.forward(days=1)
    if sure:
        training.learns(person, monthly_profit={"value": 30_000, "sure": True})
        training.assess(person)
    training.forward(days=1)
    assert made(training.kail, confirmed_on).column("monthly_profit") == [written]
    assert made(training.kail, confirmed_on - timedelta(days=1)).column("monthly_profit") == [""]


def test_what_was_asked_for_counts_and_not_what_was_granted_nor_what_was_once_said(training):
    person = training.agreeing()
    sent = training.move("mentor", training.draft(person, amount=3_000_000), "send")
    training.paid_out(sent, amount=2_000_000)
    day = training.today
    training.forward(days=1)
    assert made(training.kail, day).column("amount_asked") == ["3000000"]


def test_a_value_that_was_stale_or_of_a_later_day_is_unknown_and_one_that_grows_has_grown(training):
    person = training.agreeing()
    training.forward(days=200)
    training.learns(person, **{name: READY[name] for name in ("business_running", "monthly_profit", "amount_asked")})
    sent_on = training.today
    training.sent(person)
    training.forward(days=1)
    [line] = made(training.kail, sent_on).lines
    assert line["business_age_months"] == "30"
    assert line["household_need"] == ""


@pytest.mark.parametrize("sure", [False, True])
def test_what_could_hardly_be_is_in_a_row_only_where_it_was_confirmed(training, sure):
    person = training.agreeing()
    odd = {"monthly_profit": 9_000_000, "monthly_revenue": 3_000_000, "amount_asked": 90_000}
    training.learns(person, **{name: {"value": value, "sure": sure} for name, value in odd.items()})
    training.move("mentor", training.draft(person, amount=50_000), "send")
    day = training.today
    training.forward(days=1)
    [line] = made(training.kail, day).lines
    assert (line["monthly_profit"], line["monthly_revenue"]) == (("9000000", "3000000") if sure else ("", ""))
    assert line["amount_asked"] == "50000", "what a referral asked for it asked for"


@pytest.mark.parametrize(
    ("days", "outcome"),
    [(364, ("", "", "")), (365, ("true", "", "")), (374, ("true", "", "")), (375, ("true", "", "true"))],
)
def test_an_end_is_told_only_where_its_window_is_over(training, days, outcome):
    """The referral is of 1 December 2026, the loan of the 11th."""
    sent = training.sent(training.agreeing())
    first = training.forward(days=10)
    sent = training.paid_out(sent, on=first)
    training.forward(days=20)
    training.repaid(sent, days_late=3)
    training.forward(days=700)
    known_at = first + (first - first.replace(day=1)) * 0
    [line] = made(training.kail, known_at.replace(day=1) + timedelta(days=days)).lines
    assert (line["funded"], "", line["kept"]) == outcome
    assert line["disbursed_on"] == (first.isoformat() if outcome[0] else "")


def test_an_end_learnt_later_is_not_known_earlier(training):
    sent = training.sent(training.agreeing())
    training.forward(days=10)
    accepted = training.move("officer", sent, "accept")
    first = training.today
    training.forward(days=50)  # told long after the day of which it is
    training.move("officer", accepted, "disburse", amount_idr=5_000_000, on=first)
    training.forward(days=900)
    year = first.replace(year=2027)
    assert made(training.kail, year, "funded").column("funded") == ["true"]
    assert made(training.kail, first + timedelta(days=10)).column("funded") == [""]


def test_a_payment_told_after_the_day_makes_no_difference_to_the_set_of_that_day(training):
    sent = training.sent(training.agreeing())
    training.forward(days=2)
    accepted, paid_on = training.move("officer", sent, "accept"), training.today
    training.forward(days=55)
    day = training.today
    training.forward(days=1)
    before = made(training.kail, day).content
    training.move("officer", accepted, "disburse", amount_idr=5_000_000, on=paid_on)
    training.forward(days=1)
    assert made(training.kail, day).content == before


@pytest.mark.parametrize(
    ("reports", "kept"),
    [
        ([], ""),
        ([("default", 100, 30)], ""),
        ([("default", 100, 90)], "false"),
        ([("default", 100, 120), ("repay", 500, 0)], "false"),
        ([("default", 400, 30)], "true"),
        ([("repay", 100, 89)], "true"),
        ([("repay", 100, 90)], "false"),
        ([("repay", 500, 0)], "true"),
        ([("repay", 500, 120)], ""),
    ],
)
def test_kept_is_what_reports_can_settle_and_silence_settles_nothing(training, reports, kept):
    sent = training.sent(training.agreeing())
    sent = training.paid_out(sent)
    begun = training.today
    for move, day, late in reports:
        training.forward(days=day - (training.today - begun).days)
        sent = training.repaid(sent, days_late=late, move=move)
    training.forward(days=801 - (training.today - begun).days)
    day = begun + timedelta(days=800)
    assert made(training.kail, day).column("kept") == [kept]
    found = made(training.kail, day, "kept")
    assert found.column("kept") == ([kept] if kept else [])
    assert found.manifest["left_out"]["rows"] == ({} if kept else {"outcome_unknown": 1})


def test_negatives_enter_like_positives_and_whoever_is_left_out_is_counted(training):
    for end in ("decline", "disburse", "silence", "late", "mistake"):
        sent = training.sent(training.agreeing(name=f"Bu {end}"))
        if end == "decline":
            training.move("officer", sent, "decline", reasons=["collateral"])
        if end in ("disburse", "late"):
            training.paid_out(sent, on=training.today)
        if end == "mistake":
            training.move("mentor", sent, "mark_error", reasons=["wrong_person"])
    training.assess(training.agreeing(name="Bu Belum"))
    training.agreeing(name="Bu Baru")
    training.forward(days=100)
    training.sent(training.agreeing(name="Bu Nanti"))
    training.forward(days=300)
    day = training.today - timedelta(days=1)
    found = made(training.kail, day, "funded")
    assert sorted(found.column("funded")) == ["false", "false", "true", "true"]
    assert found.manifest["left_out"] == {
        "people": {"never_worked_out": 1 + 1}, "rows": {"in_error": 1, "never_referred": 1, "window_open": 1},
    }  # fmt: skip
    everybody = made(training.kail, day)
    assert len(everybody.lines) == 6
    assert everybody.column("referred_on").count("") == 1


def test_of_several_referrals_each_has_its_own_row_and_number(training):
    person = training.agreeing()
    training.agrees(person, training.other_bank)
    training.sent(person)
    training.sent(person, training.other_bank)
    day = training.today
    training.forward(days=1)
    found = made(training.kail, day)
    assert found.column("referral") == ["1", "2"]
    assert len(set(found.column("participant"))) == 1


def test_a_lot_and_another_choice_stand_beside_what_was_suggested(training):
    kail = training.kail
    with kail.record.write() as tx:
        switches.turn(tx, kail.actors["operator"], switches.RANDOMISATION, on=True)
    person = training.agreeing(signals=dict.fromkeys(READY) | {"registered": True})
    assessment = training.assess(person)
    with kail.record.write() as tx:
        core = find_assessment(tx, kail.actors["mentor"], assessment)[0]
        listed = [one[0] for one in core.core["interventions"]]
        override(tx, kail.actors["mentor"], assessment, listed[-1], "other_first", "")
    day = training.today
    training.forward(days=1)
    [line] = made(kail, day).lines
    assert (line["suggested"], line["chosen"]) == (listed[0], listed[-1])
    assert set(line["shown"].split(";")) == set(listed)
    assert line["propensity"] == ("" if core.propensity is None else f"{round(core.propensity, 6):g}")
