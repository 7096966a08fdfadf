"""The pages of jobs: one's own, what can be asked for, and how far one is; a page of a job that goes on reloads itself."""

from __future__ import annotations

from typing import Any, Final

from litestar import Response, get, post
from litestar.params import FromPath, RawBody
from litestar.response import Stream

from api.jobs.endpoints import as_file
from api.jobs.kinds import ASKED, ask_for, read_asked
from api.record.jobs import LISTED, cancel, see_job, see_jobs
from api.web.asking import Asking, actor_of, ask, in_thread, look_up
from api.web.errors import language_of
from api.web.forms import Form
from api.web.frame import go, page
from api.web.listing import show, view_on_page
from api.web.typed import NOTHING, Typed, attempt

AGAIN_SECONDS: Final = 2


@get("/jobs")
@in_thread
def get_jobs(request: Asking) -> Response[Any]:
    """Show one's own jobs, and what can be asked for."""
    return _jobs_page(request)


def _jobs_page(request: Asking, typed: Typed = NOTHING) -> Response[Any]:
    kinds = [kind for kind, asked in ASKED.items() if asked.role == actor_of(request).role]
    view, typed = view_on_page(request, LISTED, typed)
    shown = show(request, look_up(request, see_jobs, view), "/jobs")
    return page(request, "jobs.html", typed=typed, here="/jobs", shown=shown, kinds=kinds)


@post("/jobs")
@in_thread
def post_job(request: Asking, body: RawBody) -> Response[Any]:
    """Ask for a job and go to its page."""

    def start(form: Form) -> Response[Any]:
        kind, given = read_asked(form, actor_of(request))
        return go(request, f"/jobs/{ask(request, ask_for, kind, given, language_of(request))}")

    return attempt(request, body, start, lambda typed: _jobs_page(request, typed))


@get("/jobs/{job_id:str}")
@in_thread
def get_job(request: Asking, job_id: FromPath[str]) -> Response[Any]:
    """Show how far a job is, or what came out."""
    return _job_page(request, job_id)


def _job_page(request: Asking, job_id: str, typed: Typed = NOTHING) -> Response[Any]:
    job = look_up(request, see_job, job_id)
    again = 0 if job.is_over or typed.problems else AGAIN_SECONDS
    return page(request, "job.html", typed=typed, here=f"/jobs/{job_id}", job=job, again=again)


@post("/jobs/{job_id:str}/cancel")
@in_thread
def post_cancel(request: Asking, job_id: FromPath[str], body: RawBody) -> Response[Any]:
    """Stop a job before its next step."""

    def stop(form: Form) -> Response[Any]:
        form.done()
        ask(request, cancel, job_id)
        return go(request, f"/jobs/{job_id}")

    return attempt(request, body, stop, lambda typed: _job_page(request, job_id, typed))


@get("/jobs/{job_id:str}/file")
@in_thread
def get_file(request: Asking, job_id: FromPath[str]) -> Stream:
    """Fetch what an export read out, as a CSV file."""
    return as_file(request, job_id)


HANDLERS: Final = (get_jobs, post_job, get_job, post_cancel, get_file)
