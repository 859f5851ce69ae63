"""How well a crop map agrees with the simulated truth: possible only because the landscape is simulated."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from rasterio.io import DatasetReader

NODATA_CODE = 0


def truth_on(like: DatasetReader, truth_path: Path) -> npt.NDArray[np.uint8]:
    """Return the truth's class codes on the pixels of an open raster, uint8 [row, column], 0 outside the landscape."""
    import rasterio
    from rasterio.enums import Resampling
    from rasterio.vrt import WarpedVRT

    grid = {"crs": like.crs, "transform": like.transform, "height": like.height, "width": like.width}
    with rasterio.open(truth_path) as truth, WarpedVRT(truth, resampling=Resampling.nearest, nodata=0, **grid) as vrt:
        return np.asarray(vrt.read(1), np.uint8)


def inside(like: DatasetReader, aoi: Mapping[str, Any]) -> npt.NDArray[np.bool_]:
    """Return which pixels of a raster have their centre inside a GeoJSON geometry or feature (WGS 84)."""
    from rasterio.features import geometry_mask
    from rasterio.warp import transform_geom

    geometry = aoi.get("geometry", aoi)
    projected = transform_geom("EPSG:4326", like.crs, geometry)
    return np.asarray(geometry_mask([projected], (like.height, like.width), like.transform, invert=True))


def score_map(map_path: Path, truth_path: Path, aoi: Mapping[str, Any] | Path | None = None) -> dict[str, Any]:
    """Compare band 1 of a crop map (class codes, 0 none) with the simulated truth.

    aoi: a GeoJSON geometry or feature (WGS 84), a path to one, or None for the whole map. Returns `pixels` (compared),
    `mapped_share` (of the AOI's pixels with a class), `overall_accuracy`, `macro_f1` (over classes of the truth), and
    `classes`: by class code, `pixels`, `producers_accuracy`, `users_accuracy` (None where undefined), `f1`.

    Raises:
        ValueError: when the map and the truth have no classified pixel in common.

    """
    import rasterio

    geometry = json.loads(aoi.read_text("utf-8")) if isinstance(aoi, Path) else aoi
    with rasterio.open(map_path) as source:
        predicted = source.read(1)
        truth = truth_on(source, truth_path)
        wanted = truth != NODATA_CODE
        if geometry is not None:
            wanted &= inside(source, geometry)
    seen = wanted & (predicted != NODATA_CODE)
    if not seen.any():
        raise ValueError(f"{map_path} has no classified pixel in common with {truth_path}")
    facts = agreement(truth[seen], predicted[seen])
    return {"simulated": True, "mapped_share": float(seen.sum() / wanted.sum()), **facts}


def agreement(truth: npt.NDArray[np.uint8], predicted: npt.NDArray[np.uint8]) -> dict[str, Any]:
    """Return overall accuracy, macro F1 and accuracies by class of two equally long arrays of class codes."""
    counts = np.bincount(truth.astype(np.int64) * 256 + predicted, minlength=256 * 256).reshape(256, 256)
    classes: dict[int, dict[str, Any]] = {}
    for code in np.flatnonzero(counts.sum(axis=1)):
        hit, there, drawn = int(counts[code, code]), int(counts[code].sum()), int(counts[:, code].sum())
        classes[int(code)] = {
            "pixels": there,
            "producers_accuracy": hit / there,
            "users_accuracy": hit / drawn if drawn else None,
            "f1": 2 * hit / (there + drawn),
        }
    return {
        "pixels": int(counts.sum()),
        "overall_accuracy": float(np.trace(counts) / counts.sum()),
        "macro_f1": float(np.mean([entry["f1"] for entry in classes.values()])),
        "classes": classes,
    }
