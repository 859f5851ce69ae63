"""AOIs by place: PostGIS's index and SQLite's boxes give the same answer, to the edge."""

from __future__ import annotations

import random
from typing import Any

import pytest
from shapely.geometry import MultiPolygon, Polygon, box, mapping
from sqlalchemy import text

from api.db.session import Database
from api.db.spatial import aois_meeting
from api.db.tables import AoiRow
from imagery.aoi import Aoi, LonLatBox

pytestmark = pytest.mark.integration

#: Two fields with a gap between them: their common box is full of places that neither is at.
APART = MultiPolygon([box(30.0, -20.0, 30.1, -19.9), box(30.4, -19.6, 30.5, -19.5)])
#: A field around three sides of a village.
AROUND = Polygon(
    [(31, -18), (31.3, -18), (31.3, -17.7), (31.2, -17.7), (31.2, -17.9), (31.1, -17.9), (31.1, -17.7), (31, -17.7)]
)
#: A field with a lake in it.
RING = Polygon(box(29, -21, 29.4, -20.6).exterior.coords, [box(29.1, -20.9, 29.3, -20.7).exterior.coords])


def add(database: Database, *shapes: Any) -> list[str]:  # noqa: ANN401  # shapely has no types
    """Keep AOIs as the API does, and return their ids."""
    ids = []
    with database.write() as session:
        for shape in shapes:
            aoi = Aoi.from_geojson(mapping(shape))
            session.add(
                AoiRow(
                    id=aoi.id,
                    geometry=mapping(aoi.geometry),
                    area_ha=aoi.area_ha,
                    **aoi.bbox._asdict(),
                )
            )
            session.flush()
            ids.append(aoi.id)
    return ids


def meeting(database: Database, *edges: float) -> list[str]:
    with database.read() as session:
        return [row.id for row in aois_meeting(session, LonLatBox(*edges))]


def test_an_aoi_whose_box_meets_and_whose_shape_does_not_is_left_out(database: Database) -> None:
    apart, around, ring = add(database, APART, AROUND, RING)
    assert meeting(database, 30.2, -19.8, 30.3, -19.7) == []  # between the two fields
    assert meeting(database, 31.12, -17.85, 31.18, -17.75) == []  # the village
    assert meeting(database, 29.15, -20.85, 29.25, -20.75) == []  # the lake
    assert meeting(database, 30.05, -19.95, 30.06, -19.94) == [apart]
    assert meeting(database, 29, -21, 32, -17) == [apart, around, ring]


def test_edges_and_corners_that_touch_meet(database: Database) -> None:
    [apart] = add(database, APART)
    assert meeting(database, 29.9, -20.0, 30.0, -19.9) == [apart]
    assert meeting(database, 30.1, -19.9, 30.2, -19.8) == [apart]
    assert meeting(database, 30.1000001, -19.9, 30.2, -19.8) == []


def test_many_random_places_have_the_answer_that_shapely_gives(database: Database) -> None:
    chance = random.Random(3)
    shapes = []
    for _ in range(60):
        west, south = chance.uniform(26, 32), chance.uniform(-22, -17.2)
        triangle = [(west, south), (west + chance.random(), south + 0.1), (west + 0.2, south + chance.random() + 0.2)]
        shapes.append(Aoi.from_geojson(mapping(Polygon(triangle))).geometry)
    ids = add(database, *shapes)
    for _ in range(60):
        west, south = chance.uniform(26, 32), chance.uniform(-22, -16)
        area = box(west, south, west + chance.random(), south + chance.random())
        expected = [one for one, shape in zip(ids, shapes, strict=True) if shape.intersects(area)]
        assert sorted(meeting(database, *area.bounds)) == sorted(expected)


def test_postgis_finds_aois_by_its_index_and_keeps_the_geometry_in_step(postgis_server: Any) -> None:  # noqa: ANN401
    with postgis_server.fresh(tables=True) as url:
        database = Database(url)
        _look_at_the_geometry(database)
        database.close()


def _look_at_the_geometry(database: Database) -> None:
    [apart] = add(database, APART)
    with database.write() as session:
        session.execute(text("SET LOCAL enable_seqscan = off"))
        plan = session.scalars(
            text("EXPLAIN SELECT id FROM aois WHERE ST_Intersects(geom, ST_MakeEnvelope(30, -20, 31, -19, 4326))")
        ).all()
        assert any("ix_aois_geom" in line for line in plan)
        kinds = text("SELECT GeometryType(geom), ST_SRID(geom) FROM aois")
        assert session.execute(kinds).all() == [("MULTIPOLYGON", 4326)]
        session.get_one(AoiRow, apart).geometry = mapping(AROUND)
    with database.read() as session:
        assert session.execute(text("SELECT round(ST_XMin(geom)::numeric, 3) FROM aois")).scalar_one() == 31
