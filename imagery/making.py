"""One block of a composite in the making: masks of its scenes, then each band of each step as soon as it can be.

A scene that cannot be read is left out of all bands of its steps, which are made again without it, so that no pixel
mixes bands of different sets of scenes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from imagery.crew import CancelledError, Crew
from imagery.masking import clear_source, margin
from imagery.merging import NO_MASK, Stack
from imagery.reading import Grid, Number, Picks, SceneUnreadableError, Source, read_source
from imagery.recipe_model import Asset

if TYPE_CHECKING:
    from odc.geo.geobox import GeoBox

    from imagery.recipe_model import Mask, Recipe
    from imagery.scenes import Scene

Counts = npt.NDArray[np.uint16]
Tell = Callable[[int], None]


def block_bytes(recipe: Recipe, pixels: int, masks: int) -> tuple[int, int]:
    """Return the bytes of a block's result, and those that making it holds besides, without what is being read.

    Args:
        recipe: what is made.
        pixels: of the block.
        masks: scenes with a mask.

    """
    numbers = len(recipe.bands) * len(recipe.steps) * np.dtype(recipe.dtype).itemsize
    return pixels * (numbers + 2), pixels * (2 * len(recipe.steps) + masks)


class Making:
    """The work of one block. `start` returns at once; `finish` waits and gives the result."""

    def __init__(
        self, crew: Crew, recipe: Recipe, geobox: GeoBox, scenes: Sequence[Scene], picks: Picks | None = None
    ) -> None:
        self.geobox = geobox
        self.scenes = scenes
        self.failed: dict[str, str] = {}
        """Scenes that could not be read, by id, with the reason."""
        self._crew, self._recipe, self._picks = crew, recipe, picks
        self._grid = Grid(geobox)
        around = margin(recipe.mask, geobox)
        self._padded = Grid(geobox.pad(*around)) if any(around) else self._grid
        self._shape = (1, picks[0].size) if picks is not None else (int(geobox.shape[0]), int(geobox.shape[1]))
        masked = [scene.id for scene in scenes if recipe.mask is not None and scene.mask_href is not None]
        self._mask_at = {name: number for number, name in enumerate(dict.fromkeys(masked))}
        self._overcast: set[str] = set()
        self._lock = threading.Lock()
        self._events: SimpleQueue[BaseException | None] = SimpleQueue()
        pixels = self._shape[0] * self._shape[1]
        self._result_bytes, self._own_bytes = block_bytes(recipe, pixels, len(self._mask_at))

    @property
    def units(self) -> int:
        """Return how many pieces of work are told of: bands times steps."""
        return len(self._recipe.bands) * len(self._recipe.steps)

    def start(self) -> None:
        """Take the memory and let the crew make the masks; the bands follow when `go_on` is called."""
        recipe, crew = self._recipe, self._crew
        crew.budget.take(self._result_bytes + self._own_bytes)
        self._values: Number = np.empty((len(recipe.bands), len(recipe.steps), *self._shape), dtype=recipe.dtype)
        self._counts = np.zeros((len(recipe.steps), *self._shape), dtype=np.uint16)
        self._masks = np.empty((len(self._mask_at), *self._shape), dtype=np.uint8)
        self._known_failed: set[str] = set()
        self._held: list[int] | None = []
        self._waiting = {
            step: {scene.id for scene in self.scenes if step in scene.steps and scene.id in self._mask_at}
            for step in range(len(recipe.steps))
        }
        self._units_left = self.units
        ready = [step for step, masks in self._waiting.items() if not masks]
        for scene in {scene.id: scene for scene in self.scenes if scene.id in self._mask_at}.values():
            crew.submit(self._guarded, self._make_mask, scene)
        for step in ready:
            self._make_step(step)

    def go_on(self) -> None:
        """Let the crew make the bands, whose memory is in use from here on."""
        with self._lock:
            ready, self._held = self._held or [], None
        for step in ready:
            self._make_step(step)

    @property
    def reading_bytes(self) -> int:
        """Return the most that one piece of the work reads."""
        (height, width), itemsize = self.geobox.shape, np.dtype(self._recipe.dtype).itemsize
        steps = range(len(self._recipe.steps))
        most = max((sum(step in scene.steps for scene in self.scenes) for step in steps), default=0)
        return most * int(height) * int(width) * itemsize

    def fits_beside(self, other: Making) -> bool:
        """Tell whether there is memory for this block beside another that is begun, and for the reading of both."""
        budget, reading = self._crew.budget, max(self.reading_bytes, other.reading_bytes)
        return budget.used + self._result_bytes + self._own_bytes + reading <= budget.limit

    def finish(self, tell: Tell) -> tuple[Number, Counts]:
        """Wait until all is made; return the values and clear counts of the block, and let go of all else.

        Args:
            tell: called with the number of pieces done so far, each time that one is, in the caller's thread.

        """
        done = 0
        while True:
            event = self._events.get()
            if isinstance(event, BaseException):
                raise event
            done += 1
            tell(min(done, self.units))
            if done >= self.units and self._is_complete():
                break
        values, clear = self._values, self._counts.sum(axis=0, dtype=np.uint16)
        del self._values, self._masks, self._counts
        self._crew.budget.give(self._own_bytes)
        return values, clear

    def forget(self) -> None:
        """Count the result's memory as free: who asked for it has let go of it."""
        self._crew.budget.give(self._result_bytes)

    def _is_complete(self) -> bool:
        with self._lock:
            return self._units_left == 0

    def _guarded(self, work: Callable[..., None], *given: Any) -> None:  # noqa: ANN401 (what the work takes)
        """Do some work in a thread; what goes wrong is raised by `finish`."""
        try:
            self._crew.check()
            work(*given)
        except CancelledError:
            return
        except BaseException as error:
            self._events.put(error)

    def _fail(self, scene: Scene, error: SceneUnreadableError) -> None:
        with self._lock:
            self.failed[scene.id] = str(error)

    # Masks

    def _make_mask(self, scene: Scene) -> None:
        try:
            self._fill_mask(scene)
        except SceneUnreadableError as error:
            self._fail(scene, error)
        with self._lock:
            ready = []
            for step, masks in self._waiting.items():
                if scene.id in masks:
                    masks.remove(scene.id)
                    if not masks:
                        ready.append(step)
        for step in ready:
            self._make_step(step)

    def _fill_mask(self, scene: Scene) -> None:
        mask = self._recipe.mask
        if mask is None or scene.mask_href is None:
            return
        with self._crew.budget.room(3 * self._padded.geobox.shape[0] * self._padded.geobox.shape[1]):
            classes = read_source(scene.mask_href, self._padded, mask_asset(mask), options=self._crew.options)
            out = self._masks[self._mask_at[scene.id]]
            clear = out if self._picks is None else np.empty(self.geobox.shape, dtype=np.uint8)
            with self._crew.computing:
                anywhere = clear_source(classes, mask, self.geobox, clear)
            if self._picks is not None:
                out[0] = clear[self._picks]
        if not anywhere:
            with self._lock:
                self._overcast.add(scene.id)

    # Bands of steps

    def _make_step(self, step: int) -> None:
        with self._lock:
            if self._held is not None:
                self._held.append(step)
                return
        for number in range(len(self._recipe.bands)):
            self._crew.submit(self._guarded, self._make_unit, step, number)

    def _make_unit(self, step: int, number: int) -> None:
        name = self._recipe.bands[number]
        asset = self._recipe.assets[name]
        out = self._values[number, step]
        if asset.static and step > 0:
            out[...] = self._recipe.nodata
        else:
            self._reduce(step, number, name, out)
        with self._lock:
            self._units_left -= 1
            again = self._steps_to_redo() if self._units_left == 0 else []
            self._units_left += len(again) * len(self._recipe.bands)
        for one in again:
            self._make_step(one)
        self._events.put(None)

    def _steps_to_redo(self) -> list[int]:
        """Return the steps of scenes that turned out to be unreadable."""
        new = set(self.failed) - self._known_failed
        self._known_failed |= new
        return sorted({step for scene in self.scenes if scene.id in new for step in scene.steps})

    def _usable(self, step: int, band: str) -> Iterable[Scene]:
        for scene in self.scenes:
            if step in scene.steps and band in scene.hrefs and scene.id not in self._overcast:
                self._crew.check()
                if scene.id not in self.failed:
                    yield scene

    def _reduce(self, step: int, number: int, name: str, out: Number) -> None:
        recipe, asset = self._recipe, self._recipe.assets[name]
        due = len(list(self._usable(step, name)))
        height, width = self.geobox.shape
        itemsize = np.dtype(recipe.dtype).itemsize
        with self._crew.budget.room(due * height * width * itemsize):
            stack = Stack((height, width), recipe.dtype, due)
            for scene in self._usable(step, name):
                source = self._read(scene, name, asset, stack)
                if source is not None:
                    stack.add(source, scene.day, self._mask_at.get(scene.id, NO_MASK), scene.add.get(name, 0))
            with self._crew.computing:
                stack.reduce_into(
                    out,
                    "only" if asset.static else asset.statistic or recipe.statistic,
                    masks=self._masks,
                    nodata=recipe.nodata,
                    bounds=bounds_of(asset),
                    counts=self._counts[step] if number == 0 else None,
                )

    def _read(self, scene: Scene, band: str, asset: Asset, stack: Stack) -> Source | None:
        try:
            source = read_source(
                scene.hrefs[band],
                self._grid,
                asset,
                dtype=self._recipe.dtype,
                options=self._crew.options,
                allocate=stack.allocate,
            )
        except SceneUnreadableError as error:
            self._fail(scene, error)
            return None
        return source if source is None or self._picks is None else source.picked(self._picks)


def mask_asset(mask: Mask) -> Asset:
    """Return the asset of a mask: classes as they stand in the file."""
    return Asset(asset=mask.asset, dtype="uint8")


def bounds_of(asset: Asset) -> tuple[int, int]:
    """Return the lowest and highest number that an asset has after an offset is added: its lowest stays nodata."""
    if asset.dtype == "float32":
        return 0, 0
    info = np.iinfo(asset.dtype)
    return int(info.min) + 1, int(info.max)
