"""Re-screening: when a bank comes to accept another letter, exactly those who hold it are named, with the reason."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from api.assessments import service, stored
from api.assessments.rescreening import rescreen
from api.assessments.tables import ASSESSMENTS
from api.consents import service as consents
from tests.changed_programmes import ANOTHER_LETTER, OLDER, changed, live_with
from tests.strategies import JAKARTA

NO_LETTER = JAKARTA | {
    "nib": False,
    "sku": False,
    "npwp": False,
    "cash_at_hand": 0,
    "ktp_dki": True,
    "registered": True,
}
TAX_NUMBER = NO_LETTER | {"npwp": True}
NIB = NO_LETTER | {"nib": True}


def somebody(kail, signals, login="mentor", *, assessed=True, **more):
    person = kail.participant(login, **more)
    kail.evidence(person, login, **signals)
    if assessed:
        service.assess(kail.record, kail.live, kail.actors[login], person)
    return person


def assessments(kail):
    with kail.record.read() as tx:
        return [tuple(row) for row in tx.all(select(ASSESSMENTS).order_by(ASSESSMENTS.c.id))]


@pytest.fixture
def letters(small_kail, tmp_path):
    """An installation, and the rules after KUR Super Mikro came to accept an NPWP in place of an NIB or an SKU."""
    return small_kail, live_with(small_kail, changed(tmp_path / "letters", ANOTHER_LETTER))


def gained(one, product="kur_super_mikro"):
    return [e for e in one.entries if e["kind"] == "product" and e["id"] == product and e["gained"]]


def test_exactly_those_who_hold_the_letter_gain_and_because_of_the_rules(letters):
    kail, live = letters
    winners = {
        somebody(kail, TAX_NUMBER),
        somebody(kail, TAX_NUMBER, "mentor2"),
        somebody(kail, TAX_NUMBER, "other_mentor"),
    }
    for signals in (NO_LETTER, NIB, TAX_NUMBER | {"arrears_idr": 100_000}):
        somebody(kail, signals)
    before = assessments(kail)
    found = list(rescreen(kail.record, live, "en"))
    assert {one.participant for one in found if gained(one)} == winners
    for one in found:
        assert {entry["because"] for entry in one.entries} == {"rules"}
        for entry in gained(one):
            assert entry["text"] == "KUR Super Mikro (smallest government-backed loan): can be offered now."
            assert entry["why"][0].startswith("No longer in the way: ")
    assert assessments(kail) == before  # to look is not to keep


def test_those_who_hold_the_letter_but_were_never_asked_do_not_agree_or_object_are_left_alone(letters):
    kail, live = letters
    somebody(kail, TAX_NUMBER, assessed=False)
    withdrawn, expired, objecting, erased = (somebody(kail, TAX_NUMBER) for _ in range(4))
    with kail.record.write() as tx:
        day = kail.live.today
        consents.say(tx, kail.actors["mentor"], withdrawn, "recommendation", given=False, channel="phone", said_on=day)
        consents.say(
            tx, kail.actors["mentor"], expired, "record", given=True, channel="phone", said_on=day, expires_on=day
        )
        row = tx.one(select(ASSESSMENTS.c.id).where(ASSESSMENTS.c.participant_id == objecting))
    kail.clock.forward(days=1)
    with kail.client("mentor") as client:
        client.post(f"/api/v1/assessments/{row.id}/objection", json={"words": "No."})
        version = client.get(f"/api/v1/participants/{erased}").json()["version"]
        assert client.post(f"/api/v1/participants/{erased}/erasure", json={"version": version}).status_code == 200
    assert list(rescreen(kail.record, live, "en", keep=True)) == []


def test_kept_re_screenings_are_stored_once_and_say_what_caused_them(letters):
    kail, live = letters
    winner, other = somebody(kail, TAX_NUMBER), somebody(kail, NIB)
    seen = []
    changed_ones = {
        one.participant for one in rescreen(kail.record, live, "en", keep=True, progress=lambda *at: seen.append(at))
    }
    assert winner in changed_ones
    assert seen == [(1, 2), (2, 2)]
    with kail.record.read() as tx:
        latest = stored.latest_of(tx, [winner, other])
    assert (latest[winner].cause, latest[winner].place, latest[winner].account_id) == ("rescreened", 2, None)
    assert latest[winner].programme_digest == live.programme.digest
    assert latest[other].place == 1 + (other in changed_ones)
    assert list(rescreen(kail.record, live, "en", keep=True)) == []


def test_new_facts_are_told_apart_from_new_rules(letters):
    kail, live = letters
    person = somebody(kail, NO_LETTER)
    kail.evidence(person, nib=True)
    (by_facts,) = rescreen(kail.record, kail.live, "en")
    assert {e["because"] for e in gained(by_facts)} == {"facts_or_time"}
    (by_facts,) = rescreen(kail.record, live, "en")
    assert {e["because"] for e in gained(by_facts)} == {"facts_or_time"}


def test_whoever_loses_is_named_as_well(small_kail, tmp_path):
    kail = small_kail
    person = somebody(kail, NIB)
    live = live_with(kail, changed(tmp_path / "older", OLDER))
    (found,) = rescreen(kail.record, live, "id")
    (entry,) = [e for e in found.entries if e["id"] == "kur_super_mikro" and e["kind"] == "product"]
    assert found.participant == person
    assert (entry["gained"], entry["because"]) == (False, "rules")


def test_under_unchanged_rules_and_facts_nobody_is_named(small_kail):
    for signals in (NO_LETTER, NIB, TAX_NUMBER):
        somebody(small_kail, signals)
    assert list(rescreen(small_kail.record, small_kail.live, "en")) == []
