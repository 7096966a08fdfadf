"""Files of referrals: a pack as a PDF, a lender's list as CSV and as a workbook. Their names say nothing of anybody."""

from __future__ import annotations

from typing import Any, Final

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from api.files.outputs import rows_as_workbook
from api.files.paper import paper_of
from api.participants.reading_out import as_line
from api.record.actor import Actor
from api.record.live import Live
from api.record.refusals import Refused, Trouble
from api.record.transaction import Transaction
from api.referrals import queue, stored
from api.referrals.lenders import names_of
from api.web.asking import NO_STORE, Asking, ask, in_thread
from api.web.errors import language_of
from api.web.frame import piece
from api.web.listing import view_of
from words.telling import teller

WORKBOOK: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def as_paper(request: Asking, referral_id: str, live: Live) -> Response[bytes]:
    """The pack that a lender was sent as a PDF, noted as a look.

    Raises:
        Refused: as `stored.find` does; 404 where nothing was sent, or it is closed to whoever asks.
    """

    def sent(tx: Transaction, actor: Actor) -> tuple[stored.Referral, str]:
        found = stored.see(tx, actor, live.rules, referral_id)
        if found.pack is None or found.sent_at is None:
            raise Refused(404, Trouble("pack", "nothing_was_sent"))
        return found, names_of(tx, found.lender_id)[found.lender_id]

    found, lender = ask(request, sent)
    t = teller(live.rules, language_of(request))
    html = piece(request, "pack_paper.html", referral=found, lender=lender)
    head = f"Kail · {t.word('product', found.product)} · {found.id}"
    paper = paper_of(html, head, lambda page, pages: t.sentence("page", "page_of", page=page, pages=pages))
    return _file(paper, "application/pdf", f"kail-{found.id}.pdf")


def _file(content: bytes | str, kind: str, name: str) -> Response[Any]:
    headers = {"content-disposition": f'attachment; filename="{name}"', **NO_STORE}
    return Response(content, media_type=kind, headers=headers)


@get("/api/v1/referrals/{referral_id:str}/pack.pdf")
@in_thread
def get_paper_of(request: Asking, referral_id: FromPath[str], live: NamedDependency[Live]) -> Response[bytes]:
    """Fetch the pack of a referral as a PDF."""
    return as_paper(request, referral_id, live)


@get("/referrals/{referral_id:str}/pack.pdf")
@in_thread
def get_paper(request: Asking, referral_id: FromPath[str], live: NamedDependency[Live]) -> Response[bytes]:
    """Fetch the pack of a referral as a PDF."""
    return as_paper(request, referral_id, live)


@get("/referrals/file")
@in_thread
def get_list(request: Asking, live: NamedDependency[Live]) -> Response[str]:
    """Fetch what a lender's list shows, as a CSV file that no spreadsheet runs anything of."""
    lines = "".join(as_line(row) for row in (queue.FILE, *_listed(request, live)))
    return _file("\N{BYTE ORDER MARK}" + lines, "text/csv", "kail-referrals.csv")


@get("/referrals/workbook")
@in_thread
def get_workbook(request: Asking, live: NamedDependency[Live]) -> Response[bytes]:
    """Fetch what a lender's list shows, as an XLSX file without a formula."""
    return _file(rows_as_workbook(queue.FILE, _listed(request, live)), WORKBOOK, "kail-referrals.xlsx")


def _listed(request: Asking, live: Live) -> list[list[Any]]:
    view = view_of(request, queue.listing_of(live.rules))
    return ask(request, queue.read_out, live.rules, view)


ENDPOINTS: Final = (get_paper_of,)
PAGES: Final = (get_paper, get_list, get_workbook)
