"""The program `geocrop exporter`: readers in the background, their numbers over HTTP, until it is told to stop."""

from __future__ import annotations

import logging
import signal
import threading
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector, start_http_server

from resources.backup.place import has_place, vault_of
from resources.exporter.readers import Reader, Readings
from resources.platform import open_store, registry_of
from training.errors import GeocropError

if TYPE_CHECKING:
    from pathlib import Path

    from dagster import DagsterInstance

    from resources.settings import Settings

log = logging.getLogger("geocrop.exporter")

#: Seconds between two looks: runs change by the second, a listing of the store takes some itself.
RUNS_S, MODELS_S, ASSETS_S, STORE_S = 10.0, 60.0, 60.0, 300.0


class ExporterPortTaken(GeocropError):
    """Stop the other exporter, or choose another port with --port: something listens there already."""

    code: ClassVar[str] = "exporter-port-taken"


def readers_of(settings: Settings, instance: DagsterInstance, dagster_home: Path) -> list[Reader]:
    """Return the readers of an installation; nothing is read yet, but for Dagster's newest runs."""
    from resources.exporter.dagster import read_assets, read_daemons
    from resources.exporter.models import read_models
    from resources.exporter.runs import RunNumbers
    from resources.exporter.storage import read_backups, read_databases, read_store

    home = settings.home.absolute()
    files = {"geocrop": home / "api.db", "mlflow": home / "mlflow.db", "dagster": dagster_home}
    kept = [Reader("backups", STORE_S, partial(read_backups, vault_of(settings)))] if has_place(settings) else []
    return [
        *kept,
        Reader("runs", RUNS_S, RunNumbers(instance).read),
        Reader("daemons", RUNS_S, partial(read_daemons, instance)),
        Reader("assets", ASSETS_S, partial(read_assets, instance)),
        Reader("models", MODELS_S, partial(read_models, registry_of(settings))),
        Reader("databases", MODELS_S, partial(read_databases, settings.database_url, files)),
        Reader("store", STORE_S, partial(read_store, open_store(settings))),
    ]


def serve(settings: Settings, dagster_home: Path, *, host: str, port: int) -> None:
    """Serve the numbers at `/metrics` until SIGTERM or SIGINT.

    Raises:
        ExporterPortTaken: something listens at the port.

    """
    from dagster import DagsterInstance

    from resources.lanes.pooling import hold_connections

    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    with DagsterInstance.from_config(str(dagster_home)) as instance:
        hold_connections(instance)
        readings = Readings(readers_of(settings, instance, dagster_home))
        registry = CollectorRegistry()
        registry.register(readings)
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        try:
            server, _ = start_http_server(port, host, registry)
        except OSError as error:
            raise ExporterPortTaken(f"{host}:{port}: {error.strerror}") from error
        readings.start()
        log.info("the exporter serves at http://%s:%d/metrics", host, port)
        stop.wait()
        server.shutdown()
        server.server_close()
        readings.stop()
