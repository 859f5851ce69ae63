"""The numbers of the simulation."""

from __future__ import annotations

import pytest

from demo.tables import COVERS, CROPS, class_codes, cover_index, phenology, spectra
from training.classes import ClassTable


def test_every_endmember_has_a_value_between_0_and_1_for_every_band() -> None:
    for material, row in spectra().endmembers.items():
        assert row.shape == (10,), material
        assert row.min() > 0, material
        assert row.max() < 1, material


def test_every_cover_is_a_class_of_the_table_with_its_own_code() -> None:
    assert set(COVERS) <= set(ClassTable.load().names)
    assert len(set(class_codes().values())) == len(COVERS)


def test_every_cover_has_a_calendar_and_shares_add_up() -> None:
    entries = phenology()
    assert set(entries["crops"]) == set(CROPS)
    assert set(entries["natural"]) == set(COVERS) - set(CROPS)
    for shares in (*entries["shares"].values(), entries["before_wheat"]):
        assert sum(shares.values()) == pytest.approx(1.0)
    for month in range(1, 13):
        assert 0 < entries["cloud_cover"][month] < 1


def test_fallow_land_is_grassland() -> None:
    assert cover_index("fallow") == cover_index("grassland")
