"""How many people are re-screened a second, beside the commit before, in the same run.

    python benchmarks/rescreening.py [--quick] [--commit COMMIT]

A record of synthetic people, hardly two alike, is made and brought up to date by the code of COMMIT. Then everybody is
re-screened and what changed is stored, by the code of now and by that of COMMIT, checked out into a folder of its own: a day
later under the same rules, and under rules one of which changed, so that about a tenth of the people are answered otherwise.
Each works on a fresh copy of the record, in a process of its own whose start is not timed; rounds alternate, so that a slow
moment of the machine hits both. Both must say the same of the same people. --quick takes 1,500 people and three rounds in
place of 6,000 and five.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from before import COMMIT, ROOT, checked_out

LEAST = 5
RULE = (r'(\nid = "kur_super_mikro"\n(?:(?!\nid = ).)*?rate_percent = )3\b', r"\g<1>9")
"""The dearer rate of one product: whose path or offer hung on it changes."""

DRIVER = """
import json, sys, time
sys.path.insert(0, sys.argv[1])
from datetime import timedelta
from pathlib import Path
from api.assessments.rescreening import rescreen
from api.record.live import go_live, utc_now
from api.record.transaction import open_record
from api.settings import Settings

data, programme, days = Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4])
clock = lambda: utc_now() + timedelta(days=days)
live, record = go_live(Settings(data=data, programme=programme), clock), open_record(data, "", clock)
live.rules
gone_over = [0]
start = time.perf_counter()
found = list(rescreen(record, live, "id", keep=True, progress=lambda at, of: gone_over.append(at)))
seconds = time.perf_counter() - start
record.close()
told = sorted((one.participant, one.stored, one.entries) for one in found)
print(json.dumps({"people": gone_over[-1], "seconds": seconds, "told": told}))
"""
"""Both re-screen by this: the code's folder, the data folder, the programme's, how many days later."""


FILL = """
import sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from sqlalchemy import event
from api.commands.demo import fill
from api.record.live import go_live, utc_now
from api.record.transaction import open_record
from api.settings import Settings
from training_data.cohort import make_cohort

people = int(sys.argv[3])
live, record = go_live(Settings()), open_record(Path(sys.argv[2]), "", utc_now)
event.listen(record.database.engine, "connect", lambda raw, _: raw.execute("PRAGMA synchronous = OFF"))
record.database.engine.dispose()
rows = make_cohort(people, random_state=1, programme=live.programme)
fill(record, live, [(rows.values("as_of")[place], rows.signals(place)) for place in range(people)])
record.close()
"""
"""Fills a record as `kail demo` does, without waiting for the disk: the code's folder, the data folder, how many people."""


def changed(folder: Path) -> Path:
    """OK OCE with one rule of one product written otherwise."""
    from matcher.programme.loading import OKOCE

    shutil.copytree(OKOCE, folder)
    file = folder / "products.toml"
    text, times = re.subn(*RULE, file.read_text(encoding="utf-8"), count=1, flags=re.DOTALL)
    if times != 1:
        raise SystemExit("the rule to change is not there any more")
    file.write_text(text, encoding="utf-8")
    return folder


def rescreened(code: Path, data: Path, programme: Path, days: int) -> dict[str, object]:
    """What the code in a folder says of a copy of the record, and how long it took."""
    copy = data.with_name("copy")
    shutil.copytree(data, copy)
    try:
        command = [sys.executable, "-c", DRIVER, str(code), str(copy), str(programme), str(days)]
        done = subprocess.run(command, cwd=code, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(done.stderr)
        return json.loads(done.stdout)
    finally:
        shutil.rmtree(copy)


def faster(name: str, before: Path, data: Path, programme: Path, rounds: int) -> float:
    """How many times as fast as the code in `before`, by the medians of both."""
    seconds: dict[Path, list[float]] = {before: [], ROOT: []}
    for _ in range(rounds):
        found = {code: rescreened(code, data, programme, 1) for code in (before, ROOT)}
        if found[before]["told"] != found[ROOT]["told"]:
            raise SystemExit(f"{name}: not the same people, or not the same said of them")
        for code, taken in seconds.items():
            taken.append(found[code]["seconds"])
    people, differ = found[ROOT]["people"], len(found[ROOT]["told"])
    was, now = (people / median(seconds[code]) for code in (before, ROOT))
    print(
        f"{name}: {people} people, {differ} changed; {was:.0f} a second before, {now:.0f} now: {now / was:.2f} times",
        flush=True,
    )
    return now / was


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer people and rounds, for a first look")
    parser.add_argument("--commit", default=COMMIT, help=f"the commit to compare with; {COMMIT} without it")
    given = parser.parse_args()
    people, rounds = (1_500, 3) if given.quick else (6_000, 5)
    with tempfile.TemporaryDirectory() as name, checked_out(Path(name) / "before", given.commit) as before:
        data = Path(name) / "data"
        subprocess.run([sys.executable, "-c", FILL, before, data, str(people)], cwd=before, check=True)
        same, other = ROOT / "matcher" / "programmes" / "okoce", changed(Path(name) / "programme")
        first = [sys.executable, "-c", DRIVER, before, data, same, "0"]
        subprocess.run(first, cwd=before, check=True, stdout=subprocess.DEVNULL)
        ratios = [
            faster("the same rules", before, data, same, rounds),
            faster("one rule changed", before, data, other, rounds),
        ]
    worst = min(ratios)
    print(f"figure rescreening_speedup {worst:.2f} >={LEAST} {'met' if worst >= LEAST else 'short'}")


if __name__ == "__main__":
    main()
