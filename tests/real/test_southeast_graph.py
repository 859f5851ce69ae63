"""Six real batches, uploaded one after another, through the platform's sensors, graph and gate."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
import pytest

from geocrop_assets.cli.datasets import upload_batches
from geocrop_assets.cli.runs import RunFailed
from geocrop_assets.partitions import DATASET_VERSION, model_key
from resources.build import store_resource_of
from resources.evidence import read_held_out
from resources.layout import FEATURES, MODELS, report_key
from resources.platform import registry_of, store_of
from resources.promotion import audit_records, read_gate
from resources.tables import read_table
from sensors import tags
from sensors.batches import read_cursor
from training.gate_record import GateDecision

if TYPE_CHECKING:
    from geocrop_assets.cli.runs import Platform

    PlatformMaker = Callable[..., Platform]

pytestmark = [pytest.mark.real, pytest.mark.slow]

VERSION = "southeast-2019"
ONE_CLASS = {"southeast_batch_20220214.csv": "non-crop", "southeast_batch_20220222.csv": "crop"}
QUIET_SECONDS = 0.3
#: Half the forest and a fifth of the rounds: what is proved here is the flow and the gate, not the accuracy, which
#: test_southeast_reproduction.py measures with all of them.
ROUNDS = {"rounds": 60, "early_stopping": False}
TRAINING = {
    "forest": {"n_estimators": 100},
    "xgboost": ROUNDS,
    "lightgbm": ROUNDS,
    "catboost": ROUNDS,
    "scout": {"rounds": 30, "repeats": 1},
}
SMALL = {"resources": {"training": {"config": {"settings": TRAINING}}}}


@dataclass
class Sensors:
    """The real sensors on a real instance, each with the cursor that its last tick left."""

    platform: Platform
    cursors: dict[str, str | None] = field(default_factory=dict)

    def tick(self, name: str) -> list[dg.RunRequest]:
        """Let a sensor look once, as the daemon would, and do what it asks of partitions."""
        [sensor] = [one for one in self.platform.definitions.sensors or () if one.name == name]
        resources = {"store": store_resource_of(self.platform.settings)} if name == "detect_new_batches" else {}
        context = dg.build_sensor_context(
            instance=self.platform.instance, cursor=self.cursors.get(name), resources=resources
        )
        result = sensor(context)
        assert isinstance(result, dg.SensorResult)
        self.cursors[name] = result.cursor
        for added in result.dynamic_partitions_requests or ():
            self.platform.instance.add_dynamic_partitions(DATASET_VERSION, list(added.partition_keys))
        return list(result.run_requests or ())


@dataclass
class Trained:
    """One state of the dataset version that was prepared and trained."""

    request: dg.RunRequest
    prepared: dg.ExecuteInProcessResult
    asked: list[dg.RunRequest]
    version: int
    bundle: str
    held_out: frozenset[str]
    gate: GateDecision
    champion_before: int | None
    failure: str


@dataclass
class Story:
    """All that happened, in order."""

    platform: Platform
    looks: list[tuple[str, list[dg.RunRequest], list[dg.RunRequest]]]
    trained: list[Trained]


@pytest.fixture(scope="module")
def paths(real_data: Path) -> list[Path]:
    return sorted((real_data / "deafrica_south_east" / "batches").glob("*.csv"))


def open_southeast(platform_on: PlatformMaker, name: str) -> Platform:
    # No scene is read: every batch brings its features.
    return platform_on(name, recipe="geomad-semiannual", catalogue="unused", debounce_seconds=QUIET_SECONDS)


@pytest.fixture(scope="module")
def story(paths: list[Path], platform_on: PlatformMaker) -> Story:
    """Upload batch after batch; train after the first and after all six, and promote whom the gate lets pass."""
    platform = open_southeast(platform_on, "southeast")
    sensors = Sensors(platform)
    told = Story(platform, [], [])
    for path in paths:
        upload_batches(platform.settings, [path], VERSION)
        hasty = sensors.tick("detect_new_batches")
        time.sleep(QUIET_SECONDS)
        rested = sensors.tick("detect_new_batches")
        told.looks.append((path.name, hasty, rested))
        if path in (paths[0], paths[-1]):
            told.trained.append(train(platform, sensors, rested[0]))
    return told


def train(platform: Platform, sensors: Sensors, request: dg.RunRequest) -> Trained:
    """Run what the sensors ask for: prepare, then the variant Raw (trees do not mind scales), then promote."""
    assert request.partition_key is not None
    prepared = platform.run(tags.PREPARE_JOB, partition=request.partition_key, config=SMALL, tags=request.tags)
    asked = sensors.tick("retrain_on_new_features")
    registry, store = registry_of(platform.settings), store_of(platform.settings)
    champion = registry.champion()
    failure = ""
    try:
        platform.run(tags.TRAIN_JOB, partition=str(model_key(VERSION, "Raw")), config=SMALL)
    except RunFailed as error:
        failure = str(error)
    candidate = registry.candidate()
    assert candidate is not None
    gate = read_gate(store, registry, candidate)
    if gate.passed:
        config = {"version": candidate.version, "reason": "passed the gate", "by": "test"}
        platform.run(tags.PROMOTE_JOB, config={"ops": {tags.CHAMPION_MODEL: {"config": config}}})
    held_out = frozenset(read_held_out(store, candidate.bundle_hash).groups.tolist())
    before = None if champion is None else champion.version
    return Trained(request, prepared, asked, candidate.version, candidate.bundle_hash, held_out, gate, before, failure)


def report_of(story: Story, trained: Trained) -> dict[str, Any]:
    store = store_of(story.platform.settings)
    found: dict[str, Any] = json.loads(store.get(MODELS, report_key(trained.bundle, "report.json")))
    return found


def samples_report(result: dg.ExecuteInProcessResult) -> dict[str, Any]:
    [event] = result.asset_materializations_for_node("samples")
    found: dict[str, Any] = event.metadata["report"].value  # type: ignore[assignment]
    return found


def macro_f1(scores: dict[str, Any]) -> float:
    return float(scores["macro_f1"]["value"])


def digests(requests: Sequence[dg.RunRequest]) -> list[str]:
    return [request.tags[tags.DATASET_DIGEST_TAG] for request in requests]


def test_every_state_of_the_uploads_is_asked_for_once_when_it_has_come_to_rest(story: Story) -> None:
    assert [len(hasty) for _, hasty, _ in story.looks] == [0] * 6
    assert [len(rested) for _, _, rested in story.looks] == [1] * 6
    requests = [rested[0] for _, _, rested in story.looks]
    assert {request.partition_key for request in requests} == {VERSION}
    assert len({request.run_key for request in requests}) == len(set(digests(requests))) == 6
    assert list(story.platform.instance.get_dynamic_partitions(DATASET_VERSION)) == [VERSION]


def test_the_same_bytes_again_or_a_lost_cursor_make_no_new_content(story: Story, paths: list[Path]) -> None:
    sensors = Sensors(story.platform)  # without a cursor, as after a restart that lost it
    last = digests(story.looks[-1][2])[0]
    upload_batches(story.platform.settings, [paths[2]], VERSION)
    assert sensors.tick("detect_new_batches") == []
    time.sleep(QUIET_SECONDS)
    assert sensors.tick("detect_new_batches") == []  # its features are there already
    assert {seen.digest for seen in read_cursor(sensors.cursors["detect_new_batches"]).values()} == {last}


def test_each_content_is_trained_once_in_every_variant(story: Story) -> None:
    first, second = story.trained
    for trained in (first, second):
        assert digests(trained.asked) == digests([trained.request]) * 2
        variants = {str(request.partition_key) for request in trained.asked}
        assert variants == {f"{VERSION}|Raw", f"{VERSION}|Scaled"}
    assert digests(first.asked) != digests(second.asked)
    again = Sensors(story.platform).tick("retrain_on_new_features")  # a lost cursor: Dagster drops known run keys
    assert {request.run_key for request in again} <= {request.run_key for request in second.asked}


def test_all_rows_become_samples_in_groups_of_row_runs(story: Story) -> None:
    first, second = (samples_report(trained.prepared) for trained in story.trained)
    assert (first["rows_kept"], second["rows_kept"]) == (2_461, 4_177)
    assert second["class_counts"] == {"crop": 1_845, "non-crop": 2_332}
    assert second["recipe"] == "geomad-semiannual@1"
    assert second["groupings"] == {"row-run": 4_177}
    assert any("runs of 60 rows are held out together" in warning for warning in second["warnings"])


def test_features_of_the_batches_are_taken_as_they_are(story: Story, tmp_path: Path) -> None:
    store = store_of(story.platform.settings)
    store.download(FEATURES, f"training_features/{VERSION}.parquet", tmp_path / "features.parquet")
    table = read_table(tmp_path / "features.parquet")
    assert len(table) == 4_177
    assert len(table.attrs["features"]) == 33
    assert table[table.attrs["features"]].notna().all(axis=None)


def test_batches_of_one_class_are_told_of_and_train_with_the_rest(story: Story) -> None:
    report = samples_report(story.trained[1].prepared)
    warned = {name: only for name, only in ONE_CLASS.items() if f"{name}: one class only: {only}" in report["warnings"]}
    assert warned == ONE_CLASS
    checks = {one.check_name: one.passed for one in story.trained[1].prepared.get_asset_check_evaluations()}
    assert checks["classes_can_be_learned"]
    assert checks["no_leakage_between_folds"]


@pytest.mark.parametrize("name", sorted(ONE_CLASS))
def test_a_dataset_of_one_class_stops_at_a_blocking_check(
    name: str, paths: list[Path], platform_on: PlatformMaker
) -> None:
    platform = open_southeast(platform_on, "one-class")
    upload_batches(platform.settings, [path for path in paths if path.name == name], "one-class")
    platform.instance.add_dynamic_partitions(DATASET_VERSION, ["one-class"])
    with pytest.raises(RunFailed, match="classes_can_be_learned"):
        platform.run(tags.PREPARE_JOB, partition="one-class", config=SMALL)
    keys = {key.to_user_string() for key in platform.instance.all_asset_keys() if made(platform, key)}
    assert keys == {"samples"}


def made(platform: Platform, key: dg.AssetKey) -> bool:
    return platform.instance.get_latest_materialization_event(key) is not None


def test_the_first_candidate_becomes_champion(story: Story) -> None:
    first = story.trained[0]
    assert first.champion_before is None
    assert first.failure == ""
    assert first.gate.passed
    acts = list(audit_records(store_of(story.platform.settings)))
    assert (acts[0].action, acts[0].version, acts[0].previous) == ("promote", first.version, None)


def test_the_second_candidate_meets_the_champion_on_the_same_held_out_blocks(story: Story) -> None:
    first, second = story.trained
    assert second.champion_before == first.version
    assert second.gate.champion is not None
    assert second.gate.champion.version == str(first.version)
    assert first.held_out < second.held_out  # a block once held out stays held out
    assert second.gate.evidence.n_groups == len(second.held_out)
    assert second.gate.evidence.left_out_groups == ()
    assert second.gate.evidence.n_samples == sum(recall.support for recall in second.gate.evidence.recalls)


def test_the_gates_verdict_is_what_happens(story: Story) -> None:
    second = story.trained[1]
    champion = registry_of(story.platform.settings).champion()
    assert champion is not None
    acts = list(audit_records(store_of(story.platform.settings)))
    if second.gate.passed:
        assert second.failure == ""
        assert champion.version == second.version
        assert acts[-1].gate is not None
        assert GateDecision.from_dict(acts[-1].gate) == second.gate
    else:
        assert "beats_champion" in second.failure
        assert champion.version == story.trained[0].version
        assert len(acts) == 1


def test_blocked_and_random_scores_stand_side_by_side_and_the_gate_reads_the_blocked_one(story: Story) -> None:
    for trained in story.trained:
        report = report_of(story, trained)
        held_out, blocked, leaky = (macro_f1(report[name]) for name in ("scores", "cross_validated", "leaky"))
        assert leaky > max(held_out, blocked) + 0.02  # random rows flatter: 0.05 to 0.12 here
        assert trained.gate.evidence.macro_f1_candidate == pytest.approx(held_out)
        assert trained.gate.evidence.n_samples == report["scores"]["n_samples"]
        assert "whole runs of consecutive rows (the batch gives no coordinates" in report["method"]
        text = store_of(story.platform.settings).get(MODELS, report_key(trained.bundle, "report.md")).decode()
        assert "random rows (leaky: optimistic, not used by the gate)" in text
        assert "blocked cross-validation" in text
