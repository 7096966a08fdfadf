"""Agreements: what a participant may say about a consent, and what follows from it."""

from sqlalchemy import update

from api.accounts.tables import ACCOUNTS


def consent(client, person, **more):
    said = {"purpose": "recommendation", "given": True, "channel": "paper", **more}
    return client.post(f"/api/v1/participants/{person}/consents", json=said)


def test_an_older_paper_does_not_undo_a_withdrawal(small_kail):
    person = small_kail.participant()
    small_kail.evidence(person)
    with small_kail.client("mentor") as client:
        assert consent(client, person, given=False).status_code == 201
        older = consent(client, person, said_on="2026-11-20")
        assert older.status_code == 409
        assert "2026-11-21" in older.json()["problems"][0]["message"]
        assert client.post(f"/api/v1/participants/{person}/assessments").status_code == 409
        assert consent(client, person, said_on="2026-11-21").status_code == 201
        assert client.post(f"/api/v1/participants/{person}/assessments").status_code == 201


def test_a_recipient_of_a_referral_is_a_lender(small_kail):
    person = small_kail.participant()
    with small_kail.client("mentor") as client:
        ours = small_kail.actors["analyst"].organisation_id
        with small_kail.record.write() as tx:
            tx.run(
                update(ACCOUNTS)
                .where(ACCOUNTS.c.role == "lender", ACCOUNTS.c.organisation_id == ours)
                .values(role="analyst")
            )
        bank = small_kail.actors["other_lender"].organisation_id
        assert consent(client, person, purpose="referral", recipient=ours).status_code == 400
        assert consent(client, person, purpose="referral", recipient=bank).status_code == 201


def test_nothing_is_worked_out_again_after_a_withdrawal_or_while_an_objection_waits(small_kail):
    person = small_kail.participant()
    small_kail.evidence(person)
    with small_kail.client("mentor") as client:
        made = client.post(f"/api/v1/participants/{person}/assessments").json()["id"]
        assert client.get(f"/api/v1/assessments/{made}").json()["same"] is True
        consent(client, person, given=False)
        withdrawn = client.get(f"/api/v1/assessments/{made}").json()
        assert (withdrawn["same"], withdrawn["answer"]) == (None, None)
        consent(client, person)
        client.post(f"/api/v1/assessments/{made}/objection", json={"words": "Tidak setuju."})
        assert client.get(f"/api/v1/assessments/{made}").json()["answer"] is None
        listed = [one[0] for one in withdrawn["core"]["interventions"]]
        body = {"chosen": listed[1], "code": "too_far"}
        assert client.post(f"/api/v1/assessments/{made}/override", json=body).status_code == 409
