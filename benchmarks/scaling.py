"""The engine from small to large AOIs: `python -m benchmarks.scaling [--sizes 256 512 1024 2048 4096] [--json]`.

For each side: time a pixel, and peak memory over what the process had when it was warm. Scenes are made and deleted
one size after another (those of 4,096 take some 4 GB of disk); each size runs in a process of its own. With `--json`
the last line is one object.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.maps import add_engine_arguments, order_for
from benchmarks.scenes import BLOCK, DATES, Archive, Tile, write_scenes
from benchmarks.timing import load_of_machine

SIZES = (256, 512, 1024, 2048, 4096)


@dataclass(frozen=True)
class Row:
    """One size: rows and columns of the AOI, seconds, and memory over the base."""

    size: int
    wall_s: float
    cpu_s: float
    us_per_pixel: float
    cpu_us_per_pixel: float
    base_mib: float
    peak_over_base_mib: float
    composite_mb_per_km2: float
    steps: dict[str, Any]


def measure(size: int, asked: argparse.Namespace) -> Row:
    """Make scenes, draw one map of them, and delete them."""
    with tempfile.TemporaryDirectory(prefix="geocrop-bench-", dir=asked.folder) as folder:
        tile = Tile(size=size + 2 * asked.margin)
        catalogue = write_scenes(Path(folder) / "scenes", Archive((tile,), dates=asked.dates, block=asked.block))
        order = order_for(catalogue, tile, asked.margin, asked, Path(folder))
        found = replace(order, compare=False, again=False).run()
    first, pixels = found["first"], size * size
    return Row(
        size,
        wall_s=first["wall_s"],
        cpu_s=first["cpu_s"],
        us_per_pixel=first["wall_s"] / pixels * 1e6,
        cpu_us_per_pixel=first["cpu_s"] / pixels * 1e6,
        base_mib=first["base_mib"],
        peak_over_base_mib=first["peak_over_base_mib"],
        composite_mb_per_km2=found["composite_bytes"] / 1e6 / (pixels / 1e4),
        steps=first["steps"],
    )


def main() -> None:
    """Measure each size and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--margin", type=int, default=0, help="pixels of the scenes around the AOI")
    parser.add_argument("--dates", type=int, default=DATES)
    parser.add_argument("--block", type=int, default=BLOCK, help="side of the scenes' internal tiles, pixels")
    add_engine_arguments(parser)
    asked = parser.parse_args()
    before, rows = load_of_machine(), []
    print(f"{'side':>6}{'wall s':>9}{'CPU s':>9}{'us/pixel':>10}{'base MiB':>10}{'peak over':>11}{'MB/km2':>8}")
    for size in asked.sizes:
        row = measure(size, asked)
        rows.append(row)
        print(
            f"{row.size:6}{row.wall_s:9.2f}{row.cpu_s:9.2f}{row.us_per_pixel:10.2f}{row.base_mib:10.0f}"
            f"{row.peak_over_base_mib:11.0f}{row.composite_mb_per_km2:8.2f}",
            flush=True,
        )
    if asked.json:
        machine = {"before": before, "after": load_of_machine()}
        facts = {"threads": asked.threads, "memory_mib": asked.memory, "margin": asked.margin, "block": asked.block}
        print(json.dumps(facts | {"machine": machine, "sizes": [vars(row) for row in rows]}))


if __name__ == "__main__":
    main()
