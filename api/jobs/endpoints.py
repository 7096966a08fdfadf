"""The endpoints of jobs: asked for, looked at, cancelled, and what was read out fetched as a file."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import AsyncIterator
from functools import partial
from typing import Any, Final

from litestar import Response, get, post
from litestar.params import FromPath, RawBody
from litestar.response import Stream

from api.audit.service import note
from api.jobs.kinds import IMPORTS, ask_for, read_asked
from api.participants.reading_out import as_line
from api.record import deadlines
from api.record.actor import Actor
from api.record.jobs import LISTED, TRAINING_SET, Job, cancel, read_out, see_job, see_jobs
from api.record.transaction import Transaction
from api.web.asking import NO_STORE, Asking, actor_of, answer_json, ask, in_thread, look_up
from api.web.bulkheads import ANSWER_SECONDS, LOOKING
from api.web.errors import language_of
from api.web.forms import Form
from api.web.listing import answer_page, view_of

PROBLEM: Final = ("row", "line", "cell", "field", "value", "remedy")
"""What is told of a problem in a row."""


@get("/api/v1/jobs")
@in_thread
def get_jobs(request: Asking) -> Response[bytes]:
    """List one's own jobs, a page at a time."""
    return answer_page(look_up(request, see_jobs, view_of(request, LISTED)), written)


@post("/api/v1/jobs", status_code=202)
@in_thread
def post_job(request: Asking, body: RawBody) -> Response[bytes]:
    """Ask for a job of some kind; it is done in the background."""
    kind, given = read_asked(Form.of_json(body), actor_of(request))
    return accepted(request, ask(request, ask_for, kind, given, language_of(request)))


def accepted(request: Asking, job_id: str) -> Response[bytes]:
    """Answer that a job was asked for: it, and where it is looked at."""
    response = answer_json(written(look_up(request, see_job, job_id)), 202)
    response.headers["location"] = f"/api/v1/jobs/{job_id}"
    return response


@get("/api/v1/jobs/{job_id:str}")
@in_thread
def get_job(request: Asking, job_id: FromPath[str]) -> Response[bytes]:
    """Look at one of one's own jobs: its state, how far it is, and what came out."""
    return answer_json(written(look_up(request, see_job, job_id)))


@post("/api/v1/jobs/{job_id:str}/cancel", status_code=200)
@in_thread
def post_cancel(request: Asking, job_id: FromPath[str]) -> Response[bytes]:
    """Stop a job before its next step; what was done stays done."""
    return answer_json(written(ask(request, cancel, job_id)))


@get("/api/v1/jobs/{job_id:str}/file")
@in_thread
def get_file(request: Asking, job_id: FromPath[str]) -> Stream:
    """Fetch as CSV what an export read out or what was wrong in an import's rows; a training set as it was asked for."""
    return as_file(request, job_id)


def as_file(request: Asking, job_id: str) -> Stream:
    """What a job read out, as a file that a browser saves."""
    job, first = ask(request, fetch, job_id)  # a refusal comes before anything is sent
    if not job.reads_out:
        headers = {"content-disposition": f'attachment; filename="kail-{job_id[:8]}.rejected.csv"', **NO_STORE}
        return Stream(_rejected(job), media_type="text/csv", headers=headers)
    is_set = job.kind == TRAINING_SET
    name = job.name if is_set else f"kail-{job_id[:8]}.csv"
    headers = {"content-disposition": f'attachment; filename="{name}"', **NO_STORE}
    kind = "text/csv" if name.endswith(".csv") else "application/octet-stream"
    return Stream(_parts(request, job_id, first, in_base64=is_set), media_type=kind, headers=headers)


def fetch(tx: Transaction, actor: Actor, job_id: str) -> tuple[Job, tuple[list[str], int]]:
    """A job and the first part of what it read out; noted.

    Raises:
        Refused: as `read_out` does.
    """
    job = see_job(tx, actor, job_id)
    if _not_taken(job):  # what was wrong in their own file
        return job, ([], 0)
    first = read_out(tx, actor, job_id)
    note(tx, actor, "fetched_export", "job", job_id)
    return job, first


async def _rejected(job: Job) -> AsyncIterator[bytes]:
    """The problems of rows, as `kail recommend` writes them beside its answers."""
    yield f"\N{BYTE ORDER MARK}{as_line(PROBLEM)}".encode()
    for one in _not_taken(job):
        yield as_line(one[name] for name in PROBLEM).encode()


async def _parts(request: Asking, job_id: str, part: tuple[list[str], int], *, in_base64: bool) -> AsyncIterator[bytes]:
    if not in_base64:  # a training set is the same bytes however it is made
        yield "\N{BYTE ORDER MARK}".encode()  # by which Excel knows what the bytes mean
    while part[0]:
        yield b"".join(map(b64decode, part[0])) if in_base64 else "".join(part[0]).encode()
        deadlines.renew(ANSWER_SECONDS)  # each part has the time of an answer, however many went before
        part = await LOOKING.run(partial(look_up, request, read_out, job_id, part[1]))


def written(job: Job) -> dict[str, Any]:
    """A job as it is answered."""
    own = f"/api/v1/jobs/{job.id}"
    return {
        "id": job.id,
        "kind": job.kind,
        "name": job.name,
        "state": job.state,
        "stopping": job.stopping,
        "asked_at": job.asked_at.isoformat(),
        "ended_at": job.ended_at.isoformat() if job.ended_at else None,
        "done": job.done,
        "total": job.total,
        "ahead": job.ahead,
        "result": job.result,
        "pieces": job.pieces,
        "file": f"{own}/file" if has_file(job) else None,
    }


def has_file(job: Job) -> bool:
    """Whether there is something to fetch: what was read out, or the problems of rows."""
    return job.state == "done" if job.reads_out else bool(_not_taken(job))


def _not_taken(job: Job) -> list[Any]:
    """The problems of the rows of a file that were not taken; a row of which something is doubtful was."""
    return [one for one in job.pieces if "doubt" not in one] if job.kind in IMPORTS else []


HANDLERS: Final = (get_jobs, post_job, get_job, post_cancel, get_file)
