"""Importing a file as its sender does: sent, done by what the worker does, and looked at on its job."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from api.jobs.worker import do_all

COUNTS = ("rows", "taken", "registered", "facts", "rejected_rows")


@dataclass
class Sent:
    """What became of a file: `status` of what was answered when it was sent, or "done" or "failed"; what is said of it."""

    status: int | str
    said: dict[str, Any]

    @property
    def problems(self) -> list[dict[str, Any]]:
        """Why it was refused, or could not be done."""
        return self.said["problems"]

    @property
    def counts(self) -> tuple[int, ...]:
        """How many rows, rows taken, people registered, facts, rows not taken."""
        return tuple(self.said[name] for name in COUNTS)


def post(client, content, name="people.csv", *, language="en", columns=None, headers=None, **fields):
    """Send a file (a text or bytes); return what is answered. `language` None: none is asked for."""
    files = {"file": (name, content.encode() if isinstance(content, str) else content)}
    if columns is not None:
        files["columns"] = ("columns.toml", columns.encode() if isinstance(columns, str) else columns)
    data = {"consents": "record,recommendation", "channel": "paper", "said_on": "2026-11-20"} | fields
    asked = f"?language={language}" if language else ""
    return client.post(f"/api/v1/imports{asked}", data=data, files=files, headers=headers)


def page_of(kail, client, answer):
    """What is shown of a file that was sent by the form: the page of its job when that is over, or why it was refused."""
    if answer.status_code != 303:
        return answer
    do_all(kail.record, kail.live, kail.settings.data)
    return client.get(answer.headers["location"])


def outcome(client, job, headers=None):
    """What became of a job that is over: its result, with the problems of rows beside those of the file."""
    found = client.get(f"/api/v1/jobs/{job}", headers=headers).json()
    assert found["state"] in ("done", "failed"), found
    return Sent(found["state"], {**found["result"], "problems": [*found["result"]["problems"], *found["pieces"]]})


def send(kail, content, name="people.csv", *, login="mentor", **more):
    """Send a file and have it imported, if it is taken at all."""
    with kail.client(login) as client:
        answer = post(client, content, name, **more)
        if answer.status_code != 202:
            return Sent(answer.status_code, answer.json())
        do_all(kail.record, kail.live, kail.settings.data)
        return outcome(client, answer.json()["id"])


def imported(kail, content, name="people.csv", **more):
    """What came of a file that was imported."""
    sent = send(kail, content, name, **more)
    assert sent.status == "done", sent
    return sent.said
