"""Doubts about what is recorded: said right after it was saved, confirmed with one button, corrected, never in the way."""

from __future__ import annotations

import pytest

from api.participants.evidence import evidence_of
from api.participants.gate import RECORD, may
from tests.importing import imported, page_of
from tests.reading import field, read

BOTH = pytest.mark.parametrize("language", ["id", "en"])
TOO_MUCH = {"business_running": True, "monthly_revenue": 3_000_000, "monthly_profit": 9_000_000, "wants_capital": True}
SAID = {
    "id": "Untung sebulan Rp9.000.000 lebih besar daripada omzet Rp3.000.000.",
    "en": "A profit of Rp9,000,000 a month is more than sales of Rp3,000,000.",
}
RIGHT = {"id": "Ya, sudah benar", "en": "It is right"}


def facts(kail, person, name="monthly_profit"):
    with kail.record.read() as tx:
        found = evidence_of(tx, may(tx, kail.actors["mentor"], person, RECORD))
    return [(one.value, one.on.isoformat(), one.proof, one.sure) for one in found if one.signal == name]


def hidden(response, name):
    return [a["value"] for tag, a in read(response).tags if tag == "input" and a.get("name") == name]


# -- by API ------------------------------------------------------------------------------------------------------------


def test_what_is_doubtful_is_answered_at_once_and_what_is_confirmed_is_sealed_with_its_fact(kail):
    person = kail.participant()
    url = f"/api/v1/participants/{person}/evidence"
    with kail.client("mentor") as client:
        first = client.post(f"{url}?language=en", json={"signals": TOO_MUCH}).json()
        assert [(one["id"], one["text"].split(" Profit is")[0]) for one in first["doubts"]] == [
            ("profit_above_revenue", SAID["en"])
        ]
        assert first["doubts"][0]["signals"] == [
            {"signal": "monthly_profit", "label": "Profit a month", "value": 9_000_000},
            {"signal": "monthly_revenue", "label": "Sales a month", "value": 3_000_000},
        ]
        again = client.post(url, json={"signals": {"monthly_profit": {"value": 9_000_000, "sure": True}}}).json()
        assert (again["new"], [one["signal"] for one in again["doubts"][0]["signals"]]) == (1, ["monthly_revenue"])
        both = client.post(url, json={"signals": {"monthly_revenue": {"value": 3_000_000, "sure": True}}}).json()
        assert (both["new"], both["doubts"]) == (1, [])
        same = client.post(url, json={"signals": {"monthly_profit": 9_000_000}}).json()
        assert (same["new"], same["doubts"]) == (0, []), "said once more it stays confirmed"
        newer = client.post(url, json={"signals": {"monthly_profit": 8_000_000}}).json()
        assert (newer["new"], len(newer["doubts"])) == (1, 1), "another value has to be confirmed by itself"
    assert [one[3] for one in facts(kail, person)] == [False, True, False]
    wrong = {"signals": {"monthly_profit": {"value": 1, "sure": "yes"}}}
    with kail.client("mentor") as client:
        refused = client.post(url, json=wrong)
        assert refused.status_code == 400
        assert [one["field"] for one in refused.json()["problems"]] == ["signals.monthly_profit.sure"]


def test_an_assessment_names_the_doubt_and_replays_to_the_same_bytes_before_and_after_it_was_confirmed(kail):
    person = kail.participant()
    kail.evidence(person, **TOO_MUCH, amount_asked=9_000_000)
    with kail.client("mentor") as client:

        def assess():
            made = client.post(f"/api/v1/participants/{person}/assessments").json()["id"]
            found = client.get(f"/api/v1/assessments/{made}").json()
            assert client.get(f"/api/v1/assessments/{made}/replay").json()["same"] is True
            return found["result"] if "result" in found else found["core"]

        doubtful = assess()
        assert [one["id"] for one in doubtful["doubts"]] == ["profit_above_revenue"]
        assert doubtful["tier"]["provisional"] is True
        assert not any(product["offered"] for product in doubtful["products"].values())
        kail.evidence(
            person,
            monthly_profit={"value": 9_000_000, "sure": True},
            monthly_revenue={"value": 3_000_000, "sure": True},
        )
        sure = assess()
        assert "doubts" not in sure, "what has no doubt keeps the bytes that it had"


def test_the_work_list_says_what_is_doubtful(small_kail):
    person = small_kail.participant()
    small_kail.evidence(person, **TOO_MUCH)
    with small_kail.client("mentor") as client:
        client.post(f"/api/v1/participants/{person}/assessments")
    small_kail.clock.forward(days=8)
    with small_kail.client("mentor") as client:
        (entry,) = client.get("/api/v1/work-list?language=en").json()["entries"]
    assert any(line.startswith(SAID["en"]) for line in entry["why"])


# -- on pages ----------------------------------------------------------------------------------------------------------


