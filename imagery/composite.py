"""A season's composite, block by block: scenes read, harmonised, masked, merged by day and reduced window by window.

Reading and reducing share a pool of threads (`imagery.crew`, `imagery.making`), which goes on with the next block while
the caller uses the one it was given. Memory is bounded by the caller's budget, never by the season or the area.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt

from imagery.budget import DEFAULT_MEMORY, Budget
from imagery.crew import Crew
from imagery.making import Making
from imagery.reading import Picks, gdal_href, is_remote
from imagery.scenes import Scene, check_bands, scenes_of
from imagery.season import Season
from training.errors import GeocropError

if TYPE_CHECKING:
    import pystac
    from odc.geo.geobox import GeoBox

    from imagery.grid import Block
    from imagery.recipe_model import Recipe

Number = npt.NDArray[Any]
Progress = Callable[[int, int], None]

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


def composite_block(
    items: Sequence[pystac.Item],
    recipe: Recipe,
    geobox: GeoBox,
    season: Season | str,
    *,
    picks: Picks | None = None,
    threads: int = THREADS,
    memory: int = DEFAULT_MEMORY,
    gdal_options: Mapping[str, str] | None = None,
    max_failed: float = MAX_FAILED,
    progress: Progress | None = None,
) -> Composite:
    """Make the composite of one block.

    Args:
        items: scenes as `find_scenes` gives them; those that do not touch the block are not opened.
        recipe: what to make.
        geobox: the block, a window of the fixed grid.
        season: which season's windows.
        picks: rows and columns of the pixels wanted, for samples; None is the whole block.
        threads: cores to use; reads over a network are more at a time.
        memory: bytes that reads in flight may use, beside what the block itself needs.
        gdal_options: GDAL options of the reads, such as AWS_NO_SIGN_REQUEST.
        max_failed: share of scenes that may fail.
        progress: called with windows done and windows in all; raising from it cancels.

    Raises:
        MissingBandsError: a band of the recipe is in none of the scenes.
        TooManyFailedScenesError: more than `max_failed` of the block's scenes cannot be read.

    """
    check_bands(items, recipe)
    scenes, refused = scenes_of(items, recipe, geobox, Season.parse(season))
    told = 0

    def tell(done: int) -> None:
        nonlocal told
        windows = done // len(recipe.bands)
        while progress is not None and told < windows:
            told += 1
            progress(told, len(recipe.steps))

    with Crew(threads, Budget(memory), gdal_options, remote=_any_remote(items)) as crew:
        making = Making(crew, recipe, geobox, scenes, picks)
        making.start()
        making.go_on()
        made = _finished(making, refused, max_failed, tell)
    if picks is None:
        return made
    return Composite(
        made.values[:, :, 0], made.clear[0], geobox, made.scenes_used, made.scenes_failed, made.scenes_partial
    )


def composite_blocks(
    items: Sequence[pystac.Item],
    recipe: Recipe,
    blocks: Sequence[Block],
    season: Season | str,
    *,
    threads: int = THREADS,
    memory: int = DEFAULT_MEMORY,
    gdal_options: Mapping[str, str] | None = None,
    max_failed: float = MAX_FAILED,
    progress: Progress | None = None,
    budget: Budget | None = None,
) -> Generator[Composite, None, None]:
    """Yield the composites of blocks in order, and make the next one while the caller uses what it was given.

    While the caller uses one, the next one's masks are made, where `memory` has room. The caller lets go of a composite
    before it asks for the next. Closing the iterator ends its threads.

    Args:
        items: scenes as `find_scenes` gives them.
        recipe: what to make.
        blocks: windows of the fixed grid, best cut by `imagery.cutting.cut`.
        season: which season's windows.
        threads: cores to use; reads over a network are more at a time.
        memory: bytes to use beyond the process's base.
        gdal_options: GDAL options of the reads, such as AWS_NO_SIGN_REQUEST.
        max_failed: share of a block's scenes that may fail.
        progress: called with pixels done and pixels in all, also within a block; raising from it cancels.
        budget: counts the memory, instead of one made of `memory`.

    Raises:
        MissingBandsError: a band of the recipe is in none of the scenes.
        TooManyFailedScenesError: more than `max_failed` of a block's scenes cannot be read.

    """
    check_bands(items, recipe)
    season = Season.parse(season)
    total, done = sum(_pixels(block.geobox) for block in blocks), 0
    waiting = deque(blocks)
    with Crew(threads, budget or Budget(memory), gdal_options, remote=_any_remote(items)) as crew:

        def begun(beside: Making | None = None) -> tuple[Making, dict[str, str]] | None:
            """Begin the next block, where there is one and room for it."""
            if not waiting:
                return None
            scenes, refused = scenes_of(items, recipe, waiting[0].geobox, season)
            making = Making(crew, recipe, waiting[0].geobox, scenes)
            if beside is not None and not making.fits_beside(beside):
                return None
            waiting.popleft()
            making.start()
            return making, refused

        following = None
        while (current := following or begun()) is not None:
            making, refused = current
            making.go_on()
            pixels = _pixels(making.geobox)
            made = _finished(making, refused, max_failed, _in_pixels(progress, done, pixels, making.units, total))
            done += pixels
            following = begun(making)  # no more than its masks, while this one is used: its bands would be as large
            yield made
            del made, current  # the next block's memory is taken when this one's is free
            making.forget()


def _finished(making: Making, refused: Mapping[str, str], max_failed: float, tell: Callable[[int], None]) -> Composite:
    """Wait for a block, and say which scenes it is made of."""
    values, clear = making.finish(tell)
    scenes, failed = making.scenes, making.failed
    _refuse_if_most_failed(scenes, failed, max_failed)
    used = tuple(dict.fromkeys(scene.id for scene in scenes if scene.id not in failed))
    partial = tuple((scene.id, scene.lacking) for scene in scenes if scene.lacking and scene.id not in failed)
    return Composite(values, clear, making.geobox, used, tuple(sorted({**refused, **failed}.items())), partial)


def _in_pixels(progress: Progress | None, before: int, pixels: int, units: int, total: int) -> Callable[[int], None]:
    """Return what turns pieces of a block that are done into pixels of all blocks."""

    def tell(done: int) -> None:
        if progress is not None:
            progress(before + pixels * done // units, total)

    return tell


def _pixels(geobox: GeoBox) -> int:
    return int(geobox.shape[0]) * int(geobox.shape[1])


def _any_remote(items: Sequence[pystac.Item]) -> bool:
    """Tell whether scenes lie behind a network, by the first asset of each."""
    firsts = (next(iter(item.assets.values()), None) for item in items)
    return any(is_remote(gdal_href(asset.get_absolute_href() or asset.href)) for asset in firsts if asset is not None)


def _refuse_if_most_failed(scenes: Sequence[Scene], failed: Mapping[str, str], max_failed: float) -> None:
    ids = {scene.id for scene in scenes}
    if failed and len(failed) > max_failed * len(ids):
        name, reason = next(iter(sorted(failed.items())))
        raise TooManyFailedScenesError(f"{len(failed)} of {len(ids)} scenes cannot be read, such as {name}: {reason}")
