"""Tiles of a baseline from the API: `python -m benchmarks.tiles` (2,000 tiles, 8 clients at once).

The API serves in a process of its own, from a folder store. Printed, as JSON: milliseconds a tile as a client sees it,
tiles a second, and the API's memory before and after.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

import httpx
import numpy as np
from morecantile import Tile, tms

from demo.published import publish_baseline
from imagery.dynamic_world import NODATA
from resources.platform import store_of
from resources.settings import Settings

TILES, CLIENTS = 2_000, 8
YEAR = 2020
SIDE_PIXELS, PATCH_PIXELS = 4_096, 16
START_PATIENCE_S = 120.0
KIB_A_MIB = 1_024

SERVER = """
import socket, sys
from http import HTTPStatus
from pathlib import Path
import uvicorn
from api.main import create_app
from resources.settings import Settings
app = create_app(Settings(home=Path(sys.argv[1])), background=False)
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False)).run(sockets=[listener])
"""


@dataclass(frozen=True)
class Server:
    """The API in a process of its own."""

    url: str
    pid: int

    def memory_mib(self, peak: bool = False) -> float:
        """Return its resident memory now, or the most it ever had."""
        wanted = "VmHWM:" if peak else "VmRSS:"
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(wanted)) / KIB_A_MIB


def publish(home: Path) -> None:
    """Publish a baseline of 41 km by 41 km, in patches of 160 m."""
    small = np.random.default_rng(1).integers(0, 9, (SIDE_PIXELS // PATCH_PIXELS,) * 2)
    classes = np.kron(small, np.ones((PATCH_PIXELS,) * 2, int)).astype(np.uint8)
    classes[: SIDE_PIXELS // 8] = NODATA
    publish_baseline(store_of(Settings(home=home)), YEAR, classes)


@contextmanager
def serving(home: Path) -> Iterator[Server]:
    """Run the API until the block ends."""
    process = subprocess.Popen([sys.executable, "-c", SERVER, str(home)], stdout=subprocess.PIPE, text=True)
    try:
        port = process.stdout.readline().strip() if process.stdout else ""
        url = f"http://127.0.0.1:{port}"
        httpx.get(f"{url}/baselines", timeout=START_PATIENCE_S).raise_for_status()
        yield Server(url, process.pid)
    finally:
        process.terminate()
        process.wait()


def tiles_of(bounds: list[float], levels: range) -> list[Tile]:
    """Return the tiles of a box, level by level, as one who zooms in sees them."""
    return list(itertools.chain.from_iterable(tms.get("WebMercatorQuad").tiles(*bounds, zooms=z) for z in levels))


def measure(server: Server, number: int, clients: int) -> dict[str, float]:
    """Fetch tiles by several clients at once, and return what it took."""
    baseline = httpx.get(f"{server.url}/baselines").json()["baselines"][YEAR - 2015]
    told = httpx.get(baseline["tilejson"]).json()
    every = tiles_of(told["bounds"], range(told["minzoom"], told["maxzoom"] + 3))
    wanted = [every[i % len(every)] for i in range(number)]
    seconds: list[float] = []
    before = server.memory_mib()

    def fetch(share: list[Tile]) -> None:
        with httpx.Client(timeout=60) as client:
            for tile in share:
                start = time.perf_counter()
                answer = client.get(told["tiles"][0].format(z=tile.z, x=tile.x, y=tile.y))
                if answer.status_code != HTTPStatus.NOT_FOUND:  # a corner of the box that the raster does not reach
                    answer.raise_for_status()
                seconds.append(time.perf_counter() - start)

    start = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(fetch, [wanted[i::clients] for i in range(clients)]))
    lasted = time.perf_counter() - start
    return {
        "tiles": number,
        "clients": clients,
        "median_ms": round(statistics.median(seconds) * 1000, 1),
        "p99_ms": round(statistics.quantiles(seconds, n=100)[98] * 1000, 1),
        "tiles_per_s": round(number / lasted, 1),
        "memory_before_mib": round(before, 1),
        "memory_after_mib": round(server.memory_mib(), 1),
        "memory_peak_mib": round(server.memory_mib(peak=True), 1),
    }


def main() -> None:
    """Publish, serve, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tiles", type=int, default=TILES)
    parser.add_argument("--clients", type=int, default=CLIENTS)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="geocrop-tiles-") as folder:
        publish(Path(folder))
        with serving(Path(folder)) as server:
            print(json.dumps(measure(server, asked.tiles, asked.clients), indent=1))


if __name__ == "__main__":
    main()
