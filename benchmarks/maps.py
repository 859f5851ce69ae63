"""A map the usual way and by the engine: `python -m benchmarks.maps --size 512 [--json] [--repeats 3]`.

Both draw the same made-up scenes (36 dates, ten bands and a classification) with the same four learners, on the same
two cores, in turn, each run in a process of its own that has drawn a small map before. Scenes and model are made before
the clock starts; the model is kept in the user's cache. With `--json` the last line is one object.

The usual way takes a quarter of a minute at 128, some four minutes at 512 and a quarter of an hour at 1,024.

Terms: `tree steps` are the learners' predictions and their vote; the engine without them takes every class to be as
likely. `vectorised gaps`: the usual way when gaps are filled by whole steps in numpy instead of pixel by pixel in
xarray. Probabilities are compared on all mapped pixels, the usual ones from features in float32 throughout; classes
are those of the maps as they were drawn.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.engine import MEMORY
from benchmarks.model import kept_bundle
from benchmarks.one_map import Order, Way
from benchmarks.scenes import SEASON, Archive, Tile, add_arguments, aoi_of, archive_of, write_scenes
from benchmarks.timing import load_of_machine
from benchmarks.usual import Gaps
from imagery.recipe import load_recipe
from training.config import LEARNERS

SIZE = 512
WARM_PIXELS = 64
TREES = (*LEARNERS, "vote")
WAYS: tuple[Way, ...] = ("usual", "engine")
Run = Mapping[str, Any]


@dataclass(frozen=True)
class Turn:
    """One run of each, in turn."""

    usual: Run
    engine: Run


def order_for(catalogue: Path, tile: Tile, margin: int, asked: argparse.Namespace, folder: Path) -> Order:
    """Return the map that is drawn, by the engine; scenes and model of the warm-up are made here."""
    warm = Tile(name="36KUF", size=WARM_PIXELS, seed=5)
    small = write_scenes(folder / "warm", Archive((warm,)))
    return Order(
        way="engine",
        catalogue=str(catalogue),
        season=SEASON,
        aoi=aoi_of(tile, margin).to_geojson(),
        bundle=str(kept_bundle(load_recipe("s2-season"))),
        folder=str(folder / "drawn"),
        warm=(str(small), aoi_of(warm).to_geojson()),
        threads=asked.threads,
        memory=asked.memory << 20,
        applicability=asked.applicability,
    )


def add_engine_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the engine may use."""
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--memory", type=int, default=MEMORY >> 20, help="the engine's budget, MiB")
    parser.add_argument(
        "--no-applicability",
        dest="applicability",
        action="store_false",
        help="leave out counting pixels unlike all of training, which the usual way does not do",
    )
    parser.add_argument("--folder", type=Path, default=None, help="where scenes are made (a temporary folder)")
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")


def take_turns(order: Order, repeats: int, gaps: Gaps) -> list[Turn]:
    """Run both, one after the other, `repeats` times."""
    turns = []
    for _ in range(repeats):
        runs = {}
        for way in WAYS:
            mine = replace(order, way=way, folder=f"{order.folder}-{way}", gaps=gaps)
            runs[way] = mine.run()
        turns.append(Turn(**runs))
    return turns


def compared(order: Order) -> dict[str, float]:
    """Compare what the last turn left: maps pixel by pixel, and probabilities."""
    import rasterio

    maps, probabilities = [], []
    for way in WAYS:
        folder = Path(f"{order.folder}-{way}")
        with rasterio.open(folder / "map.tif") as file:
            maps.append(file.read())
        probabilities.append(np.load(folder / "probabilities.npy"))
    ours, theirs = maps[1], maps[0]
    mapped = (ours[0] > 0).ravel()
    apart = np.abs(probabilities[1][mapped] - probabilities[0][mapped])
    return {
        "class_agreement": float((ours[0] == theirs[0]).mean()),
        "confidence_agreement": float((ours[1] == theirs[1]).mean()),
        "clear_agreement": float((ours[2] == theirs[2]).mean()),
        "max_probability_difference": float(apart.max(initial=0.0)),
        "mapped_share": float(mapped.mean()),
    }


