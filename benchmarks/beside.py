"""How long pages take while an import, a re-screening and a look over the chains run, beside undisturbed, in the same run.

    python benchmarks/beside.py [--quick]

`kail serve` on a record of synthetic people, first on SQLite, then on PostgreSQL where it is installed, which does not wait
for the disk here. Four clients open the pages of one mentor's people, each the next one as soon as it has one: for ten
seconds with nothing else to do, then while another mentor's file of 20,000 rows, no two alike, is imported and an operator
has everybody worked out anew and the chains gone over, again and again until the file is in. What counts is the time that
95 of 100 pages take. The clients share the cores with the server and the worker. --quick imports 2,000 rows, on SQLite.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from statistics import quantiles

import contention
import httpx
from before import ROOT
from contention import figure, imported, rows, served, signed_in, waits

from tests.installation import a_database, missing, postgresql

AT_MOST = 3
CLIENTS, SECONDS, PEOPLE = 4, 10.0, 500
PASSWORDS = ("mentor", "operator")


def made(data: Path, *options: str) -> dict[str, list[tuple[str, str]]]:
    """Fill a record; return logins and passwords by role."""
    command = [
        sys.executable,
        "-c",
        contention.START,
        str(ROOT),
        "demo",
        "--data",
        str(data),
        "-n",
        str(PEOPLE),
        *options,
    ]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    found: dict[str, list[tuple[str, str]]] = {}
    for line in printed.splitlines():
        words = line.split()
        if len(words) == 3 and words[0] in PASSWORDS:
            found.setdefault(words[0], []).append((words[1], words[2]))
    return found


def pages(address: str, login: str, password: str, until: threading.Event) -> list[float]:
    """How many seconds each page took that several clients opened until then."""
    took: list[list[float]] = []

    def look() -> None:
        with signed_in(address, login, password) as client:
            took.append(waits(client, until))

    clients = [threading.Thread(target=look) for _ in range(CLIENTS)]
    for one in clients:
        one.start()
    for one in clients:
        one.join()
    return [seconds for mine in took for seconds in mine]


def keep_busy(client: httpx.Client, kinds: tuple[str, ...], until: threading.Event, counts: dict[str, int]) -> None:
    """Have jobs of these kinds done one after the other until then; count how many of each ended."""
    while not until.is_set():
        for kind in kinds:
            job = client.post("/api/v1/jobs", json={"kind": kind})
            job.raise_for_status()
            found = job.json()
            while not found["ended_at"] and not until.is_set():
                time.sleep(0.3)
                found = client.get(f"/api/v1/jobs/{found['id']}").json()
            counts[kind] = counts.get(kind, 0) + bool(found["ended_at"])


def measured(folder: Path, kind: str, most: int) -> None:
    """Print how pages went on a database of that kind, and the figure of it."""
    with ExitStack() as stack:
        server = stack.enter_context(postgresql()) if kind == "postgresql" else ""
        options = ("--database", stack.enter_context(a_database(server))) if server else ()
        accounts = made(data := folder / kind, *options)
        address = stack.enter_context(served(ROOT, data, *options)).address
        other = stack.enter_context(signed_in(address, *accounts["mentor"][1]))
        operator = stack.enter_context(signed_in(address, *accounts["operator"][0]))
        quiet, done, counts = threading.Event(), threading.Event(), dict[str, int]()
        threading.Timer(SECONDS, quiet.set).start()
        usual = quantiles(pages(address, *accounts["mentor"][0], quiet), n=100)
        busy = threading.Thread(target=keep_busy, args=(operator, ("rescreening", "verification"), done, counts))

        def bring_in() -> None:
            start = time.perf_counter()
            counts["rows"] = imported(other, rows(7, most))
            counts["seconds"] = round(time.perf_counter() - start)
            done.set()

        bringing = threading.Thread(target=bring_in)
        busy.start()
        bringing.start()
        beside = quantiles(pages(address, *accounts["mentor"][0], done), n=100)
        bringing.join()
        busy.join()
    print(f"{kind}: undisturbed p50 {1000 * usual[49]:.1f} ms, p95 {1000 * usual[94]:.1f}; beside {counts}: p50 "
          f"{1000 * beside[49]:.1f}, p95 {1000 * beside[94]:.1f}, p99 {1000 * beside[98]:.1f}", flush=True)  # fmt: skip
    figure(f"{kind}_page_p95_beside_jobs_to_undisturbed", beside[94] / usual[94], AT_MOST, at_most=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows, on SQLite alone, for a first look")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        for kind in ("sqlite",) if given.quick or missing() else ("sqlite", "postgresql"):
            measured(Path(name), kind, 2_000 if given.quick else 20_000)


if __name__ == "__main__":
    main()
