"""A process of assessments, and somebody to be assessed in it."""

from __future__ import annotations

import pytest

from api.assessments.own_process import OwnProcess
from tests.api.assessments.processes import until


@pytest.fixture
def make_process(small_kail):
    """Make a process for the installation, and wait until it is ready."""
    made = []

    def make(*, ready=True):
        own = OwnProcess(small_kail.record, small_kail.live, small_kail.settings.data)
        made.append(own)
        if ready:
            until(own._ready)
        return own

    yield make
    for own in made:
        own.close()


@pytest.fixture
def asked(small_kail):
    """A mentor and a participant of whom there is evidence, to be assessed."""
    person = small_kail.participant()
    small_kail.evidence(person)
    return small_kail.actors["mentor"], person, None, "en"
