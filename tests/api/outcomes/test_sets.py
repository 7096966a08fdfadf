"""Training sets: the same day gives the same bytes again, without whoever may not be in it any more; who asks, and for what."""

import csv
import hashlib
import io
from datetime import date, timedelta

import pytest
from sqlalchemy import update

from api.accounts.tables import ORGANISATIONS
from api.assessments.disagreement import decide, objects
from api.consents.service import say
from api.outcomes import known, service
from api.outcomes.known import Asked
from api.participants import agreements
from api.record.refusals import Refused
from api.record.transaction import open_record
from tests.api.approvals.two import noted
from tests.installation import installation
from tests.training_sets import Training, erase, made
from training_data.schema import read_rows


@pytest.fixture
def training(small_kail):
    return Training(small_kail)


def some_history(training):
    """Six people: five referred, of whom three were paid out and two paid back; one never referred."""
    people = [training.agreeing(name=f"Bu {number}") for number in range(6)]
    for number, person in enumerate(people):
        training.assess(person)
        if number < 5:
            sent = training.sent(person)
            if number < 3:
                sent = training.paid_out(sent)
            if number < 2:
                training.forward(days=2)
                training.repaid(sent, days_late=100 * number)
        training.forward(days=3)
    return people


def test_the_same_past_day_gives_equal_bytes_for_everyone_not_erased(kail):
    """On both databases: with corrections, later ends, more people and an erasure in between."""
    training = Training(kail)
    people = some_history(training)
    training.forward(days=800)
    days = [date(2026, 12, 8), date(2027, 12, 20), training.today - timedelta(days=1)]
    before = {(day, outcome): made(kail, day, outcome) for day in days for outcome in ("", "funded", "kept")}
    assert [len(before[day, ""].lines) for day in days] == [2, 6, 6]
    assert [len(before[day, "funded"].lines) for day in days] == [0, 5, 5]
    assert [len(before[day, "kept"].lines) for day in days] == [0, 2, 2]

    for person in people:
        training.learns(person, monthly_profit={"value": 100_000, "on": "2026-12-01"}, nib=False, age=40)
    training.agreeing(name="Bu Baru")
    assert {key: made(kail, *key).content for key in before} == {key: one.content for key, one in before.items()}

    gone = 1
    erase(kail, people[gone])
    for (day, outcome), then in before.items():
        now = made(kail, day, outcome)
        left = [line for line in then.lines if line not in now.lines]
        assert [line for line in then.lines if line in now.lines] == now.lines
        assert len({line["participant"] for line in left}) == (1 if left else 0)
        assert now.content.splitlines() == [
            line for line in then.content.splitlines() if line in now.content.splitlines()
        ]
        assert now.manifest["left_out"]["people"]["erased"] == 1
    assert len(made(kail, days[-1]).lines) == 5
    assert len(made(kail, days[-1], "kept").lines) == 1


def test_bytes_hang_neither_on_how_many_are_read_at_once_nor_on_the_moment(training, monkeypatch):
    some_history(training)
    training.forward(days=800)
    day = date(2027, 12, 20)
    first = made(training.kail, day)
    monkeypatch.setattr(service, "MOST_AT_ONCE", 1)
    training.forward(days=30)
    again = made(training.kail, day)
    assert again.content == first.content
    assert again.manifest == first.manifest


def test_a_file_is_read_back_as_training_rows_in_each_form(training, tmp_path):
    some_history(training)
    training.forward(days=800)
    kail, read = training.kail, []
    for ending in (".parquet", ".csv", ".csv.gz"):
        asked = Asked(date(2027, 12, 20), "funded", ending)
        found = service.make(kail.record, kail.live, kail.actors["analyst"], asked, {}, lambda done, total: None)
        (tmp_path / f"rows{ending}").write_bytes(found.content)
        rows = read_rows(tmp_path / f"rows{ending}", kail.live.programme)
        read.append((rows.participant, rows.values("funded"), rows.values("shown"), rows.values("months_of_books")))
    assert read[0] == read[1] == read[2]
    assert len(read[0][0]) == 5


def test_a_pseudonym_is_the_same_in_every_set_and_gone_with_the_key(training):
    kail = training.kail
    person = training.agreeing()
    training.sent(person)
    training.forward(days=400)
    names = {made(kail, day).lines[0]["participant"] for day in ("2026-12-01", "2027-12-20")}
    assert len(names) == 1
    other = open_record(kail.settings.data, "", kail.clock)  # another process, another day
    try:
        with other.read() as tx:
            [row] = known.read_page(tx, kail.actors["analyst"], kail.live, date(2026, 12, 5), "", 10).rows
    finally:
        other.close()
    assert {row[0]} == names
    held = b"".join(path.read_bytes() for path in kail.settings.data.glob("kail.sqlite*"))
    assert names.pop().encode() not in held


@pytest.mark.parametrize("purpose", ["training", "record"])
def test_whoever_takes_consent_back_leaves_the_sets_of_past_days_too(training, purpose):
    kail = training.kail
    staying, leaving = training.agreeing(name="Bu Tetap"), training.agreeing(name="Bu Pergi")
    for person in (staying, leaving):
        training.sent(person)
    training.forward(days=1)
    day = date(2026, 12, 1)
    assert len(made(kail, day).lines) == 2
    entry = {"purpose": purpose, "recipient": "", "given": False, "channel": "paper", "said_on": training.today}
    with kail.record.write() as tx:
        agreements.say(tx, kail.actors["mentor"], leaving, {**entry, "text_version": "2026-11-29", "expires_on": None})
    found = made(kail, day)
    assert len(found.lines) == 1
    why = "no_consent" if purpose == "training" else "consent_withdrawn"
    assert found.manifest["left_out"]["people"] == {why: 1}


