"""The classes of Dynamic World V1, with their own codes and colours.

Source: Brown et al. 2022 (doi:10.1038/s41597-022-01307-4) and the Earth Engine catalogue, GOOGLE/DYNAMICWORLD/V1.
Water is class 0, so nodata is 255.
"""

from __future__ import annotations

from imagery.legend import LegendEntry

NODATA = 255

DYNAMIC_WORLD: tuple[LegendEntry, ...] = (
    LegendEntry(0, "water", "Water", "#419bdf"),
    LegendEntry(1, "trees", "Trees", "#397d49"),
    LegendEntry(2, "grass", "Grass", "#88b053"),
    LegendEntry(3, "flooded_vegetation", "Flooded vegetation", "#7a87c6"),
    LegendEntry(4, "crops", "Crops", "#e49635"),
    LegendEntry(5, "shrub_and_scrub", "Shrub and scrub", "#dfc35a"),
    LegendEntry(6, "built", "Built", "#c4281b"),
    LegendEntry(7, "bare", "Bare", "#a59b8f"),
    LegendEntry(8, "snow_and_ice", "Snow and ice", "#b39fe1"),
)