@BOTH
def test_after_saving_the_page_says_what_it_understood_and_one_button_confirms_it(small_kail, language):
    person = small_kail.participant()
    asked = {"language": language}
    with small_kail.client("mentor") as client:
        form = {"version": 1, "on": "2026-11-20", "proof": "seen"}
        filled = {"signals.monthly_profit": "9.000.000", "signals.monthly_revenue": "3000000"}
        saved = client.post(f"/participants/{person}/evidence", data={**form, **filled}, params=asked)
        assert SAID[language] in read(saved).text
        assert RIGHT[language] in read(saved).text
        assert SAID[language] in read(client.get(f"/participants/{person}/evidence", params=asked)).text
        sure = hidden(saved, "sure")
        assert sure == ["monthly_profit", "monthly_revenue"]
        version = field(read(saved), "version")
        done = client.post(f"/participants/{person}/evidence", data={"version": version, "sure": sure}, params=asked)
        assert SAID[language] not in read(done).text
        assert RIGHT[language] not in read(done).text
        late = client.post(f"/participants/{person}/evidence", data={"version": version, "sure": sure}, params=asked)
        assert late.status_code == 409
    assert facts(small_kail, person) == [
        (9_000_000, "2026-11-20", "seen", False),
        (9_000_000, "2026-11-20", "seen", True),
    ]


@BOTH
def test_what_is_doubtful_is_corrected_where_it_is_said(small_kail, language):
    person = small_kail.participant()
    small_kail.evidence(person, monthly_profit={"value": 3_000, "on": "2026-11-01"}, monthly_revenue=2_000)
    with small_kail.client("mentor") as client:
        shown = client.get(f"/participants/{person}", params={"language": language})
        said = read(shown).text
        asked = {"id": "Maksudnya Rp3.000.000?", "en": "Did you mean Rp3,000,000?"}
        assert asked[language] in said
        assert hidden(shown, "on") == ["2026-11-21"]
        corrected = {"version": field(read(shown), "version"), "on": "2026-11-21"}
        corrected |= {"signals.monthly_profit": "3.000.000", "signals.monthly_revenue": "20.000.000"}
        done = client.post(f"/participants/{person}/evidence", data=corrected, params={"language": language})
        assert RIGHT[language] not in read(done).text
    assert facts(small_kail, person)[-1] == (3_000_000, "2026-11-21", "", False)


def test_the_recommendations_page_says_what_is_doubtful(small_kail):
    person = small_kail.participant()
    small_kail.evidence(person, **TOO_MUCH)
    with small_kail.client("mentor") as client:
        made = client.post(f"/api/v1/participants/{person}/assessments").json()["id"]
        assert SAID["id"] in read(client.get(f"/assessments/{made}")).text


def test_confirming_what_is_not_known_records_nothing(small_kail):
    person = small_kail.participant()
    small_kail.evidence(person, nib=True)
    with small_kail.client("mentor") as client:
        version = field(read(client.get(f"/participants/{person}/evidence")), "version")
        form = {"version": version, "sure": ["monthly_profit", "no_such_signal"]}
        read(client.post(f"/participants/{person}/evidence", data=form))
    assert facts(small_kail, person) == []


def test_another_mentor_confirms_nothing(small_kail):
    person = small_kail.participant("mentor2")
    small_kail.evidence(person, "mentor2", **TOO_MUCH)
    with small_kail.client("mentor") as client:
        assert client.post(f"/participants/{person}/evidence", data={"version": 2, "sure": "nib"}).status_code == 404


# -- from a file -------------------------------------------------------------------------------------------------------

SHEET = "participant,name,monthly_revenue,monthly_profit\nK-1,Bu Ani,3000000,9000000\nK-2,Bu Ida,9000000,3000000\n"


def test_doubtful_rows_are_taken_and_told_with_row_column_and_value(kail):
    found = imported(kail, SHEET)
    assert (found["taken"], found["registered"], found["rejected_rows"], found["doubtful_rows"]) == (2, 2, 0, 1)
    (told,) = found["problems"]
    assert (told["row"], told["field"], told["value"], told["doubt"]) == (1, "monthly_profit", "9000000", True)
    assert told["remedy"].startswith(SAID["en"])
    assert told["remedy"].endswith("counts as unknown.")


def test_a_row_is_held_against_what_is_known_of_somebody(kail):
    imported(kail, "participant,name,monthly_revenue,nib\nK-1,Bu Ani,3000000,ya\n")
    found = imported(kail, "participant,name,monthly_profit\nK-1,Bu Ani,9000000\n")
    assert (found["taken"], found["registered"], found["doubtful_rows"]) == (1, 0, 1)
    assert found["problems"][0]["field"] == "monthly_profit"
    later = imported(kail, "participant,name,nib\nK-1,Bu Ani,tidak\n")
    assert (later["doubtful_rows"], later["problems"]) == (0, []), "a row that says nothing of it is not doubtful"


@BOTH
def test_the_page_of_an_import_lists_what_is_doubtful_apart_from_what_was_not_taken(small_kail, language):
    with small_kail.client("mentor") as client:
        client.headers["accept-language"] = language
        text = SHEET + "K-3,Bu Umi,tiga,1000000\n"
        fields = {"consents": ["record", "recommendation"], "channel": "paper", "said_on": "2026-11-20"}
        sent = client.post(
            "/imports",
            data={**fields, "text_version": "2026-11"},
            files={"file": ("people.csv", text.encode())},
            params={"language": language},
            follow_redirects=False,
        )
        shown = read(page_of(small_kail, client, sent)).text
    assert SAID[language] in shown
    assert {"id": "Baris ini sudah masuk.", "en": "These rows were taken."}[language] in shown
    assert "Bu Umi" not in shown
