"""A season of made-up scenes, a small model, and the two steps of a map as the assets run them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rasterio

from benchmarks.model import fit_bundle
from benchmarks.scenes import SEASON, Archive, Tile, aoi_of, write_scenes
from geocrop_assets.assets.composites import COMPOSITE_NAME, MapKey, make_composite
from geocrop_assets.assets.maps import MAP_NAME, draw
from resources.archive import SceneArchive
from resources.bundles import publish_bundle
from resources.layout import RESULTS, composite_prefix
from resources.platform import rules_of, store_of
from resources.publish import publish_files
from resources.registry import ModelVersion
from resources.settings import Settings
from training.config import TrainingConfig

if TYPE_CHECKING:
    from numpy.typing import NDArray

MARGIN = 30  # pixels of the scenes around the AOI, so that its grid and their tiles begin at different places
FEW = TrainingConfig.model_validate({"forest": {"n_estimators": 9}, "ensemble": {"learners": ["random_forest"]}})


def quiet(*_: float) -> None:
    """Hear of no progress."""


@dataclass(frozen=True)
class MadeSeason:
    """What a map is made of; all of it lies below `home`."""

    home: Path
    key: MapKey
    champion: ModelVersion
    memory_mib: int

    def composite(self, path: Path, ray_address: str | None, progress: Callable[..., None] = quiet) -> dict[str, Any]:
        """Write the composite, publish it, and return its pointer."""
        settings = self._settings(ray_address)
        rules, archive = rules_of(settings), SceneArchive(catalogue=settings.catalogue)
        facts = make_composite(self.key, rules.load_recipe(), archive, path, rules, progress=progress)
        return publish_files(
            store_of(settings), RESULTS, composite_prefix(self.key.partition), {COMPOSITE_NAME: path}, facts
        )

    def map(self, path: Path, ray_address: str | None, progress: Callable[..., None] = quiet) -> dict[str, Any]:
        """Draw the map of the composite that was published last, bring its file to `path`, and return its pointer."""
        settings = self._settings(ray_address)
        store = store_of(settings)
        drawn = draw(store, self.key, self.champion, rules_of(settings), run_id="none", progress=progress)
        store.download(RESULTS, drawn.pointer["files"][MAP_NAME], path)
        return drawn.pointer

    def _settings(self, ray_address: str | None) -> Settings:
        catalogue = str(self.home / "scenes" / "catalog.json")
        return Settings(
            home=self.home, catalogue=catalogue, threads=2, memory_mib=self.memory_mib, ray_address=ray_address
        )


def make_season(home: Path, size: int, dates: int, memory_mib: int = 256) -> MadeSeason:
    """Make scenes of an AOI of `size` x `size` pixels and a model, and put the model into the store.

    In 256 MiB a composite is made in blocks of 512 pixels, in 1 GiB in those of 1,024.
    """
    tile = Tile(size=size + 2 * MARGIN, seed=5)
    write_scenes(home / "scenes", Archive((tile,), dates=dates))
    settings = Settings(home=home)
    recipe = rules_of(settings).load_recipe()
    bundle = fit_bundle(recipe, FEW, 600, Archive((Tile(name="36KTG", size=40, seed=7),), dates=dates))
    publish_bundle(store_of(settings), bundle)
    aoi = aoi_of(tile, MARGIN)
    champion = ModelVersion(1, bundle.hash, "v1", "d1", "Raw", recipe.id, "run", 0.0, (), {})
    return MadeSeason(home, MapKey(f"{aoi.id}|{SEASON}", aoi, SEASON), champion, memory_mib)


def pixels(path: Path) -> tuple[NDArray[Any], dict[str, str], str]:
    """Return all bands of a raster, its tags, and its grid as text."""
    with rasterio.open(path) as raster:
        return raster.read(), raster.tags(), f"{raster.crs} {raster.transform} {raster.shape}"
