"""Settings: defaults, an operator's own programme, and the way into a worker process."""

from pathlib import Path

import api
from api.settings import Settings
from matcher.programme import OKOCE

ROOT = Path(__file__).parent.parent.parent


def test_okoce_is_served_unless_the_data_folder_has_a_programme(tmp_path):
    assert Settings().programme == OKOCE
    assert Settings(data=tmp_path).programme == OKOCE
    (tmp_path / "programme").mkdir()
    assert Settings(data=tmp_path).programme == tmp_path / "programme"


def test_settings_survive_the_way_through_an_environment(tmp_path):
    for settings in (
        Settings(),
        Settings(host="::1", port=9000, workers=4, data=tmp_path, model="funded-synthetic-1"),
    ):
        assert Settings.from_environment(settings.to_environment()) == settings


def test_the_version_is_that_of_the_project():
    assert f'version = "{api.__version__}"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
