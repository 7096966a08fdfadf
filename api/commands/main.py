"""The command line. Each command imports what it needs when it runs, so that `kail serve` never loads what trains."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from api import __version__
from api.commands.progress import progress_bar
from api.commands.record import COMMANDS, prepare_record

if TYPE_CHECKING:
    from api.advice.batch import Job

NOTHING_DONE: Final = 2
SOME_REJECTED: Final = 3

FILE = click.Path(path_type=Path)
FOLDER = click.Path(path_type=Path, file_okay=False)


class Failure(click.ClickException):
    """Something that stops a command: one clear message, exit code 2, nothing done."""

    exit_code = NOTHING_DONE

    def show(self, file: Any = None) -> None:
        """Print the message on the error channel."""
        click.echo(f"kail: {self.message}", err=True)


class Commands(click.Group):
    """A group whose commands answer every error with one message in place of a stack trace."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command named."""
        with in_words():
            return super().invoke(ctx)


@contextmanager
def in_words() -> Iterator[None]:
    """Turn an error into a message. KAIL_TRACE=1 shows where it came from instead."""
    from api.advice.batch import Rejected
    from api.files.rows import FileProblem
    from matcher.programme.reading import ProgrammeError
    from matcher.scorecard import ScorecardError

    try:
        yield
    except (click.ClickException, click.exceptions.Exit, click.Abort):
        raise
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # whoever read us has seen enough
        raise click.exceptions.Exit(0) from None
    except Exception as error:
        if os.environ.get("KAIL_TRACE"):
            raise
        if isinstance(error, ProgrammeError):
            raise Failure(f"{_count(len(error.problems), 'problem')}:\n{error}") from None
        if isinstance(error, Rejected):
            raise Failure("\n".join(_rejection(error))) from None
        if isinstance(error, FileProblem):
            raise Failure(error.said(_language())) from None
        if isinstance(error, ScorecardError):
            raise Failure(str(error)) from None
        if isinstance(error, OSError) and error.filename:
            raise Failure(
                f"{error.filename}: {error.strerror}.\n  Remedy: check the name and that you may use it."
            ) from None
        what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        remedy = "this is a mistake in Kail. Run it again with KAIL_TRACE=1 set and report what it prints."
        raise Failure(f"unexpected {what}.\n  Remedy: {remedy}") from None


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _language() -> str:
    """The language of the command that runs; English where it has none."""
    return str(click.get_current_context().find_root().meta.get("kail.language", "en"))


def _rejection(error: Any) -> Iterator[str]:
    row = error.row
    yield f"row {row.number}{f' (row {row.line} of the sheet)' if row.letters else ''} cannot be read."
    for _, _, cell, _, field, value, remedy in error.table(_language()):
        yield f"  {cell}{' ' if cell else ''}{field or 'the row'} = {value!r}: {remedy}"


# -- options that several commands have --------------------------------------------------------------------------------


def _as_day(context: click.Context, parameter: click.Parameter, value: datetime | None) -> date | None:
    return None if value is None else value.date()


def _keep_language(context: click.Context, parameter: click.Parameter, value: str) -> str:
    context.find_root().meta["kail.language"] = value
    return value


model_option = click.option(
    "--model", default="", metavar="VERSION|FILE",
    help='The scorecard for scores: a version, a file, or "none"; without it the one that comes with Kail (synthetic).',
)  # fmt: skip


programme_option = click.option(
    "--programme", type=FOLDER, metavar="DIR", help="A programme's folder; without it OK OCE."
)


