"""A lender's sheet of outcomes: each row a transition like one made by hand, every wrong one told, the same file done once."""

import csv
import io
from datetime import date

import pytest
from openpyxl import Workbook
from sqlalchemy import select

from api.jobs.worker import do_all
from api.referrals.tables import EVENTS, REFERRALS
from tests.api.approvals.two import noted
from tests.chains import faults_in
from tests.importing import outcome
from tests.training_sets import Training, made

HEADER = "referral,what,on,amount_idr,days_late,note"


@pytest.fixture
def training(kail):
    return Training(kail)


@pytest.fixture
def small(small_kail):
    return Training(small_kail)


def sheet(*lines):
    return "\n".join([HEADER, *(",".join(map(str, line)) for line in lines)]) + "\n"


def send(kail, content, name="outcomes.csv", login="officer", language="en"):
    """Send a file; return what became of it, and the id of its job."""
    with kail.client(login) as client:
        file = (name, content.encode() if isinstance(content, str) else content)
        answer = client.post(f"/api/v1/outcomes?language={language}", files={"file": file})
        assert answer.status_code == 202, answer.text
        do_all(kail.record, kail.live, kail.settings.data)
        return outcome(client, answer.json()["id"]), answer.json()["id"]


def counts(sent):
    return tuple(sent.said[name] for name in ("rows", "taken", "already", "rejected_rows"))


def accepted(training, **more):
    return training.move("officer", training.sent(training.agreeing(**more)), "accept")


def stored(training):
    with training.kail.record.read() as tx:
        return [tx.all(select(table).order_by(table.c.id)) for table in (REFERRALS, EVENTS)]


def test_rows_are_transitions_and_the_same_file_again_changes_nothing(training):
    kail = training.kail
    first, second = accepted(training), accepted(training, name="Bu Dua")
    day = training.today
    training.forward(days=40)
    content = sheet(
        (first.id, "disbursed", day, 4_500_000, "", ""),
        (second.id, "Paid out", day, "5.000.000", "", "Lancar"),
        (first.id, "lunas", training.today, "", 3, ""),
    )
    sent, _ = send(kail, content)
    assert (sent.status, counts(sent), sent.problems) == ("done", (3, 3, 0, 0), [])
    assert training.as_seen("officer", first).state == "repaid"
    seen = training.as_seen("mentor", second)
    assert (seen.state, seen.amount_idr, seen.events[-1].said["note"]) == ("disbursed", 5_000_000, "Lancar")
    assert [(one.move, one.side) for one in training.as_seen("mentor", first).events[-2:]] == [
        ("disburse", "lender"), ("repay", "lender"),
    ]  # fmt: skip
    before = stored(training)
    again, _ = send(kail, content)
    assert again.status == "failed"
    assert "was imported on" in again.problems[0]["message"]
    other, _ = send(kail, content + "\n", "copy.csv")
    assert counts(other) == (3, 0, 3, 0)
    assert stored(training) == before
    assert noted(kail, "imported")[0].account_id == kail.actors["officer"].account_id
    assert faults_in(kail.record) == {}


def test_every_wrong_row_is_told_with_field_value_and_remedy_and_the_good_ones_go_in(small):
    kail = small.kail
    good, sent_only, others = accepted(small), small.sent(small.agreeing(name="Bu Dua")), None
    person = small.agreeing(name="Bu Tiga")
    small.agrees(person, small.other_bank)
    others = small.sent(person, small.other_bank)
    paid = small.paid_out(small.sent(small.agreeing(name="Bu Empat")))
    day = small.today
    told, job = send(
        kail,
        sheet(
            ("f" * 24, "disbursed", day, 1, "", ""),
            (others.id, "disbursed", day, 1, "", ""),
            (sent_only.id, "disbursed", day, 1, "", ""),
            (good.id, "given", "31/03/2027", "lots", "-1", ""),
            (good.id, "disbursed", "2031-01-01", 1, "", ""),
            (good.id, "disbursed", "2026-11-01", 1, "", ""),
            (good.id, "disbursed", day, "", "", ""),
            (good.id, "disbursed", day, 90_000_000, "", ""),
            (good.id, "disbursed", day, 1_000_000, 5, ""),
            (paid.id, "repaid", day, "", "", ""),
            (paid.id, "repaid", day, 5, 4000, ""),
            ("", "", "", "", "", ""),
            ("=1+1", "disbursed", day, 1, "", ""),
            (good.id, "disbursed", day, 5_000_000, "", ""),
        ),
    )
    assert counts(told) == (13, 1, 0, 12)
    found = [(one["row"], one["field"], one["value"]) for one in told.problems]
    assert found == [
        (1, "referral", "f" * 24),
        (2, "referral", others.id),
        (3, "what", "disbursed"),
        (4, "what", "given"), (4, "amount_idr", "lots"), (4, "on", "31/03/2027"), (4, "days_late", "-1"),
        (5, "on", "2031-01-01"),
        (6, "on", "2026-11-01"),
        (7, "amount_idr", ""),
        (8, "amount_idr", "90000000"),
        (9, "days_late", "5"),
        (10, "days_late", ""),
        (11, "amount_idr", "5"), (11, "days_late", "4000"),
        (12, "referral", "=1+1"),
    ]  # fmt: skip
    assert all(one["remedy"] for one in told.problems)
    with kail.client("officer") as client:
        file = client.get(f"/api/v1/jobs/{job}/file")
        assert "rejected.csv" in file.headers["content-disposition"]
        lines = list(csv.DictReader(io.StringIO(file.content.decode("utf-8-sig"), newline="")))
        assert [(int(one["row"]), one["field"]) for one in lines] == [(row, field) for row, field, _ in found]
        assert lines[-1]["value"] == "'=1+1"
        shown = client.get(f"/jobs/{job}?language=en").text
        assert "Read: 13 rows. Recorded: 1. Recorded before: 0. Not taken: 12." in shown
    assert small.as_seen("officer", good).state == "disbursed"


