"""Local and far scenes: `python -m benchmarks.remote --size 1024 [--latency-ms 50] [--json]`.

The engine draws the same map of the same scenes from disk, from an HTTP server and from an S3 server on this machine,
where every request waits 50 ms before it is answered. The catalogue is read from disk each time: an archive's API
answers a search in one request or two, where a static catalogue takes one an item. Servers and engine share the cores.
The S3 server is Ceph's gateway, as in the tests; where its programs are missing, that is said and S3 is left out. With
`--json` the last line is one object.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.maps import add_engine_arguments, order_for
from benchmarks.scenes import add_arguments, archive_of, write_scenes
from benchmarks.slow_proxy import SlowProxy
from benchmarks.slow_server import SlowServer
from benchmarks.timing import load_of_machine
from resources.object_store import S3Store

LATENCY_MS = 50
BUCKET = "geocrop-bench"
TEST_SERVERS = Path(__file__).parents[1] / "tests" / "integration" / "servers.py"


@dataclass(frozen=True)
class Place:
    """Where scenes are read from: its catalogue, and what GDAL needs to know."""

    catalogue: Path
    gdal_options: Mapping[str, str] = field(default_factory=dict)


def relinked(catalogue: Path, folder: Path, address: str) -> Path:
    """Write a copy of a catalogue whose files are at an address instead of beside it."""
    import pystac

    read = pystac.Catalog.from_file(str(catalogue))
    for item in read.get_items(recursive=True):
        item.make_asset_hrefs_absolute()
        for asset in item.assets.values():
            asset.href = f"{address}/{Path(asset.href).relative_to(catalogue.parent).as_posix()}"
    read.normalize_and_save(str(folder), pystac.CatalogType.SELF_CONTAINED)
    return folder / "catalog.json"


@contextmanager
def on_s3(catalogue: Path, folder: Path, latency_s: float) -> Iterator[Place]:
    """Put the scenes into a private S3 server and yield them behind a slow proxy."""
    spec = importlib.util.spec_from_file_location("test_servers", TEST_SERVERS)
    if spec is None or spec.loader is None:
        raise FileNotFoundError(TEST_SERVERS)
    servers = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = servers  # its dataclasses look for themselves there
    spec.loader.exec_module(servers)
    with servers.ceph_s3() as server:
        keys = (server.access_key, server.secret_key)
        store = S3Store(server.endpoint, *keys, secure=False)
        store.ensure_buckets([BUCKET])
        for path in sorted(catalogue.parent.rglob("*.tif")):
            store.put_file(BUCKET, path.relative_to(catalogue.parent).as_posix(), path)
        with SlowProxy(server.endpoint, latency_s) as proxy:
            options = S3Store(proxy.endpoint, *keys, secure=False).gdal_options()
            yield Place(relinked(catalogue, folder, f"s3://{BUCKET}"), options)


def s3_is_there() -> bool:
    """Tell whether the programs of the S3 server are on this machine, and the tests that know how to start it."""
    return TEST_SERVERS.is_file() and all(shutil.which(name) for name in ("ceph-mon", "ceph-osd", "radosgw"))


def measure(asked: argparse.Namespace) -> dict[str, Any]:
    """Draw from each place in turn and return seconds and ratios."""
    archive = archive_of(asked)
    latency_s = asked.latency_ms / 1000
    with tempfile.TemporaryDirectory(prefix="geocrop-bench-", dir=asked.folder) as name, ExitStack() as open_places:
        folder = Path(name)
        catalogue = write_scenes(folder / "scenes", archive)
        order = replace(order_for(catalogue, archive.tiles[0], asked.margin, asked, folder), compare=False, again=False)
        server = open_places.enter_context(SlowServer(catalogue.parent, latency_s))
        places = {"local": Place(catalogue), "http": Place(relinked(catalogue, folder / "http", server.url))}
        if s3_is_there():
            places["s3"] = open_places.enter_context(on_s3(catalogue, folder / "s3", latency_s))
        else:
            print("S3 is left out: apt-get install ceph-common ceph-mon ceph-osd radosgw")
        runs: dict[str, list[dict[str, Any]]] = {place: [] for place in places}
        for _ in range(asked.repeats):
            for where, place in places.items():
                mine = replace(order, catalogue=str(place.catalogue), gdal_options=dict(place.gdal_options))
                runs[where].append(replace(mine, folder=f"{order.folder}-{where}").run()["first"])
        same = {f"same_map_{where}": _same(order.folder, where) for where in places if where != "local"}
        asked_of_http = {"http_requests_a_map": sum(server.requests.values()) / asked.repeats}
    return _figures(runs) | same | asked_of_http | {"last": {where: done[-1] for where, done in runs.items()}}


def _figures(runs: Mapping[str, list[dict[str, Any]]]) -> dict[str, float]:
    """Return seconds of each place, and how many times the local ones (within a turn; medians over turns)."""
    found = {f"{where}_s": statistics.median(run["wall_s"] for run in done) for where, done in runs.items()}
    for where in runs.keys() - {"local"}:
        turns = zip(runs[where], runs["local"], strict=True)
        found[f"{where}_times_local"] = statistics.median(far["wall_s"] / near["wall_s"] for far, near in turns)
    return found


def _same(folder: str, where: str) -> bool:
    import rasterio

    with rasterio.open(f"{folder}-local/map.tif") as near, rasterio.open(f"{folder}-{where}/map.tif") as far:
        return bool(np.array_equal(near.read(), far.read()))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    add_engine_arguments(parser)
    parser.add_argument("--latency-ms", type=float, default=LATENCY_MS)
    parser.add_argument("--repeats", type=int, default=1)
    asked = parser.parse_args()
    before = load_of_machine()
    found = measure(asked)
    for name, value in found.items():
        if name != "last":
            print(f"{name:24}{value:12.4g}")
    if asked.json:
        facts = {"size": asked.size, "latency_ms": asked.latency_ms, "threads": asked.threads, "block": asked.block}
        print(json.dumps(facts | {"machine": {"before": before, "after": load_of_machine()}} | found))


if __name__ == "__main__":
    main()
