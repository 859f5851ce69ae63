"""One small simulated landscape for all tests of `demo`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from demo import Landscape, simulate
from demo.grid import Grid
from demo.ground import Ground, make_ground


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Landscape:
    return simulate(tmp_path_factory.mktemp("landscape"), size_px=128, n_dates=6)


@pytest.fixture(scope="session")
def ground() -> Ground:
    return make_ground(Grid(128), np.random.default_rng([7, 0]))


@pytest.fixture(scope="session")
def scene_folder(small: Landscape) -> Path:
    return small.catalogue.parent / small.collection / small.facts["scenes"][0]["id"]
