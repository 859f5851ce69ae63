"""A tiny archive of scenes, written into a test's own folder: COG-like files and a static STAC catalogue."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pystac
import pytest
import rasterio
from affine import Affine
from pyproj import Transformer
from rasterio.crs import CRS
from shapely.geometry import box, mapping

EAST, NORTH = 240_000.0, 8_022_000.0  # a place near Harare in EPSG:32736, on whole multiples of 10 m
Pixels = int | float | npt.NDArray[Any]


class Archive:
    """Scenes of one test; every scene covers the same 200 m x 200 m unless told otherwise."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._collections: dict[str, list[pystac.Item]] = {}

    def add(
        self,
        when: str,
        pixels: Mapping[str, Pixels],
        *,
        name: str | None = None,
        collection: str = "s2_l2a",
        crs: str = "EPSG:32736",
        origin: tuple[float, float] = (EAST, NORTH),
        resolution: float | Mapping[str, float] = 10.0,
        size_m: float = 200.0,
        nodata: Mapping[str, float] | None = None,
        properties: Mapping[str, Any] | None = None,
        fields: Mapping[str, Any] | None = None,
    ) -> pystac.Item:
        """Write one scene: a number fills a band; SCL and other uint8 classes are given as numbers too."""
        moment = datetime.fromisoformat(when).replace(tzinfo=UTC)
        name = name or f"S2_{moment:%Y%m%dT%H%M%S}"
        west, north = origin
        steps = resolution if isinstance(resolution, Mapping) else {}
        fine = resolution if isinstance(resolution, float | int) else min(resolution.values())
        corners = Transformer.from_crs(crs, "EPSG:4326", always_xy=True).transform_bounds(
            west, north - size_m, west + size_m, north
        )
        item = pystac.Item(name, mapping(box(*corners)), list(corners), moment, dict(properties or {}))
        told = {"proj:code": crs} if crs.startswith("EPSG") else {"proj:wkt2": crs}
        item.properties.update(told)
        side = round(size_m / fine)
        item.properties["proj:shape"] = [side, side]
        item.properties["proj:transform"] = list(Affine(fine, 0, west, 0, -fine, north))[:6]
        for band, value in pixels.items():
            step = steps.get(band, fine)
            path = self.folder / name / f"{band}.tif"
            write_band(path, value, step, (origin, size_m, crs), nodata=(nodata or {}).get(band, 0))
            item.add_asset(band, pystac.Asset(f"../{name}/{band}.tif", extra_fields=dict(fields or {})))
        self._collections.setdefault(collection, []).append(item)
        return item

    def save(self) -> str:
        """Write the catalogue and return its address."""
        catalogue = pystac.Catalog("test", "A test's archive")
        for name, items in self._collections.items():
            extent = pystac.Extent(pystac.SpatialExtent([[-180, -90, 180, 90]]), pystac.TemporalExtent([[None, None]]))
            child = pystac.Collection(name, "scenes", extent)
            catalogue.add_child(child)
            child.add_items(item.clone() for item in items)
        catalogue.normalize_and_save(str(self.folder / "stac"), pystac.CatalogType.SELF_CONTAINED)
        for item in catalogue.get_items(recursive=True):
            for asset in item.assets.values():
                asset.href = str(self.folder / asset.href.removeprefix("../"))
            item.save_object(include_self_link=False)
        return str(self.folder / "stac" / "catalog.json")


def write_band(
    path: Path, value: Pixels, step: float, place: tuple[tuple[float, float], float, str], *, nodata: float
) -> None:
    """Write one band as a tiled GeoTIFF; a plain int is uint16, a plain float float32."""
    origin, size_m, crs = place
    side = round(size_m / step)
    if isinstance(value, np.ndarray):
        array = value
    else:
        kind = np.float32 if isinstance(value, float) else np.uint8 if path.stem == "SCL" else np.uint16
        array = np.full((side, side), value, dtype=kind)
    path.parent.mkdir(parents=True, exist_ok=True)
    profile = {
        "driver": "GTiff", "width": side, "height": side, "count": 1, "dtype": array.dtype, "nodata": nodata,
        "crs": CRS.from_user_input(crs), "compress": "deflate",
        "transform": Affine(step, 0, origin[0], 0, -step, origin[1]),
    }  # fmt: skip
    with rasterio.open(path, "w", **profile) as file:
        file.write(array, 1)


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    """Return an empty archive in a folder of the test's own."""
    return Archive(tmp_path)


@pytest.fixture
def write_recipe(tmp_path: Path) -> Callable[[str], Path]:
    """Return a function that writes a recipe file and gives its path."""

    def write(text: str, name: str = "test-recipe") -> Path:
        path = tmp_path / f"{name}.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write
