"""Blocks on a cluster: large maps only, equal to the bit to those made here, of small things that survive their way.

Here tasks run in this process, on copies that went through pickle. Ray itself: tests/deploy_slow/test_ray_blocks.py.
"""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Callable, Generator, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pystac
import pytest
from shapely.geometry import Polygon, mapping

from geocrop_assets import cluster
from geocrop_assets.assets.composites import MapKey
from imagery.aoi import THE_WORLD, Aoi, AoiLimits
from resources.build import rules_resource_of
from resources.platform import rules_of
from resources.settings import Settings
from tests.unit.geocrop_assets.made_season import MadeSeason, make_season, pixels

ADDRESS = "ray://head:10001"
SHARED_BYTES = 1 << 20
ITEM_BYTES = 4 << 10  # Ray warns of a client that has sent 10 MB with its tasks: of 2,500 blocks then


class Cluster:
    """Stands for `resources.spread.spread`: notes what it is asked, and sends everything by pickle."""

    def __init__(self) -> None:
        self.functions: list[str] = []
        self.shared: list[Any] = []
        self.cores: list[int] = []
        self.items = 0
        self.closed = 0

    def spread(
        self,
        function: Callable[[Any, Any], Any],
        shared: object,
        items: Iterable[Any],
        *,
        cores: int = 1,
        most: int | None = None,
        ray_address: str,
    ) -> Generator[Any, None, None]:
        assert (ray_address, most) == (ADDRESS, cluster.WRITER_CORES)
        self.functions.append(function.__name__)
        self.shared.append(shared)
        self.cores.append(cores)
        try:
            for item in items:
                sent = pickle.dumps((function, shared, item))
                assert len(sent) < SHARED_BYTES
                assert len(pickle.dumps(item)) < ITEM_BYTES
                self.items += 1
                there, common, one = pickle.loads(sent)  # noqa: S301  # of this very process
                yield there(common, one)
        finally:
            self.closed += 1


@pytest.fixture
def ray(monkeypatch: pytest.MonkeyPatch) -> Cluster:
    made = Cluster()
    monkeypatch.setattr(cluster, "spread", made.spread)
    return made


