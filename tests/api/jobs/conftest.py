"""Jobs as people ask for them, done at once by what the worker does."""

import pytest

from api.jobs.worker import do_all


@pytest.fixture
def done(kail):
    """Ask for a job as somebody, have the worker's work done, and return the job as it is answered then."""

    def done(login, **asked):
        with kail.client(login) as client:
            answer = client.post("/api/v1/jobs?language=en", json=asked)
            assert answer.status_code == 202, answer.text
            assert answer.headers["location"] == f"/api/v1/jobs/{answer.json()['id']}"
            do_all(kail.record, kail.live, kail.settings.data)
            return client.get(answer.headers["location"]).json()

    return done
