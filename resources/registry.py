"""The model registry: experiments, versions and aliases in MLflow, through its client, without global state.

`dagster-mlflow`'s resource is not used: it drives MLflow's global active run, which ends with the wrong
status under MLflow 3 and several processes (docs/decisions/0005).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from training.errors import GeocropError

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion as MlflowModelVersion

CANDIDATE = "candidate"
CHAMPION = "champion"
#: MLflow refuses longer parameter values.
MAX_PARAM_LENGTH = 6000
#: How MLflow says that a version is not there: not known, or not a number that a version can have.
NOT_FOUND = frozenset({"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"})
#: MLflow's limits of one batch call.
MAX_PARAMS_A_CALL = 100
#: Runs asked for in one search: its filter stays short.
RUNS_A_CALL = 200
SQLITE = "sqlite:///"


class ModelVersionNotFound(GeocropError):
    """Name a registered model version: `geocrop status` lists them."""

    code: ClassVar[str] = "model-version-not-found"


class NoChampion(GeocropError):
    """Promote a model first: `geocrop promote VERSION --reason ...`."""

    code: ClassVar[str] = "no-champion"


class RegistryUnavailable(GeocropError):
    """Check that MLflow is up and that GEOCROP_MLFLOW_URI names it."""

    code: ClassVar[str] = "registry-unavailable"


@dataclass(frozen=True)
class ModelVersion:
    """One registered model version, as the platform knows it."""

    version: int
    bundle_hash: str
    dataset_version: str
    dataset_digest: str
    variant: str
    recipe: str
    mlflow_run_id: str
    created: float  # seconds since the epoch, UTC
    aliases: tuple[str, ...]
    tags: Mapping[str, str]

    @property
    def is_champion(self) -> bool:
        """Whether maps are made with this version now."""
        return CHAMPION in self.aliases


class ModelRegistry:
    """Experiments and model versions in MLflow; every call names its run, nothing is global. Safe for threads."""

    def __init__(self, *, tracking_uri: str, artifact_root: str | None = None, model_name: str = "geocrop") -> None:
        self.tracking_uri = tracking_uri
        self.artifact_root = artifact_root
        self.model_name = model_name
        self._client: MlflowClient | None = None
        self._opening = threading.Lock()

    @property
    def client(self) -> MlflowClient:
        """MLflow's client, one of them; importing it costs some 2 s, so it happens at first use."""
        with self._opening:
            if self._client is None:
                self._client = self._open()
            return self._client

    def _open(self) -> MlflowClient:
        from mlflow import MlflowClient

        if not self.tracking_uri.startswith(SQLITE):
            return MlflowClient(tracking_uri=self.tracking_uri, registry_uri=self.tracking_uri)
        with _alone(Path(self.tracking_uri.removeprefix(SQLITE))):
            client = MlflowClient(tracking_uri=self.tracking_uri, registry_uri=self.tracking_uri)
            client.search_experiments(max_results=1)  # the first calls make or migrate the tables
            client.search_registered_models(max_results=1)
            return client

    def experiment_id(self) -> str:
        """Return the id of the experiment named after the model, made at first use."""
        from mlflow.exceptions import MlflowException

        found = self.client.get_experiment_by_name(self.model_name)
        if found is not None:
            return str(found.experiment_id)
        try:
            return str(self.client.create_experiment(self.model_name, artifact_location=self.artifact_root))
        except MlflowException:  # two runs met here: the other one made it
            found = self.client.get_experiment_by_name(self.model_name)
            if found is None:
                raise
            return str(found.experiment_id)

    @contextmanager
    def run(self, name: str, tags: Mapping[str, str]) -> Iterator[str]:
        """Give the id of a new MLflow run, which ends FINISHED, or FAILED when the body raises."""
        run_id = str(self.client.create_run(self.experiment_id(), run_name=name, tags=dict(tags)).info.run_id)
        try:
            yield run_id
        except BaseException:
            self.client.set_terminated(run_id, status="FAILED")
            raise
        self.client.set_terminated(run_id, status="FINISHED")

    def log_params(self, run_id: str, params: Mapping[str, object]) -> None:
        """Log flat parameters, in batches of MLflow's size."""
        from mlflow.entities import Param

        entries = [Param(key, str(value)[:MAX_PARAM_LENGTH]) for key, value in params.items()]
        for start in range(0, len(entries), MAX_PARAMS_A_CALL):
            self.client.log_batch(run_id, params=entries[start : start + MAX_PARAMS_A_CALL])

    def log_metrics(self, run_id: str, metrics: Mapping[str, float]) -> None:
        """Log metrics of a run that may have ended already."""
        for key, value in metrics.items():
            self.client.log_metric(run_id, key, value)

    def log_folder(self, run_id: str, folder: Path) -> None:
        """Log every file below a folder as an artifact."""
        self.client.log_artifacts(run_id, str(folder))

    def register(self, run_id: str, source: str, tags: Mapping[str, str]) -> int:
        """Register a version of the model and give it the alias `candidate`; return its number."""
        from mlflow.exceptions import MlflowException

        try:
            self.client.create_registered_model(self.model_name)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
        made = self.client.create_model_version(self.model_name, source=source, run_id=run_id, tags=dict(tags))
        self.set_candidate(int(made.version))
        return int(made.version)

    def set_candidate(self, version: int) -> None:
        """Move the alias `candidate` to the model that was trained last."""
        self.client.set_registered_model_alias(self.model_name, CANDIDATE, str(version))

    def tag_version(self, version: int, tags: Mapping[str, str]) -> None:
        """Add tags to a registered version."""
        for key, value in tags.items():
            self.client.set_model_version_tag(self.model_name, str(version), key, value)

    def versions(self) -> Sequence[ModelVersion]:
        """Return all registered versions, newest first.

        Raises:
            RegistryUnavailable: MLflow does not answer.

        """
        from mlflow.exceptions import MlflowException

        aliases = self._aliases()
        found: list[MlflowModelVersion] = []
        token: str | None = None
        while True:
            try:
                page = self.client.search_model_versions(f"name = '{self.model_name}'", page_token=token)
            except MlflowException as error:
                raise RegistryUnavailable(f"MLflow at {self.tracking_uri} did not answer: {error}") from error
            found.extend(page)
            token = page.token
            if not token:
                break
        return sorted((_read_version(one, aliases) for one in found), key=lambda one: -one.version)

    def version(self, number: int) -> ModelVersion:
        """Return one registered version.

        Raises:
            ModelVersionNotFound: when there is none of that number.

        """
        from mlflow.exceptions import MlflowException

        try:
            found = self.client.get_model_version(self.model_name, str(number))
        except MlflowException as error:
            if error.error_code not in NOT_FOUND:
                raise RegistryUnavailable(f"MLflow at {self.tracking_uri} did not answer: {error}") from error
            raise ModelVersionNotFound(
                f"the registry has no version {number} of {self.model_name!r}: `geocrop status` lists them"
            ) from error
        return _read_version(found, self._aliases())

    def metrics_of(self, run_ids: Sequence[str]) -> dict[str, dict[str, float]]:
        """Return the metrics of MLflow runs by run id, asked for together.

        Raises:
            RegistryUnavailable: MLflow does not answer.

        """
        from mlflow.exceptions import MlflowException

        found: dict[str, dict[str, float]] = {}
        try:
            experiment = self.client.get_experiment_by_name(self.model_name)
            if experiment is None:
                return {}
            for start in range(0, len(run_ids), RUNS_A_CALL):
                names = ", ".join(f"'{one}'" for one in run_ids[start : start + RUNS_A_CALL])
                wanted = f"attributes.run_id IN ({names})"
                runs = self.client.search_runs([experiment.experiment_id], wanted, max_results=RUNS_A_CALL)
                found |= {str(run.info.run_id): dict(run.data.metrics) for run in runs}
        except MlflowException as error:
            raise RegistryUnavailable(f"MLflow at {self.tracking_uri} did not answer: {error}") from error
        return found

    def find_bundle(self, bundle_hash: str) -> ModelVersion | None:
        """Return the newest version registered with a bundle: a retried run does not register it again."""
        return next((one for one in self.versions() if one.bundle_hash == bundle_hash), None)

    def champion(self) -> ModelVersion | None:
        """Return the version that maps are made with, or None before the first promotion."""
        return self._by_alias(CHAMPION)

    def candidate(self) -> ModelVersion | None:
        """Return the version that was trained last, or None before the first training."""
        return self._by_alias(CANDIDATE)

    def _by_alias(self, alias: str) -> ModelVersion | None:
        number = self._aliases().get(alias)
        return None if number is None else self.version(number)

    def set_champion(self, version: int) -> None:
        """Move the alias `champion`: one call, the moment at which a promotion takes effect."""
        self.client.set_registered_model_alias(self.model_name, CHAMPION, str(version))

    def _aliases(self) -> dict[str, int]:
        """Return alias -> version number; empty before the first registration."""
        from mlflow.exceptions import MlflowException

        try:
            model = self.client.get_registered_model(self.model_name)
        except MlflowException as error:
            if error.error_code == "RESOURCE_DOES_NOT_EXIST":
                return {}
            raise RegistryUnavailable(f"MLflow at {self.tracking_uri} did not answer: {error}") from error
        return {str(alias): int(number) for alias, number in model.aliases.items()}


@contextmanager
def _alone(database: Path) -> Iterator[None]:
    """Hold a lock beside a database: two runs that make its tables at once leave it broken."""
    import fcntl

    database.parent.mkdir(parents=True, exist_ok=True)
    with database.with_name(f"{database.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _read_version(found: MlflowModelVersion, aliases: Mapping[str, int]) -> ModelVersion:
    """Read MLflow's record of a version into ours."""
    number = int(found.version)
    tags = {str(key): str(value) for key, value in found.tags.items()}
    return ModelVersion(
        version=number,
        bundle_hash=tags.get("bundle_hash", ""),
        dataset_version=tags.get("dataset_version", ""),
        dataset_digest=tags.get("dataset_digest", ""),
        variant=tags.get("variant", ""),
        recipe=tags.get("recipe", ""),
        mlflow_run_id=str(found.run_id),
        created=found.creation_timestamp / 1000,
        aliases=tuple(sorted(alias for alias, one in aliases.items() if one == number)),
        tags=tags,
    )
