"""Every table of the record in one place, for migrations and for whoever goes over all of them."""

from __future__ import annotations

from api.accounts import tables as _accounts
from api.assessments import tables as _assessments
from api.audit import tables as _audit
from api.consents import tables as _consents
from api.imports import tables as _imports
from api.jobs import clock as _clock
from api.participants import tables as _participants
from api.record import answered as _answered
from api.record import approvals as _approvals
from api.record import jobs as _jobs
from api.record.database import METADATA
from api.referrals import tables as _referrals
from api.webhooks import tables as _webhooks

__all__ = ["METADATA"]
_ALL = (
    _accounts,
    _answered,
    _approvals,
    _assessments,
    _audit,
    _clock,
    _consents,
    _imports,
    _jobs,
    _participants,
    _referrals,
    _webhooks,
)
