"""From a visitor's request to the first baseline tile on the page: `python -m benchmarks.first_tile`.

What a page does: `POST /predictions` with a new AOI, read the TileJSON of a baseline in the answer, load the tile in
its middle. One turn warms the API up and is not counted. Simulated baselines, folder store, SQLite, and no Dagster: the
jobs stay queued, which is what the answer does not wait for. Prints milliseconds as JSON.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

import httpx

from benchmarks.load import PASSWORD, serving
from resources.settings import Settings

USER = "visitor"
SEASON = "2023-2024"
REPETITIONS = 20
#: Side of an AOI in degrees: some 1 km.
SIDE_DEG = 0.01
ZOOM = 14


def prepare(home: Path) -> Settings:
    """Make a home with baselines, an administrator (whose jobs are not counted) and a champion on paper."""
    from api.db.migrate import upgrade
    from api.db.session import Database
    from api.db.tables import User
    from api.security import hash_password
    from demo import simulate
    from geocrop_assets.cli.demo import ingest_baselines
    from resources.platform import registry_of

    settings = Settings(home=home, dagster_url="http://127.0.0.1:9")
    ingest_baselines(settings, simulate(home / "landscape", size_px=128, n_dates=1), lambda *_: None)
    database = Database(settings.database_url)
    upgrade(database)
    with database.write() as session:
        session.add(User(name=USER, password_hash=hash_password(PASSWORD), role="admin"))
    database.close()
    registry = registry_of(settings)
    with registry.run("benchmark", {}) as run_id:
        registry.set_champion(registry.register(run_id, "nowhere", {"bundle_hash": "0" * 64, "recipe": "s2-season@1"}))
    return settings


def turn(client: httpx.Client, number: int) -> tuple[float, float]:
    """Return milliseconds from the request to its answer, and to the first tile."""
    import morecantile

    west, south = 29.0 + number * 2 * SIDE_DEG, -18.0
    body = {"aoi": {"bbox": [west, south, west + SIDE_DEG, south + SIDE_DEG]}, "season": SEASON}
    started = time.perf_counter()
    answer = client.post("/predictions", json=body)
    answered = time.perf_counter()
    answer.raise_for_status()
    address = next(one for one in answer.json()["baselines"].values() if one)
    tilejson = client.get(address).json()
    west, south, east, north = tilejson["bounds"]
    tile = morecantile.tms.get("WebMercatorQuad").tile((west + east) / 2, (south + north) / 2, ZOOM)
    template = tilejson["tiles"][0]
    image = client.get(template.format(z=tile.z, x=tile.x, y=tile.y))
    seen = time.perf_counter()
    image.raise_for_status()
    return 1000 * (answered - started), 1000 * (seen - started)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=REPETITIONS)
    repetitions = parser.parse_args().repetitions
    with (
        tempfile.TemporaryDirectory(prefix="geocrop-tile-") as folder,
        serving(prepare(Path(folder))) as (address, _),
        httpx.Client(base_url=address, timeout=60, trust_env=False) as client,
    ):
        answer = client.post("/auth/token", data={"username": USER, "password": PASSWORD})
        client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        first, *turns = [turn(client, number) for number in range(repetitions + 1)]
    answers, tiles = zip(*turns, strict=True)
    print(
        json.dumps(
            {
                "repetitions": repetitions,
                "answer_median_ms": round(statistics.median(answers), 1),
                "first_tile_median_ms": round(statistics.median(tiles), 1),
                "first_tile_max_ms": round(max(tiles), 1),
                "cold_first_tile_ms": round(first[1], 1),
            },
            indent=1,
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
