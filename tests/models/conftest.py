"""The committed sample in bins, an estimator fitted to it, and the scorecards that come with Kail."""

from datetime import date

import numpy as np
import pytest

from matcher.programme.loading import load_programme
from matcher.programme.rules import rules_on
from models import train
from models.dataset import Column, Dataset, make_dataset
from models.registry import load_scorecard, versions


@pytest.fixture(scope="session")
def programme():
    return load_programme()


@pytest.fixture(scope="session")
def rules(programme):
    return rules_on(programme, date(2026, 11, 21))


@pytest.fixture(scope="session")
def sample(programme):
    return train.read_sample(programme)


@pytest.fixture(scope="session")
def dataset(sample):
    return make_dataset(sample, "funded")


@pytest.fixture(scope="session")
def estimator(dataset):
    return train.make_estimator(dataset).fit(dataset.bins, dataset.labels)


@pytest.fixture(scope="session")
def shipped(rules):
    """Every committed scorecard by its version."""
    return {version: load_scorecard(version, rules) for version in versions()}


@pytest.fixture
def a_dataset():
    """Make a small dataset: `likely(bins)` gives each row's chance; unknown cells where `silent` says so."""

    def make(columns, likely, silent=lambda bins, pick: np.zeros(bins.shape, bool), rows=3000):
        pick = np.random.default_rng(7)
        bins = np.column_stack([pick.integers(0, column.bins, rows) for column in columns]).astype(float)
        labels = pick.random(rows) < likely(bins)
        bins[silent(bins, pick)] = np.nan
        return Dataset("funded", "synthetic", tuple(columns), bins, labels, np.arange(rows), {}, "0" * 64)

    return make


@pytest.fixture
def a_column():
    def make(signal="months_of_books", direction=1, bins=4, **more):
        return Column(signal, direction, tuple(range(1, bins)), (), **more)

    return make
