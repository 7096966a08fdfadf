"""The layout: files stay of a size that is read in one sitting."""

from tests.conftest import ROOT

MOST_LINES = 400
WRITTEN = {".py", ".html", ".css", ".js", ".md", ".toml"}
DATA = ("matcher/programmes", "tests/programmes", "tests/cases")
LONGER = {"matcher/paths/search.py"}
"""One search is one thought; whoever takes up the engine may cut it."""


def written_by_people():
    """Name and path of every file of code and prose: not data, locks or notebooks, not what tools leave about."""
    for entry in ROOT.iterdir():
        paths = [entry] if entry.is_file() else entry.rglob("*") if entry.name[0] not in "._" else []
        for path in paths:
            name = path.relative_to(ROOT).as_posix()
            if path.suffix in WRITTEN and not name.startswith(DATA):
                yield name, path


def test_no_file_is_longer_than_is_read_in_one_sitting():
    lines = {name: len(path.read_text(encoding="utf-8").splitlines()) for name, path in written_by_people()}
    assert len(lines) > 200
    long = [f"{name}: {count} lines" for name, count in lines.items() if count > MOST_LINES and name not in LONGER]
    assert not long, "\n  ".join([f"Split these along their meaning, each at most {MOST_LINES} lines:", *sorted(long)])
