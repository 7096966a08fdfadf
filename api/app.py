"""The application: everything that faces the world, put together for one set of settings."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any, Final, cast

from litestar import Litestar, Response, Router
from litestar.config.compression import CompressionConfig
from litestar.datastructures import MutableScopeHeaders, State
from litestar.di import Provide
from litestar.exceptions import NotFoundException
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import License
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.template import TemplateConfig
from litestar.types import Message, Scope
from sqlalchemy.exc import SQLAlchemyError

from api import __version__
from api.accounts.guard import ANYONE, MATRIX, SCOPED, admit, check_matrix
from api.advice import endpoints as advice
from api.advice import pages as advice_pages
from api.advice.schemas import schemas
from api.record import deadlines
from api.record.live import Clock, go_live, utc_now
from api.record.space import MEGABYTE, Space
from api.record.transaction import Record, open_record
from api.record.unavailable import Unavailable
from api.settings import Settings
from api.web import errors, problem_pages
from api.web.arriving import in_time
from api.web.asking import MOST_BYTES
from api.web.openapi import describe, describe_doors
from api.web.readiness import Readiness, get_ready
from api.web.static_files import static_files
from api.web.stopping import stop_in_time

WEB: Final = Path(__file__).parent / "web"
SWITCH_SECONDS: Final = 0.0005
"""After how long a thread that computes lets another one: a tenth of Python's own, so that what is brief is soon done."""
LAST_SECONDS: Final = 2.0
"""How long it may take to note where chains end when the service stops."""
SECURITY_HEADERS: Final = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
}


def create_app(
    settings: Settings, *, clock: Clock = utc_now, own_process: bool = False, served: bool = False
) -> Litestar:
    """Make the application. `clock` tells the moment, for tests; `own_process`: on SQLite, do assessments in one;
    `served`: set room on the disk aside, as long as it is served.

    Raises:
        ProgrammeError, RegistryError, OSError: if what the settings name cannot be loaded.
    """
    live = go_live(settings, clock)
    record, own, space = None, None, None
    nouns: tuple[ModuleType, ...] = ()
    if settings.data:
        record, nouns = opened(settings, clock), nouns_of_the_record()
        space = Space(settings.data, settings.reserve * MEGABYTE, sets_aside=served)
        if own_process and not (settings.database or settings.keys):
            from api.assessments.own_process import OwnProcess

            own = OwnProcess(record, live, settings.data)
    app = Litestar(
        route_handlers=[
            *advice.HANDLERS,
            *advice_pages.HANDLERS,
            get_ready,
            *handlers_of(nouns),
            static_files("/static", WEB / "static"),
        ],
        dependencies={
            "live": Provide(lambda: live, sync_to_thread=False),
        },
        guards=[admit],
        middleware=[in_time],
        request_max_body_size=MOST_BYTES,
        state=State(
            {
                "record": record,
                "live": live,
                "settings": settings,
                "https": settings.https,
                "own_process": own,
                "space": space,
                "readiness": Readiness(record, space),
            }
        ),
        on_shutdown=[
            *([partial(note_last_ends, record)] if record else []),
            *(one.close for one in (own, record, space) if one),
        ],
        exception_handlers={**errors.HANDLERS, NotFoundException: problem_pages.nowhere},
        before_send=[add_security_headers],
        template_config=TemplateConfig(directory=WEB / "templates", engine=JinjaTemplateEngine),
        openapi_config=_document(),
        compression_config=CompressionConfig(backend="gzip", minimum_size=1024, gzip_compress_level=5),
        logging_config=None,
    )
    cast(JinjaTemplateEngine, app.template_engine).engine.auto_reload = False  # installed files do not change
    # The framework numbers the schemas it finds in handlers; ours come from the programme and are added to them.
    app.openapi_schema.components.schemas.update(cast(Any, schemas(live.rules)))
    for noun in nouns:
        describe(app.openapi_schema, noun.SAID)
    check_matrix(app)
    describe_doors(app.openapi_schema, SCOPED, lambda name: ANYONE in MATRIX[name])
    return app


