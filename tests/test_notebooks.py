"""Every notebook runs from top to bottom with warnings as errors, is committed clean, and imports but never defines."""

from __future__ import annotations

import ast
import asyncio
import os
import re
import sys
import tempfile
from pathlib import Path

import click
import nbformat
import pytest
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient

from api.commands.main import cli

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
EACH = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
ALLOWED = sys.stdlib_module_names | {"matcher", "words", "training_data", "models", "numpy", "matplotlib"}
SECONDS_A_CELL = 300

# Run before a notebook's own cells. The audit hook stays for the kernel's short life; it also hears what C code calls.
QUIET = """
import sys, warnings
def _refuse(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto"):
        raise RuntimeError(f"a notebook must not need a network: {event} {arguments[1:]}")
sys.addaudithook(_refuse)
warnings.simplefilter("error")
# ipykernel's own, while it shuts down:
warnings.filterwarnings("ignore", "For consistency across implementations", PendingDeprecationWarning)
"""


def read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


def code(path: Path) -> list[str]:
    return [cell.source for cell in read(path).cells if cell.cell_type == "code"]


def definitions(source: str) -> list[str]:
    """What a cell defines: functions, classes, and lambdas given a name."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.append(node.name)
        elif isinstance(node, (ast.Assign, ast.AnnAssign, ast.NamedExpr)) and keeps_a_lambda(node.value):
            found.append(ast.unparse(node))
    return found


def keeps_a_lambda(value: ast.AST | None) -> bool:
    """Whether a value is or holds a lambda; one that is handed to a call, such as sorted(key=...), is not kept."""
    if value is None or isinstance(value, ast.Call):
        return False
    return isinstance(value, ast.Lambda) or any(keeps_a_lambda(part) for part in ast.iter_child_nodes(value))


def imported(source: str) -> set[str]:
    """The packages that a cell imports."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").partition(".")[0])
    return found


def run(notebook: nbformat.NotebookNode, folder: Path) -> None:
    """Run a notebook in a kernel of this interpreter, in `folder`, with everything it may write kept in there too.

    The kernel talks through sockets in `folder` (their paths must be short), not over TCP; a kernel or a matplotlib that
    somebody set up at home is not asked.
    """
    places = {"IPYTHONDIR": "ipython", "JUPYTER_RUNTIME_DIR": "jupyter", "MPLCONFIGDIR": "matplotlib", "TMPDIR": "tmp"}
    for name in (*places.values(), "work"):
        (folder / name).mkdir()
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONWARNINGS"}
    environment |= {name: str(folder / place) for name, place in places.items()}
    # One thread: scikit-learn's threads wait for each other by spinning, and beside other tests a run took twice as long.
    environment |= {"MPLBACKEND": "Agg", "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    kernel = AsyncKernelManager(
        kernel_name="python3",
        kernel_spec_manager=KernelSpecManager(kernel_dirs=[]),
        transport="ipc",
        connection_file=str(folder / "k.json"),
    )
    notebook.cells = [nbformat.v4.new_code_cell(QUIET), *notebook.cells]
    client = NotebookClient(notebook, timeout=SECONDS_A_CELL)
    client.km = kernel  # set here, not handed over: then the client shuts the kernel down, also after a failure
    asyncio.run(client.async_execute(env=environment, cwd=str(folder / "work")))


def test_there_is_a_notebook():
    assert NOTEBOOKS


@EACH
def test_a_notebook_runs_from_top_to_bottom(path):
    with tempfile.TemporaryDirectory(prefix="kail-") as folder:
        run(read(path), Path(folder))
        assert list((Path(folder) / "work").iterdir()) == []
        assert list((Path(folder) / "tmp").iterdir()) == []


@EACH
def test_a_notebook_is_committed_without_what_a_run_leaves_in_it(path):
    notebook = read(path)
    nbformat.validate(notebook)
    assert notebook.metadata == {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    assert [cell.metadata for cell in notebook.cells if cell.metadata] == []
    ran = [cell for cell in notebook.cells if cell.cell_type == "code" and (cell.outputs or cell.execution_count)]
    assert ran == []


@EACH
def test_a_notebook_defines_nothing(path):
    assert [name for source in code(path) for name in definitions(source)] == []


@EACH
def test_a_notebook_imports_only_us_numpy_matplotlib_and_the_standard_library(path):
    assert {name for source in code(path) for name in imported(source)} - ALLOWED == set()


@EACH
def test_every_kail_command_shown_is_one(path):
    text = "\n".join(cell.source for cell in read(path).cells if cell.cell_type == "markdown")
    for line in re.findall(r"^(?:\.venv/bin/)?kail (.+)$", text, re.MULTILINE):
        name, *words = line.partition("#")[0].split()
        context = click.Context(cli)
        assert name in cli.commands, line
        cli.commands[name].make_context(name, words, parent=context)  # refuses an option that is not there


@pytest.mark.parametrize(
    "source",
    ["def f(): pass", "async def f(): pass", "if True:\n    class A: ...", "f = lambda: 0", "f: object = lambda: 0",
     "(f := lambda: 0)", "f = [lambda: 0]"],
)  # fmt: skip
def test_a_definition_is_seen(source):
    assert definitions(source)


def test_a_lambda_handed_over_defines_nothing():
    assert definitions("found = sorted([1], key=lambda one: -one)") == []


@pytest.mark.parametrize(
    "source", ["import warnings; warnings.warn('old')", "import socket; socket.create_connection(('127.0.0.1', 9))"]
)
def test_a_warning_or_a_connection_fails_a_notebook(source):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    with tempfile.TemporaryDirectory(prefix="kail-") as folder, pytest.raises(Exception, match=r"UserWarning|network"):
        run(notebook, Path(folder))
