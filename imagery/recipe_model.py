"""The model of a recipe: what a season's features are made of.

A recipe names a STAC collection, its assets with their numbers (dtype, nodata, scale, offset), a mask, time windows and
a statistic, gap filling, indices and phenology. The engine reads nothing else: another sensor is another file.
"""

from __future__ import annotations

import hashlib
import json
from functools import cached_property
from typing import Annotated, Literal, Self, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from imagery import expressions
from imagery.season import Season
from imagery.windows import Every, Step, Window, resolve_steps, step_names

LAYER_NAME = r"^[A-Za-z][A-Za-z0-9_]{0,23}$"
LayerName = Annotated[str, Field(pattern=LAYER_NAME)]
Dtype = Literal["uint8", "int16", "uint16", "float32"]
Statistic = Literal["median", "mean", "min", "max", "sum", "p10", "p25", "p75", "p90", "only"]
Measure = Literal["base", "peak", "amplitude", "peak_time", "greenup", "senescence", "length", "mean"]
MEASURES: tuple[Measure, ...] = get_args(Measure)


def _as_tuple(value: object) -> object:
    return (value,) if isinstance(value, str) else value


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings")


class Asset(_Part):
    """One band of the scenes: where it is and what its numbers mean (value = number * scale + offset)."""

    asset: Annotated[tuple[str, ...], BeforeValidator(_as_tuple), Field(min_length=1)]
    """Key of the asset in an item; of several, the first that an item has."""
    collection: str | None = None
    """Another collection of the same catalogue (rainfall, elevation); None is the recipe's own."""
    dtype: Dtype
    nodata: float | None = None
    """The number that means nothing was observed; None takes what the file says."""
    scale: float = 1.0
    offset: float = 0.0
    resampling: Literal["nearest", "bilinear"] = "nearest"
    """`nearest` keeps real observations; `bilinear` is for layers much coarser than the grid (rainfall)."""
    statistic: Statistic | None = None
    """None is the recipe's statistic."""
    static: bool = False
    """True: one layer for all time (slope), held in the first step."""


class Mask(_Part):
    """Which observations are not used: classes of a categorical asset, and what surrounds some of them."""

    asset: Annotated[tuple[str, ...], BeforeValidator(_as_tuple), Field(min_length=1)]
    drop: tuple[int, ...]
    grow: tuple[int, ...] = ()
    """Dropped classes (clouds) that are widened by `dilation_m`."""
    dilation_m: float = Field(default=0.0, ge=0, le=1000)

    @model_validator(mode="after")
    def _grow_what_is_dropped(self) -> Self:
        if not set(self.grow) <= set(self.drop):
            raise ValueError("grow lists classes that drop does not: add them to drop")
        return self


class Harmonise(_Part):
    """How scenes of different processing baselines are brought to the same numbers, item by item.

    In this order: a true property of `applied` says that the numbers are harmonised already; an asset's own
    `raster:bands` offset is used; else a baseline at or after `since` gets `add`.
    """

    applied: tuple[str, ...] = ()
    stated: bool = True
    baseline: tuple[str, ...] = ()
    since: float = 4.0
    add: int = 0
    """Added to the numbers, in units of the asset's dtype (-1000 for Sentinel-2 since baseline 04.00)."""


class Derived(_Part):
    """An index: a formula over layers, in values (not numbers), limited to a stated range."""

    formula: str
    clip: tuple[float, float] | None = None

    @field_validator("formula")
    @classmethod
    def _can_be_read(cls, text: str) -> str:
        return expressions.parse(text).text


class GapFilling(_Part):
    """What stands in for a step without one clear observation."""

    method: Literal["none", "linear"] = "linear"
    """`linear` between the nearest clear steps by step number, the first and last clear value held to the ends."""


class Seasonal(_Part):
    """Means of runs of consecutive steps: `blue_sep_nov`."""

    layers: tuple[LayerName, ...]
    steps: int = Field(ge=2, le=12)


class Phenology(_Part):
    """Measures of one layer's course over the steps; times are in steps, 0 is the first."""

    layer: LayerName
    measures: tuple[Measure, ...] = MEASURES


class Features(_Part):
    """Which features there are, and their order: steps, runs of steps, phenology, static layers."""

    series: tuple[LayerName, ...] = ()
    seasonal: Seasonal | None = None
    phenology: Phenology | None = None
    static: tuple[LayerName, ...] = ()


class Grid(_Part):
    """The fixed grid: UTM zone with edges at multiples of the resolution, or the grid that the scenes have."""

    crs: Literal["utm", "scenes"] = "utm"
    resolution: float | None = Field(default=None, gt=0)
    """Metres; None only with `scenes`, which have their own."""

    @model_validator(mode="after")
    def _utm_needs_a_resolution(self) -> Self:
        if (self.crs == "utm") != (self.resolution is not None):
            raise ValueError("a utm grid needs a resolution in metres, and a scenes grid has none")
        return self