def test_a_consent_that_ended_today_counts_no_more_and_one_that_is_given_later_counts_for_the_past(training):
    kail = training.kail
    person = training.trader()
    training.sent(person)
    training.forward(days=1)
    day = date(2026, 12, 1)
    assert made(kail, day).manifest["left_out"]["people"] == {"no_consent": 1}
    with kail.record.write() as tx:
        say(tx, kail.actors["mentor"], person, "training", given=True, channel="paper", said_on=training.today,
            expires_on=training.today)  # fmt: skip
    assert len(made(kail, day).lines) == 1
    training.forward(days=1)
    assert made(kail, day).lines == []


def test_whoever_objects_is_left_out_until_a_person_decided_and_what_was_objected_to_with_reason_for_good(training):
    kail = training.kail
    person = training.agreeing()
    assessment = training.assess(person)
    training.sent(person)
    training.forward(days=1)
    day = date(2026, 12, 1)
    with kail.record.write() as tx:
        objection = objects(tx, kail.actors["mentor"], assessment, "Saya tidak setuju")
    assert made(kail, day).manifest["left_out"]["people"] == {"objection_waits": 1}
    with kail.record.write() as tx:
        decide(tx, kail.actors["operator"], objection, "upheld", "Benar")
    [line] = made(kail, day).lines
    assert (line["suggested"], line["shown"], line["chosen"]) == ("", "", "")


def test_two_organisations_are_never_in_one_file(training):
    kail = training.kail
    for login in ("mentor", "other_mentor"):
        training.assess(training.agreeing(login), login)
    training.forward(days=1)
    found = {
        login: made(kail, "2026-12-01", login=login).column("participant") for login in ("analyst", "other_analyst")
    }
    assert [len(names) for names in found.values()] == [1, 1]
    assert found["analyst"] != found["other_analyst"]
    assert made(kail, "2026-12-01", login="operator").column("participant") == found["analyst"]


def test_no_role_but_an_analyst_and_an_operator_reads_anybody_for_training(training):
    kail = training.kail
    training.assess(training.agreeing())
    training.forward(days=1)
    for login in ("mentor", "officer", "lender"):
        assert made(kail, "2026-12-01", login=login).lines == []


def test_everybody_who_is_read_is_noted_under_the_name_of_who_asked(training):
    kail = training.kail
    person = training.agreeing()
    training.assess(person)
    silent = training.trader()
    training.forward(days=1)
    made(kail, "2026-12-01")
    [entry] = noted(kail, "read_for_training")
    assert entry.account_id == kail.actors["analyst"].account_id
    assert person in entry.detail
    assert silent not in entry.detail


def test_no_cell_is_a_formula(training):
    training.assess(training.agreeing(name="=cmd|' /C calc'!A0", signals={"monthly_profit": -50_000}))
    training.forward(days=1)
    found = made(training.kail, "2026-12-01")
    for line in csv.reader(io.StringIO(found.content.decode())):
        for cell in line:
            assert cell[:1] not in ("=", "+", "@", "\t", "\r"), cell
            assert cell[:1] != "-" or cell[1:].isdigit(), cell
        assert not line[0][0].isdigit()


@pytest.mark.parametrize(
    ("known_at", "code"),
    [("2026-12-02", "day_not_over"), ("2027-01-01", "day_not_over"), ("2026-11-30", "before_anybody")],
)
def test_a_day_that_is_not_over_or_before_everybody_is_refused(training, known_at, code):
    kail = training.kail
    training.agreeing()
    training.forward(days=1)
    with pytest.raises(Refused) as refused, kail.record.read() as tx:
        service.check(tx, kail.actors["analyst"], kail.live, Asked(date.fromisoformat(known_at), "", ".csv"))
    assert [trouble.code for trouble in refused.value.troubles] == [code]
    with pytest.raises(Refused) as refused, kail.record.read() as tx:
        service.check(tx, kail.actors["other_analyst"], kail.live, Asked(date(2026, 12, 1), "", ".csv"))
    assert refused.value.troubles[0].code == "nobody_yet"


def test_a_demos_people_are_said_to_be_synthetic(tmp_path):
    with installation(tmp_path / "data") as kail:
        training = Training(kail)
        training.assess(training.agreeing())
        with kail.record.write() as tx:
            tx.run(update(ORGANISATIONS).values(synthetic=True))
        training.forward(days=1)
        found = made(kail, "2026-12-01")
        assert found.manifest["basis"] == "synthetic"
        assert found.column("source") == ["synthetic"]


def test_the_manifest_says_what_was_made_of_what(training):
    training.assess(training.agreeing())
    training.forward(days=1)
    found = made(training.kail, "2026-12-01")
    said = found.manifest
    assert said["sha256"] == hashlib.sha256(found.content).hexdigest()
    assert said["programme"] == {"id": "okoce", "digest": training.rules.programme.digest}
    assert (said["known_at"], said["outcome"], said["rows_format"]) == ("2026-12-01", None, 2)
    assert len(said["code"]["digest"]) == 64
