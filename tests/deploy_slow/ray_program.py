"""What a run does on a cluster, step by step, in a process that has Ray; prints what came of it as JSON.

Also by hand, for the figures of docs/scale.md, where a Ray listens whose GEOCROP_HOME is HOME:

    python -m tests.deploy_slow.ray_program HOME ray://127.0.0.1:10001 --size 2000 --dates 36 --memory-mib 1024
"""

from __future__ import annotations

import argparse
import json
import operator
import os
import time
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.timing import Steps
from geocrop_assets import cluster
from resources.spread import RayGaveUp, spread
from tests.unit.geocrop_assets.made_season import make_season, pixels

ITEMS = [5, 3, 8, 1, 9, 2]
PATIENCE_S = 30.0
OUTLASTS_S = 4 * PATIENCE_S


def plain(address: str) -> dict[str, Any]:
    """Return what a function of any module gives, and what it raises."""
    made = spread(pow, 0, [2, -1, 3], ray_address=address)
    told: dict[str, Any] = {"first": next(made)}
    try:
        next(made)
    except ZeroDivisionError as error:
        told |= {"raised": type(error).__name__, "noted": error.__notes__}
    try:
        next(spread(operator.call, os._exit, [1], ray_address=address))
    except RayGaveUp as error:
        told["gave up"] = str(error)
    return told | {"powers": list(spread(pow, 2, ITEMS, ray_address=address))}


def same(one: Path, other: Path) -> bool:
    """Tell whether two rasters have the same pixels, tags and grid."""
    (values, *facts), (others, *other_facts) = pixels(one), pixels(other)
    return facts == other_facts and np.array_equal(values, others)


def rest(step: float, seconds: float) -> None:
    """Be busy as tasks are: Ray ends one between two steps of Python's, and not within one long sleep."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(step)


def stopped(address: str) -> list[bool]:
    """Tell whether all cores were taken by what outlasts our patience, and came free when the caller stopped."""
    cores = int(import_module("ray").cluster_resources()["CPU"])
    made = spread(rest, 0.1, [0.0, *[OUTLASTS_S] * (cores + 1)], ray_address=address)
    next(made)
    taken = _has_free(0)
    made.close()
    return [taken, _has_free(cores)]


def _has_free(cores: int) -> bool:
    ray, end = import_module("ray"), time.monotonic() + PATIENCE_S
    while ray.available_resources().get("CPU", 0) != cores:
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True


def main(asked: argparse.Namespace) -> None:
    """Make a season's composite and map here and on the cluster, and compare."""
    home, address, told = asked.home, asked.address, plain(asked.address)
    season = make_season(home, asked.size, asked.dates, asked.memory_mib)
    cluster.WORTH_PIXELS = 512 * 512
    steps = Steps()
    for place, where in (("here", None), ("there", address)):
        for step, name, fact in ((season.composite, "composite", "scenes"), (season.map, "map", "facts")):
            with steps.timed(f"{name} {place}"):
                pointer = step(home / f"{name}-{place}.tif", where)
            told[f"{name} {place}"] = pointer[fact]
    for name in ("composite", "map"):
        told[f"{name} is the same"] = same(home / f"{name}-here.tif", home / f"{name}-there.tif")
    told["stopped"] = stopped(address)
    print(json.dumps(told | {"figures": steps.told()}))  # noqa: T201


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("home", type=Path)
    parser.add_argument("address")
    for name, value in (("size", 560), ("dates", 4), ("memory-mib", 256)):
        parser.add_argument(f"--{name}", type=int, default=value)
    main(parser.parse_args())
