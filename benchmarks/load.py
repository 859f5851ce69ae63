"""Two hundred clients of the API on loopback: `python -m benchmarks.load` (60 s; `--seconds`, `--clients` change it).

Clients come within ten seconds. Each holds a stream of events of a job and asks for its state every two seconds;
meanwhile a few others load tiles of a simulated baseline, and another process writes the progress of the jobs. Printed,
as JSON: latencies of the status requests as the clients see them, errors, events that came and were due, and the API's
memory.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from resources.settings import Settings

CLIENTS, SECONDS = 200, 60.0
JOBS = 20
USER, PASSWORD = "load", "a long enough password"
#: Each client asks this often, in seconds; a page that shows a job would rely on its stream alone.
STATUS_PERIOD_S = 2.0
#: All clients have come after this time: visitors do not all open the page in one instant.
ARRIVAL_S = 10.0
#: Progress events a second, over all jobs.
EVENTS_PER_S = 10.0
TILE_CLIENTS = 4
TILE_PERIOD_S = 0.2
START_PATIENCE_S = 120.0
MIB = 1 << 20


@dataclass
class Seen:
    """What the clients saw."""

    latencies: list[float] = field(default_factory=list)  # seconds, of status requests
    tile_latencies: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    events: int = 0


def prepare(home: Path) -> tuple[Settings, list[str]]:
    """Make a home with a user, a baseline, and jobs in flight; return the settings and the ids of the predictions."""
    from api.db.migrate import upgrade
    from api.db.session import Database
    from api.db.tables import AoiRow, Job, Prediction, User
    from api.security import hash_password
    from demo import simulate
    from geocrop_assets.cli.demo import ingest_baselines

    settings = Settings(home=home, dagster_url="http://127.0.0.1:9")  # nothing listens: the follower waits for it
    ingest_baselines(settings, simulate(home / "landscape", size_px=128, n_dates=1), lambda *_: None)
    database = Database(settings.database_url)
    upgrade(database)
    ids = [f"{number:032x}" for number in range(JOBS)]
    box = {"west": 30.0, "south": -18.0, "east": 30.1, "north": -17.9}
    with database.write() as session:
        user = User(name=USER, password_hash=hash_password(PASSWORD), role="recruiter")
        session.add_all([user, AoiRow(id="a0", geometry={"type": "Polygon", "coordinates": []}, area_ha=1.0, **box)])
        session.flush()
        for one in ids:
            session.add(Job(id=one, kind="prediction", request={}, state="queued", lane="batch"))
            session.flush()
            session.add(Prediction(id=one, user_id=user.id, aoi_id="a0", season="2023-2024", job_id=one))
    database.close()
    return settings, ids


@contextlib.contextmanager
def serving(settings: Settings) -> Iterator[tuple[str, int]]:
    """Run the API as `geocrop up` does; give its address and process id."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = ["-m", "uvicorn", "--factory", "api.main:create_app", "--port", str(port), "--no-access-log"]
    process = subprocess.Popen(
        [sys.executable, *words, "--timeout-graceful-shutdown", "3", "--log-level", "warning"],
        env=os.environ | settings.environment(),
    )
    try:
        address = f"http://127.0.0.1:{port}"
        until = time.monotonic() + START_PATIENCE_S
        while time.monotonic() < until:
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(f"{address}/healthz", trust_env=False).is_success:
                    break
            time.sleep(0.2)
        yield address, process.pid
    finally:
        process.terminate()
        process.wait()


def write_progress(settings: Settings, jobs: list[str], stop: threading.Event, told: dict[str, int]) -> None:
    """Append progress events of jobs in turn until told to stop; count them by job."""
    from api.db import events
    from api.db.session import Database

    database = Database(settings.database_url)
    number = 0
    while not stop.wait(1 / EVENTS_PER_S):
        job = jobs[number % len(jobs)]
        with database.write() as session:
            events.append(session, f"job:{job}", "progress", {"state": "running", "progress": number % 100})
        told[job] += 1
        number += 1
    database.close()


def watch_memory(pid: int, stop: threading.Event, peak: list[int]) -> None:
    """Keep the largest resident size of a process, in bytes, looked at ten times a second."""
    page = os.sysconf("SC_PAGE_SIZE")
    while not stop.wait(0.1):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            peak[0] = max(peak[0], int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * page)


async def status_client(client: httpx.AsyncClient, prediction: str, until: float, seen: Seen) -> None:
    """Ask for the state of a prediction, again and again."""
    while time.monotonic() < until:
        started = time.perf_counter()
        answer = await client.get(f"/predictions/{prediction}")
        seen.latencies.append(time.perf_counter() - started)
        if answer.status_code != httpx.codes.OK:
            seen.errors.append(f"status: {answer.status_code} {answer.text[:200]}")
        await asyncio.sleep(STATUS_PERIOD_S)


async def visitor(client: httpx.AsyncClient, prediction: str, until: float, seen: Seen) -> None:
    """Come at some moment, and then follow a prediction in both ways."""
    await asyncio.sleep(random.uniform(0, ARRIVAL_S))  # noqa: S311  # spreads the clients
    await asyncio.gather(stream_client(client, prediction, until, seen), status_client(client, prediction, until, seen))


