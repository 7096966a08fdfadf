"""The page of training sets: a form for one, and what was approved or waits. The file stands on the page of its job."""

from __future__ import annotations

from typing import Any, Final

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import RawBody

from api.outcomes import service
from api.outcomes.forms import ALL, read_asked
from api.record.approvals import Waits
from api.record.live import Live
from api.web.asking import Asking, ask, in_thread, look_up
from api.web.errors import language_of
from api.web.forms import Form
from api.web.frame import go, page
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


HANDLERS: Final = (get_training_sets, post_training_set)
