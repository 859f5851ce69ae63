"""AOIs in the object store: the geometries that partition keys of maps name by their id."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, ClassVar

from resources.layout import RESULTS, aoi_key
from resources.object_store import ObjectNotFound
from training.errors import GeocropError

if TYPE_CHECKING:
    from imagery.aoi import Aoi, AoiLimits
    from resources.object_store import ObjectStore


class UnknownAoi(GeocropError):
    """Ask for the map with `geocrop predict --aoi FILE`: it keeps the geometry that the partition key names."""

    code: ClassVar[str] = "unknown-aoi"


def keep_aoi(store: ObjectStore, aoi: Aoi) -> None:
    """Keep an AOI's geometry under its id, so that its partition key can be read."""
    body = json.dumps(aoi.to_geojson()).encode()
    store.put(RESULTS, aoi_key(aoi.id), body, content_type="application/geo+json")


def read_aoi(store: ObjectStore, aoi_id: str, limits: AoiLimits) -> Aoi:
    """Return the AOI that is kept under an id.

    Raises:
        UnknownAoi: when no geometry is kept under it.
        InvalidAoiError: when the limits no longer allow it.

    """
    from imagery.aoi import Aoi

    try:
        geometry = json.loads(store.get(RESULTS, aoi_key(aoi_id)))
    except ObjectNotFound as error:
        raise UnknownAoi(f"no geometry is kept for AOI {aoi_id}: `geocrop predict --aoi FILE` keeps it") from error
    return Aoi.from_geojson(geometry, limits)


def delete_aoi(store: ObjectStore, aoi_id: str) -> None:
    """Delete an AOI's geometry; its maps and composites stay. No error when it is already gone."""
    store.delete(RESULTS, aoi_key(aoi_id))
