"""The index of the STAC API: pgstac in a schema of its own in the API's database, where that has PostGIS.

The object store is what is true. Each indexed item remembers the etag of the pointer it was read by, so that a sync
reads what changed and nothing else; it can be run at any time, by any number of processes.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import make_url, text

from api.published import YEARS, PublishedRaster, read_baseline, read_crop_map
from api.stac_catalogue import COLLECTIONS, bare_collection, told_links
from imagery.stac import BASELINES, CROP_MAPS
from resources import layout
from resources.object_store import ObjectNotFound
from resources.publish import POINTER_NAME

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from api.db.session import Database
    from api.db.tables import Job
    from api.services import Services

#: Says in an indexed item which pointer it was read by; taken out again before a client sees the item.
POINTER_ETAG = "geocrop:pointer_etag"
#: An indexed asset names its object by this scheme; clients get an address instead.
OBJECT_SCHEME = "object:"
#: Any number that no other program locks: "STAC" in ASCII.
ADVISORY_LOCK = 0x53544143

_HAS_POSTGIS = text("SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'postgis')")
_HAS_INDEX = text("SELECT to_regclass('pgstac.items') IS NOT NULL")
_LOCK = text("SELECT pg_advisory_lock(:number)")
_UNLOCK = text("SELECT pg_advisory_unlock(:number)")
_PATH = text("SET LOCAL search_path TO pgstac, public")
_KNOWN = text("SELECT collection, id, content->'properties'->>:etag FROM items")
_PUT_COLLECTION = text("SELECT upsert_collection(CAST(:document AS jsonb))")
_PUT_ITEM = text("SELECT upsert_item(CAST(:document AS jsonb))")
_DELETE_ITEM = text("SELECT delete_item(:id, :collection)")
_log = logging.getLogger(__name__)

Name = tuple[str, str]
"""Collection and id of an item."""


@dataclass(frozen=True)
class SyncReport:
    """How many items a sync wrote and took out."""

    written: int
    removed: int


def ensure_schema(database: Database) -> bool:
    """Bring pgstac to the installed version, once; tell whether this database has a STAC index."""
    if not database.is_postgres:
        return False
    with database.engine.connect() as connection:
        if not connection.scalar(_HAS_POSTGIS):
            return False
        connection.execute(_LOCK, {"number": ADVISORY_LOCK})
        try:
            return _migrate(address(database))
        finally:
            connection.execute(_UNLOCK, {"number": ADVISORY_LOCK})


def address(database: Database) -> str:
    """Return the database's address as PostgreSQL's own drivers read it."""
    return make_url(database.url).set(drivername="postgresql").render_as_string(hide_password=False)


def _migrate(dsn: str) -> bool:
    import psycopg
    from pypgstac.db import PgstacDB
    from pypgstac.migrate import Migrate

    try:
        with PgstacDB(dsn=dsn) as pgstac:
            Migrate(pgstac).run_migration()
    except psycopg.errors.InsufficientPrivilege as error:
        _log.warning(
            "no STAC API, but a static catalogue: this user may not make pgstac's schema (%s); run `pypgstac migrate`"
            " on the API's database as its administrator, grant this user the role pgstac_admin, and start again",
            str(error).strip(),
        )
        return False
    return True


def sync(services: Services, stopped: Callable[[], bool] = lambda: False) -> SyncReport:
    """Make the index what the object store says; nothing is done where the database has no index.

    `stopped` is asked before each item; what is left then is left to the next sync.

    Raises:
        StoreUnavailable: the object store does not answer.

    """
    if not _has_index(services.database):
        return SyncReport(0, 0)
    # The index first, then the store: what another process publishes and indexes meanwhile is not taken for gone.
    known = _known(services)
    wanted = dict(_pointers(services))
    written = removed = 0
    for name, etag in wanted.items():
        if known.get(name) != etag and not stopped():
            written += _index(services, name, etag)
    for collection, item_id in known.keys() - wanted.keys():
        if not stopped():
            with _session(services.database) as session:
                session.execute(_DELETE_ITEM, {"id": item_id, "collection": collection})
            removed += 1
    return SyncReport(written, removed)


def _known(services: Services) -> dict[Name, str]:
    """Write the collections, and return the items that are indexed with the etags of their pointers."""
    with _session(services.database) as session:
        for name in COLLECTIONS:
            session.execute(_PUT_COLLECTION, {"document": json.dumps(bare_collection(services, name))})
        found = session.execute(_KNOWN, {"etag": POINTER_ETAG})
        return {(collection, item_id): etag for collection, item_id, etag in found}


def index_job(services: Services, job: Job) -> bool:
    """Index the map of a job that is ready; tell whether there was one, and an index to put it in."""
    if job.kind != "prediction" or job.partition is None or not _has_index(services.database):
        return False
    try:
        stat = services.store.stat(layout.RESULTS, layout.map_prefix(job.partition) + POINTER_NAME)
    except ObjectNotFound:
        return False
    return _index(services, (CROP_MAPS, job.partition), stat.etag)


def document(raster: PublishedRaster, etag: str) -> dict[str, Any]:
    """Return an item as it is indexed: assets name their objects, links are left to the API."""
    item = dict(raster.item)
    keys = raster.asset_keys()
    assets: Mapping[str, Any] = item["assets"]
    return item | {
        "properties": item["properties"] | {POINTER_ETAG: etag},
        "links": told_links(raster.item),
        "assets": {
            asset: said | {"href": f"{OBJECT_SCHEME}{raster.bucket}/{keys[asset]}"}
            for asset, said in assets.items()
            if asset in keys
        },
    }


def _index(services: Services, name: Name, etag: str) -> bool:
    """Write one item into the index; False where it went from the store meanwhile."""
    collection, item_id = name
    year = item_id.rpartition("-")[2]
    raster = (
        read_baseline(services.store, int(year)) if collection == BASELINES else read_crop_map(services.store, item_id)
    )
    if raster is None:
        return False
    with _session(services.database) as session:
        session.execute(_PUT_ITEM, {"document": json.dumps(document(raster, etag))})
    return True


def _pointers(services: Services) -> Iterator[tuple[Name, str]]:
    """Yield each item that the store has, with the etag of its pointer."""
    for year in YEARS:
        try:
            stat = services.store.stat(layout.BASELINES, layout.baseline_prefix(year) + POINTER_NAME)
        except ObjectNotFound:
            continue
        yield (BASELINES, f"dynamic-world-{year}"), stat.etag
    for stat in services.store.list(layout.RESULTS, layout.map_prefix("x").removesuffix("x/")):
        if stat.key.endswith(f"/{POINTER_NAME}"):
            yield (CROP_MAPS, stat.key.split("/")[1]), stat.etag


def _has_index(database: Database) -> bool:
    if not database.is_postgres:
        return False
    with database.read() as session:
        return bool(session.scalar(_HAS_INDEX))


@contextmanager
def _session(database: Database) -> Iterator[Session]:
    with database.write() as session:
        session.execute(_PATH)
        yield session
