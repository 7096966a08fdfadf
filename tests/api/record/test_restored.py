"""An older database put back beside newer keys and logs, started, and the newer one put back again: everybody is readable."""

from __future__ import annotations

import shutil

from api.app import create_app
from api.jobs.worker import tidy
from api.participants import people
from tests.chains import faults_in
from tests.installation import installation


def test_an_older_database_that_was_started_for_a_while_costs_nobody_their_key(tmp_path):
    data, names = tmp_path / "data", {}
    with installation(data) as kail:
        names[kail.participant(name="Bu Lama")] = "Bu Lama"
        assert seen(kail, kail.record) == names
    shutil.copytree(data, tmp_path / "older")
    started = create_app(kail.settings, clock=kail.clock).state.record
    kail.record = started
    names[kail.participant(name="Bu Baru")] = "Bu Baru"
    assert seen(kail, started) == names
    started.close()
    shutil.copytree(data, tmp_path / "newer")

    put(tmp_path / "older", data)
    older = create_app(kail.settings, clock=kail.clock).state.record
    tidy(older, data)
    assert set(seen(kail, older).values()) == {"Bu Lama"}
    assert faults_in(older) == {}
    older.close()

    put(tmp_path / "newer", data)
    newer = create_app(kail.settings, clock=kail.clock).state.record
    tidy(newer, data)
    assert seen(kail, newer) == names
    assert faults_in(newer) == {}
    newer.close()


def put(copy, data):
    """Put a database in the place of that of a data folder; keys and logs of looks stay."""
    for path in data.glob("kail.sqlite*"):
        path.unlink()
    shutil.copy(copy / "kail.sqlite", data / "kail.sqlite")


def seen(kail, record):
    with record.look() as tx:
        return {person.id: person.identity["name"] for person in people.look_for(tx, kail.actors["mentor"], "").people}
