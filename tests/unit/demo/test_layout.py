"""Where farms, fields and pivots lie."""

from __future__ import annotations

from collections import Counter

import numpy as np

from demo.grid import Grid
from demo.layout import deal, lay_out


def test_dealing_keeps_shares_and_forgets_none() -> None:
    hand = Counter(deal({"a": 0.9, "b": 0.09, "c": 0.01, "d": 0.0}, 20, np.random.default_rng(0)))
    assert sum(hand.values()) == 20
    assert hand["c"] == 1
    assert hand["a"] in (17, 18)
    assert "d" not in hand


def test_dealing_less_than_one_each_still_gives_the_number_asked() -> None:
    assert len(deal({"a": 0.5, "b": 0.3, "c": 0.2}, 2, np.random.default_rng(0))) == 2


def test_fields_have_the_sizes_of_their_farming_system() -> None:
    layout = lay_out(Grid(1024), np.random.default_rng([7, 0]))
    hectares = {
        system: np.asarray([p.shape.area / 1e4 for p in layout.patches if p.is_field and p.system == system])
        for system in ("commercial", "communal")
    }
    assert 0.3 < np.median(hectares["communal"]) < 2
    assert np.quantile(hectares["communal"], 0.99) < 4
    assert 5 < np.median(hectares["commercial"]) < 25
    assert 25 < hectares["commercial"].max() < 80


def test_there_are_circles_under_centre_pivots_with_wheat() -> None:
    layout = lay_out(Grid(1024), np.random.default_rng([7, 0]))
    round_ones = [
        patch for patch in layout.patches
        if patch.is_field and patch.shape.area / patch.shape.minimum_rotated_rectangle.area < 0.8
        and 4 * np.pi * patch.shape.area / patch.shape.length**2 > 0.98
    ]  # fmt: skip
    assert len(round_ones) >= 3
    assert any(patch.cover == "winter wheat" for patch in round_ones)
