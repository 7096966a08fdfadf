"""The fixtures of the matcher's tests."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from matcher.facts.participant import Participant, read_participant
from matcher.programme.loading import Programme, load_programme
from matcher.programme.rules import rules_on

TODAY = date(2026, 11, 21)


@pytest.fixture(scope="session")
def okoce() -> Programme:
    """The programme of Jakarta."""
    return load_programme()


@pytest.fixture
def a_participant(okoce: Programme) -> Callable[..., Participant]:
    """Makes a participant of Jakarta: `a_participant(nib=True, as_of=...)`; what is not given is unknown."""

    def make(as_of: date = TODAY, **signals: Any) -> Participant:
        return read_participant(rules_on(okoce, as_of), signals)

    return make
