"""A stored assessment beside a bare handler, through the same stack, in the same run.

    python benchmarks/service.py [--quick]

One server as `kail serve` starts it, with four clients. The bare handler signs in by the same cookie, reads one row in one
transaction and writes one row in another, all in the server's threads; the assessment reads the evidence of a trader,
recommends and stores the answer with its audit entry, in the process that the server keeps for that where it has a core.
Both wait for the disk (synchronous FULL). They take turns, so that a slow moment of the machine hits both.
"""

import argparse
import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

CLIENTS = 4
PEOPLE = 20


def serve() -> object:
    """The application with the bare handler beside its own ones; run by uvicorn in the child."""
    from litestar import Response, post
    from sqlalchemy import insert, select

    from api.accounts import guard
    from api.accounts.tables import TRIES
    from api.app import from_environment
    from api.participants.tables import PARTICIPANTS
    from api.record.transaction import new_id
    from api.web.asking import Asking, answer_json, in_thread, record_of

    @post("/bare", status_code=201)
    @in_thread
    def post_bare(request: Asking) -> Response[bytes]:
        """Read one row, write one row."""
        with record_of(request).read() as tx:
            tx.one(select(PARTICIPANTS).limit(1))
        with record_of(request).write() as tx:
            tx.run(insert(TRIES).values(bucket=new_id(), last=tx.now, count=1))
        return answer_json({"stored": True}, 201)

    guard.MATRIX["POST /bare"] = ("mentor",)  # type: ignore[index]
    app = from_environment()
    app.register(post_bare)
    return app


def prepare(folder: Path) -> tuple[str, list[str]]:
    """Make a record with some traders; return a session cookie of their mentor and their ids."""
    from api.accounts.passwords import new_password
    from api.accounts.service import add_account, add_organisation
    from api.accounts.sessions import open_session
    from api.consents.service import Agreement
    from api.participants import evidence
    from api.participants.gate import RECORD, may
    from api.participants.people import register
    from api.record.actor import Actor
    from api.record.live import go_live, utc_now
    from api.record.transaction import open_record
    from api.settings import Settings
    from benchmarks.recommend import NO_PAPERS

    live, record = go_live(Settings()), open_record(folder, "", utc_now)
    with record.write() as tx:
        organisation = add_organisation(tx, "Benchmark")
        account = add_account(tx, organisation, "mentor", "Mentor", "mentor", new_password(), one_time=False)
        actor = Actor(account.id, organisation, "mentor", "Mentor")
        cookie, people = open_session(tx, account.id), []
        for number in range(PEOPLE):
            agreed = Agreement(("record", "recommendation"), "paper", live.today, "2026-11")
            people.append(register(tx, actor, {"name": f"Synthetic {number}"}, agreed).id)
            evidence.add(tx, actor, may(tx, actor, people[-1], RECORD), live.rules, NO_PAPERS, "en")
    record.close()
    return cookie, people


def rate(port: int, cookie: str, paths: list[str], seconds: float) -> float:
    """Requests answered a second by all clients together."""
    counts, until = [0] * CLIENTS, time.perf_counter() + seconds

    def client(number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        while time.perf_counter() < until:
            path = paths[(counts[number] * CLIENTS + number) % len(paths)]
            connection.request("POST", path, headers={"cookie": f"kail_session={cookie}"})
            answer = connection.getresponse()
            body = answer.read()
            if answer.status != 201:
                raise SystemExit(f"{path}: {answer.status} {json.loads(body)['problems']}")
            counts[number] += 1
        connection.close()

    start = time.perf_counter()
    threads = [threading.Thread(target=client, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.perf_counter() - start)


def wait(port: int) -> None:
    """Wait until the server answers."""
    for _ in range(600):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
            connection.request("GET", "/health")
            connection.getresponse().read()
            return
        except OSError:
            time.sleep(0.05)
    raise SystemExit("the server did not answer within 30 seconds")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer rounds, for a first look")
    rounds, seconds = (4, 1.0) if parser.parse_args().quick else (20, 2.0)
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        port = door.getsockname()[1]
    with tempfile.TemporaryDirectory() as name:
        cookie, people = prepare(Path(name))
        command = [sys.executable, "-m", "uvicorn", "benchmarks.service:serve", "--factory", "--port", str(port)]
        environment = {**os.environ, "KAIL_DATA": name, "OMP_NUM_THREADS": "1"}
        with subprocess.Popen([*command, "--log-level", "warning"], cwd=ROOT, env=environment) as server:
            try:
                wait(port)
                assess = [f"/api/v1/participants/{person}/assessments" for person in people]
                rate(port, cookie, ["/bare"], 0.5), rate(port, cookie, assess, 0.5)
                bare, stored = [], []
                for _ in range(rounds):
                    bare.append(rate(port, cookie, ["/bare"], seconds))
                    stored.append(rate(port, cookie, assess, seconds))
            finally:
                server.terminate()
    ratio = statistics.median(s / b for s, b in zip(stored, bare, strict=True))
    print(f"bare {statistics.median(bare):.0f} a second, assessments {statistics.median(stored):.0f} a second")
    print(f"figure stored_assessment_to_bare {ratio:.3f} >=0.5 {'met' if ratio >= 0.5 else 'short'}")


if __name__ == "__main__":
    main()
