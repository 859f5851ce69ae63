"""How many scenes a map would be made of: asked of the catalogue, with little patience."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from imagery.search import NoScenes, find_scenes, open_catalogue
from training.errors import GeocropError

if TYPE_CHECKING:
    from collections.abc import Callable

    from imagery.aoi import Aoi
    from imagery.recipe import Recipe
    from imagery.season import Season

log = logging.getLogger(__name__)

PATIENCE_S = 4.0
"""How long an estimate waits for the catalogue."""
AT_ONCE = 2
"""Searches under way at a time: a catalogue that hangs costs no more threads than this."""
BACKOFF_S = 0.1

_free = threading.BoundedSemaphore(AT_ONCE)


@dataclass(frozen=True)
class SceneCount:
    """Number of scenes, or None and why it is not known."""

    scenes: int | None
    reason: str | None = None


def count_scenes(catalogue: str, recipe: Recipe, aoi: Aoi, season: Season) -> SceneCount:
    """Return how many scenes the recipe needs over an AOI in a season, or why that is not known now."""

    def search() -> int:
        try:
            found = find_scenes(open_catalogue(catalogue, backoff_s=BACKOFF_S), recipe, aoi.geometry, season)
        except NoScenes:
            return 0
        return len(found.items)

    return patiently(search, PATIENCE_S)


def patiently(search: Callable[[], int], patience_s: float) -> SceneCount:
    """Return what a search finds within some seconds; it goes on behind, but only few do."""
    free = _free
    if not free.acquire(blocking=False):
        return SceneCount(None, "other estimates are waiting for the catalogue")
    answer: list[SceneCount] = []
    done = threading.Event()

    def run() -> None:
        try:
            answer.append(SceneCount(search()))
        except GeocropError as error:
            log.warning("scenes cannot be counted: %s", error)
            answer.append(SceneCount(None, "the catalogue does not answer"))
        finally:
            free.release()
            done.set()

    threading.Thread(target=run, name="scene-count", daemon=True).start()
    if not done.wait(patience_s):
        return SceneCount(None, f"the catalogue did not answer within {patience_s:.0f} s")
    return answer[0] if answer else SceneCount(None, "the search failed; the log tells why")
