"""Sealed files: they read as what was written, from any place, and nobody can change, cut or exchange anything unnoticed."""

from __future__ import annotations

import csv
import io
import os
import stat
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.record.crypto import Tampered
from api.record.sealed_files import PIECE, SealedWriter, open_sealed

KEY, OTHER = bytes(range(32)), bytes(32)
STORED = PIECE + 16
EDGES = sorted({max(edge + by, 0) for edge in (0, PIECE, 2 * PIECE, 3 * PIECE) for by in (-1, 0, 1)})


def content_of(length: int) -> bytes:
    """Bytes of which no two pieces are alike."""
    return b"".join(n.to_bytes(4, "big") for n in range(length // 4 + 1))[:length]


def write(path, content, key=KEY, file_id="a", step=100_000):
    path.unlink(missing_ok=True)
    with SealedWriter(path, key, file_id) as file:
        for start in range(0, len(content), step):
            file.write(content[start : start + step])
    return path


def read(path, key=KEY, file_id="a"):
    with open_sealed(path, key, file_id) as file:
        return file.read()


@pytest.mark.parametrize("length", EDGES)
@pytest.mark.parametrize("step", [7_001, PIECE, 1_000_000])
def test_what_was_written_is_read(tmp_path, length, step):
    content = content_of(length)
    path = write(tmp_path / "a", content, step=step)
    assert read(path) == content
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.stat().st_size == length + 16 * max(-(-length // PIECE), 1)


@pytest.fixture(scope="module")
def three_pieces(tmp_path_factory):
    return write(tmp_path_factory.mktemp("sealed") / "a", content_of(2 * PIECE + 1_000))


ACTS = st.one_of(
    st.tuples(st.just("read"), st.integers(-1, 3 * PIECE)),
    st.tuples(st.just("seek"), st.one_of(st.sampled_from(EDGES), st.integers(0, 3 * PIECE))),
    st.tuples(st.just("back"), st.integers(0, 2 * PIECE)),
    st.tuples(st.just("on"), st.integers(-PIECE, PIECE)),
    st.tuples(st.just("line"), st.integers(-1, 1_000)),
)


@settings(max_examples=60)
@given(acts=st.lists(ACTS, max_size=12))
def test_it_reads_and_seeks_as_a_file_in_clear_does(three_pieces, acts):
    with open_sealed(three_pieces, KEY, "a") as sealed, io.BytesIO(content_of(2 * PIECE + 1_000)) as clear:
        for act, by in acts:
            if act == "read":
                assert sealed.read(by) == clear.read(by)
            elif act == "line":
                assert sealed.readline(by) == clear.readline(by)
            elif act == "seek":
                assert sealed.seek(by) == clear.seek(by)
            elif act == "back":
                assert sealed.seek(-by, os.SEEK_END) == clear.seek(-by, os.SEEK_END)
            elif clear.tell() + by < 0:
                with pytest.raises(OSError, match="Invalid"):
                    sealed.seek(by, os.SEEK_CUR)
            else:
                assert sealed.seek(by, os.SEEK_CUR) == clear.seek(by, os.SEEK_CUR)
            assert sealed.tell() == clear.tell()


def test_to_read_in_the_middle_opens_one_piece_and_the_last(three_pieces):
    content = bytearray(three_pieces.read_bytes())
    content[10] ^= 1  # who read the first piece would find it
    three_pieces.with_name("b").write_bytes(content)
    with open_sealed(three_pieces.with_name("b"), KEY, "a") as file:
        file.seek(PIECE)
        assert file.read(8) == content_of(PIECE + 8)[PIECE:]
        file.seek(0)
        with pytest.raises(Tampered):
            file.read(1)


def pieces(stored):
    return [stored[start : start + STORED] for start in range(0, len(stored), STORED)]


def flipped(stored, at):
    return stored[:at] + bytes([stored[at] ^ 1]) + stored[at + 1 :]


CHANGES = {
    "a bit of the first piece": lambda s, other: flipped(s, 5),
    "a bit of a tag": lambda s, other: flipped(s, STORED - 1),
    "a bit of the last piece": lambda s, other: flipped(s, len(s) - 1),
    "cut off after a piece": lambda s, other: s[: 2 * STORED],
    "cut off after the first piece": lambda s, other: s[:STORED],
    "cut off in a piece": lambda s, other: s[: STORED + 100],
    "cut off by a byte": lambda s, other: s[:-1],
    "cut off within a tag": lambda s, other: s[: 2 * STORED + 9],
    "nothing left": lambda s, other: b"",
    "something after it": lambda s, other: s + b"\0",
    "a piece twice": lambda s, other: pieces(s)[0] + s,
    "two pieces exchanged": lambda s, other: pieces(s)[1] + pieces(s)[0] + pieces(s)[2],
    "a piece left out": lambda s, other: pieces(s)[0] + pieces(s)[2],
    "the last piece alone": lambda s, other: pieces(s)[2],
    "a piece of another file": lambda s, other: pieces(s)[0] + pieces(other)[1] + pieces(s)[2],
    "the end of another file": lambda s, other: s[: 2 * STORED] + other[2 * STORED :],
    "another file": lambda s, other: other,
}


@pytest.mark.parametrize("other", ["another id", "another key"])
@pytest.mark.parametrize("change", CHANGES)
def test_whatever_is_changed_is_found(tmp_path, change, other):
    content = content_of(2 * PIECE + 1_000)
    path = write(tmp_path / "a", content)
    foreign = write(tmp_path / "b", content, *((KEY, "b") if other == "another id" else (OTHER, "a"))).read_bytes()
    path.write_bytes(CHANGES[change](path.read_bytes(), foreign))
    with pytest.raises(Tampered):
        read(path)


@given(at=st.integers(0, 1_015 * 8 + 7))
def test_every_bit_counts(tmp_path_factory, at):
    path = tmp_path_factory.getbasetemp() / "one-piece"
    stored = bytearray(write(path, content_of(1_000)).read_bytes())
    stored[at // 8] ^= 1 << at % 8
    path.write_bytes(stored)
    with pytest.raises(Tampered):
        read(path)


def test_a_file_that_is_cut_while_it_is_read_is_found(tmp_path):
    path = write(tmp_path / "a", content_of(3 * PIECE))
    with open_sealed(path, KEY, "a") as file:
        file.read(10)
        os.truncate(path, STORED)
        file.seek(PIECE + 1)
        with pytest.raises(Tampered):
            file.read(10)


def test_a_file_that_was_not_ended_leaves_nothing_and_none_is_written_over(tmp_path):
    path = tmp_path / "a"

    def break_off():
        with SealedWriter(path, KEY, "a") as file:
            file.write(content_of(200_000))
            assert path.stat().st_size == 3 * STORED
            raise RuntimeError

    with pytest.raises(RuntimeError):
        break_off()
    assert not path.exists()
    write(path, b"first")
    with pytest.raises(FileExistsError):
        SealedWriter(path, OTHER, "b")
    assert read(path) == b"first"


def test_a_file_that_was_never_ended_is_none(tmp_path):
    """As after kill -9: what was written stays unreadable as a whole, since no piece is its last."""
    file = SealedWriter(tmp_path / "a", KEY, "a")
    file.write(content_of(PIECE + 1))
    with pytest.raises(Tampered):
        read(tmp_path / "a")
    file.abandon()


def test_libraries_read_it(tmp_path):
    rows = "name,nik\n" + "Bu Ani,3171014101800001\n" * 5_000
    with open_sealed(write(tmp_path / "a", rows.encode()), KEY, "a") as file:
        assert len(list(csv.reader(io.TextIOWrapper(file, encoding="utf-8", newline="")))) == 5_001
    with zipfile.ZipFile(made := io.BytesIO(), "w") as archive:
        archive.writestr("a.txt", content_of(100_000))
        archive.writestr("b.txt", "b")
    with open_sealed(write(tmp_path / "b", made.getvalue()), KEY, "a") as file, zipfile.ZipFile(file) as archive:
        assert archive.read("b.txt") == b"b"
        assert archive.read("a.txt") == content_of(100_000)


def test_nothing_of_it_lies_in_clear(tmp_path):
    path = write(tmp_path / "a", b"Bu Ani Kencana,3171014101800001,081234567890\n" * 5_000)
    stored = path.read_bytes()
    assert not any(planted in stored for planted in (b"Ani", b"31710141", b"08123456"))
    assert len(set(pieces(stored))) == len(pieces(stored))
