"""The page of imports: a form for a file. What becomes of it stands on the page of its job."""

from __future__ import annotations

from typing import Any, Final

from litestar import Response, get, post
from litestar.di import NamedDependency

from api.consents.forms import AT_REGISTRATION
from api.consents.pages import asked_of
from api.imports.uploads import FILES, RECEIVED, take
from api.record.live import Live
from api.record.refusals import Refused, Trouble
from api.web.asking import Asking, in_thread
from api.web.forms import Form
from api.web.frame import go, page
from api.web.receiving import Upload
from api.web.typed import NOTHING, Typed, attempt


@get("/imports")
@in_thread
def get_imports(request: Asking) -> Response[Any]:
    """Show the form to import a file."""
    return _imports_page(request)


def _imports_page(request: Asking, typed: Typed = NOTHING) -> Response[Any]:
    return page(request, "imports.html", typed=typed, **asked_of(request, AT_REGISTRATION))


@post("/imports", request_max_body_size=None, dependencies=RECEIVED)
@in_thread
def post_import(
    request: Asking,
    upload: NamedDependency[Upload],
    live: NamedDependency[Live],
) -> Response[Any]:
    """Have a file imported, and go to the page that tells how far it is."""
    upload.fields = {name: text for name, text in upload.fields.items() if text}  # an empty one was not filled in

    def import_(_: Form) -> Response[Any]:
        for name in FILES:
            if name in upload.fields:
                raise Refused(400, Trouble(name, "wanted", name=name))
        return go(request, f"/jobs/{take(request, upload, live)}")

    return attempt(request, upload.fields, import_, lambda typed: _imports_page(request, typed))


HANDLERS: Final = (get_imports, post_import)
