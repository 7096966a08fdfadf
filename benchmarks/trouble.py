"""What becomes of everybody else when something is in trouble, asked of the installed command.

    python benchmarks/trouble.py [--quick] [--workers N]

In turn 500 connections are slow, 64 clients flood the open endpoint, the disk is full (a small one in memory, which only
root may mount), and the database is frozen and stopped (PostgreSQL). Meanwhile `/health` is asked every 20 ms, and 64 people
who have signed in look at a page. Whoever floods or asks for health does so from a process of its own. At last the service
is told to end while the database is frozen and people wait. --quick takes two seconds of each in place of ten.
"""

from __future__ import annotations

import argparse
import http.client
import json
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.api.web.sockets import HALF_A_BODY, HALF_A_HEAD, Opened, is_answered_again  # noqa: E402 - after the path is set
from tests.api.web.test_disk_full import filled  # noqa: E402
from tests.api.web.troubled import an_installation, own_server  # noqa: E402
from tests.installed import Service, by_dev, serving  # noqa: E402

PEOPLE, SOCKETS, FLOOD = 64, 500, 64
PATIENCE = 30
SIGNALS = b'{"signals": {"registered": true, "business_running": true, "monthly_profit": 3000000}}'
Trouble = Callable[[Service], AbstractContextManager[None]]


def ask(address: str, path: str, cookie: str = "") -> tuple[int, float]:
    """Ask once over a connection of its own; return the status, 0 for none, and the seconds that it took."""
    where, since = urlsplit(address), time.perf_counter()
    connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=PATIENCE)
    try:
        connection.request("GET", path, headers={"cookie": cookie, "accept": "text/html"})
        answer = connection.getresponse()
        answer.read()
        return answer.status, time.perf_counter() - since
    except OSError:
        return 0, time.perf_counter() - since
    finally:
        connection.close()


@contextmanager
def health(address: str, into: list[float]) -> Iterator[None]:
    """Have a process of its own ask for /health all the while."""
    command = [sys.executable, __file__, "--health", address]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as asking:
        assert asking.stdout is not None
        asking.stdout.readline()  # it has begun
        yield
        into += json.loads(asking.communicate()[0])


def keep_asking(address: str) -> None:
    """Ask for /health every 20 ms until the input ends; then tell how long each answer took."""
    ended, taken = threading.Event(), list[float]()
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    print("asking", flush=True)
    while not ended.wait(0.02):
        status, took = ask(address, "/health")
        taken.append(took if status == 200 else PATIENCE)
    print(json.dumps(taken))


def figure(name: str, value: float, most: float) -> None:
    """Print a figure beside its goal."""
    print(f"figure {name} {value:.3g} <={most:g} {'met' if value <= most else 'short'}", flush=True)


def p95(seconds: list[float]) -> float:
    """In milliseconds."""
    return 1000 * sorted(seconds)[int(len(seconds) * 0.95)]


def under(name: str, service: Service, trouble: Trouble, view: tuple[str, str], seconds: float) -> None:
    """Bring a trouble about; see how /health and the pages fare, and how long it takes until all is back."""
    taken: list[float] = []
    is_away = name in ("frozen", "stopped")
    with ThreadPoolExecutor(PEOPLE) as threads:
        with trouble(service):
            time.sleep(0.5)
            with health(service.address, taken):
                began = time.monotonic()
                seen = list(threads.map(lambda _: ask(service.address, *view), range(PEOPLE)))
                time.sleep(max(seconds - (time.monotonic() - began), 0))
        back = is_answered_again(service.address, PATIENCE)
    statuses = {status: [one for one, _ in seen].count(status) for status, _ in seen}
    print(f"{name}: /health asked {len(taken)} times; pages {statuses}, the last after {max(t for _, t in seen):.2f} s")
    figure(f"health_p95_ms_{name}", p95(taken), 100)
    if is_away:
        figure(f"not_told_{name}", sum(status != 503 for status, _ in seen), 0)
        figure(f"told_within_s_{name}", max(took for _, took in seen), 5)
        figure(f"back_within_s_{name}", back, 5)
    else:
        figure(f"pages_refused_{name}", sum(status != 200 for status, _ in seen), 2)


