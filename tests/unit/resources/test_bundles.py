"""Bundles in the store: whole or not at all, once under their hash, and checked when they are read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from resources.bundles import (
    INDEX_NAME,
    BundleNotFound,
    bundle_uri,
    has_bundle,
    load_bundle,
    publish_bundle,
    scorer_facts,
)
from resources.layout import MODELS, bundle_prefix
from resources.object_store import FolderStore

if TYPE_CHECKING:
    from tests.unit.resources.conftest import Trained


def keys(store: FolderStore) -> list[str]:
    return [one.key for one in store.list(MODELS)]


def test_a_bundle_comes_back_as_it_went_and_predicts_the_same(store: FolderStore, good_model: Trained) -> None:
    bundle = good_model.bundle
    assert publish_bundle(store, bundle) == bundle_uri(bundle.hash)
    again = load_bundle(store, bundle.hash)
    X = good_model.frame[list(bundle.features)].to_numpy(np.float32)
    assert again.hash == bundle.hash
    np.testing.assert_array_equal(again.predict_proba(X), bundle.predict_proba(X))


def test_published_again_it_is_left_as_it_is(store: FolderStore, good_model: Trained) -> None:
    publish_bundle(store, good_model.bundle)
    before = [(one.key, one.modified) for one in store.list(MODELS)]
    publish_bundle(store, good_model.bundle)
    assert [(one.key, one.modified) for one in store.list(MODELS)] == before


def test_a_bundle_is_published_with_its_scorer_and_says_so(store: FolderStore, good_model: Trained) -> None:
    publish_bundle(store, good_model.bundle)
    again = load_bundle(store, good_model.bundle.hash)
    X = good_model.frame[list(again.features)].to_numpy(np.float32)
    assert again.scorer is not None
    np.testing.assert_allclose(again.score(X), good_model.bundle.predict_proba(X), atol=1e-6, rtol=0)
    facts = scorer_facts(store, good_model.bundle.hash)
    assert facts["converted"] == ["random_forest"]
    assert facts["plain"] == {}


def test_a_bundle_published_before_there_were_scorers_is_predicted_by_its_libraries(
    store: FolderStore, good_model: Trained, tmp_path: Path
) -> None:
    bundle, prefix = good_model.bundle, bundle_prefix(good_model.bundle.hash)
    bundle.save(tmp_path / "old")
    names = [path.relative_to(tmp_path / "old").as_posix() for path in (tmp_path / "old").rglob("*") if path.is_file()]
    for name in names:
        store.put_file(MODELS, f"{prefix}/{name}", tmp_path / "old" / name)
    store.put(MODELS, f"{prefix}/{INDEX_NAME}", json.dumps(names).encode(), content_type="application/json")
    assert publish_bundle(store, bundle) == bundle_uri(bundle.hash)
    again = load_bundle(store, bundle.hash)
    X = good_model.frame[list(bundle.features)].to_numpy(np.float32)
    assert again.scorer is None
    assert scorer_facts(store, bundle.hash) == {}
    assert np.array_equal(again.score(X), bundle.predict_proba(X))


def test_without_its_index_a_bundle_is_not_there_and_is_published_whole(
    store: FolderStore, good_model: Trained
) -> None:
    publish_bundle(store, good_model.bundle)
    whole = keys(store)
    index = f"{bundle_prefix(good_model.bundle.hash)}/{INDEX_NAME}"
    store.delete(MODELS, index)
    store.delete(MODELS, next(key for key in whole if key != index))
    assert not has_bundle(store, good_model.bundle.hash)
    with pytest.raises(BundleNotFound, match=good_model.bundle.hash):
        load_bundle(store, good_model.bundle.hash)
    publish_bundle(store, good_model.bundle)
    assert keys(store) == whole


def test_a_cached_bundle_needs_no_store(store: FolderStore, good_model: Trained, tmp_path: Path) -> None:
    publish_bundle(store, good_model.bundle)
    cache = tmp_path / "cache"
    load_bundle(store, good_model.bundle.hash, cache)
    for key in keys(store):
        store.delete(MODELS, key)
    assert load_bundle(store, good_model.bundle.hash, cache).hash == good_model.bundle.hash


def test_a_download_that_dies_leaves_nothing_in_the_cache(
    store: FolderStore, good_model: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_bundle(store, good_model.bundle)
    cache, real, done = tmp_path / "cache", store.download, []

    def dying(bucket: str, key: str, path: Path) -> object:
        if done:
            raise ConnectionError
        done.append(key)
        return real(bucket, key, path)

    monkeypatch.setattr(store, "download", dying)
    with pytest.raises(ConnectionError):
        load_bundle(store, good_model.bundle.hash, cache)
    assert list(cache.iterdir()) == []


def test_a_bundle_brought_by_another_process_meanwhile_is_taken(
    store: FolderStore, good_model: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_bundle(store, good_model.bundle)
    cache = tmp_path / "cache"
    real = store.get

    def slow(bucket: str, key: str) -> bytes:
        if key.endswith(INDEX_NAME):
            monkeypatch.undo()
            load_bundle(store, good_model.bundle.hash, cache)
        return real(bucket, key)

    monkeypatch.setattr(store, "get", slow)
    assert load_bundle(store, good_model.bundle.hash, cache).hash == good_model.bundle.hash
    assert [path.name for path in cache.iterdir()] == [good_model.bundle.hash]
