"""How long pages wait for each other and for an import, beside the commits before, in the same run.

    python benchmarks/contention.py [--quick] [--commit COMMIT] [--looked COMMIT]

`kail serve` on a record of synthetic people, by the code of now and by that of a commit before, in turns.

An import: one mentor sends a file of 2,000 rows, no two alike, to an SQLite record; until all of them are in, another one
opens the pages of their people one after another. What counts is the longest that a page took, beside --commit.

Pages: 1, 4, 16 and 64 clients open the pages of people, each the next one as soon as it has one; on SQLite and, where it is
installed, on PostgreSQL, which does not wait for the disk here; with one worker and with two. Every answer is a look that is
noted. Beside --looked, the commit before looking stopped to be a write. The clients share the cores with the server.

Beside it stands how long the server's threads stood ready while others had the cores, where the system tells (Linux). The
slowest pages of one client compute no longer than others: 7 to 8 ms of processor in those of 56 to 93 ms, which were waiting
for a core or for the disk beside other work on the machine. With nothing beside them p99 was 10 ms. No full run of the
garbage collector fell into 1,500 pages, and the brief ones took 2 ms at most.

The threads of a server compute in turns, and where each turn is on another core it fetches anew what the last one left:
kept to one core, the server took a quarter to a third less of the processor for a page. It is not kept there by itself,
since bare handlers gain by that and a stored assessment, which has a process of its own, does not: it would fall far below
half of them.

--quick takes one round in place of three, and pages on SQLite alone.
"""

from __future__ import annotations

import argparse
import csv
import http.client
import io
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import date
from pathlib import Path
from statistics import median, quantiles
from typing import NamedTuple
from urllib.parse import urlsplit

import httpx
from before import COMMIT, ROOT, checked_out

sys.path.insert(0, str(ROOT))
from tests.installation import a_database, missing, postgresql
from tests.installed import free_port

ROWS, PEOPLE = 2_000, 60
TIMES = 20
LOOKED = "02b7ed2"
"""Before a look was written apart from reading."""
CLIENTS, SECONDS = (1, 4, 16, 64), 4.0
START = "import sys; sys.path.insert(0, sys.argv.pop(1)); from api.commands.main import main; main()"


class Server(NamedTuple):
    """A service: its address and its process."""

    address: str
    process: int


@contextmanager
def served(code: Path, data: Path, *options: str) -> Iterator[Server]:
    """Serve a record with the code in a folder."""
    port = free_port()
    command = [sys.executable, "-c", START, str(code), "serve", "--port", str(port), "--data", str(data), *options]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, cwd=code, **quiet)  # type: ignore[call-overload]
    address = f"http://127.0.0.1:{port}"
    try:
        while not answers(address):
            if process.poll() is not None:
                raise SystemExit(f"the service of {code} did not start")
            time.sleep(0.1)
        yield Server(address, process.pid)
    finally:
        process.terminate()
        process.wait()


def answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/health").status_code == 200
    except httpx.TransportError:
        return False


def made(code: Path, data: Path, *options: str) -> tuple[list[str], list[str]]:
    """Fill a record with the code that serves it; return logins and passwords of two mentors."""
    command = [sys.executable, "-c", START, str(code), "demo", "--data", str(data), "-n", str(PEOPLE), *options]
    printed = subprocess.run(command, cwd=code, capture_output=True, text=True, check=True).stdout
    mentors = [line.split() for line in printed.splitlines() if line.strip().startswith("mentor")]
    return [words[1] for words in mentors], [words[2] for words in mentors]


def rows(seed: int, count: int = ROWS) -> bytes:
    """A file of people, no two alike, who are nobody."""
    from matcher.programme.loading import OKOCE, load_programme
    from training_data.cohort import make_cohort

    cohort = make_cohort(count, random_state=seed, programme=load_programme(OKOCE))
    written = io.StringIO()
    signals = [cohort.signals(place) for place in range(count)]
    names = sorted({name for one in signals for name in one})
    writer = csv.writer(written)
    writer.writerow(["participant", "name", "nik", *names])
    for place, one in enumerate(signals):
        nik = f"31{seed % 100:02d}{place:012d}"
        writer.writerow([f"S{seed}-{place}", f"Synthetic {place}", nik, *(as_cell(one.get(name)) for name in names)])
    return written.getvalue().encode()


