"""The endpoint: good answers, and every bad body refused in words, with all that is wrong at once."""

import json
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.advice.endpoints import Asked, recommendation
from matcher.programme.rules import rules_on
from tests.strategies import participants

MIB = 1024 * 1024


def fields(problem):
    return [p["field"] for p in problem["problems"]]


def test_a_good_question_is_answered_in_indonesian_unless_asked_otherwise(ask, a_trader, conforms):
    indonesian, english = ask(a_trader()), ask(a_trader(), language="en")
    conforms(indonesian, "PlainRecommendation")
    conforms(english, "PlainRecommendation")
    assert indonesian["tier"]["name"] == "Empang"
    assert english["tier"]["name"] == "Empang (pond)"
    assert indonesian["steps"][0]["name"] == "Daftar"
    assert english["steps"][0]["name"] == "Sign up"


def test_the_language_of_the_address_counts_where_the_body_names_none(client):
    path = "/api/v1/recommendations?language=en"
    assert client.post(path, json={"signals": {}}).json()["steps"][0]["name"] == "Sign up"
    assert client.post(path, json={"signals": {}, "language": "id"}).json()["steps"][0]["name"] == "Daftar"
    refused = client.post(path, content=b"{", headers={"content-type": "application/json"})
    assert refused.json()["title"] == "Something must be corrected"


def test_the_answer_is_plain_unless_the_address_asks_for_all_of_it(client, a_trader, conforms):
    path, body = "/api/v1/recommendations", {"signals": a_trader()}
    plain, full = (client.post(f"{path}?detail={detail}", json=body) for detail in ("plain", "full"))
    conforms(plain.json(), "PlainRecommendation")
    conforms(full.json(), "Recommendation")
    assert client.post(path, json=body).content == plain.content


@pytest.mark.parametrize(
    ("query", "body", "wrong"),
    [
        ("detail=all", {"signals": {}}, ["detail"]),
        ("detail=", {"signals": {}}, ["detail"]),
        ("detail=full&detail=full", {"signals": {}}, ["detail"]),
        (
            "detial=full&language=fr",
            {"signals": {"nibb": 1}, "goal": 1},
            ["detial", "language", "goal", "signals.nibb"],
        ),
        ("detail=all", b"{", ["detail", "body"]),
        ("", {"signals": {}, "detail": "full"}, ["detail"]),
    ],
)
def test_what_is_wrong_in_the_address_is_told_with_all_the_rest(client, query, body, wrong, conforms):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    response = client.post(
        f"/api/v1/recommendations?{query}", content=content, headers={"content-type": "application/json"}
    )
    assert response.status_code == 400
    conforms(response.json(), "Problem")
    assert fields(response.json()) == wrong
    assert all(told["remedy"] for told in response.json()["problems"])


def test_an_answer_is_kept_by_no_cache(client):
    response = client.post("/api/v1/recommendations", json={"signals": {}})
    assert response.headers["cache-control"] == "no-store"
    assert "set-cookie" not in response.headers


def test_nothing_known_is_a_question_too(ask):
    answer = ask({})
    assert [s["status"] for s in answer["steps"]] == ["unknown"] * 7
    assert answer["questions"]
    assert answer["interventions"]


@pytest.mark.parametrize("unknown", [None, ""])
def test_null_and_empty_text_are_unknown(ask, unknown):
    assert ask({"nib": unknown, "months_of_books": {"value": unknown}}) == ask({})


def test_a_value_may_come_with_its_day_and_proof(ask):
    answer = ask({"registered": {"value": True, "on": "2026-01-31", "proof": "document"}})
    assert answer["steps"][0]["status"] == "done"


def test_the_past_is_answered_by_the_rules_of_its_day(ask, a_trader):
    answer = ask(a_trader(), as_of="2018-10-01", goal="bankdki_monas_pemula_okoce")
    assert answer["versions"]["as_of"] == "2018-10-01"
    assert answer["path"]["goal"] == "bankdki_monas_pemula_okoce"


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "Application/JSON", "application/vnd.kail+json"])
def test_json_by_any_of_its_names_is_read(client, kind):
    response = client.post("/api/v1/recommendations", content=b'{"signals": {}}', headers={"content-type": kind})
    assert response.status_code == 200


# -- bodies that cannot be read ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "word"),
    [
        (b"", "kosong"),
        (b'{"signals": {"nib": "\xff"}}', "UTF-8"),
        (b'{"signals": {"nib": true}', "baris 1, kolom 26"),
        (b"signals=1", "baris 1"),
        (b"[" * 100_000, "20 tingkat"),
        (b'{"signals":' * 50_000 + b"{}" + b"}" * 50_000, "20 tingkat"),
        (b"[]", "bukan daftar"),
        (b'"signals"', "bukan teks"),
        (b"null", "bukan null"),
        (b"17", "bukan angka"),
        (b"true", "bukan true atau false"),
    ],
)
def test_a_body_that_is_no_json_object_says_what_is_wrong(refused, body, word, conforms):
    problem = refused(body)
    conforms(problem, "Problem")
    assert fields(problem) == ["body"]
    assert word in problem["problems"][0]["message"]
    assert problem["problems"][0]["remedy"]


