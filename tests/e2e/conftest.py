"""A small simulated landscape, and the platform on it: one home a session, and fresh ones for who asks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from demo import Landscape, simulate
from resources.settings import Settings

if TYPE_CHECKING:
    from geocrop_assets.cli.runs import Platform

#: The landscape is 1.28 km wide: blocks of 150 m give some 70 groups.
BLOCK_SIZE_M = 150.0
N_DATES = 12

PlatformMaker = Callable[[str], "Platform"]


@pytest.fixture(scope="session")
def land(tmp_path_factory: pytest.TempPathFactory) -> Landscape:
    """Return a landscape of 128 by 128 pixels, seen twelve times in its season."""
    return simulate(tmp_path_factory.mktemp("landscape"), size_px=128, n_dates=N_DATES)


@pytest.fixture(scope="session")
def fresh_platform(land: Landscape, tmp_path_factory: pytest.TempPathFactory) -> PlatformMaker:
    """Return a maker of platforms, each in a home of its own, on the landscape's catalogue."""
    from geocrop_assets.cli.runs import open_platform
    from resources.platform import store_of

    def make(name: str) -> Platform:
        home: Path = tmp_path_factory.mktemp(name)
        settings = Settings(home=home, catalogue=str(land.catalogue), block_size_m=BLOCK_SIZE_M, threads=2)
        store_of(settings)
        return open_platform(settings)

    return make
