"""A season's composite of one block: scenes read, harmonised, masked, merged by day and reduced window by window.

Work is cut into (window, band) pairs that share a pool of threads: memory is bounded by the block, the observations of
one window and the number of threads, never by the season. A scene that cannot be read is left out of all bands of its
windows, which are made again without it, so that no pixel mixes bands of different sets of scenes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt

from imagery.masking import clear_pixels, margin
from imagery.reading import Grid, SceneUnreadableError, gdal_env, read_onto
from imagery.recipe_model import Asset
from imagery.reduce import reduce_stack
from imagery.scenes import Scene, check_bands, scenes_of
from imagery.season import Season
from training.errors import GeocropError

if TYPE_CHECKING:
    import pystac
    from odc.geo.geobox import GeoBox

    from imagery.recipe_model import Mask, Recipe

Number = npt.NDArray[Any]
Truth = npt.NDArray[np.bool_]
Picks = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]

THREADS = 2
MAX_FAILED = 0.5  # share of a block's scenes that may be unreadable before the block is refused


class TooManyFailedScenesError(GeocropError):
    """Check the archive and its access: most scenes could not be read (the message has the first reason); try again."""

    code: ClassVar[str] = "too-many-failed-scenes"


@dataclass(frozen=True)
class Composite:
    """What of a season's scenes a recipe needs, for one block of the fixed grid."""

    values: Number
    """[band, step, y, x] ([band, step, n] of picked pixels) in the recipe's dtype; nodata where never clear."""
    clear: npt.NDArray[np.uint16]
    """[y, x] (or [n]): days with a clear observation, counted on the recipe's first band, over all windows."""
    geobox: GeoBox
    scenes_used: tuple[str, ...]
    """Ids of the scenes that were read, in order."""
    scenes_failed: tuple[tuple[str, str], ...] = ()
    """Scenes left out: id and reason."""
    scenes_partial: tuple[tuple[str, str], ...] = ()
    """Scenes that lack some bands and were used for the others: id and which."""


@dataclass
class _Job:
    """One block being made."""

    recipe: Recipe
    geobox: GeoBox
    picks: Picks | None
    options: Mapping[str, str] | None
    failed: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.grid = Grid(self.geobox)
        self.margin = margin(self.recipe.mask, self.geobox)
        self.padded = Grid(self.geobox.pad(*self.margin)) if any(self.margin) else self.grid

        self.shape = tuple(self.geobox.shape) if self.picks is None else self.picks[0].shape
        steps = len(self.recipe.steps)
        shape = (len(self.recipe.bands), steps, *self.shape)
        self.values: Number = np.full(shape, self.recipe.nodata, dtype=self.recipe.dtype)
        self.counts = np.zeros((steps, *self.shape), dtype=np.uint16)

    def picked(self, array: Number) -> Number:
        return array if self.picks is None else array[self.picks]


def composite_block(
    items: Sequence[pystac.Item],
    recipe: Recipe,
    geobox: GeoBox,
    season: Season | str,
    *,
    picks: Picks | None = None,
    threads: int = THREADS,
    gdal_options: Mapping[str, str] | None = None,
    max_failed: float = MAX_FAILED,
    progress: Callable[[int, int], None] | None = None,
) -> Composite:
    """Make the composite of one block.

    Args:
        items: scenes as `find_scenes` gives them; those that do not touch the block are not opened.
        recipe: what to make.
        geobox: the block, a window of the fixed grid.
        season: which season's windows.
        picks: rows and columns of the pixels wanted, for samples; None is the whole block.
        threads: scenes read and windows reduced at the same time.
        gdal_options: GDAL options of the reads, such as AWS_NO_SIGN_REQUEST.
        max_failed: share of scenes that may fail.
        progress: called with windows done and windows in all.

    Raises:
        MissingBandsError: a band of the recipe is in none of the scenes.
        TooManyFailedScenesError: more than `max_failed` of the block's scenes cannot be read.

    """
    season = Season.parse(season)
    check_bands(items, recipe)
    scenes, refused = scenes_of(items, recipe, geobox, season)
    job = _Job(recipe, geobox, picks, gdal_options)
    with ThreadPoolExecutor(max_workers=max(threads, 1)) as pool:
        todo = list(range(len(recipe.steps)))
        done = 0
        while todo:
            before = set(job.failed)
            for step in todo:
                _make_step(job, pool, step, scenes)
                done = min(done + 1, len(recipe.steps))
                if progress is not None:
                    progress(done, len(recipe.steps))
            new = set(job.failed) - before
            todo = sorted({step for scene in scenes if scene.id in new for step in scene.steps})
    _refuse_if_most_failed(scenes, job.failed, max_failed)
    used = tuple(dict.fromkeys(scene.id for scene in scenes if scene.id not in job.failed))
    partial = tuple((scene.id, scene.lacking) for scene in scenes if scene.lacking and scene.id in used)
    failed = tuple(sorted({**refused, **job.failed}.items()))
    return Composite(job.values, job.counts.sum(axis=0, dtype=np.uint16), geobox, used, failed, partial)


