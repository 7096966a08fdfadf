"""`kail programme check`: whether a programme's files are in order."""

import re

from matcher.programme.loading import OKOCE, load_programme


def test_a_programme_in_order_says_so(kail):
    result = kail("programme", "check", OKOCE)
    assert result.exit_code == 0
    assert "in order. 7 steps" in result.stdout
    assert load_programme().digest in result.stdout


def test_a_programme_with_mistakes_names_them_all_at_once(kail, tmp_path):
    for path in OKOCE.glob("*.toml"):
        text = path.read_text(encoding="utf-8")
        (tmp_path / path.name).write_text(text.replace('step = "P1"', 'step = "P9"'), encoding="utf-8")
    result = kail("programme", "check", tmp_path)
    assert result.exit_code == 2
    assert re.search(r"^kail: \d+ problems:", result.stderr)
    assert "signals.toml: signal registered: step names 'P9'" in result.stderr
    assert "interventions.toml" in result.stderr
