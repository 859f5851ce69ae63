"""A map of one hectare from local scenes, warm: `python -m benchmarks.latency [--repeats 20] [--json]`.

AOIs of 10 x 10 pixels at changing places of made-up scenes, drawn one after another by a process that has drawn before,
as the worker of the interactive lane does. A hectare lies in one internal tile of each file, which is decoded whole:
396 tiles of 512 x 512 pixels for 36 dates of ten bands and a classification.

Printed: median, least and most milliseconds of each step. `engine` is composite and map, on the clock and in CPU
time of all threads; the search walks a static catalogue of JSON files, where an archive has an API. With `--json` the
last line is one object.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import engine
from benchmarks.maps import add_engine_arguments
from benchmarks.model import kept_bundle
from benchmarks.scenes import SEASON, add_arguments, aoi_of, archive_of, write_scenes
from benchmarks.timing import Steps, load_of_machine
from imagery.recipe import load_recipe
from training.bundle import ModelBundle

SIDE = 10
"""Pixels of an AOI's side: one hectare."""
WARM_UPS = 3
MS = 1000.0


def measure(asked: argparse.Namespace) -> dict[str, Any]:
    """Make scenes, draw and return milliseconds by step."""
    archive = archive_of(asked)
    tile = archive.tiles[0]
    random = np.random.default_rng(0)
    seen: list[dict[str, float]] = []
    cpu: list[float] = []
    with tempfile.TemporaryDirectory(prefix="geocrop-bench-", dir=asked.folder) as name:
        folder = Path(name)
        catalogue = str(write_scenes(folder / "scenes", archive))
        recipe = load_recipe("s2-season")
        bundle = ModelBundle.load(kept_bundle(recipe))
        task = engine.Task(catalogue, recipe, SEASON, aoi_of(tile), bundle, asked.threads, asked.memory << 20)
        task = replace(task, applicability=asked.applicability)
        for turn in range(WARM_UPS + asked.repeats):
            corner = 0 if asked.same_place else int(random.integers(0, tile.size - SIDE))
            steps = Steps()
            engine.draw(replace(task, aoi=aoi_of(tile, corner, SIDE)), folder, steps)
            if turn >= WARM_UPS:
                seen.append({name: step.wall_s * MS for name, step in steps.steps.items()})
                cpu.append(sum(step.cpu_s * MS for name, step in steps.steps.items() if name != "search"))
    return {name: spread(values) for name, values in (by_step(seen) | {"engine CPU": cpu}).items()}


def by_step(seen: Sequence[dict[str, float]]) -> dict[str, list[float]]:
    """Return the milliseconds of each step, of the engine (all but the search) and of all together."""
    found = {name: [one[name] for one in seen] for name in seen[0]}
    found["engine"] = [sum(one.values()) - one["search"] for one in seen]
    found["all"] = [sum(one.values()) for one in seen]
    return found


def spread(values: Sequence[float]) -> dict[str, float]:
    """Return median, least and most."""
    return {"median_ms": statistics.median(values), "min_ms": min(values), "max_ms": max(values)}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    add_engine_arguments(parser)
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--same-place", action="store_true", help="draw the same hectare each time")
    asked = parser.parse_args()
    before = load_of_machine()
    found = measure(asked)
    print(f"{'':12}{'median ms':>11}{'least':>9}{'most':>9}")
    for name, row in found.items():
        print(f"{name:12}{row['median_ms']:11.1f}{row['min_ms']:9.1f}{row['max_ms']:9.1f}")
    if asked.json:
        machine = {"before": before, "after": load_of_machine()}
        print(
            json.dumps(
                {"repeats": asked.repeats, "same_place": asked.same_place, "threads": asked.threads, "machine": machine}
                | found
            )
        )


if __name__ == "__main__":
    main()