def asking(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of a command that answers for participants in a file."""
    for option in (
        click.option(
            "--language", type=click.Choice(["id", "en"]), default="en", show_default=True, envvar="KAIL_LANGUAGE",
            callback=_keep_language, help="Language of the sentences; KAIL_LANGUAGE sets it for good.",
        ),
        model_option,
        programme_option,
        click.option("--goal", metavar="PRODUCT", help="The product that paths lead to; without it the best fit is chosen."),
        click.option(
            "--as-of", type=click.DateTime(["%Y-%m-%d"]), callback=_as_day, metavar="DATE",
            help="The day to answer for, as YYYY-MM-DD; without it each row's own as_of, else today.",
        ),
        click.option("--sheet", metavar="NAME", help="Which sheet of a workbook; without it the first that has a header."),
        click.option("--columns", type=FILE, metavar="MAP", help="A column map (TOML) that turns the columns into signals."),
    ):  # fmt: skip
        command = option(command)
    return command


def _job(options: dict[str, Any]) -> Job:
    from zoneinfo import ZoneInfo

    from api.advice.batch import Job
    from matcher.programme.loading import OKOCE, load_programme
    from matcher.programme.rules import rules_on
    from models.registry import scorecard_for

    programme = load_programme(_folder(options["programme"] or OKOCE))
    today = datetime.now(ZoneInfo(programme.timezone)).date()
    day = min(max(options["as_of"] or today, programme.valid_from), programme.valid_to or date.max)
    scorecard = scorecard_for(options["model"], rules_on(programme, day))
    kept = {name: options[name] for name in ("as_of", "goal", "columns", "sheet", "language")}
    return Job(programme=programme, today=today, scorecard=scorecard, **kept)


def _folder(path: Path) -> Path:
    if not path.is_dir():
        raise Failure(f"{path}: there is no such folder.\n  Remedy: name a folder that holds programme.toml.")
    return path


# -- commands ----------------------------------------------------------------------------------------------------------


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="kail")
def cli() -> None:
    """Kail reads how ready a small entrepreneur is for capital and says what to do next.

    \b
    kail serve                          start the service and its pages
    kail recommend participants.csv     answer for every row of a file
    kail explain participants.csv --row 3
                                        say everything about one row, in plain words
    kail programme check FOLDER         see whether a programme's files are in order
    kail cohort -n 10000 -o people.parquet
                                        make people who never lived, to try things on
    kail demo --data DIR                a record full of people who never lived, with mentors
    kail rescreen --data DIR            who gained or lost what after the rules changed
    kail audit verify --data DIR        whether anything in the record was tampered with

    Every command explains itself: kail recommend --help
    """


@cli.command()
@click.argument("source", type=FILE, metavar="INPUT")
@click.option(
    "-o", "--output", type=FILE, metavar="OUTPUT", help="Where the answers go: .csv, .xlsx, .parquet or .jsonl."
)
@asking
def recommend(source: Path, output: Path | None, **options: Any) -> None:
    """Answer for every row of INPUT: a .csv (or .tsv), .xlsx, .jsonl or .parquet file, one row for each participant.

    Without a column map the columns must be named like the programme's signals, plus participant and as_of; only those
    that are known need to be there; without participant the rows are numbered. An empty cell is unknown, never no and
    never zero. In a CSV file several choices stand in one cell, joined with a semicolon, and "none" means none of them.
    Numbers are digits alone: 5000000.

    In a workbook a title, empty rows and hidden rows may stand about; hidden sheets are left out. A formula counts as the
    result that Excel stored. Rows that add up others (Total, Jumlah) are rejected, as are merged cells of several people.

    Without -o the answers go beside INPUT, in the same format: people.csv gives people.kail.csv. What is there is
    replaced. Rows that cannot be read go to OUTPUT's own .rejected.csv, with the remedy for each, and the others go on.

    \b
    Examples:
      kail recommend people.csv
      kail recommend people.csv -o answers.parquet --as-of 2026-03-31
      kail recommend people.xlsx --sheet "Peserta 2026"
      kail recommend census.csv --columns census.toml -o answers.csv
      kail recommend people.jsonl --goal kur_super_mikro --language id

    Exit code: 0 all rows answered, 3 some rows rejected, 2 nothing done.
    """
    from api.advice.batch import recommend_file
    from api.commands.terminal import summary_lines
    from matcher.programme.rules import rules_on
    from words.telling import teller

    for path in (source, output):
        if path is not None and path.is_dir():
            raise Failure(f"{path} is a folder. Name a file in it.")
    job = _job(options)
    target = output or source.with_name(f"{source.stem}.kail{_ending(source)}")
    with progress_bar() as progress:
        found = recommend_file(job, source, target, progress)
    day = max(found.days, default=job.programme.valid_from)
    for line in summary_lines(found, teller(rules_on(job.programme, day), job.language)):
        click.echo(line)
    if job.scorecard is not None:
        click.echo(f"Scores: {job.scorecard.version}, basis {job.scorecard.basis}.")
    if not found.answered:
        raise Failure(f"no row could be answered; {found.rejected_file} says why for each.")
    if found.rejected:
        raise click.exceptions.Exit(SOME_REJECTED)


def _ending(source: Path) -> str:
    return {".tsv": ".csv", ".xlsm": ".xlsx"}.get(source.suffix.lower(), source.suffix.lower())


@cli.command()
@click.argument("source", type=FILE, metavar="INPUT")
@click.option(
    "--row", type=click.IntRange(1), required=True, metavar="N", help="Which row, from 1; the header is not counted."
)
@asking
def explain(source: Path, row: int, **options: Any) -> None:
    """Say everything about one row of INPUT in plain words: tier, reasons, questions, next steps, products, the way there.

    \b
    Examples:
      kail explain people.csv --row 3
      kail explain census.csv --columns census.toml --row 17 --language id
    """
    from api.advice.answer import answer, versions_of
    from api.advice.batch import check_goal, one_row
    from api.commands.terminal import answer_lines
    from matcher.recommend import recommend
    from words.telling import teller

    job = _job(options)
    found = one_row(job, source, row)
    if job.goal is not None:
        check_goal(job, job.goal, found.rules.day)
    recommendation = recommend(found.rules, found.participant, goal=job.goal, scorecard=job.scorecard)
    versions = versions_of(job.programme, job.scorecard)
    said = answer(found.rules, found.participant, recommendation, job.language, versions)
    t = teller(found.rules, job.language)
    for line in answer_lines(found.id, t.day(found.rules.day), said, t):
        click.echo(line)


@cli.group()
def programme() -> None:
    """Look after a programme: the folder of TOML files with its steps, signals, interventions, products and tiers."""


@programme.command()
@click.argument("folder", type=FOLDER, metavar="DIR")
def check(folder: Path) -> None:
    """Read the programme in DIR and name all that is wrong with it at once, each with file, entry and remedy.

    \b
    Example:
      kail programme check my-city

    Exit code: 0 in order, 2 not.
    """
    from matcher.programme.loading import load_programme

    found = load_programme(_folder(folder))
    parts = {name: len(getattr(found, name)) for name in ("steps", "signals", "interventions", "products", "tiers")}
    click.echo(f"{folder}: in order. {', '.join(f'{number} {name}' for name, number in parts.items())}.")
    click.echo(f"Digest: {found.digest}")


@cli.command()
@click.option("-n", "people", type=click.IntRange(1, 2_000_000), required=True, metavar="N", help="How many people.")
@click.option(
    "--seed", type=click.IntRange(0), default=1, show_default=True, help="The same seed gives the same people."
)
@click.option(
    "--others", type=click.IntRange(0), metavar="M", help="Keep all who were referred for capital and only M others."
)
@click.option("-o", "--output", type=FILE, required=True, metavar="FILE", help="Where to: .parquet, .csv or .csv.gz.")
def cohort(people: int, seed: int, others: int | None, output: Path) -> None:
    """Make N SYNTHETIC people: nobody of them ever lived. Their steps follow the counts published on 2021-10-27.

    Each row says what was known of a person on that day and, for the few who were referred for capital, what came of it.
    Referrals, loans and repayment are invented: training_data/datasheet.md says what is not.

    \b
    Examples:
      kail cohort -n 284164 --seed 1 -o people.parquet
      kail cohort -n 120000 --seed 2018 --others 640 -o sample.parquet
    """
    from training_data.cohort import enrich, make_cohort
    from training_data.schema import ENDINGS, OUTCOMES, rows_for, write_rows

    if not output.name.endswith(ENDINGS):
        raise Failure(f"{output}: this ending is not known.\n  Remedy: end the name in {', '.join(ENDINGS)}.")
    with progress_bar() as progress:
        rows = make_cohort(people, random_state=seed, progress=progress)
    if others is not None:
        rows = enrich(rows, others=others, random_state=seed)
    write_rows(output, rows)
    whole = ", ".join(f"{name} {len(rows_for(rows, name)):,}" for name in OUTCOMES)
    click.echo(f"SYNTHETIC: nobody in {output} ever lived. What is learnt from it describes its generator, not people.")
    click.echo(f"Rows: {len(rows):,}, of them referred {int(rows.known('referred_on').sum()):,}.")
    click.echo(f"Rows that may train a scorecard: {whole}.")


@cli.command()
@click.option(
    "--rows", type=FILE, metavar="FILE", help="Training rows; without it the synthetic sample that comes along."
)
@click.option("--outcome", type=click.Choice(["funded", "kept"]), default="funded", show_default=True)
@click.option(
    "-o", "--output", type=FOLDER, metavar="DIR", help="Where the version's folder goes; needed unless --check."
)
@click.option("--version", metavar="NAME", help="The version's name; it is never overwritten.")
@click.option("--check", "wanted", metavar="VERSION", help="Train VERSION again, write nothing, compare the digests.")
@programme_option
def train(
    rows: Path | None,
    outcome: str,
    output: Path | None,
    version: str | None,
    wanted: str | None,
    programme: Path | None,
) -> None:
    """Learn a scorecard from training rows and write it as a new version: points table, card, manifest.

    Or, with --check, learn a version again from the same rows and see whether the same points come out. The outcome is then
    that of the version.

    \b
    Examples:
      kail train --rows outcomes.parquet --outcome funded -o models --version funded-2027-1
      kail train --check funded-synthetic-1

    Exit code: 0 written, or the digests are equal; 2 nothing done, or they differ.
    """
    if wanted is None and (output is None or version is None):
        raise Failure("nothing to do.\n  Remedy: give -o DIR and --version NAME, or --check VERSION.")
    from matcher.programme.loading import OKOCE, load_programme
    from models import train as training
    from models.registry import ARTIFACTS, new_folder
    from training_data.schema import read_rows

    loaded = load_programme(_folder(programme or OKOCE))
    artifacts = output or ARTIFACTS
    try:
        if wanted is None:
            new_folder(str(version), artifacts)  # told before the work, not after
        read = training.read_sample(loaded) if rows is None else read_rows(rows, loaded)
        if wanted is not None:
            checked = training.check(read, wanted, artifacts, _stage)
            found = checked.trained
        else:
            found = training.train(read, outcome, str(version), _stage)
            folder = training.save(found, artifacts, rows_name=rows.name if rows else None)
    except ValueError as error:
        raise Failure(str(error)) from None
    for line in training.report(found):
        click.echo(line)
    if wanted is None:
        click.echo(f"Written: {folder}")
    elif checked.equal:
        click.echo(f"Equal: {wanted} has the same digest.")
    else:
        raise Failure(f"{wanted} has the digest {checked.wanted}.\n  {checked.why}")


def _stage(stage: str) -> None:
    """Say on the error channel what is being done, if somebody is there to see it."""
    if sys.stderr.isatty():
        click.echo(f"{stage} ...", err=True)


@cli.command()
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="The address to listen on; 0.0.0.0 is all of them."
)
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True)
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Processes that answer.")
@click.option(
    "--data", type=FOLDER, metavar="DIR",
    help="Where the record is kept; a programme folder in it replaces OK OCE. Without it nothing is kept.",
)  # fmt: skip
@click.option(
    "--database", default="", envvar="KAIL_DATABASE", metavar="URL", help="A PostgreSQL database for the record."
)
@click.option(
    "--https", is_flag=True, help="Browsers come by HTTPS (through your proxy): cookies are sent by it alone."
)
@click.option(
    "--programme", type=FOLDER, metavar="DIR", help="A programme's folder; without it the one in --data, else OK OCE."
)
@model_option
def serve(host: str, port: int, workers: int, programme: Path | None, **options: Any) -> None:
    """Start the service: pages for people, JSON for programs.

    \b
    Examples:
      kail serve
      kail serve --port 8080 --workers 2 --data ~/kail-data
      kail serve --programme my-city

    Stop it with Ctrl-C. Whoever puts a proxy before it must know that its headers are not believed.
    """
    import uvicorn

    from api.record.live import go_live
    from api.settings import Settings

    if options["database"] and options["data"] is None:
        raise Failure("--database needs --data.\n  Remedy: name a folder for the keys: --data DIR.")
    folder = None if programme is None else _folder(programme)
    settings = Settings(host=host, port=port, workers=workers, programme=folder, **options)
    go_live(settings)  # a wrong programme is told here, once, not by every worker with a trace
    if settings.data:
        prepare_record(settings.data, settings.database)
    check_port(host, port)
    os.environ.update(settings.to_environment())
    uvicorn.run(
        "api.app:from_environment",
        factory=True,
        host=host,
        port=port,
        workers=workers,
        proxy_headers=False,
        server_header=False,
        log_config=log_config(),
    )


def check_port(host: str, port: int) -> None:
    """See that a port can be had before the server finds out with a trace.

    Raises:
        Failure: with what to do.
    """
    import socket

    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except socket.gaierror as error:
        raise Failure(f"host {host!r} is not known here ({error.strerror}).\n  Remedy: use --host 127.0.0.1") from None
    except OSError as error:
        remedy = f"stop the program that holds it, or choose another, for example --port {port % 65535 + 1}"
        raise Failure(f"cannot listen on {host} port {port}: {error.strerror}.\n  Remedy: {remedy}") from None


class WithoutQuery:
    """A log filter that cuts what stands after the ? of an address: people may have typed something there."""

    def filter(self, record: Any) -> bool:
        """Shorten the address of an access record (client, method, address, protocol, status)."""
        if isinstance(record.args, tuple) and len(record.args) == 5:
            client, method, address, *rest = record.args
            record.args = (client, method, str(address).partition("?")[0], *rest)
        return True


def log_config() -> dict[str, Any]:
    """The server's own logging, with addresses cut at the ?."""
    import copy

    from uvicorn.config import LOGGING_CONFIG

    config: dict[str, Any] = copy.deepcopy(LOGGING_CONFIG)
    config["filters"] = {"without_query": {"()": "api.commands.main.WithoutQuery"}}
    config["handlers"]["access"]["filters"] = ["without_query"]
    config["loggers"]["kail"] = {"handlers": ["default"], "level": "INFO", "propagate": False}
    return config


for _command in COMMANDS:
    cli.add_command(_command)


def main() -> None:
    """Run the command line."""
    cli(prog_name="kail")


if __name__ == "__main__":
    main()
