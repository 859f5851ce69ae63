"""The catalogue tells the truth about its files, and the recipe finds them."""

from __future__ import annotations

from pathlib import Path

import pystac
import rasterio
from shapely.geometry import shape

from demo import Landscape
from imagery.recipe import load_recipe
from imagery.search import find_scenes
from imagery.season import Season


def _items(small: Landscape) -> list[pystac.Item]:
    return list(pystac.Catalog.from_file(str(small.catalogue)).get_items(recursive=True))


def test_items_lie_in_the_season_and_say_that_they_are_simulated(small: Landscape) -> None:
    items = _items(small)
    assert len(items) == 6
    season = Season.parse(small.season)
    for item in items:
        assert item.datetime is not None
        assert season.contains(item.datetime)
        assert item.properties["geocrop:simulated"] is True
        assert "SIMULATED" in item.properties["description"]
        assert "SIMULATED" in item.properties["title"]
        assert item.id.startswith("SIM_")


def test_catalogue_and_collection_say_that_they_are_simulated(small: Landscape) -> None:
    catalogue = pystac.Catalog.from_file(str(small.catalogue))
    collection = catalogue.get_child("s2_l2a")
    assert isinstance(collection, pystac.Collection)
    for node in (catalogue, collection):
        assert node.extra_fields["geocrop:simulated"] is True
        assert "SIMULATED" in node.description


def test_projection_and_raster_facts_are_those_of_the_files(small: Landscape) -> None:
    item = _items(small)[0]
    assert item.properties["proj:code"] == "EPSG:32736"
    for key, asset in item.assets.items():
        with rasterio.open(Path(str(asset.get_absolute_href()))) as source:
            assert asset.extra_fields["proj:shape"] == [source.height, source.width]
            assert asset.extra_fields["proj:transform"] == list(source.transform)[:6]
            band = asset.extra_fields["raster:bands"][0]
            assert band["data_type"] == source.dtypes[0]
            assert band["nodata"] == source.nodata == 0
            assert source.res[0] == (10.0 if key in ("B02", "B03", "B04", "B08") else 20.0)
            assert source.crs.to_epsg() == 32736


def test_the_recipe_finds_every_scene_and_every_asset(small: Landscape) -> None:
    recipe = load_recipe("s2-season")
    footprint = shape(_items(small)[0].geometry)
    found = find_scenes(str(small.catalogue), recipe, footprint, small.season)
    assert len(found.items) == 6
    for asset in recipe.assets.values():
        names = asset.asset if isinstance(asset.asset, list | tuple) else [asset.asset]
        assert set(names) & set(found.items[0].assets)
