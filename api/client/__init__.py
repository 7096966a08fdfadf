"""A client for lenders' systems: the queue, packs, changes, moves, quotas, and the check of what a webhook brings.

It imports nothing else of ours, so that a bank may copy this folder into its own code: httpx is all that it needs.
"""

from __future__ import annotations

from .client import Client, Known
from .errors import (
    Busy,
    Conflict,
    Invalid,
    KailError,
    NotAllowed,
    NotFound,
    NotSignedIn,
    Problem,
    Unreachable,
)
from .values import Change, Event, Many, Quota, Reason, Referral, Room, Waits
from .webhooks import Forged, Repeated, TooOld, WebhookRefused, check_webhook

__all__ = [
    "Busy",
    "Change",
    "Client",
    "Conflict",
    "Event",
    "Forged",
    "Invalid",
    "KailError",
    "Known",
    "Many",
    "NotAllowed",
    "NotFound",
    "NotSignedIn",
    "Problem",
    "Quota",
    "Reason",
    "Referral",
    "Repeated",
    "Room",
    "TooOld",
    "Unreachable",
    "Waits",
    "WebhookRefused",
    "check_webhook",
]
