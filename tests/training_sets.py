"""Training sets in tests: asked for as an analyst, read as a file gives them back."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import date
from typing import Any

from api.outcomes import service
from api.outcomes.known import Asked
from api.participants import rights
from api.participants.tables import PARTICIPANTS
from tests.referring import PRODUCT, Referring

AGREES = ("record", "recommendation", "training")


@dataclass
class Made:
    """A training set: its lines by column, as CSV gives them, and its manifest."""

    lines: list[dict[str, str]]
    manifest: dict[str, Any]
    content: bytes

    def column(self, name):
        return [line[name] for line in self.lines]


def made(kail, known_at, outcome="", login="analyst"):
    """What is written for that day."""
    if isinstance(known_at, str):
        known_at = date.fromisoformat(known_at)
    asked = Asked(known_at, outcome, ".csv")
    found = service.make(kail.record, kail.live, kail.actors[login], asked, {}, lambda done, total: None)
    lines = list(csv.DictReader(io.StringIO(found.content.decode())))
    return Made(lines, dict(found.manifest), found.content)


def erase(kail, person):
    with kail.record.read() as tx:
        version = tx.one(PARTICIPANTS.select().where(PARTICIPANTS.c.id == person)).version
    rights.erase(kail.record, kail.actors["operator"], person, version)


class Training(Referring):
    """People of whom training sets are made: they agree to it, are referred, and something comes of it."""

    def agreeing(self, login="mentor", **more):
        """Somebody who agrees to training, and to be referred to the first bank."""
        return self.trader(login, consents=AGREES, **more)

    def assess(self, person, login="mentor"):
        from api.assessments.service import assess

        return assess(self.kail.record, self.kail.live, self.kail.actors[login], person)[0]

    def learns(self, person, login="mentor", **signals):
        self.kail.evidence(person, login, **signals)

    def paid_out(self, referral, on=None, amount=5_000_000):
        referral = self.move("officer", referral, "accept")
        return self.move("officer", referral, "disburse", amount_idr=amount, on=on or self.today)

    def repaid(self, referral, on=None, days_late=0, move="repay"):
        return self.move("officer", referral, move, on=on or self.today, days_late=days_late)

    @property
    def today(self):
        return self.kail.live.today

    def forward(self, **passed):
        self.kail.clock.forward(**passed)
        return self.today


__all__ = ["AGREES", "PRODUCT", "Made", "Training", "erase", "made"]
