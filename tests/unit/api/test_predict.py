"""What is decided about a prediction, without a server."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from api.predict import (
    IncompleteResult,
    PastJob,
    SeasonNotServed,
    class_areas,
    expected_seconds,
    is_current,
    lane_of,
    served_season,
)
from imagery.areas import area_table
from imagery.map_facts import Tally
from imagery.season import InvalidSeason
from training.classes import ClassTable

TODAY = date(2026, 11, 21)


@pytest.mark.parametrize("text", ["2015-2016", "2023-2024", "2026-2027"])
def test_seasons_from_the_first_to_the_one_under_way_are_served(text: str) -> None:
    assert str(served_season(text, TODAY)) == text


@pytest.mark.parametrize(("today", "newest"), [(date(2026, 8, 31), "2025-2026"), (date(2026, 9, 1), "2026-2027")])
def test_a_season_is_served_from_its_first_day_on(today: date, newest: str) -> None:
    assert str(served_season(newest, today)) == newest
    with pytest.raises(SeasonNotServed, match=f"the newest is {newest}"):
        served_season(f"{int(newest[5:])}-{int(newest[5:]) + 1}", today)


def test_a_season_before_the_archive_is_refused_with_the_first_one() -> None:
    with pytest.raises(SeasonNotServed, match="the first one is 2015-2016"):
        served_season("2014-2015", TODAY)


@pytest.mark.parametrize("text", ["", "2023", "2023-2025", "2024-2023", "../..", "2023-2024; DROP TABLE jobs"])
def test_what_is_no_season_is_refused(text: str) -> None:
    with pytest.raises(InvalidSeason):
        served_season(text, TODAY)


def test_small_aois_take_the_interactive_lane() -> None:
    assert [lane_of(area, 2_500) for area in (1, 2_500, 2_500.1)] == ["interactive", "interactive", "batch"]


def test_only_a_map_of_the_same_model_is_current() -> None:
    assert is_current({"bundle_hash": "a"}, "a")
    assert not is_current({"bundle_hash": "b"}, "a")
    assert not is_current(None, "a")


def test_the_expected_time_is_the_mean_per_hectare_and_never_less_than_the_quickest() -> None:
    past = [PastJob(area_ha=100, seconds=20), PastJob(area_ha=300, seconds=40)]
    assert expected_seconds(1_000, past) == pytest.approx(150)
    assert expected_seconds(1, past) == 20
    assert expected_seconds(1, []) is None


def test_areas_are_those_of_the_maps_own_table() -> None:
    classes = ClassTable.load()
    codes = [one.code for one in classes][:3]
    random = np.random.default_rng(4)
    bands = np.stack([random.choice([0, *codes], size=(40, 50)), *random.integers(1, 100, size=(2, 40, 50))])
    tally = Tally()
    tally.add(bands.astype(np.uint8), np.ones((40, 50), dtype=bool), applicable=900)
    facts = tally.facts(0.01002, has_applicability=True)
    table = area_table(facts, list(classes))
    wanted = table[table["code"] != 0].sort_values("hectares", ascending=False)
    found = class_areas(facts.to_dict(), list(classes), {str(codes[0]): [2.00004, 1.5, 3.0]})
    assert {row.code: row.interval for row in found if row.interval} == {codes[0]: (2.0, 1.5, 3.0)}
    assert [row.code for row in found] == list(wanted["code"])
    assert [row.color for row in found] == list(wanted["color"])
    assert [row.hectares for row in found] == pytest.approx(list(wanted["hectares"]), abs=1e-4)
    assert [row.share for row in found] == pytest.approx(list(wanted["share"]), abs=1e-6)
    assert [row.mean_confidence for row in found] == pytest.approx(list(wanted["mean_confidence"]), abs=0.01)


def test_facts_that_do_not_fit_the_class_table_are_a_fault_that_is_told() -> None:
    facts = {
        "pixels_inside": 4,
        "pixel_area_ha": 0.01,
        "pixels_by_class": {"250": 4},
        "confidence_by_class": {"250": 9},
    }
    with pytest.raises(IncompleteResult, match="250"):
        class_areas(facts, list(ClassTable.load()))
    with pytest.raises(IncompleteResult):
        class_areas({}, list(ClassTable.load()))
