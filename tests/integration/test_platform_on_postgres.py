"""Dagster and MLflow on PostgreSQL, artifacts and tables on S3: a dataset is prepared, a model trained and promoted.

The dataset is a table of features, so that no imagery is read. What was made is read back by others than who made it:
a second instance, a second client, and the databases themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import dagster as dg
import psycopg2
import pytest

from geocrop_assets.cli.runs import LOCAL_INSTANCE, Platform, open_platform
from geocrop_assets.partitions import DATASET_VERSION, model_key
from resources.layout import DATASETS
from resources.object_store import ObjectStore, S3Store
from resources.platform import registry_of, store_of
from resources.promotion import audit_records
from resources.registry import ModelVersion
from resources.settings import Settings
from sensors import tags

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.integration, pytest.mark.slow]

FEW = {"rounds": 5, "early_stopping": False}
LEARNING = {
    "training": {
        "config": {
            "settings": {
                "folds": 2,
                "forest": {"n_estimators": 8},
                "xgboost": FEW,
                "lightgbm": FEW,
                "catboost": FEW,
                "scout": {"enabled": False, "rounds": 3, "repeats": 1},
            }
        }
    }
}
GATE = {"gate": {"config": {"min_training_samples": 3, "min_groups": 3}}}


@dataclass(frozen=True)
class Story:
    """Where it all happened, and what the registry says of it."""

    settings: Settings
    store: ObjectStore
    dagster_url: str
    mlflow: Any
    champion: ModelVersion


@pytest.fixture(scope="module")
def story(
    *,
    empty_s3: Any,  # noqa: ANN401
    mlflow_server: Any,  # noqa: ANN401
    postgis_server: Any,  # noqa: ANN401
    make_dagster_home: Callable[..., Path],
    feature_table: Any,  # noqa: ANN401
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Story]:
    """Prepare, train and promote, once."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch, postgis_server.fresh(postgis=False) as url:
        patch.setenv("AWS_SECRET_ACCESS_KEY", empty_s3.secret_key)
        settings = Settings(
            home=home,
            dagster_home=make_dagster_home(home / "dagster", LOCAL_INSTANCE, url),
            s3_endpoint=f"http://{empty_s3.endpoint}",
            s3_access_key=empty_s3.access_key,
            mlflow_uri=mlflow_server.url,
            model_name="geocrop-on-postgres",  # others share the MLflow server
            recipe="tiny",
            recipes_dir=feature_table.write_recipe(home / "recipes"),
            threads=2,
        )
        platform = open_platform(settings)
        with platform.instance:
            store, champion = tell(platform, feature_table.batch(1, rows=120, groups=24))
        yield Story(settings, store, url, mlflow_server, champion)


def tell(platform: Platform, batch: bytes) -> tuple[ObjectStore, ModelVersion]:
    store = store_of(platform.settings)
    store.put(DATASETS, "v1/a.csv", batch, content_type="text/csv")
    platform.instance.add_dynamic_partitions(DATASET_VERSION, ["v1"])
    platform.run(tags.PREPARE_JOB, partition="v1", config={"resources": LEARNING})
    learning = {"resources": LEARNING | GATE, "ops": {"evaluation": {"config": {"random_rows": False}}}}
    platform.run(tags.TRAIN_JOB, partition=str(model_key("v1", "Raw")), config=learning)
    act = {tags.CHAMPION_MODEL: {"config": {"version": 1, "reason": "the first model"}}}
    platform.run(tags.PROMOTE_JOB, config={"ops": act, "resources": GATE})
    champion = registry_of(platform.settings).champion()
    assert champion is not None
    return store, champion


def rows(url: str, query: str) -> list[tuple[Any, ...]]:
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall()


def test_another_instance_reads_the_runs_and_what_they_made(story: Story) -> None:
    with dg.DagsterInstance.from_config(str(story.settings.dagster_home)) as instance:
        runs = {run.job_name: run.status for run in instance.get_runs()}
        made = instance.get_latest_materialization_event(dg.AssetKey("candidate_model"))
        assert instance.get_dynamic_partitions(DATASET_VERSION) == ["v1"]
    success = dg.DagsterRunStatus.SUCCESS
    assert runs == {tags.PREPARE_JOB: success, tags.TRAIN_JOB: success, tags.PROMOTE_JOB: success}
    assert made is not None
    assert made.dagster_event is not None
    assert made.dagster_event.partition == str(model_key("v1", "Raw"))


def test_dagster_keeps_its_state_in_postgresql_and_none_in_files(story: Story) -> None:
    assert rows(story.dagster_url, "SELECT count(*) FROM runs WHERE status = 'SUCCESS'") == [(3,)]
    assert [path.name for path in story.settings.home.rglob("*.db")] == []


def test_the_champion_is_in_mlflows_database_with_its_metrics(story: Story) -> None:
    url, name = story.mlflow.database_url, story.settings.model_name
    aliases = rows(url, f"SELECT alias, version FROM registered_model_aliases WHERE name = '{name}' ORDER BY alias")  # noqa: S608
    assert aliases == [("candidate", 1), ("champion", 1)]
    run = story.champion.mlflow_run_id
    assert rows(url, f"SELECT status FROM runs WHERE run_uuid = '{run}'") == [("FINISHED",)]  # noqa: S608
    [[metrics]] = rows(url, f"SELECT count(*) FROM metrics WHERE run_uuid = '{run}'")  # noqa: S608
    assert metrics > 0


def test_artifacts_are_objects_on_s3_and_come_back_through_the_server(story: Story, tmp_path: Path) -> None:
    client = registry_of(story.settings).client
    run = story.champion.mlflow_run_id
    files = [one.path for one in client.list_artifacts(run) if not one.is_dir]
    assert files
    kept = [one.key for one in story.store.list(story.mlflow.bucket, "") if run in one.key]
    assert {key.rpartition("/")[2] for key in kept} >= {path.rpartition("/")[2] for path in files}
    [key] = [key for key in kept if key.endswith(f"/{files[0]}")]
    fetched = client.download_artifacts(run, files[0], str(tmp_path))
    with open(fetched, "rb") as file:  # noqa: PTH123
        assert file.read() == story.store.get(story.mlflow.bucket, key)


def test_the_promotion_is_in_the_audit_log_on_s3(story: Story) -> None:
    assert isinstance(story.store, S3Store)
    assert [(one.version, one.state) for one in audit_records(story.store)][-1] == (1, "done")
