"""One map in a process of its own, so that its memory is its own: `python -m benchmarks.one_map JSON`.

Draws a small map of other scenes first, so that libraries are imported and kernels compiled before the clock starts.
The last line that is printed is one JSON object. benchmarks.maps, scaling, latency and remote start it.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from benchmarks import engine, usual
from benchmarks.engine import MEMORY, Task
from benchmarks.timing import Steps, forget_peak, in_child
from imagery.aoi import THE_WORLD, Aoi, AoiLimits
from imagery.recipe import load_recipe
from training.bundle import ModelBundle

Way = Literal["usual", "engine"]
LIMITS = AoiLimits(extent=THE_WORLD, max_area_ha=1e9)


@dataclass(frozen=True)
class Order:
    """What a child is asked to do, as plain values."""

    way: Way
    catalogue: str
    season: str
    aoi: Mapping[str, Any]
    bundle: str
    folder: str
    """Where map, composite and probabilities are left."""
    warm: tuple[str, Mapping[str, Any]]
    """Catalogue and AOI of the map that is drawn first."""
    recipe: str = "s2-season"
    threads: int = 2
    memory: int = MEMORY
    gaps: usual.Gaps = "xarray"
    applicability: bool = True
    gdal_options: Mapping[str, str] = field(default_factory=dict)
    compare: bool = True
    """Whether probabilities are kept, outside the clock."""
    again: bool = True
    """Whether the engine draws the map again from its composite, with and without trees."""

    def run(self) -> dict[str, Any]:
        """Run in a child and return what it says."""
        return in_child("benchmarks.one_map", **vars(self))

    def task(self) -> Task:
        """Return the map that is asked for."""
        return Task(
            self.catalogue,
            load_recipe(self.recipe),
            self.season,
            Aoi.from_geojson(self.aoi, LIMITS),
            ModelBundle.load(Path(self.bundle)),
            threads=self.threads,
            memory=self.memory,
            applicability=self.applicability,
            gdal_options=dict(self.gdal_options),
        )

    def warming(self, task: Task) -> Task:
        """Return the map that is drawn first."""
        catalogue, aoi = self.warm
        return replace(task, catalogue=catalogue, aoi=Aoi.from_geojson(aoi, LIMITS), gdal_options={})


def by_engine(order: Order) -> dict[str, Any]:
    """Draw by the engine; then again from the composite, with and without trees."""
    task, folder = order.task(), Path(order.folder)
    with tempfile.TemporaryDirectory() as warm:
        engine.draw(order.warming(task), Path(warm))
        engine.redraw(order.warming(task), Path(warm), trees=False)
    first = Steps()
    engine.draw(task, folder, first)
    found = {"first": first.told(), "composite_bytes": (folder / "composite.tif").stat().st_size}
    if order.again:
        for name, trees in (("again", True), ("again_without_trees", False)):
            steps = Steps()
            with steps.timed("map"):
                engine.redraw(task, folder, trees=trees)
            found[name] = steps.told()
    if order.compare:
        np.save(folder / "probabilities.npy", engine.probabilities(task, folder)[1])
    return found


def by_usual(order: Order) -> dict[str, Any]:
    """Draw the usual way; then, beside the clock of the map, fill gaps the other way as well.

    Probabilities that are kept are of features in float32 throughout: those whose gaps xarray filled in float64, and
    which differ in their last bits, are predicted again by the same libraries.
    """
    task, folder = order.task(), Path(order.folder)
    with tempfile.TemporaryDirectory() as warm:
        _usually(order.warming(task), Path(warm), order.gaps, Steps())
    first, other = Steps(), Steps()
    drawn = _usually(task, folder, order.gaps, first)
    found: dict[str, Any] = {"first": first.told()}
    if order.compare:
        exact = usual.measured(drawn.composite, task.recipe, "numpy", other)
        differ = ~((exact == drawn.features) | np.isnan(exact) & np.isnan(drawn.features)).all(axis=1)
        probabilities = drawn.probabilities.copy()
        if differ.any():
            probabilities[differ] = usual.predict(exact[differ], task.bundle, task.recipe, task.threads)
        np.save(folder / "probabilities.npy", probabilities)
        found |= {"vectorised": other.told(), "pixels_that_differ_in_last_bits": float(differ.mean())}
    return found


def _usually(task: Task, folder: Path, gaps: usual.Gaps, steps: Steps) -> usual.Drawn:
    from imagery.grid import map_grid
    from imagery.search import find_scenes

    with steps.timed("search"):
        items = find_scenes(task.catalogue, task.recipe, task.aoi.geometry, task.season).items
    grid = map_grid(task.aoi, task.recipe.grid, items)
    out = folder / "map.tif"
    return usual.draw(
        items, task.recipe, grid, task.season, task.bundle, out=out, threads=task.threads, gaps=gaps, steps=steps
    )


def main() -> None:
    """Read the order, do it, print."""
    order = Order(**json.loads(sys.argv[1]))
    Path(order.folder).mkdir(parents=True, exist_ok=True)
    forget_peak()
    print(json.dumps(by_engine(order) if order.way == "engine" else by_usual(order)))


if __name__ == "__main__":
    main()
