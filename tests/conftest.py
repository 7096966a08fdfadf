"""How many examples the property tests try: KAIL_EXAMPLES, else 200 for a plain run and 500 where CI is set.

The same examples each time, so that a test that fails does so because of a change; `python3 dev.py test --hard` draws new
ones on every run.
"""

import os
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parent.parent

EXAMPLES = int(os.environ.get("KAIL_EXAMPLES") or (500 if os.environ.get("CI") else 200))

# No database: tests leave nothing behind. A failure prints the blob that repeats it.
settings.register_profile(
    "kail", max_examples=EXAMPLES, deadline=None, print_blob=True, database=None, derandomize=EXAMPLES <= 1000
)
settings.load_profile("kail")


@pytest.fixture(scope="session")
def kail_by_dev(tmp_path_factory):
    """The command that dev.py installs, in a folder with a space and an apostrophe in its name."""
    from tests.installed import by_dev

    return by_dev(tmp_path_factory.mktemp("dev") / "it's Kail")
