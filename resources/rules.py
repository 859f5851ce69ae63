"""What an installation says of datasets and maps: default recipe, class table, served extent, allowances."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from imagery.aoi import AoiLimits
    from imagery.recipe import Recipe
    from training.classes import ClassTable
    from training.samples import Region


@dataclass(frozen=True)
class DatasetRules:
    """Settings of datasets and AOIs, and what is loaded by them."""

    recipe: str = "s2-season"
    recipes_dir: str | None = None
    classes: str | None = None
    extent: tuple[float, float, float, float] | None = None  # west, south, east, north in degrees; None: the world
    max_reject_share: float = 0.05
    block_size_m: float = 10_240.0
    default_season: str | None = None
    max_aoi_ha: float = 3_000_000.0
    threads: int | None = None
    memory_mib: int = 1024
    ray_address: str | None = None  # of a Ray cluster that takes the blocks of large maps

    @property
    def cores(self) -> int:
        """Threads that read scenes, train and draw: as stated, else one for each core of this process."""
        return self.threads or len(os.sched_getaffinity(0))

    @property
    def memory(self) -> int:
        """Bytes that making a composite or a map may take beside what the process has."""
        return self.memory_mib << 20

    @property
    def recipe_dirs(self) -> tuple[Path, ...]:
        """Folders of recipe files beside the built-in ones."""
        return () if self.recipes_dir is None else (Path(self.recipes_dir),)

    def load_recipe(self, name: str | None = None) -> Recipe:
        """Return a recipe by name or `name@version`; the default one without a name."""
        from imagery.recipe import load_recipe

        return load_recipe(name or self.recipe, self.recipe_dirs)

    def recipe_columns(self) -> dict[str, tuple[str, ...]]:
        """Return the feature columns of every recipe, by recipe id: by them a features batch is recognised."""
        from imagery.recipe import list_recipes

        recipes = [self.load_recipe(name) for name in list_recipes(self.recipe_dirs)]
        return {recipe.id: recipe.feature_names for recipe in recipes}

    def region(self) -> Region:
        """Return where samples may lie."""
        from training.samples import EVERYWHERE, Region

        return EVERYWHERE if self.extent is None else Region("the served extent", *self.extent)

    def load_classes(self) -> ClassTable:
        """Return the class table of this installation."""
        from training.classes import ClassTable

        return ClassTable.load(None if self.classes is None else Path(self.classes))

    def aoi_limits(self) -> AoiLimits:
        """Return which AOIs are served."""
        from imagery.aoi import AoiLimits, LonLatBox

        return AoiLimits(extent=None if self.extent is None else LonLatBox(*self.extent), max_area_ha=self.max_aoi_ha)
