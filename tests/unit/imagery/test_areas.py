"""Hectares by class, and what they are not."""

from __future__ import annotations

import io

import pandas as pd
import pytest

from imagery.areas import CAVEAT, area_table, areas_csv
from imagery.legend import LegendEntry
from imagery.map_facts import MapFacts

LEGEND = (LegendEntry(1, "maize", "Maize", "#ffe119"), LegendEntry(33, "water", "Water", "#4060ff"))
FACTS = MapFacts({33: 50, 1: 100}, {1: 80.123, 33: 95.0}, 160, 150, 0.010008, 12.0, 1, 31, None)


def test_classes_and_the_unmapped_add_up_to_the_aoi() -> None:
    table = area_table(FACTS, LEGEND)
    assert table["name"].tolist() == ["maize", "water", "not mapped"]
    assert table["hectares"].tolist() == pytest.approx([1.0008, 0.5004, 0.10008])
    assert table["share"].sum() == pytest.approx(1.0)
    assert table["mean_confidence"].tolist()[:2] == [80.123, 95.0]
    assert table["mean_confidence"].isna().tolist() == [False, False, True]


def test_a_map_without_holes_has_no_row_for_the_unmapped() -> None:
    whole = MapFacts({1: 10}, {1: 50.0}, 10, 10, 0.01, 1.0, 1, 1, None)
    assert area_table(whole, LEGEND)["code"].tolist() == [1]


def test_the_caveat_travels_with_the_table_and_the_file() -> None:
    table = area_table(FACTS, LEGEND)
    assert table.attrs["caveat"] == CAVEAT
    text = areas_csv(table)
    assert text.startswith("# Areas are pixels counted on the map.")
    read = pd.read_csv(io.StringIO(text), comment="#")
    assert read["hectares"].tolist() == [1.0, 0.5, 0.1]


def test_estimates_stand_beside_what_was_counted() -> None:
    table = area_table(FACTS, LEGEND, {1: (0.9, 0.7, 1.2)})
    maize = table.set_index("name").loc["maize"]
    assert (maize["hectares_estimated"], maize["hectares_low"], maize["hectares_high"]) == (0.9, 0.7, 1.2)
    assert table["hectares_low"].isna().tolist() == [False, True, True]
    assert area_table(FACTS, LEGEND)["hectares_estimated"].isna().all()
