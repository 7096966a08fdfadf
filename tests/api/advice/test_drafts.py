"""A column map drafted by looking: with it a sheet is read as without it, and what is open stands in it as a question."""

from __future__ import annotations

import random
from dataclasses import replace

from click.testing import CliRunner

from api.advice.drafts import draft
from api.advice.participant_rows import open_job
from api.commands.main import cli
from tests.api.files.test_sheets_of_people import JOB, a_sheet, written
from training_data.columns import read_map


def read(job, path):
    with open_job(job, path) as (sheet, readings):
        rows = [(row.cells, row.number) for row in sheet.rows if row.cells]
        return [(readings.columns.participant_of(*row), readings.signals(row[0], JOB.today)) for row in rows]


def test_with_its_draft_a_sheet_is_read_as_without_it(tmp_path):
    for number in range(60):
        draw = random.Random(number)
        headers, _, _, lines, above, below = a_sheet(draw)
        path = written(draw, tmp_path, number, headers, lines, above, below)
        text = draft(JOB, path, "a sheet")
        (tmp_path / "map.toml").write_text(text, "utf-8")
        mapped = {column.signal.id for column in read_map(tmp_path / "map.toml", JOB.programme).columns}
        plain, with_map = read(JOB, path), read(replace(JOB, columns=tmp_path / "map.toml"), path)
        for (own, (found, problems)), (id_, (through, others)) in zip(plain, with_map, strict=True):
            assert own == id_
            assert through == {name: value for name, value in found.items() if name in mapped}, (number, text)
            assert {one.field for one in others} <= {one.field for one in problems}


def test_what_is_open_or_near_or_unknown_stands_in_the_draft_as_a_comment(tmp_path):
    (tmp_path / "a.csv").write_text(
        'Kode,Lama usaha,Omzet (ribu),Pendapatan,Warna "x",Tgl lahir\nP1,2,500,1,merah,1 Mei 1990\nP2,3 tahun,750,2,biru,\n',
        "utf-8",
    )
    text = draft(JOB, tmp_path / "a.csv", "a sheet")
    assert 'participant = "Kode"' in text
    assert '# from = "Lama usaha"' in text
    assert '# unit = "years"' in text
    assert 'from = "Omzet (ribu)"\nto = "monthly_revenue"\nunit = "thousands"' in text
    assert '# from = "Pendapatan"\n# to = "monthly_revenue"' in text
    assert 'Left out: Warna "x": nobody knows it.' in text
    assert 'to = "age"\nsince = true' in text
    (tmp_path / "map.toml").write_text(text, "utf-8")
    assert [found for _, (found, _) in read(replace(JOB, columns=tmp_path / "map.toml"), tmp_path / "a.csv")] == [
        {"monthly_revenue": 500_000, "age": 36},
        {"monthly_revenue": 750_000},
    ]


def test_a_day_of_birth_is_an_age_through_a_map_too(tmp_path):
    (tmp_path / "a.csv").write_text("kode,lahir\na,01/07/1985\nb,01/07/2035\nc,17 Agustus 1990\n", "utf-8")
    (tmp_path / "map.toml").write_text(
        '[map]\nname = "b"\nparticipant = "kode"\n[[column]]\nfrom = "lahir"\nto = "age"\ndate_format = "%d/%m/%Y"\n',
        "utf-8",
    )
    rows = read(replace(JOB, columns=tmp_path / "map.toml"), tmp_path / "a.csv")
    assert [found for _, (found, _) in rows] == [{"age": 41}, {}, {"age": 36}]
    assert [problem.message.code for _, (_, problems) in rows for problem in problems] == ["future_date"]


def test_the_command_writes_a_map_once(tmp_path):
    (tmp_path / "a.csv").write_text("Kode,Omzet,NIB\nP1,1500000,ada\n", "utf-8")
    asked = ["columns", "draft", str(tmp_path / "a.csv"), "-o", str(tmp_path / "a.toml")]
    assert CliRunner().invoke(cli, asked, prog_name="kail").exit_code == 0
    again = CliRunner().invoke(cli, asked, prog_name="kail")
    assert again.exit_code == 2
    assert "is there already" in again.stderr
    used = ["recommend", str(tmp_path / "a.csv"), "--columns", str(tmp_path / "a.toml")]
    assert CliRunner().invoke(cli, used, prog_name="kail").exit_code == 0
