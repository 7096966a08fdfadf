"""One way through the matcher: a participant passes its stations in this order, and no module imports a later one."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.conftest import ROOT

STATIONS = (
    {"message"},
    {"programme.*"},
    {"facts.*"},
    {"scorecard", "standing", "money", "relaxing"},
    {"reach", "situations"},
    {"paths.search"},  # finds sequences of steps and knows no product: the tier asks it as well as the path
    {"tiers", "lenders", "paths.path"},  # side by side; the tier is told the goal by recommend, it chooses none
    {"paths.goal"},
    {"interventions"},
    {"questions"},
    {"recommend"},
    {"gists"},
)
MODULES = {
    ".".join(path.relative_to(ROOT / "matcher").with_suffix("").parts): path
    for path in (ROOT / "matcher").rglob("*.py")
    if path.name != "__init__.py"
}


def station(name: str) -> int:
    """The place of a module's station."""
    room = f"{name.partition('.')[0]}.*"
    found = [place for place, names in enumerate(STATIONS) if name in names or room in names]
    assert len(found) == 1, f"{name} stands in {len(found)} stations: give it its one place in STATIONS"
    return found[0]


def imported(path: Path) -> set[str]:
    """The modules of the matcher that a module imports, without their package's name."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    named = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    named |= {
        f"{node.module}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    return {name.removeprefix("matcher.") for name in named if name.startswith("matcher.")} & MODULES.keys()


@pytest.mark.parametrize("name", MODULES)
def test_a_module_imports_only_stations_before_its_own_or_of_its_own_room(name):
    own = station(name)
    for other in imported(MODULES[name]):
        same_room = "." in name and name.partition(".")[0] == other.partition(".")[0]
        assert station(other) < own or (same_room and station(other) == own), f"{name} imports {other}"
