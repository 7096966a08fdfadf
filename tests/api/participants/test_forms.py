"""What is sent about a participant: NIK, name and choices, read as people write them."""

import pytest

from api.participants.people import people_of


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


@pytest.mark.parametrize(
    ("wrong", "shown"),
    [(["record"], "[...]"), ({"record": True}, "{...}"), (7, "7"), (False, "false"), ("rekord", "rekord")],
)
def test_a_wrong_choice_is_shown_as_it_was_sent(small_kail, wrong, shown):
    with small_kail.client("mentor") as client:
        sent = {"name": "Bu Ani", "consents": [wrong], "channel": "paper"}
        said = client.post("/api/v1/participants?language=en", json=sent).json()
    assert [p["message"] for p in said["problems"]] == [f"consents cannot be {shown}."]
