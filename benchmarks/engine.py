"""The map engine as the assets run it, without Dagster: search, composite, map; then the map once more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from benchmarks.timing import Steps
from training.classes import ClassTable
from training.errors import GeocropError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from imagery.aoi import Aoi
    from imagery.composite import Composite
    from imagery.maps import MapModel, Predict
    from imagery.recipe_model import Recipe
    from training.bundle import ModelBundle

    Floats = NDArray[np.float32]

MEMORY = 1 << 30
"""Bytes: the budget of the issue, and the default of the platform."""


class NoScorerError(GeocropError):
    """Save the bundle again with `scored=True`: without its scorer, plain libraries would be measured as the engine."""

    code: ClassVar[str] = "no-scorer"


class IncompleteError(GeocropError):
    """Mend the scenes or the server: the message has the first scene that could not be read, and why."""

    code: ClassVar[str] = "incomplete"


@dataclass(frozen=True)
class Task:
    """One map to draw, and what may be used for it."""

    catalogue: str
    recipe: Recipe
    season: str
    aoi: Aoi
    bundle: ModelBundle
    threads: int = 2
    memory: int = MEMORY
    applicability: bool = True
    """Whether pixels unlike all of training are counted, as the platform does."""
    gdal_options: Mapping[str, str] = field(default_factory=dict)


def draw(task: Task, folder: Path, steps: Steps | None = None) -> Path:
    """Draw a map from scenes into a folder and return its path; the composite lies beside it."""
    steps = steps or Steps()
    compose(task, folder / "composite.tif", steps)
    with steps.timed("map"):
        return redraw(task, folder)


def compose(task: Task, path: Path, steps: Steps) -> None:
    """Write the composite of a task."""
    from imagery.composite import composite_blocks
    from imagery.composite_file import write_composite
    from imagery.cutting import cut
    from imagery.grid import map_grid
    from imagery.search import find_scenes

    with steps.timed("search"):
        items = find_scenes(task.catalogue, task.recipe, task.aoi.geometry, task.season).items
    with steps.timed("composite"):
        told: dict[str, Any] = {"memory": task.memory, "gdal_options": task.gdal_options}
        grid = map_grid(task.aoi, task.recipe.grid, items)
        whole, blocks = cut(grid, items, task.recipe, **told)
        made = composite_blocks(items, task.recipe, blocks, task.season, threads=task.threads, **told)
        with closing(made):
            write_composite(path, _complete(made), task.recipe, task.season, whole)


def _complete(blocks: Iterable[Composite]) -> Iterator[Composite]:
    """Pass blocks on; one that lacks scenes is no measure of speed."""
    for block in blocks:
        if block.scenes_failed:
            raise IncompleteError(f"{len(block.scenes_failed)} scenes were left out: {block.scenes_failed[0]}")
        yield block
        del block


def redraw(task: Task, folder: Path, *, trees: bool = True) -> Path:
    """Draw the map from the composite in the folder; without trees, every pixel is as likely all classes."""
    from imagery.composite_file import CompositeReader
    from imagery.maps import composite_source, draw_map

    out = folder / ("map.tif" if trees else "map-without-trees.tif")
    model = map_model(task)
    if not trees:
        model = replace(model, predict=_undecided(len(task.bundle.codes)))
    with CompositeReader(folder / "composite.tif", task.recipe) as reader:
        source = composite_source(reader, task.recipe, task.bundle.features)
        draw_map(source, model, task.aoi, out, threads=task.threads, memory=task.memory)
    return out


def map_model(task: Task) -> MapModel:
    """Return a task's bundle as what classifies pixels, as the asset `crop_map` has it."""
    from imagery.maps import MapModel

    if task.bundle.scorer is None:
        raise NoScorerError("the bundle carries no scorer of this version")
    classes = ClassTable.load()
    return MapModel(
        predict=task.bundle.score,
        class_codes=np.array(task.bundle.codes, dtype=np.uint8),
        legend=[classes.by_name(name) for name in task.bundle.classes],
        applicable=task.bundle.applicability.inside if task.applicability else None,
    )


def _undecided(classes: int) -> Predict:
    def predict(features: Floats, threads: int) -> Floats:
        del threads
        return np.full((len(features), classes), np.float32(1 / classes))

    return predict


def probabilities(task: Task, folder: Path) -> tuple[Floats, Floats]:
    """Return what the map in a folder was decided by: features and probabilities, float32 [pixel, ...], row by row.

    NaN in pixels that the map leaves out. By the very functions that draw the map, block by block.
    """
    from imagery.composite_file import CompositeReader
    from imagery.grid import Block, blocks, part
    from imagery.maps import composite_source

    with CompositeReader(folder / "composite.tif", task.recipe) as reader:
        source = composite_source(reader, task.recipe, task.bundle.features)
        grid, top, left = part(source.geobox, task.aoi)
        height, width = grid.shape
        features = np.full((height, width, source.n_features), np.nan, np.float32)
        found = np.full((height, width, len(task.bundle.codes)), np.nan, np.float32)
        for one in blocks(grid, 256):
            rows, columns = one.window.toslices()
            values, clear = source.read(Block(one.geobox, one.row0 + top, one.col0 + left))
            at = np.flatnonzero(clear > 0)
            mine = source.features(values, at)
            where = np.unravel_index(at, clear.shape)
            features[rows, columns][where] = mine
            found[rows, columns][where] = task.bundle.score(mine, task.threads)
    return features.reshape(height * width, -1), found.reshape(height * width, -1)