@pytest.fixture(scope="module")
def season(tmp_path_factory: pytest.TempPathFactory) -> MadeSeason:
    """Return a season whose AOI is half a square: blocks of its map hold all pixels of it, some, or none."""
    made = make_season(tmp_path_factory.mktemp("home"), size=530, dates=3)
    border = list(made.key.aoi.geometry.exterior.coords)
    half = Polygon(border[: len(border) // 2 + 1])
    aoi = Aoi.from_geojson(mapping(half), AoiLimits(extent=THE_WORLD, max_area_ha=1e9))
    return replace(made, key=MapKey(f"{aoi.id}|{made.key.season}", aoi, made.key.season))


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch, season: MadeSeason) -> MadeSeason:
    """Return a season whose maps are large enough for the cluster, whose workers know their store."""
    monkeypatch.setattr(cluster, "WORTH_PIXELS", 512 * 512)
    monkeypatch.setenv("GEOCROP_HOME", str(season.home))
    cluster._opened.cache_clear()
    return season


def same(one: Path, other: Path) -> None:
    (values, *facts), (others, *other_facts) = pixels(one), pixels(other)
    assert facts == other_facts
    np.testing.assert_array_equal(values, others)


def test_a_large_map_is_made_there_equal_to_the_bit_to_one_that_is_made_here(
    large: MadeSeason, ray: Cluster, tmp_path: Path
) -> None:
    there = large.composite(tmp_path / "there.tif", ADDRESS)
    here = large.composite(tmp_path / "here.tif", None)
    assert (ray.functions, ray.cores, ray.items) == (["compose"], [cluster.COMPOSITE_CORES], 4)
    assert not any(item.links for item in ray.shared[0].items)
    same(tmp_path / "here.tif", tmp_path / "there.tif")
    assert there == here | {"bytes": there["bytes"], "files": there["files"]}
    drawn_here = large.map(tmp_path / "map-here.tif", None)
    drawn_there = large.map(tmp_path / "map-there.tif", ADDRESS)
    assert (ray.functions, ray.cores) == (["compose", "draw"], [cluster.COMPOSITE_CORES, 1])
    assert ray.items > 2 * 4
    same(tmp_path / "map-here.tif", tmp_path / "map-there.tif")
    assert drawn_there["facts"] == drawn_here["facts"]
    assert drawn_there["facts"]["pixels_mapped"] > 0


def test_a_worker_opens_a_map_once_for_all_its_blocks(large: MadeSeason, ray: Cluster, tmp_path: Path) -> None:
    large.composite(tmp_path / "composite.tif", None)
    large.map(tmp_path / "map.tif", ADDRESS)
    found = cluster._opened.cache_info()
    assert (found.misses, found.hits) == (1, ray.items - 1)


def test_a_small_map_is_made_here_and_a_large_one_without_a_cluster_too(
    season: MadeSeason, ray: Cluster, tmp_path: Path
) -> None:
    season.composite(tmp_path / "composite.tif", ADDRESS)
    season.map(tmp_path / "map.tif", ADDRESS)
    assert ray.functions == []
    assert cluster.cluster_for((4096, 4096), ADDRESS) is None
    assert cluster.cluster_for((4096, 4097), ADDRESS) == ADDRESS
    assert cluster.cluster_for((40_960, 40_960), None) is None


def test_both_steps_ask_of_one_shape(
    large: MadeSeason, ray: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        cluster, "WORTH_PIXELS", 530 * 530
    )  # no less than the AOI, whose composite is grown to whole tiles
    large.composite(tmp_path / "composite.tif", ADDRESS)
    large.map(tmp_path / "map.tif", ADDRESS)
    assert ray.functions == ["compose", "draw"]


def test_progress_is_told_of_pixels_and_raising_from_it_ends_the_work_there(
    large: MadeSeason, ray: Cluster, tmp_path: Path
) -> None:
    told: list[tuple[float, float]] = []
    large.composite(tmp_path / "composite.tif", ADDRESS, lambda *at: told.append(at))
    assert len(told) == ray.items == 4
    assert told[-1] == (530 * 530, 530 * 530)

    def stop(*_: float) -> None:
        raise InterruptedError

    for step in (large.composite, large.map):
        with pytest.raises(InterruptedError):
            step(tmp_path / "stopped.tif", ADDRESS, stop)
    assert ray.items == 4 + 1 + 1
    assert ray.closed == 3


def test_a_scene_on_its_way_knows_its_own_files_and_no_catalogue(season: MadeSeason) -> None:
    catalogue = pystac.Catalog.from_file(str(season.home / "scenes" / "catalog.json"))
    item = next(catalogue.get_items(recursive=True))
    assert item.assets["B04"].href.startswith("../")
    sent = pickle.loads(pickle.dumps(cluster.plain_item(item)))  # noqa: S301  # of this very process
    assert sent.links == []
    assert sent.collection_id == item.collection_id
    assert {key: one.href for key, one in sent.assets.items()} == {
        key: one.get_absolute_href() for key, one in item.assets.items()
    }
    assert sent.assets["B04"].extra_fields == item.assets["B04"].extra_fields
    assert (sent.id, sent.datetime, sent.bbox, sent.properties) == (item.id, item.datetime, item.bbox, item.properties)
    assert item.links  # the one that stays is as it was
    assert item.assets["B04"].href.startswith("../")


def test_workers_load_no_dagster() -> None:
    program = "import sys; import geocrop_assets.cluster; assert 'dagster' not in sys.modules"
    subprocess.run([sys.executable, "-W", "ignore", "-c", program], check=True, timeout=60)


def test_the_setting_reaches_the_assets() -> None:
    assert rules_of(Settings(ray_address=ADDRESS)).ray_address == ADDRESS
    assert rules_resource_of(Settings(ray_address=ADDRESS)).ray_address == ADDRESS
