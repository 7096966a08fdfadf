"""What a service answers with: the day in Jakarta, another programme, a scorecard."""

import json
import shutil
from datetime import UTC, date, datetime

import pytest
from litestar.testing import TestClient

from api.app import create_app
from api.record.live import Live, go_live
from api.settings import Settings
from models.registry import RegistryError
from tests.conftest import ROOT

WARMI = ROOT / "tests" / "programmes" / "warmi"
POINTS = {
    "format": 1,
    "version": "test-1",
    "outcome": "funded",
    "basis": "synthetic",
    "base": 500_000,
    "signals": [
        {"signal": "months_of_books", "edges": [1, 6], "points": [-2500, 0, 4000], "unknown": -1000},
        {"signal": "training_certificate", "edges": [1], "points": [-1000, 3000], "unknown": -500},
    ],
}


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (datetime(2026, 11, 20, 16, 59, tzinfo=UTC), date(2026, 11, 20)),
        (datetime(2026, 11, 20, 17, 0, tzinfo=UTC), date(2026, 11, 21)),
    ],
)
def test_a_day_begins_at_midnight_in_jakarta(live, moment, day):
    assert Live(live.programme, None, lambda: moment).today == day


def test_a_programme_in_the_data_folder_is_served_instead(tmp_path):
    shutil.copytree(WARMI, tmp_path / "programme")
    with TestClient(create_app(Settings(data=tmp_path))) as client:
        assert client.get("/health").json()["programme"]["id"] == "warmi"
        assert client.get("/").status_code == 200
        for language in ("id", "en"):
            response = client.post("/api/v1/recommendations", json={"signals": {}, "language": language})
            assert response.status_code == 200
        assert client.get("/schema/openapi.json").status_code == 200


def test_a_scorecard_adds_points_that_sum_to_the_score_and_says_that_it_is_synthetic(tmp_path, conforms, a_trader):
    (tmp_path / "points.json").write_text(json.dumps(POINTS), encoding="utf-8")
    with TestClient(create_app(Settings(model=str(tmp_path / "points.json")))) as client:
        body = {"signals": a_trader(months_of_books=8)}
        answer = client.post("/api/v1/recommendations?detail=full", json=body).json()
        other = {**body, "signals": {"months_of_books": 8}, "language": "en"}
        english = client.post("/api/v1/recommendations?detail=full", json=other).json()
    conforms(answer, "Recommendation")
    readiness = answer["readiness"]
    assert readiness["score"] == readiness["base"] + sum(c["points"] for c in readiness["contributions"]) == 503_500
    assert (readiness["low"], readiness["high"]) == (503_000, 507_000)
    assert readiness["probability"] is None
    assert "data buatan" in readiness["why_no_probability"]
    assert readiness["contributions"][0]["text"] == "Lama punya pembukuan (8 bulan): +4,0 poin"
    assert english["readiness"]["contributions"][1]["text"] == "Training certificate (not known yet): -0.5 points"
    assert answer["versions"]["model"]["version"] == "test-1"
    assert any("sintetis" in notice for notice in answer["notices"])


def test_a_scorecard_that_does_not_fit_stops_the_start(tmp_path):
    (tmp_path / "points.json").write_text(json.dumps(POINTS | {"format": 9}), encoding="utf-8")
    with pytest.raises(RegistryError, match="format"):
        go_live(Settings(model=str(tmp_path / "points.json")))
