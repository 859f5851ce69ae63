"""The painted landscape."""

from __future__ import annotations

import numpy as np

from demo.grid import Grid
from demo.ground import Ground, make_ground
from demo.tables import COVERS, class_codes


def test_the_truth_is_the_cover_of_each_pixels_unit(ground: Ground) -> None:
    names = {code: name for name, code in class_codes().items()}
    row, column = 70, 40
    unit = ground.unit[row, column]
    assert names[int(ground.truth[row, column])] == COVERS[ground.units.cover[unit]]


def test_textures_are_centred_and_trees_stand_outside_woodland_and_water(ground: Ground) -> None:
    assert abs(float(ground.vigour.mean())) < 0.3
    assert 0.7 < float(ground.vigour.std()) < 1.3
    wooded = np.isin(ground.truth, [class_codes()["woodland"], class_codes()["water"]])
    assert ground.trees[wooded].max() == 0
    assert ground.trees[~wooded].max() > 0


def test_the_same_generator_state_paints_the_same_ground(ground: Ground) -> None:
    again = make_ground(Grid(128), np.random.default_rng([7, 0]))
    assert np.array_equal(again.truth, ground.truth)
    assert np.array_equal(again.burn_day, ground.burn_day)