async def stream_client(client: httpx.AsyncClient, prediction: str, until: float, seen: Seen) -> None:
    """Hold a stream of events."""
    try:
        async with asyncio.timeout_at(asyncio.get_running_loop().time() + until - time.monotonic()):
            async with client.stream("GET", f"/predictions/{prediction}/events") as answer:
                if answer.status_code != httpx.codes.OK:
                    seen.errors.append(f"stream: {answer.status_code}")
                async for line in answer.aiter_lines():
                    seen.events += line.startswith("event: progress")
                seen.errors.append("stream: ended early")
    except TimeoutError:
        return


async def tile_client(client: httpx.AsyncClient, tiles: list[str], until: float, seen: Seen) -> None:
    """Load tiles one after the other."""
    while time.monotonic() < until:
        started = time.perf_counter()
        answer = await client.get(random.choice(tiles))  # noqa: S311
        seen.tile_latencies.append(time.perf_counter() - started)
        if answer.status_code != httpx.codes.OK:
            seen.errors.append(f"tile: {answer.status_code} {answer.text[:200]}")
        await asyncio.sleep(TILE_PERIOD_S)


async def run_clients(address: str, predictions: list[str], clients: int, seconds: float) -> Seen:
    """Run all clients for a while, failures of one counted and not fatal for the others."""
    seen = Seen()
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    async with httpx.AsyncClient(base_url=address, limits=limits, timeout=30, trust_env=False) as client:
        answer = await client.post("/auth/token", data={"username": USER, "password": PASSWORD})
        client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        tiles = await tiles_of(client)
        until = time.monotonic() + seconds
        work = [tile_client(client, tiles, until, seen) for _ in range(TILE_CLIENTS)]
        for number in range(clients):
            work.append(visitor(client, predictions[number % len(predictions)], until, seen))
        for outcome in await asyncio.gather(*work, return_exceptions=True):
            if isinstance(outcome, BaseException):
                seen.errors.append(repr(outcome))
    return seen


async def tiles_of(client: httpx.AsyncClient) -> list[str]:
    """Return addresses of the tiles of one baseline at the zooms that show all of it."""
    import morecantile

    listed = (await client.get("/baselines")).json()["baselines"]
    tilejson = (await client.get(next(one["tilejson"] for one in listed if one["tilejson"]))).json()
    tms = morecantile.tms.get("WebMercatorQuad")
    zooms = [zoom for zoom in (11, 12, 13, 14) if tilejson["minzoom"] <= zoom <= tilejson["maxzoom"]]
    template = tilejson["tiles"][0]
    return [
        template.replace("{z}", str(tile.z)).replace("{x}", str(tile.x)).replace("{y}", str(tile.y))
        for tile in tms.tiles(*tilejson["bounds"], zooms)
    ]


def percentile(values: list[float], share: float) -> float:
    """Return a percentile in milliseconds."""
    ordered = sorted(values)
    return round(1000 * ordered[min(int(share * len(ordered)), len(ordered) - 1)], 1) if ordered else float("nan")


def measure(clients: int, seconds: float) -> dict[str, Any]:
    """Run the load once and return what was seen."""
    with tempfile.TemporaryDirectory(prefix="geocrop-load-") as folder:
        settings, ids = prepare(Path(folder))
        stop, peak, told = threading.Event(), [0], dict.fromkeys(ids, 0)
        with serving(settings) as (address, pid):
            helpers = [
                threading.Thread(target=write_progress, args=(settings, ids, stop, told)),
                threading.Thread(target=watch_memory, args=(pid, stop, peak)),
            ]
            for one in helpers:
                one.start()
            gc.disable()  # a collection here would count as the API's latency
            try:
                seen = asyncio.run(run_clients(address, ids, clients, seconds))
            finally:
                gc.enable()
                stop.set()
                for one in helpers:
                    one.join()
    return {
        "clients": clients,
        "seconds": seconds,
        "status_requests": len(seen.latencies),
        "status_p50_ms": percentile(seen.latencies, 0.5),
        "status_p99_ms": percentile(seen.latencies, 0.99),
        "tiles": len(seen.tile_latencies),
        "tile_p50_ms": percentile(seen.tile_latencies, 0.5),
        "tile_p99_ms": percentile(seen.tile_latencies, 0.99),
        "events_received": seen.events,
        "events_due_at_most": sum(told.values()) * clients // len(ids),
        "errors": len(seen.errors),
        "first_errors": seen.errors[:5],
        "api_peak_rss_mib": round(peak[0] / MIB),
    }


def main() -> int:
    """Measure and print; the code is 1 when there was an error."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=CLIENTS)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    chosen = parser.parse_args()
    measured = measure(chosen.clients, chosen.seconds)
    print(json.dumps(measured, indent=1))
    return 1 if measured["errors"] else 0


if __name__ == "__main__":
    sys.exit(main())
