"""The demo's picture: baseline, simulated truth and crop map of the AOI beside each other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from demo.score import inside, truth_on

if TYPE_CHECKING:
    from imagery.legend import Legend

NOTE = "SIMULATED landscape: scenes, truth and baseline are invented, nothing here was observed"
BASELINE_NODATA = 255


def compare_png(
    crop_map: Path, truth: Path, baseline: Path, aoi: Path, *, classes: Legend, baseline_classes: Legend, year: int
) -> bytes:
    """Return a PNG of baseline, truth and map on the map's grid, cut to the AOI.

    crop_map: a crop map COG (band 1 class codes); truth: class codes; baseline: Dynamic World codes, nodata 255; aoi:
    GeoJSON in WGS 84; year: of the baseline, for its title.
    """
    import rasterio
    from rasterio.enums import Resampling
    from rasterio.vrt import WarpedVRT

    from imagery.thumbnail import Panel, side_by_side_png

    with rasterio.open(crop_map) as drawn:
        grid = {"crs": drawn.crs, "transform": drawn.transform, "height": drawn.height, "width": drawn.width}
        within = inside(drawn, json.loads(aoi.read_text("utf-8")))
        true = np.where(within, truth_on(drawn, truth), 0).astype(np.uint8)
        predicted = drawn.read(1)
        with rasterio.open(baseline) as base, WarpedVRT(base, resampling=Resampling.nearest, **grid) as vrt:
            before = np.where(within, vrt.read(1), BASELINE_NODATA).astype(np.uint8)
    panels = [
        Panel(f"Baseline {year} (Dynamic World-like)", before, baseline_classes, BASELINE_NODATA),
        Panel("Simulated truth", true, classes),
        Panel("Crop map", predicted, classes),
    ]
    return side_by_side_png(panels, NOTE)
