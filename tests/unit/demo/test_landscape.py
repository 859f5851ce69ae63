"""The whole landscape on disk."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
import rasterio
from shapely.geometry import box, shape

from demo import Landscape, simulate
from demo.tables import class_codes
from imagery.season import InvalidSeason


def _digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_the_same_seed_gives_the_same_bytes_whatever_the_number_of_threads(tmp_path: Path) -> None:
    for name, threads in (("one", 1), ("four", 4)):
        simulate(tmp_path / name, size_px=96, n_dates=3, threads=threads)
    assert _digests(tmp_path / "one") == _digests(tmp_path / "four")


def test_another_seed_gives_another_landscape(tmp_path: Path, small: Landscape) -> None:
    other = simulate(tmp_path, size_px=128, n_dates=1, seed=8)
    assert other.truth.read_bytes() != small.truth.read_bytes()
    assert other.aoi.read_text() != small.aoi.read_text()


def test_it_says_that_nothing_was_observed(small: Landscape) -> None:
    facts = json.loads((small.folder / "simulated.json").read_text())
    assert facts == small.facts
    assert facts["simulated"] is True
    assert "not an observation" in facts["statement"]
    rasters = [small.truth, *small.baselines.values(), *small.folder.glob("catalogue/s2_l2a/*/*.tif")]
    for path in rasters:
        with rasterio.open(path) as source:
            assert source.tags()["GEOCROP_SIMULATED"] == "YES"
            assert "SIMULATED" in source.tags()["TIFFTAG_IMAGEDESCRIPTION"]


def test_every_class_lies_in_a_small_landscape(small: Landscape) -> None:
    with rasterio.open(small.truth) as source:
        codes = set(source.read(1).ravel().tolist())
    assert codes == set(class_codes().values())


def test_the_aoi_is_an_irregular_polygon_inside_the_scenes(small: Landscape) -> None:
    from rasterio.warp import transform_geom

    feature = json.loads(small.aoi.read_text())
    aoi = shape(transform_geom("EPSG:4326", "EPSG:32736", feature["geometry"]))
    outline = box(*small.facts["bounds_epsg_32736"])
    assert aoi.is_valid
    assert outline.contains(aoi)
    assert 0.12 < aoi.area / outline.area < 0.4
    assert aoi.area < 0.95 * aoi.minimum_rotated_rectangle.area
    assert feature["properties"]["simulated"] is True


def test_progress_rises_to_one(tmp_path: Path) -> None:
    shares: list[float] = []
    simulate(tmp_path, size_px=96, n_dates=2, progress=lambda _message, share: shares.append(share))
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_a_bad_season_or_number_of_dates_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidSeason):
        simulate(tmp_path, season="2023")
    with pytest.raises(ValueError, match="passes"):
        simulate(tmp_path, size_px=96, n_dates=0)
