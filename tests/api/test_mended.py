"""Faults that a second pair of eyes found in the record; each would come back unseen without its test here."""

from __future__ import annotations

import sqlite3
from datetime import date

import pytest
from click.testing import CliRunner

from api.commands.main import cli
from api.participants.people import people_of
from tests.installation import PASSWORD, installation


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


def test_a_result_whose_objection_was_upheld_is_on_no_work_list(small_kail):
    person = small_kail.participant()
    small_kail.evidence(person)
    with small_kail.client("mentor") as client:
        made = client.post(f"/api/v1/participants/{person}/assessments").json()["id"]
        number = client.post(f"/api/v1/assessments/{made}/objection", json={"words": "Salah."}).json()["id"]
    with small_kail.client("operator") as client:
        body = {"decision": "upheld", "reason": "Benar."}
        assert client.post(f"/api/v1/objections/{number}/decision", json=body).status_code == 200
    with small_kail.client("mentor") as client:
        [entry] = client.get("/api/v1/work-list").json()["entries"]
        assert entry["tier"] is None


def test_a_fact_that_the_programme_no_longer_has_is_unknown_and_can_be_taken_back(small_kail):
    from dataclasses import replace

    from api.assessments.service import assess
    from api.assessments.stored import find_assessment
    from api.participants import evidence
    from api.participants.people import find
    from matcher.programme.rules import rules_on

    person = small_kail.participant()
    small_kail.evidence(person)
    small_kail.evidence(person, sector="fashion")
    fewer = {code: text for code, text in small_kail.live.rules.signals["sector"].values.items() if code != "fashion"}
    signals = tuple(
        replace(signal, values=fewer) if signal.id == "sector" else signal
        for signal in small_kail.live.programme.signals
    )
    live = replace(small_kail.live, programme=replace(small_kail.live.programme, signals=signals, digest="f" * 64))

    actor = small_kail.actors["mentor"]
    made, _ = assess(small_kail.record, live, actor, person)
    with small_kail.record.write() as tx:
        assert "sector" not in find_assessment(tx, actor, made)[0].inputs["signals"]
        rules = rules_on(live.programme, date(2026, 11, 21))
        assert evidence.add(tx, actor, find(tx, actor, person), rules, {"nib": True}, "en") == 1


@pytest.mark.parametrize("nik", ["١٢٣٤٥٦٧٨٩٠١٢٣٤٥٦", "317101410180000"])
def test_a_nik_has_sixteen_digits_that_everybody_writes(small_kail, nik):
    with small_kail.client("mentor") as client:
        body = {"name": "Bu Ani", "nik": nik, "consents": ["record"], "channel": "paper"}
        answer = client.post("/api/v1/participants", json=body)
        assert answer.status_code == 400
        assert [problem["field"] for problem in answer.json()["problems"]] == ["nik"]


def test_a_nik_in_wide_digits_is_the_same_nik(small_kail):
    with small_kail.client("mentor") as client:
        body = {"name": "Bu Ani", "nik": "３１７１０１４１０１８００００１", "consents": ["record"], "channel": "paper"}
        assert client.post("/api/v1/participants", json=body).json()["nik"] == "3171014101800001"


@pytest.mark.parametrize("name", ["\u200b\u200b", "Ani\u202e", "Ani\nBudi", "..."])
def test_a_name_can_be_seen_and_stands_on_one_line(small_kail, name):
    with small_kail.client("mentor") as client:
        body = {"name": name, "consents": ["record"], "channel": "paper"}
        assert client.post("/api/v1/participants", json=body).status_code == 400
    with small_kail.record.read() as tx:
        assert people_of(tx, small_kail.actors["mentor"]) == []


def test_a_key_that_stands_twice_is_no_fact(small_kail):
    person = small_kail.participant()
    with small_kail.client("mentor") as client:
        body = b'{"signals": {"nib": true, "nib": false}}'
        answer = client.post(f"/api/v1/participants/{person}/evidence", content=body)
        assert answer.status_code == 400
        assert answer.json()["problems"][0]["field"].endswith("nib")


def test_a_new_password_ends_the_api_keys_too(small_kail):
    with small_kail.client("lender") as client:
        body = {"name": "system", "scopes": ["me"], "expires_on": "2026-12-21"}
        key = {"authorization": f"Bearer {client.post('/api/v1/me/keys', json=body).json()['key']}"}
        client.post("/api/v1/me/password", json={"old": PASSWORD, "new": "tiga-ekor-burung-merpati"})
        client.cookies.clear()
        assert client.get("/api/v1/me", headers=key).status_code == 401


def test_a_recipient_of_a_referral_is_a_lender(small_kail):
    person = small_kail.participant()
    with small_kail.client("mentor") as client:
        ours = small_kail.actors["analyst"].organisation_id
        with small_kail.record.write() as tx:
            from sqlalchemy import update

            from api.accounts.tables import ACCOUNTS

            tx.run(
                update(ACCOUNTS)
                .where(ACCOUNTS.c.role == "lender", ACCOUNTS.c.organisation_id == ours)
                .values(role="analyst")
            )
        bank = small_kail.actors["other_lender"].organisation_id
        assert consent(client, person, purpose="referral", recipient=ours).status_code == 400
        assert consent(client, person, purpose="referral", recipient=bank).status_code == 201


def test_a_chain_that_is_gone_altogether_is_found(tmp_path):
    with installation(tmp_path / "data") as kail:
        kail.participant()
    store = sqlite3.connect(tmp_path / "data" / "kail.sqlite")
    for table in ("audit", "consents"):
        store.execute(f"DELETE FROM {table}")
    store.execute("DELETE FROM chain_ends")
    store.commit()
    store.close()
    answer = CliRunner().invoke(cli, ["audit", "verify", "--data", str(tmp_path / "data")])
    assert answer.exit_code == 3
    assert answer.output.count("the whole chain is gone") == 2


def test_who_may_not_see_a_page_still_has_their_menu(small_kail):
    with small_kail.client("analyst") as client:
        refused = client.get("/work-list")
    assert refused.status_code == 403
    assert 'href="/disagreements"' in refused.text


@pytest.mark.parametrize(
    ("wrong", "shown"),
    [(["record"], "[...]"), ({"record": True}, "{...}"), (7, "7"), (False, "false"), ("rekord", "rekord")],
)
def test_a_wrong_choice_is_shown_as_it_was_sent(small_kail, wrong, shown):
    with small_kail.client("mentor") as client:
        sent = {"name": "Bu Ani", "consents": [wrong], "channel": "paper"}
        said = client.post("/api/v1/participants?language=en", json=sent).json()
    assert [p["message"] for p in said["problems"]] == [f"consents cannot be {shown}."]
