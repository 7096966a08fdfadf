"""Once, as it is served: by one process or two, on either database, fifty at a time."""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from sqlalchemy import func, select

from api.participants.tables import PARTICIPANTS
from tests.api.commands.test_serve import first_answer
from tests.api.test_faults import AGREED
from tests.conftest import ROOT
from tests.installation import PASSWORD

ROUNDS, AT_ONCE = 4, 50


@contextmanager
def served(kail, folder, workers):
    """Serve an installation with so many workers; yield the port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "api.commands.main", "serve", "--port", str(port), "--workers", str(workers)]
    command += ["--data", str(kail.settings.data), "--database", kail.settings.database]
    with (folder / "log").open("w") as log:
        service = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
        try:
            first_answer(f"http://127.0.0.1:{port}/health", service)
            yield port
        finally:
            service.terminate()
            service.wait(30)


def post(port, path, body, **headers):
    """Send JSON over a connection of its own; return status, body and the session it set."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers |= {"content-type": "application/json"}
    connection.request(
        "POST", path, json.dumps(body), {name.replace("_", "-"): value for name, value in headers.items()}
    )
    answer = connection.getresponse()
    found = answer.status, answer.read(), "; ".join(c.split(";")[0] for c in answer.headers.get_all("set-cookie") or ())
    connection.close()
    return found


@pytest.mark.parametrize("workers", [1, 2])
def test_fifty_at_once_have_one_effect_and_one_answer(kail, tmp_path, workers):
    with served(kail, tmp_path, workers) as port, ThreadPoolExecutor(AT_ONCE) as threads:
        status, _, cookie = post(port, "/api/v1/session", {"login": "mentor", "password": PASSWORD})
        assert status == 200
        for number in range(ROUNDS):
            body = {"name": f"Bu Ani {number}", **AGREED}

            def send(_, body=body, number=number):
                return post(port, "/api/v1/participants", body, cookie=cookie, idempotency_key=f"round-{number}")[:2]

            answers = set(threads.map(send, range(AT_ONCE)))
            assert len(answers) == 1
            assert answers.pop()[0] == 201
    with kail.record.read() as tx:
        assert tx.one(select(func.count()).select_from(PARTICIPANTS))[0] == ROUNDS
