"""The champion as requests see it: asked of the registry every other second, however many requests there are."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from resources.registry import RegistryUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from resources.registry import ModelRegistry, ModelVersion

log = logging.getLogger(__name__)

FRESH_S = 2.0
"""A promotion is seen after at most this time."""

STALE_S = 60.0
"""How long the last answer stands in while the registry does not answer."""


@dataclass(frozen=True)
class _Answer:
    champion: ModelVersion | None
    at: float  # of the clock


class ChampionCache:
    """The registry's champion, remembered for two seconds. Safe for threads."""

    def __init__(self, registry: ModelRegistry, clock: Callable[[], float] = time.monotonic) -> None:
        self._registry = registry
        self._clock = clock
        self._answer: _Answer | None = None
        self._asking = threading.Lock()

    def get(self) -> ModelVersion | None:
        """Return the champion, or None before the first promotion.

        One thread asks while the others take the last answer, so that a slow registry holds up one request only.

        Raises:
            RegistryUnavailable: no answer, and none that is younger than a minute.

        """
        known = self._known(FRESH_S)
        if known is not None:
            return known.champion
        stale = self._known(STALE_S)
        if not self._asking.acquire(blocking=stale is None):
            return stale.champion if stale is not None else None
        try:
            return self._ask()
        finally:
            self._asking.release()

    def forget(self) -> None:
        """Ask anew at the next `get`: for the process that has just promoted a model."""
        self._answer = None

    def _known(self, age_s: float) -> _Answer | None:
        answer = self._answer
        return answer if answer is not None and self._clock() - answer.at < age_s else None

    def _ask(self) -> ModelVersion | None:
        known = self._known(FRESH_S)  # another thread may have asked while this one waited
        if known is not None:
            return known.champion
        at = self._clock()
        try:
            champion = self._registry.champion()
        except RegistryUnavailable:
            stale = self._known(STALE_S)
            if stale is None:
                raise
            log.warning("the registry does not answer: the champion of %.0f s ago stands in", at - stale.at)
            return stale.champion
        self._answer = _Answer(champion, at)
        return champion
