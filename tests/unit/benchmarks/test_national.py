"""The arithmetic of a national map."""

from __future__ import annotations

import math

import numpy as np
import pytest

from benchmarks.national import BLOCK_M, Fleet, Measured, country, main, needs_of

WORDS = {
    "--cpu-seconds-per-mpixel": "36",
    "--read-mb-per-mpixel": "100",
    "--composite-mb-per-mpixel": "9",
    "--map-mb-per-mpixel": "1",
    "--start-cpu-seconds": "10",
    "--efficiency": "0.5",
    "--line-mbit": "800",
    "--core-hour-price": "0.01",
    "--gb-month-price": "0.02",
    "--months": "12",
    "--fleet": "2x4",
}


def words(**other: str) -> list[str]:
    given = WORDS | {f"--{name.replace('_', '-')}": value for name, value in other.items()}
    return [part for pair in given.items() for part in pair]


def test_blocks_are_those_that_cover_a_shape_wherever_it_lies() -> None:
    radius_km, side_km = 100.0, BLOCK_M / 1000
    rng = np.random.default_rng(1)
    at = np.arange(-12, 13) * side_km
    counts = []
    for x, y in rng.uniform(0, side_km, (400, 2)):
        near_x = np.clip(0, at + x, at + x + side_km)
        near_y = np.clip(0, at + y, at + y + side_km)
        counts.append(np.count_nonzero(np.hypot(near_x[:, None], near_y[None, :]) <= radius_km))
    land = country(math.pi * radius_km**2, 2 * math.pi * radius_km)
    assert land.blocks == pytest.approx(np.mean(counts), rel=0.01)


def test_zimbabwe_is_3_9_billion_pixels() -> None:
    land = country()
    assert land.pixels == pytest.approx(3.9e9, rel=0.01)
    assert 3_800 < land.blocks < 4_000


def test_needs_are_computed_from_what_was_measured() -> None:
    land = country(area_km2=100.0, border_km=40.0, run_km2=30.0)  # a megapixel, four runs
    measured = Measured(cpu_s=3600, read_mb=1000, composite_mb=400, map_mb=100, start_cpu_s=900, efficiency=0.5)
    needs = needs_of(land, measured, Fleet(2, 2, 8.0, 0.1, 0.2, 10))
    assert needs.cpu_hours == pytest.approx(4.0)  # an hour of work and one of starts, at half efficiency
    assert needs.compute_hours == pytest.approx(1.0)
    assert needs.line_hours == pytest.approx(1000 / 3600)
    assert needs.hours == needs.compute_hours
    assert needs.kept_gb == pytest.approx(0.5)
    assert needs.price == pytest.approx(4.0 * 0.1 + 0.5 * 0.2 * 10)


def test_a_thin_line_to_the_archive_is_what_is_waited_for() -> None:
    measured = Measured(cpu_s=1, read_mb=1000, composite_mb=1, map_mb=1, start_cpu_s=1, efficiency=1)
    needs = needs_of(country(), measured, Fleet(100, 16, 100.0, 0.1, 0.1, 1))
    assert needs.hours == needs.line_hours > needs.compute_hours


def test_the_table_has_a_column_for_each_fleet(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*words(), "--fleet", "8x16"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "| | 2 x 4 cores | 8 x 16 cores |"
    assert all(line.count("|") == 4 for line in lines)


@pytest.mark.parametrize("wrong", [{"efficiency": "1.1"}, {"fleet": "4"}, {"months": "0"}, {"line_mbit": "-1"}])
def test_what_cannot_be_measured_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(SystemExit):
        main(words(**wrong))


def test_no_figure_is_assumed() -> None:
    for missing in WORDS:
        given = [part for name, value in WORDS.items() if name != missing for part in (name, value)]
        with pytest.raises(SystemExit):
            main(given)
