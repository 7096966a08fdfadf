"""The application as a whole: its addresses, its headers, and what starting it costs."""

import subprocess
import sys

import pytest
from litestar.testing import TestClient

from api.app import create_app, from_environment
from api.settings import Settings
from tests.conftest import ROOT


def test_health_says_with_what_the_service_answers(client, live, conforms):
    response = client.get("/health")
    assert response.status_code == 200
    conforms(response.json(), "Health")
    assert response.json()["digest"] == live.programme.digest


@pytest.mark.parametrize("path", ["/", "/health", "/nowhere", "/static/kail.css", "/schema/openapi.json"])
def test_every_answer_carries_the_security_headers(client, path):
    headers = client.get(path).headers
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize("path", ["/nowhere", "/schema/swagger", "/schema/elements", "/static/nothing.css", "/api/v1"])
def test_an_unknown_address_is_a_problem_in_both_languages(client, path):
    indonesian, english = client.get(path), client.get(path, params={"language": "en"})
    assert indonesian.status_code == english.status_code == 404
    assert indonesian.headers["content-type"] == "application/problem+json"
    assert indonesian.json()["title"] == "Alamat ini tidak ada"
    assert english.json()["title"] == "There is nothing at this address"


def test_a_browser_reads_a_page_at_an_unknown_address_and_a_program_json(client):
    browser = {"accept": "text/html,application/xhtml+xml"}
    page = client.get("/nowhere", headers=browser)
    assert page.status_code == 404
    assert page.headers["content-type"].startswith("text/html")
    assert "Alamat ini tidak ada" in page.text
    assert "nothing at this address" in client.get("/nowhere?language=en", headers=browser).text
    assert client.get("/api/v1/nowhere", headers=browser).headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(("method", "path"), [("GET", "/api/v1/recommendations"), ("POST", "/"), ("PUT", "/health")])
def test_a_wrong_method_is_a_problem_that_names_the_right_ones(client, method, path, conforms):
    response = client.request(method, path)
    assert response.status_code == 405
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["allow"]
    conforms(response.json(), "Problem")


@pytest.mark.parametrize("path", ["/", "/health"])
def test_head_is_answered_where_get_is(client, path):
    assert client.head(path).status_code == 200


@pytest.mark.parametrize("path", ["/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py"])
def test_only_the_static_folder_is_served(client, path):
    assert client.get(path).status_code == 404


def test_no_answer_names_another_site_to_load_from(client):
    for path in ("/", "/schema/openapi.json", "/schema"):
        assert "cdn" not in client.get(path).text


def test_a_large_answer_is_compressed_for_a_slow_line(client):
    response = client.get("/api/v1/programme", headers={"accept-encoding": "gzip"})
    assert response.headers["content-encoding"] == "gzip"
    assert response.json()["id"] == "okoce"


def test_serving_loads_nothing_that_trains_or_reads_files():
    names = "('sklearn', 'scipy', 'pyarrow', 'openpyxl', 'joblib', 'pandas')"
    code = f"import sys; from api.app import create_app; print([m for m in {names} if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_a_service_without_a_record_loads_none_of_its_nouns():
    code = (
        "import sys; from api.app import create_app; from api.settings import Settings; create_app(Settings());"
        "print([m for m in sys.modules if m.partition('.')[2].startswith(('consents', 'participants', 'assessments'))])"
    )
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_a_worker_is_told_its_settings_by_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("KAIL_DATA", str(tmp_path))
    with TestClient(from_environment()) as client:
        assert client.get("/health").json()["programme"]["id"] == "okoce"


def test_a_programme_that_does_not_load_stops_the_start(tmp_path):
    (tmp_path / "programme").mkdir()
    with pytest.raises(Exception, match=r"programme\.toml"):
        create_app(Settings(data=tmp_path))
