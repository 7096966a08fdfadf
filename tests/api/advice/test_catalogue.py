"""The catalogue has all that a form needs, on any day of the programme, in both languages."""

import pytest


@pytest.fixture
def programme(client):
    def programme(**query):
        response = client.get("/api/v1/programme", params=query)
        assert response.status_code == 200, response.text
        return response.json()

    return programme


@pytest.mark.parametrize("language", ["id", "en"])
def test_every_signal_has_what_a_form_needs(programme, live, language, conforms):
    found = programme(language=language)
    conforms(found, "Programme")
    assert [signal["id"] for signal in found["signals"]] == list(live.rules.signals)
    for signal in found["signals"]:
        assert signal["label"]
        assert signal["kind"]
        assert signal["question"]
        assert signal["our_choice"] or signal["source"]
        if signal["kind"] in ("number", "money"):
            assert signal["minimum"] < signal["maximum"]
        if signal["kind"] in ("choice", "choices"):
            assert all(code["code"] and code["label"] for code in signal["codes"])


def test_steps_interventions_products_and_tiers_say_where_they_come_from(programme, live):
    found = programme()
    for kind in ("steps", "interventions", "products", "tiers"):
        assert found[kind]
        assert all(entry["source"] or entry["our_choice"] for entry in found[kind])
    assert found["tier_notice"] == live.programme.tier_notice["id"]
    assert found["digest"] == live.programme.digest
    assert found["as_of"] == "2026-11-21"


def test_evidence_comes_with_its_figures(programme):
    mentoring = next(i for i in programme(language="en")["interventions"] if i["id"] == "weekly_mentoring")
    assert any(e["effect"] and e["standard_error"] for e in mentoring["evidence"])


def test_the_catalogue_is_that_of_the_day_asked(programme):
    then, now = programme(as_of="2018-10-01"), programme()
    assert {p["id"]: p["availability"] for p in then["products"]}["bankdki_monas_pemula_okoce"] == "running"
    assert {p["id"]: p["availability"] for p in now["products"]}["bankdki_monas_pemula_okoce"] != "running"
    assert any(order["hard"] for step in then["steps"] for order in step["order"])
    assert not any(order["hard"] for step in now["steps"] for order in step["order"])


def test_all_that_is_wrong_with_the_address_is_said_at_once(client):
    query = "language=fr&as_of=2017-01-01&lang=en&as_of=x"
    response = client.get(f"/api/v1/programme?{query}")
    assert response.status_code == 400
    assert {p["field"] for p in response.json()["problems"]} == {"language", "as_of", "lang"}


@pytest.mark.parametrize("query", ["as_of=", "as_of=2026-11-22", "language=", "as_of=%ff%fe", "x" * 5000, "as_of=%00"])
def test_an_odd_address_is_refused_with_a_reason(client, query):
    response = client.get(f"/api/v1/programme?{query}")
    assert response.status_code == 400
    assert response.json()["problems"]
