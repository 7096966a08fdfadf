"""What is tested is what is shipped: `kail` as dev.py installs it and as pip does, with one process that answers and with two."""

import os
import re
import signal
import socket
import subprocess
import time
from urllib.parse import urlsplit

import httpx
import pytest

from tests.installation import skip_or_fail
from tests.installed import by_pip, missing_for_pip, serving

KEPT = {"kail.key", "persons.keys", "jobs.lock"}
SIGNALS = b'{"signals": {"registered": true}}'


@pytest.fixture(scope="session")
def kail_by_pip(tmp_path_factory):
    """The command that pip installs."""
    if reason := missing_for_pip():
        skip_or_fail(reason)
    return by_pip(tmp_path_factory.mktemp("pip") / "it's Kail")


@pytest.fixture(params=["kail_by_dev", "kail_by_pip"])
def command(request):
    return request.getfixturevalue(request.param)


@pytest.fixture
def clean(tmp_path):
    """An environment with a temporary folder of its own, so that what is left in it is seen; and that folder."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    return {**os.environ, "TMPDIR": str(temporary)}, temporary


@pytest.mark.parametrize("workers", [1, 2])
def test_the_installed_command_serves_and_ends_and_leaves_nothing_behind(command, workers, url, tmp_path, clean):
    environment, temporary = clean
    data = tmp_path / "data"
    record = ["--data", data, *(["--database", url] if url else [])]
    password = add_operator(command, record, tmp_path)
    with serving(command, tmp_path, "--workers", workers, *record, environment=environment) as service:
        with httpx.Client(base_url=service.address, timeout=30) as client:
            look_around(client, password)
        if workers > 1:
            assert_each_answers(service, workers)
        started = service.processes()
        halves = [half_a_request(service.address) for _ in range(2)]
        service.process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        assert service.process.poll() is None, "it did not wait for those who are being answered"
        assert [rest_of(half) for half in halves] == [200, 200]
        assert service.end() < 10
    assert service.process.returncode in (0, -signal.SIGTERM)
    assert left_of(started) == []
    assert list(temporary.iterdir()) == []
    assert {path.name for path in data.iterdir()} == KEPT | (set() if url else {"kail.sqlite", "looks"})
    written = service.log.read_text()
    assert "Traceback" not in written
    assert "unexpected" not in written
    with socket.socket() as again:
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind(("127.0.0.1", urlsplit(service.address).port))


def add_operator(command, record, folder):
    """Add an account by the command; return its password."""
    arguments = ["account", "add", "budi", "--role", "operator", "--organisation", "Koja", *map(str, record)]
    printed = subprocess.run([command, *arguments], cwd=folder, capture_output=True, text=True, check=True).stdout
    return re.search(r"\S+-\S+-\S+", printed)[0]


def look_around(client, password):
    """Pages, a file and JSON; as nobody, then signed in."""
    for path in ("/", "/sign-in", "/static/kail.css", "/schema/openapi.json", "/api/v1/programme"):
        assert client.get(path).status_code == 200, path
    advice = client.post("/api/v1/recommendations", content=SIGNALS, headers={"content-type": "application/json"})
    assert advice.json()["tier"]["tier"] == "sapaan"
    assert client.post("/sign-in", data={"login": "budi", "password": password}).status_code == 303
    changed = client.post("/account/password", data={"old": password, "new": "kambing-merah-tiga-puluh"})
    assert changed.status_code == 303
    for _ in range(4):
        for path in ("/participants", "/accounts", "/audit"):
            assert client.get(path).status_code == 200, path


def assert_each_answers(service, workers):
    """Every process answers while all the others stand still."""
    answering = [pid for pid in service.processes() if "spawn_main" in arguments_of(pid)]
    assert len(answering) == workers
    for pid in answering:
        others = [other for other in answering if other != pid]
        for other in others:
            os.kill(other, signal.SIGSTOP)
        try:
            assert httpx.get(f"{service.address}/health", timeout=4).status_code == 200  # 5 s: held for dead
        finally:
            for other in others:
                os.kill(other, signal.SIGCONT)


def arguments_of(pid):
    return subprocess.run(["ps", "-ww", "-o", "args=", "-p", str(pid)], capture_output=True, text=True).stdout  # noqa: PLW1510 - it may have ended


def is_alive(pid):
    """Whether a process runs; one that has ended and that nobody has asked after does not."""
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True).stdout  # noqa: PLW1510 - it may have ended
    return bool(state.strip()) and not state.startswith("Z")


def left_of(started, patience=5.0):
    """Those that still run; what only watches over the others sees a moment later that they have ended."""
    end = time.monotonic() + patience
    while (left := [arguments_of(pid) for pid in started if is_alive(pid)]) and time.monotonic() < end:
        time.sleep(0.1)
    return left


def half_a_request(address):
    """Ask for a recommendation and keep the end of the body back."""
    where = urlsplit(address)
    asking = socket.create_connection((where.hostname, where.port), timeout=30)
    head = (
        f"POST /api/v1/recommendations HTTP/1.1\r\nHost: {where.netloc}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(SIGNALS)}\r\n\r\n"
    )
    asking.sendall(head.encode() + SIGNALS[:10])
    time.sleep(0.1)
    return asking


def rest_of(asking):
    """Send the rest; return the status of the answer."""
    with asking:
        asking.sendall(SIGNALS[10:])
        answer = b""
        while part := asking.recv(65536):
            answer += part
    assert b'"tier"' in answer
    return int(answer.split()[1])
