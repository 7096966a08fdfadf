"""The check of what a webhook brings: that it comes from Kail, is not old, and was not taken already."""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Collection, Container, Mapping
from datetime import datetime, timedelta
from typing import Final

from .values import Change

PREFIX: Final = "kail_secret_"
SIGNATURE: Final = "kail-signature"
WINDOW: Final = timedelta(minutes=5)
"""How far the moment of sending may lie from the receiver's own clock."""


class WebhookRefused(Exception):
    """What came is not to be taken."""


class Forged(WebhookRefused):
    """It is not signed with a secret that you have. Answer 400."""


class TooOld(WebhookRefused):
    """It is signed, but not of now: somebody sends it again, or a clock is wrong. Answer 400: it comes again."""


class Repeated(WebhookRefused):
    """You took it already. Answer 200, or it comes again."""


def check_webhook(
    headers: Mapping[str, str], body: bytes, secrets: Collection[str], now: datetime, seen: Container[str]
) -> Change:
    """The change that a request brings.

    `secrets`: yours, while one is changed for another both. `seen`: the ids that you took; keep the id together with what
    you do for it, in one transaction, so that neither is there without the other.

    Raises:
        Forged, TooOld, Repeated: each says what is wrong.
        ValueError: for a moment without a time zone, or what is no secret of Kail: under an empty one anybody signs.
    """
    if now.tzinfo is None:
        raise ValueError("now needs its time zone")
    if isinstance(secrets, str) or not all(one.startswith(PREFIX) and len(one) > len(PREFIX) for one in secrets):
        raise ValueError(f"secrets is a list, and each of them begins with {PREFIX}: leave out what is empty")
    header = next((value for name, value in headers.items() if name.lower() == SIGNATURE), "")
    parts = [part.partition("=")[::2] for part in header.split(",")]
    given = [value for name, value in parts if name.strip() == "v1"]
    stated = next((value for name, value in parts if name.strip() == "t"), "")
    if not re.fullmatch(r"[0-9]{1,12}", stated, re.ASCII):
        raise Forged("the header Kail-Signature says no moment")
    signed = stated.encode() + b"." + body
    right = [hmac.digest(secret.encode(), signed, "sha256").hex() for secret in secrets]
    if not any(hmac.compare_digest(one.encode(), other.encode()) for one in given for other in right):
        raise Forged("no signature was made with a secret of yours")
    off = round(now.timestamp()) - int(stated)
    if abs(off) > WINDOW.total_seconds():
        which = "behind" if off > 0 else "ahead of"
        raise TooOld(
            f"it was sent {abs(off)} seconds {which} your clock, and {int(WINDOW.total_seconds())} are allowed: set your "
            "clock by a time server; if it is right, somebody sends an old request again"
        )
    change = Change.of(json.loads(body))
    if change.id in seen:
        raise Repeated(f"{change.id} was taken already")
    return change