@contextmanager
def slow_sockets(service: Service) -> Iterator[None]:
    """Many who send half a head or half a body, and then nothing."""
    with Opened() as opened:
        for number in range(SOCKETS):
            try:
                opened.connect(service.address, HALF_A_BODY if number % 2 else HALF_A_HEAD)
            except OSError:  # one that had to make room
                continue
        yield


@contextmanager
def flood(service: Service) -> Iterator[None]:
    """Many who ask the open endpoint as quickly as they can."""
    with subprocess.Popen([sys.executable, __file__, "--flood", service.address]) as flooding:
        time.sleep(0.5)
        try:
            yield
        finally:
            flooding.terminate()


def keep_flooding(address: str) -> None:
    """Be all who flood."""
    where = urlsplit(address)
    head = "POST /api/v1/recommendations HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    head += f"Content-Length: {len(SIGNALS)}\r\n\r\n"

    def go_on() -> None:
        while True:
            try:
                with socket.create_connection((where.hostname, where.port), timeout=PATIENCE) as asking:
                    while True:
                        asking.sendall(head.encode() + SIGNALS)
                        if not asking.recv(1 << 16):
                            break
            except OSError:
                time.sleep(0.1)

    for _ in range(FLOOD):
        threading.Thread(target=go_on, daemon=True).start()
    threading.Event().wait()


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A disk of 120 MB in memory.

    Raises:
        CalledProcessError: if it may not be mounted.
    """
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=120m", "none", folder], check=True, stderr=subprocess.DEVNULL)
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


def on_postgresql(kail: Path, folder: Path, workers: int, seconds: float) -> None:
    """Freeze and stop the database; end the service with people waiting for a frozen one."""
    with own_server() as (server, url), an_installation(folder / "data", url) as (cookie, person):
        record = ["--data", folder / "data", "--database", url, "--workers", workers]
        view = f"/participants/{person}", cookie

        @contextmanager
        def frozen(_: Service) -> Iterator[None]:
            server.freeze()
            try:
                yield
            finally:
                server.thaw()

        @contextmanager
        def stopped(_: Service) -> Iterator[None]:
            server.stop()
            try:
                yield
            finally:
                server.start()

        with serving(kail, folder, *record) as service, ThreadPoolExecutor(PEOPLE) as threads:
            list(threads.map(lambda _: ask(service.address, *view), range(PEOPLE)))
            under("frozen", service, frozen, view, seconds)
            under("stopped", service, stopped, view, seconds)
            with frozen(service), slow_sockets(service):
                waiting: list[Future[tuple[int, float]]] = [
                    threads.submit(ask, service.address, *view) for _ in range(PEOPLE)
                ]
                time.sleep(0.5)
                figure("sigterm_s", service.end(), 10)
                told = sum(one.result()[0] == 503 for one in waiting)
                print(f"ending: {told} of {PEOPLE} who waited for the frozen database were told")


def on_sqlite(kail: Path, folder: Path, workers: int, seconds: float) -> None:
    """Slow sockets, a flood, and a disk that is full."""
    with ExitStack() as stack:
        try:
            disk = stack.enter_context(small_disk(folder / "disk"))
        except (OSError, subprocess.CalledProcessError):
            print("a full disk is left out: no small one can be mounted here")
            disk = folder
        cookie, person = stack.enter_context(an_installation(disk / "sqlite"))
        options = ["--data", disk / "sqlite", "--workers", workers, "--reserve", 48]
        view = f"/participants/{person}", cookie
        with serving(kail, folder, *options) as service:
            ask(service.address, *view)
            under("sockets", service, slow_sockets, view, seconds)
            under("flood", service, flood, view, seconds)
            if disk is not folder:
                under("disk_full", service, lambda _: filled(disk, 0), view, seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="two seconds of each, for a first look")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--flood", metavar="ADDRESS", help=argparse.SUPPRESS)
    parser.add_argument("--health", metavar="ADDRESS", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.flood:
        keep_flooding(given.flood)
    if given.health:
        return keep_asking(given.health)
    folder = Path(tempfile.mkdtemp())
    try:
        kail = by_dev(folder / "kail")
        for run in (on_sqlite, on_postgresql):
            run(kail, folder, given.workers, 2 if given.quick else 10)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
