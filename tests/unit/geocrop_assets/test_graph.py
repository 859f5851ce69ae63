"""The whole asset graph as it is loaded: every asset with what the UI shows of it, every edge, every job."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from geocrop_assets import partitions
from geocrop_assets.definitions import build_definitions
from resources.settings import Settings
from sensors import tags

LEARNERS = ("random_forest", "xgboost_model", "lightgbm_model", "catboost_model")
#: Asset -> group, partitions, kinds.
ASSETS: dict[str, tuple[str, dg.PartitionsDefinition[str] | None, set[str]]] = {
    "baseline": ("ingest", partitions.baseline_years, {"cog", "stac"}),
    "samples": ("datasets", partitions.dataset_versions, {"geoparquet", "geopandas"}),
    "training_features": ("features", partitions.dataset_versions, {"parquet", "numpy"}),
    "feature_selection": ("models", partitions.dataset_versions, {"lightgbm"}),
    "random_forest": ("models", partitions.models, {"scikitlearn"}),
    "xgboost_model": ("models", partitions.models, {"xgboost"}),
    "lightgbm_model": ("models", partitions.models, {"lightgbm"}),
    "catboost_model": ("models", partitions.models, {"catboost"}),
    "candidate_model": ("models", partitions.models, {"mlflow", "s3"}),
    "evaluation": ("models", partitions.models, {"mlflow", "matplotlib"}),
    "champion_model": ("promotion", None, {"mlflow"}),
    "season_composite": ("maps", partitions.aoi_seasons, {"stac", "geotiff"}),
    "crop_map": ("maps", partitions.aoi_seasons, {"cog", "stac"}),
}
#: Asset -> what it is made of. A composite follows the champion's recipe, which is read when it is made: no edge, so
#: that a promotion leaves composites fresh.
EDGES: dict[str, set[str]] = {
    "baseline": set(),
    "samples": set(),
    "training_features": {"samples"},
    "feature_selection": {"training_features"},
    **{name: {"training_features", "feature_selection"} for name in LEARNERS},
    "candidate_model": {"training_features", *LEARNERS},
    "evaluation": {"training_features", "candidate_model", *LEARNERS},
    "champion_model": {"candidate_model", "evaluation"},
    "season_composite": set(),
    "crop_map": {"season_composite", "champion_model"},
}
#: Check -> its asset, and whether it stops what follows.
CHECKS = {
    ("samples", "labels_are_known"): False,
    ("samples", "classes_can_be_learned"): True,
    ("training_features", "features_are_observed"): False,
    ("feature_selection", "no_leakage_between_folds"): True,
    ("evaluation", "beats_champion"): True,
    ("crop_map", "is_valid_cog"): False,
    ("crop_map", "enough_clear_observations"): False,
    ("crop_map", "inside_area_of_applicability"): False,
    ("baseline", "is_valid_cog"): False,
}
JOBS = {
    tags.PREPARE_JOB: {"samples", "training_features", "feature_selection"},
    tags.TRAIN_JOB: {*LEARNERS, "candidate_model", "evaluation"},
    tags.PROMOTE_JOB: {"champion_model"},
    tags.BASELINE_JOB: {"baseline"},
    tags.MAP_JOB: {"season_composite", "crop_map"},
}
MIN_DESCRIPTION, MAX_DESCRIPTION = 200, 900
HEAVY = [
    *("catboost", "geopandas", "lightgbm", "matplotlib", "mlflow", "odc", "pyproj", "pystac", "pystac_client"),
    *("rasterio", "rio_cogeo", "scipy", "shapely", "sklearn", "xgboost"),
]


@pytest.fixture(scope="module")
def definitions(tmp_path_factory: pytest.TempPathFactory) -> dg.Definitions:
    """Return everything the platform is made of, on the defaults."""
    return build_definitions(Settings(home=tmp_path_factory.mktemp("home")))


@pytest.fixture(scope="module")
def specs(definitions: dg.Definitions) -> dict[str, dg.AssetSpec]:
    """Return the assets by name."""
    return {spec.key.to_user_string(): spec for spec in definitions.resolve_all_asset_specs()}


def test_the_graph_has_the_assets_of_the_design_and_no_others(specs: dict[str, dg.AssetSpec]) -> None:
    assert set(specs) == set(ASSETS)


@pytest.mark.parametrize("name", ASSETS)
def test_an_asset_says_what_one_partition_is_and_who_owns_it(name: str, specs: dict[str, dg.AssetSpec]) -> None:
    spec = specs[name]
    group, partitions_def, kinds = ASSETS[name]
    assert spec.group_name == group
    assert spec.partitions_def == partitions_def
    assert spec.kinds == kinds
    assert list(spec.owners) == ["team:geocrop"]
    assert spec.code_version
    description = spec.description or ""
    assert MIN_DESCRIPTION <= len(description) <= MAX_DESCRIPTION
    assert ("Not partitioned" if partitions_def is None else "One partition is one") in description


@pytest.mark.parametrize("name", EDGES)
def test_an_asset_is_made_of_what_the_design_says(name: str, specs: dict[str, dg.AssetSpec]) -> None:
    assert {dep.asset_key.to_user_string() for dep in specs[name].deps} == EDGES[name]


def test_every_claim_is_there_with_a_description_and_blocks_where_it_must(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    found = {(key.asset_key.to_user_string(), key.name): graph.get_check_spec(key) for key in graph.asset_check_keys}
    assert {key: spec.blocking for key, spec in found.items()} == CHECKS
    assert all(spec.description for spec in found.values())


@pytest.mark.parametrize("name", JOBS)
def test_a_job_makes_its_assets_with_the_claims_about_them(name: str, definitions: dg.Definitions) -> None:
    job = definitions.resolve_job_def(name)
    selected = {key.to_user_string() for key in job.asset_layer.executable_asset_keys}
    assert selected == JOBS[name]
    checks = {(key.asset_key.to_user_string(), key.name) for key in job.asset_layer.asset_graph.asset_check_keys}
    assert checks >= {key for key in CHECKS if key[0] in selected}
    assert job.partitions_def == ASSETS[next(iter(selected))][1]
    assert job.tags[tags.LANE_TAG] == "batch"
    assert job.description


def test_sensors_launch_jobs_that_are_there(definitions: dg.Definitions) -> None:
    launched = {
        sensor.name: {target.job_name for target in sensor.targets}
        for sensor in definitions.sensors or ()
        if sensor.targets
    }
    assert launched == {
        "detect_new_batches": {tags.PREPARE_JOB},
        "retrain_on_new_features": {tags.TRAIN_JOB},
        "promote_best_candidate": {tags.PROMOTE_JOB},
        "detect_new_baselines": {tags.BASELINE_JOB},
    }
    assert {sensor.name for sensor in definitions.sensors or ()} - set(launched) == {"alert_on_run_failure"}


@pytest.mark.parametrize("automatic", [False, True])
def test_training_and_promotion_run_by_themselves_only_where_the_installation_says_so(
    automatic: bool, tmp_path: Path
) -> None:
    definitions = build_definitions(Settings(home=tmp_path, auto_train=automatic, auto_promote=automatic))
    running = {
        sensor.name for sensor in definitions.sensors or () if sensor.default_status == dg.DefaultSensorStatus.RUNNING
    }
    always = {"detect_new_batches", "detect_new_baselines", "alert_on_run_failure"}
    assert running == (always | {"retrain_on_new_features", "promote_best_candidate"} if automatic else always)


def test_only_one_promotion_runs_at_a_time(definitions: dg.Definitions) -> None:
    assert definitions.resolve_assets_def("champion_model").op.pool == "promotion"


def test_loading_the_code_location_imports_no_heavy_library(tmp_path: Path) -> None:
    """Each of Dagster's processes loads it: a heavy import costs every one of them seconds."""
    program = (
        "import sys; from geocrop_assets.definitions import defs; loaded = defs(); loaded.get_repository_def();"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    environment = os.environ | {"GEOCROP_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout.strip() == "[]"
