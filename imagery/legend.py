"""What a map needs to know of its classes: code, name, title, colour. LandClass of training.classes fits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol


class MapClass(Protocol):
    """One class of a map."""

    @property
    def code(self) -> int:
        """Return the pixel value, 0..254."""

    @property
    def name(self) -> str:
        """Return the canonical name, lower case."""

    @property
    def title(self) -> str:
        """Return the name for people."""

    @property
    def color(self) -> str:
        """Return the colour as `#rrggbb`."""


@dataclass(frozen=True)
class LegendEntry:
    """A class that is not of the class table, such as one of Dynamic World."""

    code: int
    name: str
    title: str
    color: str


Legend = Sequence[MapClass]


def rgb(color: str) -> tuple[int, int, int]:
    """Return red, green and blue, 0..255, of `#rrggbb`. Raises ValueError for anything else."""
    digits = color.removeprefix("#")
    if len(digits) != 6:  # noqa: PLR2004 - two hexadecimal digits a colour
        raise ValueError(f"{color!r} is no colour like #rrggbb")
    return int(digits[0:2], 16), int(digits[2:4], 16), int(digits[4:6], 16)


def color_table(legend: Legend) -> Mapping[int, tuple[int, int, int, int]]:
    """Return pixel value -> (red, green, blue, alpha) of a legend; values without a class are left out."""
    return {entry.code: (*rgb(entry.color), 255) for entry in legend}
