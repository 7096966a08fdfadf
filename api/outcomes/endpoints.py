"""The endpoints of outcomes: a lender's sheet of them is sent, a training set is asked for; both are jobs from then on."""

from __future__ import annotations

from typing import Final

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import RawBody

from api.outcomes import service
from api.outcomes.forms import read_asked
from api.outcomes.uploads import RECEIVED, take
from api.record.approvals import Waits
from api.record.live import Live
from api.web.asking import Asking, answer_json, ask, in_thread
from api.web.errors import language_of
from api.web.forms import Form
from api.web.receiving import Upload
from api.web.waiting import answer_waits


@post("/api/v1/training-sets", status_code=202)
@in_thread
def post_training_set(request: Asking, body: RawBody, live: NamedDependency[Live]) -> Response[bytes]:
    """Ask for a training set {known_at, outcome, ending}: the answer says which job makes it, or what waits for approval.

    After it was approved it is asked for once more.
    """
    found = ask(request, service.ask_for, live, read_asked(Form.of_json(body)), language_of(request))
    if isinstance(found, Waits):
        return answer_waits(found)
    response = answer_json({"id": found}, 202)
    response.headers["location"] = f"/api/v1/jobs/{found}"
    return response


@post("/api/v1/outcomes", status_code=202, request_max_body_size=None, dependencies=RECEIVED)
@in_thread
def post_outcomes(request: Asking, upload: NamedDependency[Upload]) -> Response[bytes]:
    """Have a sheet of what was paid out and back imported: the parts file, sheet. It is a job from then on."""
    response = answer_json({"id": (job := take(request, upload))}, 202)
    response.headers["location"] = f"/api/v1/jobs/{job}"
    return response


HANDLERS: Final = (post_training_set, post_outcomes)
