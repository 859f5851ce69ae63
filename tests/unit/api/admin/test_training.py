"""Trainings, schedules and watches through the API."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from api.cron import cron_problem, next_time
from api.db import jobs
from api.db.tables import AuditEntry, Job
from api.services import Services
from api.training_jobs import HyperparametersRefused, TrainingOrder, check_hyperparameters, plan_stages
from resources.layout import DATASETS

START = "/admin/training/start"
ASKED = {"dataset_version": "2024-06", "model_variant": "Raw"}


@pytest.fixture(autouse=True)
def _dataset(services: Services) -> None:
    services.store.put(DATASETS, "2024-06/a.csv", b"lon,lat,season,label\n30,-18,2023-2024,maize\n")


def test_a_training_is_a_job_of_two_runs_where_nothing_is_prepared(admin: TestClient, services: Services) -> None:
    asked = {**ASKED, "model_version": "long-rains", "hyperparameters": {"forest": {"n_estimators": 30}}}
    answer = admin.post(START, json=asked)
    assert answer.status_code == 202
    shown = answer.json()
    assert (shown["state"], shown["partition"], shown["stages"]) == (
        "queued",
        "2024-06|Raw",
        ["prepare_dataset", "train_models"],
    )
    assert shown["request"]["model_label"] == "long-rains"
    with services.database.read() as session:
        job = session.get(Job, shown["id"])
        entry = session.scalars(select(AuditEntry)).one()
    assert job is not None
    config = {"resources": {"training": {"config": {"settings": {"forest": {"n_estimators": 30}}}}}}
    assert job.request["stages"] == [
        {"job": "prepare_dataset", "partition": "2024-06", "partition_set": "dataset_version", "config": config},
        {"job": "train_models", "partition": "2024-06|Raw", "partition_set": None, "config": config},
    ]
    assert (entry.action, entry.details["job"]) == ("training.start", job.id)


def test_the_same_training_in_flight_is_the_same_job_and_another_is_a_conflict(admin: TestClient) -> None:
    first = admin.post(START, json=ASKED).json()["id"]
    again = admin.post(START, json=ASKED)
    assert (again.status_code, again.json()["id"]) == (202, first)
    other = admin.post(START, json={**ASKED, "hyperparameters": {"seed": 7}})
    assert (other.status_code, other.json()["code"]) == (409, "training-in-flight")
    assert admin.post(START, json={**ASKED, "model_variant": "Scaled"}).json()["id"] != first


def test_a_version_without_batches_is_not_trained(admin: TestClient) -> None:
    answer = admin.post(START, json={**ASKED, "dataset_version": "nothing"})
    assert (answer.status_code, answer.json()["code"]) == (404, "dataset-not-found")


@pytest.mark.parametrize(
    "wrong",
    [
        {"dataset_version": "../up"},
        {"model_variant": "Cooked"},
        {"model_version": "=1"},
        {"model_version": "x" * 80},
        {"surprise": 1},
        {"hyperparameters": []},
    ],
)
def test_wrong_requests_are_refused(admin: TestClient, wrong: dict[str, Any]) -> None:
    assert admin.post(START, json={**ASKED, **wrong}).status_code == 422


@pytest.mark.parametrize(
    ("given", "where"),
    [
        ({"forest": {"n_estimators": 0}}, "forest.n_estimators"),
        ({"forest": {"trees": 10}}, "forest.trees"),
        ({"neural_network": {}}, "neural_network"),
        ({"xgboost": {"learning_rate": 2}}, "xgboost.learning_rate"),
        ({"ensemble": {"learners": ["svm"]}}, "ensemble.learners.0"),
        ({"variant": "Raw"}, "variant"),
        ({"folds": "many"}, "folds"),
        ({"lightgbm": {"extra": {"a": "x" * 40_000}}}, ""),
    ],
)
def test_hyperparameters_are_refused_with_the_path_of_each_fault(
    admin: TestClient, given: dict[str, Any], where: str
) -> None:
    answer = admin.post(START, json={**ASKED, "hyperparameters": given})
    assert (answer.status_code, answer.json()["code"]) == (422, "hyperparameters-refused")
    assert answer.json()["errors"][0]["where"] == f"body.hyperparameters.{where}".rstrip(".")


def test_numbers_that_are_not_finite_are_refused() -> None:
    with pytest.raises(HyperparametersRefused, match=r"xgboost\.gamma: not a finite number"):
        check_hyperparameters({"xgboost": {"gamma": float("inf")}})


def test_hyperparameters_become_what_the_learners_take() -> None:
    assert check_hyperparameters({"forest": {"n_estimators": "30"}}) == {"forest": {"n_estimators": 30}}


def test_the_schema_lists_every_learner(admin: TestClient) -> None:
    schema = admin.get("/admin/training/schema").json()
    assert {"forest", "xgboost", "lightgbm", "catboost", "ensemble", "scout"} <= set(schema["properties"])
    assert "variant" not in schema["properties"]


def test_a_prepared_version_is_trained_in_one_run() -> None:
    assert [one["job"] for one in plan_stages(TrainingOrder("v", "Raw"), prepare=False)] == ["train_models"]


def test_a_training_is_cancelled_once(admin: TestClient, services: Services) -> None:
    job = admin.post(START, json=ASKED).json()["id"]
    assert admin.delete(f"/admin/training/{job}").json()["cancelling"] is True
    with services.database.write() as session:
        jobs.mark_cancelled(session, job, "Cancelled.", back=False)
    answer = admin.delete(f"/admin/training/{job}")
    assert answer.status_code == 409
    assert admin.delete(f"/admin/training/{'0' * 32}").status_code == 404


def test_jobs_are_listed_and_filtered(admin: TestClient) -> None:
    job = admin.post(START, json=ASKED).json()["id"]
    for path in ("/admin/training", "/admin/jobs", "/admin/jobs?kind=training&state=queued&user=ada"):
        page = admin.get(path).json()
        assert ([one["id"] for one in page["items"]], page["total"]) == ([job], 1)
    assert admin.get("/admin/jobs?kind=prediction").json()["items"] == []
    assert admin.get("/admin/jobs?state=nonsense").status_code == 422
    assert admin.get(f"/admin/jobs/{job}").json()["user"] == "ada"
    assert admin.get(f"/admin/training/{job}").json()["id"] == job
    assert admin.get("/admin/jobs/nothing").status_code == 404


def test_schedules_are_kept_listed_and_removed(admin: TestClient) -> None:
    made = admin.post("/admin/training/schedule", json={**ASKED, "cron": "0 3 * * MON"})
    assert made.status_code == 201
    listed = admin.get("/admin/training/schedule").json()
    assert [one["id"] for one in listed] == [made.json()["id"]]
    assert datetime.fromisoformat(listed[0]["next_at"]).weekday() == 0
    assert admin.delete(f"/admin/training/schedule/{made.json()['id']}").status_code == 204
    assert admin.delete(f"/admin/training/schedule/{made.json()['id']}").status_code == 404
    assert admin.get("/admin/training/schedule").json() == []


@pytest.mark.parametrize(
    "when",
    [
        {},
        {"minutes": 5, "cron": "* * * * *"},
        {"minutes": 0},
        {"minutes": 10**9},
        {"cron": "@daily"},
        {"cron": "* * * * * *"},
        {"cron": "61 * * * *"},
        {"cron": "0 0 30 2 *"},
        {"cron": "9" * 5000 + " * * * *"},
        {"minutes": 5, "hyperparameters": {"forest": {"n_estimators": -1}}},
    ],
)
def test_schedules_that_make_no_sense_are_refused(admin: TestClient, when: dict[str, Any]) -> None:
    assert admin.post("/admin/training/schedule", json={**ASKED, **when}).status_code == 422


def test_watches_are_kept_listed_and_removed(admin: TestClient) -> None:
    made = admin.post("/admin/training/watch", json={"minutes": 60})
    assert made.status_code == 201
    assert [one["minutes"] for one in admin.get("/admin/training/watch").json()] == [60]
    assert admin.delete(f"/admin/training/watch/{made.json()['id']}").status_code == 204
    assert admin.delete(f"/admin/training/watch/{made.json()['id']}").status_code == 404
    assert admin.post("/admin/training/watch", json={"minutes": 0}).status_code == 422


NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def test_minutes_keep_step_and_missed_times_are_passed_over() -> None:
    due = NOON - timedelta(minutes=25)
    assert next_time(10, None, NOON, due) == NOON + timedelta(minutes=5)
    assert next_time(10, None, NOON) == NOON + timedelta(minutes=10)
    assert next_time(10, None, NOON, NOON) == NOON + timedelta(minutes=10)


def test_cron_lines_are_read_in_utc() -> None:
    local = NOON.astimezone(datetime.now().astimezone().tzinfo)
    assert next_time(None, "0 13 * * *", local) == NOON + timedelta(hours=1)
    assert cron_problem("0 13 * * *") is None
