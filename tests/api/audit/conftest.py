"""An installation whose chains have something in them."""

from __future__ import annotations

from datetime import date

import pytest

from api.audit.service import note
from api.consents import service as consents
from api.participants import people

ROWS = 12


@pytest.fixture
def with_rows(kail):
    """An installation with a dozen entries in each chain, of two organisations."""
    for login, times in (("mentor", ROWS), ("other_mentor", 3)):
        person, actor = kail.participant(login, consents=("record",)), kail.actors[login]
        for number in range(times):
            given = bool(number % 2)
            with kail.record.write() as tx:
                said = {"given": given, "channel": "phone", "said_on": date(2026, 11, 1)}
                consents.say(tx, actor, person, "training", **said)
                note(tx, None, "wrote", "test", f"{login}-{number}")
            with kail.record.look() as tx:
                people.see(tx, actor, person)
    return kail
