"""Held database connections: Dagster opens one per statement otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dagster import DagsterInstance

STATEMENT_TIMEOUT_MS = 60_000
RECYCLE_S = 1800
OVERFLOW = 10


def hold_connections(instance: DagsterInstance) -> None:
    """Hold connections to a database server; SQLite's files are opened as ever.

    A connection is tried before it is used: one that the server has closed meanwhile is opened anew.
    """
    instance.optimize_for_webserver(STATEMENT_TIMEOUT_MS, RECYCLE_S, OVERFLOW)
    for storage in (instance.run_storage, instance.event_log_storage, instance.schedule_storage):
        engine = getattr(storage, "_engine", None)
        if engine is not None:
            engine.pool._pre_ping = True
