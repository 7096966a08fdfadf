"""What is said with a transition: reasons, documents, an amount, a day; each only where it is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any


@dataclass(frozen=True)
class Why:
    """A reason: a code of the programme, words where it needs some, and how much more is asked for where it is a number."""

    code: str
    text: str = ""
    more: int | None = None


@dataclass(frozen=True, repr=False)
class Said:
    """What is said with a transition; each part only where it is asked for."""

    reasons: tuple[Why, ...] = ()
    documents: tuple[str, ...] = ()
    note: str = ""
    amount_idr: int | None = None
    on: date | None = None
    days_late: int | None = None
    shown: str = ""

    @property
    def plain(self) -> dict[str, Any]:
        """What of it is kept as it is: sums and days."""
        return {"amount_idr": self.amount_idr, "on": self.on, "days_late": self.days_late}

    @property
    def kept(self) -> dict[str, Any]:
        """What of it is kept sealed."""
        texts = {why.code: why.text for why in self.reasons if why.text}
        more = {why.code: why.more for why in self.reasons if why.more is not None}
        found = {
            "texts": texts,
            "more": more,
            "documents": list(self.documents),
            "note": self.note,
        }
        return {name: value for name, value in found.items() if value}
