"""The worker as a process of its own: it delivers beside the jobs, and one that is killed loses nothing."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from sqlalchemy import update

from api.record.live import utc_now
from api.webhooks.tables import WEBHOOKS
from tests.api.jobs.test_worker import waited_for
from tests.conftest import ROOT
from tests.receiving_hooks import certificate, receiving, with_webhook
from tests.referring import Referring


@contextmanager
def worker(kail, folder):
    """A worker, told its settings as `kail serve` tells them; ended by the end of its input."""
    trusted = folder / "trusted.pem"
    trusted.write_text(certificate()[certificate().index("-----BEGIN CERTIFICATE") :])
    settings = kail.settings.to_environment() | {"KAIL_WEBHOOK_NETWORK": "127.0.0.0/8,::1/128"}
    environment = {**os.environ, **settings, "PYTHONPATH": str(ROOT), "SSL_CERT_FILE": str(trusted)}
    command = [sys.executable, "-P", "-m", "api.jobs.worker"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, env=environment, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.stdin.close()
        process.wait(20)


@pytest.mark.parametrize("on_its_way", [True, False])
def test_a_worker_that_is_killed_sends_again_and_loses_nothing(kail, tmp_path, on_its_way):
    """Killed while the receiver has it and has not answered, or before it was sent."""
    referring, inside, go_on = Referring(kail), threading.Event(), threading.Event()
    with receiving(utc_now) as receiver:
        webhook = with_webhook(kail, receiver)
        real = receiver.receive

        def receive(handler, headers, body):
            real(handler, headers, body)  # it is taken, but the answer does not get through
            inside.set()
            go_on.wait(60)

        sent = referring.sent()
        if on_its_way:
            receiver.answer = lambda handler: None
            receiver.receive = receive
            with worker(kail, tmp_path) as process:
                assert inside.wait(60)
                process.kill()
            go_on.set()
            with kail.record.write() as tx:  # as if its time had passed
                here = WEBHOOKS.c.id == webhook
                tx.run(update(WEBHOOKS).where(here).values(lease_ends=datetime(2026, 1, 1, tzinfo=UTC)))
            receiver.answer, receiver.receive = 204, real
        else:
            with worker(kail, tmp_path) as process:
                process.kill()
        with worker(kail, tmp_path):
            waited_for(lambda: "send" in receiver.moves_of(sent))
        assert receiver.moves_of(sent)[0] == "send"
        assert receiver.came >= 1 + on_its_way
