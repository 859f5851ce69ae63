"""Hectares by class of a crop map.

A pixel counts with its mean area on the ellipsoid (imagery.map_facts.pixel_area_ha), not with the square of the
resolution, which is off by up to 0.2 % in UTM.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from imagery.legend import Legend
from imagery.map_facts import MapFacts

if TYPE_CHECKING:
    import pandas as pd

CAVEAT = (
    "Areas are pixels counted on the map. They carry the map's errors and are no unbiased estimate of crop area:"
    " for that, weigh a reference sample by mapped class. Intervals (95 %) hold if the model errs here as it did on"
    " the places that it was tested on."
)

ESTIMATED = ("hectares_estimated", "hectares_low", "hectares_high")


def area_table(
    facts: MapFacts, legend: Legend, estimates: Mapping[int, tuple[float, float, float]] | None = None
) -> pd.DataFrame:
    """Return one row a class that occurs, in code order, and what was not mapped as the last row.

    Columns: `code` (0 for not mapped), `name`, `title`, `color`, `pixels`, `hectares`, `share` (of the AOI's pixels,
    0..1), `mean_confidence` (percent; NaN where not mapped), and from `estimates` (by code) `hectares_estimated`,
    `hectares_low`, `hectares_high`: NaN without. `attrs["caveat"]` says what the numbers are not.
    """
    import pandas as pd

    entries = {entry.code: entry for entry in legend}
    rows = [
        (code, entries[code].name, entries[code].title, entries[code].color, pixels, facts.confidence_by_class[code])
        for code, pixels in sorted(facts.pixels_by_class.items())
    ]
    unmapped = facts.pixels_inside - facts.pixels_mapped
    if unmapped:
        rows.append((0, "not mapped", "Not mapped (never clear)", "#ffffff", unmapped, float("nan")))
    table = pd.DataFrame(rows, columns=["code", "name", "title", "color", "pixels", "mean_confidence"])
    table["hectares"] = table["pixels"] * facts.pixel_area_ha
    table["share"] = table["pixels"] / max(facts.pixels_inside, 1)
    table = table[["code", "name", "title", "color", "pixels", "hectares", "share", "mean_confidence"]]
    nothing = (float("nan"),) * len(ESTIMATED)
    table[list(ESTIMATED)] = [(estimates or {}).get(code, nothing) for code in table["code"]]
    table.attrs["caveat"] = CAVEAT
    return table


def areas_csv(table: pd.DataFrame) -> str:
    """Return the table as CSV with the caveat as a first comment line; hectares to 0.01, shares to 1e-6.

    Colours are left out: their `#` would begin a comment for who skips the first line by its `#`.
    """
    digits = {"hectares": 2, "share": 6, "mean_confidence": 2} | dict.fromkeys(ESTIMATED, 2)
    rounded = table.drop(columns="color").round(digits)
    return f"# {CAVEAT}\n" + rounded.to_csv(index=False, lineterminator="\n")
