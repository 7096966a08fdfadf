"""The registry: versions that never change; a file is input, and is refused in words."""

import json
import subprocess
import sys

import pytest

from matcher.programme.loading import load_programme
from matcher.programme.rules import rules_on
from models.registry import (
    SHIPPED,
    RegistryError,
    check_directions,
    load_scorecard,
    read_manifest,
    scorecard_for,
    versions,
    write_version,
)
from tests.conftest import ROOT

TABLE = {
    "format": 1,
    "version": "test-1",
    "outcome": "funded",
    "basis": "synthetic",
    "base": 500_000,
    "signals": [{"signal": "months_of_books", "edges": [1, 6], "points": [-2500, 0, 4000], "unknown": -1000}],
}


def content(**changes):
    return json.dumps({**TABLE, **changes}).encode()


def signals(**changes):
    return [{**TABLE["signals"][0], **changes}]


@pytest.fixture
def written(tmp_path):
    """Write a version whose points table has these changes; give the folder of all versions."""

    def write(**changes):
        write_version("test-1", content(**changes), "# card\n", {"programme": {"id": "okoce"}}, tmp_path)
        return tmp_path

    return write


def test_a_version_that_was_written_is_listed_and_loads(written, rules):
    artifacts = written()
    assert versions(artifacts) == ("test-1",)
    assert load_scorecard("test-1", rules, artifacts).base == 500_000
    assert load_scorecard(artifacts / "test-1", rules).version == "test-1"
    assert load_scorecard(artifacts / "test-1" / "scorecard.json", rules).version == "test-1"
    assert [path.name for path in artifacts.iterdir()] == ["test-1"]


def test_a_version_is_never_written_over(written):
    artifacts = written()
    before = (artifacts / "test-1" / "scorecard.json").read_bytes()
    with pytest.raises(RegistryError, match="test-1 exists already and a version never changes; choose another name"):
        write_version("test-1", content(base=1), "", {}, artifacts)
    assert (artifacts / "test-1" / "scorecard.json").read_bytes() == before


@pytest.mark.parametrize("name", ["", "..", "a/b", "a b", ".hidden", "none", "x" * 101])
def test_what_is_no_name_for_a_version_is_refused(tmp_path, name):
    with pytest.raises(RegistryError, match="no name for a version"):
        write_version(name, content(), "", {}, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_write_that_breaks_leaves_nothing(tmp_path, monkeypatch):
    def breaks(*_):
        raise OSError("disk full")

    monkeypatch.setattr("os.rename", breaks)
    with pytest.raises(OSError, match="disk full"):
        write_version("test-1", content(), "", {}, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_changed_file_is_refused_by_its_digest(written, rules):
    artifacts = written()
    (artifacts / "test-1" / "scorecard.json").write_bytes(content(base=900_000))
    with pytest.raises(RegistryError, match=r"changed after training.*Restore it, or train a new version"):
        load_scorecard("test-1", rules, artifacts)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"format": 2}, "reads format 1"),
        ({"signals": signals(signal="months_of_book")}, "no signal of this programme"),
        ({"signals": signals(signal="kecamatan")}, "must not be scored"),
        ({"signals": signals(unknown=float("nan"))}, "no finite number"),
        ({"signals": signals(points=[0, float("inf"), 1])}, "no finite number"),
        ({"signals": signals(points=[-2500, 1, 0.5])}, "whole thousandths"),
        ({"base": None}, "whole thousandths"),
        ({"signals": signals(points=[0, -1, 2])}, r"better must never have fewer.*Train again"),
        ({"signals": signals(unknown=1)}, r"silence must never pay.*Train again"),
        ({"signals": signals(unknown=-2501)}, "silence must never pay"),
    ],
)
def test_a_table_that_must_not_score_is_refused_in_words(written, rules, changes, said):
    with pytest.raises(RegistryError, match=said):
        load_scorecard("test-1", rules, written(**changes))


def test_arrears_count_the_other_way(written, rules):
    better = signals(signal="arrears_idr", edges=[1], points=[300, -9000], unknown=0)
    check_directions(load_scorecard("test-1", rules, written(signals=better)), rules)


def test_an_unknown_version_is_refused_with_those_there_are(written, rules):
    with pytest.raises(RegistryError, match="one of these versions: test-1"):
        load_scorecard("test-2", rules, written())


@pytest.mark.parametrize("manifest", [b"", b"[]", b'{"format": 2, "files": {}}', b"[" * 100_000])
def test_a_broken_manifest_is_refused(written, rules, manifest):
    artifacts = written()
    (artifacts / "test-1" / "manifest.json").write_bytes(manifest)
    with pytest.raises(RegistryError, match=r"manifest\.json"):
        load_scorecard("test-1", rules, artifacts)


def test_no_word_means_the_shipped_scorecard_and_none_means_none(rules):
    assert scorecard_for("", rules).version == SHIPPED
    assert scorecard_for("none", rules) is None
    assert scorecard_for("kept-synthetic-1", rules).outcome == "kept"


def test_the_shipped_scorecard_is_not_used_for_another_programme():
    warmi = load_programme(ROOT / "tests" / "programmes" / "warmi")
    assert scorecard_for("", rules_on(warmi, warmi.valid_from)) is None
    with pytest.raises(RegistryError, match="train one for this programme"):
        scorecard_for(SHIPPED, rules_on(warmi, warmi.valid_from))


def test_the_manifest_names_the_data_the_programme_and_the_tools():
    manifest = read_manifest(SHIPPED)
    assert set(manifest["files"]) == {"scorecard.json", "card.md"}
    assert manifest["training_data"]["basis"] == "synthetic"
    assert len(manifest["training_data"]["digest"]) == len(manifest["programme"]["digest"]) == 64
    assert set(manifest["made_with"]) == {"python", "numpy", "scikit-learn"}


def test_the_registry_imports_nothing_that_trains():
    script = "import sys, models.registry; print({'sklearn', 'joblib', 'scipy'} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"
