"""What pages show of consents: the texts that people are asked to agree to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from api.consents.purposes import current
from api.record.live import Live
from api.web.asking import Asking
from api.web.errors import language_of


def asked_of(request: Asking, purposes: Sequence[str]) -> dict[str, Any]:
    """What people are asked to agree to today, for a page that asks: each purpose with its text, and their version."""
    live: Live = request.app.state.live
    document = current(live.today)
    agreements = [(purpose, document.text(purpose, language_of(request))) for purpose in purposes]
    return {"agreements": agreements, "text_version": document.version}
