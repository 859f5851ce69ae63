"""What a map of all of Zimbabwe takes, from figures that were measured elsewhere: `python -m benchmarks.national ...`.

Nothing is measured here, and no figure has a default but those of the country: what a machine takes for a megapixel is
`benchmarks.maps` on that machine; what is paid for it is the reader's own contract. docs/scale.md says what each means.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass

#: Land and water within the border (ZIMSTAT), and the border's length (CIA World Factbook).
AREA_KM2, BORDER_KM = 390_757.0, 3_066.0
PIXEL_M = 10.0
BLOCK_M = 10_240.0
#: The largest AOI (`GEOCROP_MAX_AOI_HA`): one run draws at most this much.
LARGEST_RUN_KM2 = 30_000.0
MEGA, HOUR_S, DAY_H = 1e6, 3600.0, 24.0
BITS = 8.0


@dataclass(frozen=True)
class Measured:
    """What one megapixel of a season's map takes, from scenes to the published file, and what a run takes before it."""

    cpu_s: float
    read_mb: float
    composite_mb: float
    map_mb: float
    start_cpu_s: float
    efficiency: float  # share of the cores' time that is work, 0..1, measured with all of them busy


@dataclass(frozen=True)
class Fleet:
    """Machines, the line to the archive, and prices."""

    nodes: int
    cores: int
    line_mbit: float
    core_hour_price: float
    gb_month_price: float
    months: float


@dataclass(frozen=True)
class Country:
    """How much there is to map."""

    pixels: float
    blocks: float
    runs: float

    @property
    def megapixels(self) -> float:
        """Pixels in millions."""
        return self.pixels / MEGA


@dataclass(frozen=True)
class Needs:
    """What the map takes on a fleet."""

    cpu_hours: float
    compute_hours: float
    read_gb: float
    line_hours: float
    kept_gb: float
    price: float

    @property
    def hours(self) -> float:
        """Hours from the first block to the last: reading and computing overlap, so the longer of the two."""
        return max(self.compute_hours, self.line_hours)


def country(area_km2: float = AREA_KM2, border_km: float = BORDER_KM, run_km2: float = LARGEST_RUN_KM2) -> Country:
    """Return how much there is to map.

    Blocks are those that a lattice of squares of side s needs on average to cover a convex shape of area A and border
    B, however it lies on the lattice: A / s^2 + 2 B / (pi s) + 1.
    """
    side_km = BLOCK_M / 1000
    blocks = area_km2 / side_km**2 + 2 * border_km / (math.pi * side_km) + 1
    return Country(area_km2 * MEGA / PIXEL_M**2, blocks, math.ceil(area_km2 / run_km2))


def needs_of(land: Country, measured: Measured, fleet: Fleet) -> Needs:
    """Return what the map takes."""
    cpu_s = land.megapixels * measured.cpu_s + land.runs * measured.start_cpu_s
    cpu_hours = cpu_s / HOUR_S / measured.efficiency
    read_mb = land.megapixels * measured.read_mb
    kept_gb = land.megapixels * (measured.composite_mb + measured.map_mb) / 1000
    return Needs(
        cpu_hours=cpu_hours,
        compute_hours=cpu_hours / (fleet.nodes * fleet.cores),
        read_gb=read_mb / 1000,
        line_hours=read_mb * BITS / fleet.line_mbit / HOUR_S,
        kept_gb=kept_gb,
        price=cpu_hours * fleet.core_hour_price + kept_gb * fleet.gb_month_price * fleet.months,
    )


def table(land: Country, fleets: Sequence[Fleet], needs: Sequence[Needs]) -> str:
    """Return the table of docs/scale.md."""
    head = [f"| | {' | '.join(f'{one.nodes} x {one.cores} cores' for one in fleets)} |", f"|---|{'---|' * len(fleets)}"]
    rows = [
        ("blocks of 10.24 km", [f"{land.blocks:,.0f}"] * len(needs)),
        ("pixels", [f"{land.pixels / 1e9:,.2f} billion"] * len(needs)),
        ("core hours", [f"{one.cpu_hours:,.0f}" for one in needs]),
        ("hours to compute", [f"{one.compute_hours:,.1f}" for one in needs]),
        ("read from the archive", [f"{one.read_gb:,.0f} GB" for one in needs]),
        ("hours to read", [f"{one.line_hours:,.1f}" for one in needs]),
        ("from first to last", [f"{one.hours:,.1f} h ({one.hours / DAY_H:,.1f} days)" for one in needs]),
        ("kept (composites and maps)", [f"{one.kept_gb:,.0f} GB" for one in needs]),
        ("price", [f"{one.price:,.0f}" for one in needs]),
    ]
    return "\n".join(head + [f"| {name} | {' | '.join(cells)} |" for name, cells in rows])


def _positive(text: str) -> float:
    value = float(text)
    if not value > 0:
        raise argparse.ArgumentTypeError(f"{text} is not above zero")
    return value


def _fleet(text: str) -> tuple[int, int]:
    nodes, _, cores = text.partition("x")
    if not (nodes.isdigit() and cores.isdigit() and int(nodes) and int(cores)):
        raise argparse.ArgumentTypeError(f"{text} is not <nodes>x<cores>, such as 4x8")
    return int(nodes), int(cores)


def main(words: Sequence[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.national", description=__doc__)
    for name, told in (
        ("--cpu-seconds-per-mpixel", "CPU seconds from scenes to the published map"),
        ("--read-mb-per-mpixel", "MB read from the archive"),
        ("--composite-mb-per-mpixel", "MB of the kept composite"),
        ("--map-mb-per-mpixel", "MB of the map with its overviews"),
        ("--start-cpu-seconds", "CPU seconds of a run before its work begins"),
        ("--efficiency", "share of the cores' time that is work with all of them busy, 0..1"),
        ("--line-mbit", "Mbit/s from the archive to all nodes together"),
        ("--core-hour-price", "price of a core for an hour"),
        ("--gb-month-price", "price of a GB kept for a month"),
        ("--months", "months that composites and maps are kept"),
    ):
        parser.add_argument(name, type=_positive, required=True, help=told)
    parser.add_argument("--fleet", type=_fleet, action="append", required=True, help="nodes x cores; may be repeated")
    asked = parser.parse_args(words)
    if asked.efficiency > 1:
        parser.error("--efficiency is a share: at most 1")
    measured = Measured(
        cpu_s=asked.cpu_seconds_per_mpixel,
        read_mb=asked.read_mb_per_mpixel,
        composite_mb=asked.composite_mb_per_mpixel,
        map_mb=asked.map_mb_per_mpixel,
        start_cpu_s=asked.start_cpu_seconds,
        efficiency=asked.efficiency,
    )
    prices = (asked.line_mbit, asked.core_hour_price, asked.gb_month_price, asked.months)
    fleets = [Fleet(nodes, cores, *prices) for nodes, cores in asked.fleet]
    land = country()
    print(table(land, fleets, [needs_of(land, measured, fleet) for fleet in fleets]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
