"""The page, as a browser and as a person reads it."""

import json
import re

import pytest

from api.advice.pages import EXAMPLE
from tests.reading import Reader


@pytest.fixture(params=["id", "en"])
def page(request, client):
    response = client.get("/", params={} if request.param == "id" else {"language": "en"})
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    return request.param, response.text, Reader(response.text)


def test_the_page_renders_in_its_language(page):
    language, _, reader = page
    assert ("html", {"lang": language}) in reader.tags
    assert ("Apa yang Kail lakukan" if language == "id" else "What Kail does") in reader.text
    assert reader.open == []


def test_the_page_shows_seven_steps_three_tiers_and_whose_rule_they_are(page, live):
    language, _, reader = page
    for step in live.programme.steps:
        assert step.name[language] in reader.text
    for tier in live.programme.tiers:
        assert tier.name[language] in reader.text
    assert live.programme.tier_notice[language] in reader.text
    assert sum(tag == "h1" for tag, _ in reader.tags) == 1


def test_the_page_passes_its_own_policy(page):
    _, text, reader = page
    for tag, attributes in reader.tags:
        assert tag not in ("script", "style", "iframe")
        assert not any(name == "style" or name.startswith("on") for name in attributes)
        for name in ("src", "href"):
            assert attributes.get(name, "/")[0] in "/#"
    assert len(text) < 20_000


def test_every_link_of_the_page_leads_somewhere(page, client):
    _, _, reader = page
    for href in {a["href"] for _, a in reader.tags if a.get("href", "#")[0] == "/"}:
        assert client.get(href).status_code == 200, href


def test_the_command_on_the_page_is_one_that_works(page, ask):
    language, _, reader = page
    body = json.loads(re.search(r"-d '(\{.*?\n\})'", "".join(reader.words), re.S)[1])
    assert body == EXAMPLE | ({"language": "en"} if language == "en" else {})
    answer = ask(**body)
    assert answer["products"]


@pytest.mark.parametrize("host", ["kail.example:8443", "[::1]:8000", "127.0.0.1"])
def test_the_command_names_the_address_at_which_it_was_read(client, host):
    assert f"curl http://{host}/api/v1/recommendations" in client.get("/", headers={"host": host}).text


@pytest.mark.parametrize("host", ["';reboot;'", "$(reboot)", "a,b", "[::1]:x", ""])
def test_a_host_that_looks_like_none_is_not_repeated(client, host):
    text = client.get("/", headers={"host": host}).text
    assert "curl http://127.0.0.1:8000/" in text
    assert "reboot" not in text


def test_an_unknown_language_falls_back_to_indonesian(client):
    assert '<html lang="id">' in client.get("/?language=fr&utm_source=x").text


def test_a_host_that_cannot_be_one_is_a_problem(client):
    response = client.get("/", headers={"host": "<script>"})
    assert response.status_code == 400
    assert response.json()["problems"][0]["field"] == "header"
