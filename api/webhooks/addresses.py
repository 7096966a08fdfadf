"""Addresses: which URLs a webhook may have, and which addresses a host may resolve to when something is sent to it.

A server that sends where it is told to is a way into the network that it stands in. So only https, only hosts that were
allowed, and only addresses of the open internet, or of networks that whoever runs Kail named.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final
from urllib.parse import SplitResult, urlsplit

from api.record.refusals import Trouble
from api.webhooks.tables import LONGEST_HOST, LONGEST_URL

Network = IPv4Network | IPv6Network
HTTPS: Final = 443
_NAME: Final = r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?"
_HOST: Final = re.compile(rf"({_NAME}|\[[0-9a-f:.]{{2,45}}\])(:[1-9][0-9]{{0,4}})?", re.ASCII)
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*", re.ASCII)
_PRINTABLE: Final = re.compile(r"[!-\[\]-~]+")  # no blanks, no controls, no backslash, which some read as a slash
_TUNNELS: Final = tuple(
    ip_network(one)
    for one in ("::/96", "::ffff:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "2001::/32", "2002::/16", "192.88.99.0/24")
)
"""Forms that carry another address: IPv4 compatible, mapped and translated, Teredo and 6to4."""


def networks_of(written: Sequence[str]) -> tuple[Network, ...]:
    """Networks as they are written (CIDR)."""
    return tuple(ip_network(one, strict=False) for one in written)


def is_open(address: str, allowed: Sequence[Network]) -> bool:
    """Whether something may be sent to an address: one of the open internet, or in a network that is allowed."""
    found: IPv4Address | IPv6Address = ip_address(address)
    if any(found in network for network in allowed):
        return True
    if any(found in tunnel for tunnel in _TUNNELS) or found.is_multicast or found.is_reserved:
        return False
    return found.is_global and not getattr(found, "is_site_local", False)


def host_of(url: str) -> str:
    """The host of a URL that was let through, as hosts are allowed: with its port where that is not 443."""
    return _host(urlsplit(url))


def _host(parts: SplitResult) -> str:
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    return host if parts.port in (None, HTTPS) else f"{host}:{parts.port}"


def read_host(text: str) -> str:
    """A host as it is kept: lower case, without the port of https; "" for what is none."""
    host = text.strip().lower().removesuffix(f":{HTTPS}")
    if not _HOST.fullmatch(host) or len(host) > LONGEST_HOST:
        return ""
    name, _, port = host.rpartition(":") if ":" in host and not host.endswith("]") else (host, "", "1")
    return host if int(port) < 2**16 and not _is_number(name) else ""


def _is_number(name: str) -> bool:
    """Whether a name ends in a number and is no address of four: some read it as one all the same."""
    if not _NUMBER.fullmatch(name.rpartition(".")[2]):
        return False
    try:
        IPv4Address(name)
    except ValueError:
        return True
    return False


def troubles_of(url: str, hosts: Collection[str], networks: Sequence[Network]) -> list[Trouble]:
    """Everything for which a webhook may not have a URL. `hosts`: those that are allowed."""
    try:
        parts = urlsplit(url)
        host = _host(parts)
    except ValueError:
        parts, host = SplitResult("", "", "", "", ""), ""
    if len(url) > LONGEST_URL or not _PRINTABLE.fullmatch(url) or not read_host(host) or parts.fragment:
        return [Trouble("url", "no_webhook_url", url[:LONGEST_URL])]
    troubles = []
    if parts.scheme != "https":
        troubles.append(Trouble("url", "https_only", parts.scheme))
    if "@" in parts.netloc:
        troubles.append(Trouble("url", "no_password_in_url"))
    if _is_closed(parts.hostname or "", networks):
        troubles.append(Trouble("url", "closed_address", parts.hostname))
    if host not in hosts:
        troubles.append(Trouble("url", "host_not_allowed", host))
    return troubles


def _is_closed(host: str, networks: Sequence[Network]) -> bool:
    """Whether a host is an address to which nothing may be sent; of a name that shows when something is."""
    try:
        return not is_open(host, networks)
    except ValueError:
        return False
