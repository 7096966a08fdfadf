"""Settings: defaults, an operator's own programme, and the way into a worker process."""

import api
from api.settings import Settings
from matcher.programme.loading import OKOCE
from tests.conftest import ROOT


def test_okoce_is_served_unless_the_data_folder_has_a_programme(tmp_path):
    assert Settings().programme_folder == OKOCE
    assert Settings(data=tmp_path).programme_folder == OKOCE
    (tmp_path / "programme").mkdir()
    assert Settings(data=tmp_path).programme_folder == tmp_path / "programme"


def test_a_programme_that_is_named_comes_before_the_one_in_the_data_folder(tmp_path):
    (tmp_path / "programme").mkdir()
    assert Settings(data=tmp_path, programme=tmp_path / "other").programme_folder == tmp_path / "other"


def test_settings_survive_the_way_through_an_environment(tmp_path):
    for settings in (
        Settings(),
        Settings(
            host="::1",
            port=9000,
            workers=4,
            programme=tmp_path / "p",
            data=tmp_path,
            model="funded-synthetic-1",
            upload_mb=7,
            upload_rows=70,
        ),
    ):
        assert Settings.from_environment(settings.to_environment()) == settings


def test_the_version_is_that_of_the_project():
    assert f'version = "{api.__version__}"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
