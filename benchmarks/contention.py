"""How long a mentor's page waits while another mentor's import runs, beside the commit before, in the same run.

    python benchmarks/contention.py [--quick] [--commit COMMIT]

`kail serve` on an SQLite record of synthetic people, by the code of now and by that of COMMIT, in turns. One mentor sends a
file of 2,000 rows, no two alike; until all of them are in, another one opens the pages of their people one after another.
What counts is the longest that a page took. What a page takes when nothing else goes on is printed beside it. --quick takes
one round in place of three.
"""

from __future__ import annotations

import argparse
import csv
import io
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from statistics import median

import httpx
from before import COMMIT, ROOT, checked_out

sys.path.insert(0, str(ROOT))
from tests.installed import free_port

ROWS, PEOPLE = 2_000, 60
TIMES = 20
START = "import sys; sys.path.insert(0, sys.argv.pop(1)); from api.commands.main import main; main()"


@contextmanager
def served(code: Path, data: Path) -> Iterator[str]:
    """Serve a record with the code in a folder; yield the address."""
    port = free_port()
    command = [sys.executable, "-c", START, str(code), "serve", "--port", str(port), "--data", str(data)]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, cwd=code, **quiet)  # type: ignore[call-overload]
    address = f"http://127.0.0.1:{port}"
    try:
        while not answers(address):
            if process.poll() is not None:
                raise SystemExit(f"the service of {code} did not start")
            time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait()


def answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/health").status_code == 200
    except httpx.TransportError:
        return False


def made(code: Path, data: Path) -> tuple[list[str], list[str]]:
    """Fill a record with the code that serves it; return logins and passwords of two mentors."""
    command = [sys.executable, "-c", START, str(code), "demo", "--data", str(data), "-n", str(PEOPLE)]
    printed = subprocess.run(command, cwd=code, capture_output=True, text=True, check=True).stdout
    mentors = [line.split() for line in printed.splitlines() if line.strip().startswith("mentor")]
    return [words[1] for words in mentors], [words[2] for words in mentors]


def rows(seed: int) -> bytes:
    """A file of people, no two alike, who are nobody."""
    from matcher.programme.loading import OKOCE, load_programme
    from training_data.cohort import make_cohort

    cohort = make_cohort(ROWS, random_state=seed, programme=load_programme(OKOCE))
    written = io.StringIO()
    signals = [cohort.signals(place) for place in range(ROWS)]
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


def waits(client: httpx.Client, until: threading.Event) -> list[float]:
    """How many seconds each page took, one after another; also one that was turned away after waiting in vain."""
    people = [one["id"] for one in client.get("/api/v1/participants").json()["participants"]]
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
        served(code, data) as address,
        signed_in(address, first, word) as mentor,
        signed_in(address, second, another) as other,
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one round, for a first look")
    parser.add_argument("--commit", default=COMMIT, help=f"the commit to compare with; {COMMIT} without it")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, checked_out(Path(name) / "before", given.commit) as before:
        longest: dict[Path, list[float]] = {before: [], ROOT: []}
        for number in range(1 if given.quick else 3):
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