def test_a_workbook_is_read_too(small):
    referral = accepted(small)
    book, content = Workbook(), io.BytesIO()
    book.active.append(["Rujukan", "Apa", "Tanggal", "Jumlah"])
    book.active.append([referral.id, "Dana cair", date(2026, 12, 1), 5_000_000])
    book.save(content)
    sent, _ = send(small.kail, content.getvalue(), "hasil.xlsx", language="id")
    assert (counts(sent), sent.problems) == ((1, 1, 0, 0), [])
    assert small.as_seen("officer", referral).events[-1].said["on"] == date(2026, 12, 1)


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        ("referral,on\nx,2026-12-01\n", "a.csv", "these columns are missing: what"),
        ("", "a.csv", ""),
        (HEADER + "\n", "a.csv", ""),
        (b"PK\x03\x04 no workbook", "a.xlsx", ""),
        (HEADER + "\n", "a.pdf", ""),
    ],
)
def test_a_file_that_tells_of_no_outcomes_is_refused_as_a_whole(small, content, name, said):
    sent, _ = send(small.kail, content, name)
    assert sent.status == "failed"
    assert said in sent.problems[0]["message"].lower()
    assert sent.problems[0]["remedy"]


def test_a_person_who_took_their_consent_back_is_still_told_of_but_without_words(small):
    paid = small.paid_out(small.sent(person := small.agreeing()))
    small.agrees(person, small.bank, given=False)
    small.forward(days=5)
    sent, _ = send(small.kail, sheet((paid.id, "repaid", small.today, "", 0, "terima kasih")))
    assert [(one["field"], one["value"]) for one in sent.problems] == [("referral", paid.id)]
    sent, _ = send(small.kail, sheet((paid.id, "repaid", small.today, "", 0, "")))
    assert counts(sent) == (1, 1, 0, 0)


@pytest.mark.parametrize("login", ["mentor", "analyst", "operator"])
def test_nobody_but_a_lender_imports_outcomes(small, login):
    with small.kail.client(login) as client:
        assert client.post("/api/v1/outcomes", files={"file": ("a.csv", b"x")}).status_code == 403
        assert client.get("/outcomes").status_code == 403


def test_the_page_names_the_columns_and_leads_to_what_came_of_it(small):
    referral = accepted(small)
    with small.kail.client("officer") as client:
        shown = client.get("/outcomes?language=en").text
        assert "days_late" in shown
        assert client.post("/outcomes?language=en").status_code == 400
        file = ("outcomes.csv", sheet((referral.id, "disbursed", small.today, 1_000_000, "", "")).encode())
        answer = client.post("/outcomes?language=en", files={"file": file}, follow_redirects=False)
        do_all(small.kail.record, small.kail.live, small.kail.settings.data)
        assert "Recorded: 1." in client.get(answer.headers["location"]).text
        assert "Importing outcomes" in client.get("/jobs?language=en").text


def test_what_was_imported_is_in_the_next_training_set(small):
    referral = accepted(small)
    day = small.today
    small.forward(days=30)
    send(
        small.kail,
        sheet((referral.id, "disbursed", day, 5_000_000, "", ""), (referral.id, "repaid", small.today, "", 95, "")),
    )
    small.forward(days=400)
    [line] = made(small.kail, "2027-12-20", "kept").lines
    assert (line["funded"], line["disbursed_on"], line["kept"]) == ("true", day.isoformat(), "false")


@pytest.mark.parametrize(
    "amount", ["4500.00", "4.5", "45.00.000", "1.0000", ".500", "5 juta", "Rp5.000.000", "5e6", "-5000000"]
)
def test_an_amount_whose_dots_do_not_part_thousands_is_asked_about_and_never_guessed(small, amount):
    referral = accepted(small)
    sent, _ = send(small.kail, sheet((referral.id, "disbursed", small.today, amount, "", "")))
    assert counts(sent) == (1, 0, 0, 1)
    assert [(one["field"], one["value"]) for one in sent.problems] == [("amount_idr", amount)]
    assert small.as_seen("officer", referral).state == "accepted"
