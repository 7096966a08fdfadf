"""A service with OK OCE on 21 November 2026, and people who ask it something."""

from datetime import UTC, datetime

import jsonschema
import pytest
from litestar.testing import TestClient

from api.advice.schemas import schemas
from api.app import create_app
from api.record.live import go_live
from api.settings import Settings
from tests.installation import A_TRADER, a_database, installation, missing, postgresql, skip_or_fail

TODAY = "2026-11-21"


def morning():
    return datetime(2026, 11, 21, 2, tzinfo=UTC)


@pytest.fixture(scope="session")
def live():
    return go_live(Settings(), morning)


@pytest.fixture(scope="session")
def client():
    with TestClient(create_app(Settings(), clock=morning)) as client:
        yield client


@pytest.fixture
def a_trader():
    """Make the signals of a trader who meets the published conditions of a small KUR; None leaves a signal out."""

    def make(**changes):
        signals = A_TRADER | {"nib": True, "sku": None, "existing_credit": [], "productive_credit_ever": []} | changes
        return {name: value for name, value in signals.items() if value is not None}

    return make


@pytest.fixture
def ask(client):
    """Ask for a recommendation and return the answer."""

    def ask(signals, **rest):
        response = client.post("/api/v1/recommendations", json={"signals": signals, **rest})
        assert response.status_code == 200, response.text
        return response.json()

    return ask


@pytest.fixture
def refused(client):
    """Send a body (anything for JSON, or bytes) and return the problem that comes back."""

    def refused(body, status=400, **headers):
        headers = {"content-type": "application/json"} | {k.replace("_", "-"): v for k, v in headers.items()}
        sent = {"content": body} if isinstance(body, bytes) else {"json": body}
        response = client.post("/api/v1/recommendations", headers=headers, **sent)
        assert response.status_code == status, response.text
        assert response.headers["content-type"] == "application/problem+json"
        problem = response.json()
        assert problem["status"] == status
        return problem

    return refused


@pytest.fixture(scope="session")
def conforms(live):
    """Check something against a schema of the document by name."""
    document = {"components": {"schemas": schemas(live.rules)}}

    def conforms(thing, name):
        schema = document | {"$ref": f"#/components/schemas/{name}"}
        jsonschema.Draft202012Validator(schema).validate(thing)

    return conforms


@pytest.fixture(scope="session")
def server():
    """The address of a PostgreSQL server of this test process."""
    if reason := missing():
        skip_or_fail(reason)
    with postgresql() as address:
        yield address


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request):
    """The address of an empty database, once of each kind; "" is the SQLite file of the data folder."""
    if request.param == "sqlite":
        yield ""
    else:
        with a_database(request.getfixturevalue("server")) as address:
            yield address


@pytest.fixture
def kail(tmp_path, url):
    """An installation with a record, once on each kind of database."""
    with installation(tmp_path / "data", url) as made:
        yield made


@pytest.fixture
def small_kail(tmp_path):
    """An installation on SQLite, for what no database makes a difference to."""
    with installation(tmp_path / "data") as made:
        yield made
