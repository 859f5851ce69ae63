"""The registry on a real MLflow with SQLite: every run ends as it went, every version is found again."""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from resources.registry import MAX_PARAM_LENGTH, ModelRegistry, ModelVersionNotFound, RegistryUnavailable

FACTS = {"bundle_hash": "h1", "dataset_version": "v1", "dataset_digest": "d1", "variant": "Raw", "recipe": "r@1"}


def register(registry: ModelRegistry, **facts: str) -> int:
    with registry.run("v1 Raw", {"dagster_run_id": "run-1"}) as run_id:
        return registry.register(run_id, "s3://bucket/bundle", FACTS | facts)


def test_a_run_that_ends_well_is_finished_and_names_its_dagster_run(registry: ModelRegistry) -> None:
    with registry.run("v1 Raw", {"dagster_run_id": "run-1"}) as run_id:
        registry.log_metrics(run_id, {"macro_f1": 0.7})
    run = registry.client.get_run(run_id)
    assert (run.info.status, run.info.run_name) == ("FINISHED", "v1 Raw")
    assert run.data.tags["dagster_run_id"] == "run-1"
    assert run.data.metrics == {"macro_f1": 0.7}


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_run_that_raises_is_a_failure_and_the_error_goes_on(
    registry: ModelRegistry, error: type[BaseException]
) -> None:
    with pytest.raises(error), registry.run("v1 Raw", {}) as run_id:
        raise error
    assert registry.client.get_run(run_id).info.status == "FAILED"


def test_runs_of_two_at_once_do_not_meet(registry: ModelRegistry) -> None:
    with registry.run("one", {}) as one:
        with pytest.raises(ValueError, match="other"), registry.run("other", {}) as other:
            raise ValueError("other")
        registry.log_metrics(one, {"a": 1.0})
    statuses = {name: registry.client.get_run(run).info.status for name, run in (("one", one), ("other", other))}
    assert statuses == {"one": "FINISHED", "other": "FAILED"}


def test_more_parameters_than_a_call_takes_and_longer_ones_than_mlflow_keeps(registry: ModelRegistry) -> None:
    given: dict[str, object] = {f"p{number:03}": number for number in range(250)}
    given["long"] = "x" * (MAX_PARAM_LENGTH + 500)
    with registry.run("many", {}) as run_id:
        registry.log_params(run_id, given)
    kept = registry.client.get_run(run_id).data.params
    assert len(kept) == 251
    assert kept["p249"] == "249"
    assert kept["long"] == "x" * MAX_PARAM_LENGTH


def test_files_of_a_folder_are_artifacts_of_a_run_that_has_ended(registry: ModelRegistry, tmp_path: Path) -> None:
    folder = tmp_path / "report"
    folder.mkdir()
    (folder / "report.md").write_text("good")
    with registry.run("files", {}) as run_id:
        pass
    registry.log_folder(run_id, folder)
    assert [one.path for one in registry.client.list_artifacts(run_id)] == ["report.md"]
    assert registry.client.get_run(run_id).info.status == "FINISHED"


def test_an_empty_registry_has_neither_versions_nor_champion(registry: ModelRegistry) -> None:
    assert list(registry.versions()) == []
    assert registry.champion() is None
    assert registry.candidate() is None
    assert registry.find_bundle("h1") is None


def test_registered_twice_the_model_has_two_versions_and_the_last_is_the_candidate(registry: ModelRegistry) -> None:
    assert [register(registry), register(registry, bundle_hash="h2")] == [1, 2]
    assert [one.version for one in registry.versions()] == [2, 1]
    candidate = registry.candidate()
    assert candidate is not None
    assert (candidate.version, candidate.aliases, candidate.is_champion) == (2, ("candidate",), False)
    assert (candidate.bundle_hash, candidate.recipe, candidate.dataset_digest) == ("h2", "r@1", "d1")


