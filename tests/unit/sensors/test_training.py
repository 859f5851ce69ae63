"""Retraining: the newest content of each live version, in every variant."""

from __future__ import annotations

from sensors.training import FeaturesReady, decide_training


def test_every_variant_is_trained_once_for_a_content() -> None:
    requests = decide_training([FeaturesReady("v1", "d1")], ["Raw", "Scaled"], live_versions=["v1"])
    assert [one.run_key for one in requests] == ["train--v1--Raw--d1", "train--v1--Scaled--d1"]


def test_of_several_contents_only_the_newest_is_trained() -> None:
    ready = [FeaturesReady("v1", "old"), FeaturesReady("v2", "x"), FeaturesReady("v1", "new")]
    requests = decide_training(ready, ["Raw"], live_versions=["v1", "v2"])
    assert {one.run_key for one in requests} == {"train--v1--Raw--new", "train--v2--Raw--x"}


def test_a_removed_version_is_not_trained() -> None:
    assert decide_training([FeaturesReady("gone", "d")], ["Raw"], live_versions=[]) == ()
