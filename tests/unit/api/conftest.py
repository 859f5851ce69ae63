"""The API without servers: SQLite, a folder as the store, and stand-ins of Dagster, lane and registry that record.

What tests of routes use: `services` (with `orchestrator`, `lane` and `registry` below in it), `client`, `login(role)`
and `make_user(name, role)`. Nothing runs in the background; call `Follower(services).step()` or `Clock(...).step()`.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api.champion import ChampionCache
from api.db import migrate
from api.db.session import Database
from api.db.tables import User
from api.db.users import add_user, find_user
from api.main import create_app
from api.orchestrator import OrchestratorUnavailable, RunProgress, RunState
from api.orchestrator_answers import AssetState
from api.security import hash_password, issue_token
from api.services import Services
from api.streams import Broadcaster
from resources.lanes.protocol import LaneStatus
from resources.platform import rules_of, store_of
from resources.registry import CANDIDATE, CHAMPION, ModelVersion, ModelVersionNotFound, RegistryUnavailable
from resources.settings import Settings

SECRET = "a-secret-of-tests-with-more-than-32-characters"
PASSWORD = "correct horse battery"

Login = Callable[..., dict[str, str]]
MakeUser = Callable[..., User]


class FakeOrchestrator:
    """Dagster that records: `launched`, `terminated`; what it answers is set by tests; `down` makes it unavailable."""

    def __init__(self) -> None:
        self.down = False
        self.launched: list[dict[str, Any]] = []
        self.terminated: list[str] = []
        self.runs: dict[str, list[RunState]] = {}
        self.recent: list[RunState] = []
        self.progresses: dict[str, RunProgress] = {}
        self.materialized_keys: dict[str, frozenset[str]] = {}
        self.metadata: dict[str, dict[str, dict[str, Any]]] = {}
        self.graph: list[AssetState] = []
        self.graphs_asked = 0

    def _answer(self) -> None:
        if self.down:
            raise OrchestratorUnavailable("Dagster does not answer")

    def ping(self) -> dict[str, str]:
        self._answer()
        return {"version": "1.13.0", "location": "geocrop"}

    def launch(
        self,
        job: str,
        *,
        partition: str | None = None,
        partition_set: str | None = None,
        config: Mapping[str, Any] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> str:
        self._answer()
        asked = {"partition": partition, "partition_set": partition_set, "config": config or {}, "tags": tags or {}}
        self.launched.append({"job": job, **asked})
        return f"run-{len(self.launched)}"

    def runs_of(self, job_ids: Sequence[str]) -> dict[str, list[RunState]]:
        self._answer()
        return {job: self.runs.get(job, []) for job in job_ids}

    def recent_runs(self, updated_after: datetime, jobs: Sequence[str]) -> list[RunState]:
        self._answer()
        return list(self.recent)

    def progress(self, run_id: str, cursor: str | None = None) -> RunProgress:
        self._answer()
        return self.progresses[run_id]

    def progress_of(self, cursors: Mapping[str, str | None]) -> dict[str, RunProgress]:
        self._answer()
        return {run: self.progresses[run] for run in cursors if run in self.progresses}

    def metadata_of(self, run_id: str) -> dict[str, dict[str, Any]]:
        self._answer()
        return self.metadata.get(run_id, {})

    def materialized(self, asset: str) -> frozenset[str]:
        self._answer()
        return self.materialized_keys.get(asset, frozenset())

    def assets(self) -> list[AssetState]:
        self._answer()
        self.graphs_asked += 1
        return list(self.graph)

    def prepared(self, version: str) -> bool:
        return version in self.materialized("training_features")

    def terminate(self, run_id: str) -> None:
        self._answer()
        self.terminated.append(run_id)

    def delete(self, run_id: str) -> None:
        self._answer()

    def run_url(self, ui_url: str, run_id: str) -> str:
        return f"{ui_url.rstrip('/')}/runs/{run_id}"


class FakeLane:
    """The warm worker: idle until a test sets `said` (None: down); `infer` records and gives `answer`."""

    def __init__(self) -> None:
        self.said: LaneStatus | None = LaneStatus(1, 0, 1, (), (), 0.0)
        self.asked: list[dict[str, Any]] = []
        self.answer: dict[str, Any] | Exception = {
            "model_version": 1,
            "recipe": "s2-season@1",
            "classes": ["maize"],
            "rows": [],
        }

    def status(self) -> LaneStatus | None:
        return self.said

    def infer(self, payload: dict[str, Any]) -> dict[str, Any]:
        self.asked.append(payload)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class FakeRegistry:
    """Model versions in memory: `add(...)`, `set_champion(number)`; `down` makes it unavailable."""

    def __init__(self, uri: str) -> None:
        self.tracking_uri = uri
        self.model_name = "geocrop"
        self.down = False
        self._versions: dict[int, ModelVersion] = {}
        self.metrics: dict[str, dict[str, float]] = {}  # by MLflow run id

    def add(self, number: int = 1, *, champion: bool = False, **fields: object) -> ModelVersion:
        """Register a version as a training would; fields replace those of an ordinary one."""
        ordinary = ModelVersion(
            version=number,
            bundle_hash=f"{number:064x}",
            dataset_version="2024-06",
            dataset_digest="d" * 64,
            variant="Raw",
            recipe="s2-season@1",
            mlflow_run_id=f"mlflow-{number}",
            created=datetime(2026, 1, 1, tzinfo=UTC).timestamp() + number,
            aliases=(),
            tags={},
        )
        self._versions[number] = replace(ordinary, **fields)  # type: ignore[arg-type]
        if champion:
            self.set_champion(number)
        return self._versions[number]

    def _answer(self) -> None:
        if self.down:
            raise RegistryUnavailable("MLflow does not answer")

    def versions(self) -> list[ModelVersion]:
        self._answer()
        return sorted(self._versions.values(), key=lambda one: -one.version)

    def version(self, number: int) -> ModelVersion:
        self._answer()
        if number not in self._versions:
            raise ModelVersionNotFound(f"the registry has no version {number}")
        return self._versions[number]

    def metrics_of(self, run_ids: Sequence[str]) -> dict[str, dict[str, float]]:
        self._answer()
        return {run: dict(self.metrics[run]) for run in run_ids if run in self.metrics}

    def find_bundle(self, bundle_hash: str) -> ModelVersion | None:
        return next((one for one in self.versions() if one.bundle_hash == bundle_hash), None)

    def champion(self) -> ModelVersion | None:
        return next((one for one in self.versions() if one.is_champion), None)

    def candidate(self) -> ModelVersion | None:
        return next((one for one in self.versions() if CANDIDATE in one.aliases), None)

    def set_champion(self, version: int) -> None:
        for number, one in self._versions.items():
            others = tuple(alias for alias in one.aliases if alias != CHAMPION)
            self._versions[number] = replace(one, aliases=(*others, CHAMPION) if number == version else others)


@pytest.fixture(scope="session")
def _empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a migrated database without rows, made once."""
    path = tmp_path_factory.mktemp("database") / "api.db"
    database = Database(f"sqlite:///{path}")
    migrate.upgrade(database)
    database.close()  # its write-ahead log is folded in
    return path


