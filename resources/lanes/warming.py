"""What a warm process holds before a run comes: libraries, compiled kernels, and the champion."""

from __future__ import annotations

import importlib
import logging
import pkgutil
import time

from resources.bundles import keep_bundles, load_bundle
from resources.platform import open_store, registry_of, rules_of
from resources.settings import Settings, load_settings

log = logging.getLogger("geocrop.lane")

#: The champion, and the one before it or after it while maps change over.
BUNDLES_KEPT = 2
#: Libraries that maps import when they are made, beside those of `imagery` and of the champion's learners.
LIBRARIES = ("mlflow", "odc.stac", "pystac_client", "rasterio", "rioxarray", "scipy.ndimage", "rio_cogeo", "PIL.Image")


class Warmth:
    """Gets a process warm and keeps it so; a bare one holds nothing."""

    def __init__(self, settings: Settings | None = None, *, bare: bool = False) -> None:
        self._bare = bare
        self._settings = settings or load_settings()
        self._held: str | None = None

    def warm(self) -> None:
        """Import what maps need and hold the champion."""
        if self._bare:
            return
        keep_bundles(BUNDLES_KEPT)
        self._import_libraries()
        self._ready_kernels()
        self.refresh()

    def refresh(self) -> None:
        """Hold the champion of now; without a registry or a store the process is a little less warm, no more."""
        if self._bare:
            return
        try:
            self._hold_champion()
        except Exception as error:  # whatever the registry's and the store's clients raise: the run will say it
            log.warning("the champion is not held: %s: %s", type(error).__name__, error)

    def _import_libraries(self) -> None:
        import imagery

        began = time.perf_counter()
        for name in LIBRARIES:
            importlib.import_module(name)
        for module in pkgutil.iter_modules(imagery.__path__, "imagery."):
            importlib.import_module(module.name)
        log.info("libraries after %.1f s", time.perf_counter() - began)

    def _ready_kernels(self) -> None:
        """Compile what maps run, or load what was compiled and kept; the scorer's kernels come with the champion."""
        from imagery import compiled_features
        from imagery.warming import warm_composites
        from training import applicability

        began = time.perf_counter()
        warm_composites(rules_of(self._settings).load_recipe())
        compiled_features.warm()
        applicability.warm()
        log.info("kernels after %.1f s", time.perf_counter() - began)

    def _hold_champion(self) -> None:
        import numpy as np

        champion = registry_of(self._settings).champion()
        if champion is None or champion.bundle_hash == self._held:
            return
        bundle = load_bundle(open_store(self._settings), champion.bundle_hash)
        nothing = np.zeros((1, len(bundle.features)), np.float32)
        bundle.score(nothing, rules_of(self._settings).cores)  # compiles, or else loads the learners' libraries
        bundle.applicability.inside(nothing)
        self._held = champion.bundle_hash
        log.info("holds model version %d", champion.version)
