"""AOIs by place: PostGIS's index where the database has it, the box of each AOI elsewhere; the same answer on both."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from sqlalchemy import column, func, select, text
from sqlalchemy.exc import DBAPIError

from api.db.tables import AoiRow

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection
    from sqlalchemy.orm import Session

    from imagery.aoi import LonLatBox

_log = logging.getLogger(__name__)

_IS_INSTALLED = text("SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'postgis')")
_IS_AVAILABLE = text("SELECT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'postgis')")
_HAS_COLUMN = text(
    "SELECT EXISTS (SELECT FROM pg_attribute"
    " WHERE attrelid = to_regclass('aois') AND attname = 'geom' AND NOT attisdropped)"
)
_ADD_COLUMN = text(
    "ALTER TABLE aois ADD COLUMN geom geometry(MultiPolygon, 4326)"
    " GENERATED ALWAYS AS (ST_Multi(ST_SetSRID(ST_GeomFromGeoJSON(geometry::text), 4326))) STORED"
)
_ADD_INDEX = text("CREATE INDEX ix_aois_geom ON aois USING gist (geom)")


def ensure_spatial_index(connection: Connection) -> None:
    """Give `aois` its geometry column and index where the database has PostGIS, or may make the extension."""
    if connection.dialect.name != "postgresql" or connection.scalar(_HAS_COLUMN):
        return
    if not _ensure_postgis(connection):
        return
    connection.execute(_ADD_COLUMN)
    connection.execute(_ADD_INDEX)


def _ensure_postgis(connection: Connection) -> bool:
    if connection.scalar(_IS_INSTALLED):
        return True
    if not connection.scalar(_IS_AVAILABLE):
        _log.warning("PostgreSQL has no PostGIS: AOIs are found by their boxes; install it for large numbers of AOIs")
        return False
    try:
        with connection.begin_nested():
            connection.execute(text("CREATE EXTENSION postgis"))
    except DBAPIError as error:
        _log.warning(
            "PostGIS is there but this user may not enable it (%s): run CREATE EXTENSION postgis in the API's database"
            " as its administrator and start again; until then AOIs are found by their boxes",
            str(error.orig).strip(),
        )
        return False
    return True


def aois_meeting(session: Session, box: LonLatBox) -> list[AoiRow]:
    """Return the AOIs whose shape meets a box, edges included; oldest first."""
    order = (AoiRow.created_at, AoiRow.id)
    if session.get_bind().dialect.name == "postgresql" and session.scalar(_HAS_COLUMN):
        meets = func.ST_Intersects(column("geom"), func.ST_MakeEnvelope(*box, 4326))
        return list(session.scalars(select(AoiRow).where(meets).order_by(*order)))
    near = (
        AoiRow.west <= box.east,
        AoiRow.east >= box.west,
        AoiRow.south <= box.north,
        AoiRow.north >= box.south,
    )
    return [row for row in session.scalars(select(AoiRow).where(*near).order_by(*order)) if _meets(row, box)]


def _meets(row: AoiRow, box: LonLatBox) -> bool:
    """Tell whether the shape itself meets the box: a U around the box has the box in its own box only."""
    import shapely
    from shapely.geometry import shape

    return bool(shapely.intersects(shape(row.geometry), shapely.box(*box)))