def _make_step(job: _Job, pool: ThreadPoolExecutor, step: int, scenes: Sequence[Scene]) -> None:
    """Fill one step of all bands; scenes that fail on the way are noted in the job."""
    own = [scene for scene in scenes if step in scene.steps and scene.id not in job.failed]
    masks = dict(zip([s.id for s in own], pool.map(lambda scene: _clear(job, scene), own), strict=True))
    usable = [scene for scene in own if scene.id not in job.failed]

    def band(number: int) -> None:
        name = job.recipe.bands[number]
        asset = job.recipe.assets[name]
        mine = [scene for scene in usable if name in scene.hrefs]
        if asset.static and step > 0:
            return
        stack, valid = _stack(job, name, mine, masks)
        if number == 0:
            job.counts[step] = valid.sum(axis=0)
        statistic = "only" if asset.static else asset.statistic or job.recipe.statistic
        job.values[number, step] = reduce_stack(stack, valid, statistic, job.recipe.nodata)

    list(pool.map(band, range(len(job.recipe.bands))))


def _clear(job: _Job, scene: Scene) -> Truth | None:
    """Return where a scene is clear, [h, w]; None where no mask applies to it."""
    mask = job.recipe.mask
    if mask is None or scene.mask_href is None:
        return None
    try:
        with gdal_env(job.options):
            classes, seen = read_onto(scene.mask_href, job.padded, _mask_asset(mask))
    except SceneUnreadableError as error:
        job.failed[scene.id] = str(error)
        return None
    return clear_pixels(classes, seen, mask, job.geobox)


def _mask_asset(mask: Mask) -> Asset:
    return Asset(asset=mask.asset, dtype="uint8")


def _stack(job: _Job, band: str, scenes: Sequence[Scene], masks: Mapping[str, Truth | None]) -> tuple[Number, Truth]:
    """Read one band of a step's scenes, one layer a day: where scenes of a day overlap, the first clear one counts."""
    days = list(dict.fromkeys(scene.day for scene in scenes))
    stack = np.zeros((len(days), *job.shape), dtype=job.recipe.dtype)
    valid = np.zeros(stack.shape, dtype=bool)
    for scene in scenes:
        if scene.id in job.failed:
            continue
        try:
            numbers, seen = _observations(job, band, scene, masks[scene.id])
        except SceneUnreadableError as error:
            job.failed[scene.id] = str(error)
            continue
        layer = days.index(scene.day)
        new = seen & ~valid[layer]
        np.copyto(stack[layer], numbers, where=new, casting="unsafe")
        valid[layer] |= new
    return stack, valid


def _observations(job: _Job, band: str, scene: Scene, clear: Truth | None) -> tuple[Number, Truth]:
    """Read one band of a scene: harmonised numbers, and where they are observed and clear."""
    if clear is not None and not clear.any():
        return np.zeros(job.shape, dtype=job.recipe.dtype), np.zeros(job.shape, dtype=bool)
    asset = job.recipe.assets[band]
    with gdal_env(job.options):
        numbers, seen = read_onto(scene.hrefs[band], job.grid, asset)
    if clear is not None:
        seen = seen & clear
    numbers, seen = job.picked(numbers), job.picked(seen)
    add = scene.add.get(band, 0)
    return (harmonised(numbers, add) if add else numbers), seen


def harmonised(numbers: Number, add: int) -> Number:
    """Add a scene's offset to integer numbers, held inside the dtype and above its lowest value, which is nodata."""
    info = np.iinfo(numbers.dtype)
    moved = np.clip(numbers.astype(np.int32) + add, info.min + 1, info.max)
    return moved.astype(numbers.dtype)


def _refuse_if_most_failed(scenes: Sequence[Scene], failed: Mapping[str, str], max_failed: float) -> None:
    ids = {scene.id for scene in scenes}
    if failed and len(failed) > max_failed * len(ids):
        name, reason = next(iter(sorted(failed.items())))
        raise TooManyFailedScenesError(f"{len(failed)} of {len(ids)} scenes cannot be read, such as {name}: {reason}")
