"""The numbers of the simulation, read from `demo/data/*.yaml` where each stands with its source."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import yaml

DATA = Path(__file__).parent / "data"

CROPS = ("maize", "tobacco", "soybean", "cotton", "winter wheat")
NATURAL = ("woodland", "grassland", "water", "bare", "built-up")
COVERS = CROPS + NATURAL
"""Every class of the landscape, by its canonical name in `training.classes`."""

FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Spectra:
    """Endmember reflectances: `bands` names the columns, `endmembers` maps a material to float32 [band], 0..1."""

    bands: tuple[str, ...]
    endmembers: dict[str, FloatArray]

    def __getitem__(self, material: str) -> FloatArray:
        return self.endmembers[material]


@cache
def spectra() -> Spectra:
    """Return the endmembers of `data/spectra.yaml`."""
    raw = yaml.safe_load((DATA / "spectra.yaml").read_text("utf-8"))
    endmembers = {name: np.asarray(row, np.float32) for name, row in raw["endmembers"].items()}
    return Spectra(tuple(raw["bands"]), endmembers)


@cache
def phenology() -> dict[str, Any]:
    """Return `data/phenology.yaml` as it stands: calendars, clouds and haze by month, shares of the fields."""
    return dict(yaml.safe_load((DATA / "phenology.yaml").read_text("utf-8")))


@cache
def class_codes() -> dict[str, int]:
    """Return the stable code (1..254) of every cover, as the class table of `training.classes` gives it."""
    from training.classes import ClassTable

    table = ClassTable.load()
    return {name: table.by_name(name).code for name in COVERS}


def cover_index(name: str) -> int:
    """Return the position of a cover in `COVERS`; a fallow field is grassland."""
    return COVERS.index("grassland" if name == "fallow" else name)
