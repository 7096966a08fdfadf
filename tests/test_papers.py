"""The papers are true: what they show is there, and what is there to be used stands in them.

Each test names the principle that it guards; what it says when it fails is what to write, and where.
"""

import argparse
import re
import shlex
import tomllib
from collections.abc import Iterator
from dataclasses import fields
from fnmatch import fnmatch

import click
import pytest

import dev
from api.accounts.guard import MATRIX
from api.commands.main import cli
from api.commands.serve import serve
from api.settings import Settings
from api.web.errors import KINDS
from tests.conftest import ROOT
from tests.test_layout import written_by_people

PAPERS = {
    name: (ROOT / f"{name}.md").read_text(encoding="utf-8")
    for name in ("README", "ARCHITECTURE", "CONTRIBUTING", "PROGRAMME", "SECURITY", "SYSTEMS")
}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
MADE = {"data/", "staged/", "/jobs", ".venv/bin/pytest", "answers.rejected.csv", "my-city"}
"""Paths of the papers that come to be by running Kail."""
LIKE_A_PATH = re.compile(
    r"\.?[\w<>*-]+(?:[/.][\w<>*-]+)*(?:/|\.(?:py|toml|md|po|json|lock|html|csv))|\.?[\w*-]+(?:/[\w*-]+)+"
)
PATHS = {
    path.relative_to(ROOT).as_posix() + ("/" if path.is_dir() else "")
    for entry in ROOT.iterdir()
    if entry.name == ".ci" or entry.name[0] not in "._"
    for path in (entry, *(entry.rglob("*") if entry.is_dir() else ()))
}


def section(paper: str, heading: str) -> str:
    """What stands under a heading, up to the next of its kind."""
    return PAPERS[paper].partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def table(paper: str, heading: str) -> list[list[str]]:
    """The rows of the tables under a heading, as cells without backticks, but for the heads."""
    lines = [line for line in section(paper, heading).splitlines() if line.startswith("| ")]
    rows = [[cell.strip().replace("`", "") for cell in line.strip("| ").split(" | ")] for line in lines]
    assert rows, f"{paper}.md has no table under '{heading}'"
    return rows[1:]


def shown(paper: str) -> Iterator[str]:
    """What a paper shows as code: in backticks, and line by line between fences."""
    text = PAPERS[paper]
    for block in re.findall(r"```(?:\w+)?\n(.*?)```", text, re.DOTALL):
        yield from (line.partition(" #")[0].strip() for line in block.splitlines())
    for span in re.findall(r"`([^`]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL)):
        yield " ".join(span.split())


def differences(papers: set[str], there: set[str]) -> list[str]:
    return [f"write down {name}" for name in sorted(there - papers)] + [
        f"take out {name}, it is not there any more" for name in sorted(papers - there)
    ]


# --- commands ---------------------------------------------------------------------------------------------------------


def commands(group: click.Group, name: str) -> Iterator[tuple[str, click.Command]]:
    for part, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, f"{name} {part}")
        else:
            yield f"{name} {part}", command


def commands_of_dev() -> dict[str, argparse.ArgumentParser]:
    [found] = [action for action in dev.parser()._actions if isinstance(action, argparse._SubParsersAction)]
    return {f"python3 dev.py {name}": one for name, one in found.choices.items()}


def test_every_command_stands_in_the_readme():
    """Principle: what no paper names nobody finds."""
    there = {name for name, _ in commands(cli, "kail")} | set(commands_of_dev())
    wrong = differences({row[0] for row in table("README", "Commands")}, there)
    assert not wrong, "\n  ".join(["README.md, Commands:", *wrong])


@pytest.mark.parametrize("paper", PAPERS)
def test_a_command_that_is_shown_can_be_typed(paper):
    """Principle: what a paper shows can be copied and run."""
    options = {name: {o for p in one.params for o in (*p.opts, "--help")} for name, one in commands(cli, "kail")}
    options |= {name: set(one._option_string_actions) for name, one in commands_of_dev().items()}
    wrong = []
    for line in shown(paper):
        line = line.removeprefix(".venv/bin/")
        if re.match(r"kail [a-z]|python3 dev\.py ", line):
            name = next((name for name in options if f"{line} ".startswith(f"{name} ")), "")
            used = {word.partition("=")[0] for word in shlex.split(line) if word.startswith("-")}
            wrong += [] if name and used <= options[name] else [line]
    assert not wrong, "\n  ".join([f"{paper}.md: mend these, there is no such command or option:", *wrong])


# --- settings ---------------------------------------------------------------------------------------------------------


def test_every_setting_stands_in_the_readme():
    """Principle: what a service can be told is told to whoever starts it."""
    rows = table("README", "Settings")
    there = {option for parameter in serve.params for option in parameter.opts if option.startswith("--")}
    wrong = differences({row[0] for row in rows}, there)
    variables = {f"KAIL_{field.name.upper()}" for field in fields(Settings)}
    variables |= {parameter.envvar for parameter in serve.params if isinstance(parameter.envvar, str)}
    wrong += differences({row[1] for row in rows} - {"none"}, variables)
    assert not wrong, "\n  ".join(["README.md, Settings:", *wrong])


