"""Crops follow their calendars."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from demo.ground import Units
from demo.growth import Season, covers, day_of_season
from demo.tables import COVERS, cover_index

START = date(2023, 9, 1)
DAYS = np.arange(0, 366, dtype=np.float32)


def _units(cover: str, before: str = "", count: int = 60) -> Units:
    return Units(
        cover=np.full(count, cover_index(cover), np.int8),
        before=np.full(count, cover_index(before) if before else -1, np.int8),
        system=np.zeros(count, np.int8),
        zone=np.arange(count, dtype=np.int32),
        is_field=np.ones(count, bool),
    )


def _greenest(cover: str) -> date:
    own, _ = covers(Season(_units(cover), DAYS, START, np.random.default_rng(2)), _units(cover))
    return START + timedelta(days=int(own.green.mean(axis=0).argmax()))


def test_dates_before_september_belong_to_the_seasons_second_year() -> None:
    assert day_of_season([11, 15], START) == 75
    assert day_of_season([5, 1], START) == 243


def test_crops_peak_in_the_months_of_the_calendar() -> None:
    assert _greenest("maize").month in (1, 2)
    assert _greenest("soybean").month in (1, 2)
    assert _greenest("tobacco").month in (12, 1)
    assert _greenest("cotton").month in (1, 2, 3)
    assert _greenest("winter wheat").month in (7, 8)
    assert _greenest("grassland").month in (1, 2, 3)


def test_tobacco_stalks_are_gone_by_15_may() -> None:
    units = _units("tobacco")
    own, _ = covers(Season(units, DAYS, START, np.random.default_rng(2)), units)
    after = int(day_of_season([5, 15], START))
    assert own.green[:, after:340].max() < 0.06


def test_the_crop_before_wheat_is_cut_before_wheat_stands() -> None:
    units = _units("winter wheat", before="soybean")
    own, before = covers(Season(units, DAYS, START, np.random.default_rng(2)), units)
    june = int(day_of_season([6, 20], START))
    assert before.green[:, june].max() < 0.05
    assert before.green.max(axis=1).min() > 0.4
    assert own.green[:, 330].min() > 0.4


def test_covers_are_shares_of_the_ground() -> None:
    for cover in COVERS:
        units = _units(cover)
        own, before = covers(Season(units, DAYS, START, np.random.default_rng(2)), units)
        for part in (own.green, own.dry, before.green, before.dry):
            assert part.min() >= 0
            assert part.max() <= 1
