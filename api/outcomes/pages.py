"""The pages of outcomes: a form for a lender's sheet of them, and one for a training set. What comes of it is a job's."""

from __future__ import annotations

from typing import Any, Final

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import RawBody

from api.outcomes import service
from api.outcomes.forms import ALL, read_asked
from api.outcomes.reports import COLUMNS
from api.outcomes.uploads import RECEIVED, take
from api.record.approvals import Waits
from api.record.live import Live
from api.record.refusals import Refused, Trouble
from api.web.asking import Asking, ask, in_thread, look_up
from api.web.errors import language_of
from api.web.forms import Form
from api.web.frame import go, page
from api.web.receiving import Upload
from api.web.typed import NOTHING, Typed, attempt
from api.web.waiting import go_and_wait
from training_data.schema import ENDINGS, OUTCOMES


@get("/training-sets")
@in_thread
def get_training_sets(request: Asking) -> Response[Any]:
    """Show the form for a training set."""
    return _page(request)


def _page(request: Asking, typed: Typed = NOTHING) -> Response[Any]:
    given = look_up(request, service.approved)
    return page(request, "training_sets.html", typed=typed, outcomes=(*OUTCOMES, ALL), endings=ENDINGS, approvals=given)


@post("/training-sets")
@in_thread
def post_training_set(request: Asking, body: RawBody, live: NamedDependency[Live]) -> Response[Any]:
    """Ask for a training set, and go to the page of the job that makes it, or of what waits."""

    def make(form: Form) -> Response[Any]:
        found = ask(request, service.ask_for, live, read_asked(form), language_of(request))
        return go_and_wait(request) if isinstance(found, Waits) else go(request, f"/jobs/{found}")

    return attempt(request, body, make, lambda typed: _page(request, typed))


@get("/outcomes")
@in_thread
def get_outcomes(request: Asking) -> Response[Any]:
    """Show the form for a sheet of outcomes."""
    return _outcomes_page(request)


def _outcomes_page(request: Asking, typed: Typed = NOTHING) -> Response[Any]:
    return page(request, "outcomes.html", typed=typed, columns=COLUMNS)


@post("/outcomes", request_max_body_size=None, dependencies=RECEIVED)
@in_thread
def post_outcomes(request: Asking, upload: NamedDependency[Upload]) -> Response[Any]:
    """Have a sheet of outcomes imported, and go to the page that tells how far it is."""
    upload.fields = {name: text for name, text in upload.fields.items() if text}  # an empty one was not filled in

    def import_(_: Form) -> Response[Any]:
        if "file" in upload.fields:
            raise Refused(400, Trouble("file", "wanted", name="file"))
        return go(request, f"/jobs/{take(request, upload)}")

    return attempt(request, upload.fields, import_, lambda typed: _outcomes_page(request, typed))


HANDLERS: Final = (get_training_sets, post_training_set, get_outcomes, post_outcomes)
