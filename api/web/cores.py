"""Cores: one process that answers alone keeps to one core, where the system lets it (Linux).

Python computes in turns, so its threads gain nothing by a second core; but where each turn is on another one, what the
last one left in that core's cache is fetched anew and a thread is woken across cores: with 16 clients a third of the
processor went there, and pages a second were fewer by as much (`benchmarks/contention.py`). What does gain, another process
and the hashing of passwords, gets all of them. The price: where another program insists on that core, half of it is left.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_before: set[int] = set()


@contextmanager
def one_core() -> Iterator[None]:
    """Keep this thread, and every one that it starts, to one core."""
    cores = _allowed()
    if len(cores) < 2:
        yield
        return
    _before.update(cores)
    _use({random.choice(sorted(cores))})
    try:
        yield
    finally:
        all_cores()
        _before.clear()


def all_cores() -> None:
    """Let this thread, and every process that it starts, use all cores again."""
    if _before:
        _use(_before)


def count() -> int:
    """How many cores this process may use; those of the machine where the system does not tell."""
    return len(_before or _allowed()) or os.cpu_count() or 1


def _allowed() -> set[int]:
    tell = getattr(os, "sched_getaffinity", None)
    return tell(0) if tell else set()


def _use(cores: set[int]) -> None:
    with suppress(OSError):  # a core may have been taken away meanwhile: then it stays as it is
        os.sched_setaffinity(0, cores)
