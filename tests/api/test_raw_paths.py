"""Addresses that nobody types: control characters, no Unicode, no end. Sent as raw bytes to the installed service."""

import re
import socket
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest

from api.accounts.guard import ANYONE, MATRIX
from tests.installation import installation
from tests.installed import serving

ODD = ["%00", "x%00y", "%0a", "%0d%0ax:%20y", "%1b%5b2J", "%7f", "%ff", "%ed%a0%80", "%2e%2e%2f", "a" * 300, "a" * 5000]
CONTROL = re.compile("%00|%0a|%1b|%7f")
TEMPLATE = re.compile(r"\{\w+\}")


@pytest.fixture(scope="module")
def served(tmp_path_factory, kail_by_dev):
    """A service with a record; its address, its log, and of each role a cookie."""
    folder = tmp_path_factory.mktemp("raw")
    with installation(folder / "data") as made:
        made.clock.now = datetime.now(UTC)
        cookies = {role: made.headers(role)["cookie"] for role in ("mentor", "lender", "analyst", "operator")}
    with serving(kail_by_dev, folder, "--data", folder / "data") as service:
        yield service, cookies
    written = service.log.read_text(encoding="utf-8", errors="replace")
    assert "unexpected" not in written
    assert "Traceback" not in written


def ask(service, first_line, cookie="", accept="application/json"):
    """Send a request; return its status and body."""
    where = urlsplit(service.address)
    head = (
        f" HTTP/1.1\r\nHost: {where.netloc}\r\nConnection: close\r\nAccept: {accept}\r\nOrigin: {service.address}\r\n"
    )
    head += "Content-Type: application/json\r\nContent-Length: 2\r\n" + (f"Cookie: {cookie}\r\n" if cookie else "")
    with socket.create_connection((where.hostname, where.port), timeout=30) as asking:
        asking.sendall(first_line + head.encode() + b"\r\n{}")
        answer = b""
        while part := asking.recv(65536):
            answer += part
    return int(answer.split()[1]), answer.partition(b"\r\n\r\n")[2]


def addresses(path):
    """The odd addresses of a route: in each place that is left open, or after it where none is."""
    for odd in ODD:
        yield re.sub(TEMPLATE, odd, path) if "{" in path else f"{path.rstrip('/')}/{odd}"


@pytest.mark.parametrize("route", MATRIX)
def test_an_odd_address_is_refused_in_words_and_never_our_mistake(served, route):
    service, cookies = served
    method, path = route.split()
    role = MATRIX[route][0]
    for address in addresses(path):
        status, body = ask(service, f"{method} {address}".encode(), "" if role == ANYONE else cookies[role])
        assert 400 <= status < 500, (address[:60], status)
        assert body, address[:60]
        if CONTROL.search(address):
            assert status in (404, 405), (address[:60], status)  # 405: another method has that place left open


def test_a_browser_reads_a_page_below_static_too(served):
    service, _ = served
    for odd in ("kail.css%00", "kail.css/x", "a" * 300, "%0a"):
        status, body = ask(service, f"GET /static/{odd}".encode(), accept="text/html")
        assert status == 404
        assert b"</html>" in body
    assert ask(service, b"GET /static/kail.css")[0] == 200


@pytest.mark.parametrize("odd", [b"\x00", b"\xff", b"\xc3\xa9", b"\t", b"a" * 200_000], ids=lambda odd: repr(odd[:8]))
def test_bytes_that_no_address_may_hold_do_no_harm(served, odd):
    service, _ = served
    assert 400 <= ask(service, b"GET /static/" + odd)[0] < 500
    assert ask(service, b"GET /static/kail.css")[0] == 200
