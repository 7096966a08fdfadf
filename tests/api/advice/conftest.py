"""A file of participants, run as a whole and read back."""

from pathlib import Path

import pytest

from api.advice.batch import recommend_file
from tests.api.advice.people import JOB, answers_in, rejected_in


@pytest.fixture
def run(tmp_path):
    """Recommend for a file; give the summary, the answers and the rejected rows, all read back."""

    def go(source, target="answers.jsonl", job=JOB, **keys):
        if not isinstance(source, Path):
            content, source = source, tmp_path / keys.pop("name", "people.csv")
            source.write_bytes(content if isinstance(content, bytes) else content.encode())
        summary = recommend_file(job, source, tmp_path / target, **keys)
        return summary, answers_in(summary.output), rejected_in(summary.rejected_file)

    return go