@pytest.fixture(scope="session")
def _password_hash() -> str:
    return hash_password(PASSWORD)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Return settings of an empty home; override this fixture for others."""
    return Settings(home=tmp_path / "home", jwt_secret=SECRET, lane_token=SECRET)


@pytest.fixture
def orchestrator() -> FakeOrchestrator:
    return FakeOrchestrator()


@pytest.fixture
def lane() -> FakeLane:
    return FakeLane()


@pytest.fixture
def registry(settings: Settings) -> FakeRegistry:
    return FakeRegistry(settings.tracking_uri)


@pytest.fixture
def services(
    settings: Settings,
    orchestrator: FakeOrchestrator,
    lane: FakeLane,
    registry: FakeRegistry,
    _empty_database: Path,
) -> Iterator[Services]:
    """Return services on files in a temporary folder, with stand-ins for what would be other processes."""
    settings.home.mkdir(parents=True, exist_ok=True)
    shutil.copy(_empty_database, settings.home / "api.db")
    database = Database(settings.database_url)
    yield Services(
        settings=settings,
        database=database,
        store=store_of(settings),
        registry=registry,  # type: ignore[arg-type]
        rules=rules_of(settings),
        champion=ChampionCache(registry),  # type: ignore[arg-type]
        orchestrator=orchestrator,  # type: ignore[arg-type]
        lane=lane,  # type: ignore[arg-type]
        broadcaster=Broadcaster(),
    )
    database.close()


@pytest.fixture
def app(services: Services) -> FastAPI:
    return create_app(services=services, background=False)


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    """Return a client of the running app; without a token unless `headers=login(role)` is given."""
    with TestClient(app) as opened:
        yield opened


@pytest.fixture
def password() -> str:
    """Return the password of users that `make_user` and `login` make."""
    return PASSWORD


@pytest.fixture
def make_user(services: Services, _password_hash: str) -> MakeUser:
    """Return a function that adds a user, or returns the one of that name."""

    def make(name: str, role: str = "recruiter", **fields: object) -> User:
        with services.database.write() as session:
            user = find_user(session, name) or add_user(session, name=name, password_hash=_password_hash, role=role)
            for field, value in fields.items():
                setattr(user, field, value)
        return user

    return make


@pytest.fixture
def login(services: Services, make_user: MakeUser) -> Login:
    """Return a function that gives headers with a token: `login("admin")`, `login("recruiter", "bob")`."""

    def headers(role: str = "recruiter", name: str | None = None) -> dict[str, str]:
        user = make_user(name or f"some-{role}", role)
        return {"Authorization": f"Bearer {issue_token(user, services.settings)}"}

    return headers
