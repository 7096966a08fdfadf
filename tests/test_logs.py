"""Nothing about a person is passed to a log: every call that logs is read, and what it is given has to be of a form below.

Principle: a value is shown to whoever sent it and written to no log, and a log is read by people who may see nobody. So a log
says where and how often, in words of ours; it never gets a variable that might hold what somebody sent. Remedy: log the type of
an error, a count, or where it was; give the value to `Trouble`, which is answered to its sender.
"""

import ast
from collections.abc import Iterator

import pytest

from tests.conftest import ROOT

FOLDERS = ("api", "models", "training_data", "words", "matcher")
SOURCES = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for folder in FOLDERS
    for path in (ROOT / folder).rglob("*.py")
}
LEVELS = {"debug", "info", "warning", "warn", "error", "critical", "fatal"}
TRACES = {"exception", "print_exc", "print_exception", "print_stack", "format_exc", "format_exception"}
"""They write an error's message, which may hold what somebody sent; `traceback.format_tb` says where it was and no more."""
PRINTS = {"print", "pprint", "click.echo", "click.secho", "sys.stdout.write", "sys.stderr.write"}
SCREEN = "api/commands/"
"""What a command prints is its answer to whoever typed it; what anything else prints ends in a log."""
COUNTS = {"len"}
MACHINE = {"returncode", "__name__"}
"""Attributes that tell of a process or a type, never of a person."""


def name_of(node: ast.expr) -> str:
    """The name of what is called, with its dots; "" for what has none."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{name_of(node.value)}.{node.attr}"
    return ""


def is_harmless(given: ast.expr, function: ast.AST) -> bool:
    """Whether an argument is a constant, a type's name, a count, a place in the code, or put together of such alone."""
    if isinstance(given, ast.Constant):
        return True
    if isinstance(given, ast.Name):
        return given.id.isupper() or all(is_harmless(value, function) for value in values_of(given.id, function))
    if isinstance(given, ast.Attribute):
        return given.attr in MACHINE
    if isinstance(given, ast.IfExp):
        return is_harmless(given.body, function) and is_harmless(given.orelse, function)
    if isinstance(given, ast.JoinedStr):
        return all(is_harmless(part, function) for part in given.values)
    if isinstance(given, ast.FormattedValue):
        return is_harmless(given.value, function)
    return isinstance(given, ast.Call) and call_is_harmless(given, function)


def values_of(name: str, function: ast.AST) -> list[ast.expr]:
    """All that a name is set to in a function; where it comes from elsewhere as well, the name itself: nobody knows then."""
    found: list[ast.expr] = []
    bound = 0
    for node in ast.walk(function):
        if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign | ast.NamedExpr):
            goals = node.targets if isinstance(node, ast.Assign) else [node.target]
            found += [node.value or node.target for goal in goals if name_of(goal) == name]
        bound += isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Store)
        bound += isinstance(node, ast.arg) and node.arg == name
    return found if found and bound == len(found) else [ast.Attribute(ast.Name(name), "", ast.Load())]


def call_is_harmless(call: ast.Call, function: ast.AST) -> bool:
    name = name_of(call.func)
    if name in COUNTS or name == "traceback.format_tb":
        return True
    if name == "getattr":  # of a handler of ours: what it is called
        return isinstance(call.args[1], ast.Constant) and call.args[1].value == "handler_name"
    joins = (
        isinstance(call.func, ast.Attribute) and call.func.attr == "join" and isinstance(call.func.value, ast.Constant)
    )
    return joins and all(is_harmless(part, function) for part in call.args)


def troubles(source: str, where: str) -> Iterator[str]:
    """Every call of a source that gives a log what may be about somebody."""
    tree = ast.parse(source)
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    for function in [*functions, ast.Module([n for n in tree.body if not hasattr(n, "body")], [])]:
        for call in ast.walk(function):
            if isinstance(call, ast.Call) and (why := trouble(call, function, where)):
                yield f"{where}:{call.lineno}: {ast.unparse(call)}: {why}"


def trouble(call: ast.Call, function: ast.AST, where: str) -> str:
    name = name_of(call.func)
    last = call.func.attr if isinstance(call.func, ast.Attribute) else name
    if name in PRINTS and not where.startswith(SCREEN):
        return "what is printed here ends in a log: answer it, or log that it happened"
    if last in TRACES:
        return "the message of an error may hold what somebody sent: log its type and traceback.format_tb"
    is_log = (last in LEVELS and isinstance(call.func, ast.Attribute)) or name in (
        "log.log",
        "logging.log",
        "logger.log",
    )
    if not is_log:
        return ""
    if call.keywords:
        return "exc_info, stack_info and extra bring what nobody looked at: log the type and traceback.format_tb"
    given = [ast.unparse(one) for one in call.args if not is_harmless(one, function)]
    return f"{', '.join(given)} may be about somebody: log a type, a count or a place" if given else ""


def test_no_log_is_given_what_may_be_about_somebody():
    found = [one for where, source in SOURCES.items() for one in troubles(source, where)]
    assert not found, "\n  ".join(["A log is given what it must not get:", *dict.fromkeys(found)])


def test_there_are_logs_to_be_looked_at():
    """Without this the test above would pass where it finds no log at all."""
    assert sum(source.count("log.error(") for source in SOURCES.values()) >= 3


@pytest.mark.parametrize(
    "line",
    [
        'log.info("%s", name)',
        'log.info("%s", person.name)',
        'log.warning(f"{person.nik} is not known")',
        'log.error("refused " + value)',
        'log.error("%s", error)',
        'log.error("%s", str(error))',
        'log.error("%s", request.url)',
        'log.error("failed", exc_info=True)',
        'log.error("failed", extra={"who": name})',
        'log.exception("failed")',
        'log.log(10, "%s", name)',
        'log.error(traceback.format_exc())',
        "traceback.print_exc()",
        'logging.getLogger("kail").info("%s", name)',
        'self.log.debug("%s", signals)',
        "told = f'{name}'; log.info(told)",
        "told = 'x' if name else name; log.info('%s', told)",
        "told = 'x'; told += name; log.info(told)",
        "name = name or 'x'; log.info(name)",
        "if not name: name = 'x'\n    log.info(name)",
        "told, other = name, error; log.info(told)",
        "for told in name: log.info(told)",
        'log.info("%s", ", ".join(names))',
        'log.info("%s", getattr(person, "name", ""))',
        'warnings.warn(f"{value!r} is odd")',
        "print(name)",
        "click.echo(name)",
        "sys.stderr.write(name)",
    ],
)  # fmt: skip
def test_what_may_be_about_somebody_is_seen(line):
    assert list(troubles(f"def do(name, error):\n    {line}\n", "api/web/some.py"))


@pytest.mark.parametrize(
    "line",
    [
        'log.info("started")',
        'log.info("%s rows", len(rows))',
        'log.error("%s in %s", type(error).__name__, getattr(handler, "handler_name", "routing"))',
        'where = "".join(traceback.format_tb(error.__traceback__)); log.error("at\\n%s", where)',
        'ended = "did not start" if process is None else f"ended with {process.returncode}"; log.error(ended)',
        'log.error("again in %s s", PAUSE_SECONDS)',
        "math.log(value)",
        "answer(name)",
    ],
)
def test_what_is_about_nobody_is_let_through(line):
    assert list(troubles(f"def do(name, error):\n    {line}\n", "api/web/some.py")) == []


def test_a_command_may_print_its_answer():
    assert list(troubles("def do(name):\n    click.echo(name)\n", "api/commands/some.py")) == []
