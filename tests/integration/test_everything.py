"""The whole platform on real servers, as its users meet it: PostgreSQL with PostGIS, S3, MLflow, and `geocrop up`.

One story, told through the API alone: an administrator uploads batches, a sensor trains, the administrator promotes,
a recruiter draws an AOI, follows the events, looks at a tile and downloads the COG. The landscape is simulated.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol, TypeVar

import httpx
import numpy as np
import pytest

from demo import Landscape, simulate
from geocrop_assets.cli.runs import LOCAL_INSTANCE
from resources.backup.create import create
from resources.backup.vault import Vault
from resources.lanes.client import LaneHttp
from resources.layout import BASELINES, BUCKETS, baseline_upload_prefix
from resources.object_store import FolderStore, S3Store
from resources.settings import Settings

pytestmark = [pytest.mark.integration, pytest.mark.slow]

GEOCROP = Path(sys.executable).with_name("geocrop")
ADMIN, RECRUITER, PASSWORD = "ministry", "visitor", "a long enough password"
VERSION = "2024-06"
BASELINE_YEAR = 2023
#: Small models: what is proved here is that the parts work together.
FEW = {"rounds": 15, "early_stopping": False}
TRAINING = {
    "folds": 3,
    "forest": {"n_estimators": 15},
    "xgboost": FEW,
    "lightgbm": FEW,
    "catboost": FEW,
    "scout": {"rounds": 5, "repeats": 1},
}
#: How long one step of the story may take on a busy machine before it counts as failed, in seconds.
PATIENCE_S = 300.0
#: How long a panel may lack data: the exporter reads everything within a minute of its start, on a busy machine.
PANEL_S = 90.0
#: Alerts that a machine may have which others keep busy.
SLOW_MACHINE = {"GeocropApiSlow", "GeocropLaneWaits", "GeocropRunsWait"}
#: MinIO tells its own room, which no other S3 does; a folder's room is told in test_exporter.py.
NOT_ON_CEPH = ["geocrop-maps: Free room", "geocrop:store_free:ratio"]


T = TypeVar("T")


class S3Server(Protocol):
    """What the fixture of the S3 server gives."""

    endpoint: str
    access_key: str
    secret_key: str


@dataclass
class Platform:
    """The running stack."""

    api: str
    land: Landscape
    lane: LaneHttp
    log: Path
    watch: Any  # of observed.py, which is loaded by path; None without a Prometheus

    @contextlib.contextmanager
    def log_in(self, name: str) -> Iterator[httpx.Client]:
        """Give a client that carries a user's token."""
        with httpx.Client(base_url=self.api, timeout=60, trust_env=False) as client:
            self._carry_token(client, name)
            yield client

    def _carry_token(self, client: httpx.Client, name: str) -> None:
        answer = client.post("/auth/token", data={"username": name, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def eventually(look: Callable[[], T | None], what: str) -> T:
    """Return what `look` gives as soon as it is not None."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        found = look()
        if found is not None:
            return found
        time.sleep(0.5)
    raise AssertionError(f"no {what} within {PATIENCE_S:.0f} s")


def add_user(environment: dict[str, str], name: str, role: str) -> None:
    words = [str(GEOCROP), "users", "add", name, "--role", role, "--password-stdin"]
    subprocess.run(words, input=PASSWORD, text=True, env=environment, check=True, capture_output=True, timeout=120)


@pytest.fixture(scope="module")
def platform(  # noqa: PLR0917  # pytest calls by name
    empty_s3: S3Server,
    postgis_url: str,
    mlflow_server: Any,  # noqa: ANN401  # `url`
    postgis_server: Any,  # noqa: ANN401  # `fresh()`
    make_dagster_home: Callable[[Path, Path, str], Path],
    observed: ModuleType,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Platform]:
    """Start everything on real servers, with two users, and stop it."""
    land = simulate(tmp_path_factory.mktemp("landscape"), size_px=128, n_dates=12)
    home = tmp_path_factory.mktemp("home")
    (home / "training.yaml").write_text(json.dumps(TRAINING))  # JSON is YAML
    port = free_port()
    api = f"http://127.0.0.1:{port}"
    stack_of_databases = contextlib.ExitStack()
    dagster_url = stack_of_databases.enter_context(postgis_server.fresh(postgis=False))
    environment = os.environ | {
        "GEOCROP_HOME": str(home),
        "DAGSTER_HOME": str(make_dagster_home(home / "dagster", LOCAL_INSTANCE, dagster_url)),
        "MINIO_ENDPOINT": f"http://{empty_s3.endpoint}",
        "AWS_ACCESS_KEY_ID": empty_s3.access_key,
        "AWS_SECRET_ACCESS_KEY": empty_s3.secret_key,
        "GEOCROP_MLFLOW_URI": mlflow_server.url,
        "GEOCROP_DATABASE": postgis_url,
        "GEOCROP_CATALOGUE": str(land.catalogue),
        "GEOCROP_BLOCK_SIZE_M": "150",
        "GEOCROP_GATE_MIN_TRAINING_SAMPLES": "3",
        "GEOCROP_TRAINING_DEFAULTS": str(home / "training.yaml"),
        "GEOCROP_SENSOR_SECONDS": "2",
        "GEOCROP_DEBOUNCE_SECONDS": "1",
        "GEOCROP_THREADS": "2",
        "GEOCROP_BACKUP_FOLDER": str(home / "backup"),
    }
    add_user(environment, ADMIN, "admin")
    add_user(environment, RECRUITER, "recruiter")
    log = home / "up.log"
    lane_port = free_port()
    ports = ["--api-port", str(port), "--dagster-port", str(free_port()), "--lane-port", str(lane_port)]
    with log.open("wb") as output:
        stack = subprocess.Popen([str(GEOCROP), "up", *ports], env=environment, stdout=output, stderr=output)
    try:
        eventually(lambda: True if "API and its documentation" in log.read_text() else gone(stack, log), "start")
        settings = Settings(home=home, lane_url=f"http://127.0.0.1:{lane_port}")
        ports_of_watch = (free_port(), free_port())
        folder = tmp_path_factory.mktemp("watch")
        watched = observed.watched(GEOCROP, environment, folder, ports=ports_of_watch, api=api.removeprefix("http://"))
        with watched if observed.is_installed() else contextlib.nullcontext() as watch:
            yield Platform(api, land, LaneHttp.of(settings), log, watch)
    finally:
        stack.send_signal(signal.SIGTERM)
        stack.wait(90)
        stack_of_databases.close()


def gone(stack: subprocess.Popen[bytes], log: Path) -> None:
    """Fail with what the stack said when it has ended."""
    assert stack.poll() is None, log.read_text()


def test_from_an_uploaded_batch_to_a_downloaded_map(platform: Platform, empty_s3: S3Server, tmp_path: Path) -> None:
    with platform.log_in(ADMIN) as admin, platform.log_in(RECRUITER) as recruiter:
        tell(platform, empty_s3, admin, recruiter, tmp_path)


def tell(platform: Platform, empty_s3: S3Server, admin: httpx.Client, recruiter: httpx.Client, folder: Path) -> None:
    offer_baseline(platform, empty_s3)
    upload(admin, platform.land)
    version = eventually(lambda: trained_version(admin), "trained model that the gate passes")
    promote(admin, version)
    baseline = eventually(lambda: baseline_tilejson(recruiter), "baseline")
    assert (first_tile(recruiter, baseline)[..., 3] > 0).any()

    asked = recruiter.post("/predictions", json={"aoi": aoi_of(platform.land), "season": platform.land.season})
    assert asked.status_code == 202, asked.text
    body = asked.json()
    assert body["baselines"][str(BASELINE_YEAR)], "a baseline to look at comes with the answer"
    kinds = follow(recruiter, body["links"]["events"])
    assert kinds[-1] == "ready", kinds

    ready = recruiter.get(body["links"]["self"]).json()
    result = ready["result"]
    assert (ready["state"], ready["progress"], result["model_version"]) == ("ready", 100, version)
    assert result["simulated"]
    assert ready["lane"] == "interactive", "so small an AOI is drawn by the warm worker"
    assert sum(row["hectares"] for row in result["areas"]) > 10
    check_tile(recruiter, result)
    check_cog(result, folder)

    again = recruiter.post("/predictions", json={"aoi": aoi_of(platform.land), "season": platform.land.season})
    assert again.status_code == 200, "the map is there: no second run"
    assert recruiter.get("/quota").json()["started"] == 1
    assert admin.get("/aois").json()["total"] == 1
    told = [one["type"] for one in admin.get("/events/history").json()["items"]]
    assert {"training_finished", "promoted"} <= set(told)


def test_a_map_whose_worker_is_killed_is_made_in_the_batch_lane(platform: Platform) -> None:
    """Follows the story above: there is a champion, and the recruiter has started one job."""
    with platform.log_in(RECRUITER) as recruiter:
        worker = eventually(lambda: next(iter(platform.lane.status().workers), None), "warm worker").pid
        os.kill(worker, signal.SIGSTOP)  # so that it cannot be done before it is killed
        try:
            asked = recruiter.post("/predictions", json={"aoi": part_of(platform.land), "season": platform.land.season})
            assert asked.status_code == 202, asked.text
            job = asked.json()
            eventually(lambda: holder(platform, worker), "run in the worker")
        finally:
            os.kill(worker, signal.SIGKILL)
        kinds = follow(recruiter, job["links"]["events"])
        assert kinds[-1] == "ready", kinds
        ready = recruiter.get(job["links"]["self"]).json()
        assert (ready["state"], ready["lane"]) == ("ready", "batch")
        assert recruiter.get("/quota").json()["started"] == 2, "the second run is the same job"


def test_every_panel_of_every_dashboard_has_data(platform: Platform, empty_s3: S3Server, observed: ModuleType) -> None:
    """Follows the story above: models were trained, maps made in both lanes, requests answered."""
    if platform.watch is None:
        observed.skip()
    back_up(platform, empty_s3)
    platform.watch.exporter.restart()
    prometheus = platform.watch.prometheus
    with platform.log_in(ADMIN) as admin:
        queries = observed.panel_queries()
        queries |= {rule: [rule] for rule in observed.recorded()}
        empty = []
        for title, asked in queries.items():
            admin.get("/admin/models").raise_for_status()  # rates are of the past minutes
            patience = 0.0 if title in NOT_ON_CEPH else PANEL_S
            empty += [title for query in asked if not prometheus.wait_for(query, patience)]
    assert len(queries) > 50
    assert empty == NOT_ON_CEPH
    firing = {one["metric"]["alertname"] for one in prometheus.ask('ALERTS{alertstate="firing"}')}
    assert firing <= SLOW_MACHINE, "all is well"


def back_up(platform: Platform, empty_s3: S3Server) -> None:
    """Back up the objects; databases are told of by test_backup.py."""
    store = S3Store(empty_s3.endpoint, empty_s3.access_key, empty_s3.secret_key, secure=False)
    create(
        Vault(FolderStore(platform.log.parent / "backup"), "geocrop-backup"),
        store,
        databases=(),
        buckets=BUCKETS,
        version="1",
    )


def holder(platform: Platform, pid: int) -> str | None:
    """Return the run that a worker holds, if it holds one."""
    return next((one.run_id for one in platform.lane.status().workers if one.pid == pid), None)


def part_of(land: Landscape) -> dict[str, Any]:
    """Return the western half of the landscape's AOI, another AOI."""
    ring = aoi_of(land)["coordinates"][0]
    lons, lats = [lon for lon, _ in ring], [lat for _, lat in ring]
    west, middle, south, north = min(lons), (min(lons) + max(lons)) / 2, min(lats), max(lats)
    box = [[west, south], [middle, south], [middle, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [box]}


def offer_baseline(platform: Platform, empty_s3: S3Server) -> None:
    """Put the simulated baseline where a sensor finds it."""
    store = S3Store(empty_s3.endpoint, empty_s3.access_key, empty_s3.secret_key, secure=False)
    path = platform.land.baselines[BASELINE_YEAR]
    store.put_file(BASELINES, f"{baseline_upload_prefix(BASELINE_YEAR)}{path.name}", path)


def upload(admin: httpx.Client, land: Landscape) -> None:
    files = [("files", (path.name, path.read_bytes(), "text/csv")) for path in land.batches]
    answer = admin.post("/admin/datasets/upload", params={"version": VERSION, "complete": "true"}, files=files)
    assert answer.status_code == 201, answer.text


def trained_version(admin: httpx.Client) -> int | None:
    """Return the newest version that the gate passes, once there is one."""
    answer = admin.get("/admin/models")
    assert answer.status_code == 200, answer.text
    passed = [one["version"] for one in answer.json()["items"] if (one["gate"] or {}).get("passed")]
    return max(passed, default=None)


def promote(admin: httpx.Client, version: int) -> None:
    answer = admin.post(f"/admin/models/{version}/promote", json={"reason": "the first model of all"})
    assert answer.status_code == 202, answer.text
    job = answer.json()["id"]

    def done() -> str | None:
        found = admin.get(f"/admin/jobs/{job}").json()
        return found["state"] if found["state"] in {"ready", "failed", "cancelled"} else None

    assert eventually(done, "promotion") == "ready"


def aoi_of(land: Landscape) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(land.aoi.read_text())
    return found.get("geometry", found)


def baseline_tilejson(client: httpx.Client) -> str | None:
    years = {one["year"]: one["tilejson"] for one in client.get("/baselines").json()["baselines"]}
    return years[BASELINE_YEAR]


def first_tile(client: httpx.Client, tilejson_url: str) -> np.ndarray:
    """Return the tile in the middle of what a TileJSON offers, as RGBA uint8 (256, 256, 4)."""
    import morecantile
    from PIL import Image

    tilejson = client.get(tilejson_url).json()
    west, south, east, north = tilejson["bounds"]
    zoom = min(14, tilejson["maxzoom"])
    tile = morecantile.tms.get("WebMercatorQuad").tile((west + east) / 2, (south + north) / 2, zoom)
    address = tilejson["tiles"][0].replace("{z}", str(zoom)).replace("{x}", str(tile.x)).replace("{y}", str(tile.y))
    answer = httpx.get(address, timeout=60, trust_env=False)
    assert answer.status_code == 200, answer.text
    with Image.open(io.BytesIO(answer.content)) as image:
        return np.asarray(image.convert("RGBA"))


def follow(client: httpx.Client, address: str) -> list[str]:
    """Read a stream of events to its end and return their types."""
    kinds = []
    with client.stream("GET", address, timeout=PATIENCE_S) as answer:
        assert answer.status_code == 200
        for line in answer.iter_lines():
            if line.startswith("event:"):
                kinds.append(line.removeprefix("event:").strip())
    return kinds


def check_tile(client: httpx.Client, result: dict[str, Any]) -> None:
    """See that a tile of the map shows colours of its legend and nothing else."""
    image = first_tile(client, result["tilejson"])
    shown = {tuple(int(part) for part in pixel) for pixel in image[image[..., 3] > 0][:, :3]}
    legend = {tuple(int(one["color"][at : at + 2], 16) for at in (1, 3, 5)) for one in result["legend"]}
    assert shown
    assert shown <= legend


def check_cog(result: dict[str, Any], folder: Path) -> None:
    """Download the COG as a visitor would and see that it is the map that the answer tells of."""
    import rasterio

    path = folder / "map.tif"
    answer = httpx.get(result["download"], timeout=60, trust_env=False)
    assert answer.status_code == 200
    path.write_bytes(answer.content)
    with rasterio.open(path) as cog:
        assert cog.count == 3
        pixels = int((cog.read(1) != 0).sum())
    hectares = sum(row["hectares"] for row in result["areas"])
    assert pixels * 0.01 == pytest.approx(hectares, rel=1e-3), "UTM's scale makes a pixel a little less than 100 m2"
