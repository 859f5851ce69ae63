"""Small pictures of class maps: a PNG thumbnail, and several maps side by side with one legend."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from imagery.legend import Legend, rgb

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAX_BYTES = 30_000
"""Dagster's event pages grow slow with more (docs/design, trap 12)."""

SIDE_PIXELS = 512
_SMALLEST_SIDE = 32
_SHRINK = 0.8

_PANEL_INCHES = 4.2
_LEGEND_ROW_INCHES = 0.21
_LEGEND_COLUMNS = 5
_DPI = 110


@dataclass(frozen=True)
class Panel:
    """One map of a picture: a title, pixel values uint8 [rows, columns], its legend, and the value that is no class."""

    title: str
    classes: NDArray[np.uint8]
    legend: Legend
    nodata: int = 0


def thumbnail_png(cog: Path, legend: Legend, side: int = SIDE_PIXELS, max_bytes: int = MAX_BYTES) -> bytes:
    """Return a PNG of band 1 in the legend's colours, nodata transparent.

    At most `side` pixels wide and high, and shrunk until it has at most `max_bytes`. Reads an overview, by nearest
    neighbour, so that no colour is mixed. Raises ValueError when even 32 pixels are too many bytes.
    """
    import rasterio
    from rasterio.enums import Resampling

    while side >= _SMALLEST_SIDE:
        with rasterio.open(cog) as raster:
            scale = min(1.0, side / max(raster.shape))
            shape = tuple(max(1, round(length * scale)) for length in raster.shape)
            classes = raster.read(1, out_shape=shape, resampling=Resampling.nearest)
            png = _paletted_png(classes, legend, int(raster.nodata))
        if len(png) <= max_bytes:
            return png
        side = int(side * _SHRINK)
    raise ValueError(f"no thumbnail of {cog.name} fits into {max_bytes} bytes")


def side_by_side_png(panels: Sequence[Panel], note: str = "") -> bytes:
    """Return a PNG of maps beside each other, with a legend of the classes that occur in any of them below.

    Classes of the same title and colour share one entry; where two panels colour a title differently, each entry names
    its panel. `note` is written under the legend (for instance that the landscape is simulated).
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

    entries = _occurring(panels)
    rows = -(-len(entries) // _LEGEND_COLUMNS)
    below = rows * _LEGEND_ROW_INCHES + (0.55 if note else 0.3)
    height = _PANEL_INCHES + 0.4 + below
    figure = Figure(figsize=(_PANEL_INCHES * len(panels), height), dpi=_DPI, facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.subplots(1, len(panels), squeeze=False)[0]
    for axis, panel in zip(axes, panels, strict=True):
        axis.imshow(_rgba(panel.classes, panel.legend, panel.nodata), interpolation="nearest")
        axis.set_title(panel.title, fontsize=11)
        axis.set_xticks([])
        axis.set_yticks([])
    figure.subplots_adjust(left=0.01, right=0.99, top=1 - 0.35 / height, bottom=below / height, wspace=0.03)
    patches = [Patch(facecolor=color, edgecolor="#444444", linewidth=0.5, label=title) for title, color in entries]
    if patches:
        figure.legend(
            handles=patches,
            loc="upper center",
            ncols=min(_LEGEND_COLUMNS, len(patches)),
            bbox_to_anchor=(0.5, (below - 0.02) / height),
            frameon=False,
            fontsize=9,
        )
    if note:
        figure.text(0.5, 0.08 / height, note, ha="center", va="bottom", fontsize=9, color="#333333")
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def _occurring(panels: Sequence[Panel]) -> list[tuple[str, str]]:
    """Return title and colour of the classes that occur, in the order of the panels and of their codes."""
    found: dict[tuple[str, str], str] = {}
    for panel in panels:
        present = set(np.unique(panel.classes).tolist()) - {panel.nodata}
        for entry in sorted(panel.legend, key=lambda one: one.code):
            if entry.code in present:
                found.setdefault((entry.title, entry.color), panel.title)
    titles = [title for title, _ in found]
    return [
        (title if titles.count(title) == 1 else f"{title} ({panel_title})", color)
        for (title, color), panel_title in found.items()
    ]


def _rgba(classes: NDArray[np.uint8], legend: Legend, nodata: int) -> NDArray[np.uint8]:
    """Return colours uint8 [rows, columns, 4]; nodata and values without a class are transparent."""
    table = np.zeros((256, 4), dtype=np.uint8)
    for entry in legend:
        table[entry.code] = (*rgb(entry.color), 255)
    table[nodata] = 0
    return np.asarray(table[classes])


def _paletted_png(classes: NDArray[np.uint8], legend: Legend, nodata: int) -> bytes:
    """Write a PNG with a palette: a third of the bytes of one with colours."""
    from PIL import Image

    colors: Mapping[int, tuple[int, int, int]] = {entry.code: rgb(entry.color) for entry in legend}
    image = Image.fromarray(classes)
    image.putpalette([channel for value in range(256) for channel in colors.get(value, (255, 255, 255))])
    buffer = io.BytesIO()
    image.save(buffer, format="PNG", optimize=True, transparency=nodata)
    return buffer.getvalue()
