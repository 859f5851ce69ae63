"""The benchmark of maps measures two runs that agree, and its figures follow from what the runs say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks.maps import Turn, compared, summed, take_turns
from benchmarks.one_map import Order
from benchmarks.scenes import SEASON, Archive, Tile, aoi_of, write_scenes
from benchmarks.timing import Steps
from training.bundle import ModelBundle

TILE = Tile(size=32, seed=3)


def run_of(**seconds: float) -> dict[str, Any]:
    """Return what a run says that took such seconds."""
    steps = {name: {"wall_s": wall, "cpu_s": 2 * wall, "peak_mib": 150.0} for name, wall in seconds.items()}
    total = sum(seconds.values())
    return {"wall_s": total, "cpu_s": 2 * total, "peak_over_base_mib": 50.0, "base_mib": 100.0, "steps": steps}


def test_figures_of_a_turn() -> None:
    usual = {
        "first": run_of(search=1, read=9, gaps=30, features=1, lightgbm=150, vote=1, **{"write COG": 8}),
        "vectorised": run_of(gaps=10),
    }
    engine = {
        "first": run_of(search=1, composite=5, map=4),
        "again": run_of(map=3),
        "again_without_trees": run_of(map=1),
        "composite_bytes": 2_000_000,
    }
    found = summed([Turn(usual, engine)], pixels=10_000)
    assert found["speedup_end_to_end"] == pytest.approx(200 / 10)
    assert found["speedup_without_trees"] == pytest.approx(49 / 7)
    assert found["speedup_end_to_end_vectorised_gaps"] == pytest.approx(180 / 10)
    assert found["speedup_without_trees_vectorised_gaps"] == pytest.approx(29 / 7)
    assert found["redraw_share"] == pytest.approx(3 / 10)
    assert found["redraw_share_without_trees"] == pytest.approx(1 / 7)
    assert found["pixels_per_s"] == pytest.approx(1000)
    assert found["composite_mb_per_km2"] == pytest.approx(2)


def test_steps_that_come_again_add_up() -> None:
    steps = Steps()
    for _ in range(2):
        with steps.timed("one"):
            held = bytearray(64 << 20)
    del held
    told = steps.told()
    assert list(told["steps"]) == ["one"]
    assert told["wall_s"] == told["steps"]["one"]["wall_s"] > 0
    assert told["peak_over_base_mib"] > 60


def test_both_ways_in_processes_of_their_own_agree(
    tmp_path: Path, bundle_of_variant: Callable[[str], ModelBundle], bundle_folder: Path
) -> None:
    bundle_of_variant("Raw")
    catalogue = str(write_scenes(tmp_path / "scenes", Archive((TILE,), dates=12)))
    aoi = aoi_of(TILE).to_geojson()
    order = Order(
        "engine", catalogue, SEASON, aoi, str(bundle_folder / "Raw"), str(tmp_path / "drawn"), warm=(catalogue, aoi)
    )
    turns = take_turns(order, 1, "xarray")
    found = summed(turns, TILE.size**2) | compared(order)
    assert found["class_agreement"] >= 0.9999
    assert found["clear_agreement"] == found["mapped_share"] == 1
    assert found["max_probability_difference"] <= 1e-5
    assert found["speedup_end_to_end"] > 0
    assert set(turns[0].engine["first"]["steps"]) == {"search", "composite", "map"}
