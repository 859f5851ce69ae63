"""Model versions, promotion and rollback through the API."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from api.db import jobs
from api.db.tables import AuditEntry, Job
from api.services import Services
from resources.bundles import INDEX_NAME
from resources.evidence import GATE_NAME, HELD_OUT_NAME
from resources.layout import MODELS, bundle_prefix, report_key
from training.gate_record import Evidence, Finding, GateConfig, GateDecision, Party

if TYPE_CHECKING:
    from resources.registry import ModelVersion

Fake = Any  # a stand-in of tests/unit/api/conftest.py
Register = Callable[..., "ModelVersion"]
REASON = {"reason": "better on sorghum"}


def party(version: int) -> Party:
    return Party(name="geocrop", version=str(version), recipe="s2-season@1", classes=("maize",), training_counts={})


def verdict(version: int, *, passed: bool, against: int | None) -> GateDecision:
    return GateDecision(
        passed=passed,
        findings=(Finding(code="not-better", passed=passed, text="macro F1 0.61 against 0.70"),),
        candidate=party(version),
        champion=None if against is None else party(against),
        config=GateConfig(),
        evidence=Evidence(n_samples=90, n_groups=9, macro_f1_candidate=0.61, macro_f1_champion=0.7),
    )


@pytest.fixture
def register(services: Services, registry: Fake) -> Register:
    """Return a function that registers a version with model, evaluation and verdict."""

    def do(number: int, *, passed: bool = True, against: int | None = None, **fields: object) -> ModelVersion:
        version: ModelVersion = registry.add(number, **fields)
        services.champion.forget()
        decision = verdict(number, passed=passed, against=against)
        files = {HELD_OUT_NAME: b"", GATE_NAME: json.dumps(decision.to_dict()).encode(), "report.md": b"# Report"}
        for name, body in files.items():
            services.store.put(MODELS, report_key(version.bundle_hash, name), body)
        services.store.put(MODELS, f"{bundle_prefix(version.bundle_hash)}/{INDEX_NAME}", b"[]")
        return version

    return do


def stored(services: Services, job_id: str) -> Job:
    with services.database.read() as session:
        found = session.get(Job, job_id)
    assert found is not None
    return found


def test_versions_are_listed_with_metrics_gate_and_label(
    admin: TestClient,
    services: Services,
    registry: Fake,
    register: Register,
) -> None:
    register(1, champion=True)
    register(2, passed=False, against=1)
    registry.metrics["mlflow-2"] = {"macro_f1": 0.61}
    with services.database.write() as session:
        job = jobs.create_job(
            session, kind="training", partition="2024-06|Raw", active_key="train:2024-06|Raw",
            request={"model_label": "long-rains"}, lane="batch", user_id=None, counted=False,
        )  # fmt: skip
        jobs.mark_ready(session, job.id, {"model_version": 2, "macro_f1": 0.61, "gate": "refused"})
    page = admin.get("/admin/models").json()
    second, first = page["items"]
    assert (second["version"], second["label"], second["metrics"]) == (2, "long-rains", {"macro_f1": 0.61})
    assert (second["gate"]["passed"], second["gate"]["against"], second["gate"]["macro_f1_champion"]) == (False, 1, 0.7)
    assert (first["champion"], first["label"]) == (True, None)
    assert admin.get("/admin/models?limit=1&offset=1").json()["items"][0]["version"] == 1


def test_a_version_shows_its_evidence_and_its_report(admin: TestClient, register: Register) -> None:
    register(2, passed=False, against=1)
    shown = admin.get("/admin/models/2").json()
    assert shown["findings"][0]["code"] == "not-better"
    assert set(shown["links"]) == {"self", "report.md", "gate.json"}  # not the held-out samples
    report = admin.get(shown["links"]["report.md"])
    assert (report.text, report.headers["content-type"]) == ("# Report", "text/markdown; charset=utf-8")
    for path in ("/admin/models/2/report/held_out.parquet", "/admin/models/2/report/no.md", "/admin/models/9"):
        assert admin.get(path).status_code in {404, 422}


def test_a_promotion_is_a_job_noted_in_the_audit(admin: TestClient, services: Services, register: Register) -> None:
    register(2)
    answer = admin.post("/admin/models/2/promote", json=REASON)
    assert answer.status_code == 202
    job = stored(services, answer.json()["id"])
    wanted = {"action": "promote", "reason": "better on sorghum", "by": "ada", "override_gate": False, "version": 2}
    assert job.request["stages"] == [
        {
            "job": "promote_champion",
            "partition": None,
            "partition_set": None,
            "config": {"ops": {"champion_model": {"config": wanted}}},
        }
    ]
    with services.database.read() as session:
        entry = session.scalars(select(AuditEntry)).one()
    assert (entry.actor, entry.action, entry.details["reason"]) == ("ada", "model.promote", "better on sorghum")


def test_only_one_promotion_is_in_flight(admin: TestClient, register: Register) -> None:
    register(2)
    register(3)
    admin.post("/admin/models/2/promote", json=REASON)
    answer = admin.post("/admin/models/3/promote", json=REASON)
    assert (answer.status_code, answer.json()["code"]) == (409, "promotion-in-progress")


def test_what_the_gate_refused_is_answered_with_its_findings(admin: TestClient, register: Register) -> None:
    register(1, champion=True)
    register(2, passed=False, against=1)
    answer = admin.post("/admin/models/2/promote", json=REASON)
    assert (answer.status_code, answer.json()["code"]) == (409, "gate-refused")
    assert answer.json()["errors"] == [{"where": "gate.not-better", "message": "macro F1 0.61 against 0.70"}]
    assert admin.post("/admin/models/2/promote", json={**REASON, "override_gate": True}).status_code == 202


def test_a_verdict_against_another_champion_is_left_to_the_run(admin: TestClient, register: Register) -> None:
    register(3, champion=True)
    register(2, passed=False, against=1)
    assert admin.post("/admin/models/2/promote", json=REASON).status_code == 202


@pytest.mark.parametrize("reason", ["", "  ", "no", "x" * 501])
def test_a_reason_is_asked_for(admin: TestClient, register: Register, reason: str) -> None:
    register(2)
    assert admin.post("/admin/models/2/promote", json={"reason": reason}).status_code == 422


def test_what_cannot_be_promoted_is_refused_at_once(
    admin: TestClient,
    services: Services,
    registry: Fake,
    register: Register,
) -> None:
    assert admin.post("/admin/models/9/promote", json=REASON).json()["code"] == "model-version-not-found"
    register(1, champion=True)
    assert admin.post("/admin/models/1/promote", json=REASON).json()["code"] == "already-champion"
    registry.add(2)
    assert admin.post("/admin/models/2/promote", json=REASON).json()["code"] == "bundle-not-found"
    services.store.delete(MODELS, report_key(register(3).bundle_hash, HELD_OUT_NAME))
    assert admin.post("/admin/models/3/promote", json=REASON).json()["code"] == "not-evaluated"
    for number in ("0", "-1", "x", str(2**40)):
        assert admin.post(f"/admin/models/{number}/promote", json=REASON).status_code == 422


def test_rolling_back_needs_an_earlier_champion_or_a_version(
    admin: TestClient, services: Services, register: Register
) -> None:
    register(1)
    register(2, champion=True)
    answer = admin.post("/admin/models/rollback", json=REASON)
    assert (answer.status_code, answer.json()["code"]) == (409, "nothing-to-roll-back-to")
    assert admin.post("/admin/models/rollback", json={**REASON, "version": 9}).status_code == 404
    answer = admin.post("/admin/models/rollback", json={**REASON, "version": 1})
    assert answer.status_code == 202
    config = stored(services, answer.json()["id"]).request["stages"][0]["config"]["ops"]["champion_model"]["config"]
    assert (config["action"], config["version"], config["by"]) == ("rollback", 1, "ada")


def test_rolling_back_goes_to_the_champion_before(admin: TestClient, services: Services, register: Register) -> None:
    register(1)
    register(2, champion=True)
    act = {
        "id": "a", "moment": "2026-01-01T00-00-00.000000Z", "action": "promote", "version": 2, "previous": 1,
        "reason": "r", "by": "ada", "run_id": "", "override_gate": False, "state": "done", "gate": None,
    }  # fmt: skip
    services.store.put(MODELS, "audit/2026-01-01T00-00-00.000000Z-a.json", json.dumps(act).encode())
    answer = admin.post("/admin/models/rollback", json=REASON)
    assert answer.status_code == 202
    config = stored(services, answer.json()["id"]).request["stages"][0]["config"]["ops"]["champion_model"]["config"]
    assert "version" not in config  # the run looks again who came before


def test_metrics_are_the_champions_and_the_mean_of_the_past_week(
    admin: TestClient,
    registry: Fake,
    register: Register,
) -> None:
    assert admin.get("/admin/metrics").json()["champion"] is None
    today = datetime.now(UTC)
    register(1, champion=True, created=(today - timedelta(days=8)).timestamp())
    for number, score in ((2, 0.6), (3, 0.8)):
        register(number, created=(today - timedelta(days=number)).timestamp())
        registry.metrics[f"mlflow-{number}"] = {"macro_f1": score}
    registry.metrics["mlflow-1"] = {"macro_f1": 0.7}
    shown = admin.get("/admin/metrics").json()
    assert (shown["champion"], shown["champion_metrics"]) == (1, {"macro_f1": 0.7})
    assert (shown["past_versions"], shown["past_mean"]) == ([2, 3], {"macro_f1": pytest.approx(0.7)})


def test_a_registry_that_is_down_is_told(admin: TestClient, registry: Fake) -> None:
    registry.down = True
    for path in ("/admin/models", "/admin/metrics", "/admin/datasets"):
        answer = admin.get(path)
        assert (answer.status_code, answer.json()["code"]) == (503, "registry-unavailable")
