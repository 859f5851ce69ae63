"""Object store and databases as numbers: what they hold, and what room there is."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from resources.exporter.readers import gauge, gauges
from resources.layout import BASELINES, BUCKETS, RESULTS
from resources.object_store import BucketNotFound, FolderStore
from resources.publish import POINTER_NAME

if TYPE_CHECKING:
    from prometheus_client.core import Metric
    from sqlalchemy.engine import Connection

    from resources.backup.vault import Vault
    from resources.object_store import ObjectStore

#: Where the pointers of results lie: what they are, by bucket and prefix.
RESULT_KINDS = {"map": (RESULTS, "maps/"), "composite": (RESULTS, "composites/"), "baseline": (BASELINES, "")}
CONNECT_S = 5
SIZES = """
SELECT datname, pg_database_size(oid), (SELECT count(*) FROM pg_stat_activity AS one WHERE one.datid = db.oid)
FROM pg_database AS db WHERE NOT datistemplate
AND (has_database_privilege(oid, 'CONNECT') OR pg_has_role('pg_read_all_stats', 'MEMBER'))
"""
SQLITE = "sqlite:///"


def read_store(store: ObjectStore) -> list[Metric]:
    """Return objects and bytes of each bucket, results by kind, the newest of each; and the room of a folder's disk.

    The room of an S3 server is that server's to tell: MinIO does, at its own address.
    """
    sizes: list[tuple[tuple[str], tuple[int, int]]] = []
    kinds = {kind: [0.0, 0.0] for kind in RESULT_KINDS}
    for bucket in BUCKETS:
        number = size = 0
        try:
            for one in store.list(bucket):
                number, size = number + 1, size + one.size
                for kind, (home, prefix) in RESULT_KINDS.items():
                    if bucket == home and one.key.startswith(prefix) and one.key.endswith(f"/{POINTER_NAME}"):
                        kinds[kind] = [kinds[kind][0] + 1, max(kinds[kind][1], one.modified.timestamp())]
        except BucketNotFound:
            continue
        sizes.append(((bucket,), (number, size)))
    told = [
        gauges("geocrop_store_objects", "Objects of a bucket.", ("bucket",), [(b, float(n)) for b, (n, _) in sizes]),
        gauges("geocrop_store_bytes", "Bytes of a bucket.", ("bucket",), [(b, float(s)) for b, (_, s) in sizes]),
        gauges("geocrop_results", "Results by kind.", ("kind",), [((kind,), of[0]) for kind, of in kinds.items()]),
        gauges(
            "geocrop_newest_result_timestamp_seconds",
            "When the newest result of a kind was published.",
            ("kind",),
            [((kind,), of[1]) for kind, of in kinds.items() if of[0]],
        ),
    ]
    if isinstance(store, FolderStore) and store.root.exists():
        disk = shutil.disk_usage(store.root)
        told.append(gauge("geocrop_store_capacity_bytes", "Size of the disk under the store.", disk.total))
        told.append(gauge("geocrop_store_free_bytes", "Free bytes of the disk under the store.", disk.free))
    return told


def read_databases(url: str, files: dict[str, Path]) -> list[Metric]:
    """Return the sizes of the databases, and their open connections where they are PostgreSQL's.

    Args:
        url: SQLAlchemy's address of the API's database; all others of the same server are told of as well.
        files: SQLite files, or folders of them, by the name of what they are for; told of where they are there.

    """
    sizes = {name: float(_bytes(path)) for name, path in files.items() if path.exists()}
    connections: dict[str, float] = {}
    told: list[Metric] = []
    if not url.startswith(SQLITE):
        with _connected(url) as connection:
            for name, size, open_ones in connection.execute(text(SIZES)):
                sizes[name], connections[name] = float(size), float(open_ones)
            most = connection.scalar(text("SELECT current_setting('max_connections')::int"))
            told.append(gauge("geocrop_database_connections_max", "Connections allowed.", most or 0))
    label = ("database",)
    told.append(gauges("geocrop_database_bytes", "Size.", label, [((name,), size) for name, size in sizes.items()]))
    if connections:
        found = [((name,), number) for name, number in connections.items()]
        told.append(gauges("geocrop_database_connections", "Open connections.", label, found))
    return told


@contextmanager
def _connected(url: str) -> Iterator[Connection]:
    """Give a connection of its own, closed at the end: one look a minute needs no pool."""
    scheme, _, rest = url.partition("://")
    address = f"{scheme.partition('+')[0]}+psycopg2://{rest}"
    engine = create_engine(address, poolclass=NullPool, connect_args={"connect_timeout": CONNECT_S})
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def _bytes(path: Path) -> int:
    if path.is_file():
        return path.stat().st_size
    return sum(one.stat().st_size for one in path.rglob("*") if one.is_file() and one.suffix == ".db")


def read_backups(vault: Vault) -> list[Metric]:
    """Return how many whole backups there are, and the newest one's moment and size; no moment where there is none."""
    ids = vault.open().ids()
    told = [gauge("geocrop_backups", "Whole backups.", len(ids))]
    if ids:
        newest = vault.manifest(ids[-1])
        began = datetime.fromisoformat(newest.began).timestamp()
        told.append(gauge("geocrop_backup_timestamp_seconds", "When the newest backup was begun.", began))
        told.append(gauge("geocrop_backup_bytes", "Bytes of the objects of the newest backup.", newest.size))
    return told
