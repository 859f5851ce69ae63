"""A map of a tiny AOI: the interactive lane against Dagster's stock path, on PostgreSQL: `python -m benchmarks.lane`.

Both paths make maps of the same AOIs of a simulated landscape by the same code. The lane: LaneRunCoordinator and a warm
worker. The stock path: QueuedRunCoordinator, DefaultRunLauncher and the multiprocess executor, all at their defaults.
Measured from the request (adding the partition key and `launchRun` over HTTP) to the run's start and to its end;
overhead is what is left when the median of the bare work (the assets' own functions, warm, no Dagster) is taken off.
Prints JSON. Needs PostgreSQL's programs (`apt-get install postgresql-15`).
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
import yaml

from benchmarks.stock_location import STOCK_JOB
from geocrop_assets.cli.programs import start_program, stop
from geocrop_assets.cli.runs import LOCAL_INSTANCE
from resources.aois import keep_aoi
from resources.lanes.client import LaneHttp
from resources.lanes.protocol import LaneUnavailable
from resources.platform import rules_of, store_of
from resources.settings import Settings, load_settings
from sensors import tags

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[1]
PATIENCE_S = 300.0
POLL_S = 0.25  # seldom: times come from the run's record, and asking costs the webserver CPU that the run needs
#: Side of an AOI in degrees: some 300 m, 9 ha.
SIDE_DEG = 0.0028
LOCATION = "bench"
POSTGRES_FOLDERS = f"{os.environ.get('PATH', '')}:{':'.join(f'/usr/lib/postgresql/{one}/bin' for one in (15, 16, 17))}"
LAUNCH = """mutation($params: ExecutionParams!) { launchRun(executionParams: $params) {
  __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }"""
ADD_KEY = """mutation($key: String!, $set: String!) { addDynamicPartition(partitionKey: $key, partitionsDefName: $set,
  repositorySelector: {repositoryLocationName: "bench", repositoryName: "__repository__"}) { __typename } }"""
RUN = "query($id: ID!) { runOrError(runId: $id) { ... on Run { status startTime endTime } } }"
READY = "{ repositoriesOrError { ... on RepositoryConnection { nodes { name } } } }"


@dataclass(frozen=True)
class Times:
    """Seconds from the request of one map to what followed."""

    accepted: float  # the webserver's answer
    started: float
    result: float


class Client:
    """Asks a Dagster webserver over one kept connection, as the API does."""

    def __init__(self, port: int) -> None:
        self._http = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE_S, trust_env=False)

    def ask(self, query: str, **variables: object) -> Any:  # noqa: ANN401  # JSON
        """Return what GraphQL answers."""
        return self._http.post("/graphql", json={"query": query, "variables": variables}).json()["data"]

    def ready(self) -> bool:
        """Tell whether the code location is loaded."""
        try:
            return bool(self.ask(READY)["repositoriesOrError"].get("nodes"))
        except httpx.HTTPError:
            return False

    def make_map(self, job: str, partition: str, lane: str) -> Times:
        """Request a map and wait for it."""
        asked = time.time()
        self.ask(ADD_KEY, key=partition, set=tags.AOI_SEASON)
        given = {"dagster/partition": partition, tags.LANE_TAG: lane, "dagster/max_retries": "0"}
        params = {
            "selector": {"repositoryLocationName": LOCATION, "repositoryName": "__repository__", "jobName": job},
            "runConfigData": {},
            "executionMetadata": {"tags": [{"key": key, "value": value} for key, value in given.items()]},
        }
        said = self.ask(LAUNCH, params=params)["launchRun"]
        accepted = time.time()
        if said["__typename"] != "LaunchRunSuccess":
            raise RuntimeError(str(said))
        run = self._wait(said["run"]["runId"])
        return Times(accepted - asked, run["startTime"] - asked, run["endTime"] - asked)

    def _wait(self, run_id: str) -> dict[str, Any]:
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            run: dict[str, Any] = self.ask(RUN, id=run_id)["runOrError"]
            if run["status"] == "SUCCESS":
                return run
            if run["status"] in {"FAILURE", "CANCELED"}:
                raise RuntimeError(f"run {run_id}: {run['status']}")
            time.sleep(POLL_S)
        raise TimeoutError(run_id)


def servers() -> ModuleType:
    """Load the tests' private servers, which are no package."""
    spec = importlib.util.spec_from_file_location("bench_servers", ROOT / "tests" / "integration" / "servers.py")
    if spec is None or spec.loader is None:
        raise FileNotFoundError("tests/integration/servers.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["bench_servers"] = module
    spec.loader.exec_module(module)
    return module


def wait_for(ready: Callable[[], bool], what: str) -> None:
    """Wait until something is so."""
    end = time.monotonic() + PATIENCE_S
    while not ready():
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(0.2)


def tiny_aois(settings: Settings, count: int) -> list[str]:
    """Keep so many AOIs of some 9 ha, each a little further on, in the landscape's middle; return their partitions."""
    from imagery.aoi import Aoi, LonLatBox, partition_key

    landscape = settings.home / "demo" / "landscape"
    season = json.loads((landscape / "simulated.json").read_text())["season"]
    limits, store = rules_of(settings).aoi_limits(), store_of(settings)
    middle = Aoi.from_file(landscape / "aoi.geojson", limits).geometry.centroid
    partitions = []
    for number in range(count):
        west, south = middle.x + (number % 5 - 2) * SIDE_DEG / 5, middle.y + (number // 5 - 2) * SIDE_DEG / 5
        aoi = Aoi.from_bbox(LonLatBox(west, south, west + SIDE_DEG, south + SIDE_DEG), limits)
        keep_aoi(store, aoi)
        partitions.append(partition_key(aoi.id, season))
    return partitions


def bare_work(settings: Settings, partitions: Sequence[str]) -> list[float]:
    """Make the maps by the assets' own functions, warm, without Dagster; return the seconds of each."""
    from geocrop_assets.assets.composites import COMPOSITE_NAME, make_composite, read_map_key
    from geocrop_assets.assets.maps import MAP_NAME, champion_of, draw
    from geocrop_assets.map_checks import check_cog
    from resources.archive import SceneArchive
    from resources.bundles import keep_bundles
    from resources.layout import RESULTS, composite_prefix, map_prefix
    from resources.platform import registry_of
    from resources.publish import publish_files

    keep_bundles(1)
    store, rules, champion = store_of(settings), rules_of(settings), champion_of(registry_of(settings))
    archive = SceneArchive(catalogue=settings.catalogue)
    recipe = rules.load_recipe(champion.recipe)

    def quiet(*_: float) -> None:
        """Hear of no progress."""

    def make(partition: str) -> None:
        key = read_map_key(store, partition, rules)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / COMPOSITE_NAME
            facts = make_composite(key, recipe, archive, path, rules, progress=quiet)
            publish_files(store, RESULTS, composite_prefix(partition), {COMPOSITE_NAME: path}, facts)
        draw(store, key, champion, rules, run_id="none", progress=quiet)
        if not check_cog(store, RESULTS, map_prefix(partition), MAP_NAME).passed:
            raise RuntimeError(f"{partition} is no valid COG")

    seconds = []
    for partition in (partitions[0], *partitions):  # the first one twice: it pays the imports
        began = time.perf_counter()
        make(partition)
        seconds.append(time.perf_counter() - began)
    return seconds[1:]


def instance_config(url: str, *, lane: bool) -> str:
    """Return Dagster's configuration on PostgreSQL: the platform's own, or the stock coordinator and launcher."""
    config = yaml.safe_load(LOCAL_INSTANCE.read_text())
    if not lane:
        for name in ("run_coordinator", "run_launcher", "concurrency", "run_monitoring", "run_retries"):
            del config[name]  # Dagster's defaults: QueuedRunCoordinator and DefaultRunLauncher
    where = urlsplit(url)
    config["storage"] = {
        "postgres": {
            "postgres_db": {
                "scheme": "postgresql+psycopg2",
                "hostname": where.hostname,
                "port": where.port,
                "username": where.username,
                "password": where.password or "",
                "db_name": where.path.strip("/"),
            }
        }
    }
    return yaml.safe_dump(config)


@contextmanager
def stack(settings: Settings, url: str, *, lane: bool) -> Iterator[Client]:
    """Run webserver, daemon and, for the lane, the warm worker on a database; yield a client when all is ready."""
    free_port = servers().free_port
    with ExitStack() as ending, tempfile.TemporaryDirectory(prefix="geocrop-bench-dagster-") as folder:
        home = Path(folder)
        (home / "dagster.yaml").write_text(instance_config(url, lane=lane))
        module = {"module_name": "benchmarks.stock_location", "location_name": LOCATION, "working_directory": str(ROOT)}
        (home / "workspace.yaml").write_text(yaml.safe_dump({"load_from": [{"python_module": module}]}))
        port, lane_url = free_port(), f"http://127.0.0.1:{free_port()}"
        # The demo's sensors look every 3 s; an installation's look every 30 s.
        own = settings.model_copy(update={"dagster_home": home, "lane_url": lane_url, "sensor_seconds": 30})

        def start(*words: str) -> None:
            program = start_program(own, *words, log=home / f"{Path(words[0]).name}.log")
            ending.callback(stop, program)

        # The log is on the database for both; the first page of a busy machine takes its time.
        start("dagster", "dev", "--host", "127.0.0.1", "--port", str(port), "-w", str(home / "workspace.yaml"))
        client = Client(port)
        wait_for(client.ready, "the webserver")
        if lane:
            start("geocrop", "lane", "--home", str(settings.home))
            wait_for(lambda: is_warm(LaneHttp.of(own)), "a warm worker")
        yield client


def is_warm(lane: LaneHttp) -> bool:
    """Tell whether the lane has a warm process."""
    try:
        return lane.status().warm > 0
    except LaneUnavailable:
        return False


def measure(settings: Settings, partitions: Sequence[str], *, lane: bool) -> list[Times]:
    """Make a map to warm up, then each partition's map, by one path; return the times of the latter."""
    job, name = (tags.MAP_JOB, tags.INTERACTIVE) if lane else (STOCK_JOB, "none")
    with servers().postgres() as url, stack(settings, url, lane=lane) as client:
        client.make_map(job, partitions[0], name)
        times = []
        for partition in partitions[1:]:
            times.append(client.make_map(job, partition, name))
            print(f"{'lane' if lane else 'stock'}: {times[-1]}", file=sys.stderr)
        return times


def summary(times: Sequence[Times], work: float) -> dict[str, float]:
    """Return medians in seconds."""
    medians = {
        name: statistics.median(getattr(one, name) for one in times) for name in ("accepted", "started", "result")
    }
    return {name: round(value, 3) for name, value in (medians | {"overhead": medians["result"] - work}).items()}


def prepare(home: Path) -> Settings:
    """Return a home with a champion: that of `geocrop demo --small`, made where there is none."""
    from geocrop_assets.cli.demo import run_demo

    if not (home / "demo" / "landscape" / "simulated.json").is_file():
        run_demo(load_settings(home), small=True)
    return load_settings(home)


def main() -> None:
    """Measure both paths and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, help="home of an earlier `geocrop demo --small`; a temporary one if none")
    parser.add_argument("--repetitions", type=int, default=7, help="maps by each path, beside one to warm up")
    chosen = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what was started is stopped
    with tempfile.TemporaryDirectory(prefix="geocrop-bench-") as folder:
        settings = prepare((chosen.home or Path(folder) / "home").absolute())
        partitions = tiny_aois(settings, chosen.repetitions + 1)
        work = statistics.median(bare_work(settings, partitions[1:]))
        lane = summary(measure(settings, partitions, lane=True), work)
        stock = summary(measure(settings, partitions, lane=False), work)
    found = {
        "repetitions": chosen.repetitions,
        "cores": os.cpu_count(),
        "bare_work_s": round(work, 3),
        "lane_s": lane,
        "stock_s": stock,
        "overhead_ratio": round(stock["overhead"] / lane["overhead"], 1),
    }
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
