"""What OpenAPI says of consents, wherever they are sent or answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from api.consents.purposes import CHANNELS, PURPOSES, documents
from api.web.openapi import DAY, ID, MOMENT, TEXT, TRUTH, WHOLE, Schema, codes, named, or_null

CHANNEL: Final = codes(*CHANNELS)
AGREED: Final[Mapping[str, Schema]] = {
    "channel": CHANNEL,
    "said_on": DAY | {"description": "today where it is left out"},
    "text_version": codes(*documents())
    | {"description": "the text they were shown; the current one where it is left out"},
}
LENDER: Final[Schema] = {"type": "string", "description": "of a referral alone: the lender's organisation"}
STANDING: Final = named(
    "A consent in the ledger.",
    seq=WHOLE,
    purpose=codes(*PURPOSES),
    recipient={"type": "string", "description": 'a lender\'s organisation; "" for none'},
    given=TRUTH,
    text_version=TEXT,
    channel=CHANNEL,
    said_on=DAY,
    expires_on=or_null(DAY),
    recorded_at=MOMENT,
    account_id=or_null(ID),
    hash=TEXT,
)