def test_the_champion_moves_in_one_call_and_keeps_its_other_alias(registry: ModelRegistry) -> None:
    register(registry)
    register(registry, bundle_hash="h2")
    for version in (1, 2, 1):
        registry.set_champion(version)
        champion = registry.champion()
        assert champion is not None
        assert champion.version == version
        assert [one.version for one in registry.versions() if one.is_champion] == [version]
    assert registry.version(2).aliases == ("candidate",)


def test_a_bundle_is_found_by_its_hash_in_its_newest_version(registry: ModelRegistry) -> None:
    register(registry)
    register(registry)
    found = registry.find_bundle("h1")
    assert found is not None
    assert found.version == 2


def test_tags_are_added_to_a_version(registry: ModelRegistry) -> None:
    register(registry)
    registry.tag_version(1, {"gate": "passed"})
    assert registry.version(1).tags["gate"] == "passed"
    assert registry.version(1).tags["variant"] == "Raw"


def test_all_versions_are_listed_page_by_page(registry: ModelRegistry, monkeypatch: pytest.MonkeyPatch) -> None:
    with registry.run("many", {}) as run_id:
        for number in range(7):
            registry.register(run_id, "s3://bucket/bundle", FACTS | {"bundle_hash": f"h{number}"})
    search, pages = registry.client.search_model_versions, []

    def small_pages(query: str, **options: Any) -> Any:  # noqa: ANN401
        pages.append(options)
        return search(query, max_results=3, **options)

    monkeypatch.setattr(registry.client, "search_model_versions", small_pages)
    assert [one.version for one in registry.versions()] == [7, 6, 5, 4, 3, 2, 1]
    assert len(pages) == 3


@pytest.mark.parametrize("number", [1, 0, -1])
def test_a_version_that_is_not_there_is_told_by_its_number(registry: ModelRegistry, number: int) -> None:
    with pytest.raises(ModelVersionNotFound, match=f"no version {number} of 'geocrop'"):
        registry.version(number)


def test_a_registry_that_fails_is_not_a_version_that_is_missing(
    registry: ModelRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow.exceptions import MlflowException

    def fail(*_: object) -> None:
        raise MlflowException("the database is locked")

    register(registry)
    monkeypatch.setattr(registry.client, "get_model_version", fail)
    with pytest.raises(RegistryUnavailable, match="locked"):
        registry.version(1)
    monkeypatch.setattr(registry.client, "get_registered_model", fail)
    with pytest.raises(RegistryUnavailable, match="locked"):
        registry.champion()


def test_an_experiment_made_by_another_run_meanwhile_is_taken(
    registry: ModelRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = registry.experiment_id()
    find, answers = registry.client.get_experiment_by_name, [None]
    monkeypatch.setattr(
        registry.client, "get_experiment_by_name", lambda name: answers.pop() if answers else find(name)
    )
    assert registry.experiment_id() == made


def test_threads_that_meet_share_one_client(registry: ModelRegistry, monkeypatch: pytest.MonkeyPatch) -> None:
    import mlflow

    made: list[object] = []

    def slow(**_: object) -> object:
        time.sleep(0.05)
        made.append(object())
        return made[-1]

    monkeypatch.setattr(mlflow, "MlflowClient", slow)
    remote = ModelRegistry(tracking_uri="http://127.0.0.1:9")
    with ThreadPoolExecutor(8) as threads:
        clients = set(threads.map(lambda _: remote.client, range(8)))
    assert clients == set(made)
    assert len(made) == 1


def test_two_runs_that_open_a_fresh_database_at_once_leave_it_whole(tmp_path: Path) -> None:
    """Both variants of the first training did: the tables were made twice, and one run failed."""
    code = (
        "import sys; from resources.registry import ModelRegistry;"
        "print(ModelRegistry(tracking_uri='sqlite:///' + sys.argv[1], artifact_root=sys.argv[2]).experiment_id())"
    )
    words = [sys.executable, "-W", "ignore", "-c", code, str(tmp_path / "mlflow.db"), (tmp_path / "artifacts").as_uri()]
    racers = [subprocess.Popen(words, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    told = [racer.communicate(timeout=120)[0].strip() for racer in racers]
    assert [racer.returncode for racer in racers] == [0, 0, 0]
    assert len(set(told)) == 1
