"""Who takes back that they are kept is erased within three days, unless they agree again; an operator sees it coming."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import select

from api.audit.tables import AUDIT
from api.jobs.worker import tidy
from api.participants import agreements, rights
from api.participants.tables import PARTICIPANTS
from api.participants.withdrawals import erase_due
from api.record.key_store import Erased
from tests.keys import key_of
from tests.reading import read


def says(kail, person, *, given, purpose="record", expires_on=None, login="operator"):
    entry = {"purpose": purpose, "recipient": "", "given": given, "channel": "paper", "expires_on": expires_on}
    with kail.record.write() as tx:
        agreements.say(tx, kail.actors[login], person, {**entry, "said_on": kail.live.today})


def is_erased(kail, person):
    with kail.record.read() as tx:
        return tx.one(select(PARTICIPANTS.c.erased_at).where(PARTICIPANTS.c.id == person)).erased_at is not None


def test_it_is_done_by_itself_before_three_days_are_over_and_not_much_sooner(kail):
    gone, stays = kail.participant(name="Bu Ida"), kail.participant(name="Bu Umi")
    kail.evidence(gone)
    says(kail, gone, given=False)
    kail.clock.forward(hours=70, minutes=59)
    assert erase_due(kail.record) == 0
    kail.clock.forward(minutes=1)
    tidy(kail.record, kail.settings.data)
    assert [is_erased(kail, person) for person in (gone, stays)] == [True, False]
    with pytest.raises(Erased):
        key_of(kail.record.vault, gone)
    with kail.record.read() as tx:
        assert not any(row.sealed for row in tx.all(select(PARTICIPANTS)) if row.id == gone)
        [entry] = [row for row in tx.all(select(AUDIT)) if row.action == "erased"]
    ours = kail.actors["mentor"].organisation_id
    assert (entry.object_id, entry.account_id, entry.organisation_id) == (gone, None, ours)
    assert json.loads(entry.detail)["rows"] > 10
    assert erase_due(kail.record) == 0


def test_everybody_who_is_due_is_erased_at_once_and_each_alone(kail):
    people = [kail.participant(name=f"Bu {n}") for n in range(5)]
    for person in people[:4]:
        says(kail, person, given=False)
    kail.clock.forward(days=400)
    assert erase_due(kail.record) == 4
    assert [is_erased(kail, person) for person in people] == [True] * 4 + [False]


@pytest.mark.parametrize("hours", [0, 70])
def test_who_agrees_again_in_time_stays(kail, hours):
    person = kail.participant()
    says(kail, person, given=False)
    kail.clock.forward(hours=hours)
    says(kail, person, given=True)
    kail.clock.forward(days=10)
    assert erase_due(kail.record) == 0
    says(kail, person, given=False)  # it begins anew
    kail.clock.forward(hours=70)
    assert erase_due(kail.record) == 0
    kail.clock.forward(hours=2)
    assert erase_due(kail.record) == 1


@pytest.mark.parametrize("purpose", ["recommendation", "training"])
def test_another_consent_taken_back_erases_nobody(kail, purpose):
    person = kail.participant(consents=("record", purpose))
    says(kail, person, given=False, purpose=purpose)
    kail.clock.forward(days=10)
    assert erase_due(kail.record) == 0


def test_who_was_erased_by_hand_is_not_erased_again(kail):
    person = kail.participant()
    says(kail, person, given=False)
    rights.erase(kail.record, kail.actors["mentor"], person, 2)
    kail.clock.forward(days=10)
    assert erase_due(kail.record) == 0


def test_an_operator_sees_who_is_to_be_erased_and_only_of_their_own(kail):
    first, second = kail.participant(name="Bu Ida"), kail.participant("mentor2", name="Bu Umi")
    theirs = kail.participant("other_mentor", name="Bu Cici")
    for person in (first, second):
        says(kail, person, given=False)
        kail.clock.forward(hours=1)
    says(kail, theirs, given=False, login="other_mentor")
    with kail.client("operator") as client:
        found = client.get("/api/v1/withdrawals").json()["withdrawals"]
        assert [(one["participant"], one["name"]) for one in found] == [(first, "Bu Ida"), (second, "Bu Umi")]
        assert (found[0]["withdrawn_at"], found[0]["erased_by"]) == ("2026-11-21T02:00:00Z", "2026-11-24T02:00:00Z")
        page = read(client.get("/withdrawals")).text
        assert "Dihapus paling lambat 24 November 2026, 09.00." in page
        assert "Bu Cici" not in page
        assert "Dihapus paling lambat" not in read(client.get(f"/participants/{first}")).text
        assert "dihapus paling lambat 24 November 2026" in read(client.get(f"/participants/{first}")).text
        listed = [e for e in client.get("/api/v1/audit").json()["entries"] if e["action"] == "saw_withdrawals"]
        assert set(listed[0]["detail"]["participants"]) == {first, second}
    with kail.client("mentor") as client:
        assert "setuju lagi sebelum itu" in read(client.get(f"/participants/{first}/consents")).text
        assert client.get(f"/api/v1/participants/{first}").status_code == 409
    with kail.client("other_operator") as client:
        assert [one["participant"] for one in client.get("/api/v1/withdrawals").json()["withdrawals"]] == [theirs]
