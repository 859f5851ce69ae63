"""Executes Dagster runs in this process, as Dagster's own run worker does, with everything at hand already."""

from __future__ import annotations

import logging
import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from dagster import DagsterInstance
from dagster._core.code_pointer import CodePointer, ModuleCodePointer
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.definitions.reconstruct import initialize_repository_def_from_pointer
from dagster._core.errors import DagsterExecutionInterruptedError
from dagster._core.events import EngineEventData
from dagster._core.execution import compute_logs
from dagster._core.execution.api import execute_run_iterator
from dagster._core.workspace.autodiscovery import loadable_targets_from_python_module
from dagster._utils.error import serializable_error_info_from_exc_info

from resources.lanes.pooling import hold_connections
from resources.lanes.records import take

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dagster import DagsterRun, JobDefinition, RepositoryDefinition

log = logging.getLogger("geocrop.lane")


@contextmanager
def _no_echo(path: str, stream: object) -> Iterator[tuple[None, None]]:
    """Stand for Dagster's echo of printed output: four processes a run, for a terminal that nobody watches here."""
    yield (None, None)


class RepositoryJob(InMemoryJob):
    """A job that is here already, together with the repository that it is of."""

    def __init__(self, job: JobDefinition, repository: RepositoryDefinition) -> None:
        super().__init__(job)
        self._repository = repository

    def get_repository_definition(self) -> RepositoryDefinition:
        """Return the code location's repository, which assets may ask for."""
        return self._repository

    def get_subset(self, **selection: Any) -> RepositoryJob:  # noqa: ANN401  # Dagster's own signature
        """Return the part of the job that a run selects."""
        return RepositoryJob(super().get_subset(**selection).get_definition(), self._repository)


class Executor:
    """Dagster's instance with held connections, and the code locations that were loaded."""

    def __init__(self, instance: DagsterInstance) -> None:
        self._instance = instance
        self._repositories: dict[Any, RepositoryDefinition] = {}

    @classmethod
    def open(cls, module: str) -> Executor:
        """Open the instance of DAGSTER_HOME and load a code location."""
        compute_logs.tail_to_stream = _no_echo
        instance = DagsterInstance.get()
        hold_connections(instance)
        executor = cls(instance)
        for target in loadable_targets_from_python_module(module, None):
            executor.repository(CodePointer.from_module(module, target.attribute, None))
        return executor

    def repository(self, pointer: CodePointer) -> RepositoryDefinition:
        """Return what a code pointer names, loaded once."""
        # The code server names a working directory beside the module; the module is the same.
        key = (pointer.module, pointer.fn_name) if isinstance(pointer, ModuleCodePointer) else pointer
        if key not in self._repositories:
            self._repositories[key] = initialize_repository_def_from_pointer(pointer)
        return self._repositories[key]

    def execute(self, run_id: str) -> None:
        """Execute a run of the lane to its end; a run that was cancelled or went elsewhere is left alone."""
        run = take(self._instance, run_id, os.getpid())
        if run is None:
            log.info("run %s is not the lane's (any more)", run_id)
            return
        try:
            for _ in execute_run_iterator(self._job(run), run, self._instance):
                pass
        except (KeyboardInterrupt, DagsterExecutionInterruptedError):
            self._fail(run_id, "The run was interrupted.")
        except Exception:  # Dagster's own worker does the same: a run must end, whatever its framework raises
            log.exception("run %s", run_id)
            self._fail(run_id, "The run could not be executed.")

    def _job(self, run: DagsterRun) -> RepositoryJob:
        if run.job_code_origin is None:
            raise ValueError(f"run {run.run_id} names no code")
        repository = self.repository(run.job_code_origin.repository_origin.code_pointer)
        return RepositoryJob(repository.get_job(run.job_name), repository)

    def _fail(self, run_id: str, message: str) -> None:
        run = self._instance.get_run_by_id(run_id)
        if run is None or run.is_finished:
            return
        error = serializable_error_info_from_exc_info(sys.exc_info())
        self._instance.report_engine_event(message, run, EngineEventData.engine_error(error))
        self._instance.report_run_failed(run, message)
