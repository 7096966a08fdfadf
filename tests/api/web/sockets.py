"""People who are slow, silent or many, as seen from a socket."""

from __future__ import annotations

import socket
import time
from contextlib import ExitStack
from urllib.parse import urlsplit

import httpx

HALF_A_HEAD = b"POST /sign-in HTTP/1.1\r\nHost: localhost\r\nX-Slow: "
HALF_A_BODY = (
    b"POST /sign-in HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 200\r\n\r\nlogin="
)


class Opened(ExitStack):
    """Connections, all of which are closed in the end."""

    def connect(self, address, sent=b""):
        return self.enter_context(connect(address, sent))


def connect(address, sent=b""):
    """Open a connection, and send no more than this."""
    where = urlsplit(address)
    opened = socket.create_connection((where.hostname, where.port), timeout=30)
    opened.sendall(sent)
    return opened


def is_closed(opened):
    """Whether the other side has closed a connection; what came before that is not looked at."""
    opened.setblocking(False)
    try:
        while opened.recv(65536):
            pass
        return True
    except BlockingIOError:
        return False
    except OSError:
        return True


def answer_of(opened):
    """Read all that comes until the other side closes."""
    answer = b""
    while part := opened.recv(65536):
        answer += part
    return answer


def is_answered_again(address, within, path="/ready"):
    """Ask until the answer is 200; return the seconds that it took."""
    since = time.monotonic()
    while time.monotonic() - since < within:
        try:
            if httpx.get(f"{address}{path}", timeout=5).status_code == 200:
                return time.monotonic() - since
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError(f"{path} is not answered with 200 within {within} seconds")