def _document() -> OpenAPIConfig:
    """What OpenAPI says of the service as a whole."""
    return OpenAPIConfig(
        title="Kail",
        version=__version__,
        description="An open matching service for capital access. A person decides. "
        "What is sent to /api/v1/recommendations is not stored.",
        license=License(name="Apache-2.0", identifier="Apache-2.0"),
        openapi_router=Router(
            "/schema", route_handlers=[], include_in_schema=False, after_request=refuse_other_schemas
        ),
        render_plugins=[JsonRenderPlugin(path="/openapi.json")],  # the others load their pages from elsewhere
    )


def opened(settings: Settings, clock: Clock) -> Record:
    """Open the record before anybody is let in: finish an erasure that a stop interrupted, see that everybody is found,
    forget old answers, have a log of looks for each process, and note where chains end."""
    from api.audit.noting import begin_logs, note_ends
    from api.participants.lookups import settle
    from api.participants.rights import sweep
    from api.record.answered import forget

    assert settings.data is not None
    record = open_record(settings.data, settings.database, clock, settings.keys)
    sweep(record)
    settle(record)
    with record.write() as tx:
        forget(tx)
    begin_logs(record, settings.workers)
    note_ends(record)
    return record


def note_last_ends(record: Record) -> None:
    """Note where chains end when it stops, if that can be done soon; else the next start does."""
    from api.audit.noting import note_ends

    with suppress(SQLAlchemyError, Unavailable), deadlines.within(LAST_SECONDS):
        note_ends(record)


def nouns_of_the_record() -> tuple[ModuleType, ...]:
    """The routes of all that is kept; imported here, since a service without a record need not load all that."""
    from api.accounts import routes as accounts
    from api.approvals import routes as approvals
    from api.assessments import routes as assessments
    from api.audit import routes as audit
    from api.imports import routes as imports
    from api.jobs import routes as jobs
    from api.participants import routes as participants
    from api.referrals import routes as referrals
    from api.webhooks import routes as webhooks

    return accounts, participants, imports, assessments, referrals, webhooks, audit, jobs, approvals


def handlers_of(nouns: Iterable[ModuleType]) -> list[Any]:
    """Every endpoint and page of these nouns; the pages answer errors with pages too."""
    pages = [page for noun in nouns for page in noun.PAGES]
    router = Router("/", route_handlers=pages, exception_handlers=problem_pages.HANDLERS, include_in_schema=False)
    return [*(endpoint for noun in nouns for endpoint in noun.ENDPOINTS), router]


def from_environment() -> Litestar:
    """Make the application in a worker process, which can be told its settings in no other way."""
    settings = Settings.from_environment(os.environ)
    stop_in_time()
    sys.setswitchinterval(SWITCH_SECONDS)
    # Where several processes answer, they have the cores; where there is one core, another process gains nothing.
    app = create_app(settings, own_process=settings.workers == 1 and _cores() > 1, served=True)
    gc.collect()
    gc.freeze()  # what stands by now stays: looking for garbage in it would stop everybody for 80 ms now and then
    return app


def _cores() -> int:
    """How many cores this process may use; those of the machine where the system does not tell."""
    allowed = getattr(os, "sched_getaffinity", None)
    return len(allowed(0)) if allowed else os.cpu_count() or 1


def refuse_other_schemas(response: Response[Any]) -> Response[Any]:
    """Answer like everywhere else where the framework would show a page of its own."""
    if response.status_code == 404:
        raise NotFoundException
    return response


async def add_security_headers(message: Message, scope: Scope) -> None:
    """Give every answer, errors and files too, the headers that keep a browser from doing more than show it."""
    if message["type"] == "http.response.start":
        headers = MutableScopeHeaders.from_message(message)
        for name, value in SECURITY_HEADERS.items():
            headers.setdefault(name, value)
        actor = scope["state"].get("actor")
        if actor is not None and actor.sandbox:
            headers["kail-synthetic"] = "true"
