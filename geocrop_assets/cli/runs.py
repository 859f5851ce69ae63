"""Runs in this process: the same jobs, recorded in the same instance, without a daemon."""

from __future__ import annotations

import logging
import shutil
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
    """Return the folder of the Dagster instance, made with the local configuration where there is none."""
    folder = settings.dagster_home or settings.home.absolute() / "dagster"
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "dagster.yaml").exists():
        shutil.copyfile(LOCAL_INSTANCE, folder / "dagster.yaml")
    return folder