def as_cell(value: object) -> str:
    raw = value.get("value") if isinstance(value, dict) else value
    if isinstance(raw, (list, tuple)):
        return ";".join(map(str, raw))
    if isinstance(raw, bool):
        return "true" if raw else "false"
    return "" if raw is None else raw.isoformat() if isinstance(raw, date) else str(raw)


@contextmanager
def signed_in(address: str, login: str, password: str) -> Iterator[httpx.Client]:
    """A client that came in as somebody."""
    with httpx.Client(base_url=address, timeout=300) as client:
        client.post("/api/v1/session", json={"login": login, "password": password}).raise_for_status()
        yield client


def imported(client: httpx.Client, content: bytes) -> int:
    """Have a file imported and wait for its end; return how many rows were taken."""
    data = {"consents": "record,recommendation", "channel": "paper", "said_on": date.today().isoformat()}
    answer = client.post("/api/v1/imports", data=data, files={"file": ("people.csv", content)})
    answer.raise_for_status()
    found = answer.json()
    while "id" in found and not found.get("ended_at"):  # a job, where imports are jobs
        time.sleep(0.3)
        found = client.get(f"/api/v1/jobs/{found['id']}").json()
    return int((found.get("result") or found)["taken"])


def people_of(client: httpx.Client) -> list[str]:
    """The ids of a mentor's participants, page after page; of a commit before lists had pages, all at once."""
    found: list[str] = []
    page: str | None = ""
    while page is not None:
        answer = client.get("/api/v1/participants", params={"page": page} if page else {}).json()
        found += [one["id"] for one in answer.get("items", answer.get("participants", []))]
        page = answer.get("next")
    return found


def waits(client: httpx.Client, until: threading.Event) -> list[float]:
    """How many seconds each page took, one after another; also one that was turned away after waiting in vain."""
    people = people_of(client)
    found = []
    while not until.is_set():
        start = time.perf_counter()
        answer = client.get(f"/participants/{people[len(found) % len(people)]}")
        if answer.status_code != 503:
            answer.raise_for_status()
        found.append(time.perf_counter() - start)
    return found


def measured(code: Path, folder: Path, seed: int) -> tuple[float, float, float]:
    """The median of a page undisturbed, the longest one beside an import, and how long that took, in seconds."""
    data = folder / f"data-{seed}"
    (first, second), (word, another) = made(code, data)
    quiet, done, found = threading.Event(), threading.Event(), list[list[float]]()
    with (
        served(code, data) as server,
        signed_in(server.address, first, word) as mentor,
        signed_in(server.address, second, another) as other,
    ):
        threading.Timer(3, quiet.set).start()
        undisturbed = waits(other, quiet)
        looking = threading.Thread(target=lambda: found.append(waits(other, done)))
        looking.start()
        start = time.perf_counter()
        taken = imported(mentor, rows(seed))
        seconds = time.perf_counter() - start
        done.set()
        looking.join()
    if taken != ROWS:
        raise SystemExit(f"{code}: {taken} rows of {ROWS} were taken")
    return median(undisturbed), max(found[0]), seconds


class Looked(NamedTuple):
    """How pages went: answers a second, milliseconds that half of them and 99 of 100 took, and that each waited for a core.

    That is of the process that was started: with two workers others answer.
    """

    rate: float
    p50: float
    p99: float
    core: float


def waited(process: int) -> float:
    """For how many milliseconds the threads of a process stood ready while others had the cores; 0 where nobody tells."""
    told = Path("/proc", str(process), "task").glob("*/schedstat")
    return sum(int(one.read_text().split()[1]) for one in told) / 1e6


def looked_at(server: Server, login: str, password: str, clients: int) -> Looked:
    """Open the pages of a mentor's people from so many clients at once, for some seconds."""
    address = server.address
    with signed_in(address, login, password) as mentor:
        people = people_of(mentor)
        cookie = "; ".join(f"{name}={value}" for name, value in mentor.cookies.items())
    took: list[list[float]] = [[] for _ in range(clients)]
    begin, end = threading.Barrier(clients + 1), time.monotonic() + SECONDS + 1.0

    def look(mine: list[float], first: int) -> None:
        parts = urlsplit(address)
        line = http.client.HTTPConnection(parts.hostname or "", parts.port)
        begin.wait()
        while time.monotonic() < end:
            start = time.perf_counter()
            line.request(
                "GET", f"/participants/{people[(first + len(mine)) % len(people)]}", headers={"cookie": cookie}
            )
            answer = line.getresponse()
            answer.read()
            if answer.status != 200:
                raise SystemExit(f"{address}: a page was answered with {answer.status}")
            mine.append(time.perf_counter() - start)
        line.close()

    threads = [threading.Thread(target=look, args=(mine, 7 * place)) for place, mine in enumerate(took)]
    for thread in threads:
        thread.start()
    begin.wait()
    start, before = time.monotonic(), waited(server.process)
    for thread in threads:
        thread.join()
    every = sorted(one for mine in took for one in mine)
    hundredths = quantiles(every, n=100)
    core = (waited(server.process) - before) / len(every)
    return Looked(len(every) / (time.monotonic() - start), hundredths[49] * 1000, hundredths[98] * 1000, core)


