"""Evidence: any later champion is judged on the very samples that a candidate was judged on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from resources.bundles import publish_bundle
from resources.evidence import LEARNED_NAME, NotEvaluated, contender, keep_evidence, read_held_out
from resources.layout import MODELS, report_key
from resources.object_store import FolderStore

if TYPE_CHECKING:
    from tests.unit.resources.conftest import Trained


@pytest.fixture
def kept(store: FolderStore, good_model: Trained) -> str:
    """Return the hash of a model whose evidence is kept."""
    publish_bundle(store, good_model.bundle)
    keep_evidence(store, good_model.bundle.hash, good_model.frame, good_model.split)
    return good_model.bundle.hash


def test_the_held_out_samples_come_back_with_all_features_of_the_recipe(
    store: FolderStore, good_model: Trained, kept: str
) -> None:
    table = read_held_out(store, kept)
    held = good_model.frame[good_model.split.test]
    assert table.sample_ids.tolist() == held["sample_id"].tolist()
    assert table.labels.tolist() == held["label"].tolist()
    assert table.features == tuple(good_model.frame.attrs["features"])
    assert (table.recipe, table.dataset_digest) == ("ndvi-season@1", "d1")
    np.testing.assert_array_equal(table.X, held[list(table.features)].to_numpy(np.float32))


def test_it_says_what_was_learned_from(store: FolderStore, good_model: Trained, kept: str) -> None:
    facts = json.loads(store.get(MODELS, report_key(kept, LEARNED_NAME)))
    learned = good_model.frame[good_model.split.train]
    assert facts["training_counts"] == learned["label"].value_counts().to_dict()
    assert facts["training_groups"] == sorted(set(learned["group"]))
    held = set(good_model.frame[good_model.split.test]["group"])
    assert held.isdisjoint(facts["training_groups"])


def test_a_contender_predicts_the_samples_it_is_asked_about(store: FolderStore, kept: str) -> None:
    samples = read_held_out(store, kept)
    judged = contender(store, kept, 7, "geocrop", samples)
    assert (judged.name, judged.version, judged.recipe) == ("geocrop", "7", "ndvi-season@1")
    assert judged.held_out.sample_ids.tolist() == samples.sample_ids.tolist()
    assert (judged.held_out.predicted == samples.labels).mean() > 0.6, "better than a third, which is chance"
    assert judged.held_out.confidence.min() > 1 / 4


def test_a_model_of_another_recipe_is_asked_nothing(store: FolderStore, good_model: Trained, kept: str) -> None:
    other = good_model.frame.copy()
    other.attrs = good_model.frame.attrs | {"recipe": "s2-season@1"}
    keep_evidence(store, "another", other, good_model.split)
    judged = contender(store, kept, 1, "geocrop", read_held_out(store, "another"))
    assert len(judged.held_out) == 0


def test_without_evidence_it_says_so(store: FolderStore, good_model: Trained) -> None:
    with pytest.raises(NotEvaluated, match="never evaluated"):
        read_held_out(store, good_model.bundle.hash)
    publish_bundle(store, good_model.bundle)
    keep_evidence(store, "another", good_model.frame, good_model.split)
    with pytest.raises(NotEvaluated, match="version 4 of geocrop"):
        contender(store, good_model.bundle.hash, 4, "geocrop", read_held_out(store, "another"))
