"""The OpenAPI document: complete, valid, and true to what the service accepts and answers."""

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st


@pytest.fixture(scope="module")
def document(client):
    response = client.get("/schema/openapi.json")
    assert response.status_code == 200
    return response.json()


@pytest.fixture(scope="module")
def signals(document):
    return document["components"]["schemas"]["RecommendationRequest"]["properties"]["signals"]["properties"]


def references(value):
    if isinstance(value, dict):
        if "$ref" in value:
            yield value["$ref"]
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def test_the_document_is_openapi_3_1_with_every_address(document):
    assert document["openapi"].startswith("3.1")
    assert set(document["paths"]) == {"/api/v1/recommendations", "/api/v1/programme", "/health", "/ready"}


def test_every_schema_is_valid_and_every_reference_leads_somewhere(document):
    for schema in document["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)
    for reference in references(document):
        assert reference.removeprefix("#/components/schemas/") in document["components"]["schemas"]


def test_every_operation_has_an_id_of_its_own(document):
    ids = [operation["operationId"] for path in document["paths"].values() for operation in path.values()]
    assert len(ids) == len(set(ids))


def test_every_signal_stands_in_it_with_its_bounds_and_codes(signals, live):
    assert set(signals) == {name for name, signal in live.rules.signals.items() if not signal.derived}
    for name, schema in signals.items():
        signal, value = live.rules.signals[name], schema["anyOf"][0]
        assert signal.label["id"] in schema["title"]
        assert signal.question["en"] in schema["description"]
        assert schema["x-kind"] == signal.kind
        if signal.kind in ("number", "money"):
            assert (value["minimum"], value["maximum"]) == (signal.minimum, signal.maximum)
        if signal.kind == "choice":
            assert value["enum"] == list(signal.values)
        if signal.kind == "choices":
            assert value["items"]["enum"] == list(signal.values)


def test_the_problems_of_a_request_are_declared(document):
    responses = document["paths"]["/api/v1/recommendations"]["post"]["responses"]
    assert set(responses) == {"200", "400", "413", "415", "500", "503"}
    for status in ("400", "413", "415"):
        assert set(responses[status]["content"]) == {"application/problem+json"}


def test_both_forms_of_an_answer_and_how_to_ask_for_them_are_declared(document):
    asked = document["paths"]["/api/v1/recommendations"]["post"]
    detail = next(one for one in asked["parameters"] if one["name"] == "detail")
    assert (detail["in"], detail["required"], detail["schema"]["enum"]) == ("query", False, ["plain", "full"])
    forms = asked["responses"]["200"]["content"]["application/json"]["schema"]["oneOf"]
    assert [form["$ref"].rpartition("/")[2] for form in forms] == ["PlainRecommendation", "Recommendation"]
    plain, full = (document["components"]["schemas"][form["$ref"].rpartition("/")[2]]["properties"] for form in forms)
    assert set(full) - set(plain) == {"readiness", "why_no_readiness"}


def test_the_score_says_its_unit(document):
    score = document["components"]["schemas"]["Readiness"]["properties"]["score"]
    assert "thousandths of a point" in score["description"]


@settings(max_examples=max(20, settings().max_examples // 10))
@given(data=st.data())
def test_what_the_schema_allows_for_one_signal_is_accepted(data, client, signals, live):
    name = data.draw(st.sampled_from(sorted(signals)))
    signal = live.rules.signals[name]
    value = data.draw(value_of(signal))
    jsonschema.Draft202012Validator(signals[name]).validate(value)
    response = client.post("/api/v1/recommendations", json={"signals": {name: value}})
    assert response.status_code == 200, response.text


def value_of(signal):
    codes = list(signal.values)
    plain = {
        "yes_no": st.booleans(),
        "number": st.integers(signal.minimum, signal.maximum),
        "money": st.integers(signal.minimum, signal.maximum),
        "choice": st.sampled_from(codes or [""]),
        "choices": st.lists(st.sampled_from(codes or [""])),
        "date": st.just("2026-11-21"),
    }[signal.kind] | st.sampled_from([None, *signal.missing_codes])
    on = st.sampled_from([None, "2026-11-21", "2025-01-01"])
    proof = st.sampled_from([None, *signal.proof])
    return plain | st.fixed_dictionaries({"value": plain}, optional={"on": on, "proof": proof})
