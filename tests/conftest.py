"""How many examples the property tests try: KAIL_EXAMPLES, else 200 for a plain run and 2000 where CI is set."""

import os

from hypothesis import settings

EXAMPLES = int(os.environ.get("KAIL_EXAMPLES") or (2000 if os.environ.get("CI") else 200))

# No database: tests leave nothing behind. A failure prints the blob that repeats it.
settings.register_profile("kail", max_examples=EXAMPLES, deadline=None, print_blob=True, database=None)
settings.load_profile("kail")
