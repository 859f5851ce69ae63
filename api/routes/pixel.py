"""One pixel of a crop map: what it is, and why it may be believed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Query
from fastapi.concurrency import run_in_threadpool

from api.db import predictions
from api.db.users import ADMIN
from api.deps import CurrentUser, ServicesDep
from api.errors import NotAuthenticated, NotFound, responses
from api.models.pixel import PixelCurve, PixelView, TypicalCurve
from api.models.tiles import class_entries
from api.prediction_views import MAP_NAME
from api.rendering import OutsideBounds, Source, TilesBusy, UnreadableRaster, opened, run
from api.routes.predictions import PredictionId
from api.tiling import ObjectName, legend_of
from resources.layout import RESULTS, composite_prefix
from resources.object_store import ObjectNotFound, StoreUnavailable
from resources.publish import read_pointer

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from api.db.tables import User
    from api.services import Services
    from imagery.composite_file import CompositeReader
    from imagery.curves import Typical
    from imagery.recipe_model import Recipe

router = APIRouter(prefix="/predictions", tags=["predictions"])
COMPOSITE_NAME = "composite.tif"
#: Maps whose typical curves are kept: some kilobytes each.
MAPS_KEPT = 256
_kept: dict[str, dict[int, Typical]] = {}


@router.get(
    "/{id}/pixel",
    responses=responses(
        NotAuthenticated, NotFound, OutsideBounds, ObjectNotFound, StoreUnavailable, TilesBusy, UnreadableRaster
    ),
)
async def pixel(
    services: ServicesDep,
    user: CurrentUser,
    prediction_id: PredictionId,
    lon: Annotated[float, Query(ge=-180, le=180, allow_inf_nan=False)],
    lat: Annotated[float, Query(ge=-90, le=90, allow_inf_nan=False)],
) -> PixelView:
    """Return the map's pixel at a place (degrees, WGS 84) with its course over the season beside its class's."""
    name, partition = await run_in_threadpool(_map_of, services, user, prediction_id)
    return await run(read_pixel, services, name, partition, lon, lat)


def _map_of(services: Services, user: User, prediction_id: str) -> tuple[ObjectName, str]:
    """Return the map and partition of a user's prediction; NotFound where there is none yet."""
    with services.database.read() as session:
        job = predictions.find(session, prediction_id, None if user.role == ADMIN else user.id).job
        if job.state != "ready" or job.result is None or job.partition is None:
            raise NotFound("This prediction has no map yet.")
        return ObjectName(RESULTS, job.result["files"][MAP_NAME]), job.partition


def read_pixel(services: Services, name: ObjectName, partition: str, lon: float, lat: float) -> PixelView:
    """Return what map and composite say of a place.

    Raises:
        OutsideBounds: the place is outside the map.

    """
    source = Source(name, services.store, legend_of(services, RESULTS))
    with opened(source) as raster:
        read = raster.point(lon, lat, indexes=[1, 2, 3]).array.tolist()
    values = dict(zip(source.bands, read, strict=True))
    known = {one.code: one for one in class_entries(source.legend)}
    curve, reason = _curve(services, name, partition, (lon, lat), values["class"])
    return PixelView(
        lon=lon,
        lat=lat,
        class_=known.get(values["class"]),
        confidence=values["confidence"] or None,
        clear_observations=values["clear_observations"] or None,
        curve=curve,
        curve_reason=reason,
    )


def _curve(
    services: Services, name: ObjectName, partition: str, at: tuple[float, float], code: int | None
) -> tuple[PixelCurve | None, str | None]:
    """Return the curve at a place, or why it is not known: composites are working material and may be gone."""
    from rasterio.errors import RasterioIOError

    from imagery.composite_file import NotACompositeError
    from imagery.curves import NoCurveError
    from imagery.recipe import RecipeNotFound

    pointer = read_pointer(services.store, RESULTS, composite_prefix(partition))
    if pointer is None:
        return None, "the composite of this map is not kept any more"
    # In words of our own: those of the errors name files.
    try:
        return _read_curve(services, name, pointer, at, code), None
    except NoCurveError as error:
        return None, str(error)
    except (NotACompositeError, RecipeNotFound):
        return None, "the recipe has changed since this map was made"
    except RasterioIOError:
        return None, "the composite of this map cannot be read"


def _read_curve(
    services: Services, name: ObjectName, pointer: Mapping[str, Any], at: tuple[float, float], code: int | None
) -> PixelCurve:
    from imagery.composite_file import CompositeReader
    from imagery.curves import curve_layer, pixel_curve

    recipe = services.rules.load_recipe(pointer["recipe"])
    path = services.store.gdal_path(RESULTS, pointer["files"][COMPOSITE_NAME])
    with services.store.gdal_env(), CompositeReader(path, recipe) as reader:
        curve = pixel_curve(reader, recipe, *at)
        typical = _typical(services.store.gdal_path(*name), path, reader, recipe).get(code or 0)
    return PixelCurve(
        layer=curve_layer(recipe),
        steps=list(recipe.steps),
        values=_numbers(curve.values),
        observed=curve.observed.tolist(),
        typical=None if typical is None else _view(typical),
    )


def _typical(map_path: str, composite_path: str, reader: CompositeReader, recipe: Recipe) -> dict[int, Typical]:
    """Return the typical curves of a map's classes, read once: both paths name contents, which never change."""
    from imagery.curves import typical_curves

    key = f"{map_path} {composite_path} {recipe.fingerprint}"
    found = _kept.get(key)
    if found is None:
        found = typical_curves(map_path, reader, recipe)
        if len(_kept) >= MAPS_KEPT:
            _kept.clear()
        _kept[key] = found
    return found


def _view(typical: Typical) -> TypicalCurve:
    return TypicalCurve(
        mean=_numbers(typical.mean), low=_numbers(typical.low), high=_numbers(typical.high), pixels=typical.pixels
    )


def _numbers(values: NDArray[np.float32]) -> list[float | None]:
    """Return numbers as JSON has them: three decimals, null for NaN."""
    return [round(value, 3) if math.isfinite(value) else None for value in values.tolist()]
