"""Errors: nothing leaks into an answer or a log, whatever was sent."""

import logging

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from litestar.testing import TestClient

import api.advice.endpoints
from api.app import create_app
from api.settings import Settings
from api.web import errors

SECRET = "31750112345678"


@pytest.fixture
def broken(monkeypatch):
    """A service whose matcher fails with a person's data in the message."""

    def fail(*_, **__):
        raise RuntimeError(SECRET)

    monkeypatch.setattr(api.advice.endpoints, "decide", fail)
    with TestClient(create_app(Settings())) as client:
        yield client


def test_an_unexpected_error_is_a_problem_without_any_trace(broken, caplog):
    caplog.set_level(logging.DEBUG)
    body = {"signals": {"amount_asked": 5_000_000}}
    response = broken.post("/api/v1/recommendations?language=en", json=body)
    assert response.status_code == 500
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["title"] == "Something went wrong on our side"
    for word in (SECRET, "Traceback", "RuntimeError", ".py"):
        assert word not in response.text


def test_the_log_says_where_an_unexpected_error_was_but_not_what_was_sent(broken, caplog):
    broken.post("/api/v1/recommendations", json={"signals": {"amount_asked": 5_000_001}})
    assert "unexpected RuntimeError in post_recommendation" in caplog.text
    assert "endpoints.py" in caplog.text
    assert SECRET not in caplog.text
    assert "5000001" not in caplog.text


def test_a_refused_value_is_logged_nowhere(refused, caplog):
    caplog.set_level(logging.DEBUG)
    problem = refused({"signals": {"amount_asked": SECRET}})
    assert problem["problems"][0]["value"] == SECRET
    assert SECRET not in caplog.text


def test_a_status_without_words_of_its_own_is_still_a_problem():
    assert errors.problem(418, "en")["type"] == "urn:kail:problem:418"
    assert errors.problem(504, "id")["title"] == errors.problem(500, "id")["title"]


def test_what_is_shown_is_short_and_can_be_written_as_json():
    values = [
        float("nan"),
        float("inf"),
        10**30,
        -(10**30),
        "\ud800",
        "x" * 10_000,
        {"a": ["\udfff"]},
        list(range(999)),
    ]
    for value in values:
        assert len(msgspec.json.encode(errors.shown(value))) < 1000


@settings(max_examples=max(50, settings().max_examples // 10))
@given(st.recursive(st.none() | st.booleans() | st.floats() | st.integers() | st.text(), st.lists, max_leaves=10))
def test_anything_can_be_shown(value):
    msgspec.json.encode(errors.shown(value))