def looking(folder: Path, before: Path, kind: str, rounds: int) -> None:
    """Print how pages went on a database of that kind, and the figures of it."""
    found: dict[tuple[str, int, int], list[Looked]] = {}
    for number in range(rounds):
        for code in (before, ROOT):
            said = "before" if code == before else "now"
            with ExitStack() as stack:
                data = folder / f"looked-{kind}-{said}-{number}"
                server = stack.enter_context(postgresql()) if kind == "postgresql" else ""
                options = ("--database", stack.enter_context(a_database(server))) if server else ()
                (first, _), (word, _) = made(code, data, *options)
                for workers in (1, 2):
                    with served(code, data, "--workers", str(workers), *options) as service:
                        looked_at(service, first, word, 4)  # warm
                        for clients in CLIENTS if workers == 1 else (16,):
                            one = looked_at(service, first, word, clients)
                            found.setdefault((said, workers, clients), []).append(one)
                            core = f", {one.core:.1f} ms waiting for a core" if workers == 1 else ""
                            print(
                                f"{kind}, {said}, workers {workers}, clients {clients}: {one.rate:.0f} pages a second, "
                                f"p50 {one.p50:.1f} ms, p99 {one.p99:.1f} ms{core}",
                                flush=True,
                            )

    def of(said: str, workers: int, clients: int) -> Looked:
        return Looked(*(median(part) for part in zip(*found[said, workers, clients], strict=True)))

    for clients in CLIENTS[1:]:
        one = of("now", 1, clients)
        figure(f"{kind}_page_p99_to_p50_{clients}", one.p99 / one.p50, 3, at_most=True)
    figure(f"{kind}_page_rate_16_to_before", of("now", 1, 16).rate / of("before", 1, 16).rate, 1.25)
    figure(f"{kind}_page_p50_1_to_before", of("now", 1, 1).p50 / of("before", 1, 1).p50, 1, at_most=True)
    figure(f"{kind}_page_rate_two_workers_to_one", of("now", 2, 16).rate / of("now", 1, 16).rate, 1.6)


def figure(name: str, value: float, goal: float, *, at_most: bool = False) -> None:
    met = value <= goal if at_most else value >= goal
    print(f"figure {name} {value:.2f} {'<=' if at_most else '>='}{goal} {'met' if met else 'short'}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one round, for a first look")
    parser.add_argument("--commit", default=COMMIT, help=f"the commit to compare with; {COMMIT} without it")
    parser.add_argument("--looked", default=LOOKED, help=f"the commit for pages; {LOOKED} without it")
    given = parser.parse_args()
    rounds = 1 if given.quick else 3
    with tempfile.TemporaryDirectory() as name, checked_out(Path(name) / "looked", given.looked) as before:
        for kind in ("sqlite",) if given.quick or missing() else ("sqlite", "postgresql"):
            looking(Path(name), before, kind, rounds)
    with tempfile.TemporaryDirectory() as name, checked_out(Path(name) / "before", given.commit) as before:
        longest: dict[Path, list[float]] = {before: [], ROOT: []}
        for number in range(rounds):
            for place, code in enumerate(longest):
                usual, worst, seconds = measured(code, Path(name), 2 * number + place)
                said = "before" if code == before else "now"
                print(
                    f"{said}: a page takes {usual * 1000:.0f} ms, at most {worst * 1000:.0f} ms beside an import of "
                    f"{seconds:.1f} s",
                    flush=True,
                )
                longest[code].append(worst)
    ratio = median(longest[before]) / median(longest[ROOT])
    print(f"figure page_wait_before_to_now {ratio:.1f} >={TIMES} {'met' if ratio >= TIMES else 'short'}")


if __name__ == "__main__":
    main()
