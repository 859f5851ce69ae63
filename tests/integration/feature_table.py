"""A dataset that needs no imagery: a recipe whose columns a table brings, and batches of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

MONTHS = ("sep", "oct", "nov", "dec", "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug")
RECIPE = """
name: tiny
version: 1
title: A table's own columns
description: Twelve months of one index, brought by the table.
collection: none
assets:
  ndvi: {asset: [NDVI], dtype: int16, nodata: -32768, scale: 0.0001}
mask: {asset: [SCL], drop: [0], grow: [], dilation_m: 0}
windows: month
statistic: median
gaps: {method: linear}
features: {series: [ndvi]}
grid: {crs: scenes}
"""


def write_recipe(folder: Path) -> Path:
    """Write the recipe into a new folder, which is returned."""
    folder.mkdir(parents=True)
    (folder / "tiny.yaml").write_text(RECIPE)
    return folder


def batch(seed: int, *, rows: int = 60, groups: int = 12, label: str | None = None) -> bytes:
    """Return a CSV of samples in groups, of two classes that can be told apart; or all of one label."""
    values = np.random.default_rng(seed).random((rows, len(MONTHS))).round(4)
    frame = pd.DataFrame(values, columns=[f"ndvi_{month}" for month in MONTHS])
    frame["label"] = label or np.where(frame["ndvi_jan"] > 0.5, "maize", "water")
    frame["group"] = [f"place-{number % groups}" for number in range(rows)]
    return frame.to_csv(index=False).encode()
