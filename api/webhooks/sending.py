"""Sending: one POST over TLS to an address that was checked, within a time and a size; what comes back is not read.

The host is looked up once, every address is checked, and the connection goes to the one that was: what a name server says
the next time changes nothing. TLS verifies the host's name as ever. No redirect is followed and no proxy of the
environment is asked.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import httpcore
import httpx

from api.webhooks.addresses import Network, is_open

MOST_SECONDS: Final = 10.0
"""How long it may take from the first packet to the last header."""
MOST_BYTES: Final = 32 * 1024
"""Of what comes back, TLS and all its headers."""
MOST_ADDRESSES: Final = 3


@dataclass(frozen=True)
class Outcome:
    """What became of a delivery. `trouble` "": it was taken; else a code, with the status where one was answered."""

    trouble: str = ""
    status: int | None = None


class _Stopped(Exception):
    """Nothing is sent, for a reason of ours."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


def look_up_host(host: str, port: int) -> list[str]:
    """Every address of a host.

    Raises:
        OSError: where there is none, or nobody to ask.
    """
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


@dataclass(frozen=True)
class Sender:
    """What is needed to send. `networks`: to which addresses beside the open ones it may be sent."""

    networks: Sequence[Network] = ()
    tls: ssl.SSLContext = field(default_factory=httpx.create_ssl_context)
    look_up: Callable[[str, int], Sequence[str]] = look_up_host
    connect: httpcore.NetworkBackend = field(default_factory=httpcore.SyncBackend)
    seconds: float = MOST_SECONDS

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Outcome:
        """Send a body; 2xx is taken."""
        way = _Checked(self, time.monotonic() + self.seconds)
        timeout = dict.fromkeys(("connect", "read", "write", "pool"), self.seconds)
        given: dict[str, Any] = {"headers": dict(headers), "content": body, "extensions": {"timeout": timeout}}
        try:
            with (
                httpcore.ConnectionPool(ssl_context=self.tls, network_backend=way, http2=False) as pool,
                pool.stream("POST", url, **given) as answer,
            ):
                return _judged(answer.status)
        except _Stopped as stopped:
            return Outcome(stopped.code)
        except httpcore.TimeoutException:
            return Outcome("slow")
        except httpcore.ConnectError:
            return Outcome("no_connection")
        except (httpcore.NetworkError, httpcore.ProtocolError):
            return Outcome("no_answer")


def _judged(status: int) -> Outcome:
    if 200 <= status < 300:
        return Outcome()
    return Outcome("redirects" if 300 <= status < 400 else "not_taken", status)


class _Checked(httpcore.NetworkBackend):
    """Connects to addresses that were checked, and to no other."""

    def __init__(self, sender: Sender, ends: float) -> None:
        self.sender, self.ends = sender, ends

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        try:
            addresses = list(dict.fromkeys(self.sender.look_up(host, port)))
        except (OSError, UnicodeError):
            addresses = []
        if not addresses:
            raise _Stopped("unknown_host")
        if not all(is_open(one, self.sender.networks) for one in addresses):
            raise _Stopped("closed_address")
        failed: Exception = httpcore.ConnectError()
        tried = addresses[:MOST_ADDRESSES]
        for number, address in enumerate(tried):
            share = left(self.ends) / (len(tried) - number)  # one that says nothing leaves time for the others
            try:
                stream = self.sender.connect.connect_tcp(address, port, share, None, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
            else:
                return _Bounded(stream, self.ends)
        raise failed


class _Bounded(httpcore.NetworkStream):
    """A stream that ends in time, and reads no more than was agreed."""

    def __init__(self, stream: httpcore.NetworkStream, ends: float) -> None:
        self.stream, self.ends, self.room = stream, ends, MOST_BYTES

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self.room <= 0:
            raise httpcore.ReadError
        found = self.stream.read(min(max_bytes, self.room), left(self.ends))
        self.room -= len(found)
        return found

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.stream.write(buffer, left(self.ends))

    def close(self) -> None:
        self.stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        try:
            return _Bounded(self.stream.start_tls(ssl_context, server_hostname, left(self.ends)), self.ends)
        except httpcore.ConnectError:
            raise _Stopped("no_tls") from None

    def get_extra_info(self, info: str) -> Any:
        return self.stream.get_extra_info(info)


def left(ends: float) -> float:
    """How many seconds are left.

    Raises:
        httpcore.ReadTimeout: where there are none.
    """
    seconds = ends - time.monotonic()
    if seconds <= 0:
        raise httpcore.ReadTimeout
    return seconds
