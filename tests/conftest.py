"""How many examples the property tests try: KAIL_EXAMPLES, else 200 for a plain run and 500 where CI is set.

The same examples each time, so that a test that fails does so because of a change; `python3 dev.py test --hard` draws new
ones on every run.
"""

import gc
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from litestar.utils.signature import ParsedSignature

ROOT = Path(__file__).resolve().parent.parent

EXAMPLES = int(os.environ.get("KAIL_EXAMPLES") or (500 if os.environ.get("CI") else 200))

# No database: tests leave nothing behind. A failure prints the blob that repeats it.
settings.register_profile(
    "kail", max_examples=EXAMPLES, deadline=None, print_blob=True, database=None, derandomize=EXAMPLES <= 1000
)
settings.load_profile("kail")

# Every test makes an application anew: its 340 handlers are the same functions each time, whose types are read once, and
# what all tests keep is not gone through by each of them. Both together save a quarter of making it.
gc.set_threshold(50_000, 20, 20)
_READ: dict[tuple[Callable[..., Any], frozenset[str]], ParsedSignature] = {}
_from_fn = ParsedSignature.from_fn.__func__


def _from_fn_once(cls: type, fn: Callable[..., Any], signature_namespace: dict[str, Any]) -> ParsedSignature:
    asked = fn, frozenset(signature_namespace)
    if asked not in _READ:
        _READ[asked] = _from_fn(cls, fn, signature_namespace)
    return _READ[asked]


ParsedSignature.from_fn = classmethod(_from_fn_once)


def pytest_collection_finish() -> None:
    gc.freeze()


@pytest.fixture(scope="session")
def kail_by_dev(tmp_path_factory):
    """The command that dev.py installs, in a folder with a space and an apostrophe in its name."""
    from tests.installed import by_dev

    return by_dev(tmp_path_factory.mktemp("dev") / "it's Kail")