@pytest.mark.parametrize("size", [MIB + 1, 10 * MIB])
def test_a_body_beyond_a_mebibyte_is_too_large(refused, size, conforms):
    problem = refused(b" " * size, status=413)
    conforms(problem, "Problem")
    assert problem["problems"][0]["message"] == "Isi terlalu besar."
    assert "1 MiB" in problem["problems"][0]["remedy"]


def test_a_body_of_just_a_mebibyte_is_read(client):
    body = b'{"signals": {}}'.ljust(MIB)
    response = client.post("/api/v1/recommendations", content=body, headers={"content-type": "application/json"})
    assert response.status_code == 200


def test_a_large_body_in_chunks_is_not_read_to_the_end(client):
    sent = 0

    def chunks():
        nonlocal sent
        for _ in range(10 * 16):
            sent += 65536
            yield b" " * 65536

    headers = {"content-type": "application/json"}
    response = client.post("/api/v1/recommendations", content=chunks(), headers=headers)
    assert response.status_code == 413
    assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "kind", ["application/x-www-form-urlencoded", "text/plain", "text/json", "", "multipart/form-data"]
)
def test_another_content_type_is_refused_with_the_header_to_add(refused, kind, conforms):
    problem = refused(b'{"signals": {}}', status=415, content_type=kind)
    conforms(problem, "Problem")
    assert "Content-Type: application/json" in problem["problems"][0]["remedy"]


# -- bodies with something wrong in them -------------------------------------------------------------------------------


def test_all_that_is_wrong_is_said_at_once(refused, conforms):
    body = {
        "signalz": 1,
        "language": "fr",
        "as_of": "2099-01-01",
        "goal": "kur_supr",
        "signals": {
            "nibb": True,
            "nib": "ya",
            "amount_asked": "5 juta",
            "monthly_profit": 1.5,
            "months_of_books": {"value": 3, "on": "2030-01-01", "note": "x", "proof": "hearsay"},
            "came_for": "buyer",
            "sales_channels": "chat",
            "any_permit": True,
            "age": -5,
        },
    }
    problem = refused(body)
    conforms(problem, "Problem")
    assert set(fields(problem)) == {
        "signalz",
        "language",
        "as_of",
        "goal",
        "signals.nibb",
        "signals.nib",
        "signals.amount_asked",
        "signals.monthly_profit",
        "signals.months_of_books.note",
        "signals.months_of_books.on",
        "signals.months_of_books.proof",
        "signals.came_for",
        "signals.sales_channels",
        "signals.any_permit",
        "signals.age",
    }
    for told in problem["problems"]:  # what is wrong in one sentence, what to do about it in a field of its own
        assert told["message"].count(". ") == 0
        assert told["remedy"]
        assert told["remedy"] not in told["message"]
    shown = {p["field"]: p["value"] for p in problem["problems"]}
    assert shown["signals.amount_asked"] == "5 juta"


def test_a_wrong_value_is_shown_as_the_json_that_was_sent(refused):
    sent = {
        "nib": [True, None, "ya"],
        "age": {"years": 40},
        "existing_credit": ["kur", "zzz"],
        "staff": {"value": True},
    }
    shown = {p["field"]: p["value"] for p in refused({"signals": sent})["problems"]}
    assert shown["signals.nib"] == [True, None, "ya"]
    assert shown["signals.existing_credit"] == ["kur", "zzz"]
    assert shown["signals.staff"] is True
    long = refused({"signals": {"nib": [True, None] * 200}})["problems"][0]["value"]
    assert long.startswith("[true, null, true")
    assert len(long) == 200


def test_problems_are_told_in_the_language_of_the_body(refused):
    problem = refused({"language": "en", "signals": {"nibb": True}})
    assert problem["title"] == "Something must be corrected"
    assert problem["problems"][0]["message"] == "nibb is no signal of this programme."
    assert problem["problems"][0]["remedy"] == "Did you mean nib?"


@pytest.mark.parametrize("written", ["NaN", "Infinity", "-Infinity", "1e400", "9" * 6000, "-" + "9" * 6000])
@pytest.mark.parametrize("field", ["amount_asked", "nib", "came_for", "existing_credit", "training_certificate_on"])
def test_a_number_that_is_none_is_refused_by_its_field(refused, written, field):
    problem = refused(f'{{"signals": {{"{field}": {written}}}}}'.encode())
    assert fields(problem) == [f"signals.{field}"]


@pytest.mark.parametrize(
    ("body", "key"),
    [
        (b'{"signals": {"nib": true, "nib": false}}', "nib"),
        (b'{"signals": {}, "signals": {}}', "signals"),
        (b'{"signals": {"nib": {"value": true, "value": true}}}', "value"),
    ],
)
def test_a_key_that_stands_twice_is_named(refused, body, key):
    problem = refused(body)
    assert fields(problem) == [key]
    assert key in problem["problems"][0]["message"]


