"""Live: what a running service answers with. The programme, the scorecard if there is one, and what day it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo

from api.settings import Settings
from matcher.programme.entries import Programme
from matcher.programme.loading import OKOCE, load_programme
from matcher.programme.rules import Rules, rules_on
from matcher.scorecard import Scorecard
from models.registry import scorecard_for
from words.catalogues import check_catalogues

Clock = Callable[[], datetime]
SKEW: Final = timedelta(minutes=1)
"""How far the clocks of two servers may lie apart. What is farther in the future comes of a clock that went back."""


def utc_now() -> datetime:
    """The moment it is."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Live:
    """A programme and a scorecard, with a clock. The day is that of the programme's own time zone."""

    programme: Programme
    scorecard: Scorecard | None
    clock: Clock = utc_now

    @property
    def today(self) -> date:
        """The day it is where the programme is run."""
        return self.clock().astimezone(self.zone).date()

    @property
    def zone(self) -> ZoneInfo:
        """The time zone in which the programme is run."""
        return ZoneInfo(self.programme.timezone)

    @property
    def rules(self) -> Rules:
        """The rules of today; of the nearest day on which there is a programme, if it has ended or not begun."""
        day = max(self.today, self.programme.valid_from)
        return rules_on(self.programme, min(day, self.programme.valid_to or day))


@cache
def _shipped() -> Programme:
    """The programme that comes with Kail: its files are never written, so a process reads them once."""
    return load_programme(OKOCE)


def go_live(settings: Settings, clock: Clock = utc_now) -> Live:
    """Load what the settings name.

    Raises:
        ProgrammeError: if the programme cannot be loaded; it names every mistake.
        CatalogueError: if the sentences of a language of the programme are missing or do not fit; likewise.
        RegistryError: if there is no such scorecard, it was changed, or does not fit the programme.
        OSError: if the scorecard cannot be read.
    """
    folder = settings.programme_folder
    live = Live(_shipped() if folder == OKOCE else load_programme(folder), None, clock)
    check_catalogues(live.programme.languages)
    return Live(live.programme, scorecard_for(settings.model, live.rules), clock)
