"""Who may import whom (ARCHITECTURE.md). Read off the syntax, so that nothing is run and lazy imports count too."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
OURS = ("matcher", "words", "training_data", "models", "api")
FLOORS = (
    "client settings record files web advice audit accounts consents participants imports referrals webhooks assessments "
    "outcomes jobs approvals commands"
).split()
"""The rooms of api/, from the ground up; `api.app` puts them together and lies on top."""
IMPURE = {"asyncio", "http", "random", "secrets", "socket", "sqlite3", "ssl", "subprocess", "time", "urllib", "uuid"}
OFFLINE = {"sklearn", "joblib", "matplotlib", "pickle"}


def files(package: str) -> dict[str, Path]:
    """Module name -> file, for every module of a package; empty while the package is not written yet."""
    found = {}
    for path in sorted((ROOT / package).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = {name: path for package in OURS for name, path in files(package).items()}


def imports(module: str, tree: ast.AST) -> Iterator[str]:
    """Full names of all that a tree imports: `from matcher import tiers` gives matcher.tiers if that is a module."""
    package = module if MODULES[module].name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parent = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*parent, *([node.module] if node.module else [])])
            for alias in node.names:
                full = f"{base}.{alias.name}"
                yield full if full in MODULES or base in OURS else base


def at_start(tree: ast.Module) -> ast.Module:
    """The same module without the bodies of its functions: what runs when it is imported."""

    class Outside(ast.NodeTransformer):
        def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
            return None

        def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
            return None

    return Outside().visit(tree)


def everything(module: str) -> set[str]:
    return set(imports(module, ast.parse(MODULES[module].read_text(encoding="utf-8"))))


def started(module: str) -> set[str]:
    return set(imports(module, at_start(ast.parse(MODULES[module].read_text(encoding="utf-8")))))


def top(name: str) -> str:
    return name.partition(".")[0]


def with_parents(name: str) -> list[str]:
    """The modules of ours that `import name` runs: a.b.c runs a, then a.b, then a.b.c."""
    parts = name.split(".")
    return [module for end in range(len(parts)) if (module := ".".join(parts[: end + 1])) in MODULES]


def is_or_is_in(name: str, module: str) -> bool:
    return name == module or name.startswith(f"{module}.")


@pytest.mark.parametrize("module", files("matcher"))
def test_matcher_stands_on_the_standard_library_and_numpy_alone(module):
    allowed = sys.stdlib_module_names | {"numpy", "matcher"}
    assert {name for name in everything(module) if top(name) not in allowed} == set()


@pytest.mark.parametrize("module", files("matcher"))
def test_matcher_has_no_clock_no_randomness_no_database_no_network(module):
    names = everything(module)
    assert {name for name in names if top(name) in IMPURE or name.startswith("numpy.random")} == set()


@pytest.mark.parametrize(
    ("package", "allowed"),
    [
        ("matcher", set()),
        ("words", {"matcher"}),
        ("training_data", {"matcher", "words"}),
        ("models", {"matcher", "words", "training_data"}),
    ],
)
def test_packages_import_only_those_below_them(package, allowed):
    wrong = {
        (module, name)
        for module in files(package)
        for name in everything(module)
        if top(name) in OURS and top(name) not in {package, *allowed}
    }
    assert wrong == set()


@pytest.mark.parametrize("module", files("api"))
def test_api_reaches_models_and_training_data_only_through_their_doors(module):
    names = started(module) if is_or_is_in(module, "api.commands") else everything(module)
    doors = ("models.registry", "training_data.schema", "training_data.columns")
    inner = {name for name in names if top(name) in {"models", "training_data"}}
    assert {name for name in inner if not any(is_or_is_in(name, door) for door in doors)} == set()


def floor(module: str) -> int:
    """The floor of a module of api/: its room's, or the top for what puts the rooms together."""
    room = module.split(".")[1] if module != "api" else "settings"
    return FLOORS.index(room) if room in FLOORS else len(FLOORS)


@pytest.mark.parametrize("module", files("api"))
def test_a_room_of_api_imports_only_those_below_it(module):
    ours = {name for name in everything(module) if name in MODULES and top(name) == "api"}
    assert {name for name in ours if floor(name) > floor(module)} == set()


@pytest.mark.parametrize("module", files("api/client"))
def test_the_client_stands_on_httpx_alone_so_that_a_bank_can_take_it(module):
    allowed = sys.stdlib_module_names | {"httpx"}
    names = {name for name in everything(module) if not is_or_is_in(name, "api.client")}
    assert {name for name in names if top(name) not in allowed} == set()


def test_nothing_of_ours_imports_the_client():
    wrong = {module for module in MODULES if not is_or_is_in(module, "api.client")
             for name in everything(module) if is_or_is_in(name, "api.client")}  # fmt: skip
    assert wrong == set()


def test_nothing_lies_loose_in_api():
    loose = {name for name in files("api") if floor(name) == len(FLOORS)}
    assert loose == {"api.app"}


def test_no_two_modules_import_each_other():
    """Lazily or not: whoever reads one would have to know the other."""
    graph = {module: {name for name in everything(module) if name in MODULES} - {module} for module in MODULES}
    assert {tuple(sorted((one, other))) for one in graph for other in graph[one] if one in graph[other]} == set()


@pytest.mark.parametrize("module", [name for name in ("api.commands.main", "api.app") if name in MODULES])
def test_serving_imports_nothing_that_trains_or_unpickles(module):
    seen, waiting = set(), {module}
    while waiting:
        seen |= waiting
        waiting = {name for one in waiting for part in with_parents(one) for name in started(part)} - seen
    assert {name for name in seen if top(name) in OFFLINE} == set()
