"""Where a webhook may go: https, allowed hosts, and addresses of the open internet, also after the name was looked up."""

from __future__ import annotations

import ssl

import httpcore
import pytest

from api.webhooks.addresses import host_of, is_open, networks_of, read_host, troubles_of
from tests.receiving_hooks import HERE, deliver_all, receiving, sender, with_webhook
from tests.referring import Referring

PUBLIC = "93.184.215.14"


@pytest.mark.parametrize(
    "address", [PUBLIC, "8.8.8.8", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "2001:4860:4860::8888"]
)
def test_the_open_internet_is_open(address):
    assert is_open(address, ())


CLOSED = [
    "0.0.0.0",
    "10.0.0.1",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    f"::ffff:{PUBLIC}",
    "64:ff9b::7f00:1",
    "64:ff9b::a00:1",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::1",
    "2002:a00:1::1",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
]


@pytest.mark.parametrize("address", CLOSED)
def test_no_closed_network_is_open_in_any_form(address):
    assert not is_open(address, ())
    assert not is_open(address, networks_of(["172.20.0.0/16"]))


def test_a_network_that_was_named_is_open_and_no_other():
    named = networks_of(["10.1.0.0/16", "fd00:1::/32"])
    assert is_open("10.1.2.3", named)
    assert is_open("fd00:1::5", named)
    assert not is_open("10.2.0.1", named)
    assert not is_open("fd00:2::5", named)
    assert not is_open("::ffff:10.1.2.3", named)


@pytest.mark.parametrize(
    ("url", "codes"),
    [
        ("https://bank.example/kail?x=1", []),
        ("https://bank.example:443/kail", []),
        ("https://BANK.example/kail", []),
        ("https://bank.example:8443/kail", ["host_not_allowed"]),
        ("https://bank.example.evil.example/", ["host_not_allowed"]),
        ("https://other.example/", ["host_not_allowed"]),
        ("http://bank.example/kail", ["https_only"]),
        ("ftp://bank.example/kail", ["https_only"]),
        ("https://anna:secret@bank.example/", ["no_password_in_url"]),
        ("https://bank.example@evil.example/", ["no_password_in_url", "host_not_allowed"]),
        ("http://169.254.169.254/latest/meta-data/", ["https_only", "closed_address", "host_not_allowed"]),
        ("https://169.254.169.254/", ["closed_address", "host_not_allowed"]),
        ("https://[::1]/", ["closed_address", "host_not_allowed"]),
        ("https://[::ffff:127.0.0.1]/", ["closed_address", "host_not_allowed"]),
        ("https://2130706433/", ["no_webhook_url"]),
        ("https://0x7f000001/", ["no_webhook_url"]),
        ("https://bank.example/#here", ["no_webhook_url"]),
        ("https://bank.example\\@evil.example/", ["no_webhook_url"]),
        ("https://bank .example/", ["no_webhook_url"]),
        ("https://bank.example/\n", ["no_webhook_url"]),
        ("https://bänk.example/", ["no_webhook_url"]),
        ("https://bank.example:0/", ["no_webhook_url"]),
        ("https://bank.example:99999/", ["no_webhook_url"]),
        ("https:///kail", ["no_webhook_url"]),
        ("https://[::1/", ["no_webhook_url"]),
        ("bank.example/kail", ["no_webhook_url"]),
        ("", ["no_webhook_url"]),
        ("https://bank.example/" + "x" * 500, ["no_webhook_url"]),
    ],
)
def test_a_url_is_refused_for_everything_that_is_wrong_with_it(url, codes):
    assert [one.code for one in troubles_of(url, {"bank.example"}, ())] == codes


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("3786336534427922", ""),  # might be anybody's NIK
        ("127.1", ""),
        ("bank.example.0x7f", ""),
        ("Bank.Example", "bank.example"),
        (" bank.example:443 ", "bank.example"),
        ("bank.example:8443", "bank.example:8443"),
        ("[fd00::1]:8443", "[fd00::1]:8443"),
        ("bank.example:99999", ""),
        ("https://bank.example", ""),
        ("bank.example/kail", ""),
        ("*.example", ""),
        ("", ""),
        ("bank.example:", ""),
    ],
)
def test_a_host_is_read_as_it_stands_in_a_url(text, host):
    assert read_host(text) == host
    if host:
        assert host_of(f"https://{host}/kail") == host


