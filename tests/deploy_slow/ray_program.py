"""What a run does on a cluster, step by step, in a process that has Ray; prints what came of it as JSON.

Also by hand, for the figures of docs/scale.md, where a Ray listens whose GEOCROP_HOME is HOME:

    python -m tests.deploy_slow.ray_program HOME ray://127.0.0.1:10001 --size 2000 --dates 36 --memory-mib 1024
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.timing import Steps
from geocrop_assets import cluster
from resources.spread import spread
from tests.unit.geocrop_assets.made_season import make_season, pixels

ITEMS = [5, 3, 8, 1, 9, 2]
PATIENCE_S = 30.0


def plain(address: str) -> dict[str, Any]:
    """Return what a function of any module gives, and what it raises."""
    made = spread(pow, 0, [2, -1, 3], ray_address=address)
    first = next(made)
    try:
        next(made)
        raised = None
    except ZeroDivisionError as error:
        raised = type(error).__name__
    return {"powers": list(spread(pow, 2, ITEMS, ray_address=address)), "first": first, "raised": raised}


def same(one: Path, other: Path) -> bool:
    """Tell whether two rasters have the same pixels, tags and grid."""
    (values, *facts), (others, *other_facts) = pixels(one), pixels(other)
    return facts == other_facts and np.array_equal(values, others)


def stopped(step: Callable[..., object], *given: object) -> bool:
    """Tell whether an error of the progress ends a step, and the cluster's cores come free."""

    def stop(*_: float) -> None:
        raise InterruptedError

    try:
        step(*given, stop)
    except InterruptedError:
        return _come_free()
    return False


def _come_free() -> bool:
    ray, end = import_module("ray"), time.monotonic() + PATIENCE_S
    while ray.available_resources().get("CPU") != ray.cluster_resources()["CPU"]:
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
    told["stopped"] = [stopped(step, home / "stopped.tif", address) for step in (season.composite, season.map)]
    print(json.dumps(told | {"figures": steps.told()}))  # noqa: T201


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("home", type=Path)
    parser.add_argument("address")
    for name, value in (("size", 560), ("dates", 4), ("memory-mib", 256)):
        parser.add_argument(f"--{name}", type=int, default=value)
    main(parser.parse_args())
