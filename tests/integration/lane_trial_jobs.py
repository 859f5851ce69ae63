"""A small code location for tests of the interactive lane: what it does is known to the second."""

import os
import time
from pathlib import Path

import dagster as dg

#: A run that does again what another run did: it does not misbehave.
PARENT_RUN = "dagster/parent_run_id"
CHUNK = 16 << 20


@dg.op(config_schema={"until": str})
def wait(context: dg.OpExecutionContext) -> None:
    """Wait until a file is there; a retry does not wait."""
    while PARENT_RUN not in context.run.tags and not Path(context.op_config["until"]).exists():
        time.sleep(0.05)


@dg.op
def eat_memory(context: dg.OpExecutionContext) -> None:
    """Take more and more memory; a retry is content."""
    held = []
    while PARENT_RUN not in context.run.tags:
        held.append(bytearray(os.urandom(1024)) * (CHUNK >> 10))
        time.sleep(0.02)


@dg.job(executor_def=dg.in_process_executor)
def waits() -> None:
    """Wait for the test."""
    wait()


@dg.job(executor_def=dg.in_process_executor)
def eats() -> None:
    """Take too much memory."""
    eat_memory()


@dg.asset
def thing() -> dg.MaterializeResult:
    """Something made."""
    print("said while it was made", flush=True)  # noqa: T201
    return dg.MaterializeResult(metadata={"pid": os.getpid()})


@dg.asset_check(asset=thing)
def thing_is_good() -> dg.AssetCheckResult:
    """Claim that it is good."""
    return dg.AssetCheckResult(passed=True)


defs = dg.Definitions(
    assets=[thing],
    asset_checks=[thing_is_good],
    jobs=[
        waits,
        eats,
        dg.define_asset_job("makes", dg.AssetSelection.all(), executor_def=dg.in_process_executor),
    ],
)
