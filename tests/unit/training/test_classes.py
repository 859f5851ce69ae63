"""The class table: spellings, codes, calendars, and colours that colour-blind people can tell apart."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from training.classes import ClassTable, InvalidClassTable, UnknownClass, fold_label

ZIMBABWE_MAP = (
    "maize",
    "tobacco",
    "soybean",
    "cotton",
    "winter wheat",
    "woodland",
    "grassland",
    "water",
    "bare",
    "built-up",
)
STABLE_CODES = {
    "maize": 1,
    "tobacco": 2,
    "soybean": 3,
    "cotton": 4,
    "winter wheat": 5,
    "sorghum": 6,
    "groundnut": 7,
    "sunflower": 8,
    "sugarcane": 9,
    "crop": 20,
    "non-crop": 21,
    "woodland": 30,
    "shrubland": 31,
    "grassland": 32,
    "water": 33,
    "bare": 34,
    "built-up": 35,
    "wetland": 36,
}
# Simulated vision, in linear RGB: G. M. Machado, M. M. Oliveira, L. A. F. Fernandes, "A Physiologically-based Model for
# Simulation of Color Vision Deficiency", IEEE TVCG 15 (6), 2009; the tabulated matrices of severity 1.0.
VISION = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
}
# Linear sRGB to CIE XYZ under D65 (IEC 61966-2-1).
TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)


def _lab(color: str, vision: str) -> NDArray[np.float64]:
    """Return the CIELAB coordinates of `#rrggbb` as the given vision sees it."""
    srgb = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(VISION[vision] @ linear, 0, 1)
    relative = (TO_XYZ @ seen) / TO_XYZ.sum(axis=1)
    f = np.where(relative > 216 / 24389, np.cbrt(relative), (24389 / 27 * relative + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def _closest(names: tuple[str, ...], vision: str) -> tuple[float, str]:
    """Return the smallest distance between two colours of the named classes, and which two they are."""
    table = ClassTable.load()
    colors = {name: _lab(table.by_name(name).color, vision) for name in names}
    return min(
        (float(np.linalg.norm(colors[a] - colors[b])), f"{a} and {b}")
        for i, a in enumerate(names)
        for b in names[i + 1 :]
    )


@pytest.fixture
def table() -> ClassTable:
    return ClassTable.load()


def test_codes_are_the_ones_of_every_map_ever_made(table: ClassTable) -> None:
    assert {one.name: one.code for one in table} == STABLE_CODES
    assert table.names == tuple(STABLE_CODES)


@pytest.mark.parametrize("vision", VISION)
def test_colours_of_a_zimbabwe_map_can_be_told_apart(vision: str) -> None:
    distance, pair = _closest(ZIMBABWE_MAP, vision)
    assert distance >= 20, f"{pair} are {distance:.1f} apart under {vision}"


@pytest.mark.parametrize("vision", VISION)
def test_no_two_classes_share_a_colour_under_any_vision(vision: str) -> None:
    distance, pair = _closest(ClassTable.load().names, vision)
    assert distance >= 12, f"{pair} are {distance:.1f} apart under {vision}"


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("maize", "maize"),
        (" Maize ", "maize"),
        ("CORN", "maize"),
        ("Soya_Beans", "soybean"),
        ("soybeans", "soybean"),
        ("wheat", "winter wheat"),
        ("Winter-Wheat", "winter wheat"),
        ("built up", "built-up"),
        ("BUILT_UP", "built-up"),
        ("grasses", "grassland"),
        ("forests", "woodland"),
        ("non_crop", "non-crop"),
        ("Noncrop", "non-crop"),
        ("cultivated", "crop"),
        (1, "crop"),
        (1.0, "crop"),
        ("1.0", "crop"),
        (np.int64(0), "non-crop"),
        ("0", "non-crop"),
    ],
)
def test_a_label_is_found_whatever_its_spelling(table: ClassTable, raw: object, name: str) -> None:
    found = table.resolve(raw)
    assert found is not None
    assert found.name == name


@pytest.mark.parametrize("raw", ["", None, float("nan"), "rice", "2", "=maize", "maize?", True])
def test_a_label_that_means_nothing_is_not_guessed(table: ClassTable, raw: object) -> None:
    assert table.resolve(raw) is None


def test_every_canonical_name_and_title_finds_its_own_class(table: ClassTable) -> None:
    for one in table:
        assert table.resolve(one.name) is one
        assert table.by_code(one.code) is one
        assert table.by_name(one.name) is one


def test_calendars_follow_the_seasons(table: ClassTable) -> None:
    maize = table.by_name("maize").calendar
    wheat = table.by_name("winter wheat").calendar
    assert maize is not None
    assert wheat is not None
    assert maize.planting == (10, 12)
    assert wheat.planting == (5, 6)
    assert table.by_name("water").calendar is None


def test_asking_for_a_class_that_is_not_there_says_which_are(table: ClassTable) -> None:
    with pytest.raises(UnknownClass, match="maize"):
        table.by_name("rice")
    with pytest.raises(UnknownClass, match="code 99"):
        table.by_code(99)
    assert "rice" not in table
    assert "maize" in table
    assert len(table) == len(STABLE_CODES)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "no list"),
        ("classes: [", "cannot be read"),
        ('classes: [{code: 0, name: a, title: A, color: "#000000"}]', "1..254"),
        ('classes: [{code: 1, name: A, title: A, color: "#000000"}]', "lower case"),
        ("classes: [{code: 1, name: a, title: A, color: red}]", "color"),
        ("classes: [{code: 1, name: a}]", "give code"),
        (
            'classes: [{code: 1, name: a, title: A, color: "#000000"}, {code: 1, name: b, title: B, color: "#000001"}]',
            "code 1 is given",
        ),
        (
            'classes: [{code: 1, name: a, title: A, color: "#000000"}, '
            '{code: 2, name: b, title: B, color: "#000001", aliases: [A]}]',
            "also means",
        ),
        (
            'classes: [{code: 1, name: a, title: A, color: "#000000", '
            "calendar: {planting: [0, 1], peak: [1, 2], harvest: [3, 4]}}]",
            "1..12",
        ),
        ('classes: [{code: 1, name: a, title: A, color: "#000000", calendar: {planting: [1, 2]}}]', "nothing else"),
    ],
)
def test_a_faulty_table_is_refused_with_the_place_of_the_fault(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "classes.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidClassTable, match=complaint):
        ClassTable.load(path)


def test_folding_keeps_words_apart() -> None:
    assert fold_label("Ground_Nuts") == "ground nut"
    assert fold_label("grass") == "grass"
    assert fold_label("007") == "7"
