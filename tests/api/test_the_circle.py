"""The circle, with a server that listens: a mentor refers, a lender asks and declines with a code, the code is the next step,
another lender accepts, pays out and is paid back; a year later an analyst has the rows, and trains on them."""

from __future__ import annotations

import numpy as np
import pytest

from api.jobs.worker import do_all
from matcher.programme.loading import load_programme
from models import train
from models.dataset import make_dataset
from tests.api.approvals.two import lets_stand
from tests.api.test_a_mentors_day import Browser, running
from tests.chains import faults_in
from tests.installation import PASSWORD
from tests.referring import BEGIN, PRODUCT, READY, with_lender
from training_data.schema import join_rows, read_rows

AGREES = {"channel": "paper", "said_on": "2026-12-01"}


@pytest.fixture
def address(kail):
    kail.clock.now = BEGIN
    with_lender(kail, "Bank Satu")
    with_lender(kail, "Bank Dua", ("rival",))
    with running(kail.app) as address:
        yield address


@pytest.fixture
def mentor(address):
    yield from signed_in(address, "mentor")


@pytest.fixture
def analyst(address):
    yield from signed_in(address, "analyst")


@pytest.fixture
def operator(address):
    yield from signed_in(address, "operator")


@pytest.fixture
def officer(address):
    yield from signed_in(address, "officer")


@pytest.fixture
def rival(address):
    yield from signed_in(address, "rival")


def signed_in(address, login):
    browser = Browser(address)
    browser.sign_in(login, PASSWORD)
    yield browser
    browser.http.close()


def moved(browser, referral, move, **said):
    """Make a transition of a referral as it is now."""
    now = browser.get(f"/referrals/{referral}")
    assert move in now["moves"], (move, now["state"], now["moves"])
    if move in ("send", "answer"):
        asked = {"product": now["product"], "lender_id": now["lender_id"], "amount_idr": now["amount_idr"]}
        asked = {name: value for name, value in asked.items() if value is not None}
        person = now["participant"]
        said["shown"] = browser.post(f"/participants/{person}/referrals/preview", 200, **asked)["shown"]
    return browser.post(f"/referrals/{referral}/moves/{move}", 200, version=now["version"], **said)


