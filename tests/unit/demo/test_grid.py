"""The landscape's grid."""

from __future__ import annotations

import numpy as np
import pytest

from demo.grid import Grid, to_lonlat


def test_pixel_edges_lie_on_whole_multiples_of_20_m() -> None:
    for edge in Grid(128).bounds:
        assert edge % 20 == 0


def test_the_full_landscape_lies_in_the_mazowe_valley() -> None:
    lon, lat = to_lonlat(*(np.asarray([axis]) for axis in Grid(1024).point(0.5, 0.5)))
    assert 30.9 < lon[0] < 31.3
    assert -17.5 < lat[0] < -17.1


def test_a_place_is_in_the_pixel_that_holds_it() -> None:
    rows, columns = Grid(128).pixel_of(np.asarray([295_000.0, 295_019.9]), np.asarray([8_091_000.0, 8_090_989.9]))
    assert rows.tolist() == [0, 1]
    assert columns.tolist() == [0, 1]


@pytest.mark.parametrize("size", [64, 127])
def test_sizes_that_cannot_hold_a_landscape_are_refused(size: int) -> None:
    with pytest.raises(ValueError, match="size_px"):
        Grid(size)