@pytest.mark.parametrize(
    ("body", "word"), [({}, "belum ada"), ({"signals": None}, "belum ada"), ({"signals": []}, "daftar")]
)
def test_signals_are_needed_as_an_object(refused, body, word):
    problem = refused(body)
    assert fields(problem) == ["signals"]
    assert word in problem["problems"][0]["message"]


@pytest.mark.parametrize(
    ("as_of", "word"),
    [
        ("2026-11-22", "sesudah hari ini, 21 November 2026"),
        ("2017-12-31", "sebelum program ini mulai, 1 Januari 2018"),
        ("21-11-2026", "TTTT-BB-HH"),
        ("2026-02-30", "TTTT-BB-HH"),
        (20261121, "TTTT-BB-HH"),
        ({}, "TTTT-BB-HH"),
    ],
)
def test_a_day_that_cannot_be_asked_about_is_refused(refused, as_of, word):
    problem = refused({"signals": {}, "as_of": as_of})
    assert fields(problem) == ["as_of"]
    assert word in f"{problem['problems'][0]['message']} {problem['problems'][0]['remedy']}"


@pytest.mark.parametrize(("goal", "near"), [("kur_super_micro", "kur_super_mikro"), ("zzz", "kur_super_mikro")])
def test_an_unknown_goal_names_those_that_are_near(refused, goal, near):
    problem = refused({"signals": {}, "goal": goal})
    assert near in problem["problems"][0]["remedy"]


@pytest.mark.parametrize("goal", [17, [], {}, True])
def test_a_goal_that_is_no_text_is_refused(refused, goal):
    assert fields(refused({"signals": {}, "goal": goal})) == ["goal"]


def test_too_many_names_are_counted_not_read(refused):
    problem = refused({"signals": {f"x{n}": 1 for n in range(50_000)}})
    assert fields(problem) == ["signals"]
    assert "50.000" in problem["problems"][0]["message"]


def test_after_a_hundred_problems_the_rest_is_counted(refused):
    problem = refused({f"x{n}": 1 for n in range(10_000)} | {"signals": {}})
    assert len(problem["problems"]) == 101
    assert "9.900" in problem["problems"][-1]["message"]


def test_a_very_long_name_is_cut(refused):
    problem = refused({"signals": {"x" * 500_000: 1}, "y" * 500_000: 1})
    assert len(problem["problems"]) == 2
    assert all(len(p["field"]) <= 200 and len(p["message"]) <= 1000 for p in problem["problems"])


def test_half_a_character_is_shown_without_breaking_the_answer(refused):
    problem = refused(rb'{"signals": {"\ud800": 1, "came_for": "\udfff"}}')
    assert len(problem["problems"]) == 2


# -- whatever is sent --------------------------------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)


def post(client, body, detail="plain"):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    path, headers = f"/api/v1/recommendations?detail={detail}", {"content-type": "application/json"}
    response = client.post(path, content=content, headers=headers)
    assert response.status_code in (200, 400), response.text
    json.loads(response.content, parse_constant=pytest.fail)
    return response


@settings(max_examples=max(50, settings().max_examples // 10))
@given(body=JSON)
def test_any_json_is_answered_or_refused(client, body):
    post(client, body)


@settings(max_examples=max(50, settings().max_examples // 10))
@given(body=st.binary(max_size=100))
def test_any_bytes_are_refused(client, body):
    post(client, body)


@settings(max_examples=max(50, settings().max_examples // 10))
@given(data=st.data())
def test_any_values_of_real_signals_are_answered_or_refused(client, live, conforms, data):
    names = st.sampled_from(sorted(live.rules.signals))
    day = st.dates().map(str) | st.sampled_from(["9999-12-31", "0001-01-01", "2026-11-21", "2026-11-22"])
    codes = st.sampled_from(sorted({code for s in live.rules.signals.values() for code in s.values}))
    amounts = st.integers(-(10**10), 10**10) | st.integers(0, 400)
    plain = st.booleans() | amounts | codes | st.lists(codes, max_size=3) | day | JSON
    dated = st.fixed_dictionaries({"value": plain}, optional={"on": day | JSON, "proof": JSON})
    signals = data.draw(st.dictionaries(names, plain | dated, max_size=8))
    goals = st.none() | st.sampled_from(sorted(live.rules.product_ids)) | JSON
    body = {"signals": signals, "goal": data.draw(goals), "as_of": data.draw(st.none() | day | JSON)}
    detail, name = data.draw(st.sampled_from([("plain", "PlainRecommendation"), ("full", "Recommendation")]))
    response = post(client, body, detail)
    conforms(response.json(), name if response.status_code == 200 else "Problem")


@settings(max_examples=max(50, settings().max_examples // 10))
@given(data=st.data())
def test_any_person_gets_a_full_answer_in_both_languages(live, conforms, data):
    rules = rules_on(live.programme, data.draw(st.sampled_from([live.today, date(2018, 10, 1), date(2020, 2, 1)])))
    participant = data.draw(participants(rules))
    goal = data.draw(st.none() | st.sampled_from(sorted(rules.product_ids)))
    for language in ("id", "en"):
        conforms(recommendation(live, Asked(rules, participant, goal, language, "full")), "Recommendation")
