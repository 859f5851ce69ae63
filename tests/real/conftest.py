"""The platform on real data: a home of its own in a temporary folder, runs in this process."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from resources.settings import Settings

if TYPE_CHECKING:
    from geocrop_assets.cli.runs import Platform

PlatformMaker = Callable[..., "Platform"]


@pytest.fixture(scope="session")
def platform_on(tmp_path_factory: pytest.TempPathFactory) -> PlatformMaker:
    """Return a maker of platforms, each with a fresh home and the given settings."""
    from geocrop_assets.cli.runs import open_platform
    from resources.platform import store_of

    def make(name: str, **given: object) -> Platform:
        settings = Settings.model_validate({"home": tmp_path_factory.mktemp(name), "threads": 2, **given})
        store_of(settings)
        return open_platform(settings)

    return make