def summed(turns: Sequence[Turn], pixels: int) -> dict[str, Any]:
    """Return ratios and figures: medians over the turns, ratios within a turn."""

    def middle(figure: Any) -> float:  # noqa: ANN401 - a function of a turn
        return float(statistics.median(figure(turn) for turn in turns))

    return {
        "speedup_end_to_end": middle(lambda turn: _wall(turn.usual) / _wall(turn.engine)),
        "cpu_ratio_end_to_end": middle(lambda turn: turn.usual["first"]["cpu_s"] / turn.engine["first"]["cpu_s"]),
        "speedup_without_trees": middle(lambda turn: _untreed(turn.usual) / _engine_untreed(turn.engine)),
        "speedup_end_to_end_vectorised_gaps": middle(lambda turn: _wall(_vectorised(turn.usual)) / _wall(turn.engine)),
        "speedup_without_trees_vectorised_gaps": middle(
            lambda turn: _untreed(_vectorised(turn.usual)) / _engine_untreed(turn.engine)
        ),
        "peak_rss_mib": middle(lambda turn: turn.engine["first"]["peak_over_base_mib"]),
        "usual_peak_rss_mib": middle(lambda turn: turn.usual["first"]["peak_over_base_mib"]),
        "pixels_per_s": middle(lambda turn: pixels / _wall(turn.engine)),
        "usual_pixels_per_s": middle(lambda turn: pixels / _wall(turn.usual)),
        "engine_s": middle(lambda turn: _wall(turn.engine)),
        "usual_s": middle(lambda turn: _wall(turn.usual)),
        "redraw_share": middle(lambda turn: turn.engine["again"]["wall_s"] / _wall(turn.engine)),
        "redraw_share_without_trees": middle(
            lambda turn: turn.engine["again_without_trees"]["wall_s"] / _engine_untreed(turn.engine)
        ),
        "composite_mb_per_km2": middle(lambda turn: turn.engine["composite_bytes"] / 1e6 / (pixels / 1e4)),
    }


def _wall(run: Run) -> float:
    return float(run["first"]["wall_s"])


def _untreed(run: Run) -> float:
    """Return the usual way's seconds without the tree steps."""
    return float(sum(step["wall_s"] for name, step in run["first"]["steps"].items() if name not in TREES))


def _engine_untreed(run: Run) -> float:
    """Return the engine's seconds to draw from scenes when every class is as likely."""
    return _wall(run) - float(run["first"]["steps"]["map"]["wall_s"]) + float(run["again_without_trees"]["wall_s"])


def _vectorised(run: Run) -> Run:
    """Return a usual run with its gaps filled by whole steps: that step as it was timed beside the clock."""
    steps = {**run["first"]["steps"], "gaps": run["vectorised"]["steps"]["gaps"]}
    return {"first": {"steps": steps, "wall_s": sum(step["wall_s"] for step in steps.values())}}


def print_steps(title: str, run: Run, pixels: int) -> None:
    """Print the steps of one run."""
    print(f"{title:24}{'wall s':>9}{'CPU s':>9}{'peak MiB':>10}{'pixels/s':>12}")
    for name, step in run["steps"].items():
        over = step["peak_mib"] - run["base_mib"]
        rate = pixels / step["wall_s"] if step["wall_s"] else float("inf")
        print(f"  {name:22}{step['wall_s']:9.2f}{step['cpu_s']:9.2f}{over:10.0f}{rate:12,.0f}")
    rate = pixels / run["wall_s"]
    print(f"  {'all':22}{run['wall_s']:9.2f}{run['cpu_s']:9.2f}{run['peak_over_base_mib']:10.0f}{rate:12,.0f}")


def measure(asked: argparse.Namespace) -> dict[str, Any]:
    """Make scenes and model, draw in turn, print steps and return the figures."""
    pixels = asked.size * asked.size
    with tempfile.TemporaryDirectory(prefix="geocrop-bench-", dir=asked.folder) as name:
        archive = archive_of(asked)
        catalogue = write_scenes(Path(name) / "scenes", archive)
        order = order_for(catalogue, archive.tiles[0], asked.margin, asked, Path(name))
        before = load_of_machine()
        turns = take_turns(order, asked.repeats, asked.gaps)
        found = summed(turns, pixels) | compared(order)
    last = turns[-1]
    print_steps("usual", last.usual["first"], pixels)
    print_steps("  gaps the other way", last.usual["vectorised"], pixels)
    print_steps("engine", last.engine["first"], pixels)
    print_steps("engine, again", last.engine["again"], pixels)
    print_steps("  without trees", last.engine["again_without_trees"], pixels)
    facts = {"size": asked.size, "margin": asked.margin, "block": asked.block, "dates": asked.dates}
    facts |= {"repeats": asked.repeats, "threads": asked.threads, "memory_mib": asked.memory, "gaps": asked.gaps}
    machine = {"before": before, "after": load_of_machine()}
    return facts | {"applicability": asked.applicability, "machine": machine} | found | {"last": vars(last)}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser, SIZE)
    add_engine_arguments(parser)
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--gaps", choices=["xarray", "numpy"], default="xarray", help="how the usual way fills gaps")
    asked = parser.parse_args()
    found = measure(asked)
    for name, value in found.items():
        if isinstance(value, float):
            print(f"{name:40}{value:14.6g}")
    if asked.json:
        print(json.dumps(found))


if __name__ == "__main__":
    main()
