"""The routes of the record, put together: what an application has beside the stateless ones once it has a data folder."""

from __future__ import annotations

from typing import Any, Final

from litestar import Router

from api.accounts import operator_pages
from api.accounts import pages as account_pages
from api.accounts.endpoints import HANDLERS as ACCOUNTS
from api.assessments import oversight_pages
from api.assessments import pages as assessment_pages
from api.assessments.endpoints import HANDLERS as ASSESSMENTS
from api.audit.endpoints import HANDLERS as AUDIT
from api.participants import evidence_pages
from api.participants import pages as participant_pages
from api.participants.endpoints import HANDLERS as PARTICIPANTS
from api.participants.rights import sweep
from api.record.live import Clock
from api.record.transaction import Record, open_record
from api.settings import Settings
from api.web import frame

PAGES: Final = (account_pages, operator_pages, participant_pages, evidence_pages, assessment_pages, oversight_pages)


def opened(settings: Settings, clock: Clock) -> Record:
    """Open the record of the data folder and finish an erasure that a stop interrupted, before anybody is let in."""
    assert settings.data is not None
    record = open_record(settings.data, settings.database, clock)
    sweep(record)
    return record


def handlers() -> list[Any]:
    """Every endpoint and page of the record; the pages answer errors with pages too."""
    pages = [handler for module in PAGES for handler in module.HANDLERS]
    router = Router("/", route_handlers=pages, exception_handlers=frame.HANDLERS, include_in_schema=False)
    return [*ACCOUNTS, *PARTICIPANTS, *ASSESSMENTS, *AUDIT, router]
