"""The page of imports: a form for a file, and what became of it."""

from __future__ import annotations

from typing import Annotated, Any, Final

from litestar import Response, get, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.enums import RequestEncodingType
from litestar.params import Body

from api.consents.forms import AT_REGISTRATION
from api.consents.pages import asked_of
from api.imports.service import Imported
from api.imports.uploads import FILES, MOST_BYTES, take
from api.record.live import Live
from api.record.refusals import Refused, Trouble
from api.web.asking import Asking, in_thread
from api.web.forms import Form
from api.web.frame import page
from api.web.typed import NOTHING, Typed, attempt


@get("/imports")
@in_thread
def get_imports(request: Asking) -> Response[Any]:
    """Show the form to import a file."""
    return _imports_page(request)


def _imports_page(request: Asking, typed: Typed = NOTHING, result: Imported | None = None) -> Response[Any]:
    return page(request, "imports.html", typed=typed, result=result, **asked_of(request, AT_REGISTRATION))


@post("/imports", request_max_body_size=MOST_BYTES)
@in_thread
def post_import(
    request: Asking,
    data: Annotated[dict[str, Any], Body(media_type=RequestEncodingType.MULTI_PART)],
    live: NamedDependency[Live],
) -> Response[Any]:
    """Import a file and show what became of it, row by row where something was wrong."""
    sent = {name: value for name, value in data.items() if not _left_empty(value)}
    fields = {name: value for name, value in sent.items() if not isinstance(value, UploadFile)}

    def import_(_: Form) -> Response[Any]:
        for name in FILES:
            if name in fields:
                raise Refused(400, Trouble(name, "wanted", name=name))
        return _imports_page(request, result=take(request, sent, live))

    return attempt(request, fields, import_, lambda typed: _imports_page(request, typed))


def _left_empty(value: Any) -> bool:
    """A field of a form with files that was not filled in."""
    return value in ("", None) or (isinstance(value, UploadFile) and not value.filename)


HANDLERS: Final = (get_imports, post_import)