def test_what_a_lender_says_comes_back_as_the_next_step(kail, mentor, officer, rival, analyst, operator, tmp_path):
    banks = {one["name"]: one["id"] for one in mentor.get("/lenders")["lenders"]}

    # evidence and a recommendation
    person = mentor.post(
        "/participants",
        name="Bu Ani",
        phone="081234567890",
        consents=["record", "recommendation", "training"],
        **AGREES,
    )["id"]
    mentor.post(f"/participants/{person}/evidence", signals=READY)
    first = mentor.post(f"/participants/{person}/assessments")["core"]
    assert first["path"]["goal"] == PRODUCT
    assert first["products"][PRODUCT]["offered"]

    # without consent for that lender nothing leaves; with it the lender sees what the mentor saw
    asked = {"product": PRODUCT, "lender_id": banks["Bank Satu"]}
    officer.http.put("/rooms", json={"product": PRODUCT, "answer": "weeks", "weeks": 2}).raise_for_status()
    ahead = mentor.post(f"/participants/{person}/referrals/preview", 200, **asked)
    assert (ahead["room"]["answer"], ahead["room"]["weeks"]) == ("weeks", 2)
    referral = mentor.post(f"/participants/{person}/referrals", **asked)["id"]
    refused = mentor.post(f"/referrals/{referral}/moves/send", 409, version=1)
    assert "has not agreed" in refused["problems"][0]["message"]
    agrees = {"purpose": "referral", "given": True, "recipient": banks["Bank Satu"], **AGREES}
    mentor.post(f"/participants/{person}/consents", **agrees)
    moved(mentor, referral, "send")
    [line] = officer.get("/referrals")["items"]
    assert (line["name"], line["state"], line["participant"]) == ("Bu Ani", "sent", None)
    pack = officer.get(f"/referrals/{referral}")["pack"]
    assert {**pack, "made_at": 0, "consent": 0} == {**ahead["pack"], "made_at": 0, "consent": 0}
    assert rival.get("/referrals")["items"] == []
    rival.get(f"/referrals/{referral}", 404)

    # more is asked for and answered
    moved(officer, referral, "ask_more", documents=["Foto warung"], note="Siang saja")
    week = mentor.get("/work-list")["entries"]
    assert "Bank Satu waits for your answer" in week[0]["why"][0]
    moved(mentor, referral, "answer", note="Terlampir")

    # declined with a code, which is the next step at once
    moved(officer, referral, "decline", reasons=[{"code": "books", "more": 3}])
    week = mentor.get("/work-list")["entries"]
    assert (week[0]["participant"], "Bank Satu cannot accept" in week[0]["why"][0]) == (person, True)
    second = mentor.post(f"/participants/{person}/assessments")["core"]
    assert second["products"][PRODUCT]["offered"]  # another lender lends it too
    again = mentor.post(f"/participants/{person}/referrals", **asked)["id"]
    shown = mentor.post(f"/participants/{person}/referrals/preview", 200, **asked)["shown"]
    refused = mentor.post(f"/referrals/{again}/moves/send", 409, version=1, shown=shown)
    assert "has said no" in refused["problems"][0]["message"]

    # another lender accepts, pays out and is paid back
    kail.clock.forward(days=100)
    mentor.sign_in("mentor")
    rival.sign_in("rival")
    grown = {"months_of_books": 6, "monthly_profit": 3_200_000}
    mentor.post(f"/participants/{person}/evidence", signals=grown)
    asked = {"product": PRODUCT, "lender_id": banks["Bank Dua"]}
    agrees |= {"recipient": banks["Bank Dua"]}
    mentor.post(f"/participants/{person}/consents", **agrees)
    other = mentor.post(f"/participants/{person}/referrals", **asked)["id"]
    moved(mentor, other, "send")
    accepted = moved(rival, other, "accept")
    assert (accepted["state"], accepted["quota_month"]) == ("accepted", "2027-03")
    early = rival.post(
        f"/referrals/{other}/moves/disburse", 400, version=accepted["version"], amount_idr=1, on="2027-03-10"
    )
    assert "before" in early["problems"][0]["message"]
    moved(rival, other, "disburse", amount_idr=5_000_000, on="2027-03-11")
    assert mentor.get(f"/referrals/{other}")["state"] == "disbursed"
    moved(rival, other, "repay", on="2027-03-11", days_late=0)
    history = mentor.get(f"/referrals/{other}")["events"]
    assert [one["move"] for one in history] == ["draft", "send", "accept", "disburse", "repay"]

    # when a year is over, an analyst asks for the rows and an operator approves it
    kail.clock.forward(days=400)
    lets_stand(kail, "operator")
    analyst.sign_in("analyst")
    operator.sign_in("operator")
    wanted = {"known_at": "2028-04-01", "outcome": "funded"}
    operator.post(f"/approvals/{analyst.post('/training-sets', 202, **wanted)['id']}/approve", 200)
    job = analyst.post("/training-sets", 202, **wanted)["id"]
    do_all(kail.record, kail.live, kail.settings.data)
    assert analyst.get(f"/jobs/{job}")["result"]["manifest"]["left_out"] == {"people": {}, "rows": {}}
    (tmp_path / "rows.parquet").write_bytes(analyst.http.get(f"/jobs/{job}/file").content)
    rows = read_rows(tmp_path / "rows.parquet", load_programme())
    assert (rows.values("product"), rows.values("referral")) == ([PRODUCT] * 2, [1, 2])
    assert (rows.values("funded"), rows.values("kept")) == ([False, True], [None, True])
    assert (rows.values("months_of_books"), rows.values("suggested")) == ([3, 6], ["referral"] * 2)
    assert person not in rows.participant

    # they are added to the sample and trained on
    sample = train.read_sample(rows.programme).take(np.arange(700))
    trained = train.train(join_rows(sample, rows), "funded", "funded-circle-1")
    assert len(trained.dataset) == len(make_dataset(sample, "funded")) + 2
    assert trained.dataset.digest != make_dataset(sample, "funded").digest
    assert faults_in(kail.record) == {}
