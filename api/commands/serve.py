"""The command that starts the service."""

from __future__ import annotations

import errno
import os
import signal
import socket
from contextlib import nullcontext
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import click

from api.commands.failures import Failure, say
from api.commands.options import FOLDER, as_networks, existing, language_option, model_option
from api.commands.record import prepare_record

if TYPE_CHECKING:
    from api.settings import Settings

_NO_PORT = {errno.EACCES: "low_port", errno.EADDRNOTAVAIL: "address_elsewhere"}


@click.command()
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="The address to listen on; 0.0.0.0 is all of them."
)
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True)
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Processes that answer.")
@click.option(
    "--data", type=FOLDER, metavar="DIR",
    help="Where the record is kept; a programme folder in it replaces OK OCE. Without it nothing is kept.",
)  # fmt: skip
@click.option(
    "--database", default="", envvar="KAIL_DATABASE", metavar="URL", help="A PostgreSQL database for the record."
)
@click.option(
    "--keys", default="", envvar="KAIL_KEYS", metavar="URL",
    help="A PostgreSQL database for the key store, where several hosts serve one record; never the record's own.",
)  # fmt: skip
@click.option(
    "--https", is_flag=True, help="Browsers come by HTTPS (through your proxy): cookies are sent by it alone."
)
@click.option(
    "--trusted-proxy", multiple=True, callback=as_networks, metavar="CIDR",
    help="Your proxy's address, or a network with nothing but proxies: it is believed from where somebody comes. "
    "May be given again.",
)  # fmt: skip
@click.option(
    "--upload-mb", type=click.IntRange(1, 10_000), default=200, show_default=True, metavar="MB",
    help="How large a file may be that somebody sends.",
)  # fmt: skip
@click.option(
    "--upload-rows", type=click.IntRange(1, 10_000_000), default=300_000, show_default=True, metavar="N",
    help="How many rows it may have.",
)  # fmt: skip
@click.option(
    "--webhook-network", multiple=True, callback=as_networks, metavar="CIDR",
    help="A private network to which webhooks may go all the same, such as a bank's in the same data centre. "
    "May be given again.",
)  # fmt: skip
@click.option(
    "--programme", type=FOLDER, metavar="DIR", help="A programme's folder; without it the one in --data, else OK OCE."
)
@click.option(
    "--reserve", type=click.IntRange(0, 1_000_000), default=256, show_default=True, metavar="MB",
    help="Room on the disk of --data that writing may not use up, so that people can still look.",
)  # fmt: skip
@model_option
@language_option
@click.option(
    "--check", is_flag=True, help="Start exactly this, ask it a few things, say what was found, and stop."
)  # fmt: skip
def serve(host: str, port: int, workers: int, programme: Path | None, check: bool, **options: Any) -> None:
    """Start the service: pages for people, JSON for programs.

    \b
    Examples:
      kail serve
      kail serve --port 8080 --workers 2 --data ~/kail-data
      kail serve --programme my-city
      kail serve --https --trusted-proxy 10.0.0.5
      kail serve --data ~/kail-data --check

    Stop it with Ctrl-C. Behind a proxy everybody seems to come from
    its address, and one who guesses at passwords slows all the others, until --trusted-proxy names it.

    --check ends with exit code 0 if everything is in order, 2 if not. As starting does, it makes what the data folder
    lacks and brings the tables of the record up to date.
    """
    from api.commands.checking import check_service
    from api.files.cage import limits_memory
    from api.record.live import go_live
    from api.settings import Settings

    if (options["database"] or options["keys"]) and options["data"] is None:
        raise Failure("database_needs_data")
    folder = None if programme is None else existing(programme)
    settings = Settings(host=host, port=port, workers=workers, programme=folder, **options)
    go_live(settings)  # a wrong programme is told here, once, not by every worker with a trace
    if settings.data:
        prepare_record(settings.data, settings.database, settings.keys)
    check_port(host, port)
    if settings.data and not limits_memory():
        click.echo(f"kail: {say('no_memory_limit')}", err=True)
    os.environ.update(settings.to_environment())
    if check:
        check_service(lambda: listen(settings, quiet=True), settings)
    else:
        listen(settings)


def listen(settings: Settings, *, quiet: bool = False) -> None:
    """Answer until a signal ends it. `quiet`: log only what is wrong."""
    import uvicorn

    from api.jobs.process import worker_beside
    from api.web.door import raise_limit
    from api.web.stopping import ANSWERS_SECONDS

    raise_limit()
    signal.signal(signal.SIGTERM, _leave)
    with worker_beside() if settings.data else nullcontext():
        uvicorn.run(
            "api.app:from_environment",
            factory=True,
            host=settings.host,
            port=settings.port,
            workers=settings.workers,
            http="api.web.door:Door",
            timeout_graceful_shutdown=ANSWERS_SECONDS,
            proxy_headers=bool(settings.trusted_proxy),
            forwarded_allow_ips=",".join(settings.trusted_proxy),
            server_header=False,
            log_config=log_config(),
            log_level="warning" if quiet else None,
        )


def _leave(number: int, frame: FrameType | None) -> None:
    """End as one does without a signal, so that the worker is ended too: the server raises it once more when it is done."""
    raise SystemExit(0)


def check_port(host: str, port: int) -> None:
    """See that a port can be had before the server finds out with a trace.

    Raises:
        Failure: with what to do.
    """
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except socket.gaierror as error:
        raise Failure("unknown_host", host=host, error=error.strerror or "") from None
    except OSError as error:
        given = {"host": host, "port": str(port), "other": str(port % 65535 + 1), "error": error.strerror or ""}
        raise Failure(_NO_PORT.get(error.errno or 0, "no_port"), **given) from None


class WithoutQuery:
    """A log filter that cuts what stands after the ? of an address: people may have typed something there."""

    def filter(self, record: Any) -> bool:
        """Shorten the address of an access record (client, method, address, protocol, status)."""
        if isinstance(record.args, tuple) and len(record.args) == 5:
            client, method, address, *rest = record.args
            record.args = (client, method, str(address).partition("?")[0], *rest)
        return True


def log_config() -> dict[str, Any]:
    """The server's own logging, with addresses cut at the ?."""
    import copy

    from uvicorn.config import LOGGING_CONFIG

    config: dict[str, Any] = copy.deepcopy(LOGGING_CONFIG)
    config["filters"] = {"without_query": {"()": "api.commands.serve.WithoutQuery"}}
    config["handlers"]["access"]["filters"] = ["without_query"]
    config["loggers"]["kail"] = {"handlers": ["default"], "level": "INFO", "propagate": False}
    return config
