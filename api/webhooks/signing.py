"""Signing: a delivery carries its moment, and a signature over that and the body for each secret that counts.

Two count for a day after a rotation, so that a receiver may change over whenever it likes within it.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Row

SIGNATURE: Final = "Kail-Signature"
BOTH: Final = timedelta(days=1)
"""How long after a rotation the secret before it still signs."""
PREFIX: Final = "kail_secret_"


def key_name(webhook_id: str, number: int) -> str:
    """Under which name the key store has a secret of a webhook."""
    return f"webhook:{webhook_id}:{number}"


def secret_of(key: bytes) -> str:
    """A secret as it is told; as it is written it is the key of the signature."""
    return PREFIX + base64.urlsafe_b64encode(key).decode().rstrip("=")


def numbers_of(webhook: Row[Any], now: datetime) -> list[int]:
    """Which secrets of a webhook sign now."""
    both = webhook.rotated_at is not None and abs(now - webhook.rotated_at) < BOTH  # a clock may have gone back
    return [webhook.secret, webhook.secret - 1] if both else [webhook.secret]


def signature(keys: Iterable[bytes], at: int, body: bytes) -> str:
    """The header: t=SECONDS,v1=HEX, with a v1 for each key; HMAC-SHA256 over "SECONDS.BODY"."""
    signed = [hmac.digest(secret_of(key).encode(), b"%d.%b" % (at, body), "sha256").hex() for key in keys]
    return ",".join([f"t={at}", *(f"v1={one}" for one in signed)])
