"""The worker: a process of the server's own that does jobs, one at a time, while people have the cores first.

It is started by `kail serve` (`process.py`) and ends when its standard input does, at the latest with the server. Of
several on one data folder one works and the others wait, in case that it ends.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from api.accounts.limits import forget_old_tries
from api.accounts.second_person import begin_anew, end_over
from api.accounts.sessions import actor_of_account
from api.audit.noting import note_ends
from api.jobs.clock import Jumps, look_at_clock
from api.jobs.kinds import KINDS, ROLES
from api.participants import rights, withdrawals
from api.participants.lookups import BESIDE_OTHERS, settle
from api.record import staging
from api.record.actor import Actor
from api.record.doing import Failed, do_next
from api.record.jobs import files_wanted, forget_old
from api.record.live import Live, go_live
from api.record.space import MEGABYTE, Space
from api.record.transaction import Record, Transaction, open_record
from api.record.unavailable import Unavailable
from api.referrals.sweeping import sweep
from api.settings import Settings
from api.webhooks.addresses import networks_of
from api.webhooks.delivering import delivering
from api.webhooks.sending import Sender

log = logging.getLogger("kail")
LOOK_SECONDS: Final = 0.25
"""How often it is looked whether somebody asked for a job."""
AGAIN_SECONDS: Final = 2.0
"""How long nothing is tried after the database was away, the disk full, or a job failed unexpectedly."""
TIDY_SECONDS: Final = 600
SETTLE_SECONDS: Final = 10
"""How often it is seen that whoever was registered or corrected is found by what their row says."""
CLOCK_SECONDS: Final = 1.0
"""How often it is looked whether the clock went back."""
NICENESS: Final = 10
LOCK_FILE: Final = "jobs.lock"


def do_all(record: Record, live: Live, data: Path) -> int:
    """Do every job that waits, until none is left; return how many turns it took."""
    turns, goes_on = 0, True
    while goes_on:
        with suppress(Failed):  # it is logged, and tried again
            goes_on = do_next(record, live, data, KINDS, who)
        turns += goes_on
    return turns


def who(tx: Transaction, account_id: str, kind: str) -> Actor | None:
    """Who an account is, if it may still ask for that kind of job."""
    actor = actor_of_account(tx, account_id)
    return actor if actor is not None and actor.role in ROLES.get(kind, ()) else None


def work(record: Record, live: Live, data: Path, space: Space, is_over: Callable[[], bool]) -> None:
    """Do jobs as they come, until it is over; none while there is little room on the disk, which is people's then."""
    tidied = looked = settled = float("-inf")
    jumps, may_erase = Jumps(record), True

    def hold() -> bool:
        return is_over() or space.is_short()

    while not is_over():
        try:
            if time.monotonic() - looked > CLOCK_SECONDS:
                look_at_clock(record)
                may_erase = jumps.may_erase()
                looked = time.monotonic()
            if time.monotonic() - tidied > TIDY_SECONDS:
                tidy(record, data, 0 if tidied == float("-inf") else TIDY_SECONDS, may_erase=may_erase)
                tidied = time.monotonic()
            if time.monotonic() - settled > SETTLE_SECONDS:
                settle(record, BESIDE_OTHERS)
                sweep(record, live)
                settled = time.monotonic()
            short = space.is_short()  # then jobs that were cancelled end, and make room
            if not do_next(record, live, data, KINDS, who, hold, stopped_only=short):
                time.sleep(LOOK_SECONDS)
        except (SQLAlchemyError, Unavailable, OSError, sqlite3.Error, Failed) as error:
            # away, busy or full: it goes on where it was; after a mistake of ours it is tried again
            log.warning("jobs wait: %s", type(error).__name__)
            time.sleep(AGAIN_SECONDS)


def tidy(record: Record, data: Path, spared_seconds: float = 0, *, may_erase: bool = True) -> None:
    """Take away staged files that no job needs and old jobs; erase who is due, and finish erasures that a stop cut off.

    What waited long enough for approval ends, and old tries at passwords are forgotten; then it is noted where chains end.
    `may_erase`: whether the clock went on as it should for long enough.
    """

    def wanted() -> set[str]:
        with record.read() as tx:
            return files_wanted(tx)

    staging.sweep(data, wanted, spared_seconds=spared_seconds)
    if may_erase:
        withdrawals.erase_due(record)
        begin_anew(record)
    rights.sweep(record)
    end_over(record)
    forget_old(record)
    forget_old_tries(record)
    note_ends(record)
    record.database.empty_log()  # again, should somebody have read while it was to be emptied after an erasure


@contextmanager
def the_only_one(data: Path, is_over: Callable[[], bool]) -> Iterator[bool]:
    """Wait until no other worker is at this data folder; whether it came to that.

    The lock is that of an SQLite file: every system takes it back when a process ends, however it does.
    """
    lock = sqlite3.connect(data / LOCK_FILE, isolation_level=None, timeout=0)
    (data / LOCK_FILE).chmod(0o600)
    try:
        while not (ours := _locked(lock)) and not is_over():
            time.sleep(LOOK_SECONDS)
        yield ours
    finally:
        lock.close()


def _locked(lock: sqlite3.Connection) -> bool:
    try:
        lock.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError:
        return False
    return True


def main() -> None:
    """Work until the server ends."""
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    logging.basicConfig(format="kail jobs: %(message)s")
    over = threading.Event()
    settings = Settings.from_environment(os.environ)
    assert settings.data is not None
    threading.Thread(target=_wait_for_the_end, args=(over,), daemon=True).start()
    record = open_record(settings.data, settings.database, go_live(settings).clock, settings.keys)
    try:
        with the_only_one(settings.data, over.is_set) as ours:
            if ours:
                space = Space(settings.data, settings.reserve * MEGABYTE)
                with delivering(record, Sender(networks_of(settings.webhook_network)), space.is_short):
                    work(record, go_live(settings), settings.data, space, over.is_set)
    finally:
        record.close()


def _wait_for_the_end(over: threading.Event) -> None:
    """Wait for the end of the standard input, which is the server's: a step under way may end, then the process does."""
    sys.stdin.buffer.read()
    over.set()
    time.sleep(END_SECONDS)
    os._exit(0)  # whatever it is in goes on in the next worker


END_SECONDS: Final = 2.0

if __name__ == "__main__":
    main()
