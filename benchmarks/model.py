"""The model that benchmarks draw maps with: four learners of real size, fitted once and kept in the user's cache.

Forest of 200 trees, XGBoost 300 rounds, LightGBM 800 (7,200 trees for nine classes), CatBoost 400, on samples of
made-up scenes' own pixels, some of them mislabelled, with the features of the recipe.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import os
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks import landscape
from benchmarks.landscape import KINDS, Landscape
from benchmarks.scenes import Archive, Tile, aoi_of, write_scenes
from benchmarks.scorer_data import MISLABELLED, bundle_of
from training.bundle import SCORER_FORMAT, ModelBundle, library_versions
from training.classes import ClassTable
from training.config import TrainingConfig

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from imagery.recipe_model import Recipe

SAMPLES = 15_000
TRAINED_ON = Archive((Tile(name="36KTG", size=512, seed=77),))
"""Another landscape than the one that is mapped."""


def kept_bundle(recipe: Recipe, config: TrainingConfig | None = None, samples: int = SAMPLES) -> Path:
    """Return the folder of a fitted bundle with its scorer.

    It is fitted at the first call, which takes minutes, and gets its scorer again when the scorer's format changes.
    """
    config = config or TrainingConfig()
    painted = [inspect.getsource(landscape), repr(TRAINED_ON.tiles), TRAINED_ON.season]
    facts = [recipe.fingerprint, config.identity(), samples, library_versions(), *painted]
    name = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "geocrop-benchmarks"
    plain, scored = cache / f"bundle-{name}", cache / f"scored-{name}-{SCORER_FORMAT}"
    if not plain.is_dir():
        _keep(fit_bundle(recipe, config, samples), plain, scored=False)
    if not scored.is_dir():
        _keep(ModelBundle.load(plain), scored, scored=True)
    return scored


def _keep(bundle: ModelBundle, folder: Path, *, scored: bool) -> None:
    """Save a bundle, whole or not at all."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".part-") as part:
        bundle.save(Path(part) / "bundle", scored=scored)
        shutil.move(Path(part) / "bundle", folder)


def fit_bundle(recipe: Recipe, config: TrainingConfig, samples: int, archive: Archive = TRAINED_ON) -> ModelBundle:
    """Fit all learners on pixels of made-up scenes, and name classes and features as the class table and recipe do."""
    X, kinds = measured(recipe, archive)
    random = np.random.default_rng(3)
    chosen = random.permutation(len(X))[:samples]
    X, y = X[chosen], kinds[chosen]
    wrong = random.random(len(y)) < MISLABELLED
    y[wrong] = random.integers(0, len(KINDS), int(wrong.sum()))
    return named(bundle_of(X, y, config), recipe, sorted(kind.name for kind in KINDS))


def measured(recipe: Recipe, archive: Archive) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return features float32 [n, feature] of the pixels of made-up scenes, and the number of each one's class."""
    from imagery.composite import composite_block
    from imagery.features import features_of
    from imagery.grid import map_grid
    from imagery.search import find_scenes

    [tile] = archive.tiles
    with tempfile.TemporaryDirectory(prefix="geocrop-bench-") as folder:
        catalogue = str(write_scenes(Path(folder), archive))
        aoi = aoi_of(tile)
        items = find_scenes(catalogue, recipe, aoi.geometry, archive.season).items
        made = composite_block(items, recipe, map_grid(aoi, recipe.grid, items), archive.season)
    rank = np.argsort(np.argsort([kind.name for kind in KINDS]))
    kinds = rank[Landscape(tile.size, tile.seed).kinds]
    seen = made.clear.ravel() > 0
    features = features_of(made.values, recipe).reshape(len(recipe.feature_names), -1).T
    return np.ascontiguousarray(features[seen]), kinds.ravel()[seen]


def named(bundle: ModelBundle, recipe: Recipe, names: list[str]) -> ModelBundle:
    """Return a bundle of the recipe's features, whose classes are of the class table."""
    table = ClassTable.load()
    classes = tuple(names)
    fits = tuple(replace(fit, features=recipe.feature_names, classes=classes) for fit in bundle.learners)
    codes = tuple(table.by_name(name).code for name in names)
    return replace(bundle, learners=fits, recipe=recipe.id, features=recipe.feature_names, classes=classes, codes=codes)
