"""From a request for a map to what is known of it: which AOI, season, champion, lane, and whether it is there."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from api.db import aois, jobs, predictions, quota
from api.db.tables import AoiRow, now
from api.db.users import ADMIN
from api.errors import NotFound
from api.models.aois import MAX_NAME_LENGTH, BoxRequest, GeoJsonRequest
from api.models.predictions import Estimate, PredictedAoi, PredictionRequest, QuotaView
from api.predict import expected_seconds, is_current, lane_of, served_season
from api.scene_count import SceneCount, count_scenes
from imagery.aoi import Aoi, InvalidAoiError, LonLatBox, partition_key
from imagery.season import Season
from resources.aois import keep_aoi
from resources.layout import RESULTS, map_prefix
from resources.publish import read_pointer
from resources.registry import NoChampion

if TYPE_CHECKING:
    from collections.abc import Iterator

    from api.db.tables import User
    from api.services import Services
    from imagery.aoi import AoiLimits
    from resources.registry import ModelVersion


def limits_of(services: Services, user: User) -> AoiLimits:
    """Return which AOIs a user may ask for: inside the served extent, and of the role's size."""
    limits = services.rules.aoi_limits()
    if user.role == ADMIN:
        return limits
    return replace(limits, max_area_ha=min(limits.max_area_ha, services.settings.recruiter_max_aoi_ha))


def read_area(body: BoxRequest | GeoJsonRequest, limits: AoiLimits) -> Aoi:
    """Return the AOI of a request.

    Raises:
        InvalidAoiError: or one of its kinds, saying what it lacks.

    """
    with _odd_json():
        if isinstance(body, BoxRequest):
            return Aoi.from_bbox(LonLatBox(*body.bbox), limits)
        return Aoi.from_geojson(body.document(), limits)


@contextmanager
def _odd_json() -> Iterator[None]:
    """Refuse what JSON can say and no coordinate can be: a number of 400 digits, a list 900 deep."""
    try:
        yield
    except (OverflowError, RecursionError) as error:
        raise InvalidAoiError(f"The AOI is not usable: {type(error).__name__} while reading its coordinates") from error


def name_of(body: BoxRequest | GeoJsonRequest) -> str | None:
    """Return what an AOI is called: its name, or the property `name` of a Feature where that is one line of text."""
    if body.name is not None or isinstance(body, BoxRequest):
        return body.name
    properties = (body.model_extra or {}).get("properties")
    told: Any = properties.get("name") if isinstance(properties, dict) else None
    if not isinstance(told, str):
        return None
    return "".join(letter for letter in told if letter.isprintable()).strip()[:MAX_NAME_LENGTH] or None


def look_up(services: Services, user: User, asked: PredictionRequest) -> predictions.Wanted:
    """Return the map that a user asks for and what the store knows of it. Changes nothing.

    Raises:
        GeocropError: the season or AOI is not served, the AOI is not the user's, or no model is promoted.

    """
    season = served_season(asked.season, datetime.now(UTC).date())
    aoi, name, is_own = _area(services, user, asked)
    champion = champion_of(services)
    partition = partition_key(aoi.id, str(season))
    looked_at = now()
    return predictions.Wanted(
        aoi=aoi,
        name=name,
        is_own=is_own,
        season=str(season),
        partition=partition,
        bundle_hash=champion.bundle_hash,
        lane=lane_of(aoi.area_ha, services.settings.lane_max_aoi_ha),
        pointer=read_pointer(services.store, RESULTS, map_prefix(partition)),
        looked_at=looked_at,
    )


def start(services: Services, user: User, wanted: predictions.Wanted) -> str:
    """Start a prediction, or find the one there is; return its id.

    Raises:
        GeocropError: see `predictions.start`; StoreUnavailable: nothing was counted or created.

    """
    if not is_current(wanted.pointer, wanted.bundle_hash):
        keep_aoi(services.store, wanted.aoi)  # before there is a job: its run reads the geometry there
    with services.database.write() as session:
        return predictions.start(session, user, services.settings, wanted)


def estimate(services: Services, user: User, wanted: predictions.Wanted) -> Estimate:
    """Return what starting a prediction would mean."""
    with services.database.read() as session:
        left = quota.read(session, user, services.settings)
        past = predictions.past_jobs(session, wanted.lane)
        in_flight = jobs.active_job(session, predictions.active_key(wanted)) is not None
    is_ready = is_current(wanted.pointer, wanted.bundle_hash)
    counted = SceneCount(None, "the map is there already") if is_ready else _scenes(services, wanted)
    seconds = 0.0 if is_ready else expected_seconds(wanted.aoi.area_ha, past)
    return Estimate(
        aoi=PredictedAoi(
            id=wanted.aoi.id, name=wanted.name, area_ha=round(wanted.aoi.area_ha, 4), bbox=tuple(wanted.aoi.bbox)
        ),
        season=wanted.season,
        lane="interactive" if wanted.lane == "interactive" else "batch",
        state="ready" if is_ready else "in flight" if in_flight else "new",
        scenes=counted.scenes,
        scenes_reason=counted.reason,
        expected_seconds=None if seconds is None else round(seconds, 1),
        expected_reason="no map was made in this lane yet" if seconds is None else None,
        costs=int(not (is_ready or in_flight) and left.limit is not None),
        quota=quota_view(left),
    )


def quota_view(found: quota.Quota) -> QuotaView:
    """Return a quota as answers tell it."""
    return QuotaView(limit=found.limit, started=found.started, left=found.left)


def champion_of(services: Services) -> ModelVersion:
    """Return the champion.

    Raises:
        NoChampion: before the first promotion.

    """
    champion = services.champion.get()
    if champion is None:
        raise NoChampion("No model is promoted yet, so no map can be drawn: an administrator promotes one.")
    return champion


def _area(services: Services, user: User, asked: PredictionRequest) -> tuple[Aoi, str | None, bool]:
    """Return the AOI asked for, its new name, and whether it shall be the user's own."""
    limits = limits_of(services, user)
    if not isinstance(asked.aoi, str):
        return read_area(asked.aoi, limits), name_of(asked.aoi), True
    row, is_own = _kept(services, user, asked.aoi)
    return Aoi.from_geojson(row.geometry, limits), None, is_own


def _kept(services: Services, user: User, aoi_id: str) -> tuple[AoiRow, bool]:
    """Return an AOI that is kept: the user's own, or for administrators anybody's."""
    with services.database.read() as session:
        try:
            return aois.find(session, aoi_id, user.id).row, True
        except NotFound:
            if user.role != ADMIN:
                raise
            return aois.find(session, aoi_id, None).row, False


def _scenes(services: Services, wanted: predictions.Wanted) -> SceneCount:
    recipe = services.rules.load_recipe(champion_of(services).recipe or None)
    return count_scenes(services.settings.catalogue, recipe, wanted.aoi, Season.parse(wanted.season))
