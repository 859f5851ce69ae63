"""A warm process holds the champion with its scorer, and compiles nothing when a map comes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from imagery import feature_kernels
from resources.bundles import keep_bundles, load_bundle
from resources.lanes.warming import Warmth
from resources.object_store import FolderStore
from resources.registry import ModelRegistry
from resources.settings import Settings
from training import applicability_kernels
from training.scorer import kernels

Trained = Any  # tests/unit/resources/conftest.py


@pytest.fixture
def warmth(tmp_path: Path) -> Iterator[Warmth]:
    """Return what keeps a process warm that finds the fixtures' registry and store."""
    yield Warmth(Settings(home=tmp_path, threads=2))
    keep_bundles(0)


def test_the_champion_is_held_with_its_scorer_and_a_map_compiles_nothing(  # noqa: PLR0917  # pytest calls by name
    warmth: Warmth,
    good_model: Trained,
    poor_model: Trained,
    register: Callable[..., int],
    registry: ModelRegistry,
    store: FolderStore,
) -> None:
    registry.set_champion(register(good_model))
    warmth.warm()
    known = len(kernels.add_large_trees.signatures), len(kernels.search_rows.signatures)
    held = load_bundle(store, good_model.bundle.hash)
    assert held is load_bundle(store, good_model.bundle.hash)
    assert held.scorer is not None
    X = np.random.default_rng(0).normal(size=(9000, len(held.features))).astype(np.float32)
    np.testing.assert_allclose(held.score(X, 2), held.predict_proba(X), atol=1e-6, rtol=0)
    assert (len(kernels.add_large_trees.signatures), len(kernels.search_rows.signatures)) == known
    registry.set_champion(register(poor_model))
    warmth.refresh()
    assert load_bundle(store, poor_model.bundle.hash) is load_bundle(store, poor_model.bundle.hash)


def test_without_a_champion_a_process_is_warm_all_the_same(warmth: Warmth, registry: ModelRegistry) -> None:
    assert registry.champion() is None
    warmth.warm()
    assert warmth._held is None
    assert feature_kernels.write_features.signatures
    assert applicability_kernels.rows_inside.signatures
