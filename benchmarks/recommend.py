"""How long a recommendation takes, how many rows a second, how soon the server is ready.

    python benchmarks/recommend.py [--quick]

Everything runs in this one process (the server in a child), cold: each answer is worked out anew, no path is kept. The
hard path is the one of the programme's own first product: on 2018-10-01 to Monas Pemula (P1 to P6) for somebody who has
done nothing yet. Times are of this machine; the ratios to reading the same facts (`read_participant`) travel better.
"""

from __future__ import annotations

import argparse
import random
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from datetime import date
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from matcher.facts.participant import Participant, ParticipantError, read_participant  # noqa: E402 - after the path is set
from matcher.programme.loading import load_programme  # noqa: E402
from matcher.programme.rules import Rules, rules_on  # noqa: E402
from matcher.recommend import recommend, recommend_many  # noqa: E402

NO_PAPERS = {
    "registered": True,
    "ktp_dki": True,
    "came_for": "capital",
    "wants_business": True,
    "business_running": True,
    "business_age_months": 24,
    "iumk": False,
    "sku": False,
    "nib": False,
    "monthly_profit": 3_000_000,
    "monthly_instalments": 0,
    "household_need": 1_500_000,
    "cash_at_hand": 200_000,
    "wants_capital": True,
    "amount_asked": 5_000_000,
    "arrears_idr": 0,
    "existing_credit": [],
    "productive_credit_ever": [],
}
NOTHING_DONE = {
    "ktp_dki": True,
    "registered": False,
    "came_for": "start",
    "wants_business": True,
    "business_running": False,
    "premises": "rented",
    "premises_zone": "allowed",
    "training_hours": 0,
    "training_certificate": False,
    "mentoring_sessions": 0,
    "mentor_recommendation": False,
    "iumk": False,
    "sku": False,
    "nib": False,
    "sales_channels": [],
    "bazaars": 0,
    "months_of_books": 0,
    "profit_and_loss": False,
    "monthly_profit": 2_000_000,
    "monthly_instalments": 0,
    "household_need": 0,
    "cash_at_hand": 1_000_000,
    "wants_capital": True,
    "amount_asked": 5_000_000,
    "arrears_idr": 0,
    "slik_class": "none",
    "existing_credit": [],
    "productive_credit_ever": [],
}


def times(act: Callable[[], object], repeat: int) -> list[float]:
    """Milliseconds of each of `repeat` runs."""
    found = []
    for _ in range(repeat):
        start = time.perf_counter()
        act()
        found.append((time.perf_counter() - start) * 1000)
    return found


def figure(name: str, value: float, goal: str, met: bool) -> None:
    print(f"figure {name} {value:.3f} {goal} {'met' if met else 'short'}")


def one(name: str, rules: Rules, signals: dict[str, object], goal: str | None, repeat: int) -> None:
    """Print the median and the 95th percentile of one full recommendation."""
    participant = read_participant(rules, signals)
    path = recommend(rules, participant, goal=goal).path
    reading = statistics.median(times(lambda: read_participant(rules, signals), repeat))
    found = sorted(times(lambda: recommend(rules, participant, goal=goal), repeat))
    median, p95 = statistics.median(found), found[int(len(found) * 0.95)]
    print(f"{name}: path to {path.goal}, {len(path.steps)} steps, {path.days} days, Rp{path.cost_idr}")
    print(f"  {median / reading:.1f} times reading the same facts")
    figure(f"{name}_median_ms", median, "<2", median < 2)
    figure(f"{name}_p95_ms", p95, "-", True)


def random_participants(rules: Rules, count: int) -> list[Participant]:
    """Participants with two thirds of their signals known, at random; contradictions left out."""
    pick = random.Random(1)
    found: list[Participant] = []
    while len(found) < count:
        signals: dict[str, object] = {}
        for signal in rules.signals.values():
            if signal.derived or pick.random() < 0.35:
                continue
            if signal.kind == "yes_no":
                signals[signal.id] = pick.random() < 0.5
            elif signal.kind == "choice":
                signals[signal.id] = pick.choice(list(signal.values))
            elif signal.kind == "choices":
                signals[signal.id] = pick.sample(list(signal.values), pick.randrange(2))
            elif signal.kind == "money":
                signals[signal.id] = pick.randrange(0, 30_000_000, 10_000)
            elif signal.kind == "number":
                signals[signal.id] = pick.randint(signal.minimum, min(signal.maximum, 60))
        try:
            found.append(read_participant(rules, signals))
        except ParticipantError:
            continue
    return found


def many(rules: Rules, count: int) -> None:
    """Print rows a second of recommend_many, beside one by one."""
    participants = random_participants(rules, count)
    alone = sum(times(lambda: [recommend(rules, p) for p in participants[: count // 10]], 1)) * 10
    together = sum(times(lambda: recommend_many(rules, participants), 1))
    repeated = sum(times(lambda: recommend_many(rules, participants * 10), 1))
    print(f"{count} random rows, hardly two alike, {alone / together:.2f} times as fast as one by one")
    figure("many_rows_per_second", count / together * 1000, "-", True)
    print("the same rows ten times over: each distinct situation is decided once")
    figure("many_repeated_rows_per_second", 10 * count / repeated * 1000, "-", True)


def server(repeat: int) -> None:
    """Print how soon `kail serve` answers /health, beside starting Python and importing numpy."""
    bare = statistics.median(times(lambda: subprocess.run([sys.executable, "-c", "import numpy"], check=True), repeat))
    found = []
    for place in range(repeat):
        port = 8765 + place
        command = [sys.executable, "-m", "api.commands.main", "serve", "--port", str(port)]
        start = time.perf_counter()
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            try:
                found.append(until_healthy(port, start))
            finally:
                process.terminate()
    ready = statistics.median(found)
    print(f"kail serve: {ready * 1000 / bare:.1f} times starting Python with numpy")
    figure("serve_ready_s", ready, "<1.5", ready < 1.5)
    script = "import sys; from api.app import create_app; from api.settings import Settings; create_app(Settings()); "
    script += "print(any(name.split('.')[0] == 'sklearn' for name in sys.modules))"
    result = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    imported = result.stdout.strip() == "True"
    figure("serve_imports_sklearn", imported, "0", not imported)


def until_healthy(port: int, start: float) -> float:
    """Wait for /health; return the seconds since `start`."""
    while time.perf_counter() - start < 30:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=1):
                return time.perf_counter() - start
        except OSError:
            time.sleep(0.01)
    raise SystemExit("kail serve did not answer within 30 seconds")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer runs, for a first look")
    quick = parser.parse_args().quick
    programme = load_programme()
    today, past = rules_on(programme, date(2026, 11, 21)), rules_on(programme, date(2018, 10, 1))
    one("no_papers_default_goal", today, NO_PAPERS, None, 100 if quick else 1000)
    one("nothing_done_monas_pemula", past, NOTHING_DONE, "bankdki_monas_pemula_okoce", 100 if quick else 1000)
    many(today, 500 if quick else 5000)
    server(1 if quick else 5)


if __name__ == "__main__":
    main()