class _Recording(httpcore.NetworkBackend):
    """Takes note of where a connection is to go; the open internet is not there in a test."""

    def __init__(self):
        self.asked = []

    def connect_tcp(self, host, port, timeout=None, local_address=None, socket_options=None):
        self.asked.append((host, port))
        raise httpcore.ConnectError


class _Resolver:
    """A name server that says something else each time, and counts how often it is asked."""

    def __init__(self, *answers):
        self.answers, self.asked = list(answers), 0

    def __call__(self, host, port):
        self.asked += 1
        return self.answers.pop(0)


def test_the_connection_goes_to_the_address_that_was_checked_and_the_name_is_not_asked_again():
    way, resolver = _Recording(), _Resolver([PUBLIC], ["127.0.0.1"])
    using = sender(networks=(), look_up=resolver, connect=way)
    assert using.post("https://bank.example/kail", b"{}", {}).trouble == "no_connection"
    assert (way.asked, resolver.asked) == ([(PUBLIC, 443)], 1)
    # the name server changed its mind: nothing goes there
    assert using.post("https://bank.example/kail", b"{}", {}).trouble == "closed_address"
    assert (way.asked, resolver.asked) == ([(PUBLIC, 443)], 2)


@pytest.mark.parametrize("address", ["127.0.0.1", "169.254.169.254", "::1", "::ffff:10.0.0.1", "64:ff9b::a00:1"])
def test_one_closed_address_among_open_ones_is_enough_to_send_nothing(address):
    way = _Recording()
    for answer in ([PUBLIC, address], [address, PUBLIC]):
        using = sender(networks=(), look_up=lambda host, port, answer=answer: answer, connect=way)
        assert using.post("https://bank.example/kail", b"{}", {}).trouble == "closed_address"
    assert way.asked == []


def test_a_name_that_leads_into_a_closed_network_gets_nothing_and_the_officer_reads_why(small_kail):
    kail, referring = small_kail, Referring(small_kail)
    with receiving(kail.clock) as receiver:
        with_webhook(kail, receiver)
        referring.sent()
        assert deliver_all(kail, sender(networks=())) == 0
        assert receiver.came == 0
        with kail.client("officer") as client:
            [hook] = client.get("/api/v1/webhooks").json()["webhooks"]
        assert (hook["state"], hook["trouble"]) == ("fails", "closed_address")


def test_an_address_that_says_nothing_leaves_time_for_the_next():
    asked = []

    class Silent(httpcore.NetworkBackend):
        def connect_tcp(self, host, port, timeout=None, local_address=None, socket_options=None):
            asked.append((host, timeout))
            raise httpcore.ConnectTimeout

    using = sender(networks=(), look_up=lambda host, port: [PUBLIC, "8.8.8.8"], connect=Silent(), seconds=8)
    assert using.post("https://bank.example/kail", b"{}", {}).trouble == "slow"
    assert [host for host, _ in asked] == [PUBLIC, "8.8.8.8"]
    assert asked[0][1] <= 4


def test_a_host_that_is_not_there_is_told_as_such():
    def nowhere(host, port):
        raise OSError

    for look_up in (nowhere, lambda host, port: []):
        assert sender(look_up=look_up).post("https://bank.example/", b"{}", {}).trouble == "unknown_host"


def test_tls_verifies_the_name_of_the_host_although_the_address_was_looked_up_by_us(small_kail):
    with receiving(small_kail.clock) as receiver:
        for using, url in (
            (sender(tls=ssl.create_default_context()), receiver.url),  # signed by nobody that it knows
            (sender(), f"https://bank.example:{receiver.port}/kail"),  # the certificate is another host's
        ):
            assert using.post(url, b"{}", {}).trouble == "no_tls"
        assert receiver.came == 0
        assert networks_of(HERE)


def test_no_proxy_of_the_environment_is_asked(small_kail, monkeypatch):
    for name in ("https_proxy", "HTTPS_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with receiving(small_kail.clock) as receiver:
        receiver.answer = 500
        assert sender().post(receiver.url, b"{}", {}).status == 500
