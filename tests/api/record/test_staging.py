"""Staging: what somebody sent lies sealed under an id, and goes when nobody wants it and nobody is bringing it."""

from __future__ import annotations

import stat
import subprocess
import sys
import threading

import pytest

from api.record.sealed_files import open_sealed
from api.record.staging import FOLDER, Incoming, Staged, discard, staged, sweep
from tests.conftest import ROOT


def bring(data, content=b"x", name="people.csv") -> Staged:
    """Stage a file that stays."""
    incoming = Incoming(data, name)
    incoming.writer.write(content)
    incoming.end()
    incoming.let_go()
    return incoming.file


def ids(data):
    return {path.name for path in (data / FOLDER).iterdir()}


def test_a_file_is_found_again_by_id_and_key_and_only_its_owner_may_look(tmp_path):
    file = bring(tmp_path, b"Bu Ani", "Peserta 2026.XLSX")
    found = staged(tmp_path, file.id, file.key, file.name)
    assert found == file
    assert (found.suffix, file.key.hex() in repr(found)) == (".xlsx", False)
    with open_sealed(found.path, found.key, found.id) as reading:
        assert reading.read() == b"Bu Ani"
    assert stat.S_IMODE((tmp_path / FOLDER).stat().st_mode) == 0o700
    assert "Peserta" not in found.path.name
    discard(found)
    discard(found)
    assert ids(tmp_path) == set()


@pytest.mark.parametrize(
    ("name", "suffix"),
    [
        ("a.csv", ".csv"),
        ("A.Tar.CSV", ".csv"),
        ("a", ""),
        ("", ""),
        ("a.c\0sv", ""),
        ("a.<b>", ""),
        ("../../a.csv", ".csv"),
    ],
)
def test_of_a_senders_name_only_an_ending_is_believed(tmp_path, name, suffix):
    file = bring(tmp_path, name=name)
    assert file.suffix == suffix
    assert ids(tmp_path) == {file.id}


def test_two_files_share_neither_id_nor_key(tmp_path):
    one, other = bring(tmp_path), bring(tmp_path)
    assert one.id != other.id
    assert one.key != other.key


def test_a_sweep_takes_what_nobody_wants(tmp_path):
    assert sweep(tmp_path, lambda: ()) == 0
    kept, gone = bring(tmp_path), bring(tmp_path)
    assert sweep(tmp_path, lambda: {kept.id}) == 1
    assert ids(tmp_path) == {kept.id}
    assert sweep(tmp_path, lambda: {gone.id}) == 1
    assert ids(tmp_path) == set()


def test_a_sweep_leaves_what_is_on_its_way_in_until_it_is_let_go(tmp_path):
    incoming = Incoming(tmp_path, "people.csv")
    incoming.writer.write(b"x" * 200_000)
    assert sweep(tmp_path, lambda: ()) == 0
    incoming.end()
    assert sweep(tmp_path, lambda: ()) == 0
    incoming.let_go()
    assert sweep(tmp_path, lambda: ()) == 1


def test_a_sweep_leaves_what_came_to_be_wanted_while_it_looked(tmp_path):
    incoming = Incoming(tmp_path, "people.csv")
    incoming.end()
    wanted: set[str] = set()

    def ask():
        incoming.let_go()  # a job has the file now: its row is there before this
        return {*wanted, incoming.file.id}

    assert sweep(tmp_path, ask) == 0
    assert ids(tmp_path) == {incoming.file.id}


def test_a_file_that_is_discarded_on_its_way_is_gone(tmp_path):
    for ended in (False, True):
        incoming = Incoming(tmp_path, "people.csv")
        incoming.writer.write(b"x" * 100_000)
        if ended:
            incoming.end()
        incoming.discard()
        assert ids(tmp_path) == set()


def test_many_who_bring_while_others_sweep_lose_nothing(tmp_path):
    over, files = threading.Event(), []

    def sweep_on():
        while not over.is_set():
            sweep(tmp_path, lambda: {file.id for file in list(files)})

    def bring_some():
        for _ in range(40):
            incoming = Incoming(tmp_path, "people.csv")
            incoming.end()
            files.append(incoming.file)
            incoming.let_go()

    sweeping = [threading.Thread(target=sweep_on) for _ in range(2)]
    bringing = [threading.Thread(target=bring_some) for _ in range(3)]
    for thread in (*sweeping, *bringing):
        thread.start()
    for thread in bringing:
        thread.join()
    over.set()
    for thread in sweeping:
        thread.join()
    assert len(files) == 120
    assert ids(tmp_path) == {file.id for file in files}


@pytest.mark.skipif(sys.platform == "win32", reason="no kill -9 there")
def test_what_a_killed_process_was_bringing_goes_with_the_next_sweep(tmp_path):
    bringing = (
        "import os, pathlib, signal, sys; from api.record.staging import Incoming\n"
        "i = Incoming(pathlib.Path(sys.argv[1]), 'a'); i.writer.write(b'x' * 100_000)\n"
        "print(flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", bringing, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        assert sweep(tmp_path, lambda: ()) == 0
        process.kill()
        process.wait()
    assert len(ids(tmp_path)) == 1
    assert sweep(tmp_path, lambda: ()) == 1
