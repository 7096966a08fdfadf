"""What a programme no longer has: a stored state, transition or reason is called as it was then, or by its code, and is over."""

from __future__ import annotations

import re
import shutil

import pytest

from api.referrals.said import Why
from api.referrals.service import still_lives
from api.referrals.stored import state_of
from api.referrals.sweeping import sweep
from matcher.programme.loading import OKOCE
from tests.api.approvals.two import lets_stand
from tests.changed_programmes import live_with, served
from tests.reading import read
from tests.referring import Referring

GONE = ("on_hold", "hold", "resume", "books", "untrue", "hold_survey", "still_in_review", "repaid", "repay")


def without(folder, *names, ended=""):
    """OK OCE without these states, transitions and reasons; `ended`: the day on which they end instead."""
    shutil.copytree(OKOCE, folder)
    file = folder / "referrals.toml"
    entries = re.split(r"(?m)^(?=\[\[)", file.read_text(encoding="utf-8"))
    kept = []
    for entry in entries:
        found = re.search(r'^id = "(\w+)"', entry, re.M)
        gone = found is not None and found[1] in names
        if gone and ended:
            entry = entry.replace(found[0], f"{found[0]}\nvalid_to = {ended}")
        elif gone:
            continue
        states = "|".join(names)
        kept.append(re.sub(rf', "(?:{states})"(?=[],])', "", entry) if "begins" in entry else entry)
    file.write_text("".join(kept), encoding="utf-8")
    return folder


@pytest.fixture
def referring(small_kail):
    return Referring(small_kail)


@pytest.fixture
def referrals(referring):
    """One in a state that will be gone, one declined for a reason that will be, one of which such an answer was given."""
    held = referring.move("officer", referring.sent(), "hold", reasons=("hold_survey",))
    no = referring.move("officer", referring.sent(), "decline", reasons=(Why("books", more=2), "at_capacity"))
    silent = referring.sent()
    with referring.writing("officer") as (tx, actor, rules):
        quiet = still_lives(tx, actor, rules, silent.id, Why("still_in_review"))
    return held, no, quiet


@pytest.mark.parametrize("ended", ["", "2026-11-01"], ids=["taken out", "ended before"])
def test_every_page_and_answer_is_there_with_a_programme_without_them(referring, referrals, tmp_path, ended):
    kail, called = referring.kail, "on_hold" if not ended else "Ditunda"
    programme = without(tmp_path / "programme", *GONE, ended=ended)
    for login in ("officer", "mentor", "operator"):
        with served(kail, programme, login) as client:
            for one in referrals:
                page = client.get(f"/referrals/{one.id}")
                told = client.get(f"/api/v1/referrals/{one.id}")
                read(page)
                assert told.status_code == 200, told.text
            for path in ("/referrals", "/api/v1/referrals", "/referrals/file", "/referrals/workbook", "/work-list",
                         "/lending/figures", f"/participants/{referrals[1].participant_id}"):  # fmt: skip
                assert client.get(path).status_code in (200, 403), path
            held = client.get(f"/referrals/{referrals[0].id}").text
            assert called in held
            told = client.get(f"/api/v1/referrals/{referrals[0].id}").json()
            assert (told["is_over"], told["turn"], told["moves"]) == (True, "nobody", [])
            if login == "officer":
                reason = client.get(f"/referrals/{referrals[1].id}").text
                assert ("books" if not ended else "Catatan usaha terlalu pendek") in reason
                paper = client.get(f"/referrals/{referrals[2].id}/pack.pdf")
                assert paper.status_code == 200


def test_what_is_in_such_a_state_keeps_nobody_from_being_referred_anew(referring, referrals, tmp_path):
    held = referrals[0]
    asked = {"product": held.product, "lender_id": held.lender_id}
    with served(referring.kail, without(tmp_path / "programme", *GONE), "mentor") as client:
        answer = client.post(f"/api/v1/participants/{held.participant_id}/referrals", json=asked)
        assert answer.status_code == 201, answer.text


def test_the_worker_goes_over_them_and_leaves_them(referring, referrals, tmp_path):
    live = live_with(referring.kail, without(tmp_path / "programme", *GONE))
    referring.kail.clock.forward(days=13)
    assert sweep(referring.kail.record, live) == 0
    referring.agrees(referrals[0].participant_id, referring.bank, given=False)
    assert sweep(referring.kail.record, live) == 0
    assert referring.as_seen("mentor", referrals[0]).stored == "on_hold"


def test_a_state_of_which_nobody_knows_what_it_was_lets_no_lender_in(referring, referrals, tmp_path):
    rules = live_with(referring.kail, without(tmp_path / "programme", *GONE)).rules
    assert state_of(rules, "on_hold").hl7 == "entered-in-error"
    with served(referring.kail, tmp_path / "programme", "officer") as client:
        assert client.get(f"/api/v1/referrals/{referrals[0].id}").json()["pack"] is None
    with served(referring.kail, tmp_path / "programme", "mentor") as client:
        assert client.get(f"/api/v1/referrals/{referrals[0].id}").json()["pack"]["person"]["name"] == "Bu Ani"


def test_a_no_that_waits_for_a_second_officer_is_refused_where_its_reason_is_gone(referring, tmp_path):
    kail, sent = referring.kail, referring.sent()
    for login in ("officer", "officer2"):
        lets_stand(kail, login)
    waits = referring.move("officer", sent, "decline", reasons=(Why("untrue", "Alasan"),))
    with served(kail, without(tmp_path / "programme", *GONE), "officer2") as client:
        answer = client.post(f"/api/v1/approvals/{waits.approval.id}/approve")
        assert (answer.status_code, answer.json()["problems"][0]["field"]) == (400, "reasons")
    assert referring.as_seen("officer", sent).state == "sent"


def test_a_silent_referral_is_answered_in_words_where_the_code_needs_some(referring):
    sent = referring.sent()
    address = f"/api/v1/referrals/{sent.id}/still-lives"
    with referring.kail.client("officer") as client:
        refused = client.post(address, json={"reason": "quiet_other"})
        assert (refused.status_code, refused.json()["problems"][0]["field"]) == (400, "text")
        told = client.post(address, json={"reason": "quiet_other", "text": "Petugas kami sakit"})
        assert told.status_code == 200, told.text
        read(client.get(f"/referrals/{sent.id}"))
    event = referring.as_seen("mentor", sent).events[-1]
    assert (event.reasons, event.said["texts"]) == (("quiet_other",), {"quiet_other": "Petugas kami sakit"})