class Recipe(_Part):
    """A named, versioned list of features, and all that is needed to make them from scenes."""

    name: str = Field(pattern=r"^[a-z][a-z0-9-]{1,39}$")
    version: int = Field(ge=1)
    title: str = ""
    description: str = ""
    collection: str
    max_cloud: float | None = Field(default=None, ge=0, le=100)
    """Scenes with more cloud by their metadata (percent) are not read; None reads all."""
    assets: dict[LayerName, Asset] = Field(min_length=1)
    mask: Mask | None = None
    harmonise: Harmonise | None = None
    windows: Every | tuple[Window, ...] = "month"
    pooled_seasons: int = Field(default=1, ge=1, le=10)
    """A window also takes the same days of this many seasons less one before."""
    statistic: Statistic = "median"
    gaps: GapFilling = GapFilling()
    layers: dict[LayerName, Derived] = {}
    features: Features
    grid: Grid

    @model_validator(mode="after")
    def _names_are_known(self) -> Self:
        known = dict.fromkeys(self.assets)
        for name, derived in self.layers.items():
            _need(f"layers.{name}", expressions.parse(derived.formula).names, known)
            if name in known:
                raise ValueError(f"layers.{name}: an asset has this name already")
            known[name] = None
        static = {name for name, asset in self.assets.items() if asset.static}
        wanted = self.features
        _refuse_static(self, static)
        _need("features.series", wanted.series, known)
        _need("features.seasonal", wanted.seasonal.layers if wanted.seasonal else (), known)
        _need("features.phenology", (wanted.phenology.layer,) if wanted.phenology else (), known)
        _need("features.static", wanted.static, dict.fromkeys(static))
        if not self.feature_names or len(set(self.feature_names)) != len(self.feature_names):
            raise ValueError("features: list at least one, and none twice")
        statistics = {self.statistic, *(asset.statistic for asset in self.assets.values())}
        if "sum" in statistics and self.dtype != "float32":
            raise ValueError("statistic: sum needs float32 assets, it does not fit other numbers")
        if len(set(self.steps)) != len(self.steps) or not self.steps:
            raise ValueError("windows: list at least one, and no name twice")
        return self

    @property
    def id(self) -> str:
        """Name and version, `s2-season@1`: what datasets, models and maps record."""
        return f"{self.name}@{self.version}"

    @cached_property
    def fingerprint(self) -> str:
        """The sha256 of the content that makes values (title and description left out), as hex."""
        content = self.model_dump(mode="json", exclude={"title", "description"})
        content |= {"order": [list(self.assets), list(self.layers)]}  # of bands in composites, which sorting would hide
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    @property
    def bands(self) -> tuple[str, ...]:
        """Names of the composite's bands, in order: the assets."""
        return tuple(self.assets)

    @cached_property
    def steps(self) -> tuple[str, ...]:
        """Names of the composite's steps, in order of time."""
        return step_names(self.windows)

    def steps_of(self, season: Season) -> tuple[Step, ...]:
        """Return the steps with their dates in a season."""
        return resolve_steps(self.windows, season, self.pooled_seasons)

    @cached_property
    def dtype(self) -> str:
        """The composite's dtype: that of the assets where they agree in dtype and nodata, else float32."""
        kinds = {(asset.dtype, asset.nodata) for asset in self.assets.values()}
        return kinds.pop()[0] if len(kinds) == 1 and None not in {k[1] for k in kinds} else "float32"

    @property
    def nodata(self) -> float:
        """The composite's nodata: the assets' own, NaN for float32."""
        nodata = next(iter(self.assets.values())).nodata
        return float("nan") if self.dtype == "float32" or nodata is None else nodata

    @cached_property
    def feature_names(self) -> tuple[str, ...]:
        """Names of the features, in order."""
        wanted = self.features
        names = [f"{layer}_{step}" for step in self.steps for layer in wanted.series]
        if wanted.seasonal is not None:
            runs = [run for run, _ in self.runs]
            names += [f"{layer}_{run}" for run in runs for layer in wanted.seasonal.layers]
        if wanted.phenology is not None:
            names += [f"{wanted.phenology.layer}_{measure}" for measure in wanted.phenology.measures]
        return (*names, *wanted.static)

    @cached_property
    def runs(self) -> tuple[tuple[str, tuple[int, ...]], ...]:
        """Runs of steps that `features.seasonal` averages: their name (`sep_nov`) and step numbers."""
        size = self.features.seasonal.steps if self.features.seasonal else len(self.steps)
        starts = range(0, len(self.steps), size)
        runs = [tuple(range(start, min(start + size, len(self.steps)))) for start in starts]
        return tuple((f"{self.steps[run[0]]}_{self.steps[run[-1]]}", run) for run in runs)


def _need(where: str, names: tuple[str, ...], known: dict[str, None]) -> None:
    missing = [name for name in names if name not in known]
    if missing:
        raise ValueError(f"{where}: {', '.join(missing)} is not among {', '.join(known) or 'static assets'}")


def _refuse_static(recipe: Recipe, static: set[str]) -> None:
    """Refuse a static asset where a value for each step is wanted."""
    wanted = recipe.features
    uses = {f"layers.{name}": expressions.parse(derived.formula).names for name, derived in recipe.layers.items()}
    uses |= {"features.series": wanted.series}
    uses |= {"features.seasonal": wanted.seasonal.layers} if wanted.seasonal else {}
    uses |= {"features.phenology": (wanted.phenology.layer,)} if wanted.phenology else {}
    for where, names in uses.items():
        found = [name for name in names if name in static]
        if found:
            raise ValueError(f"{where}: {', '.join(found)} is static and has no steps: list it in features.static")
