"""Turn a plain GeoTIFF of classes into a valid Cloud Optimized GeoTIFF (COG), and check one against our contract.

A COG of GeoCrop is uint8 with one nodata value, tiles of 512 pixels (256 where the whole map is small), DEFLATE (which
every reader knows), exact statistics, and overviews by mode in all bands: a coarser pixel shows the class, the
confidence and the number of observations that most of its pixels have, never a mixture. No predictor: neighbouring
class codes have no difference worth predicting. Class names and colours stand in the sidecar (imagery.pam).
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from imagery.legend import Legend
from imagery.pam import pam_xml, read_categories, sidecar_path
from training.errors import GeocropError

if TYPE_CHECKING:
    from rasterio.io import DatasetReader

TILE_PIXELS = 512
SMALL_TILE_PIXELS = 256
WRITING_CACHE_BYTES = 64_000_000
"""As rasterio takes it. GDAL's own default, 5 % of the machine's memory, grows with the machine, not with the work."""

_SEE_SIDECARS = {"GDAL_DISABLE_READDIR_ON_OPEN": "FALSE", "GDAL_PAM_ENABLED": "YES"}
"""The caller may be reading scenes with options that hide sidecars, as is usual for remote files."""

MAP_BANDS = ("class", "confidence", "clear_observations")
MAP_UNITS = ("class code", "percent", "observations")
BASELINE_BANDS = ("class",)

_STATISTIC_TAGS = ("STATISTICS_MINIMUM", "STATISTICS_MAXIMUM", "STATISTICS_MEAN", "STATISTICS_STDDEV")


class InvalidCogError(GeocropError):
    """Report this as a fault of GeoCrop, with the message: the raster was made, but breaks its contract."""

    code: ClassVar[str] = "invalid-cog"


@dataclass(frozen=True)
class CogReport:
    """What validate_cog found: errors break the contract, warnings do not; facts are for people and metadata."""

    errors: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def valid(self) -> bool:
        """Tell whether nothing breaks the contract."""
        return not self.errors

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "valid": self.valid,
            "errors": list(self.errors),
            "warnings": list(self.warnings),
            "facts": dict(self.facts),
        }


def write_cog(plain: Path, out: Path, legend: Legend, threads: int = 1) -> CogReport:
    """Write a COG and its sidecar at `out` from a GeoTIFF whose nodata, band names and tags are set.

    Nothing appears at `out` before both are written and valid. Returns the report, raises InvalidCogError.
    """
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.stem}-") as folder:
        draft = Path(folder) / out.name
        _copy_as_cog(plain, draft, threads)
        sidecar_path(draft).write_bytes(pam_xml(legend))
        report = validate_cog(draft)
        if not report.valid:
            raise InvalidCogError(f"{out.name} is no valid map: {'; '.join(report.errors)}")
        # The sidecar first: who finds the COG finds its colours.
        sidecar_path(draft).replace(sidecar_path(out))
        draft.replace(out)
    return report


def legend_tag(legend: Legend) -> dict[str, str]:
    """Return the tag that keeps class names and colours inside the file, for readers that never see the sidecar."""
    classes = {str(entry.code): {"name": entry.name, "color": entry.color} for entry in legend}
    return {"CLASSES": json.dumps(classes, separators=(",", ":"))}


def validate_cog(path: Path) -> CogReport:
    """Check a COG: its layout strictly by rio-cogeo, then bands, dtype, nodata, colours, names and overviews."""
    import rasterio
    from rasterio.errors import RasterioIOError
    from rio_cogeo.cogeo import cog_validate

    try:
        with rasterio.Env(**_SEE_SIDECARS), rasterio.open(path) as cog:
            _, errors, warnings = cog_validate(str(path), strict=True)
            errors = [*errors, *warnings, *_contract_errors(cog, read_categories(path))]
            return CogReport(tuple(errors), _advice(cog), _facts(cog, path))
    except RasterioIOError as error:
        return CogReport((f"it cannot be opened: {error}",))


def _copy_as_cog(plain: Path, out: Path, threads: int) -> None:
    """Let GDAL write the COG; memory is bounded by its block cache."""
    import rasterio
    from rasterio.shutil import copy

    with rasterio.Env(GDAL_CACHEMAX=WRITING_CACHE_BYTES), rasterio.open(plain) as source:
        small = max(source.shape) <= TILE_PIXELS
        copy(
            source,
            str(out),
            driver="COG",
            blocksize=SMALL_TILE_PIXELS if small else TILE_PIXELS,
            compress="DEFLATE",
            level=6,
            num_threads=threads,
            overviews="IGNORE_EXISTING",
            overview_resampling="MODE",
            statistics="YES",
            bigtiff="IF_SAFER",
        )


def _contract_errors(cog: DatasetReader, categories: Mapping[int, str]) -> list[str]:
    """Return what our own contract says against an open COG."""
    expected = MAP_BANDS if cog.count == len(MAP_BANDS) else BASELINE_BANDS
    colors = _colors(cog)
    claims = {
        f"its bands are {cog.descriptions}, not {expected}": cog.descriptions == expected,
        f"its dtypes are {cog.dtypes}, not uint8": set(cog.dtypes) == {"uint8"},
        "it states no nodata": cog.nodata is not None,
        "it has no projection": cog.crs is not None,
        "band 1 has no colour table (is the .aux.xml beside it?)": bool(colors),
        "band 1 has no class names (is the .aux.xml beside it?)": bool(categories),
        "classes have a name but no colour": all(colors.get(code, (0, 0, 0, 0))[3] for code in categories),
        "it has no overviews": max(cog.shape) <= TILE_PIXELS or bool(cog.overviews(1)),
        "its overviews show values that are no class: they are not by mode": _overviews_show_classes(cog, categories),
        "it is not laid out as a COG": cog.tags(ns="IMAGE_STRUCTURE").get("LAYOUT") == "COG",
    }
    return [fault for fault, holds in claims.items() if not holds]


def _advice(cog: DatasetReader) -> tuple[str, ...]:
    """Return what is unusual without being wrong: a map without one valid pixel has no statistics."""
    missing = [name for name in _STATISTIC_TAGS if name not in cog.tags(1)]
    return (f"no statistics: {', '.join(missing)} (no valid pixel?)",) if missing else ()


def _colors(cog: DatasetReader) -> Mapping[int, tuple[int, int, int, int]]:
    """Return the colour table that GDAL sees on band 1; empty when there is none."""
    try:
        return dict(cog.colormap(1))
    except ValueError:
        return {}


def _overviews_show_classes(cog: DatasetReader, categories: Mapping[int, str]) -> bool:
    """Tell whether the coarsest overview has only classes and nodata; an average of classes would be another number."""
    import rasterio

    if not cog.overviews(1) or not categories:
        return True
    with rasterio.open(cog.name, OVERVIEW_LEVEL=len(cog.overviews(1)) - 1) as overview:
        return {int(value) for value in np.unique(overview.read(1))} <= {*categories, cog.nodata}


def _facts(cog: DatasetReader, path: Path) -> dict[str, Any]:
    return {
        "bytes": path.stat().st_size,
        "width": cog.width,
        "height": cog.height,
        "crs": cog.crs.to_string() if cog.crs else None,
        "resolution": list(cog.res),
        "bands": list(cog.descriptions),
        "nodata": cog.nodata,
        "tile": cog.block_shapes[0][0],
        "overviews": cog.overviews(1),
        "compression": cog.compression.value if cog.compression else None,
    }
