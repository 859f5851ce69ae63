"""What stands together is held out together."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from training.samples import Batch
from training.samples.grouping import block_keys, group_rows, grouping_warnings

ReadText = Callable[..., Batch]
FEATURES = "ndvi,rain,slope,label"


def test_places_of_one_block_share_a_key_and_blocks_are_of_the_stated_size() -> None:
    # One degree of longitude is 96.5 km on the grid everywhere: 9.4 blocks of 10.24 km.
    lon = np.linspace(31.0, 32.0, 1_000)
    keys = block_keys(lon, np.full(1_000, -18.0), 10_240.0)
    assert len(set(keys)) in (10, 11)
    assert len(set(block_keys(lon, np.full(1_000, -18.0), 1_024.0))) in (94, 95, 96)


def test_a_key_is_the_same_in_every_dataset() -> None:
    assert block_keys(np.array([31.05]), np.array([-17.83]), 10_240.0).tolist() == ["x292y-219"]


@pytest.mark.parametrize("size", [0, -1, float("nan")])
def test_a_block_without_size_is_refused(size: float) -> None:
    with pytest.raises(ValueError, match="above 0"):
        block_keys(np.array([31.0]), np.array([-18.0]), size)


def test_coordinates_win_over_a_group_column(read: ReadText) -> None:
    batch = read(FEATURES + ",lon,lat,group\n0.1,500,3,1,31.05,-17.83,mine\n")
    groups, grouping = group_rows(batch, 10_240.0)
    assert (groups.tolist(), grouping) == (["x292y-219"], "spatial-block")


def test_a_group_column_is_named_in_the_grouping(read: ReadText) -> None:
    batch = read(FEATURES + ",Site\n0.1,500,3,1,north\n0.2,500,3,1,south\n0.3,500,3,1,north\n")
    groups, grouping = group_rows(batch, 10_240.0)
    assert (groups.tolist(), grouping) == (["north", "south", "north"], "column:Site")
    assert grouping_warnings([batch]) == []


def test_runs_of_sixty_rows_stand_together_where_nothing_else_is_known(read: ReadText) -> None:
    rows = [f"{i / 1000},500,3,1" for i in range(130)]
    rows[5] = "x,500,3,1"  # a rejected row keeps its number, so that the groups of the others do not move
    batch = read(FEATURES + "\n" + "\n".join(rows), name="b.csv")
    groups, grouping = group_rows(batch, 10_240.0)
    assert grouping == "row-run"
    assert [list(groups).count(f"b.csv#{k}") for k in range(3)] == [59, 60, 10]
    assert any("runs of 60 rows" in warning for warning in grouping_warnings([batch]))


def test_a_group_for_every_row_is_warned_of(read: ReadText) -> None:
    batch = read(FEATURES + ",group\n0.1,500,3,1,a\n0.2,500,3,1,b\n")
    assert any("group of its own" in warning for warning in grouping_warnings([batch]))
