"""What happens to a participant between reading and storing counts: nothing is stored of who they no longer are."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from api.assessments import rescreening, service
from api.assessments.rescreening import rescreen
from api.assessments.tables import ASSESSMENTS
from api.audit.tables import AUDIT
from api.consents import service as consents
from api.record.refusals import Refused
from tests.changed_programmes import ANOTHER_LETTER, changed, live_with
from tests.strategies import JAKARTA

TAX_NUMBER = JAKARTA | {"registered": True, "nib": False, "sku": False, "npwp": True}


def withdrawn(kail, person, purpose="recommendation"):
    with kail.client("mentor") as client:
        said = {"purpose": purpose, "given": False, "channel": "phone"}
        assert client.post(f"/api/v1/participants/{person}/consents", json=said).status_code == 201


def withdrawn_wholly(kail, person):
    withdrawn(kail, person, "record")


def version_of(client, person):
    return {"version": client.get(f"/api/v1/participants/{person}").json()["version"]}


def erased(kail, person):
    with kail.client("mentor") as client:
        done = client.post(f"/api/v1/participants/{person}/erasure", json=version_of(client, person))
        assert done.status_code == 200


def handed_over(kail, person):
    with kail.client("operator") as client:
        to = {"mentor_id": kail.actors["mentor2"].account_id}
        done = client.post(f"/api/v1/participants/{person}/mentor", json=to | version_of(client, person))
        assert done.status_code == 200


def objected(kail, person):
    with kail.record.read() as tx:
        made = tx.one(select(ASSESSMENTS.c.id).where(ASSESSMENTS.c.participant_id == person))
    with kail.client("mentor") as client:
        assert client.post(f"/api/v1/assessments/{made.id}/objection", json={"words": "No."}).status_code == 201


REFUSED = [(withdrawn, 409), (withdrawn_wholly, 409), (erased, 404), (handed_over, 404), (objected, 409)]


@pytest.fixture
def during(monkeypatch):
    """Have something done while a recommendation is worked out: once, or `always`."""

    def set_up(act, module=service, *, always=False):
        real = module.work_out

        def work_out(*given):
            worked = real(*given)
            if not always:
                monkeypatch.setattr(module, "work_out", real)
            act()
            return worked

        monkeypatch.setattr(module, "work_out", work_out)

    return set_up


def stored(kail, person):
    """The rows of a participant, and how often the audit says that one was added."""
    with kail.record.read() as tx:
        rows = tx.all(select(ASSESSMENTS.c.id).where(ASSESSMENTS.c.participant_id == person))
        noted = select(AUDIT.c.seq).where(AUDIT.c.action == "assessed", AUDIT.c.object_id == person)
        return len(rows), len(tx.all(noted))


def ask(kail, person):
    with kail.client("mentor") as client:
        return client.post(f"/api/v1/participants/{person}/assessments?language=en")


@pytest.mark.parametrize(("act", "status"), REFUSED)
def test_a_recommendation_is_refused_and_nothing_of_it_stored(kail, during, act, status):
    person = kail.participant()
    kail.evidence(person)
    assert ask(kail, person).status_code == 201
    during(lambda: act(kail, person))
    with pytest.raises(Refused) as refused:  # not by HTTP: what is done meanwhile is
        service.assess(kail.record, kail.live, kail.actors["mentor"], person)
    assert refused.value.status == status
    assert stored(kail, person) == (1, 1)


def test_a_fact_that_comes_in_is_part_of_what_is_stored(kail, during):
    person = kail.participant()
    kail.evidence(person)
    during(lambda: kail.evidence(person, nib=True))
    made = ask(kail, person).json()["id"]
    with kail.client("mentor") as client:
        assert client.get(f"/api/v1/assessments/{made}").json()["inputs"]["signals"]["nib"]["value"] is True
    assert stored(kail, person) == (1, 1)


def test_whoever_changes_all_the_time_is_to_be_asked_for_again(kail, during):
    person, answers = kail.participant(), iter([True, False] * 10)
    kail.evidence(person)
    during(lambda: kail.evidence(person, nib=next(answers)), always=True)
    answer = ask(kail, person)
    assert (answer.status_code, answer.json()["problems"][0]["remedy"]) == (409, "Try again.")
    assert stored(kail, person) == (0, 0)


@pytest.mark.parametrize("act", [act for act, _ in REFUSED])
def test_a_re_screening_names_them_as_it_found_them_and_stores_nothing(kail, during, tmp_path, act):
    person = kail.participant()
    kail.evidence(person, **TAX_NUMBER)
    service.assess(kail.record, kail.live, kail.actors["mentor"], person)
    live = live_with(kail, changed(tmp_path / "letters", ANOTHER_LETTER))
    during(lambda: act(kail, person), rescreening)
    assert [(one.participant, one.stored) for one in rescreen(kail.record, live, "en", keep=True)] == [(person, False)]
    assert stored(kail, person) == (1, 1)


def test_a_consent_that_ends_at_midnight_is_not_used_after_it(kail, during):
    person = kail.participant()
    kail.evidence(person)
    with kail.record.write() as tx:
        today = kail.live.today
        consents.say(
            tx, kail.actors["mentor"], person, "record", given=True, channel="phone", said_on=today, expires_on=today
        )
    during(lambda: kail.clock.forward(days=1))
    with pytest.raises(Refused) as refused:
        service.assess(kail.record, kail.live, kail.actors["mentor"], person)
    assert [trouble.code for trouble in refused.value.troubles] == ["no_consent_record"]
    assert stored(kail, person) == (0, 0)


def test_a_consent_that_ends_while_a_re_screening_waits_ends_it_too(kail, during, tmp_path):
    person = kail.participant()
    kail.evidence(person, **TAX_NUMBER)
    service.assess(kail.record, kail.live, kail.actors["mentor"], person)
    with kail.record.write() as tx:
        today = kail.live.today
        consents.say(
            tx, kail.actors["mentor"], person, "record", given=True, channel="phone", said_on=today, expires_on=today
        )
    live = live_with(kail, changed(tmp_path / "letters", ANOTHER_LETTER))
    during(lambda: kail.clock.forward(days=1), rescreening)
    assert [one.stored for one in rescreen(kail.record, live, "en", keep=True)] == [False]
    assert stored(kail, person) == (1, 1)
