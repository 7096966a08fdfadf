"""`kail serve`: what is told before it starts, how it starts and stops, and what its log leaves out."""

import errno
import logging
import os
import socket

import httpx
import pytest

from api.commands import serve
from api.record.live import go_live
from api.settings import Settings
from tests.conftest import ROOT
from tests.installed import serving

WARMI = ROOT / "tests" / "programmes" / "warmi"


def test_a_port_that_is_taken_is_said_plainly(kail):
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        result = kail("serve", "--port", holder.getsockname()[1])
    assert result.exit_code == 2
    assert "Address already in use" in result.stderr
    assert "--port" in result.stderr


@pytest.mark.parametrize(
    ("number", "remedy"), [(errno.EADDRNOTAVAIL, "--host 0.0.0.0"), (errno.EACCES, "1024 or more")]
)
def test_an_address_that_is_not_ours_to_have_is_refused_with_a_remedy(kail, monkeypatch, number, remedy):
    def refuses(self, address):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(socket.socket, "bind", refuses)
    result = kail("serve")
    assert result.exit_code == 2
    assert f"cannot listen on 127.0.0.1 port 8000: {os.strerror(number)}.\n  Remedy: " in result.stderr
    assert remedy in result.stderr


def test_a_programme_that_does_not_load_is_said_before_the_server_starts(kail, tmp_path):
    (tmp_path / "programme").mkdir()
    result = kail("serve", "--data", tmp_path)
    assert result.exit_code == 2
    assert "signals.toml" in result.stderr


def test_the_server_believes_no_proxy_and_is_told_its_settings_by_the_environment(kail, tmp_path, monkeypatch):
    told = {}
    monkeypatch.setattr("uvicorn.run", lambda app, **keys: told.update(keys, app=app))
    monkeypatch.setattr(serve, "check_port", lambda *_: None)
    for name in ("KAIL_HOST", "KAIL_PORT", "KAIL_WORKERS", "KAIL_PROGRAMME", "KAIL_DATA", "KAIL_MODEL"):
        monkeypatch.setenv(name, "")  # so that they are put back afterwards
    assert kail("serve", "--port", 8123, "--workers", 3, "--data", tmp_path / "new").exit_code == 0
    assert (told["app"], told["factory"], told["workers"], told["port"]) == ("api.app:from_environment", True, 3, 8123)
    assert told["proxy_headers"] is False
    assert os.environ["KAIL_DATA"] == str(tmp_path / "new")
    assert (tmp_path / "new").is_dir()


@pytest.mark.parametrize(
    ("given", "believed"), [((), ""), (("10.0.0.0/8", "::1"), "10.0.0.0/8,::ffff:10.0.0.0/104,::1/128")]
)
def test_only_the_proxies_that_are_named_are_believed(kail, tmp_path, monkeypatch, given, believed):
    told = {}
    monkeypatch.setattr("uvicorn.run", lambda app, **keys: told.update(keys))
    monkeypatch.setattr(serve, "check_port", lambda *_: None)
    for name in ("KAIL_HOST", "KAIL_PORT", "KAIL_WORKERS", "KAIL_PROGRAMME", "KAIL_DATA", "KAIL_MODEL"):
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("KAIL_TRUSTED_PROXY", "0.0.0.0/0")
    options = [part for network in given for part in ("--trusted-proxy", network)]
    assert kail("serve", *options).exit_code == 0
    assert (told["proxy_headers"], told["forwarded_allow_ips"]) == (bool(given), believed)
    assert Settings.from_environment(os.environ).trusted_proxy == tuple(filter(None, believed.split(",")))


def test_every_network_that_is_none_is_named_at_once(kail):
    result = kail("serve", "--trusted-proxy", "10.0.0.1/8", "--trusted-proxy", "proxy", "--trusted-proxy", "::/0")
    assert result.exit_code == 2
    assert "10.0.0.1/8 has host bits set." in result.stderr
    assert "'proxy' does not appear to be an IPv4 or IPv6 network." in result.stderr
    assert "::/0 is everybody." in result.stderr
    assert "Write the address of your proxy such as 10.0.0.5" in " ".join(result.stderr.split())


def test_a_programme_can_be_named_for_the_service_as_for_files(kail, tmp_path, monkeypatch):
    monkeypatch.setattr("uvicorn.run", lambda app, **keys: None)
    monkeypatch.setattr(serve, "check_port", lambda *_: None)
    for name in ("KAIL_HOST", "KAIL_PORT", "KAIL_WORKERS", "KAIL_PROGRAMME", "KAIL_DATA", "KAIL_MODEL"):
        monkeypatch.setenv(name, "")
    assert kail("serve", "--programme", WARMI).exit_code == 0
    assert go_live(Settings.from_environment(os.environ)).programme.id == "warmi"
    result = kail("serve", "--programme", tmp_path / "nowhere")
    assert result.exit_code == 2
    assert "there is no such folder" in result.stderr
    assert "--programme DIR" in kail("serve", "--help").stdout


@pytest.mark.parametrize("limits", [True, False])
def test_where_the_system_limits_no_memory_it_is_said_at_the_start(kail, tmp_path, monkeypatch, limits):
    monkeypatch.setattr("uvicorn.run", lambda app, **keys: None)
    monkeypatch.setattr(serve, "check_port", lambda *_: None)
    monkeypatch.setattr("api.files.cage.limits_memory", lambda: limits)
    for name in ("KAIL_HOST", "KAIL_PORT", "KAIL_WORKERS", "KAIL_PROGRAMME", "KAIL_DATA", "KAIL_MODEL"):
        monkeypatch.setenv(name, "")
    result = kail("serve", "--data", tmp_path / "data")
    assert result.exit_code == 0
    assert ("uploads are bounded by time alone" in result.stderr) == (not limits)


def test_the_access_log_has_no_query():
    arguments = ("1.2.3.4:5", "GET", "/people?nik=317", "1.1", 200)
    record = logging.LogRecord("uvicorn.access", logging.INFO, "", 0, '%s - "%s %s HTTP/%s" %d', arguments, None)
    assert serve.WithoutQuery().filter(record)
    assert record.getMessage() == '1.2.3.4:5 - "GET /people HTTP/1.1" 200'
    assert serve.log_config()["handlers"]["access"]["filters"] == ["without_query"]


@pytest.mark.parametrize("workers", [1, 2])
def test_the_log_of_a_service_tells_what_was_asked_without_the_query(kail_by_dev, tmp_path, workers):
    with serving(kail_by_dev, tmp_path, "--workers", workers) as service:
        assert httpx.get(f"{service.address}/health?nik=317").status_code == 200
    written = service.log.read_text()
    assert "/health" in written
    assert "317" not in written
    assert "Traceback" not in written