def test_every_variable_of_the_environment_stands_in_the_readme():
    """Principle: nothing outside the command changes what it does unless a paper says so."""
    sources = [text.read_text(encoding="utf-8") for name, text in written_by_people() if name.endswith(".py")]
    there = set(re.findall(r"""["'](KAIL_[A-Z]+)["']""", "\n".join(sources)))
    assert len(there) > 8
    wrong = differences(set(re.findall(r"\bKAIL_[A-Z]+\b", section("README", "Settings"))), there)
    assert not wrong, "\n  ".join(["README.md, Settings:", *wrong])


# --- errors and addresses ---------------------------------------------------------------------------------------------


def test_every_kind_of_error_stands_in_the_readme():
    """Principle: a program can be written against refusals before one is seen."""
    there = {f"{status} urn:kail:problem:{kind}" for status, (kind, _) in KINDS.items()}
    rows = table("README", "When something is refused")
    wrong = differences({f"{row[0]} {row[1]}" for row in rows}, there)
    assert not wrong, "\n  ".join(["README.md, When something is refused:", *wrong])


@pytest.mark.parametrize("paper", [*PAPERS, "CHANGELOG"])
def test_an_address_that_is_named_is_served(paper):
    """Principle: what a paper names is there."""
    text = PAPERS.get(paper) or (ROOT / f"{paper}.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(?:[A-Z]+ )?(/[a-z][\w./{}-]*)", text)) | set(re.findall(r"8000(/[\w./-]+)", text))
    wrong = sorted(named - {route.partition(" ")[2] for route in MATRIX})
    assert not wrong, f"{paper}.md: mend {', '.join(wrong)}; api/accounts/guard.py has every address."


# --- files and code ---------------------------------------------------------------------------------------------------


def paths_named(paper: str) -> Iterator[str]:
    """Paths in backticks, in links, and in the drawing of the layout."""
    spans = re.findall(r"`([^`]+)`", re.sub(r"```.*?```", "", PAPERS[paper], flags=re.DOTALL))
    words = [word.strip(",;") for span in spans for word in span.split()]
    words += re.findall(r"\]\((?!http)([^)#]+)\)", PAPERS[paper])
    words += [word.strip("(),:;") for word in re.sub(r"[`]", "", section(paper, "Layout")).split()]
    yield from (word for word in words if LIKE_A_PATH.fullmatch(word) and word not in MADE and "=" not in word)


def exists(name: str) -> bool:
    """Whether a file or folder of ours ends with that path; <language> and the like stand for anything."""
    wanted = re.sub(r"<\w+>", "*", name).removesuffix("/")
    return any(fnmatch(f"/{path.removesuffix('/')}", f"*/{wanted}") for path in PATHS)


@pytest.mark.parametrize("paper", PAPERS)
def test_a_path_that_is_named_exists(paper):
    """Principle: whoever follows a paper arrives."""
    wrong = sorted({name for name in paths_named(paper) if not exists(name)})
    assert not wrong, (
        f"{paper}.md: mend {', '.join(wrong)}: no such file or folder (or it is made: then list it in MADE)."
    )


def test_a_paper_that_the_code_names_exists():
    """Principle: whoever follows a comment arrives."""
    wanted = [
        name for name in PATHS if name.endswith((".py", ".html", ".po", ".toml")) and name != "tests/test_papers.py"
    ]
    read = {name: (ROOT / name).read_text(encoding="utf-8") for name in wanted}
    named = [(where, paper) for where, text in read.items() for paper in re.findall(r"[\w/]+\.md\b", text)]
    wrong = sorted({f"{where}: {paper}" for where, paper in named if not exists(paper)})
    assert not wrong, "\n  ".join(["Say there what that paper said, or name one of ours:", *wrong])


@pytest.mark.parametrize("paper", PAPERS)
def test_code_that_is_named_exists(paper):
    """Principle: what a paper names is there, under that name."""
    files = [name for name in PATHS if name.endswith((".py", "/"))]
    tops = {part.removesuffix(".py") for name in files for part in name.strip("/").split("/")}
    wrong = []
    for span in shown(paper):
        if re.fullmatch(r"[a-z_]+(\.\w+)+", span) and span.partition(".")[0] in tops and not exists(span):
            *parents, last = span.split(".")
            here = [name for name in files if f"/{name}".endswith(f"/{'/'.join(parents)}.py")]
            defined = any(
                re.search(rf"^(?:def |class )?{last}\b", (ROOT / name).read_text("utf-8"), re.M) for name in here
            )
            if not defined and not exists(f"{'/'.join((*parents, last))}.py"):
                wrong.append(span)
    assert not wrong, f"{paper}.md: mend {', '.join(wrong)}: no such module, function or class."


# --- dependencies -----------------------------------------------------------------------------------------------------


def test_every_dependency_stands_in_the_architecture_with_its_reason():
    """Principle: nothing is depended on without a reason that somebody can weigh."""
    asked = [*PROJECT["project"]["dependencies"], *PROJECT["dependency-groups"]["dev"]]
    there = {found[0] for one in asked if (found := re.match(r"[a-z0-9-]+", one))}
    rows = table("ARCHITECTURE", "Dependencies, each with its reason")
    wrong = differences({re.sub(r" \(.*\)", "", name) for row in rows for name in row[0].split(", ")}, there)
    wrong += [f"give a reason for {row[0]}" for row in rows if len(row) != 2 or not row[1]]
    assert not wrong, "\n  ".join(["ARCHITECTURE.md, Dependencies:", *wrong])


def test_the_project_says_who_made_it():
    """Principle: no name of a person stands in the project's own data."""
    assert PROJECT["project"]["authors"] == [{"name": "The Kail developers"}]
