"""The commands that answer for participants in a file: all rows of it, or one in plain words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from api.commands.failures import Failure, language, say
from api.commands.options import (
    FILE,
    as_bytes,
    as_day,
    check_language,
    existing,
    language_option,
    model_option,
    programme_option,
)
from api.commands.progress import progress_bar

if TYPE_CHECKING:
    from api.advice.participant_rows import Job, Rejected
    from words.speaking import Speaker

SOME_REJECTED: Final = 3


def asking(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of a command that answers for participants in a file."""
    for option in (
        language_option,
        model_option,
        programme_option,
        click.option("--goal", metavar="PRODUCT", help="The product that paths lead to; without it the best fit is chosen."),
        click.option(
            "--as-of", type=click.DateTime(["%Y-%m-%d"]), callback=as_day, metavar="DATE",
            help="The day to answer for, as YYYY-MM-DD; without it each row's own as_of, else today.",
        ),
        click.option("--sheet", metavar="NAME", help="Which sheet of a workbook; without it the first that has a header."),
        click.option(
            "--memory", callback=as_bytes, metavar="SIZE",
            help="The most memory that reading INPUT and its map may take, such as 512MB; without it there is no limit.",
        ),
        click.option("--columns", type=FILE, metavar="MAP", help="A column map (TOML) that turns the columns into signals."),
    ):  # fmt: skip
        command = option(command)
    return command


def job_of(options: dict[str, Any]) -> Job:
    """What is asked of a file by these options."""
    from zoneinfo import ZoneInfo

    from api.advice.participant_rows import Job
    from api.files.cage import Cage, InProcess, Limits
    from matcher.programme.loading import OKOCE, load_programme
    from matcher.programme.rules import rules_on
    from models.registry import scorecard_for
    from words.catalogues import check_catalogues

    programme = load_programme(existing(options["programme"] or OKOCE))
    check_catalogues(programme.languages)
    check_language(programme.languages)
    today = datetime.now(ZoneInfo(programme.timezone)).date()
    day = min(max(options["as_of"] or today, programme.valid_from), programme.valid_to or date.max)
    scorecard = scorecard_for(options["model"], rules_on(programme, day))
    reader = Cage(Limits(memory=options["memory"])) if options["memory"] else InProcess()
    kept = {name: options[name] for name in ("as_of", "goal", "columns", "sheet")}
    return Job(programme=programme, today=today, scorecard=scorecard, language=language(), reader=reader, **kept)


@click.command()
@click.argument("source", type=FILE, metavar="INPUT")
@click.option(
    "-o", "--output", type=FILE, metavar="OUTPUT", help="Where the answers go: .csv, .xlsx, .parquet or .jsonl."
)
@asking
def recommend(source: Path, output: Path | None, **options: Any) -> None:
    """Answer for every row of INPUT: a .csv (or .tsv), .xlsx, .jsonl or .parquet file, one row for each participant.

    Columns are known by what people call them (Nama, Omzet per bulan, NIB, Kec.); one that nobody knows is left out and
    said, without a participant column the rows are numbered. Cells are read as people write them (Rp 1.500.000, 1,5 jt,
    2 tahun 3 bulan, ada, 17 Agustus 2024), and it is said how. What has two readings is asked and its row rejected. An
    empty cell is unknown, never no and never zero. A column map settles what names and cells do not: kail columns draft.

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
    from words.speaking import Named
    from words.telling import teller

    for path in (source, output):
        if path is not None and path.is_dir():
            raise Failure("is_a_folder", path=path)
    job = job_of(options)
    target = output or source.with_name(f"{source.stem}.kail{_ending(source)}")
    with progress_bar() as progress:
        found = recommend_file(job, source, target, progress)
    day = max(found.days, default=job.programme.valid_from)
    for line in summary_lines(found, teller(rules_on(job.programme, day), job.language)):
        click.echo(line)
    if job.scorecard is not None:
        click.echo(say("scores_by", version=job.scorecard.version, basis=Named("basis", job.scorecard.basis)))
    if not found.answered:
        raise Failure("no_row_answered", path=found.rejected_file)
    if found.rejected:
        raise click.exceptions.Exit(SOME_REJECTED)


def _ending(source: Path) -> str:
    return {".tsv": ".csv", ".xlsm": ".xlsx"}.get(source.suffix.lower(), source.suffix.lower())


@click.command()
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
    from api.advice.participant_rows import Rejected, check_goal, one_row
    from api.commands.terminal import answer_lines
    from matcher.recommend import recommend
    from words.telling import teller

    job = job_of(options)
    try:
        found = one_row(job, source, row)
    except Rejected as error:
        raise Failure.told("\n".join(_rejection(error, job.says))) from None
    if job.goal is not None:
        check_goal(job, job.goal, found.rules.day)
    recommendation = recommend(found.rules, found.participant, goal=job.goal, scorecard=job.scorecard)
    versions = versions_of(job.programme, job.scorecard)
    said = answer(found.rules, found.participant, recommendation, job.language, versions)
    t = teller(found.rules, job.language)
    for line in answer_lines(found.id, t.day(found.rules.day), said, t):
        click.echo(line)


def _rejection(error: Rejected, says: Speaker) -> Iterator[str]:
    row = error.row
    yield say("row_of_sheet_unread" if row.letters else "row_unread", row=row.number, line=row.line)
    for _, _, cell, _, field, value, remedy in error.table(says):
        yield f"  {cell}{' ' if cell else ''}{field or say('the_row')} = {value!r}: {remedy}"
