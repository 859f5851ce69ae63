"""A run's process is known to live or to be gone, also when its number is somebody else's by now."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator

import dagster as dg
import pytest
from dagster._core.launcher.base import WorkerStatus

from resources.local_launcher import LocalRunLauncher, is_alive


@dg.job
def nothing() -> None:
    """Do nothing."""


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    """Yield an instance with this launcher."""
    launcher = {"module": "resources.local_launcher", "class": "LocalRunLauncher"}
    with dg.instance_for_test(overrides={"run_launcher": launcher}) as made:
        yield made


def health(instance: dg.DagsterInstance, pid: int | None) -> WorkerStatus:
    """Return the health of a run that a process of this number was started for."""
    run = instance.create_run_for_job(nothing)
    if pid is not None:
        instance.report_engine_event(f"Started process for run (pid: {pid}).", run)
    launcher = instance.run_launcher
    assert isinstance(launcher, LocalRunLauncher)
    assert launcher.supports_check_run_worker_health
    return launcher.check_run_worker_health(run).status


def test_a_run_whose_process_is_gone_has_failed(instance: dg.DagsterInstance) -> None:
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    child.wait()
    assert health(instance, child.pid) == WorkerStatus.FAILED


def test_a_run_whose_process_lives_is_running(instance: dg.DagsterInstance) -> None:
    assert health(instance, os.getpid()) == WorkerStatus.RUNNING


def test_a_run_in_the_process_that_asked_for_it_is_left_alone(instance: dg.DagsterInstance) -> None:
    assert health(instance, None) == WorkerStatus.RUNNING


def test_a_younger_process_of_the_same_number_is_another_one() -> None:
    assert not is_alive(os.getpid(), before=time.time() - 7 * 24 * 3600)


def test_a_process_that_nobody_buried_is_dead() -> None:
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    end = time.monotonic() + 30
    while is_alive(child.pid, before=time.time() + 60) and time.monotonic() < end:
        time.sleep(0.05)
    assert not is_alive(child.pid, before=time.time() + 60)
    child.wait()
