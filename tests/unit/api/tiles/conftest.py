"""An installation with two baselines and two crop maps, and the routes that show them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api.db import migrate
from api.db.session import Database
from api.db.tables import AoiRow, Job, Prediction, User
from api.errors import add_handlers
from api.routes import baselines, files, stac, tiles
from api.security import issue_token
from api.services import Services
from demo.published import Classes, publish_baseline, publish_map
from imagery.aoi import Aoi, LonLatBox, partition_key
from resources.platform import rules_of, store_of
from resources.settings import Settings

SEASON = "2023-2024"
BASE = "http://testserver"
AOI = Aoi.from_bbox(LonLatBox(31.12, -17.83, 31.13, -17.82))
OTHER_AOI = Aoi.from_bbox(LonLatBox(31.13, -17.83, 31.14, -17.82))


@dataclass(frozen=True)
class Site:
    """What is published, and as which arrays."""

    services: Services
    app: FastAPI
    baseline: Classes
    bands: Classes
    map_key: str
    other_key: str
    baseline_key: str

    @property
    def partition(self) -> str:
        return partition_key(AOI.id, SEASON)

    @property
    def other_partition(self) -> str:
        return partition_key(OTHER_AOI.id, SEASON)

    def headers(self, name: str) -> dict[str, str]:
        """Return the header that a user of the site sends."""
        with self.services.database.read() as session:
            user = session.query(User).filter_by(name=name).one()
        return {"Authorization": f"Bearer {issue_token(user, self.services.settings)}"}


def patches(rng: np.random.Generator, codes: list[int], size: int, side: int) -> Classes:
    """Return square patches of classes, larger than a pixel of the coarsest tile."""
    small = rng.choice(codes, (size // side, size // side))
    return np.kron(small, np.ones((side, side), int)).astype(np.uint8)


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    settings = Settings(home=tmp_path_factory.mktemp("tiles"), environment_kind="development")
    store, rules = store_of(settings), rules_of(settings)
    rng = np.random.default_rng(7)
    baseline = patches(rng, list(range(9)), 1_200, 40)
    baseline[:120] = 255
    legend = tuple(rules.load_classes())
    classes = patches(rng, [entry.code for entry in legend], 200, 20)
    classes[:, :20] = 0
    bands = np.stack([classes, np.where(classes, 87, 0), np.where(classes, 12, 0)]).astype(np.uint8)
    pointer = publish_baseline(store, 2020, baseline)
    publish_baseline(store, 2021, baseline[:600, :600])
    maps = [publish_map(store, aoi, SEASON, bands, legend) for aoi in (AOI, OTHER_AOI)]
    database = Database(settings.database_url)
    migrate.upgrade(database)
    _fill(database)
    services = cast(Services, SimpleNamespace(settings=settings, store=store, rules=rules, database=database))
    app = FastAPI()
    for module in (tiles, files, baselines, stac):
        app.include_router(module.router)
    add_handlers(app)
    app.state.services = services
    keys = [one["files"]["crop_map.tif"] for one in maps]
    yield Site(services, app, baseline, bands, *keys, pointer["files"]["baseline.tif"])
    database.close()


def _fill(database: Database) -> None:
    """Add an administrator, a recruiter who asked for the first map, and one who asked for nothing."""
    with database.write() as session:
        users = [User(name=name, password_hash="-", role=role) for name, role in USERS.items()]
        west, south, east, north = AOI.bbox
        row = AoiRow(
            id=AOI.id, geometry=AOI.to_geojson(), area_ha=AOI.area_ha, west=west, south=south, east=east, north=north
        )
        job = Job(id="j" * 32, kind="prediction", request={}, state="ready", lane="interactive")
        session.add_all([*users, row, job])
        session.flush()
        asker = next(user for user in users if user.name == "asker")
        session.add(Prediction(id="p" * 32, user_id=asker.id, aoi_id=AOI.id, season=SEASON, job_id=job.id))


USERS = {"root": "admin", "asker": "recruiter", "stranger": "recruiter"}


@pytest.fixture
def client(site: Site) -> Iterator[TestClient]:
    with TestClient(site.app) as opened:
        yield opened
