"""Runs in this process: the same jobs, recorded in the same instance, without a daemon."""

from __future__ import annotations

import hashlib
import logging
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import dagster as dg
from dagster._core.errors import DagsterError, DagsterUserCodeExecutionError

from training.errors import GeocropError

if TYPE_CHECKING:
    from resources.progress import Listener
    from resources.settings import Settings

LOCAL_INSTANCE = Path(__file__).resolve().parents[2] / "deploy" / "dagster" / "local.yaml"
#: sha256 of the local configurations of earlier versions: an unchanged copy of one is renewed.
OLDER_LOCAL_INSTANCES = frozenset({"ef7a6bf0cff2e3915e6d6ce36f7f0967b3670b415338d1faa8cb5a9b30fd0f88"})
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


class RunFailed(GeocropError):
    """Read the run's page in the Dagster UI (`geocrop up`): the message names the run and the step."""

    code: ClassVar[str] = "run-failed"


@dataclass(frozen=True)
class Platform:
    """An instance and the code location, opened in this process."""

    settings: Settings
    instance: dg.DagsterInstance
    definitions: dg.Definitions

    def run(
        self,
        job: str,
        *,
        partition: str | None = None,
        config: Mapping[str, Any] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> dg.ExecuteInProcessResult:
        """Execute a job of the code location here and wait for it.

        Raises:
            GeocropError: the step's own error where it is one a person can mend, else RunFailed.

        """
        resolved = self.definitions.resolve_job_def(job)
        try:
            return resolved.execute_in_process(
                instance=self.instance,
                partition_key=partition,
                run_config={**(config or {}), **QUIET},
                tags=dict(tags or {}),
            )
        except DagsterUserCodeExecutionError as error:
            if isinstance(error.user_exception, GeocropError):
                raise error.user_exception from error
            raise RunFailed(f"{job}: {error}: {error.user_exception}") from error
        except DagsterError as error:
            raise RunFailed(f"{job}: {error}") from error


def open_platform(settings: Settings, listener: Listener | None = None) -> Platform:
    """Open the instance in the platform's home and load the code location with a listener to progress."""
    from geocrop_assets.definitions import build_definitions

    logging.getLogger("dagster").setLevel(logging.CRITICAL)
    folder = prepare_instance(settings)
    return Platform(
        settings, dg.DagsterInstance.from_config(str(folder)), build_definitions(settings, listener=listener)
    )


def prepare_instance(settings: Settings) -> Path:
    """Return the folder of the Dagster instance, made with the local configuration where there is none.

    A copy of an older local configuration is renewed; one that a person has changed is left alone.
    """
    folder = settings.dagster_home or settings.home.absolute() / "dagster"
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "dagster.yaml"
    if not config.exists() or hashlib.sha256(config.read_bytes()).hexdigest() in OLDER_LOCAL_INSTANCES:
        _copy_whole(LOCAL_INSTANCE, config)
    return folder


def _copy_whole(source: Path, target: Path) -> None:
    """Copy a file that other processes may read or copy at the same time."""
    with tempfile.NamedTemporaryFile(dir=target.parent, prefix=".dagster-", delete=False) as copy:
        copy.write(source.read_bytes())
    Path(copy.name).replace(target)
